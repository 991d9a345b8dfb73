//! Reading the audit trail.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use denizen_models::{AuditResponse, UserId, ValidationErrors};

use crate::{
    common::{AccountService, Failure, pagination},
    ports::{
        AccessContext,
        store::{AuditId, AuditKind, AuditQuery, AuditRecord, KeyId, actor_name, key_name},
    },
};

/// What to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditListQuery {
    /// Only what is of this kind.
    pub kind: Option<AuditKind>,
    /// Only what this actor did: `anonymous`, `system`, `cli`, a user's id, with or without `user:` before it, or a
    /// service key's number with `key:` before it.
    pub actor: Option<String>,
    /// Only what was done to this user, who may be gone by now.
    pub target: Option<UserId>,
    /// Only from this instant on.
    pub since: Option<DateTime<Utc>>,
    /// Only before this instant, which is later than `since`.
    pub until: Option<DateTime<Utc>>,
    /// At most this many, 1 to 200; 50 when absent.
    pub limit: Option<usize>,
    /// Where the page before ended ([`AuditList::next_cursor`]).
    pub cursor: Option<String>,
}

impl AuditListQuery {
    fn validate(&self) -> Result<AuditQuery, ValidationErrors> {
        let mut errors = ValidationErrors::new();
        let actor = self.actor.as_deref().map(actor);
        let nobody = actor.as_ref().is_some_and(Option::is_none);
        errors.check(nobody, "actor", "actor must be a user ID, key: and a number, anonymous, system or cli");
        let backwards = self.since.zip(self.until).is_some_and(|(since, until)| until <= since);
        errors.check(backwards, "until", "until must be later than since");
        let limit = pagination::check_limit(&mut errors, self.limit);
        let before = pagination::check_cursor(&mut errors, CURSOR, self.cursor.as_deref());
        errors.into_result(AuditQuery {
            kind: self.kind,
            actor: actor.flatten(),
            target: self.target,
            since: self.since,
            until: self.until,
            before: before.map(AuditId),
            limit,
        })
    }
}

const CURSOR: &str = "audit";

/// The name of an actor as the trail has it.
fn actor(text: &str) -> Option<String> {
    if ["anonymous", "system", "cli"].contains(&text) {
        return Some(text.to_owned());
    }
    if let Some(key) = text.strip_prefix("key:") {
        return UserId::parse(key).map(|number| key_name(KeyId(number.get())));
    }
    UserId::parse(text.strip_prefix("user:").unwrap_or(text)).map(actor_name)
}

/// A page of the audit trail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditList {
    /// Newest first.
    pub events: Vec<AuditResponse>,
    /// Where the next page begins; none if this is the last.
    pub next_cursor: Option<String>,
}

/// The audit trail, for administrators. It is written by whatever it tells of, and by nothing else.
#[async_trait]
pub trait AuditService: Send + Sync {
    /// The part of the trail that was asked for, newest event first. Events that come meanwhile shift no later page.
    async fn list_audit(&self, context: &AccessContext, query: &AuditListQuery)
    -> Result<AuditList, Failure>;
}

#[async_trait]
impl AuditService for AccountService {
    async fn list_audit(
        &self,
        context: &AccessContext,
        query: &AuditListQuery,
    ) -> Result<AuditList, Failure> {
        context.expect_admin("only administrators can read the audit trail")?;
        let query = query.validate().map_err(Failure::InvalidQuery)?;
        let one_more = AuditQuery { limit: query.limit + 1, ..query };
        let mut records = self.ports.store.list_audit_records(&one_more).await?;
        let next_cursor = pagination::cut(&mut records, query.limit, CURSOR, |record| record.id.0);
        Ok(AuditList { events: records.into_iter().map(shown).collect(), next_cursor })
    }
}

pub(crate) fn shown(AuditRecord { id: AuditId(id), event }: AuditRecord) -> AuditResponse {
    AuditResponse {
        id,
        kind: event.kind.as_str(),
        at: event.at,
        actor: event.actor,
        target: event.target,
        key: event.key.map(|key| key.0),
        ip: event.ip,
        request_id: event.request_id,
    }
}
