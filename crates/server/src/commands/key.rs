//! `denizen key …`

use std::time::Duration;

use clap::Subcommand;
use denizen_models::{CreateKeyRequest, KeyResponse, KeyScope, text};
use denizen_services::{Clock as _, CreateKeyError, Failure, Keys as _, SystemClock, store::KeyId};

use super::{
    CommandError, OperatorContext,
    table::{second, table},
};
use crate::config::{Config, duration};

/// What to do with service keys.
#[derive(Subcommand, Clone, Debug, PartialEq, Eq)]
pub enum KeyCommand {
    /// Create a service key, and print it: nothing else is printed, and it is not shown again.
    ///
    /// A program presents it as a bearer token, or with HTTP Basic as the password of the user whose name is the number in
    /// the key.
    Create {
        /// What to know it by in lists.
        name: String,
        /// What the key is good for; may be given several times.
        #[arg(long = "scope", value_name = "SCOPE", required = true, num_args = 1..,
            value_parser = KeyScope::ALL.map(KeyScope::as_str))]
        scopes: Vec<String>,
        /// How long it works, such as 90d: up to 3650d, or forever if this is left out.
        #[arg(long, value_name = "DURATION", value_parser = lifetime)]
        expires: Option<Duration>,
    },
    /// List the service keys, without what would open anything.
    List,
    /// Revoke a service key, at once.
    Revoke {
        /// The number in the list, and in the key.
        #[arg(value_parser = clap::value_parser!(i64).range(1..))]
        id: i64,
    },
}

impl KeyCommand {
    pub(super) async fn run(self, config: &Config) -> Result<String, CommandError> {
        OperatorContext::with(config, false, async |operator| {
            let (keys, context) = (operator.accounts(), &operator.context);
            match self {
                Self::Create { name, scopes, expires } => {
                    let expires_at = expires.map(|length| SystemClock.now() + length);
                    let request =
                        CreateKeyRequest { name, scopes, expires_at, ..CreateKeyRequest::default() };
                    let created = keys.create_key(context, request).await.map_err(command_error)?;
                    Ok(format!("{}\n", created.key.expose()))
                }
                Self::List => Ok(listed(&keys.list_keys(context).await?)),
                Self::Revoke { id } => {
                    keys.revoke_key(context, KeyId(id)).await?;
                    Ok(format!("service key {id} is revoked\n"))
                }
            }
        })
        .await
    }
}

fn lifetime(text: &str) -> Result<Duration, String> {
    duration("1s", "3650d")(text)
}

fn command_error(error: CreateKeyError) -> CommandError {
    match error {
        CreateKeyError::Failure(Failure::Invalid(errors)) => CommandError::usage(errors),
        CreateKeyError::WrongPassword | CreateKeyError::TooMany | CreateKeyError::Failure(_) => error.into(),
    }
}

fn listed(keys: &[KeyResponse]) -> String {
    let mut rows = vec![["ID", "CREATED", "EXPIRES", "LAST USED", "SCOPES", "NAME"].map(str::to_owned)];
    rows.extend(keys.iter().map(|key| {
        let never = || "never".to_owned();
        [
            key.id.to_string(),
            second(key.created_at),
            key.expires_at.map_or_else(never, second),
            key.last_used_at.map_or_else(never, second),
            key.scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" "),
            text::escaped(&key.name),
        ]
    }));
    table(&rows)
}
