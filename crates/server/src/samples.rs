//! The five users that a fresh development database starts with.

use denizen_models::{CreateUserRequest, Secret, Username};
use denizen_services::{AccessContext, AccountService, CreateUserError, Failure, UserService};

/// Why the sample users could not be created, or prevent the start.
#[derive(Debug, thiserror::Error)]
pub enum SampleError {
    /// Their built-in description is not valid.
    #[error("cannot read the sample users: {0}")]
    Read(#[from] serde_json::Error),
    /// They cannot be created.
    #[error("cannot create the sample users: {0}")]
    Create(#[from] CreateUserError),
    /// Their passwords cannot be checked.
    #[error("cannot check the passwords of the sample users: {0}")]
    Check(#[from] Failure),
    /// This user still has the documented password, in production.
    #[error(
        "the sample user {0} still has its documented password; set another one, or delete the user, in the \
         development profile"
    )]
    Password(String),
}

/// The password of every sample user. Documented, therefore worthless: for development only.
pub const SAMPLE_PASSWORD: &str = "tutorial-password";

/// The sample user who is an administrator.
pub(crate) const ADMINISTRATOR: &str = "diana_admin";

/// Returns the requests that create the sample users, in the order of their ids. They are those of the Go original.
fn requests() -> Result<Vec<CreateUserRequest>, serde_json::Error> {
    let mut requests: Vec<CreateUserRequest> = serde_json::from_str(include_str!("samples.json"))?;
    for request in &mut requests {
        request.password = Some(Secret::from(SAMPLE_PASSWORD));
    }
    Ok(requests)
}

/// Creates the sample users, and returns their names. Existing ones are left unchanged, so that an interrupted start can be
/// repeated.
pub(crate) async fn create(users: &dyn UserService) -> Result<Vec<String>, SampleError> {
    let mut names = Vec::new();
    for request in requests()? {
        names.push(request.username.clone());
        match users.create_user(&AccessContext::system(), request).await {
            Ok(_) | Err(CreateUserError::UsernameTaken(_) | CreateUserError::EmailTaken(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(names)
}

/// Checks that no sample user still has the documented password.
pub(crate) async fn refuse_sample_passwords(accounts: &AccountService) -> Result<(), SampleError> {
    for CreateUserRequest { username, .. } in requests()? {
        let Ok(name) = Username::parse(&username) else { continue };
        if accounts.has_password(&name, &Secret::from(SAMPLE_PASSWORD)).await? {
            return Err(SampleError::Password(username));
        }
    }
    Ok(())
}
