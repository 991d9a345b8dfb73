//! Reading requests and writing responses.

pub(crate) mod body;
pub(crate) mod client_ip;
pub(crate) mod conditions;
pub(crate) mod describe;
pub(crate) mod error;
pub(crate) mod extract;
pub(crate) mod fallback;
pub(crate) mod json;
pub(crate) mod log_line;
pub(crate) mod log_summary;
pub(crate) mod network_share;
pub(crate) mod oauth;
#[cfg(feature = "openapi")]
pub(crate) mod openapi;
pub(crate) mod origin;
pub(crate) mod query;
pub(crate) mod request;
pub(crate) mod request_counts;
pub(crate) mod return_to;
pub(crate) mod route;

#[cfg(feature = "openapi")]
pub(crate) use self::openapi::document;
#[cfg(feature = "demos")]
pub(crate) use self::route::Access::Demo;
pub(crate) use self::{
    conditions::{Conditions, tagged},
    describe::{PAGE, Reply, query, reply},
    error::{ApiError, ApiResult, ErrorCode, map_error},
    extract::extract,
    fallback::accepts_html,
    json::{Json, MergePatch},
    query::{NoQuery, Query},
    request::{AppState, Count, PageMetadata, RequestContext, number_in, personal},
    route::Access::{self, Admin, Anyone, Directory, Member, Owner, Proxy, Public},
};
