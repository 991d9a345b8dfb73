//! What an operator does at the command line, beside a server that runs or in place of one.
//!
//! These commands work on the configured database themselves. A server on the same database sees what they did with its
//! next request, and sends the mails that they queue.

mod after_restore;
mod check;
mod key;
mod mail;
mod password;
mod setup_link;
mod table;
mod user;

use std::{fmt::Display, sync::Arc};

use clap::Subcommand;
use denizen_hashing::Argon2Hasher;
use denizen_services::{
    AccessContext, AccountService, Actor, MailCounters, OsTokenSource, Ports, ServiceSettings, SystemClock,
    TokenSource,
};

pub use self::{
    after_restore::AfterRestore, key::KeyCommand, mail::MailCommand, setup_link::SetupLink, user::UserCommand,
};
use crate::{
    config::{Config, Database, Report},
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
    /// Creates the administrator if the user name is free. The link gives access to the account: keep it secret. It works
    /// once.
    SetupLink(SetupLink),
    /// Look after service keys, which programs present instead of a session.
    #[command(subcommand)]
    Key(KeyCommand),
    /// Look after mails that are still to be sent, or were given up.
    #[command(subcommand)]
    Mail(MailCommand),
    /// Look for damage in the database, which may be in use. Changes nothing.
    Check,
    /// Make a database safe that was restored from a backup, before the server starts.
    ///
    /// Ends all sessions, voids all mailed tokens and revokes all service keys, because those that ended since the backup
    /// would work again; and
    /// skips ids, because those given since would be given to others.
    AfterRestore(AfterRestore),
}

impl OperatorCommand {
    /// Carries the command out, and says what came of it: exit code 0 if it is done, 1 if it is not, 2 if it makes no
    /// sense.
    pub async fn run(self, config: &Config) -> Report {
        let missing = config.database.path().filter(|path| !path.exists());
        let result = match self {
            Self::User(UserCommand::Create(command)) => command.run(config).await,
            Self::SetupLink(command) => command.run(config).await,
            Self::Key(command) => command.run(config).await,
            Self::Mail(command) => command.run(config).await,
            Self::Check => check::run(config),
            Self::AfterRestore(command) => command.run(config).await,
        };
        // An operator who is in the wrong folder finds out at once.
        let created = missing
            .filter(|path| path.exists())
            .map_or_else(String::new, |path| format!("denizen: created database {}\n", path.display()));
        match result {
            Ok(stdout) => Report { stdout, stderr: created, exit_code: 0 },
            Err(CommandError { reason, exit_code }) => {
                Report { stdout: String::new(), stderr: format!("{created}denizen: {reason}\n"), exit_code }
            }
        }
    }
}

/// Refuses a database that only the server can see.
fn expect_shared(config: &Config) -> Result<(), CommandError> {
    match config.database {
        Database::Memory => Err(CommandError::usage(
            "the in-memory database is only visible to the server; name another one with --database",
        )),
        Database::Sqlite(_) | Database::Postgres(_) => Ok(()),
    }
}

/// Why a command failed, for the operator to read. Every error converts into one.
struct CommandError {
    reason: String,
    exit_code: u8,
}

impl CommandError {
    /// Invalid arguments (exit code 2).
    fn usage(reason: impl Display) -> Self {
        Self { reason: reason.to_string(), exit_code: 2 }
    }

    /// The operation cannot be carried out in the current state (exit code 1).
    fn state(reason: impl Display) -> Self {
        Self { reason: reason.to_string(), exit_code: 1 }
    }
}

impl<E: std::error::Error> From<E> for CommandError {
    fn from(error: E) -> Self {
        Self::state(error)
    }
}

/// The open store and the services' settings, for commands that act as the operator.
struct OperatorContext {
    storage: Storage,
    ports: Ports,
    settings: ServiceSettings,
    context: AccessContext,
}

impl OperatorContext {
    async fn open(config: &Config, create: bool) -> Result<Self, CommandError> {
        expect_shared(config)?;
        let storage = Storage::open(&config.database, create).await?;
        storage.store.observe(Arc::new(MailCounters::default()));
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
        Ok(Self { storage, ports, settings: config.service_settings(), context })
    }

    fn accounts(&self) -> AccountService {
        AccountService::new(self.ports.clone(), self.settings.clone())
    }

    /// Opens the store, which is created if it may and there is none, carries `work` out, and closes the store.
    async fn with<T>(
        config: &Config,
        create: bool,
        work: impl AsyncFnOnce(&Self) -> Result<T, CommandError>,
    ) -> Result<T, CommandError> {
        let operator = Self::open(config, create).await?;
        let result = work(&operator).await;
        operator.storage.close().await;
        result
    }
}
