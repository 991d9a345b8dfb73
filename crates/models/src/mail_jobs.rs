//! Mail jobs as administrators see them.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::{named_enum, types::UserId};

named_enum! {
    /// Whether a mail job goes on by itself.
    #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
    #[derive(Serialize)]
    #[serde(rename_all = "lowercase")]
    pub enum MailJobState {
        /// It is tried, or tried again, when it is due.
        Waiting = "waiting",
        /// It was given up, and is kept for somebody to look at.
        Dead = "dead",
    }
}

/// A mail that is still to be sent, or was given up.
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MailJobResponse {
    /// The number in `/api/mail/jobs/{id}`.
    pub id: i64,
    /// What the mail is about, such as `invitation`.
    pub kind: &'static str,
    /// To which user, if it is known to be for one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    /// To which address, if that is not just the user's own: its beginning and its domain, `a***@example.com`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Whether it goes on by itself.
    pub state: MailJobState,
    /// How often it was tried since somebody last asked for it.
    pub attempts: u32,
    /// When somebody (last) asked for it.
    pub requested_at: DateTime<Utc>,
    /// When it is to be tried (again); says nothing of a dead one.
    pub due_at: DateTime<Utc>,
    /// The last failure; left out if there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// By which request.
    pub request_id: String,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::MailJobState;

    #[test]
    fn a_state_has_one_name_everywhere() {
        for state in MailJobState::ALL {
            assert_eq!(MailJobState::from_name(state.as_str()), Some(state));
            assert_eq!(json!(state), json!(state.as_str()));
        }
        assert_eq!(MailJobState::from_name("Dead"), None);
    }
}
