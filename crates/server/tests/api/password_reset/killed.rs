//! Two servers that mail resets from one queue, and are killed again and again meanwhile.

use std::{collections::BTreeMap, env, fmt::Write as _, fs, panic::AssertUnwindSafe, time::Duration};

use denizen_models::Secret;
use denizen_services::{
    OsTokenSource, TokenHash, TokenSource,
    store::{UnitOfWork, WriteStore as _},
};
use denizen_storage_sqlite::{SqliteOptions, SqliteStore};
use denizen_testkit::{
    FixedClock, SeededTokens, SmtpCommand, SmtpFault, SmtpSecurity, SmtpServer, user_values,
};
use futures_util::FutureExt as _;
use rusqlite::Connection;
use tempfile::TempDir;
use tokio::{task::JoinSet, time::timeout};

use super::verbs;
use crate::support::{PATIENCE, process::Process, production::UNLIMITED};

/// The variable that repeats the kills of another run.
const SEED: &str = "DENIZEN_TEST_SEED";
const USERS: usize = 200;
/// Mails that one server sends at the same time.
const WORKERS: usize = 4;
/// How many kills there are before the leases of the dead end, and among how many letters.
const KILLS: usize = 3;
const SPAN: usize = 30;
/// What the mail server takes for each reply, so that a letter is under way for a while.
const REPLY: Duration = Duration::from_millis(10);

/// Security checklist: 10, 61.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_that_are_killed_among_200_resets_lose_none_and_repeat_only_what_was_under_way() {
    let seed = env::var(SEED).map_or_else(|_| number_from(&OsTokenSource), |seed| seed.parse().unwrap());
    let survived = AssertUnwindSafe(be_killed_among_resets(seed)).catch_unwind().await;
    assert!(survived.is_ok(), "see above; {SEED}={seed} repeats the kills");
}

async fn be_killed_among_resets(seed: u64) {
    let mut post = Post::open(seed).await;
    // Nobody is sent anything until all have asked.
    post.smtp.fail(SmtpFault::Silence);
    let mut servers = post.start_two().await;
    request_resets(&servers).await;
    for server in servers {
        server.kill().await;
    }
    post.let_leases_end(2).await;
    assert_eq!((post.letters.len(), post.jobs()), (0, USERS), "letters that were sent, and jobs that wait");

    post.smtp.fail(SmtpFault::Slow(REPLY));
    let mut rounds = 0;
    while post.jobs() >= SPAN + KILLS * WORKERS {
        rounds += 1;
        servers = post.start_two().await;
        for _ in 0..KILLS {
            post.take_letters(1 + post.draw(SPAN / KILLS)).await;
            servers.swap_remove(post.draw(servers.len())).kill().await;
            servers.push(post.start().await);
        }
        stop(servers).await;
        post.let_leases_end(KILLS).await;
    }
    assert!(rounds > 1, "all letters were sent before there were enough kills");

    let left = post.jobs();
    servers = post.start_two().await;
    post.take_letters(left).await;
    post.only_the_newest_token_of_each_user_works(&servers[0]).await;
    stop(servers).await;
    assert_eq!(post.jobs(), 0, "a job is left, although its letter was sent");
    for number in 0..USERS {
        let address = address(number);
        let letters = post.letters.get(&address).map_or(0, Vec::len);
        let interrupted = post.interrupted.get(&address).copied().unwrap_or(0);
        assert!(
            (1..=1 + interrupted).contains(&letters),
            "{address}: {letters} letters, interrupted {interrupted} times"
        );
    }
}

/// Each user asks once, all at the same time, half of them at either server.
async fn request_resets(servers: &[Process]) {
    let mut clients = JoinSet::new();
    for number in 0..USERS {
        let at = servers[number % servers.len()].address;
        clients.spawn(async move { verbs::request_reset(at, &address(number)).await.succeeded(200) });
    }
    clients.join_all().await;
}

async fn stop(servers: Vec<Process>) {
    for server in servers {
        server.stop().await;
    }
}

fn address(number: usize) -> String {
    format!("{}@example.com", name(number))
}

fn name(number: usize) -> String {
    format!("user_{number}")
}

fn number_from(source: &dyn TokenSource) -> u64 {
    let mut bytes = [0; 8];
    source.fill(&mut bytes).unwrap();
    u64::from_le_bytes(bytes)
}

/// The queue, as the servers share it, and what came out of it.
struct Post {
    folder: TempDir,
    database: Connection,
    smtp: SmtpServer,
    random: SeededTokens,
    /// The tokens that were mailed to each address, oldest first.
    letters: BTreeMap<String, Vec<String>>,
    /// How often the job for each address was in the hands of a server that was killed.
    interrupted: BTreeMap<String, usize>,
}

impl Post {
    /// With all users, and nobody to serve them yet.
    async fn open(seed: u64) -> Self {
        let (folder, smtp) = (TempDir::new().unwrap(), SmtpServer::start(SmtpSecurity::None));
        let path = folder.path().join("denizen.db");
        let store = SqliteStore::open(SqliteOptions::new(&path)).unwrap();
        let enrol =
            |number| UnitOfWork::new().insert_user(user_values(&name(number)), None, FixedClock::start());
        let enrolled = store.commit_batch((0..USERS).map(enrol).collect()).await;
        assert!(enrolled.iter().all(Result::is_ok), "{enrolled:?}");
        store.shutdown().await;

        let mut settings = format!(
            "profile = 'production'\ndatabase = 'sqlite://denizen.db'\npublic_url = 'https://id.example.com'\n\
             mail = 'smtp://{}'\nmail_from = 'accounts@example.com'\nmail_workers = {WORKERS}\nrate_limit = 0\n",
            smtp.address()
        );
        for (setting, value) in UNLIMITED {
            writeln!(settings, "{} = '{value}'", setting.key).unwrap();
        }
        fs::write(folder.path().join("denizen.toml"), settings).unwrap();
        let (letters, interrupted) = Default::default();
        let random = SeededTokens::new(seed);
        Self { database: Connection::open(path).unwrap(), folder, smtp, random, letters, interrupted }
    }

    /// Starts a server. Nothing is sent meanwhile: on a busy machine that could be all there is.
    async fn start(&self) -> Process {
        self.smtp.hold_at(SmtpCommand::Rcpt);
        let server = Process::start(self.folder.path()).await;
        self.smtp.release();
        server
    }

    async fn start_two(&self) -> Vec<Process> {
        vec![self.start().await, self.start().await]
    }

    /// A number below `limit`.
    fn draw(&self, limit: usize) -> usize {
        (number_from(&self.random) % limit as u64) as usize
    }

    /// How many jobs there are, whatever their state.
    fn jobs(&self) -> usize {
        self.count("SELECT count(*) FROM mail_jobs")
    }

    fn count(&self, sql: &str) -> usize {
        self.database.query_row(sql, [], |row| row.get::<_, u32>(0)).unwrap() as usize
    }

    async fn take_letters(&mut self, count: usize) {
        for _ in 0..count {
            let letter = timeout(PATIENCE, self.smtp.next_mail()).await;
            let letter = letter.unwrap_or_else(|_| panic!("{} jobs wait for ever", self.jobs()));
            let (address, token) = (letter.to.concat(), letter.letter.token().unwrap_or_default().to_owned());
            // Nobody replaces it meanwhile: as long as anybody is alive no lease ends, and nobody asks again.
            let hash = TokenHash::of(&Secret::from(&*token));
            assert_eq!(self.live_tokens(&address), [hash], "what is mailed to {address} is what is stored");
            self.letters.entry(address).or_default().push(token);
        }
    }

    fn live_tokens(&self, address: &str) -> Vec<TokenHash> {
        let of_user = "SELECT hash FROM tokens JOIN users ON users.id = user_id \
                       WHERE email_key = ?1 AND purpose = 'password_reset'";
        let mut statement = self.database.prepare_cached(of_user).unwrap();
        let hashes = statement.query_map([address], |row| row.get(0)).unwrap();
        hashes.map(|hash| TokenHash::from_bytes(hash.unwrap())).collect()
    }

    /// Five minutes after the last server has ended. Nobody can wait for that, nor move the clocks of processes; so it is
    /// the leases that are moved.
    async fn let_leases_end(&mut self, kills: usize) {
        // What the dead have sent to its end arrives before the connections are cut, and nothing does afterwards.
        self.smtp.close().await;
        self.take_letters(self.smtp.waiting()).await;
        self.smtp.reopen();
        let mut leased =
            self.database.prepare_cached("SELECT address FROM mail_jobs WHERE lease_until > 0").unwrap();
        let leased: Vec<String> =
            leased.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
        assert!(leased.len() <= kills * WORKERS, "more than was under way at {kills} kills: {leased:?}");
        for address in leased {
            *self.interrupted.entry(address).or_default() += 1;
        }
        self.database.execute("UPDATE mail_jobs SET lease_until = 0 WHERE lease_until > 0", []).unwrap();
    }

    async fn only_the_newest_token_of_each_user_works(&self, server: &Process) {
        let mut clients = JoinSet::new();
        for tokens in self.letters.values() {
            for (age, token) in tokens.iter().rev().enumerate() {
                let (at, token) = (server.address, token.clone());
                clients.spawn(async move { verbs::token_is_valid(at, &token).await == (age == 0) });
            }
        }
        let answers = clients.join_all().await;
        assert!(answers.iter().all(|right| *right), "an old token works, or a new one does not");
        assert_eq!(self.count("SELECT count(*) FROM tokens"), USERS, "one for each user and none besides");
    }
}
