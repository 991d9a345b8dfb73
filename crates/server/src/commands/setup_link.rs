//! `denizen setup-link`

use clap::Args;
use denizen_mail::Links;
use denizen_services::SetUpError;

use super::{
    CommandError, OperatorContext,
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
        let request = self.new_user.request(true);
        OperatorContext::with(config, true, async |operator| {
            let token = operator.accounts().set_up_administrator(&operator.context, request).await;
            let token = token.map_err(|error| match error {
                SetUpError::Create(error) => command_error(error),
                error => error.into(),
            })?;
            Ok(format!("{}\n", links.to_accept_invitation(&token)))
        })
        .await
    }
}
