//! `denizen user …`

use clap::{Args, Subcommand};
use denizen_models::{ADMIN_ROLE, CreateUserRequest, DEFAULT_ROLE, ValidationErrors};
use denizen_services::{CreateUserError, Failure, RegistrationMode, UserCreation as _};

use super::{CommandError, OperatorContext, password};
use crate::config::{Config, Profile};

/// What to do with users.
#[derive(Subcommand, Clone, Debug, PartialEq, Eq)]
pub enum UserCommand {
    /// Create a user, who can sign in at once.
    ///
    /// The password is read from standard input with --password-stdin, or asked for at a terminal. Without one, the user
    /// is invited by mail to choose it, unless registration is closed.
    Create(CreateUser),
}

/// Which user to create.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct CreateUser {
    #[command(flatten)]
    new_user: NewUserArgs,
    /// The first name; the user name if it is left out.
    #[arg(long, value_name = "NAME")]
    first_name: Option<String>,
    /// The last name; the user name if it is left out.
    #[arg(long, value_name = "NAME")]
    last_name: Option<String>,
    /// Make the user an administrator.
    #[arg(long)]
    admin: bool,
    /// Take the first line of standard input for the password.
    #[arg(long)]
    password_stdin: bool,
}

/// The arguments that identify a new user.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub(super) struct NewUserArgs {
    /// The user name.
    #[arg(long, value_name = "NAME")]
    pub username: String,
    /// The e-mail address.
    #[arg(long, value_name = "ADDRESS")]
    pub email: String,
}

impl NewUserArgs {
    /// Returns the request for this user, with the user name as first and last name.
    pub fn request(self, admin: bool) -> CreateUserRequest {
        let roles = if admin { vec![DEFAULT_ROLE, ADMIN_ROLE] } else { vec![DEFAULT_ROLE] };
        CreateUserRequest {
            first_name: self.username.clone(),
            last_name: self.username.clone(),
            username: self.username,
            email: self.email,
            roles: Some(roles.into_iter().map(str::to_owned).collect()),
            ..CreateUserRequest::default()
        }
    }
}

impl CreateUser {
    pub(super) async fn run(self, config: &Config) -> Result<String, CommandError> {
        let password =
            if self.password_stdin { Some(password::from_stdin()?) } else { password::from_terminal()? };
        if password.is_none() && config.registration == RegistrationMode::Closed {
            return Err(CommandError::usage(
                "a user needs a password here, because users are not invited by mail while registration is closed; pass \
                 --password-stdin, or let `denizen setup-link` print a link for an administrator",
            ));
        }
        let is_invited = password.is_none();
        let create = self.admin || config.profile == Profile::Development;
        let request = self.new_user.request(self.admin);
        let request = CreateUserRequest {
            first_name: self.first_name.unwrap_or(request.first_name),
            last_name: self.last_name.unwrap_or(request.last_name),
            password,
            ..request
        };
        let user = OperatorContext::with(config, create, async |operator| {
            operator.accounts().create_user(&operator.context, request).await.map_err(command_error)
        })
        .await?;
        let invited = if is_invited {
            format!("; the server mails an invitation to {}", user.values.email)
        } else {
            String::new()
        };
        Ok(format!("user {} created with ID {}{invited}\n", user.values.username, user.id))
    }
}

/// Lists all invalid arguments, or passes on any other error.
pub(super) fn command_error(error: CreateUserError) -> CommandError {
    match error {
        CreateUserError::Failure(Failure::Invalid(errors)) => CommandError::usage(listed(&errors)),
        CreateUserError::UsernameTaken(_)
        | CreateUserError::UsernameReserved(_)
        | CreateUserError::EmailTaken(_)
        | CreateUserError::Failure(_) => error.into(),
    }
}

fn listed(errors: &ValidationErrors) -> String {
    let reasons: String = errors.iter().map(|error| format!("\n- {error}")).collect();
    format!("the user cannot be created:{reasons}")
}
