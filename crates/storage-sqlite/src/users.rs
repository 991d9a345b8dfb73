//! Users and their passwords.

pub(crate) mod names;

use chrono::{DateTime, Utc};
use denizen_models::{Metadata, User, UserId, UserValues, fold};
use denizen_services::{
    PasswordHash,
    store::{
        ClientKind, CommitError, Credentials, FailedAttempts, Outcome, PasswordScheme, StoreFailure,
        UniqueKey,
    },
};
use rusqlite::{Connection, Row, types::Null};

use crate::{
    engine::{
        error::Failure,
        sql::{Param, Record, execute, find, list, named, params, read_columns, require, statements},
    },
    mail_jobs,
};

/// The columns of [`UserValues`] but for the metadata, and others behind them.
/// See [`crate::engine::sql::columns!`].
macro_rules! listed_value_columns {
    ($form:tt $($other:ident)*) => {
        crate::engine::sql::columns!(
            $form username email first_name last_name age active email_verified roles profile $($other)*
        )
    };
}
pub(crate) use listed_value_columns;

/// The columns of [`UserValues`], and others behind them.
macro_rules! value_columns {
    ($form:tt $($other:ident)*) => {
        crate::users::listed_value_columns!($form user_metadata app_metadata $($other)*)
    };
}
pub(crate) use value_columns;

/// What [`read`] reads, of `users u`.
macro_rules! user_columns {
    () => {
        concat!("u.id, ", crate::users::value_columns!("u." created_at updated_at revision security_version))
    };
}

/// The same without metadata, for lists.
macro_rules! listed_columns {
    () => {
        concat!(
            "u.id, ",
            crate::users::listed_value_columns!("u."),
            ", NULL AS user_metadata, NULL AS app_metadata, ",
            crate::engine::sql::columns!("u." created_at updated_at revision security_version)
        )
    };
}
pub(crate) use listed_columns;

/// What an update writes.
macro_rules! written_columns {
    ($form:tt $($other:ident)*) => {
        value_columns!($form username_key email_key first_name_key last_name_key updated_at $($other)*)
    };
}

statements! {
    FIND = concat!("SELECT ", user_columns!(), " FROM users u WHERE u.id = :user");
    FIND_BY_USERNAME = concat!("SELECT ", user_columns!(), " FROM users u WHERE u.username_key = :username_key");
    FIND_BY_EMAIL = concat!("SELECT ", user_columns!(), " FROM users u WHERE u.email_key = :email_key");
    CREDENTIALS = "SELECT id, password_hash, security_version, password_version, stranger_failed_attempts, \
         known_failed_attempts FROM users WHERE id = :user";
    COUNT_FAILED_ATTEMPT = "UPDATE users SET stranger_failed_attempts = stranger_failed_attempts + :stranger, \
         known_failed_attempts = known_failed_attempts + :known WHERE id = :user";
    COUNT_UNKNOWN = "UPDATE unknown_failed_attempts SET failed_attempts = failed_attempts + 1 WHERE id = 1";
    CLEAR_FAILED_ATTEMPTS = "UPDATE users SET stranger_failed_attempts = 0, known_failed_attempts = 0 \
         WHERE id = :user AND iif(:known, known_failed_attempts, stranger_failed_attempts) < :below", else FailedAttempts;
    PASSWORD_SCHEMES = "SELECT scheme, users FROM password_schemes ORDER BY scheme";
    EXPECT = "SELECT id FROM users WHERE id = :user AND security_version = :security_version", else User;
    ACTIVE = "SELECT id FROM users WHERE id = :user AND active = 1", else Actor;
    HAS_ROLE = "SELECT 1 FROM users, json_each(users.roles) \
         WHERE users.id = :user AND json_each.value = :role", else Role;
    OTHER_ADMIN = "SELECT user_id FROM user_lists a CROSS JOIN users u ON u.id = a.user_id \
         WHERE a.list = '=' || :role AND a.active = 1 AND a.user_id <> :user AND u.password_hash IS NOT NULL LIMIT 1", else Administrator;
    USERNAME_IS_TAKEN = "SELECT id FROM users WHERE username_key = :username_key AND id <> :but_for";
    INSERT = concat!(
        "INSERT INTO users (",
        written_columns!("" password_hash created_at),
        ") VALUES (",
        written_columns!(":" password_hash updated_at),
        ") RETURNING id"
    );
    UPDATE = concat!(
        "UPDATE users SET ",
        written_columns!(set),
        ", revision = revision + 1, security_version = \
         security_version + ((email_key, active, roles) IS NOT (:email_key, :active, :roles)) \
         WHERE id = :user AND revision = :revision"
    ), else User;
    /// All that [`read`] reads, of those whose password is a documented one.
    SAMPLE_PASSWORDS = concat!(
        "SELECT ", user_columns!(), " FROM users u WHERE u.sample_password = 1 ORDER BY u.id LIMIT 100"
    );
    /// Marks the password as a documented one.
    MARK = "UPDATE users SET sample_password = 1 WHERE id = :user";
    SET_PASSWORD = "UPDATE users SET password_hash = :hash, sample_password = 0, updated_at = :at, revision = revision + 1, \
         security_version = security_version + 1, password_version = security_version + 1, \
         stranger_failed_attempts = 0, known_failed_attempts = 0 \
         WHERE id = :user AND security_version = :security_version", else User;
    REHASH = "UPDATE users SET password_hash = :hash \
         WHERE id = :user AND security_version = :security_version", else User;
    VERIFY_EMAIL = "UPDATE users SET email_verified = 1, updated_at = :at, revision = revision + 1 \
         WHERE id = :user AND email_verified = 0";
    DELETE = "DELETE FROM users WHERE id = :user AND revision = ifnull(:revision, revision)", else User;
}

/// Reads [`user_columns!`].
pub(crate) fn read(row: &Row<'_>) -> Result<User, Failure> {
    let record = Record::new("users", row)?;
    Ok(read_columns!(record => User {
        id: UserId::new(record.id), values: read_values(&record)?, created_at, updated_at, revision, security_version
    }))
}

/// Reads [`value_columns!`].
fn read_values(record: &Record<'_>) -> Result<UserValues, Failure> {
    Ok(read_columns!(record => UserValues {
        username, email, first_name, last_name, age, active, email_verified, roles, profile,
        user_metadata: record.get::<Option<_>>("user_metadata")?.unwrap_or_default(),
        app_metadata: record.get::<Option<_>>("app_metadata")?.unwrap_or_default(),
    }))
}

pub(crate) fn read_credentials(row: &Row<'_>) -> Result<Credentials, Failure> {
    let record = Record::new("users", row)?;
    let hash = record.get("password_hash")?;
    let (security_version, password_version) =
        (record.get("security_version")?, record.get("password_version")?);
    let failed_attempts = FailedAttempts {
        stranger: record.get("stranger_failed_attempts")?,
        known: record.get("known_failed_attempts")?,
    };
    Ok(Credentials { hash, security_version, password_version, failed_attempts })
}

pub(crate) fn password_schemes(connection: &Connection) -> Result<Vec<PasswordScheme>, Failure> {
    list(connection, PASSWORD_SCHEMES, [], |row| {
        let users: i64 = row.get(1)?;
        let users = u64::try_from(users).map_err(|_| Failure::corrupt("password_schemes", users))?;
        Ok(PasswordScheme { scheme: PasswordHash::new(row.get(0)?), users })
    })
}

pub(crate) fn verify_email(connection: &Connection, user: UserId, at: DateTime<Utc>) -> Result<(), Failure> {
    execute(connection, VERIFY_EMAIL, params!(user, at)).map(|_| ())
}

/// Deletes a user, with what belongs to it. Returns the mail jobs that go with it.
pub(crate) fn delete(
    connection: &Connection,
    user: UserId,
    revision: Option<i64>,
) -> Result<Outcome, Failure> {
    let unsent = mail_jobs::unsent(connection, mail_jobs::REQUESTS_OF_USER, user.get())?;
    require(connection, DELETE, params!(user, revision)).map(|()| unsent)
}

pub(crate) fn count_failed(
    connection: &Connection,
    user: Option<UserId>,
    client: ClientKind,
) -> Result<(), Failure> {
    let known = client == ClientKind::Known;
    let counted = match user {
        Some(user) => execute(connection, COUNT_FAILED_ATTEMPT, params!(user, stranger: !known, known)),
        None => execute(connection, COUNT_UNKNOWN, []),
    };
    counted.map(|_| ())
}

pub(crate) fn insert(
    connection: &Connection,
    values: &UserValues,
    password: Option<&PasswordHash>,
    at: DateTime<Utc>,
) -> Result<UserId, Failure> {
    let mut params = written(values, at)?;
    params.extend(named!(password_hash: password));
    let id = find(connection, INSERT, params.as_slice(), |row| Ok(row.get(0)?))
        .map_err(|failure| name_the_key(connection, values, None, failure))?;
    id.map(UserId::new).ok_or_else(|| Failure::corrupt("users", 0))
}

pub(crate) fn update(
    connection: &Connection,
    user: UserId,
    revision: i64,
    values: &UserValues,
    at: DateTime<Utc>,
) -> Result<(), Failure> {
    let mut params = written(values, at)?;
    params.extend(named!(user, revision));
    require(connection, UPDATE, params.as_slice())
        .map_err(|failure| name_the_key(connection, values, Some(user), failure))
}

/// SQLite reports the violation that it meets first, which depends on its indexes; callers are told of the user name
/// first. Versions need no such care: a row of another version does not match, so that no key of it can collide.
fn name_the_key(
    connection: &Connection,
    values: &UserValues,
    but_for: Option<UserId>,
    failure: Failure,
) -> Failure {
    if !failure.is_duplicate() {
        return failure;
    }
    let but_for = but_for.map_or(0, UserId::get);
    let username_key = values.username.key();
    match find(connection, USERNAME_IS_TAKEN, params!(username_key, but_for), |_| Ok(())) {
        Ok(Some(())) => CommitError::Conflict(UniqueKey::Username).into(),
        Ok(None) => CommitError::Conflict(UniqueKey::Email).into(),
        Err(failure) => failure,
    }
}

/// The parameters of [`written_columns!`].
pub(crate) fn written(values: &UserValues, at: DateTime<Utc>) -> Result<Vec<Param<'_>>, Failure> {
    let mut params = parameters(values)?;
    params.extend([
        (":username_key", values.username.key().into()),
        (":email_key", values.email.key().into()),
        (":first_name_key", fold(&values.first_name).into()),
        (":last_name_key", fold(&values.last_name).into()),
        (":updated_at", at.timestamp_micros().into()),
    ]);
    Ok(params)
}

/// The parameters of [`value_columns!`].
fn parameters(values: &UserValues) -> Result<Vec<Param<'_>>, Failure> {
    let refuse = |_| StoreFailure::Malformed("roles, profile or metadata cannot be written as JSON".into());
    let roles = serde_json::to_string(&values.roles).map_err(refuse)?;
    let profile = values.profile.as_ref().map(serde_json::to_string).transpose().map_err(refuse)?;
    let metadata = |metadata: &Metadata| match metadata.is_empty() {
        true => Ok(Null.into()),
        false => serde_json::to_string(metadata).map(Into::into).map_err(refuse),
    };
    Ok(vec![
        (":username", values.username.as_str().into()),
        (":email", values.email.as_str().into()),
        (":first_name", values.first_name.as_str().into()),
        (":last_name", values.last_name.as_str().into()),
        (":age", values.age.into()),
        (":active", values.active.into()),
        (":email_verified", values.email_verified.into()),
        (":roles", roles.into()),
        (":profile", profile.map_or(Null.into(), Into::into)),
        (":user_metadata", metadata(&values.user_metadata)?),
        (":app_metadata", metadata(&values.app_metadata)?),
    ])
}
