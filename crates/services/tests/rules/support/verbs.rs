//! What people do in a world, and what can be seen of it.

use std::{future::Future, sync::Arc};

use chrono::Duration;
use denizen_models::{Password, Secret, UpdateUserRequest, User, UserId};
use denizen_services::{
    AccessContext, Clock as _, DeleteUserError, IfMatch, Network, PasswordHash, PasswordHasher as _, Token,
    TokenHash, TokenPurpose, UpdateUserError,
    store::{
        AuditEvent, AuditKind, AuditQuery, MailKind, MailQuery, NewSession, QueuedMail, ReadStore as _,
        StoreFailure, UnitOfWork, WriteStore as _,
    },
};
use tokio::sync::Barrier;

use super::{World, new_user, replacement};

/// More than any test leaves behind.
const ALL: usize = 1_000;

impl World {
    /// Creates the user of [`new_user`].
    pub async fn create(&self, name: &str) -> User {
        self.users.create_user(&AccessContext::system(), new_user(name)).await.expect("a new user")
    }

    /// The user as the store has it now.
    pub async fn find(&self, id: UserId) -> Option<User> {
        self.store.find_user(id).await.unwrap()
    }

    /// Replaces a user by what `edit` makes of it, as the system.
    pub async fn change(&self, id: UserId, edit: impl FnOnce(&mut UpdateUserRequest)) -> User {
        let mut request = replacement(&self.find(id).await.expect("a user to change"));
        edit(&mut request);
        self.try_update(&AccessContext::system(), id, request).await.expect("a changed user")
    }

    /// Somebody replaces a user, whatever became of it meanwhile.
    pub async fn try_update(
        &self,
        context: &AccessContext,
        id: UserId,
        request: UpdateUserRequest,
    ) -> Result<User, UpdateUserError> {
        self.users.update_user(context, id, request, IfMatch::anything()).await
    }

    /// Somebody deletes a user, whatever became of it meanwhile.
    pub async fn try_delete(&self, context: &AccessContext, id: UserId) -> Result<(), DeleteUserError> {
        self.users.delete_user(context, id, IfMatch::anything()).await
    }

    pub async fn change_email(&self, id: UserId, email: &str) {
        self.change(id, |request| request.email = email.to_owned()).await;
    }

    pub async fn switch_off(&self, id: UserId) {
        self.change(id, |request| request.active = Some(false)).await;
    }

    pub async fn switch_on(&self, id: UserId) {
        self.change(id, |request| request.active = Some(true)).await;
    }

    pub async fn delete(&self, id: UserId) {
        self.try_delete(&AccessContext::system(), id).await.expect("a user to delete");
    }

    /// Delivers what is due, and says how many jobs were worked on.
    pub async fn deliver_mail(&self) -> usize {
        self.worker.deliver_now().await.expect("a mail queue")
    }

    /// The newest token that was mailed to this address.
    pub fn token_for(&self, email: &str) -> String {
        self.mailer.last_token_for(email).expect("a mail with a token")
    }

    /// Whether a token that was minted for this purpose is still kept.
    pub async fn keeps_token(&self, purpose: TokenPurpose, token: &str) -> bool {
        let hash = TokenHash::of(&Secret::from(token));
        self.store.find_token(purpose, &hash).await.unwrap().is_some()
    }

    pub async fn password_hash(&self, id: UserId) -> Option<PasswordHash> {
        self.store.find_credentials(id).await.unwrap().and_then(|credentials| credentials.hash)
    }

    pub async fn can_log_in_with(&self, id: UserId, password: &str) -> bool {
        let active = self.find(id).await.is_some_and(|user| user.values.active);
        match self.password_hash(id).await {
            Some(hash) => {
                let password = Password::presented(&Secret::from(password));
                active && self.hasher.verify(Network::SERVICE, password, hash).await.unwrap().is_match()
            }
            None => false,
        }
    }

    /// Opens a session for the user and returns what is kept of its secret.
    pub async fn open_session(&self, user: UserId) -> TokenHash {
        let (token, now) = (Token::mint(self.tokens.as_ref()).unwrap().hash(), self.clock.now());
        let session = NewSession {
            user,
            token,
            created_at: now,
            expires_at: now + Duration::days(30),
            ip: None,
            user_agent: None,
        };
        self.store.commit(UnitOfWork::new().insert_session(session)).await.expect("an open session");
        token
    }

    pub async fn session_is_open(&self, token: &TokenHash) -> bool {
        self.store.find_session(token).await.unwrap().is_some()
    }

    /// The audit trail, oldest event first.
    pub async fn audit(&self) -> Vec<AuditEvent<UserId>> {
        let records = self.store.list_audit_records(&AuditQuery::newest(ALL)).await.unwrap();
        records.into_iter().rev().map(|record| record.event).collect()
    }

    /// How many events of this kind were recorded.
    pub async fn recorded(&self, kind: AuditKind) -> usize {
        self.audit().await.iter().filter(|event| event.kind == kind).count()
    }

    /// The mail jobs that wait or are dead.
    pub async fn jobs(&self) -> Vec<QueuedMail> {
        self.store.list_mail_jobs(&MailQuery::oldest(ALL)).await.unwrap()
    }

    /// The only mail job there is.
    pub async fn only_job(&self) -> QueuedMail {
        let mut jobs = self.jobs().await;
        assert_eq!(jobs.len(), 1, "{jobs:?}");
        jobs.remove(0)
    }

    /// How many jobs of this kind there are.
    pub async fn waiting(&self, kind: MailKind) -> usize {
        self.jobs().await.iter().filter(|job| job.mail.kind() == kind).count()
    }

    /// Between all that the next unit of work was decided on, and its commit.
    pub fn before_next_commit(&self, event: impl Future<Output = ()> + Send + 'static) {
        self.interrupted.hook.before_commit.add(async {
            event.await;
            Ok(())
        });
    }

    /// Between the reading of a user and that of the password.
    pub fn before_next_credentials(&self, event: impl Future<Output = ()> + Send + 'static) {
        self.interrupted.hook.before_credentials.add(async {
            event.await;
            Ok(())
        });
    }

    /// Nobody's commit goes ahead before this many are decided.
    pub fn hold_commits_until_there_are(&self, crowd: usize) {
        Self::hold_next_commits(&vec![self; crowd]);
    }

    /// The same, of one commit in each of these worlds: changes of one user take turns within a process.
    pub fn hold_next_commits(worlds: &[&Self]) {
        let barrier = Arc::new(Barrier::new(worlds.len()));
        for world in worlds {
            let barrier = barrier.clone();
            world.before_next_commit(async move {
                barrier.wait().await;
            });
        }
    }

    pub fn fail_next_commit(&self, error: StoreFailure) {
        self.interrupted.hook.before_commit.add(async { Err(error) });
    }

    pub fn fail_next_finish(&self, error: StoreFailure) {
        self.interrupted.hook.before_finish.add(async { Err(error) });
    }

    pub fn fail_next_touch(&self, error: StoreFailure) {
        self.interrupted.hook.before_touch.add(async { Err(error) });
    }

    pub fn fail_next_lease(&self, error: StoreFailure) {
        self.interrupted.hook.before_lease.add(async { Err(error) });
    }

    /// While the next mail is on its way: its token is stored, its job is not finished.
    pub fn while_sending_next(&self, event: impl Future<Output = ()> + Send + 'static) {
        self.sending.while_sending.add(async {
            event.await;
            Ok(())
        });
    }
}
