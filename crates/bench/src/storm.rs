//! What others notice while a crowd signs in.

use std::{
    fmt,
    net::SocketAddr,
    num::NonZeroUsize,
    path::Path,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use denizen_hashing::{Argon2Cost, Argon2Hasher};
use denizen_models::{Password, Secret};
use denizen_services::{Network, OsTokenSource, PasswordHasher as _};
use serde_json::{Value, json};
use tokio::{runtime, task::JoinSet, time::sleep};

use crate::{
    Failure,
    client::{Call, Client},
    server::{PASSWORD, Server, known},
    statistics::{milliseconds, quantile},
};

/// How hard it blows, and for how long.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// How many people sign in again and again, each on a connection of their own.
    pub clients: usize,
    /// For how long. To measure the bound takes as long again.
    pub length: Duration,
}

/// What happened.
#[derive(Debug)]
pub struct Report {
    clients: usize,
    /// From the first request to the last answer.
    length: Duration,
    /// How many got in.
    pub logins: usize,
    /// How many were told to come back later.
    pub refused: usize,
    /// How many hashes per second this machine does that does nothing else, before the storm and after it.
    pub bounds: [f64; 2],
    /// What the reads took meanwhile, by path.
    pub reads: [(&'static str, Vec<Duration>); 2],
    /// The server's peak memory in MiB, before and after; none where the system does not tell.
    pub memory: [Option<f64>; 2],
}

/// Between two reads of the same path.
const PAUSE: Duration = Duration::from_millis(5);

/// Carries the plan out.
///
/// # Errors
/// The server does not start, or answers in a way that it should not.
pub async fn measure(binary: &Path, plan: Plan) -> Result<Report, Failure> {
    let server = Server::start(binary, plan.clients + 1).await?;
    let at = server.address;
    // Somebody who is not in the crowd: of all sessions of one person only the last hundred live.
    let token = sign_in(at, &known(plan.clients)).await?;
    let at_rest = server.peak_memory();
    let before = hashes_per_second(plan.length / 2).await?;

    let start = Instant::now();
    let end = start + plan.length;
    let readers = [("/livez", None), ("/api/auth/session", Some(token))].map(|(path, token)| {
        // On threads of their own, so that no answer waits for the crowd's client to look at it.
        let reader = move || {
            runtime::Builder::new_current_thread().enable_all().build()?.block_on(read(at, path, token, end))
        };
        (path, thread::spawn(reader))
    });
    let mut crowd = JoinSet::new();
    for number in 0..plan.clients {
        crowd.spawn(sign_in_until(at, known(number), end));
    }
    let (mut logins, mut refused) = (0, 0);
    while let Some(ended) = crowd.join_next().await {
        let (got_in, sent_away) = ended??;
        logins += got_in;
        refused += sent_away;
    }
    let length = start.elapsed();
    let mut reads = [("", Vec::new()), ("", Vec::new())];
    for (slot, (path, reader)) in reads.iter_mut().zip(readers) {
        *slot = (path, reader.join().map_err(|_| "a reader panicked")??);
    }
    let memory = [at_rest, server.peak_memory()];
    drop(server);
    let after = hashes_per_second(plan.length / 2).await?;
    Ok(Report { clients: plan.clients, length, logins, refused, bounds: [before, after], reads, memory })
}

fn login(name: &str) -> Call {
    Call::post("/api/auth/login", json!({ "login": name, "password": PASSWORD }))
}

/// Opens the session that is read later.
async fn sign_in(at: SocketAddr, name: &str) -> Result<String, Failure> {
    let answer = Client::connect(at).await?.send(&login(name)).await?.expect(200)?;
    let body: Value = serde_json::from_slice(&answer.body)?;
    Ok(body["data"]["token"].as_str().ok_or("no token in the answer")?.to_owned())
}

/// Counts how often somebody got in, and how often they were told to come back, which they do when told. Begins at least
/// once, and not after the end.
async fn sign_in_until(at: SocketAddr, name: String, end: Instant) -> Result<(usize, usize), Failure> {
    let (mut client, call) = (Client::connect(at).await?, login(&name));
    let (mut logins, mut refused) = (0, 0);
    loop {
        let answer = client.send(&call).await?;
        if answer.status == 503 {
            refused += 1;
            let pause = answer.retry_after.ok_or("a 503 does not say when to come back")?;
            sleep(pause.min(end.saturating_duration_since(Instant::now()))).await;
        } else {
            answer.expect(200)?;
            logins += 1;
        }
        if Instant::now() >= end {
            return Ok((logins, refused));
        }
    }
}

/// Reads until the end, at least once.
async fn read(
    at: SocketAddr,
    path: &'static str,
    token: Option<String>,
    end: Instant,
) -> Result<Vec<Duration>, Failure> {
    let (mut client, call) = (Client::connect(at).await?, Call::get(path, token.as_deref()));
    let mut times = Vec::new();
    while times.is_empty() || Instant::now() < end {
        times.push(client.send(&call).await?.expect(200)?.took);
        sleep(PAUSE).await;
    }
    Ok(times)
}

fn cores() -> usize {
    thread::available_parallelism().map_or(1, NonZeroUsize::get)
}

/// The server's own hasher with nothing around it, and as many threads as the server gives it.
async fn hashes_per_second(length: Duration) -> Result<f64, Failure> {
    let threads = cores();
    // One that is hashed and one that waits, for each thread.
    let in_turn = 2 * threads;
    let hasher = Argon2Hasher::start(Argon2Cost::RECOMMENDED, threads, in_turn, Arc::new(OsTokenSource))?;
    let hasher = Arc::new(hasher);
    let start = Instant::now();
    let mut callers = JoinSet::new();
    for _ in 0..in_turn {
        let hasher = Arc::clone(&hasher);
        callers.spawn(async move {
            let mut count = 0;
            while count == 0 || start.elapsed() < length {
                hasher.hash(Network::SERVICE, Password::presented(&Secret::from(PASSWORD))).await?;
                count += 1;
            }
            Ok::<usize, Failure>(count)
        });
    }
    let mut count = 0;
    while let Some(ended) = callers.join_next().await {
        count += ended??;
    }
    Ok(count as f64 / start.elapsed().as_secs_f64())
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.length.as_secs_f64();
        let ([before, after], logins) = (self.bounds, self.logins as f64 / seconds);
        let bound = f64::midpoint(before, after);
        writeln!(f, "{} clients sign in for {seconds:.1} s; {} hashing threads", self.clients, cores())?;
        writeln!(f, "logins               {logins:>8.1} /s")?;
        writeln!(f, "argon2id alone       {bound:>8.1} /s   ({before:.1} before, {after:.1} after)")?;
        writeln!(f, "share                {:>8.2}", logins / bound)?;
        writeln!(f, "told to come back    {:>8}", self.refused)?;
        for (path, times) in &self.reads {
            let [p50, p99] = [0.5, 0.99].map(|share| milliseconds(quantile(times, share)));
            writeln!(f, "{path:<20} {p50:>8.2} ms p50 {p99:>8.2} ms p99   ({} reads)", times.len())?;
        }
        match self.memory {
            [Some(at_rest), Some(peak)] => {
                write!(f, "peak memory          {peak:>8.1} MiB  ({at_rest:.1} at rest)")
            }
            _ => write!(f, "peak memory           unknown on this system"),
        }
    }
}
