//! Mails that are still to be sent, or were given up.

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{Data, ServiceConfig},
};
use denizen_models::MailJobState;
use denizen_services::{MailJobError, MailJobListQuery, MailJobService, store::MailJobId};
use serde_json::json;

use crate::http::{
    endpoint::Endpoint,
    error::{ApiError, ErrorCode},
    query::{NoQuery, Query},
    request::{Request, number_in, personal},
};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(Endpoint::at("/api/mail/jobs").get(list));
    config.service(Endpoint::at("/api/mail/jobs/{id}").delete(drop_job));
    config.service(Endpoint::at("/api/mail/jobs/{id}/retry").post(retry));
}

/// `GET /api/mail/jobs`
async fn list(
    request: Request,
    jobs: Data<dyn MailJobService>,
    query: Query,
) -> Result<HttpResponse, ApiError> {
    let page = jobs.list_mail_jobs(&request.access, &job_query(query)?).await?;
    let metadata = json!({ "count": page.jobs.len(), "next_cursor": page.next_cursor });
    let message = "Mail jobs retrieved successfully";
    Ok(personal(request.answer_with(StatusCode::OK, message, page.jobs, metadata)))
}

fn job_query(mut query: Query) -> Result<MailJobListQuery, ApiError> {
    let states = MailJobState::ALL.map(MailJobState::as_str).join(" or ");
    let parsed = MailJobListQuery {
        state: query.take_as("state", &states, MailJobState::from_name)?,
        limit: query.take_number("limit")?,
        cursor: query.take("cursor"),
    };
    query.finish()?;
    Ok(parsed)
}

/// `DELETE /api/mail/jobs/{id}`
async fn drop_job(
    request: Request,
    http: HttpRequest,
    jobs: Data<dyn MailJobService>,
    _: NoQuery,
) -> Result<HttpResponse, ApiError> {
    jobs.drop_mail_job(&request.access, job_in(&http)?).await?;
    Ok(request.done("Mail job dropped successfully"))
}

/// `POST /api/mail/jobs/{id}/retry`
async fn retry(
    request: Request,
    http: HttpRequest,
    jobs: Data<dyn MailJobService>,
    _: NoQuery,
) -> Result<HttpResponse, ApiError> {
    jobs.retry_mail_job(&request.access, job_in(&http)?).await?;
    Ok(request.done("Mail job is due again"))
}

/// The job in the path. What cannot be a number of one names none.
fn job_in(request: &HttpRequest) -> Result<MailJobId, ApiError> {
    let id = number_in(request, "id").map(MailJobId);
    id.ok_or_else(|| MailJobError::NotFound.into())
}

impl From<MailJobError> for ApiError {
    fn from(error: MailJobError) -> Self {
        match error {
            MailJobError::NotFound => Self::new(ErrorCode::MailJobNotFound, "Mail job not found"),
            MailJobError::Failure(failure) => failure.into(),
        }
    }
}
