//! Removing what is of no use any more, and skipping what may have been given already.

use denizen_services::store::{MailKind, Purge};

use crate::engine::{
    error::Failure,
    sql::{Session, execute, params, statements},
};

/// Deletes rows up to the limit, those first whose time was over first. Rows that another transaction is at are left for the
/// next time, so that instances that purge at once do not wait for each other.
macro_rules! delete {
    ($table:literal, $key:literal, $over:literal, $order:literal) => {
        concat!(
            "DELETE FROM ",
            $table,
            " WHERE ",
            $key,
            " IN (SELECT ",
            $key,
            " FROM ",
            $table,
            " WHERE ",
            $over,
            " ORDER BY ",
            $order,
            " LIMIT :limit FOR UPDATE SKIP LOCKED)"
        )
    };
}

statements! {
    TOKENS = delete!("tokens", "hash", "expires_at <= :instant", "expires_at");
    EXPIRED_SESSIONS = delete!("sessions", "id", "expires_at <= :instant", "expires_at, id");
    UNSEEN_SESSIONS = delete!("sessions", "id", "last_seen_at < :instant", "last_seen_at, id");
    REGISTRATIONS = delete!("registrations", "id", "expires_at <= :instant", "expires_at, id");
    DEAD_MAIL = delete!("mail_jobs", "id", "dead AND requested_at < :instant", "requested_at, id");
    FREED_NAMES = delete!("freed_names", "name", "freed_at <= :instant", "freed_at, name");
    AUDIT = delete!("audit", "id", "at < :instant", "at, id");
    /// Mails that a wrong clock has put off too far.
    MAIL_DUE = "UPDATE mail_jobs SET due_at = :now WHERE id IN (SELECT id FROM mail_jobs \
         WHERE kind = ANY(:kinds::text[]) AND NOT dead AND due_at > :mail_due_by LIMIT :limit FOR UPDATE SKIP LOCKED)";
    SKIP_IDS = "SELECT setval(pg_get_serial_sequence(name, 'id'), nextval(pg_get_serial_sequence(name, 'id')) + :count::bigint) \
         FROM unnest(ARRAY['users', 'sessions', 'registrations', 'mail_jobs', 'audit', 'service_keys']) AS name";
}

/// How many rows are gone.
pub(crate) async fn purge(session: &Session, purge: &Purge) -> Result<u64, Failure> {
    let Purge {
        expired_at, sessions_unseen_since, dead_mail_before, audit_before, mail_due_by, limit, ..
    } = *purge;
    let useless = [
        (TOKENS, Some(expired_at)),
        (EXPIRED_SESSIONS, Some(expired_at)),
        (UNSEEN_SESSIONS, Some(sessions_unseen_since)),
        (REGISTRATIONS, Some(expired_at)),
        (DEAD_MAIL, Some(dead_mail_before)),
        (AUDIT, audit_before),
        (FREED_NAMES, Some(purge.usernames_freed_until)),
    ];
    let mut gone = 0;
    for (sql, instant) in useless {
        if let Some(instant) = instant {
            gone += execute(session, sql, params!(instant, limit)).await?;
        }
    }
    let kinds: Vec<String> = MailKind::ALL.map(|kind| kind.as_str().to_owned()).to_vec();
    gone += execute(session, MAIL_DUE, params!(now: expired_at, kinds, mail_due_by, limit)).await?;
    Ok(gone)
}

/// Moves the ids of every table past `count` more.
pub(crate) async fn skip_ids(session: &Session, count: u32) -> Result<(), Failure> {
    execute(session, SKIP_IDS, params!(count)).await.map(|_| ())
}
