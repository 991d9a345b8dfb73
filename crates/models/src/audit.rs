//! The audit trail as administrators see it.

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::types::UserId;

/// One line of the audit trail.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuditResponse {
    /// Its number; they grow.
    pub id: i64,
    /// What happened, such as `login.failed`.
    pub kind: &'static str,
    /// When.
    pub at: DateTime<Utc>,
    /// Who did it: `anonymous`, `system`, `cli`, or `user:` or `key:` and the number.
    pub actor: String,
    /// To which user, who may be gone by now; left out if to nobody who is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<UserId>,
    /// To which service key, which may be gone by now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<i64>,
    /// From where; left out if it came from no network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip: Option<IpAddr>,
    /// By which request.
    pub request_id: String,
}
