//! `denizen mail …`

use std::{sync::Arc, time::Duration};

use clap::Subcommand;
use denizen_models::{EmailAddress, MailJobResponse, MailJobState, text};
use denizen_services::{
    AccountService, Clock as _, Mail, MailJobListQuery, MailJobService as _, MailMessage, NoticeTemplate,
    SystemClock, store::MailJobId,
};

use super::{
    CommandError, OperatorContext,
    table::{second, table},
};
use crate::config::Config;

/// What to do with mails.
#[derive(Subcommand, Clone, Debug, PartialEq, Eq)]
pub enum MailCommand {
    /// Of the queue.
    #[command(flatten)]
    Queue(QueueCommand),
    /// Send a test mail as the server would, and say what the mail server thinks of it.
    Test {
        /// To whom.
        address: String,
    },
}

/// What to do with mails that are not sent yet.
#[derive(Subcommand, Clone, Debug, PartialEq, Eq)]
pub enum QueueCommand {
    /// List the mails that are still to be sent and those that were given up, oldest first.
    List {
        /// Only those that were given up.
        #[arg(long)]
        dead: bool,
    },
    /// Let the server try a mail again, now.
    Retry {
        /// The number in the list.
        #[arg(value_parser = clap::value_parser!(i64).range(1..))]
        id: i64,
    },
    /// Give a mail up, and forget it.
    Drop {
        /// The number in the list.
        #[arg(value_parser = clap::value_parser!(i64).range(1..))]
        id: i64,
    },
}

impl MailCommand {
    pub(super) async fn run(self, config: &Config) -> Result<String, CommandError> {
        match self {
            Self::Test { address } => test(config, &address).await,
            Self::Queue(command) => {
                OperatorContext::with(config, false, async |operator| command.run(operator).await).await
            }
        }
    }
}

impl QueueCommand {
    async fn run(self, operator: &OperatorContext) -> Result<String, CommandError> {
        let jobs = operator.accounts();
        match self {
            Self::List { dead } => {
                let state = dead.then_some(MailJobState::Dead);
                Ok(listed(&all(operator, &jobs, state).await?))
            }
            Self::Retry { id } => {
                jobs.retry_mail_job(&operator.context, MailJobId(id)).await?;
                Ok(format!("mail {id} is due; the server sends it\n"))
            }
            Self::Drop { id } => {
                jobs.drop_mail_job(&operator.context, MailJobId(id)).await?;
                Ok(format!("mail {id} is dropped\n"))
            }
        }
    }
}

async fn test(config: &Config, address: &str) -> Result<String, CommandError> {
    let to = EmailAddress::parse(address).map_err(CommandError::usage)?;
    let clock = Arc::new(SystemClock);
    let at = clock.now();
    let mailer = denizen_mail::connect(config.mail_settings(config.bind), clock)?;
    let id = format!("test.{:x}", at.timestamp_micros());
    let message = MailMessage::Notice { template: NoticeTemplate::Test, at, ip: None };
    let mail = Mail { id, to, name: String::new(), message };
    let sent = mailer.send(&mail).await;
    mailer.close_idle(Duration::ZERO).await;
    sent.map_err(|error| CommandError::state(text::escaped(&error.to_string())))?;
    Ok(format!("the test mail to {} is on its way\n", mail.to))
}

/// Every mail in this state, or in any.
async fn all(
    operator: &OperatorContext,
    jobs: &AccountService,
    state: Option<MailJobState>,
) -> Result<Vec<MailJobResponse>, CommandError> {
    let mut query = MailJobListQuery { state, limit: Some(200), cursor: None };
    let mut all = Vec::new();
    loop {
        let page = jobs.list_mail_jobs(&operator.context, &query).await?;
        all.extend(page.jobs);
        query.cursor = page.next_cursor;
        if query.cursor.is_none() {
            return Ok(all);
        }
    }
}

fn listed(jobs: &[MailJobResponse]) -> String {
    let mut rows =
        vec![["ID", "KIND", "STATE", "TRIED", "ASKED FOR", "DUE", "TO", "LAST FAILURE"].map(str::to_owned)];
    rows.extend(jobs.iter().map(row));
    table(&rows)
}

fn row(job: &MailJobResponse) -> [String; 8] {
    let user = job.user_id.map(|id| format!("user {id}"));
    let to = [user, job.address.clone()].into_iter().flatten().collect::<Vec<_>>().join(" at ");
    let due = match job.state {
        MailJobState::Waiting => second(job.due_at),
        MailJobState::Dead => "never".to_owned(),
    };
    [
        job.id.to_string(),
        job.kind.to_owned(),
        job.state.as_str().to_owned(),
        job.attempts.to_string(),
        second(job.requested_at),
        due,
        to,
        text::escaped(job.reason.as_deref().unwrap_or("")),
    ]
}
