//! From the mailed token to the user.

use chrono::Duration;
use denizen_models::{CreateUserRequest, EmailVerificationRequest, Profile, Secret, VerifyEmailRequest};
use denizen_services::{
    AccessContext, Clock as _, Disclosure, Failure, HashError, Limits, Mail, MailError, MailMessage,
    NoticeTemplate, ServiceSettings, SignedUp, VerifyEmailError,
    store::{AuditEvent, AuditKind, StoreFailure},
};

use crate::support::{NEW_PASSWORD, OLD_PASSWORD, World, choices, failing_members, new_user, stranger};

const ALICE: &str = "alice@example.com";
const DEAD: Result<(), VerifyEmailError> = Err(VerifyEmailError::InvalidOrExpired);

/// Alice has signed up and read the mail.
async fn world_with_token() -> (World, String) {
    let world = World::open(Disclosure::Uniform);
    let token = world.obtain_confirmation("alice").await;
    (world, token)
}

/// The members for which a confirmation is refused.
async fn failing(world: &World, request: VerifyEmailRequest) -> Vec<String> {
    match world.users.verify_email(&stranger(), request).await {
        Err(VerifyEmailError::Failure(Failure::Invalid(errors))) => failing_members(&errors),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn whoever_has_the_token_becomes_a_user_with_a_verified_address() {
    let (world, token) = world_with_token().await;
    world.clock.advance(Duration::hours(1));
    let profile = Profile { location: "London".to_owned(), ..Profile::default() };
    let request =
        VerifyEmailRequest { age: Some(36), profile: Some(profile.clone()), ..choices(&token, "ada") };
    assert_eq!(world.users.verify_email(&stranger(), request).await, Ok(()));
    let ada = world.find_at(ALICE).await.unwrap();
    assert_eq!((ada.values.username.as_str(), ada.values.email.as_str()), ("ada", ALICE));
    assert_eq!((ada.values.first_name.as_str(), ada.values.last_name.as_str()), ("Sample", "User"));
    assert_eq!((ada.values.age, &ada.values.profile), (36, &Some(profile)));
    assert_eq!(ada.values.roles, ["user"]);
    assert!(ada.values.active && ada.values.email_verified);
    assert_eq!(ada.created_at, world.clock.now());
    assert!(world.log_in("ada", OLD_PASSWORD).await.is_ok());
    let expected = AuditEvent {
        kind: AuditKind::SignedUp,
        at: world.clock.now(),
        actor: "anonymous".to_owned(),
        target: Some(ada.id),
        key: None,
        ip: stranger().ip,
        request_id: "stranger".to_owned(),
    };
    assert_eq!(world.audit().await[0], expected);
}

/// Security checklist: 65.
#[tokio::test]
async fn whoever_asks_and_however_often_the_owner_of_the_mailbox_chooses_name_and_password() {
    // Who asks, in which order: a stranger (typing in their own way), the owner, and either of them again.
    for story in ["ALICE alice", "alice ALICE", "ALICE alice ALICE", "alice ALICE alice ALICE ALICE"] {
        let world = World::open(Disclosure::Uniform);
        for name in story.split(' ') {
            assert_eq!(world.sign_up(name).await, Ok(SignedUp::Pending), "{story}");
            world.deliver_mail().await;
        }
        assert_eq!((world.hasher.hashes(), world.hasher.runs()), (0, 0), "{story}");
        // The newest link counts, whoever asked for it.
        let minted = world.tokens.minted();
        let (newest, older) = minted.split_last().unwrap();
        for token in older {
            assert_eq!(world.confirm_sign_up(token, "mallory").await, DEAD, "{story}");
        }
        let request =
            VerifyEmailRequest { password: Some(NEW_PASSWORD.into()), ..choices(newest, "the_owner") };
        assert_eq!(world.users.verify_email(&stranger(), request).await, Ok(()), "{story}");
        assert!(world.log_in("the_owner", NEW_PASSWORD).await.is_ok(), "{story}");
        assert!(world.log_in(ALICE, OLD_PASSWORD).await.is_err(), "{story}");
        assert_eq!(world.recorded(AuditKind::SignedUp).await, 1);
    }
}

#[tokio::test]
async fn a_token_works_once_and_until_it_expires() {
    let (world, token) = world_with_token().await;
    world.clock.advance(Duration::days(1));
    assert_eq!(world.confirm_sign_up(&token, "alice").await, DEAD);
    assert_eq!(world.address_to_sign_up(&token).await, None);
    world.clock.advance(-Duration::microseconds(1));
    assert_eq!(world.address_to_sign_up(&token).await.as_deref(), Some(ALICE));
    assert_eq!(world.confirm_sign_up(&token, "alice").await, Ok(()));
    assert_eq!(world.confirm_sign_up(&token, "alicia").await, DEAD);
    assert_eq!(world.address_to_sign_up(&token).await, None);
}

#[tokio::test]
async fn of_two_confirmations_at_once_one_counts() {
    let (world, token) = world_with_token().await;
    // When the attempt is counted, and when the token is used.
    world.hold_commits_until_there_are(2);
    world.hold_commits_until_there_are(2);
    let (one, two) =
        tokio::join!(world.confirm_sign_up(&token, "alice"), world.confirm_sign_up(&token, "alicia"));
    assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
    assert_eq!((one.and(two), world.recorded(AuditKind::SignedUp).await), (DEAD, 1));
}

#[tokio::test]
async fn what_is_wrong_with_the_members_is_told_and_is_no_attempt() {
    let (world, token) = world_with_token().await;
    world.create("bob").await;
    let names = [
        "username: username must be at least 3 characters long",
        "first_name: first name cannot be empty",
        "last_name: last name cannot be empty",
    ];
    for number in 0..6 {
        let bare = VerifyEmailRequest { token: Secret::from(&*token), ..VerifyEmailRequest::default() };
        assert_eq!(failing(&world, bare).await.len(), 4, "everything is missing");
        let short = VerifyEmailRequest {
            first_name: String::new(),
            last_name: String::new(),
            ..choices(&token, "b")
        };
        assert_eq!(failing(&world, short).await, names);
        for (password, reason) in [
            (None, "password: password cannot be empty"),
            (Some("short"), "password: password must be at least 8 characters long"),
            (Some("P@ssw0rd"), "password: password is too common"),
            (Some("alice@example.com"), "password: password cannot be your own name or address"),
        ] {
            // Also with a name that is taken: it is not even looked at.
            let password = password.map(Secret::from);
            let request = VerifyEmailRequest { password, ..choices(&token, "bob") };
            assert_eq!(failing(&world, request).await, [reason], "{number}");
        }
    }
    assert_eq!(world.confirm_sign_up(&token, "alice").await, Ok(()));
}

/// Security checklist: 65.
#[tokio::test]
async fn five_names_that_are_taken_use_the_token_up() {
    let (world, token) = world_with_token().await;
    world.create("bob").await;
    for attempt in 1..=5 {
        let refused = world.confirm_sign_up(&token, "BOB").await.unwrap_err();
        let name = "BOB".to_owned();
        if attempt < 5 {
            assert_eq!(refused, VerifyEmailError::UsernameTaken(name));
            assert_eq!(refused.to_string(), "username 'BOB' already exists");
        } else {
            assert_eq!(refused, VerifyEmailError::LastUsernameTaken(name));
            let told =
                "username 'BOB' already exists, and the token is used up; sign up again to get a new one";
            assert_eq!(refused.to_string(), told);
        }
    }
    for name in ["bob", "alice"] {
        assert_eq!(world.confirm_sign_up(&token, name).await, DEAD, "{name}");
    }
    assert_eq!(world.address_to_sign_up(&token).await, None);
    let token = world.obtain_confirmation("alice").await;
    for _ in 0..4 {
        assert!(world.confirm_sign_up(&token, "bob").await.is_err());
    }
    assert_eq!(
        world.confirm_sign_up(&token, "alice").await,
        Ok(()),
        "the fifth attempt counts like the first"
    );
}

/// Security checklist: 65.
#[tokio::test]
async fn of_fifty_attempts_at_once_five_are_told_of_a_name() {
    let (world, token) = world_with_token().await;
    world.create("bob").await;
    world.hold_commits_until_there_are(50);
    let attempts = (0..50).map(|_| {
        let (world, token) = (world.clone(), token.clone());
        tokio::spawn(async move { world.confirm_sign_up(&token, "bob").await })
    });
    let (mut told, mut dead) = (0, 0);
    for attempt in attempts.collect::<Vec<_>>() {
        match attempt.await.unwrap().unwrap_err() {
            VerifyEmailError::UsernameTaken(_) | VerifyEmailError::LastUsernameTaken(_) => told += 1,
            VerifyEmailError::InvalidOrExpired => dead += 1,
            other @ VerifyEmailError::Failure(_) => panic!("{other}"),
        }
    }
    assert_eq!((told, dead), (5, 45));
}

#[tokio::test]
async fn the_token_of_an_account_takes_no_other_member() {
    let world = World::new();
    let alice = world.create("alice").await;
    let token = world.obtain_verification(ALICE).await;
    assert_eq!(world.address_to_sign_up(&token).await, None);
    let all =
        VerifyEmailRequest { age: Some(0), profile: Some(Profile::default()), ..choices(&token, "mallory") };
    let expected = ["username", "password", "first_name", "last_name", "age", "profile"]
        .map(|member| format!("{member}: {member} must be absent: the token is not that of a sign-up"));
    assert_eq!(failing(&world, all).await, expected);
    assert_eq!(world.find(alice.id).await, Some(alice));
    assert_eq!(world.verify(&token).await, Ok(()));
}

#[tokio::test]
async fn when_the_address_was_taken_meanwhile_the_token_is_dead() {
    let (world, token) = world_with_token().await;
    let other = CreateUserRequest { email: ALICE.to_owned(), ..new_user("other") };
    world.users.create_user(&AccessContext::system(), other).await.unwrap();
    assert_eq!(world.confirm_sign_up(&token, "alice").await, DEAD);
    assert_eq!(world.recorded(AuditKind::SignedUp).await, 0);
}

#[tokio::test]
async fn when_registration_is_closed_nobody_who_waits_becomes_a_user_or_is_mailed() {
    let (world, token) = world_with_token().await;
    world.sign_up("bob").await.unwrap();
    let closed = ServiceSettings { limits: Limits::GENEROUS, ..ServiceSettings::default() };
    let closed = world.rival_with(closed);
    assert_eq!(closed.address_to_sign_up(&token).await, None);
    assert_eq!(closed.confirm_sign_up(&token, "alice").await, DEAD);
    assert_eq!((closed.deliver_mail().await, world.mailer.sent().len()), (1, 1));
    assert_eq!(world.confirm_sign_up(&token, "alice").await, Ok(()));
}

#[tokio::test]
async fn a_sign_up_that_is_renewed_while_it_is_prepared_gets_one_mail_with_one_token() {
    let world = World::open(Disclosure::Uniform);
    world.sign_up("alice").await.unwrap();
    let rival = world.rival();
    world.before_next_commit(async move {
        assert_eq!(rival.sign_up("alice").await, Ok(SignedUp::Pending));
    });
    assert_eq!((world.deliver_mail().await, world.mailer.sent_to(ALICE).len()), (2, 1));
    let minted = world.tokens.minted();
    assert_eq!((minted.len(), world.confirm_sign_up(&minted[0], "alice").await), (2, DEAD));
    assert_eq!(world.confirm_sign_up(&minted[1], "alice").await, Ok(()));
}

#[tokio::test]
async fn a_mail_that_fails_is_tried_again_with_another_token_and_a_whole_day_to_use_it() {
    let world = World::open(Disclosure::Uniform);
    world.sign_up("alice").await.unwrap();
    world.mailer.fail_next(1, MailError::Temporary("no connection".into()));
    world.deliver_mail().await;
    world.clock.advance(Duration::hours(23));
    world.deliver_mail().await;
    world.clock.advance(Duration::hours(23));
    let minted = world.tokens.minted();
    assert_eq!(world.confirm_sign_up(&minted[0], "alice").await, DEAD);
    assert_eq!(world.confirm_sign_up(&minted[1], "alice").await, Ok(()));
}

#[tokio::test]
async fn a_link_works_until_the_next_one_is_made() {
    let (world, token) = world_with_token().await;
    world.sign_up("alice").await.unwrap();
    assert_eq!(world.address_to_sign_up(&token).await.as_deref(), Some(ALICE));
    world.deliver_mail().await;
    assert_eq!(world.confirm_sign_up(&token, "alice").await, DEAD);
    assert_eq!(world.confirm_sign_up(&world.token_for(ALICE), "alice").await, Ok(()));
}

#[tokio::test]
async fn whoever_gets_the_address_before_the_mail_goes_out_is_told_instead() {
    let world = World::open(Disclosure::Uniform);
    world.sign_up("alice").await.unwrap();
    world.create("alice").await;
    world.deliver_mail().await;
    let mails = world.mailer.sent_to(ALICE);
    assert!(matches!(
        mails[..],
        [Mail { message: MailMessage::Notice { template: NoticeTemplate::AccountExists, .. }, .. }]
    ));
}

#[tokio::test]
async fn a_request_to_verify_the_address_leaves_a_sign_up_as_it_is() {
    let (world, token) = world_with_token().await;
    let request = EmailVerificationRequest { email: ALICE.to_owned() };
    world.users.request_email_verification(&stranger(), request).await.unwrap();
    assert_eq!((world.deliver_mail().await, world.mailer.sent().len()), (1, 1));
    assert_eq!(world.confirm_sign_up(&token, "alice").await, Ok(()));
}

#[tokio::test]
async fn failures_of_hasher_and_store_are_passed_on_and_the_token_still_works() {
    let (world, token) = world_with_token().await;
    world.hasher.fail_next(HashError::Busy);
    assert_eq!(world.confirm_sign_up(&token, "alice").await, Err(HashError::Busy.into()));
    let busy = StoreFailure::Busy("a full queue".into());
    world.fail_next_commit(busy.clone());
    assert_eq!(world.confirm_sign_up(&token, "alice").await, Err(busy.into()));
    assert_eq!(world.confirm_sign_up(&token, "alice").await, Ok(()));
}
