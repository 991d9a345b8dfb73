//! What an operator does at the command line, beside a server that runs or in place of one.
//!
//! These commands work on the configured database themselves. A server on the same database sees what they did with its
//! next request, and sends the mails that they queue.

mod mail;
mod password;
mod setup_link;
mod user;

use std::{fmt::Display, sync::Arc};

use clap::Subcommand;
use denizen_hashing::Argon2Hasher;
use denizen_services::{
    AccessContext, Actor, OsTokenSource, Ports, ServiceSettings, SystemClock, TokenSource,
};

pub use self::{mail::MailCommand, setup_link::SetupLink, user::UserCommand};
use crate::{
    config::{Config, Database, Report},
    settings::service_settings,
    storage::Storage,
};

/// What to do with users and mails.
#[derive(Subcommand, Clone, Debug, PartialEq, Eq)]
pub enum OperatorCommand {
    /// Manage users.
    #[command(subcommand)]
    User(UserCommand),
    /// Print a link with which an administrator chooses the first password.
    ///
    /// Creates the administrator if nobody has the name. Whoever has the link gets the account: it is for your eyes, and
    /// works once.
    SetupLink(SetupLink),
    /// Look after mails that are still to be sent, or were given up.
    #[command(subcommand)]
    Mail(MailCommand),
}

impl OperatorCommand {
    /// Carries the command out, and says what came of it: exit code 0 if it is done, 1 if it is not, 2 if it makes no
    /// sense.
    pub async fn run(self, config: &Config) -> Report {
        let missing = config.database.missing_file();
        let result = match self {
            Self::User(UserCommand::Create(command)) => command.run(config).await,
            Self::SetupLink(command) => command.run(config).await,
            Self::Mail(command) => command.run(config).await,
        };
        match result {
            // Whoever is in the wrong folder finds out at once.
            Ok(stdout) => {
                let stderr = missing.filter(|path| path.exists()).map_or_else(String::new, |path| {
                    format!("denizen: there was no database yet; made {}\n", path.display())
                });
                Report { stdout, stderr, exit_code: 0 }
            }
            Err(Refusal { reason, exit_code }) => {
                Report { stdout: String::new(), stderr: format!("denizen: {reason}\n"), exit_code }
            }
        }
    }
}

/// Why a command is not carried out, for the operator to read. Every error is one.
struct Refusal {
    reason: String,
    exit_code: u8,
}

impl Refusal {
    /// Somebody would have to write something else.
    fn usage(reason: impl Display) -> Self {
        Self { reason: reason.to_string(), exit_code: 2 }
    }

    /// Something is not as it would have to be.
    fn state(reason: impl Display) -> Self {
        Self { reason: reason.to_string(), exit_code: 1 }
    }
}

impl<E: std::error::Error> From<E> for Refusal {
    fn from(error: E) -> Self {
        Self::state(error)
    }
}

/// The services' side of the configuration, with an operator at the door.
struct Office {
    storage: Storage,
    ports: Ports,
    settings: ServiceSettings,
    context: AccessContext,
}

impl Office {
    fn open(config: &Config) -> Result<Self, Refusal> {
        if config.database == Database::Memory {
            return Err(Refusal::usage(
                "nobody but the server itself sees the database memory:; name another one with --database",
            ));
        }
        let storage = Storage::open(&config.database)?;
        let tokens: Arc<dyn TokenSource> = Arc::new(OsTokenSource);
        let mut request = [0; 8];
        tokens.fill(&mut request)?;
        let ports = Ports {
            store: Arc::clone(&storage.store),
            clock: Arc::new(SystemClock),
            hasher: Arc::new(Argon2Hasher::start(config.hash_cost(), 1, 1, Arc::clone(&tokens))?),
            tokens,
        };
        let request_id = format!("cli-{:016x}", u64::from_be_bytes(request));
        let context = AccessContext { actor: Actor::Cli, request_id, ..AccessContext::system() };
        Ok(Self { storage, ports, settings: service_settings(config), context })
    }

    /// Writes out what was done, and passes on what came of it.
    async fn close<T>(self, result: Result<T, Refusal>) -> Result<T, Refusal> {
        self.storage.close().await;
        result
    }
}
