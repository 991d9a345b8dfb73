//! The handlers over fake services, and requests to them.

pub mod answer;
pub mod auth;
pub mod demonstrations;
pub mod fakes;
pub mod log;
pub mod messages;
pub mod operations;
pub mod requests;
pub mod socket;

use std::{
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use actix_web::{
    App, body,
    dev::Payload,
    test::{TestRequest, init_service, try_call_service},
};
use chrono::TimeDelta;
use denizen_handlers::{Demos, HandlerSettings, RequestCounts, Services, configure};
use denizen_services::{Metrics, Readiness, TokenSource};
use denizen_testkit::{FixedClock, SeededTokens};
use futures_util::future::{FutureExt as _, LocalBoxFuture};

use self::{
    answer::Answer,
    auth::{AuthAnswers, FakeAuth},
    demonstrations::FakeDemonstrations,
    fakes::{Answers, FakeHealth, FakeMetrics, FakeUsers},
    messages::FakeMessages,
    operations::FakeOperations,
};

/// What a test may change before it starts.
pub struct Setup {
    pub settings: HandlerSettings,
    pub answers: Answers,
    pub auth: AuthAnswers,
    pub demonstrations: Arc<FakeDemonstrations>,
    pub operations: Arc<FakeOperations>,
    pub messages: FakeMessages,
    pub readiness: Readiness,
    pub metrics: Metrics,
    pub tokens: Arc<dyn TokenSource>,
}

impl Default for Setup {
    fn default() -> Self {
        // No two tests may draw the same request ids: the log is common to all.
        static SEEDS: AtomicU64 = AtomicU64::new(1);
        Self {
            settings: HandlerSettings {
                demos: Demos::Open,
                metrics: Some(RequestCounts::default()),
                ..HandlerSettings::default()
            },
            answers: Answers::default(),
            auth: AuthAnswers::default(),
            demonstrations: Arc::default(),
            operations: Arc::default(),
            messages: FakeMessages::default(),
            readiness: Readiness { store: true, mail_worker: true },
            metrics: Metrics { mail_jobs: None, oldest_mail_job: TimeDelta::zero(), mails: Arc::default() },
            tokens: Arc::new(SeededTokens::new(SEEDS.fetch_add(1, Ordering::Relaxed))),
        }
    }
}

impl Setup {
    /// What `configure` asks for, and the fake behind it. From here on everything logged is kept.
    pub fn wire(self) -> (Services, HandlerSettings, Arc<FakeUsers>, Arc<FakeAuth>) {
        log::capture();
        let users = Arc::new(FakeUsers::new(self.answers));
        let auth = Arc::new(FakeAuth::new(self.auth));
        let services = Services {
            users: users.clone(),
            auth: auth.clone(),
            audit: self.operations.clone(),
            mail_jobs: self.operations,
            math: self.demonstrations.clone(),
            tasks: self.demonstrations,
            messages: Arc::new(self.messages),
            health: Arc::new(FakeHealth(self.readiness)),
            metrics: Arc::new(FakeMetrics(self.metrics)),
            clock: Arc::new(FixedClock::new()),
            tokens: self.tokens,
        };
        (services, self.settings, users, auth)
    }
}

type Sender = dyn Fn(TestRequest, Option<Payload>) -> LocalBoxFuture<'static, Answer>;

/// The handlers, without a socket.
pub struct Api {
    send: Box<Sender>,
    pub users: Arc<FakeUsers>,
    pub auth: Arc<FakeAuth>,
}

impl Api {
    /// As it is by default.
    pub async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// With what `change` changes.
    pub async fn start_with(change: impl FnOnce(&mut Setup)) -> Self {
        let mut setup = Setup::default();
        change(&mut setup);
        let (services, settings, users, auth) = setup.wire();
        let app = Rc::new(init_service(App::new().configure(configure(services, settings))).await);
        let send = move |request: TestRequest, payload: Option<Payload>| {
            let app = app.clone();
            async move {
                let mut request = request.to_request();
                if let Some(payload) = payload {
                    *request.payload() = payload;
                }
                let response = match try_call_service(&*app, request).await {
                    Ok(response) => response.into_parts().1,
                    // What the server makes of an error that left the application.
                    Err(error) => error.error_response(),
                };
                let (head, body) = response.into_parts();
                let body = body::to_bytes(body).await.expect("a body that can be read");
                Answer::new(head.status().as_u16(), head.headers().clone(), body.to_vec())
            }
            .boxed_local()
        };
        Self { send: Box::new(send), users, auth }
    }

    /// Sends a request and waits for the answer.
    pub async fn send(&self, request: TestRequest) -> Answer {
        (self.send)(request, None).await
    }

    /// Sends a request whose body arrives piece by piece, its length undeclared.
    pub async fn send_stream(&self, request: TestRequest, payload: Payload) -> Answer {
        (self.send)(request, Some(payload)).await
    }
}
