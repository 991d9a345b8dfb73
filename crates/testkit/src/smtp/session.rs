//! One connection of the mail server (RFC 5321, RFC 3207, RFC 4954).

use std::{io, sync::Arc};

use mail_parser::decoders::base64::base64_decode;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader},
    net::TcpStream,
    time::sleep,
};

use super::{Letter, ReceivedMail, Shared, SmtpCommand, SmtpFault, SmtpSecurity};

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

pub(super) struct Session {
    stream: BufReader<Box<dyn Stream>>,
    shared: Arc<Shared>,
    encrypted: bool,
    user: Option<String>,
    from: Option<String>,
    to: Vec<String>,
}

/// Whether to go on.
enum Next {
    Command,
    Bye,
}

impl Session {
    /// Talks to a client until one of the two has had enough. What the client makes of it is the test's business.
    pub(super) async fn serve(stream: TcpStream, shared: Arc<Shared>) {
        let stream: Box<dyn Stream> = Box::new(stream);
        let mut session = Self {
            stream: BufReader::new(stream),
            shared,
            encrypted: false,
            user: None,
            from: None,
            to: Vec::new(),
        };
        // A connection that breaks, or a handshake that fails, is one of the things that tests are about.
        drop(session.talk().await);
    }

    async fn talk(&mut self) -> io::Result<()> {
        self.shared.stand_at(SmtpCommand::Greeting).await;
        if self.shared.security == SmtpSecurity::Implicit {
            self.encrypt().await?;
        }
        if let Next::Bye = self.reply(SmtpCommand::Greeting, "220 denizen-testkit ESMTP").await? {
            return Ok(());
        }
        while let Some(line) = self.read_line().await? {
            let verb = line.split(' ').next().unwrap_or_default().to_ascii_uppercase();
            let next = match SmtpCommand::of(&verb) {
                Some(command) => self.execute(command, &line).await?,
                None => self.say("500 unknown command").await?,
            };
            if let Next::Bye = next {
                break;
            }
        }
        Ok(())
    }

    async fn execute(&mut self, command: SmtpCommand, line: &str) -> io::Result<Next> {
        let needs_tls = self.shared.security == SmtpSecurity::StartTls && !self.encrypted;
        let needs_login = self.user.is_none() && self.shared.with(|state| state.login.is_some());
        match command {
            SmtpCommand::Greeting | SmtpCommand::Content => self.say("500 unknown command").await,
            SmtpCommand::Ehlo => {
                let offers = if needs_tls {
                    "250-denizen-testkit\r\n250 STARTTLS"
                } else if needs_login {
                    "250-denizen-testkit\r\n250 AUTH PLAIN LOGIN"
                } else {
                    "250 denizen-testkit"
                };
                self.reply(command, offers).await
            }
            SmtpCommand::StartTls if needs_tls => self.start_tls().await,
            SmtpCommand::Auth if needs_login && !needs_tls => self.log_in(line).await,
            SmtpCommand::Mail if needs_tls => self.say("530 5.7.0 STARTTLS first").await,
            SmtpCommand::Mail if needs_login => self.say("530 5.7.0 log in first").await,
            SmtpCommand::Mail if self.from.is_none() => {
                let next = self.reply(command, "250 ok").await?;
                self.from = self.accepted(command).then(|| path(line));
                Ok(next)
            }
            SmtpCommand::Rcpt if self.from.is_some() => {
                self.shared.stand_for(&path(line)).await;
                let next = self.reply(command, "250 ok").await?;
                if self.accepted(command) {
                    self.to.push(path(line));
                }
                Ok(next)
            }
            SmtpCommand::Data if !self.to.is_empty() => self.receive().await,
            SmtpCommand::StartTls
            | SmtpCommand::Auth
            | SmtpCommand::Mail
            | SmtpCommand::Rcpt
            | SmtpCommand::Data => self.say("503 bad sequence of commands").await,
            SmtpCommand::Rset => {
                self.forget_mail();
                self.reply(command, "250 ok").await
            }
            SmtpCommand::Noop => self.reply(command, "250 ok").await,
            SmtpCommand::Quit => {
                self.shared.with(|state| state.quits += 1);
                self.reply(command, "221 bye").await?;
                Ok(Next::Bye)
            }
        }
    }

    async fn start_tls(&mut self) -> io::Result<Next> {
        let go_ahead = match self.shared.fault() {
            Some(SmtpFault::PlaintextAfterStartTls) => "220 go ahead\r\n250 slipped in",
            _ => "220 go ahead",
        };
        let next = self.reply(SmtpCommand::StartTls, go_ahead).await?;
        if self.accepted(SmtpCommand::StartTls) {
            self.encrypt().await?;
        }
        Ok(next)
    }

    async fn encrypt(&mut self) -> io::Result<()> {
        let certificates = &self.shared.certificates;
        let acceptor = match self.shared.fault() {
            Some(SmtpFault::UntrustedCertificate) => &certificates.untrusted,
            _ => &certificates.trusted,
        };
        let nothing: Box<dyn Stream> = Box::new(tokio::io::empty());
        let plain = std::mem::replace(&mut self.stream, BufReader::new(nothing)).into_inner();
        let encrypted: Box<dyn Stream> = Box::new(acceptor.accept(plain).await?);
        self.stream = BufReader::new(encrypted);
        self.encrypted = true;
        Ok(())
    }

    async fn log_in(&mut self, line: &str) -> io::Result<Next> {
        let mut words = line.split(' ').skip(1);
        let (mechanism, initial) = (words.next().unwrap_or_default().to_ascii_uppercase(), words.next());
        let (user, password) = match (mechanism.as_str(), initial) {
            ("PLAIN", Some(initial)) => {
                let text = decode(initial);
                let mut parts = text.split('\0').skip(1).map(str::to_owned);
                (parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
            }
            ("LOGIN", None) => (self.ask("334 VXNlcm5hbWU6").await?, self.ask("334 UGFzc3dvcmQ6").await?),
            _ => return self.say("504 5.5.4 unknown mechanism").await,
        };
        let right = self.shared.with(|state| state.login == Some((user.clone(), password)));
        let next = match right {
            true => self.reply(SmtpCommand::Auth, "235 welcome").await?,
            false => self.say("535 5.7.8 wrong user or password").await?,
        };
        self.user = Some(user).filter(|_| right && self.accepted(SmtpCommand::Auth));
        Ok(next)
    }

    async fn ask(&mut self, question: &str) -> io::Result<String> {
        self.say(question).await?;
        Ok(decode(&self.read_line().await?.unwrap_or_default()))
    }

    async fn receive(&mut self) -> io::Result<Next> {
        let next = self.reply(SmtpCommand::Data, "354 go ahead").await?;
        if !self.accepted(SmtpCommand::Data) {
            return Ok(next);
        }
        let mut raw = Vec::new();
        loop {
            let mut line = Vec::new();
            if self.stream.read_until(b'\n', &mut line).await? == 0
                || self.shared.fault() == Some(SmtpFault::DropInData)
            {
                return Ok(Next::Bye);
            }
            match line.as_slice() {
                b".\r\n" => break,
                [b'.', unstuffed @ ..] => raw.extend_from_slice(unstuffed),
                line => raw.extend_from_slice(line),
            }
        }
        // Kept before it is acknowledged: who is told that a mail was sent may look for it at once.
        let mail = ReceivedMail {
            from: self.from.clone().unwrap_or_default(),
            to: self.to.clone(),
            encrypted: self.encrypted,
            user: self.user.clone(),
            letter: Letter::parse(&raw),
        };
        self.forget_mail();
        if self.accepted(SmtpCommand::Content) {
            self.shared.change(|state| state.mails.push_back(mail));
        }
        self.reply(SmtpCommand::Content, "250 kept").await
    }

    fn forget_mail(&mut self) {
        self.from = None;
        self.to.clear();
    }

    /// Whether the command is answered as it should be, unless the fault changes just now.
    fn accepted(&self, command: SmtpCommand) -> bool {
        match self.shared.fault() {
            Some(SmtpFault::Reply(at, _)) => at != command,
            Some(SmtpFault::HangUp(at)) => at != command || at == SmtpCommand::Content,
            _ => true,
        }
    }

    async fn reply(&mut self, command: SmtpCommand, usual: &str) -> io::Result<Next> {
        self.shared.stand_at(command).await;
        match self.shared.fault() {
            Some(SmtpFault::Reply(at, text)) if at == command => self.say(text).await,
            Some(SmtpFault::HangUp(at)) if at == command => Ok(Next::Bye),
            _ => self.say(usual).await,
        }
    }

    async fn say(&mut self, reply: &str) -> io::Result<Next> {
        match self.shared.fault() {
            Some(SmtpFault::Silence) => return Ok(Next::Command),
            Some(SmtpFault::Slow(time)) => sleep(time).await,
            _ => {}
        }
        self.stream.write_all(format!("{reply}\r\n").as_bytes()).await?;
        self.stream.flush().await?;
        Ok(if reply.starts_with("421") { Next::Bye } else { Next::Command })
    }

    async fn read_line(&mut self) -> io::Result<Option<String>> {
        let mut line = Vec::new();
        let count = self.stream.read_until(b'\n', &mut line).await?;
        Ok((count > 0).then(|| String::from_utf8_lossy(&line).trim_end().to_owned()))
    }
}

/// What stands between the angle brackets of MAIL and RCPT.
fn path(line: &str) -> String {
    let (_, rest) = line.split_once('<').unwrap_or_default();
    rest.rsplit_once('>').unwrap_or_default().0.to_owned()
}

fn decode(base64: &str) -> String {
    let bytes = base64_decode(base64.trim().as_bytes()).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}
