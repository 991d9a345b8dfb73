//! An actor must be what the unit needs when it is committed, whatever was true when the request arrived.

use std::sync::Arc;

use chrono::Duration;
use denizen_models::{ADMIN_ROLE, DEFAULT_ROLE, EmailAddress, User, UserId, UserValues, Username};
use denizen_services::{
    AccessContext, Actor,
    store::{CommitError, Needs, Precondition, SessionId, SessionTouch, SessionValidity, Store, UnitOfWork},
};

use crate::{
    contract::{
        examples::{Example, event},
        verbs::{
            NOBODY, administrator, at, audit, changed, commit, hash, insert, insert_with_password, open,
            password, refusal, session_ids, snapshot, update, user,
        },
    },
    must, user_values,
};

use super::units::{for_each_example, join};

const NOT_SIGNED_IN: CommitError = CommitError::PreconditionFailed(Precondition::Actor);
const NO_ROLE: CommitError = CommitError::PreconditionFailed(Precondition::Role);
const ADMIN: Needs = Needs::Admin;

/// Ten seconds after all sessions were opened; those that were not used within an hour are idle.
fn soon() -> SessionValidity {
    SessionValidity { now: at(10), unseen_since: at(-3590) }
}

/// An administrator called diana with the session of this hash, and another administrator.
async fn diana(store: &Arc<dyn Store>, byte: u8) -> (User, SessionId) {
    insert_with_password(store, administrator("the_administrator")).await;
    let diana = insert_with_password(store, administrator("diana")).await;
    let session = open(store, diana.id, hash(byte)).await;
    (diana, session)
}

/// The context of a request of this user, which begins with the roles that the user had then.
fn request_of(user: &User, session: SessionId) -> AccessContext {
    let (id, username, roles) = (user.id, user.values.username.clone(), user.values.roles.clone());
    AccessContext { actor: Actor::User { id, username, session, roles }, ..AccessContext::anonymous() }
}

/// The same for an application with sessions of its own, which lets the user act in these roles.
fn external(user: &User, roles: &[&str]) -> AccessContext {
    let (id, username) = (user.id, user.values.username.clone());
    let roles = roles.iter().map(|role| (*role).to_owned()).collect();
    AccessContext { actor: Actor::External { id, username, roles }, ..AccessContext::anonymous() }
}

fn by(context: &AccessContext, needs: Needs) -> UnitOfWork {
    must(UnitOfWork::by(context, needs, soon()))
}

type Work = fn(&User, SessionId) -> UnitOfWork;
type Edit = fn(&mut UserValues);

/// What ends a session or its user, in the order of the checklist.
const ENDS: [(&str, Work); 6] = [
    ("disabled", |user, _| {
        UnitOfWork::new().update_user(user.id, user.revision, changed(user, |v| v.active = false), at(1))
    }),
    ("deleted", |user, _| UnitOfWork::new().delete_user(user.id, None)),
    ("signed out", |user, session| UnitOfWork::new().revoke_session(user.id, session)),
    ("sessions ended", |user, _| UnitOfWork::new().revoke_sessions(user.id, None)),
    ("password changed", |user, _| {
        UnitOfWork::new()
            .set_password(user.id, password("theirs"), user.security_version, at(1))
            .revoke_sessions(user.id, None)
    }),
    ("trimmed", |user, _| UnitOfWork::new().trim_sessions(user.id, 0)),
];

/// Security checklist: 63.
pub async fn an_actor_who_is_what_the_unit_needs_writes(store: Arc<dyn Store>) {
    let (diana, session) = diana(&store, 1).await;
    let alice = insert(&store, "alice").await;
    let (ruler, member) =
        (request_of(&diana, session), request_of(&alice, open(&store, alice.id, hash(2)).await));
    for (context, needs) in [
        (&ruler, ADMIN),
        (&ruler, Needs::Session),
        (&ruler, Needs::SelfOrAdmin(diana.id)),
        (&ruler, Needs::SelfOrAdmin(alice.id)),
        (&ruler, Needs::SelfOrAdmin(NOBODY)),
        (&member, Needs::Session),
        (&member, Needs::SelfOrAdmin(alice.id)),
        (&external(&diana, &[ADMIN_ROLE]), ADMIN),
        (&external(&alice, &[]), Needs::Session),
        (&external(&alice, &[]), Needs::SelfOrAdmin(alice.id)),
    ] {
        let before = audit(&store).await.len();
        commit(&store, by(context, needs).record(event(alice.id))).await;
        assert_eq!(audit(&store).await.len(), before + 1, "{needs:?}: {context:?}");
    }
}

/// Security checklist: 63.
pub async fn every_change_waits_for_an_actor_who_is_signed_in(store: Arc<dyn Store>) {
    let (diana, session) = diana(&store, 250).await;
    let gone = request_of(&diana, session);
    commit(&store, UnitOfWork::new().revoke_session(diana.id, session)).await;
    for_each_example(&store, async |_, Example { variant, works, gives, .. }| {
        let before = snapshot(&store).await;
        assert_eq!(refusal(&store, join(by(&gone, ADMIN), &works)).await, NOT_SIGNED_IN, "{variant}");
        assert_eq!(snapshot(&store).await, before, "{variant}");
        let session = open(&store, diana.id, hash(250)).await;
        let outcomes = commit(&store, join(by(&request_of(&diana, session), ADMIN), &works)).await;
        assert!(outcomes.iter().all(gives), "{variant}: {outcomes:?}");
        commit(&store, UnitOfWork::new().revoke_sessions(diana.id, None)).await;
    })
    .await;
}

/// Security checklist: 63.
pub async fn an_actor_whose_session_or_user_has_ended_writes_nothing(store: Arc<dyn Store>) {
    insert_with_password(&store, administrator("the_administrator")).await;
    for (number, (end, happen)) in (0..).zip(ENDS) {
        for (role, needs) in [(DEFAULT_ROLE, Needs::Session), (ADMIN_ROLE, ADMIN)] {
            let name = format!("actor_{number}_{role}");
            let values = UserValues { roles: vec![role.to_owned()], ..user_values(&name) };
            let actor = insert_with_password(&store, values).await;
            let session = open(&store, actor.id, hash(2 * number + u8::from(role == ADMIN_ROLE))).await;
            let context = request_of(&actor, session);
            commit(&store, happen(&actor, session)).await;
            let before = snapshot(&store).await;
            let work = by(&context, needs).insert_user(user_values("backdoor"), None, at(2));
            assert_eq!(refusal(&store, work).await, NOT_SIGNED_IN, "{end}, {role}");
            assert_eq!(snapshot(&store).await, before, "{end}, {role}");
        }
    }
}

/// Security checklist: 63.
pub async fn an_actor_whose_session_has_expired_or_is_idle_writes_nothing(store: Arc<dyn Store>) {
    let (diana, session) = diana(&store, 1).await;
    let context = request_of(&diana, session);
    let moment = Duration::microseconds(1);
    let valid = SessionValidity { now: at(3600) - moment, unseen_since: at(0) - moment };
    for (validity, expected) in [
        (valid, Ok(())),
        (SessionValidity { now: at(3600), ..valid }, Err(NOT_SIGNED_IN)),
        (SessionValidity { now: at(9000), ..valid }, Err(NOT_SIGNED_IN)),
        (SessionValidity { unseen_since: at(0), ..valid }, Err(NOT_SIGNED_IN)),
        (SessionValidity { unseen_since: at(3000), ..valid }, Err(NOT_SIGNED_IN)),
    ] {
        let work = must(UnitOfWork::by(&context, ADMIN, validity)).record(event(diana.id));
        assert_eq!(store.commit(work).await.map(|_| ()), expected, "{validity:?}");
    }
    must(store.touch_sessions(vec![SessionTouch { session, at: at(3001) }]).await);
    let used = SessionValidity { unseen_since: at(3000), ..valid };
    commit(&store, must(UnitOfWork::by(&context, ADMIN, used)).record(event(diana.id))).await;
}

/// Security checklist: 63.
pub async fn an_actor_does_not_write_with_the_session_of_another(store: Arc<dyn Store>) {
    let (diana, _) = diana(&store, 1).await;
    let alice = insert(&store, "alice").await;
    let of_alice = open(&store, alice.id, hash(2)).await;
    let work = by(&request_of(&diana, of_alice), ADMIN).record(event(alice.id));
    assert_eq!(refusal(&store, work).await, NOT_SIGNED_IN);
    let nobody = User { id: NOBODY, ..diana };
    for context in [request_of(&nobody, of_alice), external(&nobody, &[ADMIN_ROLE])] {
        let work = by(&context, ADMIN).record(event(alice.id));
        assert_eq!(refusal(&store, work).await, NOT_SIGNED_IN, "{context:?}");
    }
    assert_eq!(audit(&store).await, []);
}

/// Security checklist: 63.
pub async fn an_actor_who_has_lost_the_role_writes_nothing_that_needs_it(store: Arc<dyn Store>) {
    let (diana, session) = diana(&store, 1).await;
    let context = request_of(&diana, session);
    let mut demoted = diana.clone();
    for roles in
        [&[DEFAULT_ROLE][..], &[], &["Admin", "admins", "an admin", "\"admin\"", "a,admin,b", "%", "adm_n"]]
    {
        let roles: Vec<_> = roles.iter().map(|role| (*role).to_owned()).collect();
        demoted = update(&store, &demoted, |values| values.roles = roles.clone()).await;
        let before = snapshot(&store).await;
        for needs in [ADMIN, Needs::SelfOrAdmin(NOBODY)] {
            let work = by(&context, needs).insert_user(user_values("backdoor"), None, at(2));
            assert_eq!(refusal(&store, work).await, NO_ROLE, "{needs:?}: {roles:?}");
        }
        assert_eq!(snapshot(&store).await, before, "{roles:?}");
        // What needs no role goes on: they are still signed in.
        commit(&store, by(&context, Needs::SelfOrAdmin(diana.id)).record(event(diana.id))).await;
    }
    let several = ["auditor".to_owned(), ADMIN_ROLE.to_owned()];
    update(&store, &demoted, |values| values.roles = several.to_vec()).await;
    commit(&store, by(&context, ADMIN).record(event(diana.id))).await;
}

/// Security checklist: 63.
pub async fn the_session_comes_before_the_role_and_both_before_the_target(store: Arc<dyn Store>) {
    let (diana, session) = diana(&store, 1).await;
    let context = request_of(&diana, session);
    let taken = diana.values.clone();
    let targets = || {
        [
            by(&context, ADMIN).expect_user(NOBODY, 1),
            by(&context, ADMIN).delete_user(NOBODY, None),
            by(&context, ADMIN).insert_user(taken.clone(), None, at(2)),
            by(&context, ADMIN).revoke_session(NOBODY, session),
        ]
    };
    for work in targets() {
        assert!(![NOT_SIGNED_IN, NO_ROLE].contains(&refusal(&store, work).await));
    }
    update(&store, &diana, |values| values.roles = vec![DEFAULT_ROLE.to_owned()]).await;
    for work in targets() {
        assert_eq!(refusal(&store, work).await, NO_ROLE);
    }
    commit(&store, UnitOfWork::new().revoke_sessions(diana.id, None)).await;
    for work in targets() {
        assert_eq!(refusal(&store, work).await, NOT_SIGNED_IN);
    }
}

/// Security checklist: 63.
pub async fn an_actor_whose_own_values_change_meanwhile_goes_on(store: Arc<dyn Store>) {
    let (diana, session) = diana(&store, 1).await;
    let context = request_of(&diana, session);
    let mut now = diana.clone();
    let changes: [(&str, Edit); 4] = [
        ("e-mail address", |values| values.email = must(EmailAddress::parse("new@example.com"))),
        ("user name", |values| values.username = must(Username::parse("new_name"))),
        ("roles", |values| values.roles.push("editor".to_owned())),
        ("profile", |values| values.first_name = "New".to_owned()),
    ];
    for (what, change) in changes {
        now = update(&store, &now, change).await;
        let work = by(&context, ADMIN).record(event(diana.id));
        assert!(store.commit(work).await.is_ok(), "{what}");
    }
    // The password alone does not end a session: who changes it ends the sessions as well, if they are to end.
    let set = UnitOfWork::new().set_password(now.id, password("new"), now.security_version, at(2));
    commit(&store, set).await;
    commit(&store, by(&context, ADMIN).record(event(diana.id))).await;
    assert!(user(&store, diana.id).await.security_version > diana.security_version);
}

/// Security checklist: 63.
pub async fn an_external_actor_is_active_and_has_the_role_in_the_store(store: Arc<dyn Store>) {
    let (diana, _) = diana(&store, 1).await;
    let alice = insert(&store, "alice").await;
    let said = external(&alice, &[ADMIN_ROLE]);
    assert_eq!(refusal(&store, by(&said, ADMIN).record(event(alice.id))).await, NO_ROLE, "said, but not so");
    let narrowed = UnitOfWork::by(&external(&diana, &[DEFAULT_ROLE]), ADMIN, soon());
    assert_eq!(narrowed, Err(Precondition::Role), "so, but not said");
    commit(&store, UnitOfWork::new().revoke_sessions(diana.id, None)).await;
    let context = external(&diana, &[ADMIN_ROLE]);
    commit(&store, by(&context, ADMIN).record(event(diana.id))).await;
    let off = update(&store, &diana, |values| values.active = false).await;
    assert_eq!(refusal(&store, by(&context, ADMIN).record(event(diana.id))).await, NOT_SIGNED_IN);
    commit(&store, UnitOfWork::new().delete_user(off.id, None)).await;
    assert_eq!(refusal(&store, by(&context, ADMIN).record(event(diana.id))).await, NOT_SIGNED_IN);
}

/// Security checklist: 63.
pub async fn operators_need_no_session_and_strangers_begin_no_unit(store: Arc<dyn Store>) {
    let context = |actor| AccessContext { actor, ..AccessContext::anonymous() };
    let every = |user: UserId| [Needs::Session, ADMIN, Needs::SelfOrAdmin(user), Needs::Operator];
    for needs in every(NOBODY) {
        for actor in [Actor::System, Actor::Cli] {
            commit(&store, by(&context(actor), needs).record(event(NOBODY))).await;
        }
        assert_eq!(UnitOfWork::by(&context(Actor::Anonymous), needs, soon()), Err(Precondition::Actor));
    }
    let (diana, session) = diana(&store, 1).await;
    let ruler = UnitOfWork::by(&request_of(&diana, session), Needs::Operator, soon());
    assert_eq!(ruler, Err(Precondition::Role));
    let alice = insert(&store, "alice").await;
    let member = request_of(&alice, open(&store, alice.id, hash(2)).await);
    for needs in [ADMIN, Needs::SelfOrAdmin(diana.id), Needs::Operator] {
        assert_eq!(UnitOfWork::by(&member, needs, soon()), Err(Precondition::Role), "{needs:?}");
    }
}

/// Security checklist: 63.
pub async fn an_actor_who_ends_in_the_same_batch_writes_nothing_after_it(store: Arc<dyn Store>) {
    let (diana, session) = diana(&store, 1).await;
    let context = request_of(&diana, session);
    let demote = changed(&diana, |values| values.roles = vec![DEFAULT_ROLE.to_owned()]);
    let act = || by(&context, ADMIN).record(event(diana.id));
    let units = vec![
        act(),
        UnitOfWork::new().update_user(diana.id, diana.revision, demote, at(1)),
        act(),
        UnitOfWork::new().revoke_sessions(diana.id, None),
        act(),
    ];
    let answers: Vec<_> = store.commit_batch(units).await.into_iter().map(|answer| answer.err()).collect();
    assert_eq!(answers, [None, None, Some(NO_ROLE), None, Some(NOT_SIGNED_IN)]);
    assert_eq!(audit(&store).await.len(), 1);
    assert_eq!(session_ids(&store, diana.id).await, []);
}
