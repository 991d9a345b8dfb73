//! A mail server for tests.

mod certificate;
mod fault;
mod letter;
mod session;

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::{
    net::{TcpListener, TcpSocket},
    sync::{Notify, oneshot},
    task::{JoinHandle, JoinSet},
};

use self::{certificate::Certificates, session::Session};
pub use self::{
    fault::{SmtpCommand, SmtpFault},
    letter::{Letter, ReceivedMail},
};
use crate::must;

/// How an [`SmtpServer`] protects its connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmtpSecurity {
    /// Not at all.
    None,
    /// STARTTLS is offered, and needed before anything else.
    StartTls,
    /// TLS from the first byte.
    Implicit,
}

/// A small but real SMTP server on `127.0.0.1`, that keeps what it receives and fails when told to. **For tests only**: it
/// takes every mail from everybody and keeps it in memory.
///
/// It knows EHLO, HELO, STARTTLS, AUTH PLAIN and LOGIN, MAIL, RCPT, DATA, RSET, NOOP and QUIT. Its certificate is made when it
/// starts and is good for `localhost` and `127.0.0.1`, for those who trust [`SmtpServer::root_certificate`].
///
/// ```
/// use denizen_testkit::{SmtpCommand, SmtpFault, SmtpSecurity, SmtpServer};
/// use tokio::{
///     io::{AsyncReadExt as _, AsyncWriteExt as _},
///     net::TcpStream,
/// };
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// let server = SmtpServer::start(SmtpSecurity::None);
/// let mut client = TcpStream::connect(server.address()).await?;
/// client.write_all(b"HELO me\r\nMAIL FROM:<a@b.co>\r\nRCPT TO:<c@d.ef>\r\nDATA\r\n").await?;
/// client.write_all(b"Subject: Hi\r\n\r\n..dots\r\n.\r\nQUIT\r\n").await?;
/// let mail = server.next_mail().await;
/// assert_eq!((mail.from.as_str(), mail.to), ("a@b.co", vec!["c@d.ef".to_owned()]));
/// assert_eq!((mail.letter.subject.as_str(), mail.letter.text.trim_end()), ("Hi", ".dots"));
///
/// server.fail(SmtpFault::Reply(SmtpCommand::Greeting, "421 later"));
/// let mut reply = String::new();
/// TcpStream::connect(server.address()).await?.read_to_string(&mut reply).await?;
/// assert_eq!(reply, "421 later\r\n");
/// # Ok::<(), std::io::Error>(())
/// # })?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct SmtpServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    running: Mutex<Option<Running>>,
    /// Holds the port while the server is closed, without listening on it: nobody else is given it meanwhile.
    _reserved: TcpSocket,
}

#[derive(Debug)]
struct Running {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

/// What all connections of a server share.
#[derive(Debug)]
struct Shared {
    security: SmtpSecurity,
    certificates: Certificates,
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    login: Option<(String, String)>,
    fault: Option<SmtpFault>,
    hold: Option<SmtpCommand>,
    /// How the addresses of slow recipients begin.
    slow: Option<String>,
    /// Whether a conversation stands still because of `hold` or `slow`.
    held: bool,
    connections: usize,
    /// How many of the connections are over.
    ended: usize,
    /// How many of them ended with QUIT.
    quits: usize,
    mails: VecDeque<ReceivedMail>,
}

impl Shared {
    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn fault(&self) -> Option<SmtpFault> {
        self.with(|state| state.fault)
    }

    /// The same, and tells those who wait for something.
    fn change(&self, work: impl FnOnce(&mut State)) {
        self.with(work);
        self.changed.notify_waiters();
    }

    /// Looks again after every change until there is what was looked for.
    async fn wait_for<T>(&self, mut look: impl FnMut(&mut State) -> Option<T>) -> T {
        loop {
            let changed = self.changed.notified();
            if let Some(found) = self.with(&mut look) {
                return found;
            }
            changed.await;
        }
    }

    /// Stands still if this is what conversations are held at.
    async fn stand_at(&self, command: SmtpCommand) {
        if self.with(|state| state.hold == Some(command)) {
            self.change(|state| state.held = true);
            self.wait_for(|state| (state.hold != Some(command)).then_some(())).await;
        }
    }

    /// Stands still if this is a slow recipient.
    async fn stand_for(&self, recipient: &str) {
        let slow =
            |state: &State| state.slow.as_ref().is_some_and(|start| recipient.starts_with(start.as_str()));
        if self.with(|state| slow(state)) {
            self.change(|state| state.held = true);
            self.wait_for(|state| (!slow(state)).then_some(())).await;
        }
    }
}

impl SmtpServer {
    /// Starts a server on a free port, in the running tokio runtime. It ends with the runtime, or when it is dropped.
    pub fn start(security: SmtpSecurity) -> Self {
        let reserved = socket(SocketAddr::from(([127, 0, 0, 1], 0)));
        let address = must(reserved.local_addr());
        let shared = Arc::new(Shared {
            security,
            certificates: Certificates::make(),
            state: Mutex::default(),
            changed: Notify::new(),
        });
        let server = Self { address, shared, running: Mutex::default(), _reserved: reserved };
        server.reopen();
        server
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// How it protects its connections.
    #[must_use]
    pub fn security(&self) -> SmtpSecurity {
        self.shared.security
    }

    /// The certificate to trust, in PEM format.
    #[must_use]
    pub fn root_certificate(&self) -> &str {
        &self.shared.certificates.root
    }

    /// From now on, takes mails only after a login with these.
    pub fn require_login(&self, user: &str, password: &str) {
        self.shared.with(|state| state.login = Some((user.to_owned(), password.to_owned())));
    }

    /// Fails like this from now on, on open connections too.
    pub fn fail(&self, fault: SmtpFault) {
        self.shared.with(|state| state.fault = Some(fault));
    }

    /// Works again from now on.
    pub fn recover(&self) {
        self.shared.with(|state| state.fault = None);
    }

    /// From now on, every conversation stands still before it answers this, until [`SmtpServer::release`]. At
    /// [`SmtpCommand::Greeting`] it stands still before anything else, TLS included; at [`SmtpCommand::Content`] with the mail
    /// kept already.
    pub fn hold_at(&self, command: SmtpCommand) {
        self.shared.with(|state| (state.hold, state.held) = (Some(command), false));
    }

    /// From now on, every conversation about a recipient whose address begins like this stands still, until
    /// [`SmtpServer::release`].
    pub fn hold_recipients(&self, start: &str) {
        self.shared.with(|state| (state.slow, state.held) = (Some(start.to_owned()), false));
    }

    /// Waits until a conversation stands still.
    pub async fn held(&self) {
        self.shared.wait_for(|state| state.held.then_some(())).await;
    }

    /// Lets all conversations go on.
    pub fn release(&self) {
        self.shared.change(|state| (state.hold, state.slow) = (None, None));
    }

    /// Cuts all connections, and refuses new ones until [`SmtpServer::reopen`]. When this returns, both are so.
    pub async fn close(&self) {
        let running = self.running().take();
        if let Some(Running { stop, task }) = running {
            drop(stop);
            must(task.await);
            self.shared.change(|state| state.ended = state.connections);
        }
    }

    /// Listens again, on the same port. Does nothing if it does already.
    pub fn reopen(&self) {
        let mut running = self.running();
        if running.is_none() {
            let listener = must(socket(self.address).listen(128));
            let (stop, stopped) = oneshot::channel();
            let task = tokio::spawn(accept(listener, Arc::clone(&self.shared), stopped));
            *running = Some(Running { stop, task });
        }
    }

    /// How many connections were accepted so far.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.shared.with(|state| state.connections)
    }

    /// How many connections ended with QUIT so far.
    #[must_use]
    pub fn quits(&self) -> usize {
        self.shared.with(|state| state.quits)
    }

    /// Waits until no connection is open.
    pub async fn idle(&self) {
        self.shared.wait_for(|state| (state.ended == state.connections).then_some(())).await;
    }

    /// The mails that nobody has taken yet, oldest first. Takes none.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.shared.with(|state| state.mails.len())
    }

    /// Takes the oldest mail. Waits until there is one.
    pub async fn next_mail(&self) -> ReceivedMail {
        self.shared.wait_for(|state| state.mails.pop_front()).await
    }

    fn running(&self) -> std::sync::MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A socket bound to `address`, which another one of ours may be bound to as well.
fn socket(address: SocketAddr) -> TcpSocket {
    let socket = must(TcpSocket::new_v4());
    must(socket.set_reuseaddr(true));
    #[cfg(unix)]
    must(socket.set_reuseport(true));
    must(socket.bind(address));
    socket
}

async fn accept(listener: TcpListener, shared: Arc<Shared>, mut stopped: oneshot::Receiver<()>) {
    let mut sessions = JoinSet::new();
    loop {
        tokio::select! {
            // Its other end is dropped, by `close` or with the server.
            _ = &mut stopped => break,
            accepted = listener.accept() => {
                // A client that has gone already is no concern of the server's.
                if let Ok((stream, _)) = accepted {
                    shared.with(|state| state.connections += 1);
                    let shared = Arc::clone(&shared);
                    sessions.spawn(async move {
                        Session::serve(stream, Arc::clone(&shared)).await;
                        shared.change(|state| state.ended += 1);
                    });
                }
            }
        }
    }
    drop(listener);
    sessions.shutdown().await;
}
