//! The description of a route.

use actix_web::{HttpRequest, http::Method};
use denizen_models::KeyScope;
use ipnet::IpNet;

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
    /// Programs with a service key.
    Service,
    /// Proxies, for every client: the answer says who the client is.
    Proxy,
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
            Self::Service => "programs",
            Self::Proxy => "trusted proxies and all clients",
        }
    }

    /// Admits programs, too: service keys with at least one of these scopes.
    pub(crate) const fn or_key(self, scopes: &'static [KeyScope]) -> Rule {
        Rule { access: self, scopes }
    }
}

/// Who may use a method of a path: users, and programs with a service key.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rule {
    pub(crate) access: Access,
    /// One of these is enough; service keys are refused if there is none.
    pub(crate) scopes: &'static [KeyScope],
}

impl From<Access> for Rule {
    fn from(access: Access) -> Self {
        access.or_key(&[])
    }
}

/// What clients may take of the server by a path, and how it speaks of errors.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct RouteLimits {
    /// The longest body, in bytes.
    pub(crate) max_body: usize,
    /// Whether the path is outside the rate limit per IP address.
    pub(crate) unlimited: bool,
    /// Whether it is outside that limit for trusted proxies.
    pub(crate) unlimited_for_proxies: bool,
    /// Whether errors are as RFC 6749, section 5.2, describes them.
    pub(crate) oauth_errors: bool,
}

impl RouteLimits {
    /// Returns whether the rate limit per IP address applies to the request.
    pub(crate) fn is_limited(request: &HttpRequest, trusted: &[IpNet]) -> bool {
        let Some(limits) = request.app_data::<Self>() else { return true };
        let is_proxy = || {
            let peer = request.peer_addr().map(|peer| peer.ip().to_canonical());
            peer.is_some_and(|peer| trusted.iter().any(|net| net.contains(&peer)))
        };
        !(limits.unlimited || limits.unlimited_for_proxies && is_proxy())
    }
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
    /// The scopes of service keys that may use it: one is enough, and without any no key may.
    pub scopes: &'static [KeyScope],
    /// One sentence for documentation.
    pub summary: &'static str,
    /// What a request consists of.
    pub takes: Takes,
    /// What it answers. Absent for pages, which are for people.
    pub reply: Option<Reply>,
}

impl Operation {
    /// Returns who may use it, for readers.
    #[must_use]
    pub fn allowed(&self) -> String {
        if self.scopes.is_empty() {
            return self.access.words().to_owned();
        }
        let scopes: Vec<_> = self.scopes.iter().map(|scope| format!("`{}`", scope.as_str())).collect();
        let keys = format!("service keys with the scope {}", scopes.join(" or "));
        if self.access == Access::Service { keys } else { format!("{}; {keys}", self.access.words()) }
    }

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
