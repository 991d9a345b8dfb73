//! What somebody may do is decided where it is written, whatever the request knew when it came.

use std::fmt::Debug;

use chrono::Duration;
use denizen_models::{
    ADMIN_ROLE, DEFAULT_ROLE, DeleteAccountRequest, Password, Patch, PatchUserRequest, Secret, User,
    UserValues,
};
use denizen_services::{
    AccessContext, Actor, ChangeEmailError, ChangePasswordError, Clock as _, CreateUserError,
    DeleteAccountError, DeleteUserError, Failure, IfMatch, MailJobError, MailJobService as _, Network,
    PasswordHasher as _, SendPasswordResetError, SessionError, UpdateUserError,
    store::{MailJob, MailJobId, NewMailJob, Session, UnitOfWork, WriteStore as _},
};
use denizen_testkit::user_values;

use crate::support::{Entered, NEW_PASSWORD, OLD_PASSWORD, World, new_user, replacement};

/// Whom the use cases are about: another user with a session and a mail that waits.
struct Target {
    user: User,
    session: Session,
    mail: MailJobId,
}

/// Every use case that writes for a signed-in user, and whether it needs an administrator.
const USE_CASES: [(&str, bool); 16] = [
    ("create a user", true),
    ("replace a user", true),
    ("patch a user", true),
    ("patch the own roles", true),
    ("delete a user", true),
    ("send a password reset", true),
    ("discard a password", true),
    ("end a session of a user", true),
    ("end the sessions of a user", true),
    ("retry a mail", true),
    ("drop a mail", true),
    ("patch oneself", false),
    ("sign out", false),
    ("change the password", false),
    ("change the e-mail address", false),
    ("delete the own account", false),
];

macro_rules! failure_of {
    ($answer:expr, $error:ident) => {
        match $answer {
            Ok(_) => Ok(()),
            Err($error::Failure(failure)) => Err(failure),
            Err(other) => panic!("refused for another reason: {other:?}"),
        }
    };
}

async fn act(world: &World, use_case: &str, actor: &Entered, target: &Target) -> Result<(), Failure> {
    let (context, users, auth, jobs) = (&actor.context, &world.users, &world.auth, &world.accounts);
    let (own, id, any) = (actor.user.id, target.user.id, IfMatch::anything);
    let age = || PatchUserRequest { age: Patch::Set(30), ..PatchUserRequest::default() };
    let roles = || PatchUserRequest {
        roles: Patch::Set(vec!["admin".to_owned(), "editor".to_owned()]),
        ..PatchUserRequest::default()
    };
    match use_case {
        "create a user" => {
            failure_of!(users.create_user(context, new_user("backdoor")).await, CreateUserError)
        }
        "replace a user" => {
            let request = replacement(&target.user);
            failure_of!(users.update_user(context, id, request, any()).await, UpdateUserError)
        }
        "patch a user" => failure_of!(users.patch_user(context, id, age(), any()).await, UpdateUserError),
        "patch the own roles" => {
            failure_of!(users.patch_user(context, own, roles(), any()).await, UpdateUserError)
        }
        "delete a user" => failure_of!(users.delete_user(context, id, any()).await, DeleteUserError),
        "send a password reset" => {
            failure_of!(users.send_password_reset(context, id, false).await, SendPasswordResetError)
        }
        "discard a password" => {
            failure_of!(users.send_password_reset(context, id, true).await, SendPasswordResetError)
        }
        "end a session of a user" => {
            failure_of!(auth.revoke_session(context, id, target.session.id).await, SessionError)
        }
        "end the sessions of a user" => failure_of!(auth.revoke_sessions(context, id).await, SessionError),
        "retry a mail" => failure_of!(jobs.retry_mail_job(context, target.mail).await, MailJobError),
        "drop a mail" => failure_of!(jobs.drop_mail_job(context, target.mail).await, MailJobError),
        "patch oneself" => failure_of!(users.patch_user(context, own, age(), any()).await, UpdateUserError),
        "sign out" => failure_of!(auth.logout(context).await, SessionError),
        "change the password" => {
            failure_of!(world.change_password(context, OLD_PASSWORD, NEW_PASSWORD).await, ChangePasswordError)
        }
        "change the e-mail address" => {
            failure_of!(world.want_email(context, "new@example.com", OLD_PASSWORD).await, ChangeEmailError)
        }
        "delete the own account" => {
            let request = DeleteAccountRequest { password: Secret::from(OLD_PASSWORD) };
            failure_of!(users.delete_account(context, request).await, DeleteAccountError)
        }
        other => panic!("{other}"),
    }
}

/// What happens meanwhile, elsewhere, and whether the actor is still signed in after it.
const EVENTS: [(&str, bool); 8] = [
    ("nothing", true),
    ("demoted", true),
    ("own e-mail address confirmed", true),
    ("disabled", false),
    ("deleted", false),
    ("signed out", false),
    ("sessions ended", false),
    ("password changed", false),
];

async fn happen(elsewhere: &World, event: &str, actor: &Entered) {
    let id = actor.user.id;
    match event {
        "nothing" => {}
        "demoted" => {
            drop(elsewhere.change(id, |request| request.roles = Some(vec!["user".to_owned()])).await)
        }
        "own e-mail address confirmed" => elsewhere.change_email(id, "moved@example.com").await,
        "disabled" => elsewhere.switch_off(id).await,
        "deleted" => elsewhere.delete(id).await,
        "signed out" => elsewhere.auth.logout(&actor.context).await.expect("an open session"),
        "sessions ended" => {
            elsewhere.auth.revoke_sessions(&AccessContext::system(), id).await.expect("a user");
        }
        "password changed" => elsewhere.replace_password(id, NEW_PASSWORD).await,
        other => panic!("{other}"),
    }
}

/// All that a use case could have changed, but for what is drawn by chance.
async fn everything(world: &World, actor: &Entered, target: &Target) -> impl PartialEq + Debug + use<> {
    let story: Vec<_> =
        world.audit().await.into_iter().map(|event| (event.kind, event.actor, event.target)).collect();
    let jobs: Vec<_> =
        world.jobs().await.into_iter().map(|job| (job.mail, job.attempts, job.due_at)).collect();
    let backdoor = world.find_at("backdoor@example.com").await;
    let users = [world.find(actor.user.id).await, world.find(target.user.id).await, backdoor];
    let sessions =
        [world.sessions_of(actor.user.id).await.len(), world.sessions_of(target.user.id).await.len()];
    (story, jobs, users, sessions)
}

/// Creates a user as an import does, which judges no password, and signs in.
async fn enter(world: &World, name: &str, role: &str) -> Entered {
    let hash =
        world.hasher.hash(Network::SERVICE, Password::presented(&Secret::from(OLD_PASSWORD))).await.unwrap();
    let values = UserValues { roles: vec![role.to_owned()], ..user_values(name) };
    let work = UnitOfWork::new().insert_user(values, Some(hash), world.clock.now());
    world.store.commit(work).await.unwrap();
    world.enter(name).await
}

/// Diana is one of two administrators; the target is alice.
async fn world_of_two() -> (World, Entered, Target) {
    let world = World::new();
    enter(&world, "artemis", ADMIN_ROLE).await;
    let (diana, alice) =
        (enter(&world, "diana", ADMIN_ROLE).await, enter(&world, "alice", DEFAULT_ROLE).await);
    let mail = MailJob::PasswordChanged { user: alice.user.id.into() };
    let job = NewMailJob::new(mail, &AccessContext::system(), world.clock.now());
    world.store.commit(UnitOfWork::new().enqueue_mail(job)).await.unwrap();
    let target = Target { mail: world.only_job().await.id, user: alice.user, session: alice.session };
    (world, diana, target)
}

/// Security checklist: 63.
#[tokio::test]
async fn every_use_case_acts_with_the_authority_that_its_actor_has_at_the_commit() {
    for (event, signed_in) in EVENTS {
        // A world in which nothing but the event happens.
        let (calm, diana, target) = world_of_two().await;
        happen(&calm, event, &diana).await;
        let expected = everything(&calm, &diana, &target).await;
        for (use_case, needs_admin) in USE_CASES {
            let cell = format!("{use_case}, {event}");
            let (world, diana, target) = world_of_two().await;
            let (elsewhere, actor) = (world.rival(), diana.clone());
            world.before_next_commit(async move { happen(&elsewhere, event, &actor).await });

            let answer = act(&world, use_case, &diana, &target).await;

            let refusal = match (signed_in, event == "demoted" && needs_admin) {
                (false, _) => Some(Failure::Unauthenticated),
                (true, true) => Some(Failure::Forbidden("this is for administrators".into())),
                (true, false) => None,
            };
            assert_eq!(answer, refusal.clone().map_or(Ok(()), Err), "{cell}");
            if refusal.is_some() {
                assert_eq!(everything(&world, &diana, &target).await, expected, "{cell}");
            }
        }
    }
}

/// Security checklist: 63.
#[tokio::test]
async fn an_application_with_sessions_of_its_own_vouches_for_them_and_for_nothing_else() {
    let (world, diana, target) = world_of_two().await;
    let actor = |roles: &[&str]| {
        let (id, username) = (diana.user.id, diana.user.values.username.clone());
        let roles = roles.iter().map(|role| (*role).to_owned()).collect();
        AccessContext { actor: Actor::External { id, username, roles }, ..AccessContext::anonymous() }
    };
    let patch = async |context: &AccessContext| {
        let request = PatchUserRequest { age: Patch::Set(30), ..PatchUserRequest::default() };
        world.users.patch_user(context, target.user.id, request, IfMatch::anything()).await.map(|_| ())
    };
    world.auth.logout(&diana.context).await.unwrap();
    assert_eq!(patch(&actor(&["admin"])).await, Ok(()), "no session is needed");
    assert_eq!(
        patch(&actor(&["user"])).await,
        Err(UpdateUserError::NotFound(target.user.id)),
        "roles narrow"
    );
    world.change(diana.user.id, |request| request.roles = Some(vec!["user".to_owned()])).await;
    let forbidden = Failure::Forbidden("this is for administrators".into());
    assert_eq!(patch(&actor(&["admin"])).await, Err(forbidden.into()), "roles grant nothing");
    world.switch_off(diana.user.id).await;
    assert_eq!(patch(&actor(&["admin"])).await, Err(Failure::Unauthenticated.into()));
    world.delete(diana.user.id).await;
    assert_eq!(patch(&actor(&["admin"])).await, Err(Failure::Unauthenticated.into()));
}

/// Security checklist: 63.
#[tokio::test]
async fn a_session_that_is_idle_or_expired_by_the_commit_is_none_and_one_that_is_used_is_not_idle() {
    let patch = async |world: &World, diana: &Entered| {
        let request = PatchUserRequest { age: Patch::Set(30), ..PatchUserRequest::default() };
        world.users.patch_user(&diana.context, diana.user.id, request, IfMatch::anything()).await.map(|_| ())
    };
    // Idle for a week but for a moment, then used: the use counts although the store does not know of it yet.
    let (world, diana, _) = world_of_two().await;
    world.clock.advance(Duration::days(7) - Duration::seconds(1));
    let diana = world.use_session(&diana.signed_in).await.expect("a session that is not idle yet");
    world.clock.advance(Duration::seconds(15));
    assert_eq!(patch(&world, &diana).await, Ok(()));
    world.clock.advance(Duration::days(7));
    assert_eq!(patch(&world, &diana).await, Err(Failure::Unauthenticated.into()), "idle");

    let (world, diana, _) = world_of_two().await;
    for _ in 0..5 {
        world.clock.advance(Duration::days(6));
        world.lets_in(&diana.signed_in).await;
        world.accounts.flush_last_seen().await.unwrap();
    }
    assert_eq!(patch(&world, &diana).await, Err(Failure::Unauthenticated.into()), "expired after 30 days");
}
