//! The implementations of the service ports. Only whoever wires a program names this module.

use std::sync::Arc;

use async_trait::async_trait;
use denizen_models::{CreateUserRequest, PatchUserRequest, UpdateUserRequest, User, UserId};

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
    expected::Expected,
    hashing::PasswordHasher,
    limits::Limiter,
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

/// The implementation of [`UserService`]. What comes from a feature is implemented in the feature's file.
#[derive(Clone)]
pub struct DefaultUserService {
    pub(crate) ports: Ports,
    pub(crate) settings: ServiceSettings,
    pub(crate) limiter: Limiter,
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
}
