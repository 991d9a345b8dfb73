//! Every statement, for the tests that show them to PostgreSQL.

use crate::{
    audit,
    engine::session::numbered,
    keys, limits, list, mail_jobs, metrics, purge, registrations, relay, search, secrets, sessions,
    store::{locks, ports},
    tokens,
    users::{self, names},
};

/// A statement of this store.
#[derive(Debug, Clone)]
pub struct Statement {
    /// Its feature and its name.
    pub name: String,
    /// With numbered parameters.
    pub text: String,
    /// The names of the parameters, in the order of their numbers.
    pub parameters: Vec<&'static str>,
}

/// Returns every statement.
#[must_use]
pub fn statements() -> Vec<Statement> {
    let features: [(&str, &[(&str, &'static str)]); 17] = [
        ("audit", audit::ALL),
        ("keys", keys::ALL),
        ("limits", limits::ALL),
        ("list", list::ALL),
        ("locks", locks::ALL),
        ("mail_jobs", mail_jobs::ALL),
        ("metrics", metrics::ALL),
        ("names", names::ALL),
        ("ports", ports::ALL),
        ("purge", purge::ALL),
        ("registrations", registrations::ALL),
        ("relay", relay::ALL),
        ("search", search::ALL),
        ("secrets", secrets::ALL),
        ("sessions", sessions::ALL),
        ("tokens", tokens::ALL),
        ("users", users::ALL),
    ];
    let all = features
        .into_iter()
        .flat_map(|(feature, statements)| statements.iter().map(move |one| (feature, one)));
    all.map(|(feature, (name, sql))| {
        let (text, parameters) = numbered(sql);
        Statement { name: format!("{feature}::{name}"), text, parameters }
    })
    .collect()
}
