//! How people get accounts, and what they do with them: verbs, continued.

use chrono::Duration;
use denizen_models::{
    ADMIN_ROLE, AcceptInvitationRequest, ChangeEmailRequest, ChangePasswordRequest, CreateUserRequest,
    EmailAddress, EmailVerificationRequest, LoginRequest, Secret, TokenRequest, User, UserId,
    VerifyEmailRequest,
};
use denizen_services::{
    AcceptInvitationError, AccessContext, Authentication, ChangeEmailError, ChangePasswordError,
    ConfirmEmailChangeError, Disclosure, LoginError, SignUpError, SignedIn, SignedUp, VerifyEmailError,
    store::{AuditKind, MailKind, ReadStore as _, Session},
};

use super::{OLD_PASSWORD, World, address_of, administrator, choices, new_user, stranger};

impl World {
    /// A stranger signs up as the user of [`new_user`], of whom the address is enough where answers tell nothing.
    pub async fn sign_up(&self, name: &str) -> Result<SignedUp, SignUpError> {
        let request = match self.settings.disclosure {
            Disclosure::Detailed => new_user(name),
            Disclosure::Uniform => address_of(name),
        };
        self.users.sign_up(&stranger(), request).await
    }

    /// Signs up, has the token mailed, and reads the mail.
    pub async fn obtain_confirmation(&self, name: &str) -> String {
        self.sign_up(name).await.expect("a sign-up");
        self.deliver_mail().await;
        self.token_for(&format!("{name}@example.com"))
    }

    /// A stranger asks for a token that shows that the address is theirs, and reads the mail.
    pub async fn obtain_verification(&self, email: &str) -> String {
        self.request_verification(email).await;
        self.deliver_mail().await;
        self.token_for(email)
    }

    pub async fn request_verification(&self, email: &str) {
        let request = EmailVerificationRequest { email: email.to_owned() };
        self.users.request_email_verification(&stranger(), request).await.expect("a queued verification");
    }

    pub async fn verify(&self, token: &str) -> Result<(), VerifyEmailError> {
        let request = VerifyEmailRequest { token: token.into(), ..VerifyEmailRequest::default() };
        self.users.verify_email(&stranger(), request).await
    }

    /// Whoever has the token of a sign-up becomes the user of [`new_user`].
    pub async fn confirm_sign_up(&self, token: &str, name: &str) -> Result<(), VerifyEmailError> {
        self.users.verify_email(&stranger(), choices(token, name)).await
    }

    /// The address that the token of a sign-up confirms.
    pub async fn address_to_sign_up(&self, token: &str) -> Option<String> {
        let request = TokenRequest { token: token.into() };
        let found = self.users.address_to_sign_up(&stranger(), request).await.expect("an answer");
        found.map(|email| email.to_string())
    }

    /// The user who has this address.
    pub async fn find_at(&self, email: &str) -> Option<User> {
        self.store.find_user_by_email(&EmailAddress::parse(email).expect("an address")).await.unwrap()
    }

    /// An administrator creates the user of [`new_user`] without a password.
    pub async fn create_without_password(&self, name: &str) -> User {
        let request = CreateUserRequest { password: None, ..new_user(name) };
        self.users.create_user(&AccessContext::system(), request).await.expect("a new user")
    }

    /// Creates an administrator with a password.
    pub async fn create_administrator(&self, name: &str) -> User {
        let request = CreateUserRequest { roles: Some(vec![ADMIN_ROLE.to_owned()]), ..new_user(name) };
        self.users.create_user(&AccessContext::system(), request).await.expect("a new user")
    }

    /// Acts as an administrator, who is created at the first call.
    pub async fn administrator(&self) -> AccessContext {
        let known = self.find_at("the_administrator@example.com").await;
        administrator(match known {
            Some(user) => user.id,
            None => self.create_administrator("the_administrator").await.id,
        })
    }

    /// The user chooses another password with an invitation by hand, and all that was given under the old one ends.
    pub async fn replace_password(&self, user: UserId, password: &str) {
        let token =
            self.accounts.invite_by_hand(&AccessContext::system(), user).await.expect("an invitation");
        self.accept(token.expose(), password).await.expect("another password");
    }

    pub async fn accept(&self, token: &str, password: &str) -> Result<(), AcceptInvitationError> {
        let (token, password) = (Secret::from(token), Secret::from(password));
        self.users
            .accept_invitation(&stranger(), AcceptInvitationRequest { token, password })
            .await
            .map(|_device| ())
    }

    pub async fn log_in(&self, login: &str, password: &str) -> Result<SignedIn, LoginError> {
        self.log_in_from(&stranger(), login, password).await
    }

    pub async fn log_in_from(
        &self,
        context: &AccessContext,
        login: &str,
        password: &str,
    ) -> Result<SignedIn, LoginError> {
        let (login, password) = (Secret::from(login), Secret::from(password));
        self.auth.login(context, LoginRequest { login, password, ..LoginRequest::default() }).await
    }

    /// Signs in from a device that presents what an earlier sign-in gave it.
    pub async fn log_in_on(
        &self,
        device: &Secret,
        login: &str,
        password: &str,
    ) -> Result<SignedIn, LoginError> {
        let (login, password) = (Secret::from(login), Secret::from(password));
        let request =
            LoginRequest { login, password, device: Some(device.clone()), ..LoginRequest::default() };
        self.auth.login(&stranger(), request).await
    }

    /// Signs in with [`OLD_PASSWORD`], and acts as that user from now on.
    pub async fn enter(&self, login: &str) -> Entered {
        let signed_in = self.log_in(login, OLD_PASSWORD).await.expect("a session");
        self.use_session(&signed_in).await.expect("an open session")
    }

    /// Presents the token of a session.
    pub async fn use_session(&self, signed_in: &SignedIn) -> Option<Entered> {
        let authentication = self.present(&Secret::from(signed_in.token.expose())).await?;
        let context = AccessContext { actor: authentication.actor(), ..stranger() };
        let Authentication { user, session } = authentication;
        Some(Entered { signed_in: signed_in.clone(), user, session, context })
    }

    /// Who presents this text as the token of a session.
    pub async fn present(&self, token: &Secret) -> Option<Authentication> {
        self.auth.authenticate(token).await.expect("an answer")
    }

    /// All sessions that the store knows of the user, oldest first.
    pub async fn sessions_of(&self, user: UserId) -> Vec<Session> {
        self.store.list_sessions(user).await.unwrap()
    }

    /// Whether the session still opens anything.
    pub async fn lets_in(&self, signed_in: &SignedIn) -> bool {
        self.use_session(signed_in).await.is_some()
    }

    pub async fn change_password(
        &self,
        context: &AccessContext,
        current: &str,
        new: &str,
    ) -> Result<SignedIn, ChangePasswordError> {
        let (current_password, new_password) = (Secret::from(current), Secret::from(new));
        self.auth.change_password(context, ChangePasswordRequest { current_password, new_password }).await
    }

    /// Somebody who has signed in wants another address for their account.
    pub async fn want_email(
        &self,
        context: &AccessContext,
        email: &str,
        password: &str,
    ) -> Result<(), ChangeEmailError> {
        let request = ChangeEmailRequest { email: email.to_owned(), password: Secret::from(password) };
        self.users.change_email(context, request).await
    }

    pub async fn confirm_email(&self, token: &str) -> Result<(), ConfirmEmailChangeError> {
        let request = TokenRequest { token: Secret::from(token) };
        self.users.confirm_email_change(&stranger(), request).await
    }

    /// What was recorded of this user since it was created, oldest event first.
    pub async fn story_of(&self, user: UserId) -> Vec<AuditKind> {
        let trail = self.audit().await;
        let of_user = trail.iter().filter(|event| event.target == Some(user)).map(|event| event.kind);
        of_user.filter(|kind| *kind != AuditKind::UserCreated).collect()
    }

    /// Which mails wait, in the order in which they were asked for.
    pub async fn waiting_kinds(&self) -> Vec<MailKind> {
        self.jobs().await.into_iter().map(|job| job.mail.kind()).collect()
    }

    /// Delivers what is due after whatever was put off.
    pub async fn deliver_mail_later(&self) -> usize {
        self.clock.advance(Duration::seconds(2));
        self.deliver_mail().await
    }
}

/// Somebody who has signed in.
#[derive(Clone)]
pub struct Entered {
    pub signed_in: SignedIn,
    pub user: User,
    pub session: Session,
    pub context: AccessContext,
}
