//! The wire contract, as tables: every answer of the Go original on these routes, or what denizen does instead.
//!
//! `wire/*.jsonl` holds one case per line. The cases of a file run in order against one fresh server (development
//! profile, five sample users); a later case sees what an earlier one changed. The fields of a case:
//!
//! | field | meaning |
//! |---|---|
//! | `case` | the title of the case in the reference, plus ` -- ` and a few words where one title needs several cases |
//! | `from` | the section of the reference; a case without it is our own, or sets the stage |
//! | `differs` | `row N` or `fault N`: the listed difference that makes our answer another one |
//! | `advance_minutes` | moves the server's clock before the request |
//! | `method`, `path` | sent as they are |
//! | `raw` | the whole request instead, byte by byte |
//! | `headers` | `null` drops a default; requests have the session of the sample administrator, and with a body `content-type: application/json`, unless these are named |
//! | `body` | a JSON value |
//! | `base`, `without` | the body is [`row::BASE`] with these members replaced, and those removed |
//! | `text`, `bytes_hex` | a body that is not, or not exactly, JSON |
//! | `pad_to` | blanks after the body up to so many bytes |
//! | `chunked` | the body goes out in chunks |
//! | `status` | a code, or a list of codes where the contract leaves it open |
//! | `expect_headers` | exact values, or `null` for a header that must be absent |
//! | `contains` | text that the body must hold as it stands (JSON comparison does not see escapes) |
//! | `answer` | the JSON body, member by member, order aside, `timestamp` and `request_id` of the envelope implied; `null`: the body is empty; `"<page>"`: a page for people; `"<any>"`: not looked at |
//! | `capture_token` | `{NAME: ADDRESS}`: waits for the next mail to the address and remembers its token |
//! | `capture_data` | remembers `data` of the answer under this name |
//!
//! Values in `headers`, `body`, `base` and `answer` may be written as `{"repeat": TEXT, "times": N, "then": TEXT}`,
//! `"<token:NAME>"`, `"<TOKEN:NAME>"` (upper case), `"<data:NAME>"` or `"<sample:NAME>"` (`wire/sample_users.json`).
//! Values in `answer` may also be one of [`expect::PLACEHOLDERS`]. Every answer but an `"<any>"` must besides carry
//! what all answers carry, see [`expect::problems`]; no answer may carry a CORS header.

use crate::support::TestServer;

mod expand;
mod expect;
mod row;
pub mod soundness;

use self::{expand::Memory, row::Row};

/// Some tables, and which cases of the reference they must cover.
pub struct Contract {
    /// Where the tables are, below the folder of the crate.
    pub folder: &'static str,
    /// Name and text of each.
    pub tables: &'static [(&'static str, &'static str)],
    /// Section and title of every case of the reference.
    pub titles: &'static str,
}

/// One test per table, and the list of them for the tests about the tables. The folder is given as it is seen from the
/// source file.
macro_rules! tables {
    ($folder:literal: $($name:ident)*) => {
        const TABLES: &[(&str, &str)] =
            &[$((concat!(stringify!($name), ".jsonl"), include_str!(concat!($folder, stringify!($name), ".jsonl")))),*];
        $(
            #[tokio::test]
            async fn $name() {
                let file = concat!(stringify!($name), ".jsonl");
                crate::wire::replay(file, include_str!(concat!($folder, stringify!($name), ".jsonl"))).await;
            }
        )*
    };
}
pub(crate) use tables;

const CONTRACT: Contract =
    Contract { folder: "tests/api/wire", tables: TABLES, titles: include_str!("wire/titles.txt") };

self::tables! {
    "wire/":
    anonymous
    auth
    health
    users_list
    users_create
    bodies
    validation
    users_by_id
    users_update
    users_patch
    users_delete
    calculate
    tasks
    messages
    protocol
    pages
}

/// Plays all cases, so that one run names every failure; what follows from an earlier one is easy to tell.
pub async fn replay(file: &str, table: &str) {
    let server = TestServer::start().await;
    let mut memory = Memory::default();
    let mut failures = Vec::new();
    let rows = row::parse(file, table);
    for (line, row) in &rows {
        if let Err(reason) = play(row, &server, &mut memory).await {
            failures.push(format!("{file}:{line} {:?}\n{reason}", row.case));
        }
    }
    let (failed, all) = (failures.len(), rows.len());
    assert!(failures.is_empty(), "{failed} of {all} cases failed\n\n{}\n", failures.join("\n\n"));
}

async fn play(row: &Row, server: &TestServer, memory: &mut Memory) -> Result<(), String> {
    if let Some(minutes) = row.advance_minutes {
        server.advance_minutes(minutes);
    }
    let answer = memory.expand(&row.answer)?;
    let request = row.request(memory)?;
    let response = request.try_send(server.address).await.map_err(|error| format!("  no answer: {error}"))?;
    let problems = expect::problems(row, &answer, &response);
    if !problems.is_empty() {
        return Err(format!(
            "  {}\n  got {} {}",
            problems.join("\n  "),
            response.status,
            response.text().trim_end()
        ));
    }
    if let Some(name) = &row.capture_data {
        memory.data.insert(name.clone(), response.json()["data"].clone());
    }
    for (name, address) in &row.capture_token {
        let token = server.next_token(address).await;
        if token.len() != 64 || !token.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(format!("  the token for {address} is not 64 lower-case hex digits"));
        }
        memory.tokens.insert(name.clone(), token);
    }
    Ok(())
}
