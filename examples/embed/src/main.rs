//! Accounts in a program without a web server: the service crate, the store in memory, and a mailer of our own.
//!
//! Run it with `cargo run -p denizen-example-embed`.

use std::{
    error::Error,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use denizen_hashing::Argon2Hasher;
use denizen_models::{AcceptInvitationRequest, CreateUserRequest, LoginRequest, Secret};
use denizen_services::{
    AccessContext, Accounts, LinkTemplate, Mail, MailError, MailMessage, Mailer, RegistrationMode,
    ServiceSettings,
};
use denizen_storage_memory::InMemoryStore;

/// A mailer is one method. This one keeps the tokens, as a test or a desktop program might.
#[derive(Default)]
struct Drawer(Mutex<Vec<Secret>>);

#[async_trait]
impl Mailer for Drawer {
    async fn send(&self, mail: &Mail) -> Result<(), MailError> {
        match &mail.message {
            MailMessage::Link { template: LinkTemplate::Invitation(_), token, valid_for, .. } => {
                println!("mail to {}: a token that works for {} days", mail.to, valid_for.num_days());
                let mut tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                tokens.push(token.clone().into());
            }
            // This program invites people, and does nothing else for which there are mails.
            _ => return Err(MailError::Permanent("not a mail of this program".into())),
        }
        Ok(())
    }
}

impl Drawer {
    fn newest_token(&self) -> Option<Secret> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).last().cloned()
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    // The front door: where users are stored, how passwords are hashed, who sends the mails.
    let drawer = Arc::new(Drawer::default());
    let (store, hasher) = (Arc::new(InMemoryStore::new()), Arc::new(Argon2Hasher::recommended()?));
    let settings = ServiceSettings { registration: RegistrationMode::Invite, ..ServiceSettings::default() };
    let accounts = Accounts::builder(store, hasher).mailer(drawer.clone()).settings(settings).build()?;
    let (users, auth) = (accounts.users(), accounts.auth());

    // This program may do everything; a program that acts for a user passes that user's context.
    let context = AccessContext::system();
    let request = CreateUserRequest {
        username: "ada".to_owned(),
        email: "ada@example.com".to_owned(),
        first_name: "Ada".to_owned(),
        last_name: "Lovelace".to_owned(),
        ..CreateUserRequest::default()
    };
    let ada = users.create_user(&context, request).await?;
    println!("created user {} ({})", ada.id, ada.values.username);

    // A user without a password is invited to choose one. The mail is queued together with the user, and sent by the
    // worker. A program with a loop of its own calls it from there; a server calls `Accounts::spawn_background` once.
    accounts.mail_worker().deliver_now().await?;

    let token = drawer.newest_token().ok_or("no token was mailed")?;
    let acceptance = AcceptInvitationRequest { token, password: Secret::from("newsecurepassword") };
    users.accept_invitation(&AccessContext::anonymous(), acceptance.clone()).await?;
    println!("the password is set");

    // Signing in returns a session token, and presenting the token identifies the user.
    let request = LoginRequest {
        login: Secret::from("ada@example.com"),
        password: Secret::from("newsecurepassword"),
        ..LoginRequest::default()
    };
    let signed_in = auth.login(&AccessContext::anonymous(), request).await?;
    let known = auth.authenticate(signed_in.token.secret()).await?.ok_or("the session is not open")?;
    println!("signed in as {}", known.user.values.username);
    let as_ada = AccessContext { actor: known.actor(), ..AccessContext::anonymous() };
    println!("she may see herself: {}", users.get_user(&as_ada, ada.id).await?.values.email);

    // A token works once.
    if let Err(error) = users.accept_invitation(&AccessContext::anonymous(), acceptance).await {
        println!("the same token again: {error}");
    }
    Ok(())
}
