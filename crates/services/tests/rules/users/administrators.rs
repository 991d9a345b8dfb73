//! There is always an administrator left.

use denizen_models::{ADMIN_ROLE, Patch, PatchUserRequest, UpdateUserRequest, User, UserId};
use denizen_services::{
    AccessContext, DeleteUserError, IfMatch, MailMessage, NoticeTemplate, UpdateUserError,
    store::{AuditKind, MailJob},
};

use crate::support::{World, administrator, replacement, stranger};

async fn world_with_diana() -> (World, User) {
    let world = World::new();
    let diana = world.create_administrator("diana").await;
    world.create("alice").await;
    (world, diana)
}

fn switched_off(user: &User) -> UpdateUserRequest {
    UpdateUserRequest { active: Some(false), ..replacement(user) }
}

fn demoted(user: &User) -> UpdateUserRequest {
    UpdateUserRequest { roles: Some(vec!["user".to_owned()]), ..replacement(user) }
}

async fn update(world: &World, id: UserId, request: UpdateUserRequest) -> Result<User, UpdateUserError> {
    world.try_update(&AccessContext::system(), id, request).await
}

#[tokio::test]
async fn the_last_administrator_can_neither_resign_nor_be_switched_off_nor_deleted() {
    let (world, diana) = world_with_diana().await;
    for context in [administrator(diana.id), AccessContext::system()] {
        for request in [switched_off(&diana), demoted(&diana)] {
            let error = world.try_update(&context, diana.id, request).await.unwrap_err();
            assert_eq!(error, UpdateUserError::LastAdministrator);
            assert_eq!(error.to_string(), "there would be no administrator left");
        }
        let patch = PatchUserRequest { active: Patch::Set(false), ..PatchUserRequest::default() };
        let answer = world.users.patch_user(&context, diana.id, patch, IfMatch::anything()).await;
        assert_eq!(answer, Err(UpdateUserError::LastAdministrator));
    }
    let answer = world.try_delete(&AccessContext::system(), diana.id).await;
    assert_eq!(answer, Err(DeleteUserError::LastAdministrator));
    assert_eq!((world.find(diana.id).await, world.story_of(diana.id).await), (Some(diana), vec![]));
}

#[tokio::test]
async fn everything_else_about_the_last_administrator_can_be_changed() {
    let (world, diana) = world_with_diana().await;
    let request = UpdateUserRequest {
        username: "artemis".to_owned(),
        email: "artemis@example.com".to_owned(),
        roles: Some(vec!["user".to_owned(), ADMIN_ROLE.to_owned()]),
        ..replacement(&diana)
    };
    assert_eq!(update(&world, diana.id, request).await.unwrap().values.username.as_str(), "artemis");
}

#[tokio::test]
async fn where_there_is_another_one_administrators_come_and_go() {
    for what in ["resign", "switch off", "delete"] {
        let (world, diana) = world_with_diana().await;
        world.create_administrator("artemis").await;
        let done = match what {
            "resign" => update(&world, diana.id, demoted(&diana)).await.is_ok(),
            "switch off" => update(&world, diana.id, switched_off(&diana)).await.is_ok(),
            _ => world.try_delete(&AccessContext::system(), diana.id).await.is_ok(),
        };
        assert!(done, "{what}");
    }
}

#[tokio::test]
async fn others_who_are_switched_off_or_have_no_password_do_not_count() {
    let (world, diana) = world_with_diana().await;
    let artemis = world.create_administrator("artemis").await;
    world.switch_off(artemis.id).await;
    let invited = world.create_without_password("invited").await;
    world.change(invited.id, |request| request.roles = Some(vec![ADMIN_ROLE.to_owned()])).await;
    assert_eq!(update(&world, diana.id, demoted(&diana)).await, Err(UpdateUserError::LastAdministrator));
    assert_eq!(
        world.try_delete(&AccessContext::system(), diana.id).await,
        Err(DeleteUserError::LastAdministrator)
    );
    // Whoever is switched off is none who would be missed.
    assert_eq!(world.try_delete(&AccessContext::system(), artemis.id).await, Ok(()));
}

/// What becomes of two administrators who are put out at once, `one` by the first actor and the other by the second.
async fn put_both_out(
    delete: bool,
    actors: impl Fn(&User, &User) -> [AccessContext; 2],
) -> [Result<(), String>; 2] {
    let (world, diana) = world_with_diana().await;
    let artemis = world.create_administrator("artemis").await;
    world.hold_commits_until_there_are(2);
    let put_out = async |context: &AccessContext, whom: &User| {
        if delete {
            world.try_delete(context, whom.id).await.map_err(|error| error.to_string())
        } else {
            let answer = world.try_update(context, whom.id, demoted(whom)).await;
            answer.map(|_| ()).map_err(|error| error.to_string())
        }
    };
    let [first, second] = actors(&diana, &artemis);
    let (one, two) = tokio::join!(put_out(&first, &artemis), put_out(&second, &diana));
    assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
    [one, two]
}

#[tokio::test]
async fn of_two_administrators_who_are_put_out_at_once_one_stays() {
    for delete in [false, true] {
        let [one, two] =
            put_both_out(delete, |_, _| [AccessContext::system(), AccessContext::system()]).await;
        assert_eq!(one.and(two), Err("there would be no administrator left".to_owned()));
    }
}

/// Security checklist: 63.
#[tokio::test]
async fn of_two_administrators_who_put_each_other_out_at_once_one_is_one_no_longer() {
    for (delete, refusal) in
        [(false, "this is for administrators"), (true, "the session has ended or never existed")]
    {
        let actors = |diana: &User, artemis: &User| [administrator(diana.id), administrator(artemis.id)];
        let [one, two] = put_both_out(delete, actors).await;
        assert_eq!(one.and(two), Err(refusal.to_owned()));
    }
}

/// Security checklist: 60.
#[tokio::test]
async fn what_matters_of_a_change_is_recorded_beside_it() {
    let (world, diana) = world_with_diana().await;
    let alice = world.find_at("alice@example.com").await.unwrap();
    for (edit, expected) in [
        (PatchUserRequest { age: Patch::Set(30), ..PatchUserRequest::default() }, None),
        (
            PatchUserRequest { roles: Patch::Set(vec!["editor".to_owned()]), ..PatchUserRequest::default() },
            Some(AuditKind::RolesChanged),
        ),
        (
            PatchUserRequest { active: Patch::Set(false), ..PatchUserRequest::default() },
            Some(AuditKind::UserDisabled),
        ),
        (
            PatchUserRequest { active: Patch::Set(true), ..PatchUserRequest::default() },
            Some(AuditKind::UserEnabled),
        ),
        (
            PatchUserRequest { email: Patch::Set("a@b.co".to_owned()), ..PatchUserRequest::default() },
            Some(AuditKind::EmailChanged),
        ),
        // Written otherwise, it is the same address.
        (PatchUserRequest { email: Patch::Set("A@b.co".to_owned()), ..PatchUserRequest::default() }, None),
    ] {
        let before = world.audit().await.len();
        let context = administrator(diana.id);
        world.users.patch_user(&context, alice.id, edit, IfMatch::anything()).await.unwrap();
        let recorded: Vec<_> = world.audit().await[before..].iter().map(|event| event.kind).collect();
        let expected: Vec<_> = [AuditKind::UserUpdated].into_iter().chain(expected).collect();
        assert_eq!(recorded, expected);
    }
}

#[tokio::test]
async fn an_address_that_an_administrator_changes_is_told_of_at_the_old_one() {
    let (world, diana) = world_with_diana().await;
    let alice = world.find_at("alice@example.com").await.unwrap();
    let request = UpdateUserRequest { email: "new@example.com".to_owned(), ..replacement(&alice) };
    world.try_update(&administrator(diana.id), alice.id, request).await.unwrap();
    let job = world.only_job().await;
    assert!(matches!(job.mail, MailJob::EmailChanged { user, .. } if user == alice.id));
    world.deliver_mail().await;
    let mails = world.mailer.sent();
    assert_eq!((mails.len(), mails[0].to.as_str()), (1, "alice@example.com"));
    let MailMessage::Notice { template: NoticeTemplate::EmailChanged, ip, .. } = mails[0].message else {
        panic!("{mails:?}")
    };
    assert_eq!(ip, stranger().ip);
}
