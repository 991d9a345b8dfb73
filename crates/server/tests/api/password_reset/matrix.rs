//! Who may do what: the rows of this feature.

use serde_json::json;

use crate::{access::matrix::Part, support::http::Request};

pub const PART: Part = Part {
    matrix: "
    POST    /api/users/request-password-reset       200  200  200  200
    POST    /api/users/reset-password               200  200  200  200
    POST    /api/users/validate-reset-token         200  200  200  200
    POST    /api/users/{id}/send-password-reset     401  403  403  202
    GET     /reset-password                         200  200  200  200
    POST    /reset-password                         200  200  200  200
",
    body: |row, target, token| {
        Some(match (row.method, row.path) {
            ("POST", "/api/users/request-password-reset") => json!({ "email": target.email() }),
            ("POST", "/api/users/reset-password") => {
                json!({ "token": token, "new_password": "another horse battery" })
            }
            ("POST", "/api/users/validate-reset-token") => json!({ "token": token }),
            ("POST", "/api/users/{id}/send-password-reset") => json!({}),
            _ => return None,
        })
    },
    form: |row| (row.path == "/reset-password").then_some("new_password=another+horse+battery"),
    mail: |path, target| {
        ["/reset-password", "/validate-reset-token"].contains(&path.trim_start_matches("/api/users")).then(
            || {
                let body = json!({ "email": target.email() });
                (Request::post("/api/users/request-password-reset").json(&body), target.email())
            },
        )
    },
    repeats_address: "/api/users/request-password-reset",
    held: &[(
        "POST  /api/users/{id}/send-password-reset  other  admin  202  body hash commit",
        || json!({ "discard_password": true }),
    )],
};
