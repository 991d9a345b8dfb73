//! Whether the time of an answer tells who has an account.

use std::{fmt, path::Path, time::Duration};

use denizen_services::{OsTokenSource, TokenSource as _};
use serde_json::{Value, json};

use crate::{
    Failure,
    client::{Call, Client},
    server::{Server, known, unknown},
    statistics::{mann_whitney, median, milliseconds},
};

/// What a stranger may ask about somebody.
#[derive(Debug)]
pub struct Question {
    /// As the table says it.
    pub name: &'static str,
    path: &'static str,
    status: u16,
    body: fn(name: &str) -> Value,
}

impl Question {
    fn about(&self, name: &str) -> Call {
        Call::post(self.path, (self.body)(name))
    }
}

/// Every question. Nobody is asked about twice, so that no limit is reached.
pub const QUESTIONS: &[Question] = &[
    Question {
        name: "reset request",
        path: "/api/users/request-password-reset",
        status: 200,
        body: |name| json!({ "email": address(name) }),
    },
    Question {
        name: "login",
        path: "/api/auth/login",
        status: 401,
        body: |name| json!({ "login": name, "password": "wrong horse battery" }),
    },
    Question {
        name: "sign-up",
        path: "/api/users",
        status: 202,
        body: |name| json!({ "email": address(name) }),
    },
];

fn address(name: &str) -> String {
    format!("{name}@example.com")
}

/// What the stopwatch says of one question.
#[derive(Debug)]
pub struct Row {
    /// The question.
    pub name: &'static str,
    /// Each time it was asked of somebody who is known.
    pub known: Vec<Duration>,
    /// And of somebody who is not.
    pub unknown: Vec<Duration>,
}

/// Asks each of the questions `requests` times of both.
///
/// # Errors
/// The server does not start, or answers with another status than it should.
pub async fn measure(binary: &Path, questions: &[Question], requests: usize) -> Result<Vec<Row>, Failure> {
    let mut rows = Vec::new();
    for question in questions {
        let server = Server::start(binary, requests + WARM_UP).await?;
        let mut client = Client::connect(server.address).await?;
        let mut row = Row { name: question.name, known: Vec::new(), unknown: Vec::new() };
        let mut asked = [0, 0];
        for is_known in drawn(requests + WARM_UP)? {
            let number = asked[usize::from(is_known)];
            asked[usize::from(is_known)] += 1;
            let name = if is_known { known(number) } else { unknown(number) };
            let took = client.send(&question.about(&name)).await?.expect(question.status)?.took;
            if number >= WARM_UP {
                if is_known { row.known.push(took) } else { row.unknown.push(took) }
            }
        }
        rows.push(row);
    }
    Ok(rows)
}

/// So many of each come first and do not count.
const WARM_UP: usize = 10;

/// In which order so many who are known and as many who are not are asked about: drawn by lot, because the server still
/// works on earlier requests (for those who are known it writes mails), and any regular order would have one of the two
/// come always when it does.
fn drawn(each: usize) -> Result<Vec<bool>, Failure> {
    let mut lots = Vec::new();
    for is_known in [true, false].repeat(each) {
        let mut lot = [0; 8];
        OsTokenSource.fill(&mut lot)?;
        lots.push((lot, is_known));
    }
    lots.sort_unstable();
    Ok(lots.into_iter().map(|(_, is_known)| is_known).collect())
}

impl Row {
    /// The heads of the columns.
    pub const HEAD: &str = "question         requests    known ms  unknown ms   ratio   Mann–Whitney z";
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [known, unknown] = [&self.known, &self.unknown].map(|times| milliseconds(median(times)));
        let (name, count, z) = (self.name, self.known.len(), mann_whitney(&self.known, &self.unknown));
        write!(
            f,
            "{name:<14} {:>9}   {known:>9.3}   {unknown:>9.3}   {:>5.3}   {z:>14.2}",
            format!("2 × {count}"),
            known / unknown
        )
    }
}
