//! Service keys: list, create, revoke.

use actix_web::{http::StatusCode, web::Data};
use denizen_models::{CreateKeyRequest, CreatedKeyResponse, KeyResponse};
use denizen_services::{CreateKeyError, CreatedKey, KeyService, RevokeKeyError, store::KeyId};
use serde::Serialize;

use crate::{
    http::{
        Admin, ApiResult, Count, ErrorCode, Json, NoQuery, RequestContext, extract, map_error, number_in,
        personal, reply,
    },
    middleware::{Endpoint, route},
};

type Keys = Data<dyn KeyService>;

pub(crate) fn routes() -> Vec<Endpoint> {
    vec![
        route("/api/keys")
            .get(Admin, "Lists service keys.", list)
            .answers(reply(200).data_with::<Vec<KeyResponse>, Count>().example_with(EXAMPLE, r#"{"count": 1}"#))
            .post(Admin, "Creates a service key, and shows it this once.", create)
            .answers(
                reply(201)
                    .data_with::<CreatedKeyResponse, NewKeyMetadata>()
                    .refuses(&[ErrorCode::WrongPassword])
                    .example(
                        r#"{"name": "shop", "scopes": ["sessions:introspect"], "password": "correct horse battery"}"#,
                    ),
            ),
        route("/api/keys/{id}")
            .delete(Admin, "Revokes a service key.", revoke)
            .answers(reply(200).refuses(&[ErrorCode::KeyNotFound])),
    ]
}

const EXAMPLE: &str = r#"[{"id": 7, "name": "shop", "scopes": ["sessions:introspect"],
    "created_at": "2026-11-23T06:55:35.149321Z"}]"#;

/// Which key was created.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
struct NewKeyMetadata {
    /// Its number.
    key_id: i64,
}

/// `GET /api/keys`
async fn list(request: RequestContext, keys: Keys, _: NoQuery) -> ApiResult {
    let keys = keys.list_keys(&request.access).await?;
    let metadata = Count { count: keys.len() };
    Ok(personal(request.answer_with(StatusCode::OK, "Service keys retrieved successfully", keys, metadata)))
}

/// `POST /api/keys`
async fn create(request: RequestContext, keys: Keys, Json(body): Json<CreateKeyRequest>) -> ApiResult {
    let CreatedKey { shown, key } = keys.create_key(&request.access, body).await?;
    let metadata = NewKeyMetadata { key_id: shown.id };
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
    request => number_in(request, "id").map(|id| Self(KeyId(id))).ok_or(RevokeKeyError::NotFound.into()),
    for takes { takes.parameter("path", "id", "The number of the key."); }
}

map_error! { error: CreateKeyError {
    WrongPassword => Self::because(ErrorCode::WrongPassword, "Failed to create service key", error),
    TooMany => Self::forbidden(error),
} }

map_error! { error: RevokeKeyError {
    NotFound => Self::new(ErrorCode::KeyNotFound, "Service key not found"),
} }
