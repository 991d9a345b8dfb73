//! `denizen setup-link`

use clap::Args;
use denizen_mail::Links;
use denizen_models::{User, UserId, fold};
use denizen_services::{
    DefaultMailJobService, DefaultUserService, GetUserError, MailJobError, MailJobService as _,
    RegistrationMode, ServiceSettings, UserService as _,
    store::{MailJobId, MailKind},
};

use super::{
    CommandError, OperatorContext, mail,
    user::{NewUserArgs, command_error},
};
use crate::config::Config;

/// For whom to print a link.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct SetupLink {
    #[command(flatten)]
    new_user: NewUserArgs,
}

impl SetupLink {
    pub(super) async fn run(self, config: &Config) -> Result<String, CommandError> {
        if config.public_url.is_none() && config.bind.port() == 0 {
            return Err(CommandError::usage(
                "the public URL is unknown, because the port is chosen at the start; set it with --public-url",
            ));
        }
        let links = Links::below(config.public_url_at(config.bind).as_str());
        let operator = OperatorContext::open(config)?;
        let result = self.link(&operator, &links).await;
        operator.close(result).await
    }

    async fn link(self, operator: &OperatorContext, links: &Links) -> Result<String, CommandError> {
        // A mail would bring another invitation, and of two only the newer one works. So none is queued here, nor left in
        // the queue: with a mail server that is down, every attempt would void the link.
        let settings =
            ServiceSettings { registration: RegistrationMode::Closed, ..operator.settings.clone() };
        let users = DefaultUserService::new(operator.ports.clone(), settings);
        let user = match users.get_user_by_username(&operator.context, &self.new_user.username).await {
            Ok(user) => self.reuse(operator, user).await?,
            Err(GetUserError::UsernameNotFound(_) | GetUserError::IdNotFound(_)) => users
                .create_user(&operator.context, self.new_user.request(true))
                .await
                .map_err(command_error)?,
            Err(error @ GetUserError::Store(_)) => return Err(error.into()),
        };
        withdraw_invitations(operator, user.id).await?;
        let token = users.invite_by_hand(&operator.context, user.id).await?;
        Ok(format!("{}\n", links.to_accept_invitation(&token)))
    }

    /// Returns the user if the link neither replaces a password nor grants the administrator role.
    async fn reuse(&self, operator: &OperatorContext, user: User) -> Result<User, CommandError> {
        let name = &user.values.username;
        let credentials = operator.ports.store.find_credentials(user.id).await?;
        if credentials.is_some_and(|credentials| credentials.hash.is_some()) {
            return Err(CommandError::state(format!(
                "user {name} has a password already; a setup link is for the first one"
            )));
        }
        if !user.is_admin() {
            return Err(CommandError::state(format!(
                "user {name} exists already, and is not an administrator"
            )));
        }
        if user.values.email.key() != fold(self.new_user.email.trim()) {
            return Err(CommandError::state(format!(
                "user {name} exists already, with another e-mail address"
            )));
        }
        Ok(user)
    }
}

async fn withdraw_invitations(operator: &OperatorContext, user: UserId) -> Result<(), CommandError> {
    let jobs = DefaultMailJobService::new(operator.ports.clone());
    for job in mail::all(operator, &jobs, None).await? {
        if job.user_id == Some(user) && job.kind == MailKind::Invitation.as_str() {
            match jobs.drop_mail_job(&operator.context, MailJobId(job.id)).await {
                Ok(()) | Err(MailJobError::NotFound) => {}
                Err(error @ (MailJobError::Forbidden | MailJobError::Store(_))) => return Err(error.into()),
            }
        }
    }
    Ok(())
}
