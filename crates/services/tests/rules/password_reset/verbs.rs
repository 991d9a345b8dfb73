//! What people do about a password that they forgot.

use denizen_models::{
    PasswordResetConfirmation, PasswordResetRequest, ResetTokenStatus, Secret, TokenRequest, UserId,
};
use denizen_services::{
    AccessContext, Disclosure, Limits, RequestPasswordResetError, ResetPasswordError, ServiceSettings,
};

use crate::support::{World, stranger};

impl World {
    /// An empty world in which the answers are those of the tutorial.
    pub fn tutorial() -> Self {
        let disclosure = Disclosure::Detailed;
        Self::with(ServiceSettings { disclosure, limits: Limits::GENEROUS, ..ServiceSettings::default() })
    }

    /// A stranger asks for a reset, and is not turned away.
    pub async fn request_reset(&self, email: &str) {
        self.try_request_reset(email).await.expect("a queued reset");
    }

    pub async fn try_request_reset(&self, email: &str) -> Result<(), RequestPasswordResetError> {
        self.users.request_password_reset(&stranger(), PasswordResetRequest { email: email.to_owned() }).await
    }

    /// Asks for a reset, has it mailed, and reads the mail.
    pub async fn obtain_token(&self, email: &str) -> String {
        self.request_reset(email).await;
        self.deliver_mail().await;
        self.token_for(email)
    }

    /// A stranger presents a token with a new password.
    pub async fn reset(&self, token: &str, new_password: &str) -> Result<(), ResetPasswordError> {
        let request = PasswordResetConfirmation {
            token: Secret::from(token),
            new_password: Secret::from(new_password),
        };
        self.users.reset_password(&stranger(), request).await.map(|_device| ())
    }

    /// What a stranger is told about a token.
    pub async fn validate(&self, token: &str) -> ResetTokenStatus {
        let request = TokenRequest { token: Secret::from(token) };
        self.users.validate_reset_token(&stranger(), request).await.expect("an answer about a token")
    }

    /// An administrator has a user mailed a new way in.
    pub async fn send_reset(&self, user: UserId) {
        let system = AccessContext::system();
        self.users.send_password_reset(&system, user, false).await.expect("a queued mail");
    }
}

impl World {
    /// Resets the password by mail. What the device presents from now on, and whether the user has a session.
    pub async fn reset_on_device(&self, email: &str, new_password: &str) -> (Secret, bool) {
        let request = PasswordResetRequest { email: email.to_owned() };
        self.users.request_password_reset(&stranger(), request).await.expect("a queued mail");
        self.deliver_mail().await;
        let (token, new_password) = (Secret::from(self.token_for(email)), Secret::from(new_password));
        let request = PasswordResetConfirmation { token, new_password };
        let device = self.users.reset_password(&stranger(), request).await.expect("a new password");
        let user = self.find_at(email).await.expect("the user");
        (device.expect("a device"), !self.sessions_of(user.id).await.is_empty())
    }
}
