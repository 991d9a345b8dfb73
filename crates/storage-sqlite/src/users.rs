//! Users and their passwords.

use chrono::{DateTime, Utc};
use denizen_models::{ADMIN_ROLE, EmailAddress, User, UserId, UserValues, Username, fold};
use denizen_services::{
    PasswordHash,
    store::{CommitError, Credentials, Precondition, StoreFailure, UniqueKey},
};
use rusqlite::{Connection, Row, params, params_from_iter, types::Value};

use crate::engine::{
    error::Failure,
    sql::{Record, execute, execute_one, expect, find, statements},
};

/// What [`read`] reads, of `users u`.
macro_rules! user_columns {
    () => {
        "u.id, u.username, u.email, u.first_name, u.last_name, u.age, u.active, u.email_verified, u.roles, \
         u.profile, u.created_at, u.updated_at, u.revision, u.security_version"
    };
}
pub(crate) use user_columns;

statements! {
    FIND = concat!("SELECT ", user_columns!(), " FROM users u WHERE u.id = ?1");
    FIND_BY_USERNAME = concat!("SELECT ", user_columns!(), " FROM users u WHERE u.username_key = ?1");
    FIND_BY_EMAIL = concat!("SELECT ", user_columns!(), " FROM users u WHERE u.email_key = ?1");
    CREDENTIALS = "SELECT id, password_hash, security_version FROM users WHERE id = ?1";
    EXPECT = "SELECT id FROM users WHERE id = ?1 AND security_version = ?2";
    OTHER_ADMINISTRATOR = "SELECT user_id FROM user_lists a CROSS JOIN users u ON u.id = a.user_id \
         WHERE a.list = '=' || ?2 AND a.active = 1 AND a.user_id <> ?1 AND u.password_hash IS NOT NULL LIMIT 1";
    USERNAME_IS_TAKEN = "SELECT id FROM users WHERE username_key = ?1 AND id <> ?2";
    INSERT = "INSERT INTO users (username, username_key, email, email_key, first_name, first_name_key, last_name, \
         last_name_key, age, active, email_verified, roles, profile, password_hash, created_at, updated_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?15) RETURNING id";
    UPDATE = "UPDATE users SET username = ?1, username_key = ?2, email = ?3, email_key = ?4, first_name = ?5, \
         first_name_key = ?6, last_name = ?7, last_name_key = ?8, age = ?9, active = ?10, email_verified = ?11, \
         roles = ?12, profile = ?13, updated_at = ?14, revision = revision + 1, security_version = \
         security_version + ((email_key, active, roles) IS NOT (?4, ?10, ?12)) WHERE id = ?15 AND revision = ?16";
    SET_PASSWORD = "UPDATE users SET password_hash = ?3, updated_at = ?4, revision = revision + 1, \
         security_version = security_version + 1 WHERE id = ?1 AND security_version = ?2";
    REHASH = "UPDATE users SET password_hash = ?3 WHERE id = ?1 AND security_version = ?2";
    VERIFY_EMAIL = "UPDATE users SET email_verified = 1, updated_at = ?2, revision = revision + 1 \
         WHERE id = ?1 AND email_verified = 0";
    DELETE = "DELETE FROM users WHERE id = ?1 AND revision = ifnull(?2, revision)";
}

/// Reads [`user_columns!`].
pub(crate) fn read(row: &Row<'_>) -> Result<User, Failure> {
    let record = Record::new("users", row)?;
    Ok(User {
        id: UserId::new(record.id),
        values: read_values(&record)?,
        created_at: record.time(10)?,
        updated_at: record.time(11)?,
        revision: record.get(12)?,
        security_version: record.get(13)?,
    })
}

/// Reads the columns `username` to `profile`, which follow the first.
pub(crate) fn read_values(record: &Record<'_>) -> Result<UserValues, Failure> {
    Ok(UserValues {
        username: record.parse(1, |text| Username::parse(text).ok())?,
        email: record.parse(2, |text| EmailAddress::parse(text).ok())?,
        first_name: record.get(3)?,
        last_name: record.get(4)?,
        age: record.get(5)?,
        active: record.get(6)?,
        email_verified: record.get(7)?,
        roles: record.parse(8, |text| serde_json::from_str(text).ok())?,
        profile: record.parse_optional(9, |text| serde_json::from_str(text).ok())?,
    })
}

pub(crate) fn find_by_id(connection: &Connection, id: UserId) -> Result<Option<User>, Failure> {
    find(connection, FIND, [id.get()], read)
}

pub(crate) fn find_by_username(connection: &Connection, name: &Username) -> Result<Option<User>, Failure> {
    find(connection, FIND_BY_USERNAME, [name.key()], read)
}

pub(crate) fn find_by_email(connection: &Connection, email: &EmailAddress) -> Result<Option<User>, Failure> {
    find(connection, FIND_BY_EMAIL, [email.key()], read)
}

pub(crate) fn find_credentials(
    connection: &Connection,
    user: UserId,
) -> Result<Option<Credentials>, Failure> {
    find(connection, CREDENTIALS, [user.get()], |row| {
        let record = Record::new("users", row)?;
        let hash: Option<String> = record.get(1)?;
        Ok(Credentials { hash: hash.map(PasswordHash::new), security_version: record.get(2)? })
    })
}

pub(crate) fn expect_version(
    connection: &Connection,
    user: UserId,
    security_version: i64,
) -> Result<(), Failure> {
    expect(connection, EXPECT, [user.get(), security_version], Precondition::User)
}

pub(crate) fn expect_other_administrator(connection: &Connection, user: UserId) -> Result<(), Failure> {
    let params = params![user.get(), ADMIN_ROLE];
    expect(connection, OTHER_ADMINISTRATOR, params, Precondition::Administrator)
}

pub(crate) fn insert(
    connection: &Connection,
    values: &UserValues,
    password: Option<&PasswordHash>,
    at: DateTime<Utc>,
) -> Result<UserId, Failure> {
    let password = password.map(|hash| hash.expose().to_owned());
    let params = columns(values)?.into_iter().chain([password.into(), at.timestamp_micros().into()]);
    let id = find(connection, INSERT, params_from_iter(params), |row| Ok(row.get(0)?))
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
    let row = [at.timestamp_micros(), user.get(), revision].map(Value::from);
    let params = params_from_iter(columns(values)?.into_iter().chain(row));
    execute_one(connection, UPDATE, params, Precondition::User)
        .map_err(|failure| name_the_key(connection, values, Some(user), failure))
}

pub(crate) fn set_password(
    connection: &Connection,
    user: UserId,
    hash: &PasswordHash,
    security_version: i64,
    at: DateTime<Utc>,
) -> Result<(), Failure> {
    let params = params![user.get(), security_version, hash.expose(), at.timestamp_micros()];
    execute_one(connection, SET_PASSWORD, params, Precondition::User)
}

pub(crate) fn rehash(
    connection: &Connection,
    user: UserId,
    hash: &PasswordHash,
    security_version: i64,
) -> Result<(), Failure> {
    let params = params![user.get(), security_version, hash.expose()];
    execute_one(connection, REHASH, params, Precondition::User)
}

pub(crate) fn verify_email(connection: &Connection, user: UserId, at: DateTime<Utc>) -> Result<(), Failure> {
    execute(connection, VERIFY_EMAIL, [user.get(), at.timestamp_micros()]).map(|_| ())
}

pub(crate) fn delete(connection: &Connection, user: UserId, revision: Option<i64>) -> Result<(), Failure> {
    execute_one(connection, DELETE, params![user.get(), revision], Precondition::User)
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
    match find(connection, USERNAME_IS_TAKEN, params![values.username.key(), but_for], |_| Ok(())) {
        Ok(Some(())) => CommitError::Conflict(UniqueKey::Username).into(),
        Ok(None) => CommitError::Conflict(UniqueKey::Email).into(),
        Err(failure) => failure,
    }
}

/// The parameters ?1 to ?13 of [`INSERT`], [`UPDATE`] and whatever else keeps them.
pub(crate) fn columns(values: &UserValues) -> Result<[Value; 13], Failure> {
    let refuse = |_| StoreFailure::Malformed("roles or profile cannot be written as JSON".into());
    let roles = serde_json::to_string(&values.roles).map_err(refuse)?;
    let profile = values.profile.as_ref().map(serde_json::to_string).transpose().map_err(refuse)?;
    Ok([
        values.username.as_str().to_owned().into(),
        values.username.key().to_owned().into(),
        values.email.as_str().to_owned().into(),
        values.email.key().to_owned().into(),
        values.first_name.clone().into(),
        fold(&values.first_name).into(),
        values.last_name.clone().into(),
        fold(&values.last_name).into(),
        values.age.into(),
        values.active.into(),
        values.email_verified.into(),
        roles.into(),
        profile.into(),
    ])
}
