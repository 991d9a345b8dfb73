//! What the housekeeper removes, what it leaves alone, and when.

#[cfg(feature = "messages")]
mod connections;
mod run;

use std::sync::Arc;

use chrono::Duration;
use denizen_models::{Secret, User};
use denizen_services::{
    AccessContext, AccountService, Clock as _, Housekeeper, LiveSessions, MailError, Ports, ServiceSettings,
    Sessions as _, Token, TokenHash, TokenPurpose,
    store::{
        AuditEvent, AuditKind, MailJob, NewMailJob, ReadStore as _, Registration, StoreFailure, UnitOfWork,
        WriteStore as _,
    },
};

use crate::support::{World, administrator, stranger};

/// A world that is kept in order.
#[derive(Clone)]
struct House {
    world: World,
    auth: AccountService,
    keeper: Arc<Housekeeper>,
}

impl House {
    fn new() -> Self {
        Self::with(ServiceSettings::default())
    }

    fn with(settings: ServiceSettings) -> Self {
        Self::of(World::with(settings.clone()), settings, None)
    }

    fn of(world: World, settings: ServiceSettings, connections: Option<Arc<dyn LiveSessions>>) -> Self {
        let ports = Ports {
            store: world.store.clone(),
            clock: world.clock.clone(),
            tokens: world.tokens.clone(),
            hasher: world.hasher.clone(),
        };
        let auth = AccountService::new(ports, settings);
        let keeper = Arc::new(Housekeeper::new(auth.clone(), connections));
        Self { world, auth, keeper }
    }

    async fn tidy(&self) -> u64 {
        self.keeper.tidy_now().await.expect("a store that works")
    }

    /// Opens a session, and returns its secret.
    async fn sign_in(&self, user: &User) -> Secret {
        self.world.open_session(user.id).await;
        Secret::from(self.world.tokens.minted().pop().expect("a token"))
    }

    async fn is_kept(&self, session: &Secret) -> bool {
        self.world.session_is_open(&TokenHash::of(session)).await
    }

    /// The session is used.
    async fn authenticate(&self, session: &Secret) {
        assert!(self.auth.authenticate(session).await.unwrap().is_some(), "the session is over");
    }

    async fn commit(&self, work: UnitOfWork) {
        self.world.store.commit(work).await.expect("a unit of work");
    }

    /// Records so many events at this moment.
    async fn record(&self, events: usize) {
        let now = self.world.clock.now();
        let event = AuditEvent::untargeted(AuditKind::LoginFailed, &stranger(), now);
        let record = |work: UnitOfWork, _| work.record(event.clone());
        self.commit((0..events).fold(UnitOfWork::new(), record)).await;
    }
}

#[tokio::test]
async fn in_an_empty_house_there_is_nothing_to_do() {
    let house = House::new();
    assert_eq!(house.tidy().await, 0);
}

#[tokio::test]
async fn tokens_and_registrations_are_removed_from_the_instant_they_expire() {
    let house = House::new();
    let alice = house.world.create("alice").await;
    let expires_at = house.world.clock.now() + Duration::minutes(30);
    let hash = Token::mint(house.world.tokens.as_ref()).unwrap().hash();
    let address = "bob@example.com".to_owned();
    let registration = Registration { address, token: hash, attempts: 0, expires_at };
    let work = UnitOfWork::new().put_token(alice.id, TokenPurpose::PasswordReset, hash, expires_at);
    house.commit(work.put_registration(registration, 1)).await;

    house.world.clock.advance(Duration::minutes(30) - Duration::microseconds(1));
    assert_eq!(house.tidy().await, 0);
    house.world.clock.advance(Duration::microseconds(1));
    assert_eq!(house.tidy().await, 2);
    assert_eq!(house.world.store.find_token(TokenPurpose::PasswordReset, &hash).await, Ok(None));
    assert_eq!(house.world.store.find_registration(&hash).await, Ok(None));
    assert!(house.world.find(alice.id).await.is_some());
}

#[tokio::test]
async fn a_session_that_nobody_uses_is_removed_some_time_after_it_opens_nothing() {
    let house = House::new();
    let alice = house.world.create("alice").await;
    let session = house.sign_in(&alice).await;
    house.world.clock.advance(Duration::days(7));
    assert!(house.auth.authenticate(&session).await.unwrap().is_none());
    assert_eq!(house.tidy().await, 0, "another process may have seen it used");
    house.world.clock.advance(Duration::minutes(6));
    assert_eq!(house.tidy().await, 1);
    assert!(!house.is_kept(&session).await);
}

#[tokio::test]
async fn a_session_that_is_used_stays_until_its_last_day() {
    let house = House::new();
    let alice = house.world.create("alice").await;
    let session = house.sign_in(&alice).await;
    for _ in 0..5 {
        house.world.clock.advance(Duration::days(6) - Duration::seconds(1));
        house.authenticate(&session).await;
        assert_eq!(house.tidy().await, 0);
    }
    house.world.clock.advance(Duration::seconds(5));
    assert_eq!(house.tidy().await, 1, "thirty days are over");
    assert!(!house.is_kept(&session).await);
}

#[tokio::test]
async fn a_mail_that_was_given_up_is_kept_for_thirty_days() {
    let house = House::new();
    let (world, requested_at) = (&house.world, house.world.clock.now());
    let alice = world.create("alice").await;
    let notice = MailJob::PasswordChanged { user: alice.id.into() };
    let notice = NewMailJob::new(notice, &stranger(), requested_at);
    house.commit(UnitOfWork::new().enqueue_mail(notice.clone())).await;
    world.mailer.fail_next(1, MailError::Permanent("refused".into()));
    world.deliver_mail().await;
    house.commit(UnitOfWork::new().enqueue_mail(notice)).await;

    // It may have been tried for two days before.
    world.clock.advance(Duration::days(32));
    assert_eq!((house.tidy().await, world.jobs().await.len()), (0, 2));
    world.clock.advance(Duration::microseconds(1));
    assert_eq!(house.tidy().await, 1);
    assert!(!world.only_job().await.dead, "what still waits stays, however old");
}

/// Security checklist: 60.
#[tokio::test]
async fn audit_records_are_kept_as_long_as_the_settings_say() {
    let house = House::with(ServiceSettings {
        audit_retention: Some(Duration::days(90)),
        ..ServiceSettings::default()
    });
    house.record(1).await;
    house.world.clock.advance(Duration::days(1));
    house.record(1).await;
    house.world.clock.advance(Duration::days(89) + Duration::microseconds(1));
    assert_eq!(house.tidy().await, 1);
    assert_eq!(house.world.audit().await.len(), 1);
}

/// Security checklist: 60.
#[tokio::test]
async fn audit_records_are_kept_forever_if_the_settings_say_so() {
    let house = House::with(ServiceSettings { audit_retention: None, ..ServiceSettings::default() });
    house.record(1).await;
    house.world.clock.advance(Duration::days(365_000));
    assert_eq!(house.tidy().await, 0);
    assert_eq!(house.world.audit().await.len(), 1);
}

#[tokio::test]
async fn much_is_removed_in_small_units() {
    let house = House::new();
    house.record(2_500).await;
    house.world.clock.advance(Duration::days(366));
    house.world.store.reset();
    assert_eq!(house.tidy().await, 2_500);
    assert_eq!(house.world.store.calls("commit"), 3);
    assert!(house.world.audit().await.is_empty());
}

/// Security checklist: 61.
#[tokio::test]
async fn after_a_restore_no_session_and_no_token_of_before_works() {
    let house = House::new();
    let alice = house.world.create("alice").await;
    let session = house.sign_in(&alice).await;
    let token = house.world.obtain_verification("alice@example.com").await;
    let event = house.world.audit().await.len();
    for context in [stranger(), administrator(alice.id)] {
        assert!(house.auth.after_restore(&context, 1_000).await.is_err());
    }
    assert!(house.is_kept(&session).await);
    assert_eq!(house.auth.after_restore(&AccessContext::system(), 1_000).await, Ok(2));
    assert!(!house.is_kept(&session).await);
    assert!(house.world.verify(&token).await.is_err());
    let trail = house.world.audit().await;
    assert_eq!(
        trail[event..].iter().map(|event| event.kind).collect::<Vec<_>>(),
        [AuditKind::DatabaseRestored]
    );
    assert!(house.world.create("bob").await.id.get() > alice.id.get() + 1_000);
}

#[tokio::test]
async fn a_failure_is_passed_on_to_whoever_tidies_by_hand() {
    let house = House::new();
    let failure = StoreFailure::Unavailable("gone".into());
    house.world.fail_next_commit(failure.clone());
    assert_eq!(house.keeper.tidy_now().await, Err(failure.into()));
    assert_eq!(house.keeper.tidy_now().await, Ok(0));
}

/// Security checklist: 69.
#[tokio::test]
async fn mails_that_were_asked_for_while_the_clock_was_ahead_leave_when_it_is_right() {
    for ahead in [Duration::hours(14), Duration::days(1), Duration::days(500)] {
        let house = House::new();
        house.world.create("alice").await;
        house.world.clock.advance(ahead);
        house.world.request_verification("alice@example.com").await;
        house.world.mailer.fail_next(1, MailError::Temporary("no connection".into()));
        house.world.deliver_mail().await;
        house.world.clock.advance(-ahead);
        assert_eq!(house.world.deliver_mail().await, 0);
        assert!(house.tidy().await >= 1, "{ahead}");
        assert_eq!((house.world.deliver_mail().await, house.world.mailer.sent().len()), (1, 1), "{ahead}");
    }
}

/// Security checklist: 69.
#[tokio::test]
async fn a_mail_that_is_put_off_as_long_as_mails_are_stays_put_off() {
    let house =
        House::with(ServiceSettings { mail_max_age: Duration::days(30), ..ServiceSettings::default() });
    house.world.create("alice").await;
    house.world.request_verification("alice@example.com").await;
    for _ in 0..40 {
        house.world.mailer.fail_next(1, MailError::Temporary("no connection".into()));
        let due_at = house.world.only_job().await.due_at;
        house.world.clock.advance(due_at - house.world.clock.now());
        assert_eq!(house.world.deliver_mail().await, 1);
        house.tidy().await;
        assert!(house.world.only_job().await.due_at > house.world.clock.now());
    }
}
