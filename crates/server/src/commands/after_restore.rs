//! `denizen after-restore`

use clap::Args;

use super::{CommandError, OperatorContext, expect_shared};
use crate::config::Config;

/// How far to skip.
#[derive(Args, Clone, Copy, Debug, PartialEq, Eq)]
pub struct AfterRestore {
    /// How many ids of every kind to skip: more than were given since the backup, to users, sessions, mails and audit
    /// events.
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    skip_ids: u32,
}

impl AfterRestore {
    pub(super) async fn run(self, config: &Config) -> Result<String, CommandError> {
        expect_shared(config)?;
        let Self { skip_ids } = self;
        OperatorContext::with(config, false, async |operator| {
            let ended = operator.accounts().after_restore(&operator.context, skip_ids).await?;
            Ok(format!(
                "ended {ended} sessions, mailed tokens and pending sign-ups; new ids are higher by {skip_ids}\n"
            ))
        })
        .await
    }
}
