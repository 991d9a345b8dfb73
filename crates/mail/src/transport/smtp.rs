//! Mails to a mail server.

mod reply;
mod server;
mod stream;

use std::{path::Path, sync::Mutex, time::Duration};

use async_trait::async_trait;
use denizen_services::{Mail, MailError, Mailer, lock};
use lettre::{
    Address,
    transport::smtp::{client::AsyncSmtpConnection, commands},
};
use tokio::{
    task::JoinSet,
    time::{Instant, timeout},
};

pub use self::server::TlsError;
use self::{
    reply::{Failure, Stage},
    server::Server,
};
use crate::{compose::Composer, url::SmtpServer};

/// How long a server may take to answer QUIT. Within the time that a stop has for mails.
const GOODBYE: Duration = Duration::from_millis(500);

/// Sends every mail to a mail server (RFC 5321).
///
/// Connections are kept, so that many mails in a row share one, and ended with QUIT by [`Mailer::close_idle`]. Only those
/// with a complete delivery are kept: lettre's own pool would also keep a connection whose delivery was cut short by the
/// time-out, and would take late replies to it for replies to the next mail.
pub struct SmtpMailer {
    composer: Composer,
    server: Server,
    time_limit: Duration,
    /// Since when each connection has waited for the next mail; the one that has waited longest is the first.
    idle: Mutex<Vec<(Instant, AsyncSmtpConnection)>>,
}

impl SmtpMailer {
    /// Creates a mailer for this server. Trusts the certificates of the system (or those of `SSL_CERT_FILE` and
    /// `SSL_CERT_DIR`) and those in the PEM file `root_certificate`, if set. A mail takes at most `time_limit`, from looking
    /// up the host to the last reply.
    ///
    /// # Errors
    /// Returns a [`TlsError`] if the file cannot be read or does not contain certificates.
    pub(crate) fn new(
        composer: Composer,
        server: SmtpServer,
        root_certificate: Option<&Path>,
        time_limit: Duration,
    ) -> Result<Self, TlsError> {
        let server = Server::new(server, composer.links().host(), root_certificate)?;
        Ok(Self { composer, server, time_limit, idle: Mutex::default() })
    }

    async fn deliver(&self, from: Address, to: Address, message: &[u8]) -> Result<(), Failure> {
        let sender = || commands::Mail::new(Some(from.clone()), Vec::new());
        let mut connection = match self.resume(sender()).await {
            Some(connection) => connection,
            None => {
                let mut connection = self.server.connect().await?;
                Stage::Sender.expect(connection.command(sender()).await)?;
                connection
            }
        };
        let sent = async {
            Stage::Recipient.expect(connection.command(commands::Rcpt::new(to, Vec::new())).await)?;
            Stage::Content.expect(connection.command(commands::Data).await)?;
            Stage::Content.expect(connection.message(message).await)
        };
        match sent.await {
            Ok(_) => {
                lock(&self.idle).push((Instant::now(), connection));
                Ok(())
            }
            Err(failure) => {
                // The result is known, so a failed QUIT does not matter.
                drop(timeout(GOODBYE, connection.abort()).await);
                Err(failure)
            }
        }
    }

    /// Returns an idle connection that accepts this first command of a delivery. The server may have closed it, or may
    /// refuse more mails on it. No mail has been sent at this point, so another connection can be used.
    async fn resume(&self, sender: commands::Mail) -> Option<AsyncSmtpConnection> {
        loop {
            // The one that was used last, so that those that are not needed grow old.
            let (_, mut connection) = lock(&self.idle).pop()?;
            if connection.command(sender.clone()).await.is_ok() {
                return Some(connection);
            }
        }
    }
}

#[async_trait]
impl Mailer for SmtpMailer {
    async fn send(&self, mail: &Mail) -> Result<(), MailError> {
        let message = self.composer.compose(mail)?;
        let (from, to) = match (message.envelope().from(), message.envelope().to()) {
            (Some(from), [to]) => (from.clone(), to.clone()),
            _ => return Err(MailError::Permanent("the mail has no sender or not one recipient".into())),
        };
        let message = message.formatted();
        // The time-out drops the delivery and its connection, which is therefore never reused.
        match timeout(self.time_limit, self.deliver(from, to, &message)).await {
            Ok(delivered) => delivered.map_err(|failure| failure.into_mail_error(&mail.to)),
            Err(_) => {
                let seconds = self.time_limit.as_secs_f32();
                Err(MailError::Temporary(format!("the mail server took longer than {seconds} s").into()))
            }
        }
    }

    async fn close_idle(&self, unused_for: Duration) {
        let old: Vec<_> = {
            let mut idle = lock(&self.idle);
            let count = idle.partition_point(|(since, _)| since.elapsed() >= unused_for);
            idle.drain(..count).collect()
        };
        let goodbye = |(_, mut connection): (Instant, AsyncSmtpConnection)| async move {
            // No mail waits on it, so a failed QUIT does not matter.
            drop(timeout(GOODBYE, connection.abort()).await);
        };
        old.into_iter().map(goodbye).collect::<JoinSet<()>>().join_all().await;
    }
}
