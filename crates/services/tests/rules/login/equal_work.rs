//! What the time of a failed sign-in tells: users have hashes of several schemes.

use std::collections::BTreeMap;

use denizen_models::{Password, Secret};
use denizen_services::{
    Clock as _, Housekeeper, Network, PasswordHasher as _,
    store::{ReadStore as _, UnitOfWork, WriteStore as _},
};
use denizen_testkit::{InsecureTestHasher, user_values};

use crate::support::{NEW_PASSWORD, OLD_PASSWORD, World};

const USERS: usize = 100;
/// Of these users, the cost was raised since.
const OLD: usize = 30;

/// A world in which some users have signed in since the cost was raised, and others have not.
async fn mixed() -> World {
    let world = World::new();
    let password = Password::presented(&Secret::from(OLD_PASSWORD));
    let today = world.hasher.hash(Network::SERVICE, password).await.unwrap();
    for number in 0..USERS {
        let hash = if number < OLD { InsecureTestHasher::outdated_hash(OLD_PASSWORD) } else { today.clone() };
        let work = UnitOfWork::new().insert_user(user_values(&known(number)), Some(hash), world.clock.now());
        world.store.commit(work).await.unwrap();
    }
    read_schemes(&world).await;
    world
}

fn known(number: usize) -> String {
    format!("known{number}")
}

fn unknown(number: usize) -> String {
    format!("unknown{number}")
}

/// Does what the housekeeper does every minute.
async fn read_schemes(world: &World) {
    Housekeeper::new(world.accounts.clone(), None).tidy_now().await.unwrap();
}

/// The scheme of the hash that is computed when somebody tries to sign in with a wrong password.
async fn scheme(world: &World, login: &str) -> String {
    drop(world.hasher.take_compared());
    world.log_in(login, NEW_PASSWORD).await.unwrap_err();
    let [Some(scheme)] = &world.hasher.take_compared()[..] else { panic!("one comparison of {login}") };
    scheme.expose().to_owned()
}

async fn schemes(world: &World, logins: impl Iterator<Item = String>) -> BTreeMap<String, String> {
    let mut schemes = BTreeMap::new();
    for login in logins {
        schemes.insert(login.clone(), scheme(world, &login).await);
    }
    schemes
}

fn old() -> String {
    InsecureTestHasher::outdated_hash("").scheme().expose().to_owned()
}

fn share_of_old(schemes: &BTreeMap<String, String>) -> f64 {
    let count = schemes.values().filter(|scheme| **scheme == old()).count();
    count as f64 / schemes.len() as f64
}

/// Security checklist: 70.
#[tokio::test]
async fn unknown_names_have_the_schemes_of_users_in_the_same_shares() {
    let world = mixed().await;
    let of_users = schemes(&world, (0..USERS).map(known)).await;
    assert!((share_of_old(&of_users) - 0.3).abs() < f64::EPSILON);
    let of_names = schemes(&world, (0..2_000).map(unknown)).await;
    let of_addresses =
        schemes(&world, (0..2_000).map(|number| format!("{}@example.com", unknown(number)))).await;
    for drawn in [&of_names, &of_addresses] {
        // Four standard deviations of a draw of 2,000.
        assert!((share_of_old(drawn) - 0.3).abs() < 0.041, "{}", share_of_old(drawn));
        assert!(drawn.values().all(|scheme| of_users.values().any(|other| other == scheme)));
    }
}

/// Security checklist: 70.
#[tokio::test]
async fn a_name_has_the_same_scheme_each_time_whatever_its_case_and_whether_there_is_such_a_user_without_a_password()
 {
    let world = mixed().await;
    let names = || (0..50).map(unknown);
    let first = schemes(&world, names()).await;
    assert!(first.values().any(|scheme| *scheme == old()) && first.values().any(|scheme| *scheme != old()));
    assert_eq!(schemes(&world, names()).await, first);
    for name in names() {
        assert_eq!(scheme(&world, &name.to_uppercase()).await, first[&name]);
        world.create_without_password(&name).await;
    }
    read_schemes(&world).await;
    assert_eq!(schemes(&world, names()).await, first);
}

/// Security checklist: 70.
#[tokio::test]
async fn a_user_who_is_switched_off_costs_what_it_cost_before() {
    let world = mixed().await;
    for number in [0, USERS - 1] {
        let before = scheme(&world, &known(number)).await;
        let user = world.find_at(&format!("{}@example.com", known(number))).await.unwrap();
        world.switch_off(user.id).await;
        assert_eq!(scheme(&world, &known(number)).await, before);
    }
}

/// Security checklist: 70.
#[tokio::test]
async fn when_users_move_to_the_scheme_of_today_unknown_names_move_with_them_and_none_moves_back() {
    let world = mixed().await;
    let before = schemes(&world, (0..500).map(unknown)).await;
    for number in 0..OLD / 2 {
        world.log_in(&known(number), OLD_PASSWORD).await.unwrap();
    }
    read_schemes(&world).await;
    let after = schemes(&world, (0..500).map(unknown)).await;
    assert!((share_of_old(&after) - 0.15).abs() < 0.065, "{}", share_of_old(&after));
    let back = |name: &&String| before[*name] != old() && after[*name] == old();
    assert_eq!(after.keys().find(back), None);
}

/// Security checklist: 70.
#[tokio::test]
async fn without_users_a_name_costs_what_a_hash_of_today_costs() {
    let world = World::new();
    read_schemes(&world).await;
    world.log_in("nobody", NEW_PASSWORD).await.unwrap_err();
    assert_eq!(world.hasher.take_compared(), [None]);
    assert_eq!(world.store.list_password_schemes().await, Ok(Vec::new()));
}
