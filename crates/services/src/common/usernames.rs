//! User names that are not free although no user has them: those that mean the service itself, and those that other users
//! gave up. A program behind a proxy may know its users by name, so a name is not another person's at once.

use denizen_models::{User, UserId, Username};

use crate::{
    common::{failure::Failure, rate_limits::LimitSubject, service::AccountService, work::Work},
    ports::AccessContext,
};

/// How many names stay reserved for a user who gave them up.
const KEPT_NAMES: u32 = 3;

/// Names that members and strangers cannot take, without underscores: the mailboxes of RFC 2142, the administrative ones of
/// the CA/Browser Forum's baseline requirements (section 3.2.2.4.4), and others that readers take for the service itself.
const RESERVED: &str = "\
    abuse account accounts admin administrator administrators admins anonymous api billing contact \
    daemon denizen everyone ftp guest help helpdesk hostmaster info legal localhost login mail \
    mailerdaemon marketing moderator news noc nobody noreply null official operator owner postmaster \
    privacy register root sales security service settings signin signup ssladmin ssladministrator \
    sslwebmaster staff superuser support sysadmin system team undefined usenet uucp webmaster www";

impl AccountService {
    /// Whether only administrators may give this name.
    fn is_reserved(&self, context: &AccessContext, name: &Username) -> bool {
        let plain = name.key().replace('_', "");
        let more = &self.settings.reserved_usernames;
        !context.is_admin()
            && (RESERVED.split_whitespace().any(|word| word == plain)
                || more.iter().any(|other| other.key().replace('_', "") == plain))
    }

    /// Counts an attempt of a member to change the name.
    pub(crate) async fn count_rename(&self, context: &AccessContext, user: UserId) -> Result<(), Failure> {
        if context.is_admin() {
            return Ok(());
        }
        self.limiter.count(&[("rename", LimitSubject::User(user), self.settings.limits.renames)]).await
    }

    /// Adds to `work` that `name` may become that of `user` (absent: of the new user): no other user gave it up lately.
    ///
    /// # Errors
    /// Returns `reserved` if only administrators may give the name.
    pub(crate) async fn claim_username<E, F: From<Failure> + Into<E>>(
        &self,
        work: Work<E>,
        context: &AccessContext,
        name: &Username,
        user: Option<UserId>,
        reserved: F,
    ) -> Result<Work<E>, F> {
        if self.is_reserved(context, name) {
            return Err(reserved);
        }
        let since = self.ports.clock.now() - self.settings.username_reservation;
        Ok(work.expect_username(self.limiter.name_key(name).await?, user, since, reserved.into()))
    }

    /// Adds to `work`, which takes the name from `user`, that it stays reserved for that user.
    pub(crate) async fn release_username<E>(&self, work: Work<E>, user: &User) -> Result<Work<E>, Failure> {
        let name = self.limiter.name_key(&user.values.username).await?;
        Ok(work.reserve_username(name, user.id, self.ports.clock.now(), KEPT_NAMES))
    }
}
