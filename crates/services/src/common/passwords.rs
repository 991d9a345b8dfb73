//! New passwords: one way for all use cases that set one.

use denizen_models::{Password, UserValues, ValidationErrors};
use tokio::sync::oneshot;

use crate::{
    common::{failure::Failure, password_strength::check_strength},
    ports::{AccessContext, HashError, PasswordHash, Ports},
};

/// Judges the strength of a new password of `user`, whose length is known to be right, and hashes it. Both take
/// milliseconds of a core, so both happen on the hasher's threads, within its bounds. `field` is the member of the request
/// that has the password.
pub(crate) async fn hash_new(
    ports: &Ports,
    context: &AccessContext,
    password: Password,
    user: &UserValues,
    field: &'static str,
) -> Result<PasswordHash, Failure> {
    let (judge, judgement) = oneshot::channel();
    let (candidate, user) = (password.clone(), user.clone());
    let work = move || {
        let _gone = judge.send(check_strength(&candidate, &user));
    };
    ports.hasher.run(context.network(), Box::new(work)).await?;
    let judgement = judgement.await;
    let judgement = judgement.map_err(|_| HashError::Failed("the hasher has not run its work".into()))?;
    // The text is the rest of a sentence that begins with what the field is called.
    let weak = |reason| ValidationErrors::of(field, format!("{} {reason}", field.replace('_', " ")));
    judgement.map_err(|reason| Failure::Invalid(weak(reason)))?;
    Ok(ports.hasher.hash(context.network(), password).await?)
}
