//! Users: list, search, create, get, replace, patch, delete.

use std::future::{Ready, ready};

use actix_web::{
    FromRequest, HttpRequest, HttpResponse,
    dev::Payload,
    http::{
        StatusCode,
        header::{self, HeaderName},
    },
    web::Data,
};
use denizen_models::{CreateUserRequest, PatchUserRequest, UpdateUserRequest, User, UserId, UserResponse};
use denizen_services::{
    CreateUserError, DeleteUserError, GetUserError, PreconditionError, UpdateUserError, UserQuery,
    UserService, store::UserSort,
};
use serde_json::json;

use crate::{
    http::{
        ApiError, Conditions, Directory, ErrorCode, Json, MergePatch, NoQuery, Owner, Query, RequestContext,
        number_in, personal, tagged,
    },
    middleware::{Endpoint, route},
};

/// The path of all users; signing up is another method of it.
pub(crate) const USERS: &str = "/api/users";

pub(crate) fn routes() -> Vec<Endpoint> {
    vec![
        route(USERS).get(Directory, "Lists and searches users.", list),
        route("/api/users/{id:.*}")
            .checked(|request| id_in(request).map(|_| ()))
            .get(Owner, "Returns a user.", get)
            .put(Owner, "Replaces the editable members of a user.", update)
            .patch(Owner, "Changes members of a user.", patch)
            .delete(Owner, "Deletes a user.", delete),
    ]
}

/// `GET /api/users`
async fn list(
    request: RequestContext,
    users: Data<dyn UserService>,
    query: Query,
) -> Result<HttpResponse, ApiError> {
    let query = user_query(query)?;
    let page = users.list_users(&request.access, &query).await?;
    let shown: Vec<UserResponse> = page.users.into_iter().map(|user| request.access.view(user)).collect();
    let message = format!("Successfully retrieved {} users", shown.len());
    let mut metadata = json!({
        "count": shown.len(),
        "search": query.search,
        "timestamp": request.timestamp(),
        "next_cursor": page.next_cursor,
    });
    if let (Some(total), Some(members)) = (page.total, metadata.as_object_mut()) {
        members.insert("total".to_owned(), total.into());
    }
    Ok(personal(request.answer_with(StatusCode::OK, &message, shown, metadata)))
}

fn user_query(query: Query) -> Result<UserQuery, ApiError> {
    let flag = |text: &str| text.parse::<bool>().ok();
    let sorts = UserSort::ALL.map(UserSort::as_str).join(", ");
    query.read(|query| {
        Ok(UserQuery {
            search: query.take("search").unwrap_or_default(),
            role: query.take("role"),
            active: query.take_as("active", "true or false", flag)?,
            sort: query.take_as("sort", &format!("one of {sorts}"), UserSort::from_name)?.unwrap_or_default(),
            limit: query.take_number("limit")?,
            cursor: query.take("cursor"),
            total: query.take_as("total", "true or false", flag)?.unwrap_or(false),
        })
    })
}

/// `POST /api/users`, of a signed-in user.
pub(crate) async fn create(
    request: &RequestContext,
    users: &dyn UserService,
    body: CreateUserRequest,
) -> Result<HttpResponse, ApiError> {
    Ok(created(request, users.create_user(&request.access, body).await?))
}

/// The response about a new user.
pub(crate) fn created(request: &RequestContext, user: User) -> HttpResponse {
    let (path, tag) = (path_of(request, user.id), user.tag());
    let metadata = json!({ "user_id": user.id });
    let view = request.access.view(user);
    let response = request.answer_with(StatusCode::CREATED, "User created successfully", view, metadata);
    tagged(at(response, header::LOCATION, path), &tag)
}

/// `GET /api/users/{id}`
async fn get(
    request: RequestContext,
    PathId(id): PathId,
    users: Data<dyn UserService>,
    Conditions(expected): Conditions,
    _: NoQuery,
) -> Result<HttpResponse, ApiError> {
    let user = users.get_user(&request.access, id).await?;
    let tag = user.tag();
    let response = match expected.check(&user) {
        Ok(()) => request.answer("User retrieved successfully", request.access.view(user)),
        Err(PreconditionError::Exists) => HttpResponse::NotModified().finish(),
        Err(PreconditionError::Changed) => return Err(PreconditionError::Changed.into()),
    };
    Ok(personal(tagged(response, &tag)))
}

/// `PUT /api/users/{id}`
async fn update(
    request: RequestContext,
    PathId(id): PathId,
    users: Data<dyn UserService>,
    Conditions(expected): Conditions,
    _: NoQuery,
    Json(body): Json<UpdateUserRequest>,
) -> Result<HttpResponse, ApiError> {
    let user = users.update_user(&request.access, id, body, expected).await?;
    Ok(updated(&request, user))
}

/// `PATCH /api/users/{id}`
async fn patch(
    request: RequestContext,
    PathId(id): PathId,
    users: Data<dyn UserService>,
    Conditions(expected): Conditions,
    _: NoQuery,
    MergePatch(body): MergePatch<PatchUserRequest>,
) -> Result<HttpResponse, ApiError> {
    let user = users.patch_user(&request.access, id, body, expected).await?;
    Ok(updated(&request, user))
}

/// The response about a changed user. `Content-Location` says that this is what GET would return, so that the tag is its tag
/// (RFC 9110, section 8.7).
fn updated(request: &RequestContext, user: User) -> HttpResponse {
    let (path, tag) = (path_of(request, user.id), user.tag());
    let response = request.answer("User updated successfully", request.access.view(user));
    tagged(at(response, header::CONTENT_LOCATION, path), &tag)
}

/// `DELETE /api/users/{id}`
async fn delete(
    request: RequestContext,
    PathId(id): PathId,
    users: Data<dyn UserService>,
    Conditions(expected): Conditions,
    _: NoQuery,
) -> Result<HttpResponse, ApiError> {
    users.delete_user(&request.access, id, expected).await?;
    Ok(request.done("User deleted successfully"))
}

/// The user that the path names. It comes before query and body among a handler's arguments, so that an invalid id is
/// reported first.
pub(crate) struct PathId(pub(crate) UserId);

impl FromRequest for PathId {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(id_in(request).map(Self))
    }
}

fn id_in(request: &HttpRequest) -> Result<UserId, ApiError> {
    if request.match_info().get("id").is_none_or(str::is_empty) {
        return Err(ApiError::new(ErrorCode::MissingUserId, "User ID is required"));
    }
    let id = number_in(request, "id").map(UserId::new);
    id.ok_or_else(|| ApiError::new(ErrorCode::InvalidUserId, "Invalid user ID format"))
}

fn path_of(request: &RequestContext, user: UserId) -> String {
    format!("{}{USERS}/{user}", request.state.prefix)
}

/// Inserts the path as this header.
fn at(mut response: HttpResponse, name: HeaderName, path: String) -> HttpResponse {
    if let Ok(path) = path.try_into() {
        response.headers_mut().insert(name, path);
    }
    response
}

impl From<GetUserError> for ApiError {
    fn from(error: GetUserError) -> Self {
        match error {
            GetUserError::IdNotFound(_) | GetUserError::UsernameNotFound(_) => {
                Self::because(ErrorCode::UserNotFound, "User not found", error)
            }
            GetUserError::Failure(failure) => failure.into(),
        }
    }
}

impl From<CreateUserError> for ApiError {
    fn from(error: CreateUserError) -> Self {
        match error {
            CreateUserError::UsernameTaken(_) | CreateUserError::EmailTaken(_) => {
                Self::because(ErrorCode::UserCreationError, "Failed to create user", error)
            }
            CreateUserError::Failure(failure) => failure.into(),
        }
    }
}

impl From<UpdateUserError> for ApiError {
    fn from(error: UpdateUserError) -> Self {
        match error {
            UpdateUserError::NotFound(_) => Self::because(ErrorCode::UserNotFound, "User not found", error),
            UpdateUserError::PreconditionError(error) => error.into(),
            UpdateUserError::LastAdministrator => Self::forbidden(error),
            UpdateUserError::UsernameTaken(_) | UpdateUserError::EmailTaken(_) => {
                Self::because(ErrorCode::UserUpdateError, "Failed to update user", error)
            }
            UpdateUserError::Failure(failure) => failure.into(),
        }
    }
}

impl From<DeleteUserError> for ApiError {
    fn from(error: DeleteUserError) -> Self {
        match error {
            DeleteUserError::NotFound(_) => {
                Self::because(ErrorCode::UserDeleteError, "Failed to delete user", error)
            }
            DeleteUserError::LastAdministrator => Self::forbidden(error),
            DeleteUserError::PreconditionError(error) => error.into(),
            DeleteUserError::Failure(failure) => failure.into(),
        }
    }
}
