//! What a stranger can learn from the answers, and from the work behind them.

use std::collections::BTreeMap;

use denizen_models::CreateUserRequest;
use denizen_services::{
    Disclosure, LinkTemplate, MailMessage, NoticeTemplate, SignedUp,
    store::{MailJob, QueuedMail},
};

use crate::support::{OLD_PASSWORD, World, address_of, stranger};

/// An open world with alice, with bob who is switched off, and with carol, who has signed up and confirmed nothing.
async fn populated() -> World {
    let world = World::open(Disclosure::Uniform);
    world.create("alice").await;
    let bob = world.create("bob").await;
    world.switch_off(bob.id).await;
    world.obtain_confirmation("carol").await;
    world
}

/// Sign-ups with addresses that are taken, that wait, and that are free.
fn requests() -> [CreateUserRequest; 5] {
    ["alice", "ALICE", "bob", "carol", "dave"].map(address_of)
}

/// Security checklist: 42, 65.
#[tokio::test]
async fn every_address_gets_the_same_answer_for_the_same_work_and_nothing_is_hashed() {
    for request in requests() {
        let world = populated().await;
        world.store.reset();
        let work = || (world.hasher.hashes(), world.hasher.runs(), world.hasher.verifications());
        let before = work();
        for (repeated, request) in [request.clone(), request].into_iter().enumerate() {
            let email = request.email.clone();
            let answer = world.users.sign_up(&stranger(), request).await;
            assert_eq!(answer, Ok(SignedUp::Pending), "{email}");
            let times = u64::try_from(repeated).unwrap() + 1;
            assert_eq!(world.store.all_calls(), BTreeMap::from([("commit", times)]), "{email}");
            assert_eq!(work(), before, "{email}");
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
    world.users.sign_up(&stranger(), address_of("ALICE")).await.unwrap();
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
    assert_eq!(world.tokens.minted().len(), 1, "that of carol");
    assert_eq!(world.find(alice.id).await, Some(alice));
    assert!(world.log_in("alice", OLD_PASSWORD).await.is_ok());
}

#[tokio::test]
async fn a_stranger_is_mailed_a_token_and_is_nobody_until_it_is_used() {
    let world = World::open(Disclosure::Uniform);
    world.sign_up("Alice").await.unwrap();
    assert!(world.tokens.minted().is_empty() && world.mailer.sent().is_empty());
    world.deliver_mail().await;
    let mails = world.mailer.sent();
    let MailMessage::Link { template: LinkTemplate::ConfirmSignUp, valid_for, .. } = &mails[0].message else {
        panic!("{mails:?}")
    };
    assert_eq!((valid_for.num_hours(), mails.len()), (24, 1));
    // Nothing in it was typed by the client, not even the case of the address.
    assert_eq!((mails[0].to.as_str(), mails[0].name.as_str()), ("alice@example.com", ""));
    assert!(world.find_at("alice@example.com").await.is_none() && world.audit().await.is_empty());
    assert!(world.log_in("alice", OLD_PASSWORD).await.is_err());
}
