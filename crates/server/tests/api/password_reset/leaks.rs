//! Nothing that opens anything is anywhere but where it belongs.

mod search;
mod story;

use std::collections::BTreeSet;

use denizen_testkit::{SmtpCommand, SmtpFault};
use serde_json::{Value, json};
use tokio::time::timeout;

use self::{
    search::{Kind, Name, Searcher},
    story::{Story, form, login, post},
};
use crate::support::{
    PATIENCE,
    account::choices,
    api::{user, with},
    http::Request,
};

/// How a mail server that knows no AUTH may answer to ours.
const AUTH_IN_WORDS: &str = "501 syntax error: 'AUTH PLAIN AGRlbml6ZW4AdGhlIHJlbGF5J3Mgb3duL3Bhc3N3b3JkIDQy'";

/// Everything there is to do with accounts, and much that goes wrong.
async fn whole_story() -> Story {
    let mut story = Story::begin();
    let olga = operators(&mut story).await;
    let mut everything = story.connect(&olga).await;
    everything.say("subscribe", json!({ "topic": "user_events" })).await;
    everything.settle().await;
    let alice = alice_signs_up(&mut story).await;
    let alice = alice_changes(&mut story, &alice).await;
    bob_is_invited(&mut story, &olga).await;
    resets(&mut story, &olga).await;
    sessions(&mut story, &olga, &alice).await;
    mails(&mut story, &olga).await;
    refusals(&mut story, &olga).await;
    for target in ["/api/audit?limit=200", "/api/users", "/api/users?search=alice", "/api/auth/sessions"] {
        story.ask(Request::get(target).bearer(&olga), 200).await;
    }
    story.ask(Request::get("/metrics").anonymous(), 200).await;
    story.ask(Request::post("/api/auth/logout").bearer(&olga), 200).await;
    story.see_off(everything).await;
    story
}

/// Gives the session of olga, an administrator.
async fn operators(story: &mut Story) -> String {
    let password = story.password("velvet: olga's tractor? 71");
    let create = "user create --username olga --email olga@example.com --admin --password-stdin";
    let (code, said) = story.operate(create, password).await;
    assert_eq!(code, Some(0), "{said}");
    story.hear("user create", said, &[]);
    let (code, said) = story.operate("user create --username no --email no --password-stdin", password).await;
    assert_eq!((code, said.as_str()), (Some(2), ""));
    let (_, said) = story.operate("setup-link --username root --email root@example.com", "").await;
    let token = said.trim_end().rsplit('=').next().expect("a token").to_owned();
    let name = story.mailed_token("setup", &token);
    story.hear("setup-link", said, &[name]);
    for command in ["config print", "config check", "mail list"] {
        let (code, said) = story.operate(command, "").await;
        assert_eq!(code, Some(0), "{said}");
        story.hear(command, said, &[]);
    }
    // Mail servers quote what they do not understand, be it a password.
    story.post.fail(SmtpFault::Reply(SmtpCommand::Auth, AUTH_IN_WORDS));
    story.start_server().await;
    story.password(denizen_server::SAMPLE_PASSWORD);
    story.enter(login("olga", password), "olga").await
}

/// Follows the link to a page as people and scanners do.
async fn follow(story: &mut Story, page: &str, token: &str) {
    for method in ["GET", "HEAD"] {
        story.ask(Request::new(method, &format!("{page}?token={token}")), 200).await;
    }
    story.ask(Request::get(&format!("{page}?token={token}&token={token}")), 200).await;
}

/// Gives a session of alice, a stranger until then.
async fn alice_signs_up(story: &mut Story) -> String {
    let password = story.password("alice & 1000 hatters/teas");
    let sign_up = || post("/api/users", json!({ "email": "alice@example.com" }));
    story.ask(sign_up(), 202).await;
    story.log_line("the mail server refuses the login: 501 ").await;
    story.post.recover();
    let token = story.mail("alice@example.com", "sign-up").await;
    story.look_into_the_database();
    follow(story, "/verify-email", &token).await;
    let verify = post("/api/users/verify-email", choices(&token, "alice", password));
    story.ask(verify.clone(), 200).await;
    story.ask(verify, 400).await;
    story.ask(sign_up(), 202).await;
    story.enter(login("alice@example.com", password), "alice, the first").await
}

/// Alice gets another password and another address; gives her session.
async fn alice_changes(story: &mut Story, session: &str) -> String {
    let (old, new) = ("alice & 1000 hatters/teas", story.password("alice + 2000 dormice: naps"));
    let wrong = story.password("alice guesses at random");
    story.ask(login("alice", wrong), 401).await;
    // People type passwords where their names belong.
    story.ask(login(wrong, old), 401).await;
    let change = |current: &str, new: &str| {
        let body = json!({ "current_password": current, "new_password": new });
        Request::post("/api/auth/change-password").bearer(session).json(&body)
    };
    story.ask(change(wrong, new), 403).await;
    story.ask(change(old, "short"), 400).await;
    let session = story.enter(change(old, new), "alice, renewed").await;
    story.ask(login("alice", old), 401).await;
    let body = json!({ "email": "alice@elsewhere.example", "password": new });
    story.ask(Request::post("/api/auth/change-email").bearer(&session).json(&body), 202).await;
    let token = story.mail("alice@elsewhere.example", "e-mail change").await;
    follow(story, "/confirm-email-change", &token).await;
    story.look_into_the_database();
    story.ask(form(&format!("/confirm-email-change?token={token}"), ""), 303).await;
    session
}

async fn bob_is_invited(story: &mut Story, olga: &str) {
    let password = story.password("bob <3 the invitation!");
    story.ask(Request::post("/api/users").bearer(olga).json(&user("bob")), 201).await;
    let token = story.mail("bob@example.com", "invitation").await;
    follow(story, "/accept-invitation", &token).await;
    let target = format!("/accept-invitation?token={token}");
    story.ask(form(&target, "password=short"), 400).await;
    story.ask(form(&target, "password=bob+%3C3+the+invitation%21"), 303).await;
    story.ask(form(&target, "password=bob+%3C3+the+invitation%21"), 400).await;
    let cookie = json!({ "login": "bob", "password": password, "cookie": true });
    let token = story.enter(post("/api/auth/login", cookie), "bob's browser").await;
    let with_cookie = |method: &str, target: &str| {
        Request::new(method, target).anonymous().header("Cookie", &format!("__Host-denizen_session={token}"))
    };
    story.ask(with_cookie("GET", "/api/auth/session"), 200).await;
    let logout = with_cookie("POST", "/api/auth/logout");
    story.ask(logout.clone().header("Origin", "https://evil.example.com"), 403).await;
    story.ask(logout.header("Sec-Fetch-Site", "same-origin"), 200).await;
}

async fn resets(story: &mut Story, olga: &str) {
    let [of_alice, of_bob] =
        ["alice once more: 3 = 3", "bob/bob/bob, reset 4"].map(|text| story.password(text));
    for email in ["alice@elsewhere.example", "nobody@example.com"] {
        let request = post("/api/users/request-password-reset", json!({ "email": email }));
        story.ask(request.clone(), 200).await;
        story.ask(request, 429).await;
    }
    let token = story.mail("alice@elsewhere.example", "reset").await;
    follow(story, "/reset-password", &token).await;
    story.look_into_the_database();
    story.ask(post("/api/users/validate-reset-token", json!({ "token": token })), 200).await;
    for broken in broken_bodies(&token).chain(broken_bodies(of_alice)) {
        story.ask(broken, 400).await;
    }
    let reset = |password: &str| {
        post("/api/users/reset-password", json!({ "token": token, "new_password": password }))
    };
    story.ask(reset("short"), 400).await;
    story.ask(reset(of_alice).header("Content-Encoding", "gzip"), 415).await;
    story.ask(reset(of_alice), 200).await;
    story.ask(reset(of_alice), 400).await;

    let body = json!({ "discard_password": true });
    let path = format!("/api/users/{}/send-password-reset", id_of(story, olga, "bob").await);
    story.ask(Request::post(&path).bearer(olga).json(&body), 202).await;
    let token = story.mail("bob@example.com", "sent reset").await;
    let target = format!("/reset-password?token={token}");
    story.ask(form(&target, "new_password=%zz"), 400).await;
    story.ask(form(&target, "new_password=bob%2Fbob%2Fbob%2C+reset+4"), 303).await;
    story
        .ask(login("bob", of_bob).header("Authorization", "Basic Ym9iOmJvYi9ib2IvYm9iLCByZXNldCA0"), 200)
        .await;
}

async fn id_of(story: &mut Story, olga: &str, name: &str) -> u64 {
    let found = story.ask(Request::get(&format!("/api/users?search={name}")).bearer(olga), 200).await;
    found.json()["data"][0]["id"].as_u64().expect("a number")
}

/// A secret in bodies that nobody can read.
fn broken_bodies(secret: &str) -> impl Iterator<Item = Request> {
    let bodies = move |member: &str| {
        [
            format!("{{\"{member}\": \"{secret}\""),
            format!("{{\"{member}\": \"{secret}"),
            format!("{{\"{member}\": \"{secret}\u{1}\"}}"),
            format!("{{\"{member}\": \"{secret}\\x\"}}"),
            format!("{{\"{member}\": [\"{secret}\"]}}"),
            format!("{{\"{member}\": {{\"{secret}\": 1}}}}"),
            format!("{{\"{member}\": \"{secret}\", \"{member}\": \"{secret}\"}}"),
            format!("{{\"{member}\": \"{secret}\"}} {secret}"),
            format!("\"{secret}\""),
            format!("[\"{secret}\"]"),
            secret.to_owned(),
        ]
    };
    let routes = [
        ("/api/auth/login", "password"),
        ("/api/auth/login", "login"),
        ("/api/users", "password"),
        ("/api/users/reset-password", "token"),
        ("/api/users/reset-password", "new_password"),
        ("/api/users/validate-reset-token", "token"),
        ("/api/users/verify-email", "token"),
        ("/api/users/verify-email", "password"),
        ("/api/users/accept-invitation", "password"),
        ("/api/users/confirm-email-change", "token"),
    ];
    let requests: Vec<Request> = routes
        .into_iter()
        .flat_map(|(path, member)| bodies(member).map(|body| post(path, json!({})).body(body)))
        .collect();
    requests.into_iter()
}

/// Sessions are listed and ended, and their sockets with them.
async fn sessions(story: &mut Story, olga: &str, renewed: &str) {
    let mut sessions = Vec::new();
    for name in ["alice's phone", "alice's laptop"] {
        sessions.push(story.enter(login("alice", "alice once more: 3 = 3"), name).await);
    }
    let [phone, laptop] = &sessions[..] else { panic!("two of them") };
    let (on_phone, mut on_laptop) = (story.connect(phone).await, story.connect(laptop).await);
    on_laptop.say("broadcast", json!({ "text": "hello" })).await;
    on_laptop.send_frame(format!("{{\"type\": \"{laptop}\", ").into()).await;
    story.ask(Request::get("/ws").bearer(phone), 200).await;
    story.ask(Request::get(&format!("/ws?token={phone}")).anonymous(), 401).await;
    let listed = story.ask(Request::get("/api/auth/sessions").bearer(phone), 200).await.json();
    let laptops = listed["data"].as_array().expect("a list").iter().find(|it| it["current"] == false);
    let target = format!("/api/auth/sessions/{}", laptops.expect("another session")["id"]);
    story.ask(Request::new("DELETE", &target).bearer(phone), 200).await;
    story.see_off(on_laptop).await;
    let target = format!("/api/users/{}/sessions", id_of(story, olga, "alice").await);
    story.ask(Request::get(&target).bearer(olga), 200).await;
    story.ask(Request::new("DELETE", &target).bearer(olga), 200).await;
    story.see_off(on_phone).await;
    for dead in [renewed, phone, laptop] {
        story.ask(Request::get("/api/auth/session").bearer(dead), 401).await;
    }
}

/// A mail that cannot be delivered, and what operators see of it.
async fn mails(story: &mut Story, olga: &str) {
    story.post.fail(SmtpFault::Reply(SmtpCommand::Content, "554 blocked link ?token= in the mail"));
    let created = story.ask(Request::post("/api/users").bearer(olga).json(&user("carol")), 201).await;
    let request = created.header("X-Request-ID").expect("an id");
    story.log_line(&format!("mail invitation of {request} is given up: ")).await;
    let is_it = |job: &&Value| job["request_id"] == request;
    let given_up = async {
        loop {
            let dead = story.ask(Request::get("/api/mail/jobs?state=dead").bearer(olga), 200).await.json();
            if let Some(job) = dead["data"].as_array().expect("a list").iter().find(is_it) {
                return job["id"].clone();
            }
        }
    };
    let job = timeout(PATIENCE, given_up).await.expect("a mail that is given up");
    story.look_into_the_database();
    story.post.recover();
    story.ask(Request::post(&format!("/api/mail/jobs/{job}/retry")).bearer(olga), 200).await;
    story.mail("carol@example.com", "second invitation").await;
    let (_, said) = story.operate("mail list", "").await;
    story.hear("mail list", said, &[]);
}

/// Each kind of refusal, asked for with a secret.
async fn refusals(story: &mut Story, olga: &str) {
    let password = story.password("nobody's password at all");
    story.password("8675309867530986");
    let number = json!(8_675_309_867_530_986_u64);
    let bob = story.enter(login("bob", "bob/bob/bob, reset 4"), "bob").await;
    let body = json!({ "password": password });
    let by_bob = |method: &str, target: &str| Request::new(method, target).bearer(&bob);
    for (request, status) in [
        (post("/api/auth/login", json!({ "login": "bob", "password": number })), 400),
        (post("/api/users", with(user("dave"), json!({ "password": number }))), 400),
        (login("bob", &password.repeat(20)), 400),
        (Request::get("/api/auth/session").bearer(&format!("{bob} {bob}")), 401),
        (Request::get("/api/auth/session").header("Authorization", &format!("Basic {bob}")), 401),
        (Request::get("/api/auth/session").header("Authorization", &bob), 401),
        (by_bob("GET", "/api/users"), 403),
        (by_bob("PATCH", "/api/users/999").json(&json!({ "first_name": "Bob" })), 404),
        (by_bob("POST", "/api/nowhere").json(&body), 404),
        (by_bob("PUT", "/api/auth/login").json(&body), 405),
        (Request::post("/api/users").bearer(olga).json(&with(user("bob"), body.clone())), 409),
        (by_bob("DELETE", &format!("/api/auth/sessions/{bob}")), 404),
        (by_bob("GET", &format!("/reset-password/{bob}")), 404),
        (by_bob("GET", &format!("/api/users/{bob}")), 400),
        (by_bob("GET", &format!("/api/auth/session?token={bob}")), 400),
        (post("/api/auth/login", json!({})).body(password.repeat(100_000)), 413),
        (Request::post("/api/auth/login").header("Content-Type", "text/plain").body(password), 415),
    ] {
        story.ask(request, status).await;
    }
}

/// Security checklist: 7, 8, 31, 44, 53.
#[tokio::test]
async fn no_secret_is_anywhere_but_where_it_belongs() {
    let mut story = whole_story().await;
    let (log, files) = story.end().await;
    let mut searcher = Searcher::default();
    for ((kind, of), secret) in &story.secrets {
        searcher.add(*kind, of, secret);
    }

    // The log, in which everything was written that anybody had to say.
    let text = log.join("\n");
    assert!(
        story.requests.iter().all(|id| text.contains(id.as_str())),
        "the log does not know every request"
    );
    for talkative in ["TRACE", " DEBUG denizen_", " rustls"] {
        assert!(text.contains(talkative), "there is no {talkative:?} in the log");
    }
    let leaking: Vec<&String> =
        log.iter().filter(|line| !searcher.found_in(line.as_bytes()).is_empty()).collect();
    assert!(leaking.is_empty(), "{leaking:#?}");
    assert_eq!(searcher.found_in(text.replace('\n', "").as_bytes()), BTreeSet::new());
    // Answers, errors, metrics, mails, frames, and what operators are shown: what is theirs, and nothing else.
    for told in &story.told {
        let holds: BTreeSet<Name> = told.holds.iter().cloned().collect();
        assert_eq!(searcher.found_in(&told.bytes), holds, "{}: {}", told.what, told.bytes.escape_ascii());
    }
    // The database: what it needs to recognise people, each in its place.
    let mut kept = BTreeSet::new();
    for cell in &story.cells {
        let place = (cell.place.0.as_str(), cell.place.1.as_str());
        kept.extend(searcher.found_in(&cell.bytes).into_iter().map(|(kind, _)| (place, kind)));
    }
    let expected = BTreeSet::from([
        (("registrations", "token"), Kind::MailedTokenHash),
        (("secrets", "value"), Kind::ServiceSecret),
        (("sessions", "hash"), Kind::SessionTokenHash),
        (("tokens", "hash"), Kind::MailedTokenHash),
        (("users", "password_hash"), Kind::PasswordHash),
    ]);
    assert_eq!(kept, expected);
    let in_files: BTreeSet<Kind> = searcher.found_in(&files).into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(in_files, expected.into_iter().map(|(_, kind)| kind).collect());
}
