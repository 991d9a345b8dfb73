//! Users: list, search, create, get, replace, patch, export, delete.

mod delete;
mod export;
mod page;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{self, HeaderName},
    },
};
use denizen_models::{KeyScope, PatchUserRequest, UpdateUserRequest, User, UserId, UserResponse};
use denizen_services::{
    CreateUserError, GetUserError, PreconditionError, UpdateUserError, UserQuery, store::UserSort,
};
use serde::Serialize;

use crate::{
    http::{
        ApiError, ApiResult, Conditions, Directory, ErrorCode, Json, Member, MergePatch, NoQuery, Owner,
        PAGE, Query, Reply, RequestContext, extract, map_error, number_in, personal, query, reply, tagged,
    },
    middleware::{Endpoint, route},
    services::Users,
};

/// The path of all users; signing up is another method of it.
pub(crate) const USERS: &str = "/api/users";

/// What a service key needs to patch users; what it may change of them is for the service to say.
const PATCHERS: &[KeyScope] = &[KeyScope::UsersWrite, KeyScope::AppMetadataWrite];

pub(crate) fn routes() -> Vec<Endpoint> {
    vec![
        route(USERS).get(Directory.or_key(&[KeyScope::UsersRead]), "Lists and searches users.", list).answers(
            reply(200)
                .data_with::<Vec<UserResponse>, UserListMetadata>()
                .query(&[
                    query("search", "string", "Text in names and e-mail addresses, at most 200 characters."),
                    query("role", "string", "Only users with this role."),
                    query("active", "boolean", "Only active, or only inactive users."),
                    query("sort", "string", "`id` (the default), `-id`, `username` or `-username`; with `search` only `id`."),
                    query("total", "boolean", "Adds the number of all matching users, which takes time in proportion."),
                ])
                .query(&PAGE)
                .example_with(
                    r#"[{"id": 6, "username": "ada", "first_name": "Ada", "last_name": "Lovelace"}]"#,
                    r#"{"count": 1, "next_cursor": null, "search": "lovel", "timestamp": 1795416971}"#,
                ),
        ),
        delete::own(),
        export::endpoint(),
        // Behind the longer paths, which it matches, too.
        route("/api/users/{id:.*}")
            .checked(|request| id_in(request).map(|_| ()))
            .get(Owner.or_key(&[KeyScope::UsersRead]), "Returns a user.", get)
            .answers(
                reply(200)
                    .data::<UserResponse>()
                    .or_status(&[304])
                    .refuses(&[ErrorCode::UserNotFound])
                    .example(EXAMPLE),
            )
            .put(Owner.or_key(&[KeyScope::UsersWrite]), "Replaces the editable members of a user.", update)
            .answers(changed().example(
                r#"{"username": "ada", "email": "ada@example.com", "first_name": "Ada", "last_name": "King", "age": 36}"#,
            ))
            .patch(Owner.or_key(PATCHERS), "Changes members of a user (RFC 7396).", patch)
            .answers(changed().example(r#"{"age": null, "app_metadata": {"plan": "pro"}}"#))
            .delete(Owner, "Deletes another user. Administrators only.", delete::delete)
            .answers(reply(200).refuses(&[ErrorCode::UserDeleteError])),
        route(page::PATH).get(Member, "Shows the caller's profile.", page::show).post(
            Member,
            "Changes the caller's names.",
            page::submit,
        ),
        route("/account/delete")
            .get(Member, "Shows the form to delete the caller's account.", page::show_delete)
            .post(Member, "Deletes the caller's account.", page::submit_delete),
    ]
}

const EXAMPLE: &str = r#"{"id": 6, "username": "ada", "email": "ada@example.com", "first_name": "Ada", "last_name": "Lovelace",
    "age": 36, "active": true, "email_verified": true, "created_at": "2026-11-23T06:56:20.132309Z",
    "updated_at": "2026-11-23T06:56:31.70442Z", "roles": ["user"], "app_metadata": {"plan": "pro"}}"#;

/// What changes of a user answer.
fn changed() -> Reply {
    reply(200).data::<UserResponse>().refuses(&[ErrorCode::UserNotFound, ErrorCode::UserUpdateError])
}

/// What a page of users says about itself.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
struct UserListMetadata {
    /// The users on this page.
    count: usize,
    /// Where the next page begins; null if this is the last.
    next_cursor: Option<String>,
    /// The text that was searched for.
    search: String,
    /// When the request arrived, in Unix seconds.
    timestamp: i64,
    /// How many users match in all; absent if it was not asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<u64>,
}

/// What an answer says about a new user.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub(crate) struct NewUserMetadata {
    /// The number of the user.
    user_id: UserId,
}

/// `GET /api/users`
async fn list(request: RequestContext, users: Users, query: Query) -> ApiResult {
    let query = user_query(query)?;
    let page = users.list_users(&request.access, &query).await?;
    let shown: Vec<UserResponse> = page.users.into_iter().map(|user| request.access.view(user)).collect();
    let message = format!("Successfully retrieved {} users", shown.len());
    let metadata = UserListMetadata {
        count: shown.len(),
        next_cursor: page.next_cursor,
        search: query.search,
        timestamp: request.timestamp(),
        total: page.total,
    };
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

/// The response about a new user.
pub(crate) fn created(request: &RequestContext, user: User) -> HttpResponse {
    let (path, tag) = (path_of(request, user.id), user.tag());
    let metadata = NewUserMetadata { user_id: user.id };
    let full = UserResponse::full(user);
    // A stranger is told what the defaults have become, and not the e-mail address.
    let view = if request.access.is_admin() {
        full
    } else {
        UserResponse { email: None, email_verified: None, ..full }
    };
    let response = request.answer_with(StatusCode::CREATED, "User created successfully", view, metadata);
    tagged(at(response, header::LOCATION, path), &tag)
}

/// `GET /api/users/{id}`
async fn get(
    request: RequestContext,
    PathId(id): PathId,
    users: Users,
    Conditions(expected): Conditions,
    _: NoQuery,
) -> ApiResult {
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
    users: Users,
    Conditions(expected): Conditions,
    Json(body): Json<UpdateUserRequest>,
) -> ApiResult {
    let user = users.update_user(&request.access, id, body, expected).await?;
    Ok(updated(&request, user))
}

/// `PATCH /api/users/{id}`
async fn patch(
    request: RequestContext,
    PathId(id): PathId,
    users: Users,
    Conditions(expected): Conditions,
    Json(body): MergePatch<PatchUserRequest>,
) -> ApiResult {
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

/// The user that the path names. It comes before query and body among a handler's arguments, so that an invalid id is
/// reported first.
pub(crate) struct PathId(pub(crate) UserId);

extract! { PathId, request => id_in(request).map(Self), for takes {
    takes.parameter("path", "id", "The number of the user.");
    takes.codes.extend([ErrorCode::MissingUserId, ErrorCode::InvalidUserId]);
} }

pub(crate) fn id_in(request: &HttpRequest) -> Result<UserId, ApiError> {
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

map_error! { error: GetUserError {
    IdNotFound(_) | UsernameNotFound(_) => Self::because(ErrorCode::UserNotFound, "User not found", error),
} }

map_error! { error: CreateUserError {
    UsernameTaken(_) | UsernameReserved(_) | EmailTaken(_) =>
        Self::because(ErrorCode::UserCreationError, "Failed to create user", error),
} }

map_error! { error: UpdateUserError {
    NotFound(_) => Self::because(ErrorCode::UserNotFound, "User not found", error),
    PreconditionError(error) => error.into(),
    LastAdministrator => Self::forbidden(error),
    UsernameTaken(_) | UsernameReserved(_) | EmailTaken(_) =>
        Self::because(ErrorCode::UserUpdateError, "Failed to update user", error),
} }
