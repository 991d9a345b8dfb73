//! The data that applications keep on users, and what is exported about a user.

use denizen_models::{CreateUserRequest, Metadata, Patch, PatchUserRequest, User, UserExport};
use denizen_services::{
    AccessContext, Clock as _, Disclosure, Failure, GetUserError, IfMatch, SignUpError, TokenHash,
    TokenPurpose, UpdateUserError, UserQuery,
    store::{AuditKind, MailJob, NewMailJob, UnitOfWork, WriteStore as _},
};
use serde_json::{Value, json};

use crate::support::{World, failing_members, member, new_user, replacement, stranger};

fn metadata(value: Value) -> Metadata {
    serde_json::from_value(value).unwrap()
}

fn user_metadata(value: Value) -> PatchUserRequest {
    PatchUserRequest { user_metadata: Patch::Set(metadata(value)), ..PatchUserRequest::default() }
}

fn app_metadata(value: Value) -> PatchUserRequest {
    PatchUserRequest { app_metadata: Patch::Set(metadata(value)), ..PatchUserRequest::default() }
}

impl World {
    async fn patch(
        &self,
        context: &AccessContext,
        user: &User,
        request: PatchUserRequest,
    ) -> Result<User, UpdateUserError> {
        self.users.patch_user(context, user.id, request, IfMatch::anything()).await
    }

    async fn export(&self, context: &AccessContext, user: &User) -> UserExport {
        self.users.export_user(context, user.id).await.unwrap()
    }
}

#[tokio::test]
async fn members_write_their_user_metadata_and_read_both() {
    let world = World::new();
    let alice = world.create("alice").await;
    let (me, admin) = (member(alice.id), world.administrator().await);
    world.patch(&admin, &alice, app_metadata(json!({"plan": "pro", "seats": 3}))).await.unwrap();
    world.patch(&me, &alice, user_metadata(json!({"theme": "dark", "size": {"w": 1}}))).await.unwrap();
    let patched =
        world.patch(&me, &alice, user_metadata(json!({"theme": null, "size": {"h": 2}}))).await.unwrap();
    assert_eq!(json!(patched.values.user_metadata), json!({"size": {"w": 1, "h": 2}}));
    assert_eq!(json!(patched.values.app_metadata), json!({"plan": "pro", "seats": 3}));
    assert_eq!(world.find(alice.id).await, Some(patched.clone()));
    for context in [me, admin] {
        let view = json!(context.view(patched.clone()));
        assert_eq!(view["user_metadata"], json!({"size": {"w": 1, "h": 2}}));
        assert_eq!(view["app_metadata"], json!({"plan": "pro", "seats": 3}));
    }
}

#[tokio::test]
async fn members_cannot_write_app_metadata() {
    let world = World::new();
    let admin = world.administrator().await;
    let alice = world.create("alice").await;
    let alice = world.patch(&admin, &alice, app_metadata(json!({"plan": "free"}))).await.unwrap();
    let forbidden =
        UpdateUserError::Failure(Failure::Forbidden("only administrators can change app_metadata".into()));
    let removal = PatchUserRequest { app_metadata: Patch::Remove, ..PatchUserRequest::default() };
    for request in [app_metadata(json!({"plan": "pro"})), app_metadata(json!({"a": 1})), removal] {
        assert_eq!(world.patch(&member(alice.id), &alice, request).await, Err(forbidden.clone()));
    }
    let mut put = replacement(&alice);
    put.app_metadata = Some(Metadata::default());
    assert_eq!(world.try_update(&member(alice.id), alice.id, put).await, Err(forbidden));
    let unchanged =
        world.patch(&member(alice.id), &alice, app_metadata(json!({"plan": "free"}))).await.unwrap();
    assert_eq!(unchanged.values, alice.values);
}

#[tokio::test]
async fn a_stranger_who_signs_up_cannot_write_app_metadata() {
    let world = World::open(Disclosure::Detailed);
    let request =
        CreateUserRequest { app_metadata: Some(metadata(json!({"plan": "pro"}))), ..new_user("mallory") };
    let forbidden = Failure::Forbidden("only administrators can choose app_metadata".into());
    let answer = world.users.sign_up(&stranger(), request).await.unwrap_err();
    assert_eq!(answer, SignUpError::Failure(forbidden));
}

#[tokio::test]
async fn a_replacement_keeps_the_metadata_that_it_does_not_name() {
    let world = World::new();
    let admin = world.administrator().await;
    let alice = world.create("alice").await;
    world.patch(&admin, &alice, app_metadata(json!({"plan": "pro"}))).await.unwrap();
    world.patch(&admin, &alice, user_metadata(json!({"theme": "dark"}))).await.unwrap();
    let kept = world.change(alice.id, |request| request.first_name = "Alicia".to_owned()).await;
    assert_eq!(json!(kept.values.user_metadata), json!({"theme": "dark"}));
    assert_eq!(json!(kept.values.app_metadata), json!({"plan": "pro"}));
    let replaced =
        world.change(alice.id, |request| request.user_metadata = Some(metadata(json!({"a": null})))).await;
    assert_eq!(json!(replaced.values.user_metadata), json!({"a": null}), "no merge, so null is a value");
    assert_eq!(json!(replaced.values.app_metadata), json!({"plan": "pro"}));
    let emptied = world.change(alice.id, |request| request.user_metadata = Some(Metadata::default())).await;
    assert_eq!(json!(AccessContext::system().view(emptied)).get("user_metadata"), None);
}

#[tokio::test]
async fn what_a_patch_makes_is_at_most_8_kib_long() {
    let world = World::new();
    let alice = world.create("alice").await;
    let half = |name: &str, bytes: usize| user_metadata(json!({ name: "x".repeat(bytes) }));
    world.patch(&member(alice.id), &alice, half("a", 4096 - 8)).await.unwrap();
    let error = world.patch(&member(alice.id), &alice, half("b", 4097)).await.unwrap_err();
    let UpdateUserError::Failure(Failure::Invalid(errors)) = error else { panic!("{error:?}") };
    assert_eq!(failing_members(&errors), ["user_metadata: user_metadata cannot exceed 8192 bytes of JSON"]);
    // {"a":"…","b":"…"} has 15 bytes around the text.
    let exact = world.patch(&member(alice.id), &alice, half("b", 8192 - 15 - (4096 - 8))).await.unwrap();
    assert_eq!(serde_json::to_string(&exact.values.user_metadata).unwrap().len(), 8192);
}

#[tokio::test]
async fn metadata_is_in_no_list_and_is_not_searched() {
    let world = World::new();
    let admin = world.administrator().await;
    let alice = world.create("alice").await;
    world.patch(&admin, &alice, user_metadata(json!({"theme": "chartreuse"}))).await.unwrap();
    let all = world.users.list_users(&admin, &UserQuery::default()).await.unwrap().users;
    let views: Vec<_> = all.into_iter().map(|user| json!(admin.view(user))).collect();
    assert!(!json!(views).to_string().contains("chartreuse"), "{views:?}");
    let found = world.users.search_users(&admin, "chartreuse").await.unwrap();
    assert_eq!(found.users, []);
}

#[tokio::test]
async fn an_export_holds_all_that_is_kept_about_the_user_and_no_secret() {
    let world = World::new();
    let admin = world.administrator().await;
    let (alice, bob) = (world.create("alice").await, world.create("bob").await);
    world.patch(&admin, &alice, app_metadata(json!({"n": 0.1, "t": "\u{0}"}))).await.unwrap();
    world.patch(&member(alice.id), &alice, user_metadata(json!({"deep": {"a": [1, null]}}))).await.unwrap();
    let now = world.clock.now();
    let token = TokenHash::from_bytes([7; 32]);
    let new_address = denizen_models::EmailAddress::parse("new@example.com").unwrap();
    let mail = |mail| NewMailJob::new(mail, &AccessContext::system(), now);
    let work = UnitOfWork::new()
        .put_token_for(new_address, alice.id, TokenPurpose::EmailChange, token, now)
        .enqueue_mail(mail(MailJob::EmailVerification { address: "alice@example.com".to_owned() }))
        .enqueue_mail(mail(MailJob::EmailVerification { address: "bob@example.com".to_owned() }))
        .enqueue_mail(mail(MailJob::PasswordChanged { user: alice.id.into() }));
    world.store.commit(work).await.unwrap();
    let own = world.export(&member(alice.id), &alice).await;
    assert_eq!(json!(own.user)["app_metadata"], json!({"n": 0.1, "t": "\u{0}"}));
    assert_eq!(json!(own.user)["user_metadata"], json!({"deep": {"a": [1, null]}}));
    assert_eq!(own.user.email.as_deref(), Some("alice@example.com"));
    assert_eq!(
        (own.tokens[0].purpose, own.tokens[0].address.as_deref()),
        ("email_change", Some("new@example.com"))
    );
    let kinds: Vec<_> = own.mails.iter().map(|mail| mail.kind).collect();
    assert_eq!(kinds[kinds.len() - 2..], ["email_verification", "password_changed"]);
    let told: Vec<_> = own.audit.iter().map(|event| (event.kind, event.actor.as_str())).collect();
    let own_name = format!("user:{}", alice.id);
    let (updated, created) = (AuditKind::UserUpdated.as_str(), AuditKind::UserCreated.as_str());
    assert_eq!(told, [(updated, own_name.as_str()), (updated, "administrator"), (created, "system")]);
    let text = json!(own).to_string();
    for secret in ["07070707", "argon2", "bob"] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
    let seen = world.export(&admin, &alice).await;
    assert_eq!(seen.tokens[0].address.as_deref(), Some("n***@example.com"));
    for (context, user) in [(member(bob.id), &alice), (stranger(), &bob)] {
        let answer = world.users.export_user(&context, user.id).await;
        assert_eq!(answer, Err(GetUserError::IdNotFound(user.id)));
    }
}
