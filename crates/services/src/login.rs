//! Signing in, and confirming the password of an open session.
//!
//! A client learns one thing: whether login and password belong together and open an account. An unknown login costs
//! the same reads, the same hash and the same write as a wrong password, and reaches the same limits after the same
//! number of attempts. Attempts are counted before the password is compared, and a success gives back what it took.
//!
//! Strangers who guess keep neither the user's devices nor open sessions out: those have limits of their own. After too
//! many failures in a row the right password is answered like a wrong one, so that nobody sees when that begins or ends.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use denizen_models::{Login, LoginRequest, Password, Secret, User, UserId, fold};

use crate::{
    common::{AccountService, Device, Failure, LimitSubject, RateLimitRule, Work, embeds_failure},
    ports::{
        AccessContext, Actor, RandomnessError, Token, Verdict,
        store::{AuditEvent, AuditKind, ClientKind, Credentials, Needs, NewSession, SessionId},
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
    /// What the device presents at the next sign-in ([`LoginRequest::device`]), to be known.
    pub device: Secret,
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
    /// password and an inactive user get the same answer for the same work; so does the right password if too many
    /// attempts in a row have failed.
    async fn login(&self, context: &AccessContext, request: LoginRequest) -> Result<SignedIn, LoginError>;
}

#[async_trait]
impl Logins for AccountService {
    async fn login(&self, context: &AccessContext, request: LoginRequest) -> Result<SignedIn, LoginError> {
        let (login, password) = request.validate(&self.settings.password_policy).map_err(Failure::Invalid)?;
        // In a unit of its own: an attempt that the account's limit refuses is paid for.
        let ip = ("login.ip", LimitSubject::Ip(context), self.settings.limits.login_per_ip);
        self.limiter.count(&[ip]).await?;
        let store = &self.ports.store;
        let user = match &login {
            Login::Username(name) => store.find_user_by_username(name).await?,
            Login::Email(address) => store.find_user_by_email(address).await?,
            Login::Nobody => store.find_user(NOBODY).await?,
        };
        let known = user.as_ref().map(|user| user.id);
        let credentials = store.find_credentials(known.unwrap_or(NOBODY)).await?;
        let device = self.find_device(request.device.as_ref(), known, credentials.as_ref()).await?;
        let client = if device.is_some() { ClientKind::Known } else { ClientKind::Stranger };
        let typed = fold(request.login.expose().trim());
        let account = self.account_rule(device.as_ref(), &typed);
        self.limiter.count(&[account]).await?;
        let verdict = self.compare(context, &typed, password.clone(), (credentials.as_ref(), client)).await?;
        let now = self.ports.clock.now();
        let Some(user) = user.filter(|user| user.values.active && verdict.is_some()) else {
            let failed = (known, credentials.as_ref(), client);
            return self.refuse(AuditKind::LoginFailed, failed, context, LoginError::Rejected).await;
        };
        let (token, session) = self.new_session(context, user.id, now)?;
        let expires_at = session.expires_at;
        let password_version = credentials.map_or(0, |credentials| credentials.password_version);
        let device = self.limiter.remember_device(device, user.id, password_version).await?;
        // The password was compared some milliseconds ago: it must still be the password when the session opens. The
        // version is that of the earlier of the two readings, or a user who was deactivated between them would get in.
        let work = Work::exempt().expect_user(user.id, user.security_version, LoginError::Rejected);
        let mut work = self
            .accept(work, &[ip, account], (user.id, client), LoginError::Rejected)
            .await?
            // In this order: by a clock that went back, the new session would look like the one unused for longest.
            .trim_sessions(user.id, MAX_SESSIONS - 1)
            .insert_session(session)
            .record(AuditEvent::new(AuditKind::LoginSucceeded, user.id, context, now));
        if verdict == Some(Verdict::Outdated) {
            // Without a better hash of the same password the sign-in goes on: the next one tries again.
            match self.ports.hasher.hash(context.network(), password).await {
                Ok(hash) => work = work.rehash(user.id, hash, user.security_version),
                Err(error) => log::debug!("an outdated hash is kept for now: {error}"),
            }
        }
        let committed = work.commit(&self.ports).await?;
        Ok(SignedIn { token, session: committed.session()?, expires_at, user, device })
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
    /// follows MUST expect their [`Self::security_version`], and pass [`Self::accept_reauthentication`]. Attempts are
    /// limited per session, and count like those of a known device.
    pub(crate) async fn reauthenticate<E: From<Failure> + Send>(
        &self,
        context: &AccessContext,
        password: Password,
        wrong: E,
    ) -> Result<(User, Credentials), E> {
        let (id, username) = context.actor.user().ok_or(Failure::Unauthenticated)?;
        self.limiter.count(&self.session_rules(context)).await?;
        let user = self.ports.store.find_user(id).await.map_err(Failure::from)?;
        let user = user.filter(|user| user.values.active).ok_or(Failure::Unauthenticated)?;
        let credentials = self.ports.store.find_credentials(id).await.map_err(Failure::from)?;
        let failed = (credentials.as_ref(), ClientKind::Known);
        if self.compare(context, username.key(), password, failed).await?.is_some()
            && let Some(compared) = credentials
        {
            return Ok((user, compared));
        }
        let failed = (Some(user.id), credentials.as_ref(), ClientKind::Known);
        self.refuse(AuditKind::PasswordChangeFailed, failed, context, wrong).await
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

    /// Adds to `work` that the actor knew the password; it is refused with `wrong` if too many attempts have failed
    /// meanwhile.
    pub(crate) async fn accept_reauthentication<E: Send>(
        &self,
        work: Work<E>,
        context: &AccessContext,
        user: &User,
        wrong: E,
    ) -> Result<Work<E>, Failure> {
        self.accept(work, &self.session_rules(context), (user.id, ClientKind::Known), wrong).await
    }

    /// Compares a password with the hash of the user whose name or e-mail address is `typed`, if there is one. Otherwise the
    /// work is that of a user drawn by `typed` from all: always of the same one, so that trying again tells nothing, and
    /// of each scheme as often as users have it. If too many attempts in a row have failed, the password is, for the same
    /// work, not right.
    async fn compare(
        &self,
        context: &AccessContext,
        typed: &str,
        password: Password,
        (credentials, client): (Option<&Credentials>, ClientKind),
    ) -> Result<Option<Verdict>, Failure> {
        let (hasher, network) = (&self.ports.hasher, context.network());
        let drawn = self.schemes.at(self.limiter.draw("login.scheme", typed).await?);
        let verdict = match credentials.and_then(|credentials| credentials.hash.clone()) {
            Some(hash) => hasher.verify(network, password, hash).await?,
            None => hasher.verify_dummy(network, password, drawn).await?,
        };
        Ok(Some(verdict).filter(|verdict| verdict.is_match() && !self.is_exhausted(credentials, client)))
    }

    /// Whether so many attempts by such clients have failed in a row that no other is looked at.
    fn is_exhausted(&self, credentials: Option<&Credentials>, client: ClientKind) -> bool {
        let most = self.settings.limits.login_failures;
        credentials.is_some_and(|credentials| credentials.failed_attempts.by(client) >= most)
    }

    /// Returns the device that a client presents, if it is known, and those of the user may still be wrong.
    async fn find_device(
        &self,
        presented: Option<&Secret>,
        user: Option<UserId>,
        credentials: Option<&Credentials>,
    ) -> Result<Option<Device>, Failure> {
        let Some(presented) = presented else { return Ok(None) };
        let version = credentials.map_or(0, |credentials| credentials.password_version);
        let device = self.limiter.find_device(presented, user.unwrap_or(NOBODY), version).await?;
        Ok(device.filter(|_| !self.is_exhausted(credentials, ClientKind::Known)))
    }

    /// The rule for attempts from a known device; without one, for those of strangers with this login, which is folded.
    fn account_rule<'a>(&self, device: Option<&'a Device>, typed: &'a str) -> RateLimitRule<'a> {
        let limits = &self.settings.limits;
        match device {
            Some(device) => ("login.device", LimitSubject::Device(device), limits.login_per_device),
            None => ("login.account", LimitSubject::Login(typed), limits.login_per_account),
        }
    }

    /// The rule for the password of an open session; for sessions of an embedding application, those of the user together.
    fn session_rules(&self, context: &AccessContext) -> Vec<RateLimitRule<'static>> {
        let subject = match &context.actor {
            Actor::User { session, .. } => LimitSubject::Session(*session),
            Actor::External { id, .. } => LimitSubject::User(*id),
            Actor::Anonymous | Actor::Service { .. } | Actor::System | Actor::Cli => return Vec::new(),
        };
        vec![("login.session", subject, self.settings.limits.login_per_device)]
    }

    /// Adds to `work` that an attempt succeeded: what it took is returned, and no failure counts any more. A unit that
    /// changes the password must have this before it.
    async fn accept<E: Send>(
        &self,
        work: Work<E>,
        rules: &[RateLimitRule<'_>],
        (user, client): (UserId, ClientKind),
        refused: E,
    ) -> Result<Work<E>, Failure> {
        let most = self.settings.limits.login_failures;
        self.limiter.release(work.clear_failed_attempts(user, client, most, refused), rules).await
    }

    /// Counts a failure and, unless there are too many, records it, whether or not the login exists: that of an unknown login
    /// costs what any other costs. The typed login is not recorded, because people type passwords there.
    async fn refuse<T, E: From<Failure> + Send>(
        &self,
        kind: AuditKind,
        (user, credentials, client): (Option<UserId>, Option<&Credentials>, ClientKind),
        context: &AccessContext,
        refusal: E,
    ) -> Result<T, E> {
        let kind = if self.is_exhausted(credentials, client) { AuditKind::LoginIgnored } else { kind };
        let now = self.ports.clock.now();
        let mut work = Work::<E>::exempt().count_failed_attempt(user, client);
        if let Some(kind) = self.failures.due(kind, self.settings.audit_failures, now) {
            let event = AuditEvent::untargeted(kind, context, now);
            work = work.record(AuditEvent { target: user.map(Into::into), ..event });
        }
        work.commit(&self.ports).await?;
        Err(refusal)
    }
}
