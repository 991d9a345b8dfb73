//! Introspection of session tokens (RFC 7662): the response.

use serde::{Deserialize, Serialize};

use crate::types::Secret;

/// The form of `POST /api/auth/introspect`. Other members are ignored (section 2.1).
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct IntrospectionRequest {
    /// The session token.
    pub token: Secret,
}

/// The bare body of `POST /api/auth/introspect`; of a token that is not valid, nothing but `active` (section 2.2).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct IntrospectionResponse {
    /// Whether the token opens a session now.
    pub active: bool,
    /// The id of the user, as text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub: Option<String>,
    /// The user name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// The e-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The roles.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub roles: Option<Vec<String>>,
    /// When the session began, in Unix seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iat: Option<i64>,
    /// When the session ends, whatever happens, in Unix seconds; without being used, it ends earlier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exp: Option<i64>,
}
