//! Service keys: list, create, revoke.

use actix_web::{http::StatusCode, web::Data};
use denizen_models::{CreateKeyRequest, CreatedKeyResponse};
use denizen_services::{CreateKeyError, CreatedKey, KeyService, RevokeKeyError, store::KeyId};
use serde_json::json;

use crate::{
    http::{
        Admin, ApiResult, ErrorCode, Json, NoQuery, RequestContext, extract, map_error, number_in, personal,
    },
    middleware::{Endpoint, route},
};

type Keys = Data<dyn KeyService>;

pub(crate) fn routes() -> Vec<Endpoint> {
    vec![
        route("/api/keys").get(Admin, "Lists service keys.", list).post(
            Admin,
            "Creates a service key, and shows it this once.",
            create,
        ),
        route("/api/keys/{id}").delete(Admin, "Revokes a service key.", revoke),
    ]
}

/// `GET /api/keys`
async fn list(request: RequestContext, keys: Keys, _: NoQuery) -> ApiResult {
    let keys = keys.list_keys(&request.access).await?;
    let metadata = json!({ "count": keys.len() });
    Ok(personal(request.answer_with(StatusCode::OK, "Service keys retrieved successfully", keys, metadata)))
}

/// `POST /api/keys`
async fn create(request: RequestContext, keys: Keys, Json(body): Json<CreateKeyRequest>) -> ApiResult {
    let CreatedKey { shown, key } = keys.create_key(&request.access, body).await?;
    let metadata = json!({ "key_id": shown.id });
    let created = CreatedKeyResponse { shown, key: key.expose().to_owned() };
    Ok(request.answer_with(StatusCode::CREATED, "Service key created successfully", created, metadata))
}

/// `DELETE /api/keys/{id}`
async fn revoke(request: RequestContext, keys: Keys, _: NoQuery, PathKey(id): PathKey) -> ApiResult {
    keys.revoke_key(&request.access, id).await?;
    Ok(request.done("Service key revoked successfully"))
}

/// The key that the path names. Anything but a number is a key that does not exist.
struct PathKey(KeyId);

extract! {
    PathKey,
    request => number_in(request, "id").map(|id| Self(KeyId(id))).ok_or(RevokeKeyError::NotFound.into())
}

map_error! { error: CreateKeyError {
    WrongPassword => Self::because(ErrorCode::WrongPassword, "Failed to create service key", error),
    TooMany => Self::forbidden(error),
} }

map_error! { error: RevokeKeyError {
    NotFound => Self::new(ErrorCode::KeyNotFound, "Service key not found"),
} }
