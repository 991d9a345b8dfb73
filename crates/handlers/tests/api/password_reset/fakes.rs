//! The part of the fake users that resets passwords.

use async_trait::async_trait;
use chrono::Duration;
use denizen_models::{
    PasswordResetConfirmation, PasswordResetRequest, ResetTokenStatus, Secret, TokenRequest, UserId,
};
use denizen_services::{
    AccessContext, Failure, PasswordResets, RequestPasswordResetError, ResetPasswordError,
    SendPasswordResetError,
};
use denizen_testkit::FixedClock;

use crate::support::fakes::{Asked, FakeUsers};

/// What the fake says. By default all goes well.
pub struct ResetAnswers {
    pub request: Result<(), RequestPasswordResetError>,
    pub reset: Result<Option<Secret>, ResetPasswordError>,
    pub validate: Result<ResetTokenStatus, Failure>,
    pub send: Result<(), SendPasswordResetError>,
}

impl Default for ResetAnswers {
    fn default() -> Self {
        let expires_at = Some(FixedClock::start() + Duration::minutes(30));
        Self {
            request: Ok(()),
            reset: Ok(None),
            validate: Ok(ResetTokenStatus { valid: true, expires_at }),
            send: Ok(()),
        }
    }
}

/// What it was asked to do.
#[derive(Debug, Clone)]
pub enum ResetAsked {
    Request(PasswordResetRequest),
    Reset(PasswordResetConfirmation),
    Validate(TokenRequest),
    Send(UserId, bool),
}

#[async_trait]
impl PasswordResets for FakeUsers {
    async fn request_password_reset(
        &self,
        context: &AccessContext,
        request: PasswordResetRequest,
    ) -> Result<(), RequestPasswordResetError> {
        self.record(context, Asked::PasswordReset(ResetAsked::Request(request)));
        self.answers.password_reset.request.clone()
    }

    async fn reset_password(
        &self,
        context: &AccessContext,
        request: PasswordResetConfirmation,
    ) -> Result<Option<Secret>, ResetPasswordError> {
        self.record(context, Asked::PasswordReset(ResetAsked::Reset(request)));
        self.answers.password_reset.reset.clone()
    }

    async fn validate_reset_token(
        &self,
        context: &AccessContext,
        request: TokenRequest,
    ) -> Result<ResetTokenStatus, Failure> {
        self.record(context, Asked::PasswordReset(ResetAsked::Validate(request)));
        self.answers.password_reset.validate.clone()
    }

    async fn send_password_reset(
        &self,
        context: &AccessContext,
        id: UserId,
        discard_password: bool,
    ) -> Result<(), SendPasswordResetError> {
        self.record(context, Asked::PasswordReset(ResetAsked::Send(id, discard_password)));
        self.answers.password_reset.send.clone()
    }
}
