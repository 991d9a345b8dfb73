//! Signing in, and confirming the password of an open session.
//!
//! A client learns one thing: whether login and password belong together and open an account. An unknown login costs
//! the same reads, the same hash and the same write as a wrong password, and reaches the same limits after the same
//! number of attempts. Attempts are counted before the user is looked up, and a success gives them back.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use denizen_models::{Login, LoginRequest, Password, Secret, User, UserId, Username, fold};

use crate::{
    common::{AccountService, Failure, LimitSubject, Limits, RateLimitRule, Work, embeds_failure},
    ports::{
        AccessContext, RandomnessError, Token, Verdict,
        store::{AuditEvent, AuditKind, Credentials, Needs, NewSession, SessionId},
    },
};

/// The most sessions of a user; with one more, the session that was used longest ago ends.
pub(crate) const MAX_SESSIONS: u32 = 100;

/// No user has this id. Looked up for unknown logins, so that they cost the same reads.
const NOBODY: UserId = UserId::new(0);

/// The result of signing in.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// The session token: presented with each request, and stored only as a hash.
    pub token: Token,
    /// The session that the token opens.
    pub session: SessionId,
    /// When the session ends, even if it is used.
    pub expires_at: DateTime<Utc>,
    /// The user who signed in.
    pub user: User,
}

/// Why signing in failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoginError {
    /// The login or the password is wrong, or the user is inactive.
    #[error("wrong login or password")]
    Rejected,
    /// A reason that all use cases share.
    #[error(transparent)]
    Failure(#[from] Failure),
}

embeds_failure! { LoginError }

/// Signing in.
#[async_trait]
pub trait Logins: Send + Sync {
    /// Opens a session for a client that knows the password. An unknown login, a wrong password, a user without a
    /// password and an inactive user get the same answer for the same work.
    async fn login(&self, context: &AccessContext, request: LoginRequest) -> Result<SignedIn, LoginError>;
}

#[async_trait]
impl Logins for AccountService {
    async fn login(&self, context: &AccessContext, request: LoginRequest) -> Result<SignedIn, LoginError> {
        let (login, password) = request.validate(&self.settings.password_policy).map_err(Failure::Invalid)?;
        self.count_attempt(context, &fold(request.login.expose().trim())).await?;
        let store = &self.ports.store;
        let user = match &login {
            Login::Username(name) => store.find_user_by_username(name).await?,
            Login::Email(address) => store.find_user_by_email(address).await?,
            Login::Nobody => store.find_user(NOBODY).await?,
        };
        let known = user.as_ref().map(|user| user.id);
        let credentials = store.find_credentials(known.unwrap_or(NOBODY)).await?;
        let verdict = self.compare(password.clone(), credentials.as_ref()).await?;
        let now = self.ports.clock.now();
        let Some(user) = user.filter(|user| user.values.active && verdict.is_match()) else {
            return self.refuse(AuditKind::LoginFailed, known, context, LoginError::Rejected).await;
        };
        let (token, session) = self.new_session(context, user.id, now)?;
        let expires_at = session.expires_at;
        // The password was compared some milliseconds ago: it must still be the password when the session opens. The
        // version is that of the earlier of the two readings, or a user who was deactivated between them would get in.
        let mut work = Work::for_stranger()
            .expect_user(user.id, user.security_version, LoginError::Rejected)
            .insert_session(session)
            .trim_sessions(user.id, MAX_SESSIONS)
            .record(AuditEvent::new(AuditKind::LoginSucceeded, user.id, context, now));
        if verdict == Verdict::Outdated {
            // Without a better hash of the same password the sign-in goes on: the next one tries again.
            match self.ports.hasher.hash(password).await {
                Ok(hash) => work = work.rehash(user.id, hash, user.security_version),
                Err(error) => log::debug!("an outdated hash is kept for now: {error}"),
            }
        }
        let committed = self.reset_attempts(work, &user).await?.commit(&self.ports).await?;
        Ok(SignedIn { token, session: committed.session()?, expires_at, user })
    }
}

impl AccountService {
    /// Returns a session that is to be opened, and its token.
    pub(crate) fn new_session(
        &self,
        context: &AccessContext,
        user: UserId,
        now: DateTime<Utc>,
    ) -> Result<(Token, NewSession), RandomnessError> {
        let token = Token::mint(self.ports.tokens.as_ref())?;
        let session = NewSession {
            user,
            token: token.hash(),
            created_at: now,
            expires_at: now + self.settings.session_lifetime,
            ip: context.ip,
            user_agent: context.user_agent.clone(),
        };
        Ok((token, session))
    }

    /// Returns the actor and the credentials that were compared if the password is right, and else `wrong`; the work that
    /// follows MUST expect their [`Self::security_version`]. Attempts count like those of signing in: an open session does
    /// not get around their limits.
    pub(crate) async fn reauthenticate<E: From<Failure> + Send>(
        &self,
        context: &AccessContext,
        password: Password,
        wrong: E,
    ) -> Result<(User, Credentials), E> {
        let (id, username) = context.actor.user().ok_or(Failure::Unauthenticated)?;
        self.count_attempt(context, username.key()).await?;
        let user = self.ports.store.find_user(id).await.map_err(Failure::from)?;
        let user = user.filter(|user| user.values.active).ok_or(Failure::Unauthenticated)?;
        let credentials = self.ports.store.find_credentials(id).await.map_err(Failure::from)?;
        let verdict = self.compare(password, credentials.as_ref()).await?;
        if let Some(compared) = credentials.filter(|_| verdict.is_match()) {
            return Ok((user, compared));
        }
        self.refuse(AuditKind::PasswordChangeFailed, Some(user.id), context, wrong).await
    }

    /// Returns the security version that a unit must expect of a user whose password was `compared`; `None` if it is no
    /// longer the password. Other changes of the user, such as a confirmed e-mail address, do not stop the user.
    pub(crate) async fn security_version(
        &self,
        context: &AccessContext,
        user: UserId,
        compared: &Credentials,
    ) -> Result<Option<i64>, Failure> {
        let same = |now: &Credentials| {
            now.security_version == compared.security_version || now.hash == compared.hash
        };
        let now = self.ports.store.find_credentials(user).await?.filter(same);
        if now.is_none() {
            self.authorize(context, Needs::Session).await?;
        }
        Ok(now.map(|now| now.security_version))
    }

    /// Whether the user of this name has this password. For operators, who read the hash anyway: neither counted nor
    /// recorded.
    ///
    /// # Errors
    /// Returns an error if the password cannot be compared or the store fails.
    pub async fn has_password(&self, username: &Username, password: &Secret) -> Result<bool, Failure> {
        let Some(user) = self.ports.store.find_user_by_username(username).await? else { return Ok(false) };
        let credentials = self.ports.store.find_credentials(user.id).await?;
        let Some(hash) = credentials.and_then(|credentials| credentials.hash) else { return Ok(false) };
        Ok(self.ports.hasher.verify(Password::presented(password), hash).await?.is_match())
    }

    async fn compare(
        &self,
        password: Password,
        credentials: Option<&Credentials>,
    ) -> Result<Verdict, Failure> {
        Ok(match credentials.and_then(|credentials| credentials.hash.clone()) {
            Some(hash) => self.ports.hasher.verify(password, hash).await?,
            None => self.ports.hasher.verify_dummy(password).await?,
        })
    }

    /// Records a failure, whether or not the login exists: the record of an unknown login costs what any other costs.
    /// The typed login is not recorded, because people type passwords there.
    async fn refuse<T, E: From<Failure> + Send>(
        &self,
        kind: AuditKind,
        user: Option<UserId>,
        context: &AccessContext,
        refusal: E,
    ) -> Result<T, E> {
        let event = AuditEvent::untargeted(kind, context, self.ports.clock.now());
        let event = AuditEvent { target: user.map(Into::into), ..event };
        Work::<E>::refusal(event).commit(&self.ports).await?;
        Err(refusal)
    }

    /// Counts an attempt to sign in with the login `typed`, which is folded text.
    async fn count_attempt(&self, context: &AccessContext, typed: &str) -> Result<(), Failure> {
        let limits = &self.settings.limits;
        let [failures, account] = account_rules(limits, typed);
        let ip = ("login.ip", LimitSubject::Ip(context.ip), limits.login_per_ip);
        self.limiter.count(&[failures, ip, account]).await
    }

    /// Adds to `work` that the attempts counted against this user are forgotten.
    pub(crate) async fn reset_attempts<E: Send>(
        &self,
        mut work: Work<E>,
        user: &User,
    ) -> Result<Work<E>, Failure> {
        for typed in [user.values.username.key(), user.values.email.key()] {
            work = self.limiter.reset(work, &account_rules(&self.settings.limits, typed)).await?;
        }
        Ok(work)
    }
}

/// The longest wait first: the first empty bucket names the time to come back.
fn account_rules<'a>(limits: &Limits, typed: &'a str) -> [RateLimitRule<'a>; 2] {
    let subject = LimitSubject::Login(typed);
    [("login.failures", subject, limits.login_failures), ("login.account", subject, limits.login_per_account)]
}
