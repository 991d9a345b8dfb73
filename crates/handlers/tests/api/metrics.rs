//! What Prometheus is told.

use std::sync::Arc;

use chrono::TimeDelta;
use denizen_services::{
    CrowdedLimits, MailCounters, MailResult, Metrics, Readiness,
    store::{
        BucketKey, CommitObserver as _, Committed, MailCounts, MailKind, MailPhase, Outcome, Quota,
        UnitOfWork, UnsentReason,
    },
};
use denizen_testkit::FixedClock;
use serde_json::Value;

use crate::support::{
    Api,
    requests::{get, request},
};

/// One mail that waits, one that was sent, one that was given up, one for an e-mail address of no user.
fn measured() -> Metrics {
    let (mut jobs, mails) = (MailCounts::default(), MailCounters::default());
    jobs.add(MailKind::PasswordReset, MailPhase::Waiting, FixedClock::start());
    mails.add(MailKind::PasswordReset, MailResult::Sent);
    mails.add(MailKind::EmailChanged, MailResult::GivenUp);
    mails.add_unsent(MailKind::PasswordReset, "req_1", UnsentReason::UnknownAddress);
    let oldest_mail_job = TimeDelta::milliseconds(1_500);
    Metrics {
        mail_jobs: Some(jobs),
        oldest_mail_job,
        mails: Arc::new(mails),
        crowded_limits: Arc::new(one_crowded_limit()),
    }
}

/// What is known of limits after one of them had no room twice.
fn one_crowded_limit() -> CrowdedLimits {
    let (limits, quota) = (CrowdedLimits::default(), Quota::new(1, TimeDelta::seconds(1)));
    let bucket = BucketKey::new("login.ip", [7; 32]);
    let work = UnitOfWork::new().take_from_bucket(bucket, quota, FixedClock::start(), 1);
    for outcome in [Outcome::Crowded, Outcome::Done, Outcome::Crowded] {
        limits.committed(&work, &Committed(vec![outcome]));
    }
    limits
}

async fn api(metrics: Metrics) -> Api {
    Api::start_with(|setup| setup.metrics = Some(metrics)).await
}

#[actix_web::test]
async fn every_number_has_a_line_in_the_text_format_of_prometheus() {
    let api = api(measured()).await;
    for (path, status) in [("/health", 200), ("/nope", 404), ("/nope", 404)] {
        assert_eq!(api.send(get(path)).await.status, status);
    }

    let answer = api.send(get("/metrics")).await;

    assert_eq!((answer.status, answer.header("cache-control")), (200, Some("no-store")));
    assert_eq!(answer.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    let text = answer.text();
    let (zeros, rest): (Vec<&str>, Vec<&str>) = text.lines().partition(|line| line.ends_with("} 0"));
    let expected = [
        "# HELP denizen_ready Whether the parts that `/readyz` looks at are ready (1) or not (0).",
        "# TYPE denizen_ready gauge",
        "denizen_ready{part=\"store\"} 1",
        "denizen_ready{part=\"mail_worker\"} 1",
        "# HELP denizen_mail_jobs Mails in the queue of all processes; of very many, the first ones only.",
        "# TYPE denizen_mail_jobs gauge",
        "denizen_mail_jobs{kind=\"password_reset\",state=\"waiting\"} 1",
        "# HELP denizen_mail_oldest_job_age_seconds Since when the oldest mail job that is not dead waits.",
        "# TYPE denizen_mail_oldest_job_age_seconds gauge",
        "denizen_mail_oldest_job_age_seconds 1.5",
        "# HELP denizen_mails_total Attempts of this process to send a mail, by what became of them.",
        "# TYPE denizen_mails_total counter",
        "denizen_mails_total{kind=\"password_reset\",result=\"sent\"} 1",
        "denizen_mails_total{kind=\"email_changed\",result=\"given_up\"} 1",
        "# HELP denizen_mails_unsent_total Mails of this process that were not sent, by reason; the log has the \
         requests.",
        "# TYPE denizen_mails_unsent_total counter",
        "denizen_mails_unsent_total{reason=\"unknown_address\"} 1",
        "# HELP denizen_limits_crowded_total How often a limit had no room for more clients in this process, and forgot one.",
        "# TYPE denizen_limits_crowded_total counter",
        "denizen_limits_crowded_total{limit=\"login.ip\"} 2",
        "# HELP denizen_http_requests_total Requests that this process answered, by the class of the status.",
        "# TYPE denizen_http_requests_total counter",
        "denizen_http_requests_total{status=\"2xx\"} 1",
        "denizen_http_requests_total{status=\"4xx\"} 2",
    ];
    assert_eq!(rest, expected);
    // What never happened is a number, too: a series must not begin with its first event.
    assert_eq!(zeros.len(), 8 * 4 - 1 + 8 * 3 - 2 + 10 - 1 + 3, "{zeros:#?}");
    for zero in
        ["mail_jobs{kind=\"invitation\",state=\"dead\"}", "mails_total{kind=\"sign_up\",result=\"failed\"}"]
    {
        assert!(zeros.contains(&&*format!("denizen_{zero} 0")), "{zeros:#?}");
    }
    assert!(text.ends_with('\n'));
}

#[actix_web::test]
async fn what_the_store_cannot_tell_is_left_out() {
    let text = api(Metrics { mail_jobs: None, ..measured() }).await.send(get("/metrics")).await.text();
    assert!(!text.contains("denizen_mail_jobs"), "{text}");
    assert!(text.contains("denizen_mails_total{kind=\"password_reset\",result=\"sent\"} 1\n"), "{text}");
}

/// Security checklist: 62.
#[actix_web::test]
async fn unless_they_are_switched_on_there_are_no_metrics() {
    let api = Api::start_with(|setup| setup.metrics = None).await;
    for method in ["GET", "HEAD", "POST"] {
        let answer = api.send(request(method, "/metrics")).await;
        assert_eq!(answer.expect_error(404, "NOT_FOUND", "Not found"), Value::Null, "{method}");
    }
}

/// Security checklist: 62.
#[actix_web::test]
async fn whoever_comes_through_a_proxy_finds_no_metrics() {
    let api = api(measured()).await;
    for header in ["x-forwarded-for", "X-Forwarded-Proto", "forwarded"] {
        let answer = api.send(get("/metrics").insert_header((header, "198.51.100.1"))).await;
        assert_eq!(answer.expect_error(404, "NOT_FOUND", "Not found"), Value::Null, "{header}");
    }
}

/// Security checklist: 62.
#[actix_web::test]
async fn metrics_do_not_tell_which_version_runs() {
    let text = api(measured()).await.send(get("/metrics")).await.text();
    assert!(!text.contains(env!("CARGO_PKG_VERSION")) && !text.contains("version"), "{text}");
}

#[actix_web::test]
async fn what_is_not_ready_is_zero() {
    let api = Api::start_with(|setup| {
        setup.metrics = Some(measured());
        setup.readiness = Readiness { store: false, mail_worker: true };
    });
    let text = api.await.send(get("/metrics")).await.text();
    for line in ["denizen_ready{part=\"store\"} 0", "denizen_ready{part=\"mail_worker\"} 1"] {
        assert!(text.lines().any(|other| other == line), "{text}");
    }
}
