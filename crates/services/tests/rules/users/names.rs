//! Names that are not free although no user has them.

use chrono::Duration;
use denizen_models::{UpdateUserRequest, User, UserId, Username};
use denizen_services::{
    AccessContext, CreateUserError, Disclosure, Failure, Housekeeper, Limits, RegistrationMode,
    ServiceSettings, SignUpError, UpdateUserError, VerifyEmailError, store::Quota,
};

use crate::support::{World, administrator, member, new_user, replacement};

/// A world in which people rename themselves as often as they like, unless its settings say otherwise.
fn with_settings(change: impl FnOnce(&mut ServiceSettings)) -> World {
    let mut settings = ServiceSettings { limits: Limits::GENEROUS, ..ServiceSettings::default() };
    change(&mut settings);
    World::with(settings)
}

async fn rename(
    world: &World,
    context: &AccessContext,
    id: UserId,
    name: &str,
) -> Result<User, UpdateUserError> {
    let user = world.find(id).await.expect("a user");
    let request = UpdateUserRequest { username: name.to_owned(), ..replacement(&user) };
    world.try_update(context, id, request).await
}

fn taken(name: &str) -> UpdateUserError {
    UpdateUserError::UsernameTaken(name.to_owned())
}

/// Security checklist: 76.
#[tokio::test]
async fn a_name_that_was_given_up_is_nobody_elses_for_a_year() {
    let world = World::new();
    let (alice, mallory) = (world.create("alice").await, world.create("mallory").await);
    rename(&world, &member(alice.id), alice.id, "alicia").await.unwrap();

    for name in ["alice", "ALICE"] {
        let refused = rename(&world, &member(mallory.id), mallory.id, name).await;
        assert_eq!(refused, Err(taken(name)), "told as if somebody had it");
        let reserved = UpdateUserError::UsernameReserved(name.to_owned());
        let refused = rename(&world, &AccessContext::system(), mallory.id, name).await;
        assert_eq!(refused, Err(reserved), "administrators are told why");
    }
    let created = world.users.create_user(&AccessContext::system(), new_user("alice")).await;
    assert_eq!(created, Err(CreateUserError::UsernameReserved("alice".to_owned())));

    world.clock.advance(Duration::days(365) - Duration::microseconds(1));
    assert_eq!(rename(&world, &member(mallory.id), mallory.id, "alice").await, Err(taken("alice")));
    world.clock.advance(Duration::microseconds(1));
    assert!(rename(&world, &member(mallory.id), mallory.id, "alice").await.is_ok());
}

/// Security checklist: 76.
#[tokio::test]
async fn whoever_gave_a_name_up_can_take_it_back() {
    let world = World::new();
    let alice = world.create("alice").await;
    for name in ["alicia", "Alice", "alison", "ALICIA", "alice"] {
        let renamed = rename(&world, &member(alice.id), alice.id, name).await.unwrap();
        assert_eq!(renamed.values.username.as_str(), name);
    }
}

/// Security checklist: 76.
#[tokio::test]
async fn the_last_three_names_are_kept() {
    let world = World::new();
    let (alice, mallory) = (world.create("alice1").await, world.create("mallory").await);
    for name in ["alice2", "alice3", "alice4", "alice5"] {
        world.clock.advance(Duration::days(1));
        rename(&world, &member(alice.id), alice.id, name).await.unwrap();
    }
    for name in ["alice2", "alice3", "alice4", "alice5"] {
        assert_eq!(rename(&world, &member(mallory.id), mallory.id, name).await, Err(taken(name)));
    }
    assert!(rename(&world, &member(mallory.id), mallory.id, "alice1").await.is_ok());
}

/// Security checklist: 76.
#[tokio::test]
async fn the_name_of_a_deleted_user_is_nobodys() {
    let world = World::new();
    let (alice, mallory) = (world.create("alice").await, world.create("mallory").await);
    rename(&world, &member(alice.id), alice.id, "alicia").await.unwrap();
    world.delete(alice.id).await;
    for name in ["alice", "alicia"] {
        assert_eq!(rename(&world, &member(mallory.id), mallory.id, name).await, Err(taken(name)));
    }
    world.clock.advance(Duration::days(365));
    assert_eq!(
        Housekeeper::new(world.accounts.clone(), None).tidy_now().await,
        Ok(2),
        "nothing is kept for longer"
    );
    assert!(rename(&world, &member(mallory.id), mallory.id, "alice").await.is_ok());
}

/// Security checklist: 76.
#[tokio::test]
async fn strangers_do_not_get_the_names_of_others_either() {
    for disclosure in [Disclosure::Detailed, Disclosure::Uniform] {
        let world = with_settings(|settings| {
            (settings.disclosure, settings.registration) = (disclosure, RegistrationMode::Open);
        });
        let alice = world.create("alice").await;
        world.delete(alice.id).await;
        for name in ["alice", "admin", "Post_Master"] {
            match disclosure {
                Disclosure::Detailed => {
                    let answer = world.sign_up(name).await;
                    assert_eq!(answer, Err(SignUpError::UsernameTaken(name.to_owned())));
                }
                Disclosure::Uniform => {
                    let token = world.obtain_confirmation(name).await;
                    let answer = world.verify(&token).await;
                    assert_eq!(answer, Err(VerifyEmailError::UsernameTaken(name.to_owned())));
                    assert_eq!(world.verify_as(&token, Some(&format!("{name}_2"))).await, Ok(()));
                }
            }
        }
    }
}

/// Security checklist: 76.
#[tokio::test]
async fn names_that_mean_the_service_are_for_administrators_to_give() {
    let world = with_settings(|settings| {
        settings.reserved_usernames = vec![Username::parse("acme_inc").unwrap()];
    });
    let mallory = world.create("mallory").await;
    for name in
        ["admin", "Administrator", "root", "support", "post_master", "no_reply", "ACMEINC", "acme_inc"]
    {
        assert_eq!(rename(&world, &member(mallory.id), mallory.id, name).await, Err(taken(name)));
        world.create(name).await;
    }
    let olga = world.create_administrator("olga").await;
    assert!(rename(&world, &administrator(olga.id), mallory.id, "system").await.is_ok());
    // Whoever has such a name keeps it.
    let request = UpdateUserRequest { first_name: "New".to_owned(), ..replacement(&mallory) };
    let request = UpdateUserRequest { username: "System".to_owned(), ..request };
    assert!(world.try_update(&member(mallory.id), mallory.id, request).await.is_ok());
}

/// Security checklist: 76.
#[tokio::test]
async fn members_change_their_name_once_a_day_and_try_no_more_names_than_that() {
    let world = with_settings(|settings| settings.limits.renames = Limits::default().renames);
    let (alice, _) = (world.create("alice").await, world.create("bob").await);
    let other = world.create("carol").await;
    assert_eq!(rename(&world, &member(alice.id), alice.id, "bob").await, Err(taken("bob")));
    let day = Duration::days(1);
    let limited = |wait| Err(UpdateUserError::Failure(Failure::RateLimited(wait)));
    for name in ["bob", "nobody_has_this", "support"] {
        assert_eq!(rename(&world, &member(alice.id), alice.id, name).await, limited(day), "{name}");
    }
    assert!(rename(&world, &member(other.id), other.id, "carola").await.is_ok(), "others may");
    let request = UpdateUserRequest { username: "Alice".to_owned(), age: Some(40), ..replacement(&alice) };
    assert!(world.try_update(&member(alice.id), alice.id, request).await.is_ok(), "it is the same name");
    for name in ["alice2", "alice3"] {
        assert!(rename(&world, &AccessContext::system(), alice.id, name).await.is_ok());
    }
    world.clock.advance(day);
    assert!(rename(&world, &member(alice.id), alice.id, "alicia").await.is_ok());
    assert_eq!(rename(&world, &member(alice.id), alice.id, "alice").await, limited(day));
}

/// A request that has to be decided anew, because another one changed the user, is one attempt.
#[tokio::test]
async fn a_change_in_between_does_not_cost_a_second_attempt() {
    let world = with_settings(|settings| settings.limits.renames = Quota::new(1, Duration::days(1)));
    let alice = world.create("alice").await;
    let rival = world.rival();
    world.before_next_commit(async move {
        rival.change(alice.id, |request| request.age = Some(40)).await;
    });
    let renamed = rename(&world, &member(alice.id), alice.id, "alicia").await.unwrap();
    assert_eq!((renamed.values.username.as_str(), renamed.values.age), ("alicia", 0));
}

#[tokio::test]
async fn without_a_reservation_names_are_free_at_once() {
    let world = with_settings(|settings| settings.username_reservation = Duration::zero());
    let (alice, bob) = (world.create("alice").await, world.create("bob").await);
    rename(&world, &member(alice.id), alice.id, "alicia").await.unwrap();
    assert!(rename(&world, &member(bob.id), bob.id, "alice").await.is_ok());
    world.delete(alice.id).await;
    world.create("carol").await;
}
