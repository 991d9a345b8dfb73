//! The mail queue and its dead letters.

use actix_web::web::Data;
use denizen_models::{MailJobResponse, MailJobState};
use denizen_services::{MailJobError, MailJobListQuery, MailJobService, store::MailJobId};

use crate::{
    http::{
        Admin, ApiError, ApiResult, ErrorCode, NoQuery, PAGE, PageMetadata, Query, RequestContext, extract,
        map_error, number_in, query, reply,
    },
    middleware::{Endpoint, route},
};

type MailJobs = Data<dyn MailJobService>;

pub(crate) fn routes() -> Vec<Endpoint> {
    vec![
        route("/api/mail/jobs").get(Admin, "Lists mail jobs.", list).answers(
            reply(200)
                .data_with::<Vec<MailJobResponse>, PageMetadata>()
                .query(&[query("state", "string", "Only jobs in this state: `waiting` or `dead`.")])
                .query(&PAGE)
                .example_with(EXAMPLE, r#"{"count": 1, "next_cursor": null}"#),
        ),
        route("/api/mail/jobs/{id}")
            .delete(Admin, "Drops a mail job.", drop_job)
            .answers(reply(200).refuses(&[ErrorCode::MailJobNotFound])),
        route("/api/mail/jobs/{id}/retry")
            .post(Admin, "Makes a mail job due again.", retry)
            .answers(reply(200).refuses(&[ErrorCode::MailJobNotFound])),
    ]
}

const EXAMPLE: &str = r#"[{"id": 3, "kind": "invitation", "address": "d***@example.com", "state": "waiting",
    "attempts": 2, "requested_at": "2026-11-23T06:55:35.149321Z", "due_at": "2026-11-23T07:05:35.149321Z",
    "reason": "connection refused", "request_id": "req_01a20730d7b27e3f9c1f6c0a4f1f9f5b"}]"#;

/// `GET /api/mail/jobs`
async fn list(request: RequestContext, jobs: MailJobs, query: Query) -> ApiResult {
    let page = jobs.list_mail_jobs(&request.access, &job_query(query)?).await?;
    Ok(request.list("Mail jobs retrieved successfully", page.jobs, page.next_cursor))
}

fn job_query(query: Query) -> Result<MailJobListQuery, ApiError> {
    let states = MailJobState::ALL.map(MailJobState::as_str).join(" or ");
    query.read(|query| {
        Ok(MailJobListQuery {
            state: query.take_as("state", &states, MailJobState::from_name)?,
            limit: query.take_number("limit")?,
            cursor: query.take("cursor"),
        })
    })
}

/// `DELETE /api/mail/jobs/{id}`
async fn drop_job(request: RequestContext, jobs: MailJobs, _: NoQuery, PathJob(id): PathJob) -> ApiResult {
    jobs.drop_mail_job(&request.access, id).await?;
    Ok(request.done("Mail job dropped successfully"))
}

/// `POST /api/mail/jobs/{id}/retry`
async fn retry(request: RequestContext, jobs: MailJobs, _: NoQuery, PathJob(id): PathJob) -> ApiResult {
    jobs.retry_mail_job(&request.access, id).await?;
    Ok(request.done("Mail job is due again"))
}

/// The job that the path names. Anything but a number is a job that does not exist.
struct PathJob(MailJobId);

extract! {
    PathJob,
    request => number_in(request, "id").map(|id| Self(MailJobId(id))).ok_or(MailJobError::NotFound.into()),
    for takes { takes.parameter("path", "id", "The number of the mail job."); }
}

map_error! { error: MailJobError {
    NotFound => Self::new(ErrorCode::MailJobNotFound, "Mail job not found"),
} }
