//! The service port: what can be done with users, whoever asks.

use async_trait::async_trait;
use denizen_models::{CreateUserRequest, PatchUserRequest, UpdateUserRequest, User, UserId};

use crate::{
    common::{context::AccessContext, preconditions::IfMatch, service::DefaultUserService},
    users::{
        self, CreateUserError, DeleteUserError, GetUserError, ListUsersError, UpdateUserError, UserList,
        UserQuery,
    },
};

/// Users of a service.
///
/// Every method validates its input and enforces the rules about who may do what; a caller need not, and cannot,
/// do either for it. A user whom the actor may not see does not exist for them: the error is the same.
/// What can go wrong in a method is what its error type lists. Who changes a user says in which state they expect it
/// ([`IfMatch`]); that is checked where the change is written, so that nobody can come in between.
///
/// Each feature is a trait of its own; whoever has this one has them all.
#[async_trait]
pub trait UserService: Send + Sync
where
    Self: crate::EmailChanges,
    Self: crate::EmailVerifications,
    Self: crate::Invitations,
    Self: crate::PasswordResets,
    Self: crate::SignUps,
{
    /// The user with this id.
    async fn get_user(&self, context: &AccessContext, id: UserId) -> Result<User, GetUserError>;

    /// The user with this name, whatever its case.
    async fn get_user_by_username(
        &self,
        context: &AccessContext,
        username: &str,
    ) -> Result<User, GetUserError>;

    /// A page of the users that match `query`; an empty query lists everybody. Administrators only, or all who have
    /// signed in, as [`crate::Directory`] says.
    async fn list_users(
        &self,
        context: &AccessContext,
        query: &UserQuery,
    ) -> Result<UserList, ListUsersError>;

    /// The first page of the users in whose names or, for administrators, address `text` occurs.
    async fn search_users(&self, context: &AccessContext, text: &str) -> Result<UserList, ListUsersError>;

    /// Creates a user and returns it; one without a password is invited by mail to choose one, unless registration is
    /// closed. Administrators only.
    async fn create_user(
        &self,
        context: &AccessContext,
        request: CreateUserRequest,
    ) -> Result<User, CreateUserError>;

    /// Replaces the editable values of a user and returns it. A change of address or status kills its one-time
    /// tokens; a user who is switched off loses every session. Roles and status: administrators only.
    async fn update_user(
        &self,
        context: &AccessContext,
        id: UserId,
        request: UpdateUserRequest,
        expected: IfMatch,
    ) -> Result<User, UpdateUserError>;

    /// Changes some values of a user, under the rules of a replacement, and returns it.
    async fn patch_user(
        &self,
        context: &AccessContext,
        id: UserId,
        request: PatchUserRequest,
        expected: IfMatch,
    ) -> Result<User, UpdateUserError>;

    /// Deletes a user with everything that belongs to it; the audit trail keeps the id.
    async fn delete_user(
        &self,
        context: &AccessContext,
        id: UserId,
        expected: IfMatch,
    ) -> Result<(), DeleteUserError>;
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
        expected: IfMatch,
    ) -> Result<User, UpdateUserError> {
        users::update(&self.ports, context, id, &expected, |user| request.validate(user)).await
    }

    async fn patch_user(
        &self,
        context: &AccessContext,
        id: UserId,
        request: PatchUserRequest,
        expected: IfMatch,
    ) -> Result<User, UpdateUserError> {
        users::update(&self.ports, context, id, &expected, |user| request.validate(user)).await
    }

    async fn delete_user(
        &self,
        context: &AccessContext,
        id: UserId,
        expected: IfMatch,
    ) -> Result<(), DeleteUserError> {
        users::delete(&self.ports, context, id, &expected).await
    }
}
