//! The description of a route.

use actix_web::http::Method;

use crate::http::{
    describe::{Reply, Takes},
    error::ErrorCode,
};

/// Who may use a route. Rules about single users are enforced by the services, which do not rely on this check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Every client. Credentials are not looked at.
    Public,
    /// Every client; signed-in users may see or do more.
    Anyone,
    /// Signed-in users.
    Member,
    /// The user that the path names, and administrators. Other users get 404.
    Owner,
    /// Administrators.
    Admin,
    /// Administrators, or all signed-in users: as the services are set.
    Directory,
    /// As [`crate::Demos`] says.
    Demo,
}

impl Access {
    /// Returns who may use the route, for readers.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Public => "all clients",
            Self::Anyone => "all clients; signed-in users may do more",
            Self::Member => "signed-in users",
            Self::Owner => "the user that the path names, and administrators",
            Self::Admin => "administrators",
            Self::Directory => "administrators, or all signed-in users (setting `directory`)",
            Self::Demo => "signed-in users, or all clients (setting `demo_routes`)",
        }
    }
}

/// What clients may take of the server by a path.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RouteLimits {
    /// The longest body, in bytes.
    pub(crate) max_body: usize,
    /// Whether the path is outside the rate limit per IP address.
    pub(crate) unlimited: bool,
}

/// A path with its methods.
#[derive(Debug, Clone)]
pub struct Route {
    /// The pattern of the path, relative to the prefix.
    pub path: &'static str,
    /// The methods, without HEAD, which every GET brings with it.
    pub operations: Vec<Operation>,
}

/// A method of a path.
#[derive(Debug, Clone)]
pub struct Operation {
    /// The method.
    pub method: Method,
    /// Who may use it.
    pub access: Access,
    /// One sentence for documentation.
    pub summary: &'static str,
    /// What a request consists of.
    pub takes: Takes,
    /// What it answers. Absent for pages, which are for people.
    pub reply: Option<Reply>,
}

impl Operation {
    /// Every error code with which it can refuse a request or fail, in the order of [`ErrorCode::ALL`].
    #[must_use]
    pub fn codes(&self) -> Vec<ErrorCode> {
        use ErrorCode::{Forbidden, InternalError, RateLimited, ServiceUnavailable, Unauthenticated};
        let shared = [Forbidden, RateLimited, InternalError, ServiceUnavailable];
        let session = (self.access != Access::Public).then_some(Unauthenticated);
        let own = self.reply.iter().flat_map(|reply| reply.codes);
        let can: Vec<ErrorCode> =
            shared.into_iter().chain(session).chain(self.takes.codes.iter().chain(own).copied()).collect();
        ErrorCode::ALL.iter().copied().filter(|code| can.contains(code)).collect()
    }
}
