//! Signing up: the rules of `POST /api/users` for strangers.

use crate::{
    types::{Password, PasswordPolicy, UserValues, ValidationErrors},
    users::create::{CreateUserRequest, NewUser},
};

impl CreateUserRequest {
    /// Reads a stranger's sign-up: the password is mandatory. The service judges what strangers may choose.
    ///
    /// # Errors
    /// Returns the failing members.
    pub fn validate_sign_up(
        &self,
        policy: &PasswordPolicy,
    ) -> Result<(UserValues, Password), ValidationErrors> {
        let password = self.password.clone().unwrap_or_default();
        let NewUser { values, password } =
            Self { password: Some(password), ..self.clone() }.validate(policy)?;
        let missing = || ValidationErrors::of("password", "password cannot be empty");
        password.map(|password| (values, password)).ok_or_else(missing)
    }
}
