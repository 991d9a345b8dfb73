//! The implementations of the service ports. Only whoever wires a program names this module.

use std::sync::Arc;

use async_trait::async_trait;
use denizen_models::{
    AcceptInvitationRequest, ConfirmEmailChangeRequest, CreateUserRequest, EmailVerificationRequest,
    PasswordResetConfirmation, PasswordResetRequest, PatchUserRequest, ResetTokenStatus, UpdateUserRequest,
    User, UserId, ValidateResetTokenRequest, VerifyEmailRequest,
};

pub use crate::{
    audit::DefaultAuditService,
    auth_service::DefaultAuthService,
    calculate::DefaultMathService,
    health::DefaultHealthService,
    limits::Limits,
    mail_jobs::DefaultMailJobService,
    messages::{DefaultMessageService, MessageLimits},
    metrics::DefaultMetricsService,
    settings::{Directory, Disclosure, RegistrationMode, ServiceSettings},
    tasks::DefaultTaskService,
};
use crate::{
    clock::Clock,
    context::AccessContext,
    email_change::{self, ConfirmEmailChangeError},
    email_verification::{self, RequestEmailVerificationError, VerifyEmailError},
    expected::Expected,
    hashing::PasswordHasher,
    invitation::{self, AcceptInvitationError, InviteByHandError},
    limits::Limiter,
    password_reset::{
        self, RequestPasswordResetError, ResetPasswordError, SendPasswordResetError, ValidateResetTokenError,
    },
    sign_up::{self, SignUpError, SignedUp},
    store::Store,
    tokens::{Token, TokenSource},
    user_service::UserService,
    users::{
        self, CreateUserError, DeleteUserError, GetUserError, ListUsersError, UpdateUserError, UserList,
        UserQuery,
    },
};

/// The ports that the services need.
#[derive(Clone)]
pub struct Ports {
    /// Where everything is kept.
    pub store: Arc<dyn Store>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub tokens: Arc<dyn TokenSource>,
    /// Password hashing.
    pub hasher: Arc<dyn PasswordHasher>,
}

/// The implementation of [`UserService`]: each method is a line that leads to its feature's file.
#[derive(Clone)]
pub struct DefaultUserService {
    ports: Ports,
    settings: ServiceSettings,
    limiter: Limiter,
}

impl DefaultUserService {
    /// Puts the service on its ports.
    #[must_use]
    pub fn new(ports: Ports, settings: ServiceSettings) -> Self {
        Self { ports, settings, limiter: Limiter::default() }
    }

    /// An invitation to be passed on by whoever runs the service, instead of being mailed: how the first administrator
    /// gets in. Whoever has it chooses the password of the account. For [`Actor::System`](crate::Actor::System) and
    /// [`Actor::Cli`](crate::Actor::Cli) alone, and audited.
    ///
    /// # Errors
    /// See [`InviteByHandError`].
    pub async fn invite_by_hand(
        &self,
        context: &AccessContext,
        id: UserId,
    ) -> Result<Token, InviteByHandError> {
        invitation::mint(&self.ports, &self.settings, context, id).await
    }
}

#[async_trait]
impl UserService for DefaultUserService {
    async fn get_user(&self, context: &AccessContext, id: UserId) -> Result<User, GetUserError> {
        users::get(&self.ports, context, id).await
    }

    async fn get_user_by_username(
        &self,
        context: &AccessContext,
        username: &str,
    ) -> Result<User, GetUserError> {
        users::get_by_username(&self.ports, context, username).await
    }

    async fn list_users(
        &self,
        context: &AccessContext,
        query: &UserQuery,
    ) -> Result<UserList, ListUsersError> {
        users::list(&self.ports, &self.settings, context, query).await
    }

    async fn search_users(&self, context: &AccessContext, text: &str) -> Result<UserList, ListUsersError> {
        users::list(&self.ports, &self.settings, context, &UserQuery::search(text)).await
    }

    async fn create_user(
        &self,
        context: &AccessContext,
        request: CreateUserRequest,
    ) -> Result<User, CreateUserError> {
        users::create(&self.ports, &self.settings, context, request).await
    }

    async fn update_user(
        &self,
        context: &AccessContext,
        id: UserId,
        request: UpdateUserRequest,
        expected: Expected,
    ) -> Result<User, UpdateUserError> {
        users::update(&self.ports, context, id, &expected, |user| request.validate(user)).await
    }

    async fn patch_user(
        &self,
        context: &AccessContext,
        id: UserId,
        request: PatchUserRequest,
        expected: Expected,
    ) -> Result<User, UpdateUserError> {
        users::update(&self.ports, context, id, &expected, |user| request.validate(user)).await
    }

    async fn delete_user(
        &self,
        context: &AccessContext,
        id: UserId,
        expected: Expected,
    ) -> Result<(), DeleteUserError> {
        users::delete(&self.ports, context, id, &expected).await
    }

    async fn request_password_reset(
        &self,
        context: &AccessContext,
        request: PasswordResetRequest,
    ) -> Result<(), RequestPasswordResetError> {
        password_reset::request(&self.ports, &self.settings, &self.limiter, context, &request).await
    }

    async fn reset_password(
        &self,
        context: &AccessContext,
        request: PasswordResetConfirmation,
    ) -> Result<(), ResetPasswordError> {
        password_reset::confirm(&self.ports, &self.settings, &self.limiter, context, &request).await
    }

    async fn validate_reset_token(
        &self,
        context: &AccessContext,
        request: ValidateResetTokenRequest,
    ) -> Result<ResetTokenStatus, ValidateResetTokenError> {
        password_reset::validate(&self.ports, &self.settings, &self.limiter, context, &request).await
    }

    async fn send_password_reset(
        &self,
        context: &AccessContext,
        id: UserId,
        discard_password: bool,
    ) -> Result<(), SendPasswordResetError> {
        password_reset::send(&self.ports, context, id, discard_password).await
    }

    async fn sign_up(
        &self,
        context: &AccessContext,
        request: CreateUserRequest,
    ) -> Result<SignedUp, SignUpError> {
        sign_up::sign_up(&self.ports, &self.settings, &self.limiter, context, request).await
    }

    async fn request_email_verification(
        &self,
        context: &AccessContext,
        request: EmailVerificationRequest,
    ) -> Result<(), RequestEmailVerificationError> {
        email_verification::request(&self.ports, &self.settings, &self.limiter, context, &request).await
    }

    async fn verify_email(
        &self,
        context: &AccessContext,
        request: VerifyEmailRequest,
    ) -> Result<(), VerifyEmailError> {
        email_verification::verify(&self.ports, &self.settings, &self.limiter, context, &request).await
    }

    async fn accept_invitation(
        &self,
        context: &AccessContext,
        request: AcceptInvitationRequest,
    ) -> Result<(), AcceptInvitationError> {
        invitation::accept(&self.ports, &self.settings, &self.limiter, context, &request).await
    }

    async fn confirm_email_change(
        &self,
        context: &AccessContext,
        request: ConfirmEmailChangeRequest,
    ) -> Result<(), ConfirmEmailChangeError> {
        email_change::confirm(&self.ports, &self.settings, &self.limiter, context, &request).await
    }
}
