//! Services that answer as they are told, and remember what they were asked.

use std::sync::{
    Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;
use denizen_models::{
    AcceptInvitationRequest, ChangeEmailRequest, CreateUserRequest, DeleteAccountRequest, EmailAddress,
    EmailVerificationRequest, PasswordPolicy, PatchUserRequest, Secret, TokenRequest, UpdateUserRequest,
    User, UserExport, UserId, UserResponse, VerifyEmailRequest,
};
use denizen_services::{
    AcceptInvitationError, AccessContext, ChangeEmailError, ConfirmEmailChangeError, CreateUserError,
    DeleteAccountError, DeleteUserError, EmailChanges, EmailVerifications, Failure, GetUserError,
    HealthService, IfMatch, Invitations, Metrics, MetricsService, RandomnessError, Readiness, SignUpError,
    SignUps, SignedUp, TokenSource, UpdateUserError, UserCreation, UserDeletion, UserExports, UserList,
    UserLists, UserQuery, UserService, UserUpdates, Users, VerifyEmailError,
};
use denizen_testkit::sample_user;

/// What the fake says to each question. By default all goes well, with user 7 called alice.
pub struct Answers {
    pub sends_mail: bool,
    pub policy: PasswordPolicy,
    pub get: Result<User, GetUserError>,
    pub export: Result<UserExport, GetUserError>,
    pub list: Result<UserList, Failure>,
    pub create: Result<User, CreateUserError>,
    pub update: Result<User, UpdateUserError>,
    pub delete_account: Result<(), DeleteAccountError>,
    pub delete: Result<(), DeleteUserError>,
    pub password_reset: crate::password_reset::fakes::ResetAnswers,
    pub sign_up: Result<SignedUp, SignUpError>,
    pub request_verification: Result<(), Failure>,
    pub verify: Result<(), VerifyEmailError>,
    pub address_to_sign_up: Result<Option<EmailAddress>, Failure>,
    pub accept: Result<(), AcceptInvitationError>,
    pub change_email: Result<(), ChangeEmailError>,
    pub confirm_change: Result<(), ConfirmEmailChangeError>,
}

impl Default for Answers {
    fn default() -> Self {
        let alice = sample_user(7, "alice");
        Self {
            sends_mail: true,
            policy: PasswordPolicy::default(),
            get: Ok(alice.clone()),
            export: Ok(UserExport {
                user: UserResponse::full(alice.clone()),
                has_password: true,
                failed_attempts: 0,
                sessions: Vec::new(),
                tokens: Vec::new(),
                mails: Vec::new(),
                audit: Vec::new(),
            }),
            list: Ok(UserList { users: vec![alice.clone()], next_cursor: None, total: None }),
            create: Ok(alice.clone()),
            sign_up: Ok(SignedUp::User(alice.clone())),
            update: Ok(alice),
            delete_account: Ok(()),
            delete: Ok(()),
            password_reset: crate::password_reset::fakes::ResetAnswers::default(),
            request_verification: Ok(()),
            verify: Ok(()),
            address_to_sign_up: Ok(None),
            accept: Ok(()),
            change_email: Ok(()),
            confirm_change: Ok(()),
        }
    }
}

/// What a service was asked to do.
#[derive(Debug, Clone)]
pub enum Asked {
    Get(UserId),
    Export(UserId),
    List(UserQuery),
    Create(CreateUserRequest),
    Update(UserId, UpdateUserRequest, IfMatch),
    Patch(UserId, PatchUserRequest, IfMatch),
    DeleteAccount(DeleteAccountRequest),
    Delete(UserId, IfMatch),
    PasswordReset(crate::password_reset::fakes::ResetAsked),
    SignUp(CreateUserRequest),
    RequestVerification(EmailVerificationRequest),
    Verify(VerifyEmailRequest),
    AddressToSignUp(TokenRequest),
    Accept(AcceptInvitationRequest),
    ChangeEmail(ChangeEmailRequest),
    ConfirmChange(TokenRequest),
}

pub struct FakeUsers {
    pub answers: Answers,
    calls: Mutex<Vec<(AccessContext, Asked)>>,
    panics_next: AtomicBool,
}

impl FakeUsers {
    pub fn new(answers: Answers) -> Self {
        Self { answers, calls: Mutex::default(), panics_next: AtomicBool::new(false) }
    }

    /// The next call does not return.
    pub fn panic_next(&self) {
        self.panics_next.store(true, Ordering::Relaxed);
    }

    /// Whether nobody has asked anything yet.
    pub fn is_untouched(&self) -> bool {
        self.lock().is_empty()
    }

    /// What was asked last, and on whose behalf.
    pub fn last_call(&self) -> (AccessContext, Asked) {
        self.lock().last().cloned().expect("a call of the service")
    }

    /// What was asked last.
    pub fn last_asked(&self) -> Asked {
        self.last_call().1
    }

    /// Everything that was asked, in order.
    pub fn asked(&self) -> Vec<Asked> {
        self.lock().iter().map(|(_, asked)| asked.clone()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(AccessContext, Asked)>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn record(&self, context: &AccessContext, asked: Asked) {
        self.lock().push((context.clone(), asked));
        assert!(!self.panics_next.swap(false, Ordering::Relaxed), "the fake panics as it was told to");
    }
}

impl UserService for FakeUsers {}

#[async_trait]
impl Users for FakeUsers {
    async fn get_user(&self, context: &AccessContext, id: UserId) -> Result<User, GetUserError> {
        self.record(context, Asked::Get(id));
        self.answers.get.clone()
    }

    async fn get_user_by_username(&self, _: &AccessContext, name: &str) -> Result<User, GetUserError> {
        panic!("no route looks for the user name {name}")
    }

    fn password_policy(&self) -> PasswordPolicy {
        self.answers.policy
    }

    fn sends_mail(&self) -> bool {
        self.answers.sends_mail
    }
}

#[async_trait]
impl UserExports for FakeUsers {
    async fn export_user(&self, context: &AccessContext, id: UserId) -> Result<UserExport, GetUserError> {
        self.record(context, Asked::Export(id));
        self.answers.export.clone()
    }
}

#[async_trait]
impl UserLists for FakeUsers {
    async fn list_users(&self, context: &AccessContext, query: &UserQuery) -> Result<UserList, Failure> {
        self.record(context, Asked::List(query.clone()));
        self.answers.list.clone()
    }
}

#[async_trait]
impl UserCreation for FakeUsers {
    async fn create_user(
        &self,
        context: &AccessContext,
        request: CreateUserRequest,
    ) -> Result<User, CreateUserError> {
        self.record(context, Asked::Create(request));
        self.answers.create.clone()
    }
}

#[async_trait]
impl UserUpdates for FakeUsers {
    async fn update_user(
        &self,
        context: &AccessContext,
        id: UserId,
        request: UpdateUserRequest,
        expected: IfMatch,
    ) -> Result<User, UpdateUserError> {
        self.record(context, Asked::Update(id, request, expected));
        self.answers.update.clone()
    }

    async fn patch_user(
        &self,
        context: &AccessContext,
        id: UserId,
        request: PatchUserRequest,
        expected: IfMatch,
    ) -> Result<User, UpdateUserError> {
        self.record(context, Asked::Patch(id, request, expected));
        self.answers.update.clone()
    }
}

#[async_trait]
impl UserDeletion for FakeUsers {
    async fn delete_user(
        &self,
        context: &AccessContext,
        id: UserId,
        expected: IfMatch,
    ) -> Result<(), DeleteUserError> {
        self.record(context, Asked::Delete(id, expected));
        self.answers.delete.clone()
    }

    async fn delete_account(
        &self,
        context: &AccessContext,
        request: DeleteAccountRequest,
    ) -> Result<(), DeleteAccountError> {
        self.record(context, Asked::DeleteAccount(request));
        self.answers.delete_account.clone()
    }
}

#[async_trait]
impl SignUps for FakeUsers {
    async fn sign_up(
        &self,
        context: &AccessContext,
        request: CreateUserRequest,
    ) -> Result<SignedUp, SignUpError> {
        self.record(context, Asked::SignUp(request));
        self.answers.sign_up.clone()
    }
}

#[async_trait]
impl EmailVerifications for FakeUsers {
    async fn request_email_verification(
        &self,
        context: &AccessContext,
        request: EmailVerificationRequest,
    ) -> Result<(), Failure> {
        self.record(context, Asked::RequestVerification(request));
        self.answers.request_verification.clone()
    }

    async fn verify_email(
        &self,
        context: &AccessContext,
        request: VerifyEmailRequest,
    ) -> Result<(), VerifyEmailError> {
        self.record(context, Asked::Verify(request));
        self.answers.verify.clone()
    }

    async fn address_to_sign_up(
        &self,
        context: &AccessContext,
        request: TokenRequest,
    ) -> Result<Option<EmailAddress>, Failure> {
        self.record(context, Asked::AddressToSignUp(request));
        self.answers.address_to_sign_up.clone()
    }
}

#[async_trait]
impl Invitations for FakeUsers {
    async fn accept_invitation(
        &self,
        context: &AccessContext,
        request: AcceptInvitationRequest,
    ) -> Result<Secret, AcceptInvitationError> {
        self.record(context, Asked::Accept(request));
        self.answers.accept.clone().map(|()| Secret::from("cafe"))
    }
}

#[async_trait]
impl EmailChanges for FakeUsers {
    async fn change_email(
        &self,
        context: &AccessContext,
        request: ChangeEmailRequest,
    ) -> Result<(), ChangeEmailError> {
        self.record(context, Asked::ChangeEmail(request));
        self.answers.change_email.clone()
    }

    async fn confirm_email_change(
        &self,
        context: &AccessContext,
        request: TokenRequest,
    ) -> Result<(), ConfirmEmailChangeError> {
        self.record(context, Asked::ConfirmChange(request));
        self.answers.confirm_change.clone()
    }
}

pub struct FakeHealth(pub Readiness);

#[async_trait]
impl HealthService for FakeHealth {
    async fn readiness(&self) -> Readiness {
        self.0
    }
}

/// Measures what the test says.
pub struct FakeMetrics(pub Metrics);

#[async_trait]
impl MetricsService for FakeMetrics {
    async fn metrics(&self) -> Metrics {
        self.0.clone()
    }
}

/// A generator that has broken down.
pub struct NoRandomness;

impl TokenSource for NoRandomness {
    fn fill(&self, _: &mut [u8]) -> Result<(), RandomnessError> {
        Err(RandomnessError("broken".into()))
    }
}
