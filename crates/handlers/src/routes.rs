//! The table of routes: every path, its methods, and who may use each.
//!
//! It drives the check ([`crate::middleware::access_guard`]) as well as the tests: a method that is not in it is refused to everybody. It is the
//! coarse outer door; rules about single users are kept by the services, which do not rely on it.

use actix_web::http::Method;

/// Who may use a method of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everybody, and all alike: nobody looks at who it is.
    Public,
    /// Everybody; whoever has signed in may see or do more.
    Anyone,
    /// Whoever has signed in.
    Member,
    /// The user that the path names, and administrators. For other members there is no such user.
    Owner,
    /// Administrators.
    Admin,
    /// Administrators, or everybody who has signed in: as the services are set.
    Directory,
    /// As [`crate::Demos`] says.
    Demo,
    /// Nobody: the method is not in the table.
    Nobody,
}

/// A path, and who may do what there.
#[derive(Debug)]
pub struct Route {
    /// The pattern of the path.
    pub path: &'static str,
    /// The methods, without HEAD, which goes wherever GET goes.
    pub methods: &'static [(Method, Access)],
}

use Access::{Admin, Anyone, Demo, Directory, Member, Owner, Public};

const GET: Method = Method::GET;
const POST: Method = Method::POST;
const PUT: Method = Method::PUT;
const PATCH: Method = Method::PATCH;
const DELETE: Method = Method::DELETE;

/// Every route.
pub static ROUTES: &[Route] = &[
    route("/health", &[(GET, Public)]),
    route("/livez", &[(GET, Public)]),
    route("/readyz", &[(GET, Public)]),
    route("/metrics", &[(GET, Public)]),
    route("/api/auth/login", &[(POST, Public)]),
    route("/api/auth/logout", &[(POST, Member)]),
    route("/api/auth/session", &[(GET, Member)]),
    route("/api/auth/sessions", &[(GET, Member), (DELETE, Member)]),
    route("/api/auth/sessions/{session}", &[(DELETE, Member)]),
    route("/api/auth/change-password", &[(POST, Member)]),
    route("/api/auth/change-email", &[(POST, Member)]),
    route("/api/users", &[(GET, Directory), (POST, Anyone)]),
    route("/api/users/request-password-reset", &[(POST, Public)]),
    route("/api/users/reset-password", &[(POST, Public)]),
    route("/api/users/validate-reset-token", &[(POST, Public)]),
    route("/api/users/request-email-verification", &[(POST, Public)]),
    route("/api/users/verify-email", &[(POST, Public)]),
    route("/api/users/accept-invitation", &[(POST, Public)]),
    route("/api/users/confirm-email-change", &[(POST, Public)]),
    route("/api/users/{id}/sessions", &[(GET, Admin), (DELETE, Admin)]),
    route("/api/users/{id}/sessions/{session}", &[(DELETE, Admin)]),
    route("/api/users/{id}/send-password-reset", &[(POST, Admin)]),
    route("/api/users/{id:.*}", &[(GET, Owner), (PUT, Owner), (PATCH, Owner), (DELETE, Owner)]),
    route("/api/audit", &[(GET, Admin)]),
    route("/api/mail/jobs", &[(GET, Admin)]),
    route("/api/mail/jobs/{id}", &[(DELETE, Admin)]),
    route("/api/mail/jobs/{id}/retry", &[(POST, Admin)]),
    route("/api/calculate", &[(POST, Demo)]),
    route("/api/tasks", &[(POST, Demo)]),
    route("/api/goroutines", &[(POST, Demo)]),
    route("/ws", &[(GET, Member), (POST, Member)]),
    route("/", &[(GET, Public)]),
    route("/assets/style.css", &[(GET, Public)]),
    route("/assets/icon.svg", &[(GET, Public)]),
    route("/reset-password", &[(GET, Public), (POST, Public)]),
    route("/verify-email", &[(GET, Public), (POST, Public)]),
    route("/accept-invitation", &[(GET, Public), (POST, Public)]),
    route("/confirm-email-change", &[(GET, Public), (POST, Public)]),
];

const fn route(path: &'static str, methods: &'static [(Method, Access)]) -> Route {
    Route { path, methods }
}

/// Who may use this method of the path with this pattern.
pub(crate) fn access(path: &str, method: &Method) -> Access {
    let method = if *method == Method::HEAD { &Method::GET } else { method };
    let route = ROUTES.iter().find(|route| route.path == path);
    let row = route.and_then(|route| route.methods.iter().find(|(listed, _)| listed == method));
    row.map_or(Access::Nobody, |(_, access)| *access)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_path_and_no_method_is_listed_twice() {
        for (index, route) in ROUTES.iter().enumerate() {
            assert!(ROUTES[..index].iter().all(|other| other.path != route.path), "{}", route.path);
            for (index, (method, _)) in route.methods.iter().enumerate() {
                assert!(route.methods[..index].iter().all(|(other, _)| other != method), "{}", route.path);
            }
        }
    }

    #[test]
    fn head_goes_where_get_goes_and_what_is_not_listed_is_for_nobody() {
        assert_eq!(access("/api/users", &Method::HEAD), Access::Directory);
        assert_eq!(access("/api/users", &Method::PUT), Access::Nobody);
        assert_eq!(access("/api/secrets", &Method::GET), Access::Nobody);
    }
}
