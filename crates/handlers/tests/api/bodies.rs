//! Bodies that are no acceptable JSON object: each refusal says where and why.

use actix_web::{http::Method, test::TestRequest};
use denizen_handlers::ROUTES;
use serde_json::{Value, json};

use crate::support::{
    Api,
    answer::Answer,
    auth::AskedAuth,
    fakes::Asked,
    requests::{post_bytes, request, send_json, target_of},
};

const VERIFICATION: &str = "/api/users/request-email-verification";
const CREATE: &str = "/api/users";
const ALICE: &str = "/api/users/7";

#[track_caller]
fn assert_refused(answer: &Answer, line: usize, column: usize, reason: &str) {
    let details = answer.expect_error(400, "INVALID_REQUEST_BODY", "Invalid request body");
    assert_eq!(details, json!({ "line": line, "column": column, "reason": reason }));
}

/// Sends each body to `target`, which must refuse it.
async fn assert_all_refused(target: &str, cases: &[(&[u8], usize, usize, &str)]) {
    let api = Api::start().await;
    for (body, line, column, reason) in cases {
        let answer = api.send(post_bytes(target, body.to_vec())).await;
        assert_refused(&answer, *line, *column, reason);
    }
    assert!(api.users.is_untouched());
}

#[actix_web::test]
async fn what_is_no_json_is_refused_at_its_place() {
    let cases: [(&[u8], usize, usize, &str); 9] = [
        (b"", 1, 0, "EOF while parsing a value"),
        (b" \n ", 2, 1, "EOF while parsing a value"),
        (b"{", 1, 1, "EOF while parsing an object"),
        (b"{\"email\":", 1, 9, "EOF while parsing a value"),
        (b"{\n  \"email\": nope}", 2, 13, "expected ident"),
        (b"{email: \"x\"}", 1, 2, "key must be a string"),
        (b"{\"email\": \"x\",}", 1, 15, "trailing comma"),
        (b"{'email': 'x'}", 1, 2, "key must be a string"),
        (b"// {}", 1, 1, "expected value"),
    ];
    assert_all_refused(VERIFICATION, &cases).await;
}

#[actix_web::test]
async fn what_is_no_object_is_refused() {
    let array = "invalid type: sequence, expected an object";
    let cases: [(&[u8], usize, usize, &str); 9] = [
        (b"[]", 1, 2, array),
        (b" [\"eve@example.com\"]", 1, 2, array),
        (b"[{\"email\": \"eve@example.com\"}]", 1, 1, array),
        (b"null", 1, 4, "invalid type: null, expected an object"),
        (b"true", 1, 4, "invalid type: boolean `true`, expected an object"),
        (b"0", 1, 1, "invalid type: integer `0`, expected an object"),
        (b"\"email\"", 1, 7, "invalid type: string, expected an object"),
        (b"[\"a\"", 1, 1, array),
        (b"nul", 1, 3, "EOF while parsing a value"),
    ];
    assert_all_refused(VERIFICATION, &cases).await;
}

#[actix_web::test]
async fn nothing_may_follow_the_object_but_white_space() {
    let reason = "trailing characters";
    let cases: [(&[u8], usize, usize, &str); 5] = [
        (b"{} {}", 1, 4, reason),
        (b"{}x", 1, 3, reason),
        (b"{},", 1, 3, reason),
        (b"{}\n\n\0", 3, 1, reason),
        (b"{}\xff", 1, 3, reason),
    ];
    assert_all_refused(VERIFICATION, &cases).await;

    let api = Api::start().await;
    let answer = api.send(post_bytes(VERIFICATION, " \r\n\t{} \r\n\t")).await;
    assert_eq!(answer.status, 202, "{answer:?}");
}

/// Security checklist: 52.
#[actix_web::test]
async fn unknown_members_are_refused_wherever_they_stand() {
    let cases: [(&[u8], usize, usize, &str); 3] = [
        (b"{\"nick\": 1}", 1, 7, "unknown field `nick`, expected `email`"),
        (b"{\"Email\": \"x\"}", 1, 8, "unknown field `Email`, expected `email`"),
        (b"{\"email\": \"x\",\n \"\": 1}", 2, 3, "unknown field ``, expected `email`"),
    ];
    assert_all_refused(VERIFICATION, &cases).await;

    let inside = b"{\"profile\": {\"bio\": \"\", \"motto\": \"\"}}";
    let reason = "unknown field `motto`, expected one of `bio`, `avatar_url`, `location`, `website`, `interests`, \
                  `skills`, `experience`";
    assert_all_refused(CREATE, &[(inside, 1, 31, reason)]).await;
}

#[actix_web::test]
async fn repeated_members_are_refused_wherever_they_stand() {
    let cases: [(&[u8], usize, usize, &str); 4] = [
        (b"{\"email\": \"a\", \"email\": \"a\"}", 1, 22, "duplicate field `email`"),
        (b"{\"age\": null, \"age\": 1}", 1, 19, "duplicate field `age`"),
        (b"{\"age\": 1, \"\\u0061ge\": 1}", 1, 21, "duplicate field `age`"),
        (b"{\"profile\": {\"bio\": \"\", \"bio\": \"\"}}", 1, 29, "duplicate field `bio`"),
    ];
    assert_all_refused(CREATE, &cases).await;
}

#[actix_web::test]
async fn values_of_another_type_are_refused() {
    let cases: [(&[u8], usize, usize, &str); 9] = [
        (b"{\"username\": 5}", 1, 14, "invalid type: integer `5`, expected a string"),
        (b"{\"username\": null}", 1, 17, "invalid type: null, expected a string"),
        (b"{\"age\": 1.5}", 1, 11, "invalid type: floating point `1.5`, expected i64"),
        (b"{\"age\": \"1\"}", 1, 11, "invalid type: string \"1\", expected i64"),
        (
            b"{\"age\": 9223372036854775808}",
            1,
            27,
            "invalid value: integer `9223372036854775808`, expected i64",
        ),
        (b"{\"age\": 1e999}", 1, 13, "number out of range"),
        (b"{\"active\": 1}", 1, 12, "invalid type: integer `1`, expected a boolean"),
        (b"{\"roles\": \"user\"}", 1, 16, "invalid type: string \"user\", expected a sequence"),
        (b"{\"profile\": []}", 1, 14, "invalid type: sequence, expected an object"),
    ];
    assert_all_refused(CREATE, &cases).await;
}

#[actix_web::test]
async fn bytes_that_are_no_text_are_refused() {
    let cases: [(&[u8], usize, usize, &str); 8] = [
        (b"\xef\xbb\xbf{}", 1, 1, "expected value"),
        (b"{\"email\": \"\xff\"}", 1, 12, "invalid unicode code point"),
        (b"{\"email\": \"\xc3\x28\"}", 1, 12, "invalid unicode code point"),
        (b"{\"email\": \"\xed\xa0\x80\"}", 1, 12, "invalid unicode code point"),
        (b"{\"email\": \"\\ud800\"}", 1, 18, "unexpected end of hex escape"),
        (b"{\"email\": \"\\ud800\\u0041\"}", 1, 23, "lone leading surrogate in hex escape"),
        (b"{\"email\": \"\\udc00\"}", 1, 17, "lone leading surrogate in hex escape"),
        (b"{\"email\": \"a\nb\"}", 2, 0, "control character (\\u0000-\\u001F) found while parsing a string"),
    ];
    assert_all_refused(VERIFICATION, &cases).await;
    // UTF-16, which JSON once allowed.
    let wide: Vec<u8> = "{}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_all_refused(VERIFICATION, &[(&wide, 1, 2, "key must be a string")]).await;
}

#[actix_web::test]
async fn escapes_and_pairs_of_surrogates_are_read() {
    let api = Api::start().await;
    let body = br#"{"email": "\ud83e\udd80\u00e9\/\u0000"}"#;
    let answer = api.send(post_bytes(VERIFICATION, body.to_vec())).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    let Asked::RequestVerification(request) = api.users.last_asked() else { panic!("another call") };
    assert_eq!(request.email, "🦀é/\0");
}

/// Security checklist: 55.
#[actix_web::test]
async fn depth_costs_nothing_but_a_refusal() {
    let api = Api::start().await;
    let (open, close) = ("[".repeat(400_000), "]".repeat(400_000));
    for body in [
        open.clone(),
        format!("{open}{close}"),
        format!("{{\"profile\": {open}{close}}}"),
        format!("{{\"roles\": {open}{close}}}"),
        format!("{{\"nick\": {open}{close}}}"),
        "{\"profile\":".repeat(90_000),
    ] {
        let request = request("PUT", ALICE).insert_header(("content-type", "application/json"));
        let answer = api.send(request.set_payload(body)).await;
        let details = answer.expect_error(400, "INVALID_REQUEST_BODY", "Invalid request body");
        assert_eq!(details["line"], 1, "{details}");
    }
    assert!(api.users.is_untouched());
}

#[actix_web::test]
async fn what_a_refusal_quotes_is_short() {
    let body = format!("{{\"{}\": 1}}", "é".repeat(5_000));
    let answer = Api::start().await.send(post_bytes(VERIFICATION, body)).await;
    let details = answer.expect_error(400, "INVALID_REQUEST_BODY", "Invalid request body");
    let reason = details["reason"].as_str().expect("a reason");
    assert_eq!(reason.chars().count(), 200);
    assert!(reason.starts_with("unknown field `éé"), "{reason}");
}

#[actix_web::test]
async fn only_plain_json_is_a_supported_media_type() {
    let api = Api::start().await;
    for media_type in [
        "",
        "text/plain",
        "text/json",
        "application/jsonp",
        "application/problem+json",
        "application/json, text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "; charset=utf-8",
    ] {
        let answer = api.send(json_of_type(media_type)).await;
        let message = "Content-Type must be application/json";
        let details = answer.expect_error(415, "UNSUPPORTED_MEDIA_TYPE", message);
        assert_eq!(details, Value::Null);
    }
    let answer = api.send(request("POST", VERIFICATION).set_payload("{}")).await;
    answer.expect_error(415, "UNSUPPORTED_MEDIA_TYPE", "Content-Type must be application/json");
    assert!(api.users.is_untouched());

    for media_type in
        ["application/json", "APPLICATION/Json", "application/json; charset=utf-8", "application/json ;x"]
    {
        assert_eq!(api.send(json_of_type(media_type)).await.status, 202, "{media_type}");
    }
}

fn json_of_type(media_type: &str) -> TestRequest {
    request("POST", VERIFICATION).insert_header(("content-type", media_type)).set_payload("{}")
}

#[actix_web::test]
async fn no_encoding_of_a_body_is_supported() {
    let api = Api::start().await;
    for encoding in ["gzip", "br", "deflate", "identity", "", "x, y"] {
        for (method, target) in [("POST", CREATE), ("PUT", ALICE), ("PATCH", ALICE), ("POST", VERIFICATION)] {
            let encoded = send_json(method, target, &json!({})).insert_header(("content-encoding", encoding));
            let answer = api.send(encoded).await;
            let message = "Content-Encoding is not supported";
            let details = answer.expect_error(415, "UNSUPPORTED_MEDIA_TYPE", message);
            assert_eq!(details, Value::Null);
        }
    }
    assert!(api.users.is_untouched());
}

/// Every method of every path that takes a body in JSON.
fn readers() -> impl Iterator<Item = (&'static str, String)> {
    let rows = ROUTES
        .iter()
        .flat_map(|route| route.operations.iter().map(|operation| (&operation.method, route.path)));
    let json = rows.filter(|(_, path)| path.starts_with("/api/") || *path == "/ws");
    let json = json.filter(|(method, path)| {
        // What there is to do, these say in their paths.
        let bare = ["/api/auth/logout", "/api/mail/jobs/{id}/retry"].contains(path);
        // A form, with tests of its own.
        let bare = bare || *path == "/api/auth/introspect";
        !bare && ![Method::GET, Method::DELETE].contains(method)
    });
    json.map(|(method, path)| (method.as_str(), target_of(path)))
}

#[actix_web::test]
async fn every_route_reads_its_body_in_the_same_way() {
    let api = Api::start().await;
    for (method, target) in readers() {
        let send = |media_type: &'static str, body: &'static str| {
            api.send(request(method, &target).insert_header(("content-type", media_type)).set_payload(body))
        };
        for (body, reason) in [
            ("", "EOF while parsing a value"),
            ("[]", "invalid type: sequence, expected an object"),
            ("[{}]", "invalid type: sequence, expected an object"),
            ("null", "invalid type: null, expected an object"),
            ("{\"nick\": 1}", "unknown field `nick`, expected "),
            ("{} {}", "trailing characters"),
            ("{", "EOF while parsing an object"),
        ] {
            let answer = send("application/json", body).await;
            let details = answer.expect_error(400, "INVALID_REQUEST_BODY", "Invalid request body");
            let given = details["reason"].as_str().expect("a reason");
            assert!(given.starts_with(reason), "{method} {target} {body}: {given}");
        }
        for media_type in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"] {
            let answer = send(media_type, "{}").await;
            assert_eq!(answer.status, 415, "{method} {target}: {answer:?}");
        }
    }
    assert!(readers().count() >= 14);
    assert!(api.users.is_untouched());
    assert!(api.auth.asked().iter().all(|asked| matches!(asked, AskedAuth::Authenticate(_))));
}

#[actix_web::test]
async fn every_member_is_given_at_most_once() {
    for (target, member) in [
        ("/api/auth/login", "password"),
        ("/api/auth/login", "cookie"),
        ("/api/auth/login", "remember"),
        ("/api/auth/delete-account", "password"),
        ("/api/auth/change-password", "new_password"),
        ("/api/auth/change-email", "email"),
        ("/api/users/verify-email", "token"),
        ("/api/users/verify-email", "username"),
        ("/api/users/accept-invitation", "password"),
        ("/api/users/confirm-email-change", "token"),
        ("/api/users/request-email-verification", "email"),
    ] {
        let value = if ["cookie", "remember"].contains(&member) { "true" } else { "\"x\"" };
        assert_is_given_at_most_once(target, member, value).await;
    }
}

/// The member is refused when it comes twice with this value, and when it is of another type.
pub async fn assert_is_given_at_most_once(target: &str, member: &str, value: &str) {
    let body = format!("{{\"{member}\": {value}, \"{member}\": {value}}}");
    let answer = Api::start().await.send(post_bytes(target, body)).await;
    let details = answer.expect_error(400, "INVALID_REQUEST_BODY", "Invalid request body");
    assert_eq!(details["reason"], format!("duplicate field `{member}`"), "{target}");
    let answer = Api::start().await.send(post_bytes(target, format!("{{\"{member}\": [1]}}"))).await;
    answer.expect_error(400, "INVALID_REQUEST_BODY", "Invalid request body");
}
