//! The rows of the pages for people, and what people type there.

use crate::support::production::PASSWORD;

pub const MATRIX: &str = "
    GET     /sign-in                                200  200  200  200
    POST    /sign-in                                303  303  303  303
    GET     /sign-out                               303  200  200  200
    POST    /sign-out                               401  303  303  303
    GET     /sign-up                                200  200  200  200
    POST    /sign-up                                303  303  303  303
    GET     /account                                401  200  200  200
    POST    /account                                401  303  303  303
    GET     /account/password                       401  200  200  200
    POST    /account/password                       401  303  303  303
    GET     /account/email                          401  200  200  200
    POST    /account/email                          401  303  303  303
    GET     /account/sessions                       401  200  200  200
    POST    /account/sessions                       401  303  303  303
    GET     /account/delete                         401  200  200  200
    POST    /account/delete                         401  303  303  303
    GET     /.well-known/change-password            303  303  303  303
";

/// What a person types into the form of this page, about an account of this name.
pub fn form(method: &str, path: &str, name: &str) -> Option<String> {
    let password = PASSWORD.replace(' ', "+");
    Some(match (method, path) {
        ("POST", "/sign-in") => format!("login={name}&password={password}"),
        ("POST", "/sign-up") => format!("email=up_{name}%40example.com"),
        ("POST", "/account") => format!("username=r_{name}&first_name=A&last_name=B"),
        ("POST", "/account/password") => {
            format!("current_password={password}&new_password=another+horse+battery")
        }
        ("POST", "/account/email") => format!("email=page_{name}%40example.com&password={password}"),
        ("POST", "/account/delete") => format!("password={password}"),
        ("POST", "/sign-out" | "/account/sessions") => String::new(),
        _ => return None,
    })
}

pub fn is_page(path: &str) -> bool {
    !path.starts_with("/api") && path != "/ws"
}
