//! Texts between the instances, by LISTEN and NOTIFY.
//!
//! Not in the transactions of units: PostgreSQL lets transactions with a NOTIFY commit one after the other only. What units
//! have to tell is sent right after their commits, many texts in one transaction.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use denizen_services::{Relay, RelayReceiver, lock, store::StoreFailure};
use tokio::{
    sync::mpsc::{self, UnboundedReceiver},
    time::{interval, sleep},
};

use crate::engine::{
    connect::Connector,
    error::Failure,
    sql::{Session, execute, find, list, params, statements},
};

statements! {
    NUMBER = "SELECT nextval('instances'), current_schema()::text, (SELECT coalesce(max(id), 0) FROM relayed)";
    SEND = "WITH sent AS (INSERT INTO relayed (sender, text) \
         SELECT :sender::bigint, text FROM unnest(:texts::text[]) WITH ORDINALITY AS t (text, n) ORDER BY n RETURNING id) \
         SELECT pg_notify(:channel, :sender::bigint::text || ':' || string_agg(id::text, ',')) FROM sent";
    RECEIVE = "SELECT id, sender, text FROM relayed WHERE id = ANY(:ids::bigint[]) ORDER BY id";
    /// Ids become visible in another order than that of their numbers, so some from before the newest are looked at again.
    CATCH_UP = "SELECT id, sender, text FROM relayed WHERE id > :floor AND sender <> :sender ORDER BY id";
    CLEAN_UP = "DELETE FROM relayed WHERE at < now() - interval '1 minute'";
}

/// How many texts wait while the database is away. More would be of no use: they are of the moment.
const QUEUE: usize = 4096;
/// How many texts share a transaction. Their ids fit into the 8000 bytes of a NOTIFY.
const BATCH: usize = 64;
/// How many ids are remembered as seen.
const REMEMBERED: usize = 4096;
const LOOKED_AT_AGAIN: i64 = 1_000;
const PAUSE: Duration = Duration::from_millis(250);
const CLEANING: Duration = Duration::from_secs(10);

enum Order {
    Send(String),
    Stop,
}

type Receivers = Arc<Mutex<Vec<Arc<dyn RelayReceiver>>>>;

/// The callers' end. One connection sends and listens.
pub(crate) struct PostgresRelay {
    queue: mpsc::Sender<Order>,
    receivers: Receivers,
}

impl PostgresRelay {
    pub fn start(connector: Connector) -> Self {
        let (queue, orders) = mpsc::channel(QUEUE);
        let receivers = Receivers::default();
        let line = Line {
            orders,
            receivers: Arc::clone(&receivers),
            unsent: Vec::new(),
            own: None,
            seen: BTreeSet::new(),
            begun_after: 0,
        };
        connector.runtime().clone().spawn(line.run(connector));
        Self { queue, receivers }
    }

    pub async fn stop(&self) {
        // Fails if it has stopped.
        let _ = self.queue.send(Order::Stop).await;
    }
}

impl Relay for PostgresRelay {
    fn publish(&self, text: String) {
        if self.queue.try_send(Order::Send(text)).is_err() {
            log::debug!("a text for other instances was dropped");
        }
    }

    fn subscribe(&self, receiver: Arc<dyn RelayReceiver>) {
        lock(&self.receivers).push(receiver);
    }
}

/// Who this instance is to the others.
struct Own {
    sender: i64,
    channel: String,
}

struct Line {
    orders: mpsc::Receiver<Order>,
    receivers: Receivers,
    /// What could not be sent yet.
    unsent: Vec<String>,
    own: Option<Own>,
    seen: BTreeSet<i64>,
    /// What was said before this instance is not for it.
    begun_after: i64,
}

impl Line {
    async fn run(mut self, connector: Connector) {
        loop {
            if let Ok((session, news)) = connector.listen().await {
                match self.serve(&session, news).await {
                    Ok(()) => return,
                    Err(failure) => {
                        log::warn!("the connection to other instances was lost: {}", failure.summary())
                    }
                }
            }
            if self.orders.is_closed() {
                return;
            }
            sleep(PAUSE).await;
        }
    }

    /// Sends and receives until it is told to stop, or the connection is lost.
    async fn serve(&mut self, session: &Session, mut news: UnboundedReceiver<String>) -> Result<(), Failure> {
        let (sender, channel) = self.begin(session).await?;
        let mut cleaning = interval(CLEANING);
        loop {
            self.send(session, sender, &channel).await?;
            tokio::select! {
                payload = news.recv() => match payload {
                    Some(payload) => self.receive(session, sender, &payload).await?,
                    None => return Err(StoreFailure::Unavailable("it was closed".into()).into()),
                },
                order = self.orders.recv() => match order {
                    Some(Order::Send(text)) => self.unsent.push(text),
                    Some(Order::Stop) | None => return self.send(session, sender, &channel).await,
                },
                _ = cleaning.tick() => {
                    execute(session, CLEAN_UP, &[]).await?;
                }
            }
        }
    }

    /// Listens, and takes in what was said since the connection was lost.
    async fn begin(&mut self, session: &Session) -> Result<(i64, String), Failure> {
        let is_first = self.own.is_none();
        let (sender, channel) = match &self.own {
            Some(Own { sender, channel }) => (*sender, channel.clone()),
            None => {
                let read =
                    |row: &tokio_postgres::Row| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?));
                let (sender, schema, newest): (i64, String, i64) =
                    find(session, NUMBER, &[], read).await?.ok_or(Failure::Contention)?;
                self.seen.insert(newest);
                self.begun_after = newest;
                (sender, format!("denizen.{schema}"))
            }
        };
        session.run(&format!("LISTEN \"{}\"", channel.replace('"', "\"\""))).await?;
        self.own = Some(Own { sender, channel: channel.clone() });
        if !is_first {
            let newest = self.seen.last().copied().unwrap_or(0);
            let floor = self.begun_after.max(newest - LOOKED_AT_AGAIN);
            let missed = list(session, CATCH_UP, params!(floor, sender), read).await?;
            self.deliver(missed);
        }
        Ok((sender, channel))
    }

    /// Sends what is there, many at a time.
    async fn send(&mut self, session: &Session, sender: i64, channel: &str) -> Result<(), Failure> {
        while let Ok(order) = self.orders.try_recv() {
            match order {
                Order::Send(text) => self.unsent.push(text),
                // What is in the queue by now is still sent.
                Order::Stop => self.orders.close(),
            }
        }
        while !self.unsent.is_empty() {
            let texts = self.unsent[..self.unsent.len().min(BATCH)].to_vec();
            find(session, SEND, params!(sender, texts, channel), |_| Ok(())).await?;
            self.unsent.drain(..texts.len());
        }
        Ok(())
    }

    async fn receive(&mut self, session: &Session, own: i64, payload: &str) -> Result<(), Failure> {
        let Some((sender, ids)) = payload.split_once(':') else { return Ok(()) };
        if sender.parse() == Ok(own) {
            return Ok(());
        }
        let ids: Vec<i64> = ids.split(',').filter_map(|id| id.parse().ok()).collect();
        let texts = list(session, RECEIVE, params!(ids), read).await?;
        self.deliver(texts);
        Ok(())
    }

    fn deliver(&mut self, texts: Vec<(i64, i64, String)>) {
        let receivers = lock(&self.receivers).clone();
        for (_, sender, text) in texts.into_iter().filter(|(id, ..)| self.seen.insert(*id)) {
            receivers.iter().for_each(|receiver| receiver.received(sender, &text));
        }
        while self.seen.len() > REMEMBERED {
            self.seen.pop_first();
        }
    }
}

fn read(row: &tokio_postgres::Row) -> Result<(i64, i64, String), Failure> {
    Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?))
}
