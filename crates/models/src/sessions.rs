//! Sessions as their owner may see them.

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use serde::Serialize;

/// An open session.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SessionResponse {
    /// Its number. Knowing it opens nothing.
    pub id: i64,
    /// Whether it is the one that asks.
    pub current: bool,
    /// When somebody signed in.
    pub created_at: DateTime<Utc>,
    /// When it was last used, to the minute.
    pub last_seen_at: DateTime<Utc>,
    /// When it ends, whatever happens; without being used, it ends earlier.
    pub expires_at: DateTime<Utc>,
    /// From where somebody signed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip: Option<IpAddr>,
    /// With what, as far as it said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
}
