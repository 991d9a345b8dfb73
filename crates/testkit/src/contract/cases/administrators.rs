//! Somebody must stay who can sign in and rule.

use std::sync::Arc;

use denizen_models::{ADMIN_ROLE, DEFAULT_ROLE, User, UserValues};
use denizen_services::store::{Outcome, Store, UnitOfWork, UserFilter};
use tokio::{sync::Barrier, task::JoinSet};

use crate::{
    contract::{
        examples::event,
        verbs::{
            NO_OTHER_ADMINISTRATOR, NOBODY, administrator, at, audit, changed, commit, insert_values,
            insert_with_password, password, race, refusal, snapshot, update, user,
        },
    },
    must, user_values,
};

fn expect(user: &User) -> UnitOfWork {
    UnitOfWork::new().expect_other_administrator(user.id)
}

fn demote(values: &mut UserValues) {
    values.roles = vec![DEFAULT_ROLE.to_owned()];
}

/// The ways in which an administrator ceases to be one, each as the service does it.
const ABDICATIONS: [fn(&User) -> UnitOfWork; 3] = [
    |user| expect(user).update_user(user.id, user.revision, changed(user, demote), at(1)),
    |user| expect(user).update_user(user.id, user.revision, changed(user, |v| v.active = false), at(1)),
    |user| expect(user).delete_user(user.id, Some(user.revision)),
];

pub async fn another_administrator_is_active_and_has_a_password(store: Arc<dyn Store>) {
    let alice = insert_with_password(&store, administrator("alice")).await;
    let roles = |roles: &[&str]| roles.iter().map(|role| (*role).to_owned()).collect();
    insert_with_password(&store, user_values("member")).await;
    insert_with_password(&store, UserValues { active: false, ..administrator("inactive") }).await;
    insert_with_password(&store, UserValues { roles: roles(&[]), ..user_values("nothing") }).await;
    let similar = roles(&["Admin", "admins", "an admin", "\"admin\"", "a,admin,b", "%"]);
    insert_with_password(&store, UserValues { roles: similar, ..user_values("similar") }).await;
    let invited = insert_values(&store, administrator("invited")).await;
    assert_eq!(refusal(&store, expect(&alice)).await, NO_OTHER_ADMINISTRATOR);

    let work = UnitOfWork::new().set_password(invited.id, password("new"), invited.security_version, at(1));
    commit(&store, work).await;
    assert_eq!(commit(&store, expect(&alice)).await, [Outcome::Done]);
    let invited = user(&store, invited.id).await;
    let several = roles(&["auditor", ADMIN_ROLE]);
    let invited = update(&store, &invited, |values| values.roles = several).await;
    assert_eq!(commit(&store, expect(&alice)).await, [Outcome::Done], "one role among several");
    assert_eq!(commit(&store, expect(&invited)).await, [Outcome::Done]);
    assert_eq!(commit(&store, UnitOfWork::new().expect_other_administrator(NOBODY)).await, [Outcome::Done]);
    let invited = update(&store, &invited, |values| values.active = false).await;
    assert_eq!(refusal(&store, expect(&alice)).await, NO_OTHER_ADMINISTRATOR);
    let invited = update(&store, &invited, |values| values.active = true).await;
    assert_eq!(commit(&store, expect(&alice)).await, [Outcome::Done]);
    commit(&store, UnitOfWork::new().delete_user(invited.id, None)).await;
    assert_eq!(refusal(&store, expect(&alice)).await, NO_OTHER_ADMINISTRATOR);
}

pub async fn expecting_another_administrator_writes_nothing(store: Arc<dyn Store>) {
    let alice = insert_with_password(&store, administrator("alice")).await;
    let bob = insert_with_password(&store, administrator("bob")).await;
    let before = snapshot(&store).await;
    commit(&store, expect(&alice)).await;
    commit(&store, expect(&bob)).await;
    let failing = expect(&alice).delete_user(alice.id, None).record(event(alice.id));
    assert_eq!(refusal(&store, failing.expect_other_administrator(bob.id)).await, NO_OTHER_ADMINISTRATOR);
    assert_eq!(snapshot(&store).await, before);
}

pub async fn an_administrator_of_the_same_unit_counts(store: Arc<dyn Store>) {
    let alice = insert_with_password(&store, administrator("alice")).await;
    let bob = insert_with_password(&store, user_values("bob")).await;
    let heir = UnitOfWork::new()
        .insert_user(administrator("heir"), Some(password("first")), at(1))
        .expect_other_administrator(alice.id)
        .delete_user(alice.id, Some(alice.revision));
    commit(&store, heir).await;
    let promote = changed(&bob, |values| values.roles = vec![ADMIN_ROLE.to_owned()]);
    let demoted = UnitOfWork::new().update_user(bob.id, bob.revision, promote, at(1)).update_user(
        bob.id,
        bob.revision + 1,
        bob.values.clone(),
        at(1),
    );
    commit(&store, demoted).await;
    let heir = must(must(store.find_user_by_username(&user_values("heir").username).await).ok_or("no heir"));
    assert_eq!(refusal(&store, expect(&heir)).await, NO_OTHER_ADMINISTRATOR, "bob was one only in between");
}

pub async fn of_two_administrators_who_go_at_once_one_stays(store: Arc<dyn Store>) {
    for round in 0..50 {
        let (one, other) = (ABDICATIONS[round % 3], ABDICATIONS[round / 3 % 3]);
        let alice = insert_with_password(&store, administrator(&format!("alice_{round}"))).await;
        let bob = insert_with_password(&store, administrator(&format!("bob_{round}"))).await;
        let mut running = JoinSet::new();
        let start = Arc::new(Barrier::new(2));
        for work in [one(&alice), other(&bob)] {
            let (store, start) = (store.clone(), start.clone());
            running.spawn(async move {
                start.wait().await;
                store.commit(work).await
            });
        }
        let answers = running.join_all().await;
        let failures: Vec<_> = answers.into_iter().filter_map(Result::err).collect();
        assert_eq!(failures, [NO_OTHER_ADMINISTRATOR], "round {round}");
        let work = UnitOfWork::new().expect_other_administrator(NOBODY);
        assert_eq!(commit(&store, work).await, [Outcome::Done], "round {round}");
        for administrator in [alice, bob] {
            if must(store.find_user(administrator.id).await).is_some() {
                commit(&store, UnitOfWork::new().delete_user(administrator.id, None)).await;
            }
        }
    }
}

pub async fn of_fifty_administrators_who_go_at_once_one_stays(store: Arc<dyn Store>) {
    let mut all = Vec::new();
    for number in 0..50 {
        all.push(insert_with_password(&store, administrator(&format!("admin_{number}"))).await);
    }
    let abdication = |number: u8| {
        let number = usize::from(number);
        ABDICATIONS[number % 3](&all[number]).record(event(all[number].id))
    };
    assert_eq!(race(&store, 50, abdication, NO_OTHER_ADMINISTRATOR).await, 49);
    assert_eq!(audit(&store).await.len(), 49, "the one who stays left nothing");
    let filter =
        UserFilter { role: Some(ADMIN_ROLE.to_owned()), active: Some(true), ..UserFilter::default() };
    assert_eq!(must(store.count_users(&filter).await), 1);
}
