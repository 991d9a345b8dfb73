//! What Prometheus asks for: the text format 0.0.4, in which a line is a name, some labels, and a number.
//!
//! Written by hand, because there is little to it: the libraries for it want to own the numbers, which are the store's and
//! the worker's here, and the maintained one writes another format (OpenMetrics).

use std::fmt::Display;

use actix_web::{HttpRequest, HttpResponse, http::header, web::Data};
use denizen_services::{
    HealthService, MailResult, Metrics, MetricsService, Readiness,
    store::{MailCounts, MailKind, MailPhase, UnsentReason},
};

use crate::{
    http::client_ip::is_proxied,
    http::request_counts::RequestCounts,
    http::{ApiError, ApiResult, AppState, ErrorCode, NoQuery, Public, reply},
    middleware::{Endpoint, route},
};

pub(crate) fn routes() -> Vec<Endpoint> {
    vec![
        route("/metrics").get(Public, "Returns metrics for Prometheus.", metrics).answers(
            reply(200)
                .other("text/plain")
                .refuses(&[ErrorCode::NotFound])
                .example("\"denizen_ready{part=\\\"store\\\"} 1\\n\""),
        ),
    ]
}

/// `GET /metrics`: for operators. Requests through a proxy, as all others are, get 404: the numbers of mails can reveal
/// who has an account (see [`MetricsService`]).
async fn metrics(
    request: HttpRequest,
    state: Data<AppState>,
    service: Data<dyn MetricsService>,
    health: Option<Data<dyn HealthService>>,
    _: NoQuery,
) -> ApiResult {
    if is_proxied(request.headers()) {
        return Err(ApiError::new(ErrorCode::NotFound, "Not found"));
    }
    let readiness = match health {
        Some(health) => Some(health.readiness().await),
        None => None,
    };
    let body = page(&service.metrics().await, readiness, state.counts.as_ref());
    let text = (header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8");
    Ok(HttpResponse::Ok().insert_header(text).body(body))
}

fn page(metrics: &Metrics, readiness: Option<Readiness>, requests: Option<&RequestCounts>) -> String {
    let mut page = Page::default();
    if let Some(Readiness { store, mail_worker }) = readiness {
        let name = "denizen_ready";
        page.family(name, "gauge", "Whether the parts that `/readyz` looks at are ready (1) or not (0).");
        for (part, is_ready) in [("store", store), ("mail_worker", mail_worker)] {
            page.sample(name, &[("part", part)], u8::from(is_ready));
        }
    }
    if let Some(jobs) = &metrics.mail_jobs {
        put_jobs(&mut page, jobs);
        let (name, help) =
            ("denizen_mail_oldest_job_age_seconds", "Since when the oldest mail job that is not dead waits.");
        page.family(name, "gauge", help);
        page.sample(name, &[], metrics.oldest_mail_job.as_seconds_f64());
    }
    let name = "denizen_mails_total";
    page.family(name, "counter", "Attempts of this process to send a mail, by what became of them.");
    for kind in MailKind::ALL {
        for result in MailResult::ALL {
            let labels = [("kind", kind.as_str()), ("result", result.as_str())];
            page.sample(name, &labels, metrics.mails.count(kind, result));
        }
    }
    let name = "denizen_mails_unsent_total";
    page.family(
        name,
        "counter",
        "Mails of this process that were not sent, by reason; the log has the requests.",
    );
    for reason in UnsentReason::ALL {
        page.sample(name, &[("reason", reason.as_str())], metrics.mails.count_unsent(reason));
    }
    let name = "denizen_limits_crowded_total";
    page.family(
        name,
        "counter",
        "How often a limit had no room for more clients in this process, and forgot one.",
    );
    for (limit, count) in metrics.crowded_limits.counts() {
        page.sample(name, &[("limit", limit)], count);
    }
    if let Some(counts) = requests.map(RequestCounts::by_class) {
        let name = "denizen_http_requests_total";
        page.family(name, "counter", "Requests that this process answered, by the class of the status.");
        for (class, count) in ["1xx", "2xx", "3xx", "4xx", "5xx"].into_iter().zip(counts) {
            page.sample(name, &[("status", class)], count);
        }
    }
    page.0
}

fn put_jobs(page: &mut Page, MailCounts(jobs): &MailCounts) {
    let name = "denizen_mail_jobs";
    page.family(name, "gauge", "Mails in the queue of all processes; of very many, the first ones only.");
    for kind in MailKind::ALL {
        for phase in MailPhase::ALL {
            let labels = [("kind", kind.as_str()), ("state", phase.as_str())];
            page.sample(name, &labels, jobs.get(&(kind, phase)).map_or(0, |count| count.jobs));
        }
    }
}

#[derive(Default)]
struct Page(String);

impl Page {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        let help = help.replace('\\', r"\\").replace('\n', r"\n");
        self.0 += &format!("# HELP {name} {help}\n# TYPE {name} {kind}\n");
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        let quoted = |text: &str| text.replace('\\', r"\\").replace('\n', r"\n").replace('"', r#"\""#);
        let labels: Vec<_> =
            labels.iter().map(|(label, text)| format!("{label}=\"{}\"", quoted(text))).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        self.0 += &format!("{name}{labels} {value}\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_breaks_a_line_or_ends_a_label() {
        let mut page = Page::default();
        page.family("a", "gauge", "one\\two\n\"three\"");
        page.sample("a", &[("x", "\"} 1\nb 2\\"), ("y", "")], 0.5);
        page.sample("a", &[], 7);
        let expected = concat!(
            r#"# HELP a one\\two\n"three""#,
            "\n# TYPE a gauge\n",
            r#"a{x="\"} 1\nb 2\\",y=""} 0.5"#,
            "\na 7\n"
        );
        assert_eq!(page.0, expected);
    }
}
