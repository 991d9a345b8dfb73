//! Invitations: an administrator makes an account, and a mailed token lets its owner choose the password.

use async_trait::async_trait;
use chrono::Duration;
use denizen_models::{AcceptInvitationRequest, UserId, ValidationErrors};

use crate::{
    common::{
        context::{AccessContext, Actor},
        delivery::{DeliveryContext, DeliveryError},
        mailed_tokens,
        passwords::{self, from_new_password},
        rate_limits::from_limited,
        service::DefaultUserService,
    },
    login,
    ports::{
        hasher::HashError,
        mailer::{LinkTemplate, Mail, MailMessage},
        randomness::{RandomnessError, Token, TokenPurpose},
        store::{AuditEvent, AuditKind, Precondition, StoreError, UnitOfWork},
    },
};

const PURPOSE: TokenPurpose = TokenPurpose::Invitation;

/// Why an invitation is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AcceptInvitationError {
    /// Members fail.
    #[error(transparent)]
    Validation(ValidationErrors),
    /// The token was never given, or is used, replaced, revoked or expired, or its user is switched off.
    #[error("invalid or expired invitation")]
    InvalidOrExpired,
    /// The password could not be hashed.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// Too often; allowed again after this time.
    #[error("too many requests")]
    RateLimited(Duration),
    /// The store failed.
    #[error(transparent)]
    Store(StoreError),
}

/// Why an operator is given no invitation to pass on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InviteByHandError {
    /// Only whoever runs the service may see an invitation that is not theirs.
    #[error("only operators can invite by hand")]
    Forbidden,
    /// There is no user with this id.
    #[error("user with ID {0} not found")]
    NotFound(UserId),
    /// The user is switched off, and could not accept it.
    #[error("the user is not active")]
    Inactive,
    /// There is no token to be had.
    #[error(transparent)]
    Randomness(#[from] RandomnessError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

from_limited! { AcceptInvitationError }
from_new_password! { AcceptInvitationError: "password", "password" }

/// How somebody gets into an account that an administrator made.
#[async_trait]
pub trait Invitations: Send + Sync {
    /// Sets the first password of an invited user with a mailed token, which shows that the address is theirs, too. The
    /// token works once.
    async fn accept_invitation(
        &self,
        context: &AccessContext,
        request: AcceptInvitationRequest,
    ) -> Result<(), AcceptInvitationError>;
}

impl DefaultUserService {
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
        match context.actor {
            Actor::System | Actor::Cli => {}
            Actor::Anonymous | Actor::User { .. } => return Err(InviteByHandError::Forbidden),
        }
        let user = self.ports.store.find_user(id).await?.ok_or(InviteByHandError::NotFound(id))?;
        if !user.values.active {
            return Err(InviteByHandError::Inactive);
        }
        let (token, now) = (Token::mint(self.ports.tokens.as_ref())?, self.ports.clock.now());
        let work = UnitOfWork::new()
            .expect_user(user.id, user.security_version)
            .put_token(user.id, PURPOSE, token.hash(), now + self.settings.invitation_ttl)
            .record(AuditEvent::new(AuditKind::UserInvited, user.id, context, now));
        self.ports.store.commit(work).await?;
        Ok(token)
    }
}

#[async_trait]
impl Invitations for DefaultUserService {
    async fn accept_invitation(
        &self,
        context: &AccessContext,
        request: AcceptInvitationRequest,
    ) -> Result<(), AcceptInvitationError> {
        let password =
            request.validate(&self.settings.password_policy).map_err(AcceptInvitationError::Validation)?;
        self.limiter.count_token(&self.ports, &self.settings.limits, context).await?;
        let found = mailed_tokens::find(&self.ports, PURPOSE, &request.token).await?;
        let found = found.map_err(|_| AcceptInvitationError::InvalidOrExpired)?;
        let hash = passwords::hash_new(&self.ports, password, &found.user.values).await?;
        let now = self.ports.clock.now();
        let event = AuditEvent::new(AuditKind::InvitationAccepted, found.user.id, context, now);
        let work = found.set_password(hash, now).record(event);
        let work =
            login::forgive(&self.ports, &self.settings.limits, &self.limiter, work, &found.user).await?;
        match self.ports.store.commit(work).await {
            Ok(_) => Ok(()),
            // Somebody else was faster: with the same token, or by changing the account.
            Err(StoreError::PreconditionFailed(Precondition::Token | Precondition::User)) => {
                Err(AcceptInvitationError::InvalidOrExpired)
            }
            Err(error) => Err(error.into()),
        }
    }
}

impl DeliveryContext<'_> {
    /// What the worker does when the job's turn has come; `None`: there is nobody to send a mail to.
    pub(crate) async fn invitation(self, user: UserId) -> Result<Option<Mail>, DeliveryError> {
        let Some(user) = self.find_active_user(user).await? else { return Ok(None) };
        // Read after the user, so that a password which is set in between costs the security version below.
        let credentials = self.ports.store.find_credentials(user.id).await?;
        if credentials.is_none_or(|credentials| credentials.hash.is_some()) {
            return Ok(None);
        }
        let valid_for = self.settings.invitation_ttl;
        let store = |work: UnitOfWork, hash, now| {
            work.expect_user(user.id, user.security_version)
                .put_token(user.id, PURPOSE, hash, now + valid_for)
                .record(self.event(AuditKind::UserInvited, Actor::System, user.id, now))
        };
        let token = self.mint(store).await?;
        let template = LinkTemplate::Invitation(user.values.username.clone());
        Ok(Some(self.mail_to(user, MailMessage::Link { template, token, valid_for })))
    }
}
