//! The five users that a fresh development database starts with.

use denizen_models::{CreateUserRequest, Secret, User};
use denizen_services::{AccountService, CreateUserError, Failure};

pub use denizen_services::SAMPLE_PASSWORD;

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
        "the user {} (id {}) still has the documented password of the sample users; set another one, or delete the user, in the \
         development profile",
        .0.values.username, .0.id
    )]
    Password(Box<User>),
}

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
pub(crate) async fn create(accounts: &AccountService) -> Result<Vec<String>, SampleError> {
    let mut names = Vec::new();
    for request in requests()? {
        names.push(request.username.clone());
        match accounts.create_sample_user(request).await {
            Ok(_) | Err(CreateUserError::UsernameTaken(_) | CreateUserError::EmailTaken(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(names)
}

/// Checks that no user still has the documented password, whatever the user is called by now.
pub(crate) async fn refuse_sample_passwords(accounts: &AccountService) -> Result<(), SampleError> {
    match accounts.find_sample_password().await? {
        Some(user) => Err(SampleError::Password(Box::new(user))),
        None => Ok(()),
    }
}
