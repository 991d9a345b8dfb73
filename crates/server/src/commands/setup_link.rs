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
    Office, Refusal, mail,
    user::{Identity, refusal},
};
use crate::config::Config;

/// For whom to print a link.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct SetupLink {
    #[command(flatten)]
    identity: Identity,
}

impl SetupLink {
    pub(super) async fn run(self, config: &Config) -> Result<String, Refusal> {
        if config.public_url.is_none() && config.bind.port() == 0 {
            return Err(Refusal::usage(
                "nobody knows yet where the server will be; name it with --public-url",
            ));
        }
        let links = Links::below(config.public_url_at(config.bind).as_str());
        let office = Office::open(config)?;
        let result = self.link(&office, &links).await;
        office.close(result).await
    }

    async fn link(self, office: &Office, links: &Links) -> Result<String, Refusal> {
        // A mail would bring another invitation, and of two only the newer one works. So none is queued here, nor left in
        // the queue: with a mail server that is down, every attempt would void the link.
        let settings = ServiceSettings { registration: RegistrationMode::Closed, ..office.settings.clone() };
        let users = DefaultUserService::new(office.ports.clone(), settings);
        let user = match users.get_user_by_username(&office.context, &self.identity.username).await {
            Ok(user) => self.reuse(office, user).await?,
            Err(GetUserError::UsernameNotFound(_) | GetUserError::IdNotFound(_)) => {
                users.create_user(&office.context, self.identity.request(true)).await.map_err(refusal)?
            }
            Err(error @ GetUserError::Store(_)) => return Err(error.into()),
        };
        withdraw_invitations(office, user.id).await?;
        let token = users.invite_by_hand(&office.context, user.id).await?;
        Ok(format!("{}\n", links.to_accept_invitation(&token)))
    }

    /// A link is no way around a password, nor to make somebody an administrator.
    async fn reuse(&self, office: &Office, user: User) -> Result<User, Refusal> {
        let name = &user.values.username;
        let credentials = office.ports.store.find_credentials(user.id).await?;
        if credentials.is_some_and(|credentials| credentials.hash.is_some()) {
            return Err(Refusal::state(format!(
                "user {name} has a password already; a setup link is for the first one"
            )));
        }
        if !user.is_admin() {
            return Err(Refusal::state(format!("user {name} exists already, and is no administrator")));
        }
        if user.values.email.key() != fold(self.identity.email.trim()) {
            return Err(Refusal::state(format!("user {name} exists already, with another e-mail address")));
        }
        Ok(user)
    }
}

async fn withdraw_invitations(office: &Office, user: UserId) -> Result<(), Refusal> {
    let jobs = DefaultMailJobService::new(office.ports.clone());
    for job in mail::all(office, &jobs, None).await? {
        if job.user_id == Some(user) && job.kind == MailKind::Invitation.as_str() {
            match jobs.drop_mail_job(&office.context, MailJobId(job.id)).await {
                Ok(()) | Err(MailJobError::NotFound) => {}
                Err(error @ (MailJobError::Forbidden | MailJobError::Store(_))) => return Err(error.into()),
            }
        }
    }
    Ok(())
}
