//! What operators do at the command line, with a server on the same database and without.

mod after_restore;
mod check;
mod mail;
mod setup_link;
mod user;

use std::{path::Path, process::Output};

use serde_json::Value;

use crate::support::{
    api,
    http::Request,
    process::{Process, run_with, run_with_input},
};

/// Long enough for production, and of no dictionary.
const PASSWORD: &str = "correct horse battery";

/// What a command said, and how it ended.
#[derive(Debug)]
struct Said {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Said {
    fn of(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).expect("UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("UTF-8"),
        }
    }

    /// What it said if it did what it was told, and had nothing to complain about. It may have made a database, or kept a
    /// mail from being sent.
    #[track_caller]
    fn done(self) -> String {
        let is_note = |line: &str| {
            line.starts_with("denizen: created database ") || line.ends_with(" is not sent: dropped")
        };
        assert!(self.code == Some(0) && self.stderr.lines().all(is_note), "{self:?}");
        self.stdout
    }

    /// What it complained about if it did not do what it was told. It may have made a database.
    #[track_caller]
    fn refused(self, code: i32) -> String {
        assert_eq!((self.code, self.stdout.as_str()), (Some(code), ""), "{self:?}");
        let created = self.stderr.starts_with("denizen: created database ");
        let said =
            if created { self.stderr.split_once('\n').map(|(_, said)| said) } else { Some(&*self.stderr) };
        let reason = said.and_then(|said| said.strip_prefix("denizen: ")?.strip_suffix('\n'));
        reason.unwrap_or_else(|| panic!("{self:?}")).to_owned()
    }
}

/// Runs a command, whose words have no blanks in them.
async fn denizen(folder: &Path, line: &str) -> Said {
    denizen_in(folder, line, &[]).await
}

/// The same in an environment.
async fn denizen_in(folder: &Path, line: &str, environment: &[(&str, &str)]) -> Said {
    let words: Vec<_> = line.split(' ').collect();
    Said::of(run_with(folder, &words, environment).await)
}

/// Runs `user create … --password-stdin`.
async fn create(folder: &Path, options: &str, password: &str) -> Said {
    let line = format!("user create {options} --password-stdin");
    let words: Vec<_> = line.split(' ').collect();
    Said::of(run_with_input(folder, &words, &format!("{password}\n")).await)
}

/// Everything on the server's audit trail, newest first, as its administrator sees it.
async fn audit(server: &Process, token: &str) -> Vec<Value> {
    let answer = Request::get("/api/audit").bearer(token).send(server.address).await.succeeded(200);
    answer["data"].as_array().expect("a list").clone()
}

/// The actors of this kind of event.
async fn actors(server: &Process, token: &str, kind: &str) -> Vec<Value> {
    let events = audit(server, token).await;
    events.into_iter().filter(|event| event["kind"] == kind).map(|event| event["actor"].clone()).collect()
}

/// The roles of whoever signs in with this name and [`PASSWORD`].
async fn roles_of(server: &Process, name: &str) -> Value {
    api::login(server.address, name, PASSWORD).await.succeeded(200)["data"]["user"]["roles"].clone()
}
