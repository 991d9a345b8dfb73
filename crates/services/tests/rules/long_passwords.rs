//! Passwords beyond all measure.

use denizen_models::{CreateUserRequest, Secret, VerifyEmailRequest};
use denizen_services::{
    AcceptInvitationError, AccessContext, ChangePasswordError, CreateUserError, Disclosure, Failure,
    LoginError, VerifyEmailError,
};

use crate::support::{NEW_PASSWORD, OLD_PASSWORD, World, choices, failing_members, new_user, stranger};

const TOO_LONG: &str = "password cannot exceed 256 characters";

/// One character too many, and ten megabytes too many.
fn absurd() -> [String; 2] {
    ["x".repeat(257), "x".repeat(10_000_000)]
}

/// Security checklist: 35.
#[tokio::test]
async fn a_password_that_is_too_long_is_refused_before_anything_is_hashed_or_compared() {
    let world = World::open(Disclosure::Uniform);
    world.create("alice").await;
    let alice = world.enter("alice").await.context;
    let carol = world.create_without_password("carol").await;
    let invitation = world.accounts.invite_by_hand(&AccessContext::system(), carol.id).await.unwrap();
    let sign_up = world.obtain_confirmation("dave").await;
    let work = (world.hasher.hashes(), world.hasher.verifications());
    for password in absurd() {
        let secret = || Some(Secret::from(password.as_str()));
        let Err(LoginError::Failure(Failure::Invalid(errors))) = world.log_in("alice", &password).await
        else {
            panic!("not refused")
        };
        assert_eq!(failing_members(&errors), [format!("password: {TOO_LONG}")]);
        let request = CreateUserRequest { password: secret(), ..new_user("bob") };
        let created = world.users.create_user(&AccessContext::system(), request).await;
        let Err(CreateUserError::Failure(Failure::Invalid(errors))) = created else { panic!("not refused") };
        assert_eq!(failing_members(&errors), [format!("password: {TOO_LONG}")]);
        let confirmation = VerifyEmailRequest { password: secret(), ..choices(&sign_up, "dave") };
        let Err(VerifyEmailError::Failure(Failure::Invalid(errors))) =
            world.users.verify_email(&stranger(), confirmation).await
        else {
            panic!("not refused")
        };
        assert_eq!(failing_members(&errors), [format!("password: {TOO_LONG}")]);
        for (current, new) in [(&*password, NEW_PASSWORD), (OLD_PASSWORD, &password)] {
            let changed = world.change_password(&alice, current, new).await;
            let Err(ChangePasswordError::Failure(Failure::Invalid(errors))) = changed else {
                panic!("not refused")
            };
            assert_eq!(errors.iter().count(), 1);
            assert!(errors.to_string().ends_with(TOO_LONG), "{errors}");
        }
        let accepted = world.accept(invitation.expose(), &password).await;
        let Err(AcceptInvitationError::Failure(Failure::Invalid(errors))) = accepted else {
            panic!("not refused")
        };
        assert_eq!(failing_members(&errors), [format!("password: {TOO_LONG}")]);
    }
    assert_eq!((world.hasher.hashes(), world.hasher.verifications()), work);
}
