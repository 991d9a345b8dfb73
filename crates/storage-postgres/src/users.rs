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
use tokio_postgres::Row;

use crate::{
    engine::{
        column::{Encode as _, Value},
        error::Failure,
        sql::{
            Param, Record, Session, execute, find, list, named, params, read_columns, require, statements,
        },
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
    /// For a unit that needs the user to stay as it is, for one that changes it, and for one that deletes it.
    LOCK_TO_STAY = "SELECT id FROM users WHERE id = :user FOR SHARE";
    LOCK_TO_CHANGE = "SELECT id FROM users WHERE id = :user FOR NO KEY UPDATE";
    LOCK_TO_DELETE = "SELECT id FROM users WHERE id = :user FOR UPDATE";
    CREDENTIALS = "SELECT id, password_hash, security_version, password_version, stranger_failed_attempts, \
         known_failed_attempts FROM users WHERE id = :user";
    COUNT_FAILED_ATTEMPT = "UPDATE users SET stranger_failed_attempts = stranger_failed_attempts + :stranger::boolean::integer, \
         known_failed_attempts = known_failed_attempts + :known::boolean::integer WHERE id = :user";
    COUNT_UNKNOWN = "UPDATE unknown_failed_attempts SET failed_attempts = failed_attempts + 1 \
         WHERE id = pg_backend_pid() % 64";
    CLEAR_FAILED_ATTEMPTS = "UPDATE users SET stranger_failed_attempts = 0, known_failed_attempts = 0 WHERE id = :user \
         AND CASE WHEN :known::boolean THEN known_failed_attempts ELSE stranger_failed_attempts END < :below::bigint",
        else FailedAttempts;
    PASSWORD_SCHEMES = "SELECT scheme, users FROM password_schemes WHERE users > 0 ORDER BY scheme";
    EXPECT = "SELECT id FROM users WHERE id = :user AND security_version = :security_version", else User;
    ACTIVE = "SELECT id FROM users WHERE id = :user AND active", else Actor;
    HAS_ROLE = "SELECT id FROM users WHERE id = :user AND :role = ANY(roles)", else Role;
    /// Units that ask hold an advisory lock.
    OTHER_ADMIN = "SELECT id FROM users WHERE roles @> ARRAY[:role::text] AND active AND password_hash IS NOT NULL \
         AND id <> :user LIMIT 1", else Administrator;
    USERNAME_IS_TAKEN = "SELECT id FROM users WHERE username_key = :username_key AND id <> :but_for";
    EMAIL_IS_TAKEN = "SELECT id FROM users WHERE email_key = :email_key AND id <> :but_for";
    REVISION = "SELECT id FROM users WHERE id = :user AND revision = :revision", else User;
    INSERT = concat!(
        "INSERT INTO users (",
        written_columns!("" password_hash password_scheme created_at),
        ") VALUES (",
        written_columns!(":" password_hash password_scheme updated_at),
        ") ON CONFLICT DO NOTHING RETURNING id"
    );
    /// Does not come as far as a violation, which would end the transaction.
    UPDATE = concat!(
        "UPDATE users SET ",
        written_columns!(set),
        ", revision = revision + 1, security_version = security_version \
         + ((email_key, active, roles) IS DISTINCT FROM (:email_key, :active, :roles))::integer \
         WHERE id = :user AND revision = :revision \
         AND NOT EXISTS (SELECT 1 FROM users o WHERE o.username_key = :username_key AND o.id <> :user) \
         AND NOT EXISTS (SELECT 1 FROM users o WHERE o.email_key = :email_key AND o.id <> :user)"
    );
    /// All that [`read`] reads, of those whose password is a documented one.
    SAMPLE_PASSWORDS = concat!(
        "SELECT ", user_columns!(), " FROM users u WHERE u.sample_password ORDER BY u.id LIMIT 100"
    );
    /// Marks the password as a documented one.
    MARK = "UPDATE users SET sample_password = TRUE WHERE id = :user";
    SET_PASSWORD = "UPDATE users SET password_hash = :hash, password_scheme = :scheme, sample_password = FALSE, \
         updated_at = :at, revision = revision + 1, \
         security_version = security_version + 1, password_version = security_version + 1, \
         stranger_failed_attempts = 0, known_failed_attempts = 0 \
         WHERE id = :user AND security_version = :security_version", else User;
    REHASH = "UPDATE users SET password_hash = :hash, password_scheme = :scheme \
         WHERE id = :user AND security_version = :security_version", else User;
    VERIFY_EMAIL = "UPDATE users SET email_verified = TRUE, updated_at = :at, revision = revision + 1 \
         WHERE id = :user AND NOT email_verified";
    DELETE = "DELETE FROM users WHERE id = :user AND revision = coalesce(:revision, revision)", else User;
}

/// Reads [`user_columns!`].
pub(crate) fn read(row: &Row) -> Result<User, Failure> {
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

pub(crate) fn read_credentials(row: &Row) -> Result<Credentials, Failure> {
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

pub(crate) async fn password_schemes(session: &Session) -> Result<Vec<PasswordScheme>, Failure> {
    list(session, PASSWORD_SCHEMES, &[], |row| {
        let users: i64 = row.try_get(1)?;
        let users = u64::try_from(users).map_err(|_| Failure::corrupt("password_schemes", users))?;
        Ok(PasswordScheme { scheme: PasswordHash::new(row.try_get(0)?), users })
    })
    .await
}

pub(crate) async fn verify_email(session: &Session, user: UserId, at: DateTime<Utc>) -> Result<(), Failure> {
    execute(session, VERIFY_EMAIL, params!(user, at)).await.map(|_| ())
}

/// Deletes a user, with what belongs to it. Returns the mail jobs that go with it.
pub(crate) async fn delete(
    session: &Session,
    user: UserId,
    revision: Option<i64>,
) -> Result<Outcome, Failure> {
    let unsent = mail_jobs::unsent(session, mail_jobs::REQUESTS_OF_USER, user.get()).await?;
    require(session, DELETE, params!(user, revision)).await.map(|()| unsent)
}

pub(crate) async fn count_failed(
    session: &Session,
    user: Option<UserId>,
    client: ClientKind,
) -> Result<(), Failure> {
    let known = client == ClientKind::Known;
    let counted = match user {
        Some(user) => execute(session, COUNT_FAILED_ATTEMPT, params!(user, stranger: !known, known)).await,
        None => execute(session, COUNT_UNKNOWN, &[]).await,
    };
    counted.map(|_| ())
}

pub(crate) async fn set_password(
    session: &Session,
    user: UserId,
    hash: &PasswordHash,
    security_version: i64,
    at: DateTime<Utc>,
) -> Result<(), Failure> {
    let scheme = hash.scheme();
    require(session, SET_PASSWORD, params!(user, hash, scheme, security_version, at)).await
}

pub(crate) async fn rehash(
    session: &Session,
    user: UserId,
    hash: &PasswordHash,
    security_version: i64,
) -> Result<(), Failure> {
    let scheme = hash.scheme();
    require(session, REHASH, params!(user, hash, scheme, security_version)).await
}

pub(crate) async fn insert(
    session: &Session,
    values: &UserValues,
    password: Option<&PasswordHash>,
    at: DateTime<Utc>,
) -> Result<UserId, Failure> {
    let scheme = password.map(PasswordHash::scheme);
    let folded = Folded::of(values);
    let mut params = written(values, &folded, at)?;
    params.extend(named!(password_hash: password, password_scheme: scheme));
    match find(session, INSERT, params.as_slice(), |row| Ok(row.try_get(0)?)).await? {
        Some(id) => Ok(UserId::new(id)),
        None => Err(taken(session, values, None).await?),
    }
}

pub(crate) async fn update(
    session: &Session,
    user: UserId,
    revision: i64,
    values: &UserValues,
    at: DateTime<Utc>,
) -> Result<(), Failure> {
    let folded = Folded::of(values);
    let mut params = written(values, &folded, at)?;
    params.extend(named!(user, revision));
    if execute(session, UPDATE, params.as_slice()).await? == 1 {
        return Ok(());
    }
    require(session, REVISION, params!(user, revision)).await?;
    Err(taken(session, values, Some(user)).await?)
}

/// Which of the values another user has: callers are told of the user name first. If none is taken any more, the unit is
/// tried again.
async fn taken(session: &Session, values: &UserValues, but_for: Option<UserId>) -> Result<Failure, Failure> {
    let but_for = but_for.map_or(0, UserId::get);
    let (username_key, email_key) = (values.username.key(), values.email.key());
    if find(session, USERNAME_IS_TAKEN, params!(username_key, but_for), |_| Ok(())).await?.is_some() {
        return Ok(CommitError::Conflict(UniqueKey::Username).into());
    }
    if find(session, EMAIL_IS_TAKEN, params!(email_key, but_for), |_| Ok(())).await?.is_some() {
        return Ok(CommitError::Conflict(UniqueKey::Email).into());
    }
    Ok(Failure::Contention)
}

/// What the parameters borrow beside the values themselves.
struct Folded {
    first_name: String,
    last_name: String,
}

impl Folded {
    fn of(values: &UserValues) -> Self {
        Self { first_name: fold(&values.first_name), last_name: fold(&values.last_name) }
    }
}

/// The parameters of [`written_columns!`].
fn written<'a>(
    values: &'a UserValues,
    folded: &'a Folded,
    at: DateTime<Utc>,
) -> Result<Vec<Param<'a>>, Failure> {
    let mut params = parameters(values)?;
    params.extend([
        ("username_key", values.username.key().encode()),
        ("email_key", values.email.key().encode()),
        ("first_name_key", folded.first_name.encode()),
        ("last_name_key", folded.last_name.encode()),
        ("updated_at", Value::Int(at.timestamp_micros())),
    ]);
    Ok(params)
}

/// The parameters of [`value_columns!`].
fn parameters(values: &UserValues) -> Result<Vec<Param<'_>>, Failure> {
    let refuse = |_| StoreFailure::Malformed("profile or metadata cannot be written as JSON".into());
    let profile = values.profile.as_ref().map(serde_json::to_string).transpose().map_err(refuse)?;
    let metadata = |metadata: &Metadata| match metadata.is_empty() {
        true => Ok(Value::Null),
        false => serde_json::to_string(metadata).map(|text| Value::Text(text.into())).map_err(refuse),
    };
    Ok(vec![
        ("username", Value::Text(values.username.as_str().into())),
        ("email", values.email.encode()),
        ("first_name", values.first_name.encode()),
        ("last_name", values.last_name.encode()),
        ("age", values.age.encode()),
        ("active", values.active.encode()),
        ("email_verified", values.email_verified.encode()),
        ("roles", values.roles.encode()),
        ("profile", profile.map_or(Value::Null, |text| Value::Text(text.into()))),
        ("user_metadata", metadata(&values.user_metadata)?),
        ("app_metadata", metadata(&values.app_metadata)?),
    ])
}
