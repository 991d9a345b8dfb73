//! What a stranger can learn from the answers, and from the work behind them.

use std::collections::BTreeMap;

use denizen_models::CreateUserRequest;
use denizen_services::{
    Disclosure, LinkTemplate, MailMessage, NoticeTemplate, SignedUp,
    store::{AuditKind, MailJob, QueuedMail, ReadStore as _},
};

use crate::support::{NEW_PASSWORD, OLD_PASSWORD, World, new_user, stranger};

/// An open world with alice, with bob who is switched off, and with carol, who has signed up and confirmed nothing.
async fn populated() -> World {
    let world = World::open(Disclosure::Uniform);
    world.create("alice").await;
    let bob = world.create("bob").await;
    world.switch_off(bob.id).await;
    world.obtain_confirmation("carol").await;
    world
}

/// Sign-ups with addresses and names that are taken, wished for, and free.
fn requests() -> [CreateUserRequest; 6] {
    let named = |name: &str, email: &str| CreateUserRequest { email: email.to_owned(), ..new_user(name) };
    [
        new_user("alice"),
        new_user("bob"),
        new_user("carol"),
        new_user("dave"),
        named("alice", "erin@example.com"),
        named("frank", "ALICE@example.com"),
    ]
}

/// Security checklist: 42.
#[tokio::test]
async fn every_address_and_every_name_gets_the_same_answer_for_the_same_work() {
    for request in requests() {
        let world = populated().await;
        world.store.reset();
        let work = || (world.hasher.hashes(), world.hasher.runs(), world.hasher.verifications());
        let (hashes, runs, verifications) = work();
        for (repeated, request) in [request.clone(), request].into_iter().enumerate() {
            let name = format!("{} at {}", request.username, request.email);
            let answer = world.users.sign_up(&stranger(), request).await;
            assert_eq!(answer, Ok(SignedUp::Pending), "{name}");
            let times = u64::try_from(repeated).unwrap() + 1;
            assert_eq!(world.store.all_calls(), BTreeMap::from([("commit", 2 * times)]), "{name}");
            assert_eq!(work(), (hashes + times, runs + times, verifications), "{name}");
        }
        assert_eq!(world.store.user_reads(), 0);
    }
}

#[tokio::test]
async fn what_waits_for_every_address_looks_the_same() {
    let world = populated().await;
    for name in ["alice", "dave", "carol"] {
        world.sign_up(name).await.unwrap();
    }
    let mut jobs = world.jobs().await;
    for (job, name) in jobs.iter_mut().zip(["alice", "dave", "carol"]) {
        assert_eq!(job.mail, MailJob::SignUp { address: format!("{name}@example.com") });
        job.mail = MailJob::SignUp { address: "x".to_owned() };
    }
    for other in &jobs[1..] {
        assert_eq!(*other, QueuedMail { id: other.id, ..jobs[0].clone() });
    }
}

/// Security checklist: 42.
#[tokio::test]
async fn the_owner_of_a_taken_address_is_told_and_nothing_changes() {
    let world = populated().await;
    let alice = world.find_at("alice@example.com").await.unwrap();
    let request = CreateUserRequest { email: "ALICE@Example.com".to_owned(), ..new_user("mallory") };
    world.users.sign_up(&stranger(), request).await.unwrap();
    assert!(world.store.find_registration(&alice.values.email).await.unwrap().is_some());
    world.deliver_mail().await;
    let mails = world.mailer.sent_to("alice@example.com");
    assert_eq!(
        (mails.len(), mails[0].to.as_str(), mails[0].name.as_str()),
        (1, "alice@example.com", "Sample")
    );
    let MailMessage::Notice { template: NoticeTemplate::AccountExists, at, ip } = mails[0].message else {
        panic!("{mails:?}")
    };
    assert_eq!((at, ip), (alice.created_at, stranger().ip));
    // The password that somebody else chose is not kept for her.
    assert_eq!(world.store.find_registration(&alice.values.email).await, Ok(None));
    assert_eq!(world.find(alice.id).await, Some(alice));
    assert!(world.log_in("alice", OLD_PASSWORD).await.is_ok());
}

#[tokio::test]
async fn a_stranger_is_mailed_a_token_and_is_nobody_until_it_is_used() {
    let world = World::open(Disclosure::Uniform);
    world.sign_up("alice").await.unwrap();
    assert!(world.tokens.minted().is_empty() && world.mailer.sent().is_empty());
    world.deliver_mail().await;
    let mails = world.mailer.sent();
    let MailMessage::Link { template: LinkTemplate::ConfirmSignUp(username), valid_for, .. } =
        &mails[0].message
    else {
        panic!("{mails:?}")
    };
    assert_eq!((username.as_str(), valid_for.num_hours(), mails.len()), ("alice", 24, 1));
    // Whoever types somebody's address could write an advertisement into the name.
    assert_eq!((mails[0].to.as_str(), mails[0].name.as_str()), ("alice@example.com", ""));
    assert!(world.find_at("alice@example.com").await.is_none() && world.audit().await.is_empty());
    assert!(world.log_in("alice", OLD_PASSWORD).await.is_err());
}

#[tokio::test]
async fn a_second_wish_takes_the_place_of_the_first() {
    let world = World::open(Disclosure::Uniform);
    let first = world.obtain_confirmation("alice").await;
    let request = CreateUserRequest {
        username: "alice_again".to_owned(),
        password: Some(NEW_PASSWORD.into()),
        ..new_user("alice")
    };
    world.users.sign_up(&stranger(), request).await.unwrap();
    // From now on, before the second mail is out.
    assert!(world.verify(&first).await.is_err());
    world.deliver_mail().await;
    world.verify(&world.token_for("alice@example.com")).await.unwrap();
    assert!(world.log_in("alice_again", NEW_PASSWORD).await.is_ok());
    assert_eq!(world.recorded(AuditKind::SignedUp).await, 1);
}
