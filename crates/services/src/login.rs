//! Signing in, and proving once more who one is.
//!
//! Whoever asks learns one thing: whether login and password belong together and open an account. An unknown login costs
//! the same reads, the same hash and the same write as a wrong password, and runs into the same limits after the same
//! number of attempts. Attempts are counted before anybody looks who is meant, and given back to whoever succeeds.

use chrono::{DateTime, Duration, Utc};
use denizen_models::{Login, LoginRequest, Password, User, UserId, ValidationErrors, fold};

use crate::{
    common::{
        context::{AccessContext, Actor},
        rate_limits::{LimitSubject, Limiter, RateLimitRule, from_limited},
        settings::{Limits, ServiceSettings},
    },
    ports::{
        Ports,
        hasher::{HashError, Verdict},
        randomness::{RandomnessError, Token},
        store::{
            AuditEvent, AuditKind, Credentials, NewSession, Precondition, SessionId, StoreError, UnitOfWork,
        },
    },
};

/// So many sessions a user can have; with one more, the one that was used longest ago ends.
pub(crate) const MAX_SESSIONS: u32 = 100;

/// No user has this id. Looked up where there is nobody, so that it makes no difference.
const NOBODY: UserId = UserId::new(0);

/// What somebody gets who has signed in.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// The way in. Nobody else knows it, nor can find it out.
    pub token: Token,
    /// The session that it opens.
    pub session: SessionId,
    /// When it ends, whatever happens.
    pub expires_at: DateTime<Utc>,
    /// Who it is.
    pub user: User,
}

/// Why somebody is not signed in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoginError {
    /// A member is missing.
    #[error(transparent)]
    Validation(ValidationErrors),
    /// Login and password do not belong together, or open nothing.
    #[error("wrong login or password")]
    Rejected,
    /// Too often; allowed again after this time.
    #[error("too many attempts")]
    RateLimited(Duration),
    /// The password could not be compared.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// There is no token to be had.
    #[error(transparent)]
    Randomness(#[from] RandomnessError),
    /// The store failed.
    #[error(transparent)]
    Store(StoreError),
}

from_limited! { LoginError }

pub(crate) async fn login(
    ports: &Ports,
    settings: &ServiceSettings,
    limiter: &Limiter,
    context: &AccessContext,
    request: &LoginRequest,
) -> Result<SignedIn, LoginError> {
    let (login, password) = request.validate(&settings.password_policy).map_err(LoginError::Validation)?;
    let typed = fold(request.login.expose().trim());
    count_attempt(ports, &settings.limits, limiter, context, &typed).await?;
    let user = match &login {
        Login::Username(name) => ports.store.find_user_by_username(name).await?,
        Login::Email(address) => ports.store.find_user_by_email(address).await?,
        Login::Nobody => ports.store.find_user(NOBODY).await?,
    };
    let id = user.as_ref().map_or(NOBODY, |user| user.id);
    let credentials = ports.store.find_credentials(id).await?;
    let verdict = compare(ports, password.clone(), credentials.as_ref()).await?;
    let now = ports.clock.now();
    let known = user.as_ref().map(|user| user.id);
    let Some(user) = user.filter(|user| user.values.active && verdict.is_match()) else {
        return refuse(ports, AuditKind::LoginFailed, known, context, LoginError::Rejected).await;
    };
    let opened = open(ports, settings, context, user.id, now)?;
    // The password was compared some milliseconds ago: it must still be the password when the session opens. The version
    // is that of the earlier of the two readings, or a user who was switched off between them would get in.
    let mut work = UnitOfWork::new()
        .expect_user(user.id, user.security_version)
        .insert_session(opened.session)
        .trim_sessions(user.id, MAX_SESSIONS)
        .record(AuditEvent::new(AuditKind::LoginSucceeded, user.id, context, now));
    if verdict == Verdict::Outdated {
        work = rehash(ports, work, user.id, password, user.security_version).await;
    }
    let work = forgive(ports, &settings.limits, limiter, work, &user).await?;
    match ports.store.commit(work).await {
        Ok(committed) => Ok(SignedIn {
            token: opened.token,
            session: committed.session()?,
            expires_at: opened.expires_at,
            user,
        }),
        Err(StoreError::PreconditionFailed(Precondition::User)) => Err(LoginError::Rejected),
        Err(error) => Err(error.into()),
    }
}

/// A session that is not yet open.
pub(crate) struct Opening {
    pub token: Token,
    pub session: NewSession,
    pub expires_at: DateTime<Utc>,
}

pub(crate) fn open(
    ports: &Ports,
    settings: &ServiceSettings,
    context: &AccessContext,
    user: UserId,
    now: DateTime<Utc>,
) -> Result<Opening, RandomnessError> {
    let token = Token::mint(ports.tokens.as_ref())?;
    let expires_at = now + settings.session_lifetime;
    let session = NewSession {
        user,
        token: token.hash(),
        created_at: now,
        expires_at,
        ip: context.ip,
        user_agent: context.user_agent.clone(),
    };
    Ok(Opening { token, session, expires_at })
}

/// Why somebody who has signed in has not proved it once more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ReauthenticateError {
    /// It is nobody who has signed in.
    Forbidden,
    /// That is not the password.
    WrongPassword,
    /// The password could not be compared.
    Hash(HashError),
    /// The store failed, or it was tried too often.
    Store(StoreError),
}

impl From<HashError> for ReauthenticateError {
    fn from(error: HashError) -> Self {
        Self::Hash(error)
    }
}

impl From<StoreError> for ReauthenticateError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// The actor, who has given the right password; what is written next MUST expect the security version of this reading.
/// Attempts count like those of signing in: an open session is no way around their limits.
pub(crate) async fn reauthenticate(
    ports: &Ports,
    settings: &ServiceSettings,
    limiter: &Limiter,
    context: &AccessContext,
    password: Password,
) -> Result<User, ReauthenticateError> {
    let Actor::User { id, username, .. } = &context.actor else {
        return Err(ReauthenticateError::Forbidden);
    };
    count_attempt(ports, &settings.limits, limiter, context, username.key()).await?;
    let user = ports.store.find_user(*id).await?.filter(|user| user.values.active);
    let user = user.ok_or(ReauthenticateError::Forbidden)?;
    let credentials = ports.store.find_credentials(*id).await?;
    let same = |credentials: &Credentials| credentials.security_version == user.security_version;
    let verdict = compare(ports, password, credentials.as_ref().filter(|found| same(found))).await?;
    if verdict.is_match() {
        return Ok(user);
    }
    let kind = AuditKind::PasswordChangeFailed;
    refuse(ports, kind, Some(user.id), context, ReauthenticateError::WrongPassword).await
}

async fn compare(
    ports: &Ports,
    password: Password,
    credentials: Option<&Credentials>,
) -> Result<Verdict, HashError> {
    match credentials.and_then(|credentials| credentials.hash.clone()) {
        Some(hash) => ports.hasher.verify(password, hash).await,
        None => ports.hasher.verify_dummy(password).await,
    }
}

/// Adds a better hash of the same password. If there is none to be had now, another time will do.
async fn rehash(
    ports: &Ports,
    work: UnitOfWork,
    user: UserId,
    password: Password,
    security_version: i64,
) -> UnitOfWork {
    match ports.hasher.hash(password).await {
        Ok(hash) => work.rehash(user, hash, security_version),
        Err(error) => {
            log::debug!("an outdated hash is kept for now: {error}");
            work
        }
    }
}

/// A failure is remembered, whoever was meant: the record of an unknown login costs what any other costs. What was typed
/// is not remembered, because people type passwords there.
async fn refuse<T, E: From<StoreError>>(
    ports: &Ports,
    kind: AuditKind,
    user: Option<UserId>,
    context: &AccessContext,
    refusal: E,
) -> Result<T, E> {
    let now = ports.clock.now();
    let event = match user {
        Some(user) => AuditEvent::new(kind, user, context, now),
        None => AuditEvent::untargeted(kind, context, now),
    };
    ports.store.commit(UnitOfWork::new().record(event)).await?;
    Err(refusal)
}

/// Counts an attempt to be whoever `typed` means, which is folded text.
async fn count_attempt(
    ports: &Ports,
    limits: &Limits,
    limiter: &Limiter,
    context: &AccessContext,
    typed: &str,
) -> Result<(), StoreError> {
    let [failures, account] = account_tolls(limits, typed);
    let rules = [failures, ("login.ip", LimitSubject::Ip(context.ip), limits.login_per_ip), account];
    ports.store.commit(limiter.charge(ports, limits, &rules).await?).await.map(|_| ())
}

/// Adds to `work` that whatever was counted against this user is forgotten.
pub(crate) async fn forgive(
    ports: &Ports,
    limits: &Limits,
    limiter: &Limiter,
    mut work: UnitOfWork,
    user: &User,
) -> Result<UnitOfWork, StoreError> {
    for typed in [user.values.username.key(), user.values.email.key()] {
        work = limiter.refund(ports, work, &account_tolls(limits, typed)).await?;
    }
    Ok(work)
}

/// The longest wait first: the first empty bucket names the time to come back.
fn account_tolls<'a>(limits: &Limits, typed: &'a str) -> [RateLimitRule<'a>; 2] {
    let party = LimitSubject::Login(typed);
    [("login.failures", party, limits.login_failures), ("login.account", party, limits.login_per_account)]
}
