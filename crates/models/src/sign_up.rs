//! Signing up: the rules of `POST /api/users` for strangers.

use crate::{
    types::{
        password::{Password, PasswordPolicy},
        user::{DEFAULT_ROLE, UserValues},
        validation::ValidationErrors,
    },
    users::create::{CreateUserRequest, NewUser},
};

/// Why a sign-up is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InvalidSignUp {
    /// Members fail.
    Members(ValidationErrors),
    /// Only administrators can choose this member.
    Forbidden(&'static str),
}

impl CreateUserRequest {
    /// Reads a stranger's sign-up: the password is mandatory, and of what only administrators decide, a stranger may
    /// only name the defaults.
    ///
    /// # Errors
    /// Returns the failing members, or the first member that a stranger cannot choose.
    pub fn validate_sign_up(&self, policy: &PasswordPolicy) -> Result<(UserValues, Password), InvalidSignUp> {
        let password = self.password.clone().unwrap_or_default();
        let request = Self { password: Some(password), ..self.clone() };
        let NewUser { values, password } = request.validate(policy).map_err(InvalidSignUp::Members)?;
        let chosen = [
            ("roles", values.roles != [DEFAULT_ROLE]),
            ("active", !values.active),
            ("email_verified", values.email_verified),
        ];
        if let Some((member, _)) = chosen.into_iter().find(|(_, chosen)| *chosen) {
            return Err(InvalidSignUp::Forbidden(member));
        }
        let missing = || ValidationErrors::of("password", "password cannot be empty");
        password.map(|password| (values, password)).ok_or_else(|| InvalidSignUp::Members(missing()))
    }
}
