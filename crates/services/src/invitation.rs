//! Invitations: an administrator makes an account, and a mailed token lets its owner choose the password.

use async_trait::async_trait;
use denizen_models::{AcceptInvitationRequest, CreateUserRequest, Secret, User, UserId, Username, fold};

use crate::{
    common::{
        AccountService, DeliveryContext, DeliveryError, Failure, MAX_LIMIT, RegistrationMode,
        ServiceSettings, Work, embeds_failure, mailed_tokens, passwords, unsent,
    },
    mail_jobs::{MailJobError, MailJobService as _},
    ports::{
        AccessContext, Actor, LinkTemplate, Mail, MailMessage, Token, TokenPurpose,
        store::{AuditEvent, AuditKind, MailJob, MailQuery, Needs, UnsentReason},
    },
    users::{CreateUserError, UserCreation as _},
};

const PURPOSE: TokenPurpose = TokenPurpose::Invitation;

/// Why an invitation is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AcceptInvitationError {
    /// The token is unknown, used, replaced, revoked or expired, or its user is inactive.
    #[error("invalid or expired invitation")]
    InvalidOrExpired,
    /// A reason that all use cases share.
    #[error(transparent)]
    Failure(#[from] Failure),
}

/// Why an operator is given no invitation to pass on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InviteByHandError {
    /// The user does not exist.
    #[error("user with ID {0} not found")]
    NotFound(UserId),
    /// The user is inactive, and could not accept it.
    #[error("the user is not active")]
    Inactive,
    /// A reason that all use cases share.
    #[error(transparent)]
    Failure(#[from] Failure),
}

embeds_failure! { AcceptInvitationError InviteByHandError SetUpError }

/// Why an operator is not given a setup link.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SetUpError {
    /// The user has a password; a setup link is for the first one.
    #[error("user {0} has a password already; a setup link is for the first one")]
    HasPassword(Username),
    /// A user of this name exists who is not an administrator: a setup link grants no roles.
    #[error("user {0} exists already, and is not an administrator")]
    NotAdministrator(Username),
    /// A user of this name exists with another e-mail address.
    #[error("user {0} exists already, with another e-mail address")]
    OtherEmail(Username),
    /// The user cannot be created.
    #[error(transparent)]
    Create(#[from] CreateUserError),
    /// The user cannot be invited.
    #[error(transparent)]
    Invite(#[from] InviteByHandError),
    /// A reason that all use cases share.
    #[error(transparent)]
    Failure(#[from] Failure),
}

/// How somebody gets into an account that an administrator made.
#[async_trait]
pub trait Invitations: Send + Sync {
    /// Sets the first password of an invited user with a mailed token, which shows that the address is theirs, too. The
    /// token works once. Returns what the device presents at the next sign-in, to be known.
    async fn accept_invitation(
        &self,
        context: &AccessContext,
        request: AcceptInvitationRequest,
    ) -> Result<Secret, AcceptInvitationError>;
}

impl AccountService {
    /// Creates the administrator of `request`, or reuses one who never had a password, and returns an invitation as
    /// [`Self::invite_by_hand`] does: how the first administrator gets in.
    ///
    /// The invitation is not mailed, and mails with older ones are dropped: only the newest invitation works.
    ///
    /// # Errors
    /// See [`SetUpError`].
    pub async fn set_up_administrator(
        &self,
        context: &AccessContext,
        request: CreateUserRequest,
    ) -> Result<Token, SetUpError> {
        expect_operator(context)?;
        let existing = match Username::parse(&request.username) {
            Ok(username) => self.ports.store.find_user_by_username(&username).await?,
            Err(_) => None,
        };
        let user = match existing {
            Some(user) => self.expect_reusable(user, &request.email).await?,
            None => {
                let settings =
                    ServiceSettings { registration: RegistrationMode::Closed, ..self.settings.clone() };
                Self { settings, ..self.clone() }.create_user(context, request).await?
            }
        };
        self.drop_queued_invitations(context, user.id).await?;
        Ok(self.invite_by_hand(context, user.id).await?)
    }

    async fn expect_reusable(&self, user: User, email: &str) -> Result<User, SetUpError> {
        let name = user.values.username.clone();
        let credentials = self.ports.store.find_credentials(user.id).await?;
        if credentials.is_some_and(|credentials| credentials.hash.is_some()) {
            return Err(SetUpError::HasPassword(name));
        }
        if !user.is_admin() {
            return Err(SetUpError::NotAdministrator(name));
        }
        if user.values.email.key() != fold(email.trim()) {
            return Err(SetUpError::OtherEmail(name));
        }
        Ok(user)
    }

    async fn drop_queued_invitations(&self, context: &AccessContext, user: UserId) -> Result<(), Failure> {
        let mut query = MailQuery::oldest(MAX_LIMIT);
        loop {
            let jobs = self.ports.store.list_mail_jobs(&query).await?;
            let Some(last) = jobs.last().map(|job| job.id) else { return Ok(()) };
            for job in jobs {
                if job.mail == (MailJob::Invitation { user }) {
                    match self.drop_mail_job(context, job.id).await {
                        // Not found if it was sent meanwhile.
                        Ok(()) | Err(MailJobError::NotFound) => {}
                        Err(MailJobError::Failure(failure)) => return Err(failure),
                    }
                }
            }
            query.after = Some(last);
        }
    }

    /// An invitation to be passed on by whoever runs the service, instead of being mailed: how the first administrator
    /// gets in. Whoever has it chooses the password of the account. For [`Actor::System`] and
    /// [`Actor::Cli`] alone, and audited.
    ///
    /// Also for a user who has a password: whoever runs the service could as well write into its database, and vouches
    /// for the address to which the invitation is passed on.
    ///
    /// # Errors
    /// See [`InviteByHandError`].
    pub async fn invite_by_hand(
        &self,
        context: &AccessContext,
        id: UserId,
    ) -> Result<Token, InviteByHandError> {
        expect_operator(context)?;
        let token = Token::mint(self.ports.tokens.as_ref())?;
        self.retry(id, || async {
            let user = self.ports.store.find_user(id).await?.ok_or(InviteByHandError::NotFound(id))?;
            if !user.values.active {
                return Err(InviteByHandError::Inactive);
            }
            let now = self.ports.clock.now();
            let work = self
                .by(context, Needs::Operator)?
                .expect_user(user.id, user.security_version, None)
                .put_token(user.id, PURPOSE, token.hash(), now + self.settings.invitation_ttl)
                .record(AuditEvent::new(AuditKind::UserInvited, user.id, context, now));
            work.attempt(&self.ports).await
        })
        .await?;
        Ok(token)
    }
}

fn expect_operator(context: &AccessContext) -> Result<(), Failure> {
    match context.actor {
        Actor::System | Actor::Cli => Ok(()),
        Actor::Anonymous | Actor::User { .. } | Actor::External { .. } | Actor::Service { .. } => {
            Err(Failure::forbidden("only operators can invite by hand"))
        }
    }
}

#[async_trait]
impl Invitations for AccountService {
    async fn accept_invitation(
        &self,
        context: &AccessContext,
        request: AcceptInvitationRequest,
    ) -> Result<Secret, AcceptInvitationError> {
        let password = request.validate(&self.settings.password_policy).map_err(Failure::Invalid)?;
        self.limiter.count_token(context).await?;
        let found = mailed_tokens::find(&self.ports, PURPOSE, &request.token).await?;
        let found = found.map_err(|_| AcceptInvitationError::InvalidOrExpired)?;
        let hash =
            passwords::hash_new(&self.ports, context, password, &found.user.values, "password").await?;
        let now = self.ports.clock.now();
        let event = AuditEvent::new(AuditKind::InvitationAccepted, found.user.id, context, now);
        let work = found.set_password(hash, now, || AcceptInvitationError::InvalidOrExpired).record(event);
        let device =
            self.limiter.remember_device(None, found.user.id, found.user.security_version + 1).await?;
        work.commit(&self.ports).await.map(|_| device)
    }
}

impl DeliveryContext<'_> {
    /// Composes the mail of a job.
    pub(crate) async fn invitation(self, user: UserId) -> Result<Mail, DeliveryError> {
        let user = self.active_user(user).await?;
        // Read after the user, so that a password which is set in between costs the security version below.
        let credentials = self.ports.store.find_credentials(user.id).await?;
        if credentials.is_none_or(|credentials| credentials.hash.is_some()) {
            return Err(unsent(UnsentReason::HasPassword, Some(user.id)));
        }
        let valid_for = self.settings.invitation_ttl;
        let store = |work: Work<_>, hash, now| {
            work.expect_user(user.id, user.security_version, DeliveryError::Changed)
                .put_token(user.id, PURPOSE, hash, now + valid_for)
                .record(self.event(AuditKind::UserInvited, Actor::System, user.id, now))
        };
        let token = self.mint(store).await?;
        let template = LinkTemplate::Invitation(user.values.username.clone());
        Ok(self.mail_to(user, MailMessage::Link { template, token, valid_for }))
    }
}
