//! The description of a route.

use actix_web::http::Method;

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
}
