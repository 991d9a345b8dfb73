//! A server in the production profile, and what is kept of all that it says.

use std::{fs, path::Path, process::Output};

use denizen_models::Secret;
use denizen_services::TokenHash;
use denizen_testkit::{ReceivedMail, SmtpSecurity, SmtpServer};
use rusqlite::{Connection, types::ValueRef};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::timeout;

use super::search::{Kind, Name};
use crate::support::{
    PATIENCE,
    http::{Request, Response},
    process::{Process, run, run_with_input},
    socket::Socket,
};

/// What the server uses to sign in to its mail server.
const MAIL_PASSWORD: &str = "the relay's own/password 42";

/// Something that somebody was told, and the secrets that belong in it.
pub struct Told {
    /// For whoever reads a failure.
    pub what: String,
    pub bytes: Vec<u8>,
    pub holds: Vec<Name>,
}

/// What is in one field of the database.
pub struct Cell {
    /// Table and column.
    pub place: (String, String),
    pub bytes: Vec<u8>,
}

pub struct Story {
    pub folder: TempDir,
    process: Option<Process>,
    pub post: SmtpServer,
    /// Mails that nobody has read yet.
    mails: Vec<ReceivedMail>,
    pub secrets: Vec<(Name, Vec<u8>)>,
    pub told: Vec<Told>,
    pub cells: Vec<Cell>,
    /// The ids of all requests that were answered.
    pub requests: Vec<String>,
}

impl Story {
    /// Writes the configuration; the server is not there yet.
    pub fn begin() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let post = SmtpServer::start(SmtpSecurity::Implicit);
        post.require_login("denizen", MAIL_PASSWORD);
        fs::write(folder.path().join("root.pem"), post.root_certificate()).expect("a file");
        let configuration = format!(
            "profile = \"production\"\nlog = \"trace\"\ndatabase = \"sqlite://denizen.db\"\nregistration = \"open\"\n\
             public_url = \"https://id.example.com\"\nmail_from = \"accounts@example.com\"\n\
             mail = \"smtps://denizen:the%20relay's%20own%2Fpassword%2042@localhost:{}\"\n\
             mail_root_certificate = \"root.pem\"\nlimit_login_per_ip = \"generous\"\n\
             limit_tokens_per_ip = \"generous\"\nlimit_sign_up_per_ip = \"generous\"\nrate_limit = 0\nmetrics = true\n",
            post.address().port()
        );
        fs::write(folder.path().join("denizen.toml"), configuration).expect("a file");
        let mut story = Self {
            folder,
            process: None,
            post,
            mails: Vec::new(),
            secrets: Vec::new(),
            told: Vec::new(),
            cells: Vec::new(),
            requests: Vec::new(),
        };
        story.keep(Kind::MailPassword, "the relay", MAIL_PASSWORD);
        story
    }

    fn keep(&mut self, kind: Kind, of: &str, secret: impl AsRef<[u8]>) {
        self.secrets.push(((kind, of.to_owned()), secret.as_ref().to_vec()));
    }

    /// A password that somebody has, or once had, or never had.
    pub fn password(&mut self, text: &'static str) -> &'static str {
        self.keep(Kind::Password, text, text);
        text
    }

    fn token(&mut self, kinds: (Kind, Kind), of: &str, token: &str) -> Name {
        self.keep(kinds.0, of, token);
        self.keep(kinds.1, of, TokenHash::of(&Secret::from(token)).as_bytes());
        (kinds.0, of.to_owned())
    }

    /// A token that went by mail, or by way of an operator.
    pub fn mailed_token(&mut self, of: &str, token: &str) -> Name {
        self.token((Kind::MailedToken, Kind::MailedTokenHash), of, token)
    }

    pub fn session_token(&mut self, of: &str, token: &str) -> Name {
        self.token((Kind::SessionToken, Kind::SessionTokenHash), of, token)
    }

    pub fn hear(&mut self, what: &str, bytes: impl Into<Vec<u8>>, holds: &[Name]) {
        self.told.push(Told { what: what.to_owned(), bytes: bytes.into(), holds: holds.to_vec() });
    }

    /// Runs a command, whose words have no blanks in them, with something on its standard input. Gives what it printed.
    pub async fn operate(&mut self, line: &str, input: &str) -> (Option<i32>, String) {
        let words: Vec<&str> = line.split(' ').collect();
        let Output { status, stdout, stderr } = match input {
            "" => run(self.folder.path(), &words).await,
            input => run_with_input(self.folder.path(), &words, &format!("{input}\n")).await,
        };
        self.hear(&format!("the log of {line}"), stderr, &[]);
        (status.code(), String::from_utf8(stdout).expect("UTF-8"))
    }

    pub async fn start_server(&mut self) {
        self.process = Some(Process::start(self.folder.path()).await);
    }

    fn process(&self) -> &Process {
        self.process.as_ref().expect("a server that runs")
    }

    /// Waits for a line of the log that contains this.
    pub async fn log_line(&self, text: &str) {
        self.process().line_with(text).await;
    }

    /// Sends a request that is answered like this, and holds no secret.
    pub async fn ask(&mut self, request: Request, status: u16) -> Response {
        self.send(request, status, |_, _| Vec::new()).await
    }

    /// Sends a request that opens a session of somebody; gives its token.
    pub async fn enter(&mut self, request: Request, of: &str) -> String {
        let mut token = String::new();
        self.send(request, 200, |story, answer| {
            let cookie = answer.header("Set-Cookie").and_then(|cookie| cookie.split(['=', ';']).nth(1));
            let body = answer.json();
            body["data"]["token"].as_str().or(cookie).expect("a token").clone_into(&mut token);
            vec![story.session_token(of, &token)]
        })
        .await;
        token
    }

    async fn send(
        &mut self,
        request: Request,
        status: u16,
        holds: impl FnOnce(&mut Self, &Response) -> Vec<Name>,
    ) -> Response {
        let answer = request.send(self.process().address).await;
        assert_eq!(answer.status, status, "{request:?}: {}", answer.text());
        self.requests.push(answer.header("X-Request-ID").expect("an id").to_owned());
        let holds = holds(self, &answer);
        let bytes = [format!("{:?}\n", answer.headers).as_bytes(), &answer.body].concat();
        self.hear(&format!("the answer to {request:?}"), bytes, &holds);
        answer
    }

    /// The token in the next mail to this address that has one.
    pub async fn mail(&mut self, to: &str, of: &str) -> String {
        let wanted = |mail: &ReceivedMail| mail.to == [to] && mail.letter.token().is_some();
        while !self.mails.iter().any(wanted) {
            self.mails.push(timeout(PATIENCE, self.post.next_mail()).await.expect("a mail"));
        }
        let at = self.mails.iter().position(wanted).expect("the mail");
        let mail = self.mails.remove(at);
        let token = mail.letter.token().expect("a token").to_owned();
        let name = self.mailed_token(of, &token);
        self.read(&mail, &[name]);
        token
    }

    fn read(&mut self, mail: &ReceivedMail, holds: &[Name]) {
        let letter = &mail.letter;
        let bytes = [&letter.raw, letter.text.as_bytes(), letter.html.as_bytes()].concat();
        self.hear(&format!("the mail {:?} to {:?}", letter.subject, mail.to), bytes, holds);
    }

    pub async fn connect(&self, token: &str) -> Socket {
        Socket::open_as(self.process().address, token).await
    }

    /// Listens on the socket until its session is over.
    pub async fn see_off(&mut self, mut socket: Socket) {
        let (frames, code) = socket.rest().await;
        assert_eq!(code, 4401);
        self.hear("the frames of a socket", frames.join("\n"), &[]);
    }

    /// Remembers what is in the database now.
    pub fn look_into_the_database(&mut self) {
        let database = Connection::open(self.folder.path().join("denizen.db")).expect("the database");
        let mut tables =
            database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").expect("SQL");
        let tables = tables.query_map([], |row| row.get(0)).expect("tables");
        for table in tables.collect::<Result<Vec<String>, _>>().expect("names") {
            let mut rows = database.prepare(&format!("SELECT * FROM {table}")).expect("SQL");
            let columns: Vec<String> = rows.column_names().map(str::to_owned).collect();
            let mut rows = rows.query([]).expect("rows");
            while let Some(row) = rows.next().expect("a row") {
                for (index, column) in columns.iter().enumerate() {
                    let bytes = match row.get_ref(index).expect("a value") {
                        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes.to_vec(),
                        ValueRef::Null | ValueRef::Integer(_) | ValueRef::Real(_) => continue,
                    };
                    self.cells.push(Cell { place: (table.clone(), column.clone()), bytes });
                }
            }
        }
    }

    /// Stops the server, and reads what is left to be read. Gives the log, and what is in the files of the database.
    pub async fn end(&mut self) -> (Vec<String>, Vec<u8>) {
        self.look_into_the_database();
        let files = bytes_of_the_database(self.folder.path());
        let log = self.process.take().expect("a server that runs").stop().await;
        while self.post.waiting() > 0 {
            self.mails.push(self.post.next_mail().await);
        }
        for mail in std::mem::take(&mut self.mails) {
            self.read(&mail, &[]);
        }
        for (kind, of, place) in [
            (Kind::PasswordHash, "users", ("users", "password_hash")),
            (Kind::ServiceSecret, "limits", ("secrets", "value")),
        ] {
            let here = |cell: &&Cell| (cell.place.0.as_str(), cell.place.1.as_str()) == place;
            let values: Vec<Vec<u8>> =
                self.cells.iter().filter(here).map(|cell| cell.bytes.clone()).collect();
            for value in values {
                // Salt and digest are no less a secret than all of it; the rest is the same for everybody.
                if kind == Kind::PasswordHash {
                    let text = String::from_utf8(value.clone()).expect("a PHC string");
                    assert!(text.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{text}");
                    text.rsplit('$').take(2).for_each(|part| self.keep(kind, of, part));
                }
                self.keep(kind, of, value);
            }
        }
        (log, files)
    }
}

fn bytes_of_the_database(folder: &Path) -> Vec<u8> {
    let files = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("a file").path());
    let of_database = files.filter(|path| path.to_string_lossy().contains("denizen.db"));
    of_database.flat_map(|path| fs::read(path).expect("its content")).collect()
}

/// A POST of this to the API, by nobody.
pub fn post(path: &str, body: Value) -> Request {
    Request::post(path).anonymous().json(&body)
}

/// A form as a browser sends it, whose fields are encoded already.
pub fn form(target: &str, fields: &str) -> Request {
    Request::post(target)
        .header("Content-Type", "application/x-www-form-urlencoded")
        .header("Sec-Fetch-Site", "same-origin")
        .body(fields)
}

pub fn login(login: &str, password: &str) -> Request {
    post("/api/auth/login", json!({ "login": login, "password": password }))
}
