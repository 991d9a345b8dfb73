//! Opening connections.

use std::{
    future::poll_fn,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use denizen_services::{lock, store::StoreFailure};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    runtime::Handle,
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
};
use tokio_postgres::{AsyncMessage, Config, Connection, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::engine::{
    error::{Failure, chain},
    options::PostgresOptions,
    session::Session,
};

/// After a connection could not be opened, callers fail for so long without another attempt.
const PAUSE: Duration = Duration::from_millis(250);

/// How plans are made. A list whose filter and search are not looked at could read every user.
#[derive(Clone, Copy)]
pub(crate) enum Plans {
    /// Once for all values.
    Kept,
    /// For the values at hand.
    EachTime,
}

/// Opens connections, on the runtime that opened the store.
#[derive(Clone)]
pub(crate) struct Connector(Arc<Inner>);

struct Inner {
    config: Config,
    tls: Option<MakeRustlsConnect>,
    runtime: Handle,
    statement_time_limit: Duration,
    lock_time_limit: Duration,
    failed: Mutex<Option<(Instant, String)>>,
}

impl Connector {
    pub fn new(options: &PostgresOptions, tls: Option<MakeRustlsConnect>) -> Self {
        let PostgresOptions { config, statement_time_limit, lock_time_limit, .. } = options;
        Self(Arc::new(Inner {
            config: config.clone(),
            tls,
            runtime: Handle::current(),
            statement_time_limit: *statement_time_limit,
            lock_time_limit: *lock_time_limit,
            failed: Mutex::default(),
        }))
    }

    pub fn runtime(&self) -> &Handle {
        &self.0.runtime
    }

    /// Opens a connection without any setting, for migrations.
    pub async fn plain(&self) -> Result<Session, tokio_postgres::Error> {
        self.connect(None).await
    }

    /// Opens a connection and gives the payloads of its notifications, which end with it.
    pub async fn listen(&self) -> Result<(Session, UnboundedReceiver<String>), tokio_postgres::Error> {
        let (sender, news) = unbounded_channel();
        Ok((self.connect(Some(sender)).await?, news))
    }

    async fn connect(&self, news: Option<UnboundedSender<String>>) -> Result<Session, tokio_postgres::Error> {
        let Inner { config, tls, runtime, .. } = &*self.0;
        let client = match tls {
            Some(tls) => {
                let (client, connection) = config.connect(tls.clone()).await?;
                runtime.spawn(drive(connection, news));
                client
            }
            None => {
                let (client, connection) = config.connect(NoTls).await?;
                runtime.spawn(drive(connection, news));
                client
            }
        };
        Ok(Session::new(client))
    }

    /// Opens a connection for requests. While the database is away, it does not keep each of them waiting.
    pub async fn open(&self, plans: Plans) -> Result<Session, Failure> {
        let fail = |reason: &str| Failure::from(StoreFailure::Unavailable(reason.into()));
        if let Some((_, reason)) = lock(&self.0.failed).as_ref().filter(|(at, _)| at.elapsed() < PAUSE) {
            return Err(fail(reason));
        }
        // A task of its own: it is bound to the runtime of the store, and a caller who leaves wastes no connection.
        let connector = self.clone();
        let opened = self.0.runtime.spawn(async move { connector.set_up(plans).await }).await;
        match opened {
            Ok(Ok(session)) => {
                *lock(&self.0.failed) = None;
                Ok(session)
            }
            Ok(Err(error)) => {
                let reason = format!("cannot connect to the database: {}", chain(&error));
                log::warn!("{reason}");
                *lock(&self.0.failed) = Some((Instant::now(), reason.clone()));
                Err(fail(&reason))
            }
            Err(_) => Err(fail("the store has stopped")),
        }
    }

    async fn set_up(&self, plans: Plans) -> Result<Session, tokio_postgres::Error> {
        let session = self.plain().await?;
        let Inner { statement_time_limit, lock_time_limit, .. } = &*self.0;
        let plans = match plans {
            Plans::Kept => "auto",
            Plans::EachTime => "force_custom_plan",
        };
        let settings = format!(
            "SET statement_timeout = {}; SET lock_timeout = {}; SET idle_in_transaction_session_timeout = 10000; \
             SET default_transaction_isolation = 'read committed'; SET plan_cache_mode = {plans}",
            statement_time_limit.as_millis(),
            lock_time_limit.as_millis(),
        );
        session.client.batch_execute(&settings).await?;
        Ok(session)
    }
}

/// Sends and receives for as long as the connection lives. Its users are told when it fails.
async fn drive<S, T>(mut connection: Connection<S, T>, news: Option<UnboundedSender<String>>)
where
    S: AsyncRead + AsyncWrite + Unpin,
    T: AsyncRead + AsyncWrite + Unpin,
{
    while let Some(message) = poll_fn(|context| connection.poll_message(context)).await {
        match message {
            Ok(AsyncMessage::Notification(notification)) => {
                // Fails if nobody listens any more.
                let _ = news.as_ref().map(|news| news.send(notification.payload().to_owned()));
            }
            Ok(_) => {}
            Err(error) => return log::debug!("a connection to the database ended: {}", chain(&error)),
        }
    }
}
