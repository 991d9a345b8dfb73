//! A mail job in the hands of the feature that words it.

use chrono::{DateTime, Utc};
use denizen_models::{EmailAddress, User, UserId};

use crate::{
    common::{
        failure::{Failure, embeds_failure},
        settings::ServiceSettings,
        work::Work,
    },
    ports::{
        AccessContext, Actor, Mail, MailError, MailMessage, NoticeTemplate, Ports, Token, TokenHash,
        store::{AuditEvent, AuditKind, LeasedMail, UnsentReason},
    },
};

/// Why a job came to nothing this time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DeliveryError {
    #[error(transparent)]
    Mail(#[from] MailError),
    /// A newer request came in: the job is its now.
    #[error("a newer request came in")]
    Renewed,
    /// What the mail is about has changed since it was read.
    #[error("the account changed meanwhile")]
    Changed,
    /// The mail is not to be sent; `user` is whom it would have been about.
    #[error("not to be sent: {}", reason.as_str())]
    Unsent { reason: UnsentReason, user: Option<UserId> },
    #[error(transparent)]
    Failure(#[from] Failure),
}

embeds_failure! { DeliveryError }

/// A leased job, and what there is to make a mail of it.
#[derive(Clone, Copy)]
pub(crate) struct DeliveryContext<'a> {
    pub ports: &'a Ports,
    pub settings: &'a ServiceSettings,
    pub job: &'a LeasedMail,
}

impl DeliveryContext<'_> {
    /// Returns the active user with this folded e-mail address.
    pub async fn active_user_at(&self, address: &str) -> Result<User, DeliveryError> {
        let user = match EmailAddress::parse(address) {
            Ok(address) => self.ports.store.find_user_by_email(&address).await?,
            Err(_) => None,
        };
        active(user, UnsentReason::UnknownAddress)
    }

    /// Returns the active user with this id.
    pub async fn active_user(&self, id: UserId) -> Result<User, DeliveryError> {
        active(self.ports.store.find_user(id).await?, UnsentReason::Deleted)
    }

    /// Records in the audit trail that the mail about this user is not sent.
    pub async fn record_unsent(&self, user: UserId) -> Result<(), DeliveryError> {
        let event = self.event(AuditKind::MailUnsent, Actor::System, user, self.ports.clock.now());
        self.hold().record(event).commit(self.ports).await.map(|_| ())
    }

    /// Mints a token, and commits what `store` makes of its hash, provided that the job is still ours and nobody has
    /// renewed it. Committed before the mail is sent: a mailed token always works, and one that was not mailed dies with
    /// its replacement.
    pub async fn mint(
        &self,
        store: impl FnOnce(Work<DeliveryError>, TokenHash, DateTime<Utc>) -> Work<DeliveryError> + Send,
    ) -> Result<Token, DeliveryError> {
        let token = Token::mint(self.ports.tokens.as_ref())?;
        store(self.hold(), token.hash(), self.ports.clock.now()).commit(self.ports).await?;
        Ok(token)
    }

    /// Begins a unit of work that is refused if the job is no longer ours.
    pub fn hold(&self) -> Work<DeliveryError> {
        Work::exempt().expect_lease(self.job.lease, DeliveryError::Renewed)
    }

    /// What `actor` did to `user` by asking for this mail.
    pub fn event(&self, kind: AuditKind, actor: Actor, user: UserId, at: DateTime<Utc>) -> AuditEvent {
        let request_id = self.job.request_id.clone();
        AuditEvent::new(
            kind,
            user,
            &AccessContext { actor, ip: self.job.ip, user_agent: None, request_id },
            at,
        )
    }

    /// A mail to the address of the account.
    pub fn mail_to(&self, user: User, message: MailMessage) -> Mail {
        self.mail(user.values.email, user.values.first_name, message)
    }

    /// A mail to an address of which nobody has shown yet that it is theirs. It addresses nobody: whoever typed the
    /// address could have chosen the name as well, and made an advertisement of it.
    pub fn mail_to_stranger(&self, to: EmailAddress, message: MailMessage) -> Mail {
        self.mail(to, String::new(), message)
    }

    /// Says that somebody wants for an account what is the address of `user`.
    pub fn mail_of_account(&self, user: User) -> Mail {
        self.mail_to(user, self.message(NoticeTemplate::AccountExists))
    }

    /// A mail without a token to a user, also to one who is switched off, at `address` or the one of the account.
    pub async fn notice(
        &self,
        user: UserId,
        address: Option<&EmailAddress>,
        template: NoticeTemplate,
    ) -> Result<Mail, DeliveryError> {
        let user = self.ports.store.find_user(user).await?;
        let User { values, .. } = user.ok_or(unsent(UnsentReason::Deleted, None))?;
        let to = address.cloned().unwrap_or(values.email);
        Ok(self.mail(to, values.first_name, self.message(template)))
    }

    /// A notice to the e-mail address of an account that is gone, whose name is gone with it.
    pub fn farewell(&self, address: &str) -> Result<Mail, DeliveryError> {
        let to = EmailAddress::parse(address).map_err(|_| unsent(UnsentReason::UnknownAddress, None))?;
        Ok(self.mail_to_stranger(to, self.message(NoticeTemplate::AccountDeleted)))
    }

    const fn message(&self, template: NoticeTemplate) -> MailMessage {
        MailMessage::Notice { template, at: self.job.requested_at, ip: self.job.ip }
    }

    fn mail(&self, to: EmailAddress, name: String, message: MailMessage) -> Mail {
        Mail { id: self.job.mail_id(), to, name, message }
    }
}

/// The mail about this user is not to be sent.
pub(crate) const fn unsent(reason: UnsentReason, user: Option<UserId>) -> DeliveryError {
    DeliveryError::Unsent { reason, user }
}

fn active(user: Option<User>, missing: UnsentReason) -> Result<User, DeliveryError> {
    match user {
        Some(user) if user.values.active => Ok(user),
        Some(user) => Err(unsent(UnsentReason::Inactive, Some(user.id))),
        None => Err(unsent(missing, None)),
    }
}
