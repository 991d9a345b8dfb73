//! All or nothing, in order, and the same failure in every store.

use std::sync::Arc;

use denizen_models::Username;
use denizen_services::store::{
    Change, CommitError, Committed, MailJob, Outcome, Store, StoreFailure, UniqueKey, UnitOfWork, UserRef,
};

use crate::{
    contract::{
        examples::{Example, World, event, examples, notice, variant},
        verbs::{
            NOBODY, RESET, TOKEN_GONE, USER_GONE, at, audit, changed, commit, credentials, find_session,
            hash, insert, mail_jobs, password, refusal, session, snapshot, token, update, user,
        },
    },
    must, user_values,
};

/// Calls `check` with every example, each in a world of its own.
pub(super) async fn for_each_example(store: &Arc<dyn Store>, check: impl AsyncFn(&World, Example)) {
    let mut number = 0;
    loop {
        let world = World::build(store, number).await;
        let Some(example) = examples(&world).into_iter().nth(usize::from(number)) else { break };
        check(&world, example).await;
        number += 1;
    }
}

pub(super) fn join(first: UnitOfWork, second: &UnitOfWork) -> UnitOfWork {
    second.changes().iter().cloned().fold(first, UnitOfWork::with)
}

pub async fn every_change_gives_its_outcome_in_its_place(store: Arc<dyn Store>) {
    for_each_example(&store, async |world, Example { variant: name, works, gives, .. }| {
        assert_eq!(
            works.changes().iter().map(variant).collect::<Vec<_>>(),
            [name],
            "an example of its variant"
        );
        let work = join(UnitOfWork::new().record(event(world.alice.id)).revoke_tokens(NOBODY), &works);
        let outcomes = commit(&store, work.record(event(world.alice.id))).await;
        assert_eq!(outcomes[..2], [Outcome::Done, Outcome::Count(0)], "{name}");
        assert!(gives(&outcomes[2]), "{name}: {outcomes:?}");
        assert_eq!(outcomes[3], Outcome::Done, "{name}");
    })
    .await;
}

/// Security checklist: 21, 22.
pub async fn every_change_is_taken_back_when_its_unit_fails(store: Arc<dyn Store>) {
    for_each_example(&store, async |_, Example { variant, works, gives, .. }| {
        let before = snapshot(&store).await;
        let failing = join(UnitOfWork::new(), &works).expect_user(NOBODY, 1);
        assert_eq!(refusal(&store, failing).await, USER_GONE, "{variant}");
        assert_eq!(snapshot(&store).await, before, "{variant}");
        // What cannot be read (indexes, leases) is as before, too: the change works as if nothing had been.
        let outcomes = commit(&store, works).await;
        assert!(outcomes.iter().all(gives), "{variant}: {outcomes:?}");
    })
    .await;
}

pub async fn every_change_fails_or_does_nothing_without_its_row(store: Arc<dyn Store>) {
    for_each_example(&store, async |world, Example { variant: name, missing, answer, .. }| {
        assert_eq!(
            missing.changes().iter().map(variant).collect::<Vec<_>>(),
            [name],
            "an example of its variant"
        );
        let before = snapshot(&store).await;
        match answer {
            Ok(outcome) => {
                assert_eq!(commit(&store, missing).await, [outcome], "{name}");
                let mut after = snapshot(&store).await;
                after.audit.retain(|record| record.event.target != Some(NOBODY));
                assert_eq!(after, before, "{name}");
            }
            Err(expected) => {
                let newcomer = user_values(&format!("newcomer_{}", world.number));
                let first = UnitOfWork::new()
                    .record(event(world.alice.id))
                    .revoke_tokens(world.alice.id)
                    .revoke_sessions(world.alice.id, None);
                // One insertion at most in a unit.
                let first =
                    if name == "InsertUser" { first } else { first.insert_user(newcomer, None, at(9)) };
                let work = join(first.enqueue_mail(notice(world.alice.id)), &missing);
                assert_eq!(refusal(&store, work).await, expected, "{name}");
                assert_eq!(snapshot(&store).await, before, "{name}");
            }
        }
    })
    .await;
}

pub async fn a_deletion_is_taken_back_with_all_that_it_removed(store: Arc<dyn Store>) {
    let World { alice, lease, .. } = World::build(&store, 0).await;
    let before = snapshot(&store).await;
    // The name is free within the unit, and taken again after it.
    let failing = UnitOfWork::new()
        .delete_user(alice.id, None)
        .insert_user(alice.values.clone(), Some(password("theirs")), at(9))
        .put_token(UserRef::Created, RESET, hash(9), at(600))
        .enqueue_mail(notice(UserRef::Created))
        .record(event(UserRef::Created))
        .expect_user(NOBODY, 1);
    assert_eq!(refusal(&store, failing).await, USER_GONE);
    assert_eq!(snapshot(&store).await, before);
    assert_eq!(must(store.find_user_by_username(&alice.values.username).await), Some(alice.clone()));
    assert_eq!(must(store.find_user_by_email(&alice.values.email).await), Some(alice.clone()));
    let rest = UnitOfWork::new()
        .expect_lease(lease)
        .consume_token(alice.id, RESET, hash(0), at(9))
        .revoke_sessions(alice.id, None);
    assert_eq!(commit(&store, rest).await, [Outcome::Done, Outcome::Done, Outcome::Count(1)]);
}

pub async fn changes_see_what_the_unit_did_before_them(store: Arc<dyn Store>) {
    let alice = insert(&store, "alice").await;
    let renamed = changed(&alice, |values| values.username = must(Username::parse("alicia")));
    let mut newcomer = user_values("alice");
    newcomer.email = user_values("newcomer").email;
    let work = UnitOfWork::new()
        .update_user(alice.id, alice.revision, renamed, at(1))
        .insert_user(newcomer, None, at(1))
        .put_token(alice.id, RESET, hash(1), at(600))
        .consume_token(alice.id, RESET, hash(1), at(1))
        .insert_session(session(alice.id, hash(2)))
        .revoke_sessions(alice.id, None)
        .set_password(alice.id, password("new"), alice.security_version, at(1));
    let outcomes = commit(&store, work.clone()).await;
    assert_eq!(outcomes[5], Outcome::Count(1));
    assert_eq!((token(&store, hash(1)).await, find_session(&store, hash(2)).await), (None, None));
    let bob = insert(&store, "bob").await;
    let twice = UnitOfWork::new()
        .set_password(bob.id, password("one"), bob.security_version, at(1))
        .set_password(bob.id, password("two"), bob.security_version, at(1));
    assert_eq!(refusal(&store, twice).await, USER_GONE, "the first one made the second one's version old");
    assert_eq!(credentials(&store, bob.id).await.hash, None);
}

pub async fn a_user_can_be_referred_to_by_the_unit_that_creates_it(store: Arc<dyn Store>) {
    let work = UnitOfWork::new()
        .insert_user(user_values("alice"), None, at(0))
        .put_token(UserRef::Created, RESET, hash(1), at(600))
        .enqueue_mail(notice(UserRef::Created))
        .record(event(UserRef::Created));
    let alice = must(must(store.commit(work).await).user());
    assert_eq!(token(&store, hash(1)).await.map(|token| token.user), Some(alice));
    let mails: Vec<_> = mail_jobs(&store).await.into_iter().map(|job| job.mail).collect();
    assert_eq!(mails, [MailJob::PasswordChanged { user: alice }]);
    let targets: Vec<_> = audit(&store).await.into_iter().map(|event| event.target).collect();
    assert_eq!(targets, [Some(alice)]);
}

pub async fn the_first_failing_change_names_the_error(store: Arc<dyn Store>) {
    let alice = insert(&store, "alice").await;
    let changes = [
        (Change::ExpectUser { user: NOBODY, security_version: 1 }, USER_GONE),
        (
            Change::InsertUser { values: alice.values.clone(), password: None, at: at(0) },
            CommitError::Conflict(UniqueKey::Username),
        ),
        (Change::ConsumeToken { user: alice.id, purpose: RESET, hash: hash(1), now: at(0) }, TOKEN_GONE),
    ];
    for (first, expected) in &changes {
        for (second, _) in changes.iter().filter(|(second, _)| second != first) {
            let work = UnitOfWork::new().with(first.clone()).with(second.clone());
            assert_eq!(refusal(&store, work).await, *expected, "{first:?} {second:?}");
        }
    }
}

pub async fn a_stale_version_is_named_before_a_conflict(store: Arc<dyn Store>) {
    let (alice, bob) = (insert(&store, "alice").await, insert(&store, "bob").await);
    update(&store, &alice, |values| values.age = 30).await;
    for values in [
        bob.values.clone(),
        changed(&alice, |values| values.email = bob.values.email.clone()),
        changed(&alice, |values| values.username = bob.values.username.clone()),
    ] {
        let work = UnitOfWork::new().update_user(alice.id, alice.revision, values, at(61));
        assert_eq!(refusal(&store, work).await, USER_GONE);
    }
}

pub async fn a_unit_that_makes_no_sense_is_refused_before_anything_else(store: Arc<dyn Store>) {
    let alice = insert(&store, "alice").await;
    let before = snapshot(&store).await;
    let new = UnitOfWork::new;
    for work in [
        new().record(event(UserRef::Created)),
        new().enqueue_mail(notice(UserRef::Created)),
        new().put_token(UserRef::Created, RESET, hash(1), at(600)),
        new().record(event(UserRef::Created)).insert_user(user_values("bob"), None, at(0)),
        new().insert_user(user_values("bob"), None, at(0)).insert_user(user_values("carol"), None, at(0)),
        new().expect_user(NOBODY, 1).record(event(UserRef::Created)),
        new().revoke_tokens(alice.id).record(event(alice.id)).record(event(UserRef::Created)),
    ] {
        let error = refusal(&store, work.clone()).await;
        assert!(matches!(error, CommitError::Failed(StoreFailure::Malformed(_))), "{work:?}: {error:?}");
    }
    assert_eq!(snapshot(&store).await, before);
}

pub async fn an_empty_unit_changes_nothing(store: Arc<dyn Store>) {
    insert(&store, "alice").await;
    let before = snapshot(&store).await;
    assert_eq!(store.commit(UnitOfWork::new()).await, Ok(Committed(Vec::new())));
    assert_eq!(snapshot(&store).await, before);
}

pub async fn each_unit_of_a_batch_succeeds_or_fails_for_itself(store: Arc<dyn Store>) {
    let insert = |name: &str| UnitOfWork::new().insert_user(user_values(name), None, at(0));
    let batch = vec![
        insert("alice").record(event(UserRef::Created)),
        insert("ALICE").record(event(UserRef::Created)),
        insert("bob").expect_user(NOBODY, 1),
        insert("carol").insert_user(user_values("dave"), None, at(0)),
        UnitOfWork::new(),
        insert("bob"),
    ];
    let answers = store.commit_batch(batch).await;
    let [
        Ok(alice),
        Err(taken),
        Err(gone),
        Err(CommitError::Failed(StoreFailure::Malformed(_))),
        Ok(nothing),
        Ok(bob),
    ] = &answers[..]
    else {
        return must(Err(format!("not the answers of these units in their order: {answers:?}")));
    };
    assert_eq!(*taken, CommitError::Conflict(UniqueKey::Username));
    assert_eq!(*gone, USER_GONE);
    assert_eq!(*nothing, Committed(Vec::new()));
    assert_eq!(user(&store, must(alice.user())).await.values, user_values("alice"));
    assert_eq!(user(&store, must(bob.user())).await.values, user_values("bob"));
    assert_eq!(audit(&store).await.len(), 1);
    assert_eq!(snapshot(&store).await.users.len(), 2);
}

pub async fn a_large_batch_is_answered_in_order(store: Arc<dyn Store>) {
    let name = |number: usize| format!("user_{}", number - number % 7 % 2);
    let units = (0..500).map(|number| UnitOfWork::new().insert_user(user_values(&name(number)), None, at(0)));
    let answers = store.commit_batch(units.collect()).await;
    assert_eq!(answers.len(), 500);
    for (number, answer) in answers.into_iter().enumerate() {
        if name(number) == format!("user_{number}") {
            let inserted = user(&store, must(must(answer).user())).await;
            assert_eq!(inserted.values, user_values(&name(number)));
        } else {
            assert_eq!(answer, Err(CommitError::Conflict(UniqueKey::Username)), "{number}");
        }
    }
}
