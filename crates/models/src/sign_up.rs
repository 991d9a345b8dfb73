//! Signing up: what a stranger may ask for, and what the owner of the e-mail address chooses.

use crate::{
    email_verification::VerifyEmailRequest,
    types::{EmailAddress, Password, PasswordPolicy, UserValues, ValidationErrors},
    users::create::{CreateUserRequest, NewUser},
};

/// A member of a request, which may be absent.
trait Member {
    fn is_set(&self) -> bool;
}

impl Member for String {
    fn is_set(&self) -> bool {
        !self.is_empty()
    }
}

impl<T> Member for Option<T> {
    fn is_set(&self) -> bool {
        self.is_some()
    }
}

/// Refuses every member of a request but one. Names all of them: a new member does not compile until it is refused here.
macro_rules! refuse_members {
    ($request:ident { $but:ident } = $this:ident, $errors:ident, $reason:literal: $($member:ident)+) => {
        let $request { $but: _, $($member),+ } = $this;
        $($errors.check(
            $member.is_set(),
            stringify!($member),
            concat!(stringify!($member), " must be absent: ", $reason),
        );)+
    };
}

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
        refuse_members! {
            CreateUserRequest { email } = self, errors, "a sign-up has only the member \"email\", and the rest is chosen with the \
                mailed token":
            id username first_name last_name age active email_verified roles profile user_metadata app_metadata
             password created_at updated_at
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
        let mut errors = ValidationErrors::new();
        refuse_members! {
            VerifyEmailRequest { token } = self, errors, "the token is not that of a sign-up":
            username password first_name last_name age profile
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
