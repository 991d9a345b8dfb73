//! The handlers over fake services, and requests to them.

pub mod answer;
pub mod auth;
#[cfg(feature = "demos")]
pub mod demonstrations;
pub mod documented;
pub mod fakes;
pub mod keys;
pub mod log;
#[cfg(feature = "messages")]
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
use denizen_handlers::{Demos, HandlerSettings, Services, fallback, mount};
use denizen_services::{Metrics, Readiness, TokenSource};
use denizen_testkit::{FixedClock, SeededTokens};
use futures_util::future::{FutureExt as _, LocalBoxFuture};

#[cfg(feature = "demos")]
use self::demonstrations::FakeDemonstrations;
#[cfg(feature = "messages")]
use self::messages::FakeMessages;
use self::{
    answer::Answer,
    auth::{AuthAnswers, FakeAuth},
    fakes::{Answers, FakeHealth, FakeMetrics, FakeUsers},
    keys::FakeKeys,
    operations::FakeOperations,
};

/// What a test may change before it starts.
pub struct Setup {
    pub settings: HandlerSettings,
    #[cfg(feature = "openapi")]
    pub api_docs: bool,
    pub answers: Answers,
    pub auth: AuthAnswers,
    #[cfg(feature = "demos")]
    pub demonstrations: Option<Arc<FakeDemonstrations>>,
    pub operations: Arc<FakeOperations>,
    pub keys: Arc<FakeKeys>,
    #[cfg(feature = "messages")]
    pub messages: FakeMessages,
    pub readiness: Readiness,
    pub metrics: Option<Metrics>,
    pub tokens: Arc<dyn TokenSource>,
}

impl Default for Setup {
    fn default() -> Self {
        // No two tests may draw the same request ids: the log is common to all.
        static SEEDS: AtomicU64 = AtomicU64::new(1);
        Self {
            settings: HandlerSettings { demos: Demos::Open, ..HandlerSettings::default() },
            #[cfg(feature = "openapi")]
            api_docs: true,
            answers: Answers::default(),
            auth: AuthAnswers::default(),
            #[cfg(feature = "demos")]
            demonstrations: Some(Arc::default()),
            operations: Arc::default(),
            keys: Arc::default(),
            #[cfg(feature = "messages")]
            messages: FakeMessages::default(),
            readiness: Readiness { store: true, mail_worker: true },
            metrics: Some(Metrics {
                mail_jobs: None,
                oldest_mail_job: TimeDelta::zero(),
                mails: Arc::default(),
                crowded_limits: Arc::default(),
            }),
            tokens: Arc::new(SeededTokens::new(SEEDS.fetch_add(1, Ordering::Relaxed))),
        }
    }
}

impl Setup {
    /// What `mount` asks for, and the fake behind it. From here on everything logged is kept.
    pub fn wire(self) -> (Services, HandlerSettings, Arc<FakeUsers>, Arc<FakeAuth>) {
        log::capture();
        let users = Arc::new(FakeUsers::new(self.answers));
        let auth = Arc::new(FakeAuth::new(self.auth));
        let mut services = Services::new(users.clone(), auth.clone())
            .with_audit(self.operations.clone())
            .with_forward_auth(self.keys.clone())
            .with_keys(self.keys)
            .with_mail_jobs(self.operations)
            .with_health(Arc::new(FakeHealth(self.readiness)))
            .with_clock(Arc::new(FixedClock::new()))
            .with_tokens(self.tokens);
        #[cfg(feature = "messages")]
        {
            services = services.with_messages(Arc::new(self.messages));
        }
        #[cfg(feature = "demos")]
        if let Some(demonstrations) = self.demonstrations {
            services = services.with_math(demonstrations.clone()).with_tasks(demonstrations);
        }
        #[cfg(feature = "openapi")]
        if self.api_docs {
            services = services.with_api_docs();
        }
        if let Some(metrics) = self.metrics {
            services = services.with_metrics(Arc::new(FakeMetrics(metrics)));
        }
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
        let app = Rc::new(
            init_service(App::new().configure(mount("", services, settings)).configure(fallback)).await,
        );
        let send = move |request: TestRequest, payload: Option<Payload>| {
            let app = app.clone();
            async move {
                let mut request = request.to_request();
                let (method, path) = (request.method().to_string(), request.path().to_owned());
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
                let answer = Answer::new(head.status().as_u16(), head.headers().clone(), body.to_vec());
                documented::check(&method, &path, &answer);
                answer
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
