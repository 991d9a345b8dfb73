//! The implementations of the service ports. Only whoever wires a program names this module.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::Duration;
use denizen_models::{
    CreateUserRequest, PasswordPolicy, PasswordResetConfirmation, PasswordResetRequest, PatchUserRequest,
    ResetTokenStatus, UpdateUserRequest, User, UserId, ValidateResetTokenRequest,
};

pub use crate::{
    calculate::DefaultMathService,
    health::DefaultHealthService,
    limits::Limits,
    messages::{DefaultMessageService, MessageLimits},
    tasks::DefaultTaskService,
};
use crate::{
    clock::Clock,
    context::AccessContext,
    expected::Expected,
    hashing::PasswordHasher,
    limits::Limiter,
    password_reset::{self, RequestPasswordResetError, ResetPasswordError, ValidateResetTokenError},
    store::Store,
    tokens::TokenSource,
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

/// How much an answer may tell a stranger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disclosure {
    /// As much as the tutorial shows: that an address is unknown, and whether a token is expired or wrong. For a
    /// service on the developer's own machine only.
    Tutorial,
    /// Nothing: every address gets the same answer for the same work, and a dead token is a dead token.
    Uniform,
}

/// What can be set on the services.
#[derive(Debug, Clone)]
pub struct ServiceSettings {
    /// How much an answer may tell a stranger.
    pub disclosure: Disclosure,
    /// What a new password must be.
    pub password_policy: PasswordPolicy,
    /// How long a reset token works. OWASP asks for a short time; NIST SP 800-63B-4 allows 24 h at most by mail.
    pub reset_token_ttl: Duration,
    /// How many mails that strangers asked for may wait; beyond that everybody is turned away.
    pub mail_capacity: u32,
    /// How often the sensitive routes may be used.
    pub limits: Limits,
}

impl Default for ServiceSettings {
    fn default() -> Self {
        Self {
            disclosure: Disclosure::Uniform,
            password_policy: PasswordPolicy::default(),
            reset_token_ttl: Duration::minutes(30),
            mail_capacity: 10_000,
            limits: Limits::default(),
        }
    }
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
        users::list(&self.ports, context, query).await
    }

    async fn search_users(&self, context: &AccessContext, text: &str) -> Result<UserList, ListUsersError> {
        users::list(&self.ports, context, &UserQuery::search(text)).await
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
}
