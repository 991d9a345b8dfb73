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
        store::{AuditEvent, AuditKind, LeasedMail},
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
    /// The user with this folded address.
    pub async fn find_user_at(&self, address: &str) -> Result<Option<User>, DeliveryError> {
        match EmailAddress::parse(address) {
            Ok(address) => Ok(self.ports.store.find_user_by_email(&address).await?),
            Err(_) => Ok(None),
        }
    }

    /// The user with this id, if it may use the service.
    pub async fn find_active_user(&self, id: UserId) -> Result<Option<User>, DeliveryError> {
        Ok(self.ports.store.find_user(id).await?.filter(|user| user.values.active))
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
        Work::of_service().expect_lease(self.job.lease, DeliveryError::Renewed)
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
    ) -> Result<Option<Mail>, DeliveryError> {
        let user = self.ports.store.find_user(user).await?;
        Ok(user.map(|User { values, .. }| {
            let to = address.cloned().unwrap_or(values.email);
            self.mail(to, values.first_name, self.message(template))
        }))
    }

    /// A notice to the e-mail address of an account that is gone, whose name is gone with it.
    pub fn farewell(&self, address: &str) -> Option<Mail> {
        let to = EmailAddress::parse(address).ok()?;
        Some(self.mail_to_stranger(to, self.message(NoticeTemplate::AccountDeleted)))
    }

    const fn message(&self, template: NoticeTemplate) -> MailMessage {
        MailMessage::Notice { template, at: self.job.requested_at, ip: self.job.ip }
    }

    fn mail(&self, to: EmailAddress, name: String, message: MailMessage) -> Mail {
        Mail { id: self.job.mail_id(), to, name, message }
    }
}
