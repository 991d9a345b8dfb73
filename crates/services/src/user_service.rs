//! The service port: what can be done with users, whoever asks.

use async_trait::async_trait;
use denizen_models::{
    AcceptInvitationRequest, ConfirmEmailChangeRequest, CreateUserRequest, EmailVerificationRequest,
    PasswordResetConfirmation, PasswordResetRequest, PatchUserRequest, ResetTokenStatus, UpdateUserRequest,
    User, UserId, ValidateResetTokenRequest, VerifyEmailRequest,
};

use crate::{
    context::AccessContext,
    email_change::ConfirmEmailChangeError,
    email_verification::{RequestEmailVerificationError, VerifyEmailError},
    expected::Expected,
    invitation::AcceptInvitationError,
    password_reset::{
        RequestPasswordResetError, ResetPasswordError, SendPasswordResetError, ValidateResetTokenError,
    },
    sign_up::{SignUpError, SignedUp},
    users::{
        CreateUserError, DeleteUserError, GetUserError, ListUsersError, UpdateUserError, UserList, UserQuery,
    },
};

/// Users of a service.
///
/// Every method validates its input and enforces the rules about who may do what; a caller need not, and cannot,
/// do either for it. A user whom the actor may not see does not exist for them: the error is the same.
/// What can go wrong in a method is what its error type lists. Who changes a user says in which state they expect it
/// ([`Expected`]); that is checked where the change is written, so that nobody can come in between.
#[async_trait]
pub trait UserService: Send + Sync {
    /// The user with this id.
    async fn get_user(&self, context: &AccessContext, id: UserId) -> Result<User, GetUserError>;

    /// The user with this name, whatever its case.
    async fn get_user_by_username(
        &self,
        context: &AccessContext,
        username: &str,
    ) -> Result<User, GetUserError>;

    /// A page of the users that match `query`; an empty query lists everybody. Administrators only, or all who have
    /// signed in, as [`crate::defaults::Directory`] says.
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
        expected: Expected,
    ) -> Result<User, UpdateUserError>;

    /// Changes some values of a user, under the rules of a replacement, and returns it.
    async fn patch_user(
        &self,
        context: &AccessContext,
        id: UserId,
        request: PatchUserRequest,
        expected: Expected,
    ) -> Result<User, UpdateUserError>;

    /// Deletes a user with everything that belongs to it; the audit trail keeps the id.
    async fn delete_user(
        &self,
        context: &AccessContext,
        id: UserId,
        expected: Expected,
    ) -> Result<(), DeleteUserError>;

    /// Queues a mail with a reset token for whoever has this address. The same work for every address.
    async fn request_password_reset(
        &self,
        context: &AccessContext,
        request: PasswordResetRequest,
    ) -> Result<(), RequestPasswordResetError>;

    /// Sets a new password with a mailed token, and ends every session of the user. The token works once.
    async fn reset_password(
        &self,
        context: &AccessContext,
        request: PasswordResetConfirmation,
    ) -> Result<(), ResetPasswordError>;

    /// Whether a token would work now. Does not consume it, and does not say whose it is.
    async fn validate_reset_token(
        &self,
        context: &AccessContext,
        request: ValidateResetTokenRequest,
    ) -> Result<ResetTokenStatus, ValidateResetTokenError>;

    /// Queues a mail with which a user can choose a password: an invitation for one who never had any, else a reset.
    /// With `discard_password`, nobody can sign in with the old one from now on, and every session ends: for an account
    /// that somebody else got into. Administrators only, who never learn nor choose the password.
    async fn send_password_reset(
        &self,
        context: &AccessContext,
        id: UserId,
        discard_password: bool,
    ) -> Result<(), SendPasswordResetError>;

    /// Makes a user of a stranger, if registration is open. Where answers must tell strangers nothing, that is a wish
    /// that waits until somebody shows with [`UserService::verify_email`] that the address is theirs, and the same
    /// work and answer for every address.
    async fn sign_up(
        &self,
        context: &AccessContext,
        request: CreateUserRequest,
    ) -> Result<SignedUp, SignUpError>;

    /// Queues a mail with a token for whoever has this address and has not yet shown that it is theirs. The same work for
    /// every address.
    async fn request_email_verification(
        &self,
        context: &AccessContext,
        request: EmailVerificationRequest,
    ) -> Result<(), RequestEmailVerificationError>;

    /// Confirms with a mailed token that an address is the user's own; or makes a user of whoever signed up with it. The
    /// token works once.
    async fn verify_email(
        &self,
        context: &AccessContext,
        request: VerifyEmailRequest,
    ) -> Result<(), VerifyEmailError>;

    /// Sets the first password of an invited user with a mailed token, which shows that the address is theirs, too. The
    /// token works once.
    async fn accept_invitation(
        &self,
        context: &AccessContext,
        request: AcceptInvitationRequest,
    ) -> Result<(), AcceptInvitationError>;

    /// Gives a user the address to which the token was mailed, and tells the old one. The token works once.
    async fn confirm_email_change(
        &self,
        context: &AccessContext,
        request: ConfirmEmailChangeRequest,
    ) -> Result<(), ConfirmEmailChangeError>;
}
