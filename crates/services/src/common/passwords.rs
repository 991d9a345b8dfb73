//! New passwords: one way for all use cases that set one.

use denizen_models::{Password, UserValues};
use tokio::sync::oneshot;

use crate::{
    common::password_strength::check_strength,
    ports::{
        Ports,
        hasher::{HashError, PasswordHash},
    },
};

/// Why a password is not taken.
#[derive(Debug)]
pub(crate) enum NewPasswordError {
    /// It is no good. The text is the rest of a sentence that begins with what the use case calls the password.
    Weak(&'static str),
    /// It could not be judged or hashed.
    Hash(HashError),
}

impl From<HashError> for NewPasswordError {
    fn from(error: HashError) -> Self {
        Self::Hash(error)
    }
}

/// Makes a refused password an error of a use case, which names the member that holds it, and how it calls it.
macro_rules! from_new_password {
    ($error:ident: $field:literal, $name:literal) => {
        impl From<crate::common::passwords::NewPasswordError> for $error {
            fn from(error: crate::common::passwords::NewPasswordError) -> Self {
                match error {
                    crate::common::passwords::NewPasswordError::Weak(reason) => Self::Validation(
                        denizen_models::ValidationErrors::of($field, format!("{} {reason}", $name)),
                    ),
                    crate::common::passwords::NewPasswordError::Hash(error) => Self::Hash(error),
                }
            }
        }
    };
}
pub(crate) use from_new_password;

/// Judges the strength of a new password of `user`, whose length is known to be right, and hashes it. Both take
/// milliseconds of a core, so both happen on the hasher's threads, within its bounds.
pub(crate) async fn hash_new(
    ports: &Ports,
    password: Password,
    user: &UserValues,
) -> Result<PasswordHash, NewPasswordError> {
    let (judge, judgement) = oneshot::channel();
    let (candidate, user) = (password.clone(), user.clone());
    let work = move || {
        let _gone = judge.send(check_strength(&candidate, &user));
    };
    ports.hasher.run(Box::new(work)).await?;
    let judgement = judgement.await;
    let judgement = judgement.map_err(|_| HashError::Failed("the hasher has not run its work".to_owned()))?;
    judgement.map_err(NewPasswordError::Weak)?;
    Ok(ports.hasher.hash(password).await?)
}
