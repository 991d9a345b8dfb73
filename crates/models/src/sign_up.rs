//! Signing up: what a stranger may ask for, and what the owner of the e-mail address chooses.

use crate::{
    email_verification::VerifyEmailRequest,
    types::{EmailAddress, Password, PasswordPolicy, UserValues, ValidationErrors},
    users::create::{CreateUserRequest, NewUser},
};

impl CreateUserRequest {
    /// Reads a stranger's sign-up in which every member counts at once. The password is mandatory. The service judges
    /// what strangers may choose.
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

    /// Reads a stranger's sign-up that asks for a token by e-mail. The e-mail address is the only member that may be set:
    /// the client does not have to own the address, so its owner chooses the rest, with the token.
    ///
    /// # Errors
    /// Returns the failing members, among them every other member that is set.
    pub fn validate_sign_up_address(&self) -> Result<EmailAddress, ValidationErrors> {
        let mut errors = ValidationErrors::new();
        let email = errors.value("email", EmailAddress::parse(&self.email));
        // Without `..`: a new member does not compile until it is refused here.
        let Self {
            id,
            username,
            email: _,
            first_name,
            last_name,
            age,
            active,
            email_verified,
            roles,
            profile,
            user_metadata,
            app_metadata,
            password,
            created_at,
            updated_at,
        } = self;
        let others = [
            ("id", id.is_some()),
            ("username", !username.is_empty()),
            ("first_name", !first_name.is_empty()),
            ("last_name", !last_name.is_empty()),
            ("age", age.is_some()),
            ("active", active.is_some()),
            ("email_verified", email_verified.is_some()),
            ("roles", roles.is_some()),
            ("profile", profile.is_some()),
            ("user_metadata", user_metadata.is_some()),
            ("app_metadata", app_metadata.is_some()),
            ("password", password.is_some()),
            ("created_at", created_at.is_some()),
            ("updated_at", updated_at.is_some()),
        ];
        for (field, set) in others {
            let reason = format_args!(
                "{field} must be absent: a sign-up has only the member \"email\", and the rest is chosen with the mailed token"
            );
            errors.check(set, field, reason);
        }
        errors.complete(email)
    }
}

impl VerifyEmailRequest {
    /// Checks that nothing but the token is set: the account exists, and has the rest.
    ///
    /// # Errors
    /// Returns every other member that is set.
    pub fn validate_bare(&self) -> Result<(), ValidationErrors> {
        let Self { token: _, username, password, first_name, last_name, age, profile } = self;
        let others = [
            ("username", !username.is_empty()),
            ("password", password.is_some()),
            ("first_name", !first_name.is_empty()),
            ("last_name", !last_name.is_empty()),
            ("age", age.is_some()),
            ("profile", profile.is_some()),
        ];
        let mut errors = ValidationErrors::new();
        for (field, set) in others {
            errors.check(
                set,
                field,
                format_args!("{field} must be absent: the token is not that of a sign-up"),
            );
        }
        errors.into_result(())
    }

    /// Reads what the owner of `email` chooses with the token of a sign-up.
    ///
    /// # Errors
    /// Returns the failing members.
    pub fn validate_sign_up(
        &self,
        email: &EmailAddress,
        policy: &PasswordPolicy,
    ) -> Result<(UserValues, Password), ValidationErrors> {
        let Self { token: _, username, password, first_name, last_name, age, profile } = self.clone();
        let request = CreateUserRequest {
            username,
            email: email.as_str().to_owned(),
            first_name,
            last_name,
            age,
            profile,
            password,
            email_verified: Some(true),
            ..CreateUserRequest::default()
        };
        request.validate_sign_up(policy)
    }
}
