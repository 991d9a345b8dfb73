//! One example of every change, with what it gives, and with what it does when its row is missing.

use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use denizen_models::{KeyScope, User, UserValues};
use denizen_services::{
    AccessContext,
    store::{
        AuditEvent, AuditKind, Change, ClientKind, CommitError, KeyId, Lease, MailJob, MailJobId, NewMailJob,
        Outcome, Purge, SessionId, Store, UniqueKey, UnitOfWork, UserRef,
    },
};

use super::verbs::{
    JOB_GONE, KEY_GONE, LEASE_LOST, NAME_RESERVED, NO_OTHER_ADMINISTRATOR, NO_ROOM_FOR_KEYS, NOBODY,
    ONE_AN_HOUR, QUEUE_FULL, RESET, SESSION_GONE, TOKEN_GONE, TOO_MANY_FAILED, USER_GONE, WORLDS,
    administrator, any_kind, at, bucket, changed, commit, create_key, hash, insert_with_password,
    key_created, limited, name_key, password, registration, service_key, session, session_ids,
};
use crate::{must, user_values};

/// A user with a token, a session, a failed attempt and mail jobs, one of which is leased, an empty bucket, a service key and a person who wants to
/// become a user: something for every change to bite on.
pub struct World {
    /// Tells the worlds in one store apart. Below [`WORLDS`].
    pub number: u8,
    pub alice: User,
    pub session: SessionId,
    pub key: KeyId,
    pub lease: Lease,
    /// The only one in the store, whatever the number of worlds.
    pub administrator: User,
}

/// A change in a unit of its own.
pub struct Example {
    /// The variant, as its author wrote it.
    pub variant: &'static str,
    pub works: UnitOfWork,
    pub gives: fn(&Outcome) -> bool,
    /// The same change of something that is not there (or, for an insertion, that is there already).
    pub missing: UnitOfWork,
    pub answer: Result<Outcome, CommitError>,
}

macro_rules! examples {
    (|$world:ident, $new:ident| $(
        $variant:ident: $works:expr => $outcome:pat, else $missing:expr => $answer:expr;
    )*) => {
        /// One example per variant, in the order of their declaration.
        pub fn examples($world: &World) -> Vec<Example> {
            let $new = UnitOfWork::new;
            vec![$(Example {
                variant: stringify!($variant),
                works: $works,
                gives: |outcome| matches!(outcome, $outcome),
                missing: $missing,
                answer: $answer,
            }),*]
        }

        /// The name of the variant. If a new one does not compile here, give it an example below: the cases that run
        /// over all examples then hold every store to it. Write its own cases beside those of its subject.
        pub fn variant(change: &Change) -> &'static str {
            match change {
                $(Change::$variant { .. } => stringify!($variant),)*
            }
        }
    };
}

examples! { |world, new|
    ExpectUser:
        new().expect_user(world.alice.id, world.alice.security_version)
            => Outcome::Done,
        else new().expect_user(NOBODY, 1)
            => Err(USER_GONE);
    ExpectLease:
        new().expect_lease(world.lease)
            => Outcome::Done,
        else new().expect_lease(Lease { id: -1, ..world.lease })
            => Err(LEASE_LOST);
    ExpectOtherAdministrator:
        new().expect_other_administrator(world.alice.id)
            => Outcome::Done,
        else new().expect_other_administrator(world.administrator.id)
            => Err(NO_OTHER_ADMINISTRATOR);
    TakeFromBucket:
        new().take_from_bucket(bucket(world.number), ONE_AN_HOUR, at(9), 1000)
            => Outcome::Done,
        else new().take_from_bucket(bucket(world.number + WORLDS), ONE_AN_HOUR, at(9), 1000)
            => Err(limited(Duration::seconds(3591)));
    ReturnToBucket:
        new().return_to_bucket(bucket(world.number + WORLDS), ONE_AN_HOUR, at(9))
            => Outcome::Done,
        else new().return_to_bucket(bucket(world.number + 2 * WORLDS), ONE_AN_HOUR, at(9))
            => Ok(Outcome::Done);
    CountFailedAttempt:
        new().count_failed_attempt(Some(world.alice.id), ClientKind::Stranger)
            => Outcome::Done,
        else new().count_failed_attempt(None, ClientKind::Stranger)
            => Ok(Outcome::Done);
    ClearFailedAttempts:
        new().clear_failed_attempts(world.alice.id, ClientKind::Known, 2)
            => Outcome::Done,
        else new().clear_failed_attempts(NOBODY, ClientKind::Known, 2)
            => Err(TOO_MANY_FAILED);
    InsertUser:
        new().insert_user(user_values(&format!("new_{}", world.number)), Some(password("first")), at(9))
            => Outcome::User(_),
        else new().insert_user(world.alice.values.clone(), None, at(9))
            => Err(CommitError::Conflict(UniqueKey::Username));
    UpdateUser:
        new().update_user(world.alice.id, world.alice.revision, world.other_values(), at(9))
            => Outcome::Done,
        else new().update_user(NOBODY, 1, world.alice.values.clone(), at(9))
            => Err(USER_GONE);
    SetPassword:
        new().set_password(world.alice.id, password("new"), world.alice.security_version, at(9))
            => Outcome::Done,
        else new().set_password(NOBODY, password("new"), 1, at(9))
            => Err(USER_GONE);
    Rehash:
        new().rehash(world.alice.id, password("costlier"), world.alice.security_version)
            => Outcome::Done,
        else new().rehash(NOBODY, password("costlier"), 1)
            => Err(USER_GONE);
    MarkSamplePassword:
        new().mark_sample_password(world.alice.id)
            => Outcome::Done,
        else new().mark_sample_password(NOBODY)
            => Ok(Outcome::Done);
    ExpectUsername:
        new().expect_username(name_key(world.number + WORLDS), None, at(0))
            => Outcome::Done,
        else new().expect_username(name_key(world.number), None, at(0))
            => Err(NAME_RESERVED);
    ReserveUsername:
        new().reserve_username(name_key(world.number + 2 * WORLDS), world.alice.id, at(9), 3)
            => Outcome::Done,
        else new().reserve_username(name_key(world.number + 2 * WORLDS), NOBODY, at(9), 3)
            => Ok(Outcome::Done);
    VerifyEmail:
        new().verify_email(world.alice.id, at(9))
            => Outcome::Done,
        else new().verify_email(NOBODY, at(9))
            => Ok(Outcome::Done);
    DeleteUser:
        new().delete_user(world.alice.id, None)
            => Outcome::Unsent(_),
        else new().delete_user(NOBODY, None)
            => Err(USER_GONE);
    PutToken:
        new().put_token(world.alice.id, RESET, hash(world.number + 2 * WORLDS), at(600))
            => Outcome::Done,
        else new().put_token(NOBODY, RESET, hash(world.number + 2 * WORLDS), at(600))
            => Err(USER_GONE);
    ConsumeToken:
        new().consume_token(world.alice.id, RESET, hash(world.number), at(9))
            => Outcome::Done,
        else new().consume_token(NOBODY, RESET, hash(world.number), at(9))
            => Err(TOKEN_GONE);
    RevokeTokens:
        new().revoke_tokens(world.alice.id)
            => Outcome::Count(1),
        else new().revoke_tokens(NOBODY)
            => Ok(Outcome::Count(0));
    InsertSession:
        new().insert_session(session(world.alice.id, hash(world.number + 3 * WORLDS)))
            => Outcome::Session(_),
        else new().insert_session(session(NOBODY, hash(world.number + 3 * WORLDS)))
            => Err(USER_GONE);
    RevokeSessions:
        new().revoke_sessions(world.alice.id, Some(SessionId(-1)))
            => Outcome::Count(1),
        else new().revoke_sessions(NOBODY, None)
            => Ok(Outcome::Count(0));
    RevokeSession:
        new().revoke_session(world.alice.id, world.session)
            => Outcome::Done,
        else new().revoke_session(NOBODY, world.session)
            => Err(SESSION_GONE);
    TrimSessions:
        new().trim_sessions(world.alice.id, 0)
            => Outcome::Count(1),
        else new().trim_sessions(NOBODY, 0)
            => Ok(Outcome::Count(0));
    InsertKey:
        new().insert_key(service_key(world.number + WORLDS, &[KeyScope::UsersRead]), 1000, key_created())
            => Outcome::Key(_),
        else new().insert_key(service_key(world.number + WORLDS, &[KeyScope::UsersRead]), 1, key_created())
            => Err(NO_ROOM_FOR_KEYS);
    RevokeKey:
        new().revoke_key(world.key)
            => Outcome::Done,
        else new().revoke_key(KeyId(-1))
            => Err(KEY_GONE);
    PutRegistration:
        new().put_registration(registration(&format!("new_{}", world.number), world.number + 5 * WORLDS), 1000)
            => Outcome::Done,
        else new().put_registration(registration(&format!("new_{}", world.number), world.number + 5 * WORLDS), 0)
            => Err(QUEUE_FULL);
    TryRegistration:
        new().try_registration(hash(world.number + 4 * WORLDS), at(9), 3)
            => Outcome::Count(2),
        else new().try_registration(hash(world.number + 5 * WORLDS), at(9), 3)
            => Err(TOKEN_GONE);
    ConsumeRegistration:
        new().consume_registration(hash(world.number + 4 * WORLDS), at(9))
            => Outcome::Done,
        else new().consume_registration(hash(world.number + 5 * WORLDS), at(9))
            => Err(TOKEN_GONE);
    EnqueueMail:
        new().enqueue_mail(reset_mail(&world.alice))
            => Outcome::Job { .. },
        else new().enqueue_mail(notice(NOBODY))
            => Err(USER_GONE);
    RetryMail:
        new().retry_mail(world.lease.job, at(9))
            => Outcome::Done,
        else new().retry_mail(MailJobId(-1), at(9))
            => Err(JOB_GONE);
    DropMail:
        new().drop_mail(world.lease.job)
            => Outcome::Unsent(_),
        else new().drop_mail(MailJobId(-1))
            => Err(JOB_GONE);
    Purge:
        new().purge(everything_before(at(3601)))
            => Outcome::Count(4..),
        else new().purge(everything_before(at(0)))
            => Ok(Outcome::Count(0));
    SkipIds:
        new().skip_ids(7)
            => Outcome::Done,
        else new().skip_ids(0)
            => Ok(Outcome::Done);
    Record:
        new().record(event(world.alice.id))
            => Outcome::Done,
        else new().record(event(NOBODY))
            => Ok(Outcome::Done);
}

/// A notice to a user.
pub fn notice(user: impl Into<UserRef>) -> NewMailJob {
    NewMailJob::new(MailJob::PasswordChanged { user: user.into() }, &AccessContext::system(), at(0))
}

/// A request for whoever has the address of `user`.
pub fn reset_mail(user: &User) -> NewMailJob {
    let context = AccessContext::anonymous();
    let address = user.values.email.key().to_owned();
    NewMailJob::new(MailJob::PasswordReset { address }, &context, at(0)).within(1000)
}

/// Something to record.
pub fn event(user: impl Into<UserRef>) -> AuditEvent {
    AuditEvent::new(AuditKind::UserUpdated, user, &AccessContext::system(), at(0))
}

/// Removes all that this instant makes useless.
pub const fn everything_before(instant: DateTime<Utc>) -> Purge {
    Purge {
        expired_at: instant,
        sessions_unseen_since: instant,
        dead_mail_before: instant,
        audit_before: Some(instant),
        mail_due_by: instant,
        usernames_freed_until: instant,
        limit: u32::MAX,
    }
}

impl World {
    /// Builds the world of this number.
    pub async fn build(store: &Arc<dyn Store>, number: u8) -> Self {
        assert!(number < WORLDS, "more examples than worlds: raise `WORLDS`");
        let ruler = administrator("the_administrator");
        let administrator = match must(store.find_user_by_username(&ruler.username).await) {
            Some(administrator) => administrator,
            None => insert_with_password(store, ruler).await,
        };
        let alice = insert_with_password(store, user_values(&format!("alice_{number}"))).await;
        let waiting = registration(&format!("waiting_{number}"), number + 4 * WORLDS);
        let work = UnitOfWork::new()
            .put_token(alice.id, RESET, hash(number), at(600))
            .insert_session(session(alice.id, hash(number + WORLDS)))
            .take_from_bucket(bucket(number + WORLDS), ONE_AN_HOUR, at(0), 1000)
            .count_failed_attempt(Some(alice.id), ClientKind::Known)
            .reserve_username(name_key(number), alice.id, at(1), 3)
            .put_registration(waiting, 1000)
            .enqueue_mail(reset_mail(&alice))
            .enqueue_mail(notice(alice.id))
            .record(event(alice.id));
        commit(store, work).await;
        let leased = must(store.lease_mail(i64::from(number) + 1, at(0), at(300), &any_kind(10)).await);
        let mut leases = leased.into_iter().filter(|job| job.mail.user().is_none());
        let lease = must(leases.next().ok_or("the request is not leased")).lease;
        let key = create_key(store, number, &[KeyScope::SessionsIntrospect]).await;
        let session = must(session_ids(store, alice.id).await.pop().ok_or("there is no session"));
        Self { number, alice, session, key, lease, administrator }
    }

    fn other_values(&self) -> UserValues {
        changed(&self.alice, |values| {
            let other = user_values(&format!("other_{}", self.number));
            (values.username, values.email, values.active) = (other.username, other.email, false);
        })
    }
}
