//! A connection with its prepared statements.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use denizen_services::lock;
use tokio_postgres::{Client, Row, Statement, types::ToSql};

use crate::engine::{column::Value, error::Failure};

/// A parameter by name.
pub(crate) type Param<'a> = (&'static str, Value<'a>);

/// A connection. Many callers can share it: their statements are sent one behind the other, without waiting for answers.
pub(crate) struct Session {
    pub client: Client,
    statements: Mutex<HashMap<&'static str, Arc<Prepared>>>,
}

struct Prepared {
    statement: Statement,
    /// In the order of `$1`, `$2`, ….
    names: Vec<&'static str>,
}

impl Session {
    pub fn new(client: Client) -> Self {
        Self { client, statements: Mutex::default() }
    }

    /// Runs `sql`, whose parameters are written `:name`. How many rows it changed or found, and these.
    pub async fn query(&self, sql: &'static str, params: &[Param<'_>]) -> Result<Vec<Row>, Failure> {
        let prepared = self.prepared(sql).await?;
        Ok(self.client.query(&prepared.statement, &prepared.in_order(params)).await?)
    }

    /// The same, if it gives no rows.
    pub async fn execute(&self, sql: &'static str, params: &[Param<'_>]) -> Result<u64, Failure> {
        let prepared = self.prepared(sql).await?;
        Ok(self.client.execute(&prepared.statement, &prepared.in_order(params)).await?)
    }

    /// Runs text without parameters that is not worth preparing.
    pub async fn run(&self, sql: &str) -> Result<(), Failure> {
        Ok(self.client.batch_execute(sql).await?)
    }

    #[cfg(test)]
    pub async fn prepare(&self, sql: &'static str) -> Result<(), Failure> {
        self.prepared(sql).await.map(|_| ())
    }

    async fn prepared(&self, sql: &'static str) -> Result<Arc<Prepared>, Failure> {
        if let Some(known) = lock(&self.statements).get(sql) {
            return Ok(Arc::clone(known));
        }
        let (text, names) = numbered(sql);
        let prepared = Arc::new(Prepared { statement: self.client.prepare(&text).await?, names });
        lock(&self.statements).insert(sql, Arc::clone(&prepared));
        Ok(prepared)
    }
}

impl Prepared {
    /// The values in the order of the statement; NULL for what is not given.
    fn in_order<'a>(&self, params: &'a [Param<'_>]) -> Vec<&'a (dyn ToSql + Sync)> {
        let value = |name: &&str| {
            let given = params.iter().find(|(given, _)| given == name);
            given.map_or(&Value::Null as &(dyn ToSql + Sync), |(_, value)| value)
        };
        self.names.iter().map(value).collect()
    }
}

/// Writes `:name` as `$1`, and each further name as the next number. A double colon is a cast.
fn numbered(sql: &'static str) -> (String, Vec<&'static str>) {
    let mut names: Vec<&'static str> = Vec::new();
    let mut text = String::with_capacity(sql.len());
    let mut rest = sql;
    while let Some(colon) = rest.find(':') {
        text.push_str(&rest[..colon]);
        let after = &rest[colon + 1..];
        let length = after.find(|c: char| !c.is_ascii_lowercase() && c != '_').unwrap_or(after.len());
        if length == 0 {
            // The second colon goes along: what follows it is a type.
            text.push_str("::");
            rest = after.strip_prefix(':').unwrap_or(after);
            continue;
        }
        let name = &after[..length];
        let index = names.iter().position(|known| *known == name).unwrap_or_else(|| {
            names.push(name);
            names.len() - 1
        });
        text.push_str(&format!("${}", index + 1));
        rest = &after[length..];
    }
    text.push_str(rest);
    (text, names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_numbered_and_casts_are_left_alone() {
        let (text, names) = numbered("SELECT :one::bigint, :two, :one WHERE x = ANY(:three_more::text[])");
        assert_eq!(text, "SELECT $1::bigint, $2, $1 WHERE x = ANY($3::text[])");
        assert_eq!(names, ["one", "two", "three_more"]);
    }
}
