//! Faults of the configuration: settings that had no effect, and nonsense that was accepted.

use tempfile::TempDir;
use tokio::net::TcpStream;

use crate::support::{
    http::{Request, Response},
    process::{Process, run, run_with},
};

/// Fault 28: whatever the configuration said, the server listened on all interfaces.
#[tokio::test]
async fn it_listens_on_the_named_address_only() {
    let folder = TempDir::new().unwrap();
    let process = Process::start(folder.path()).await;
    let elsewhere = (std::net::Ipv4Addr::new(127, 0, 0, 2), process.address.port());
    assert!(TcpStream::connect(process.address).await.is_ok());
    assert!(TcpStream::connect(elsewhere).await.is_err());
}

/// Fault 28: the allowed origins had no effect; every page of every site could call the API.
/// Security checklist: 59.
#[tokio::test]
async fn only_configured_origins_are_allowed() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("denizen.toml"), "cors_origins = [\"https://app.example.org\"]")
        .unwrap();
    let process = Process::start(folder.path()).await;
    let allowed = |response: &Response| response.header("Access-Control-Allow-Origin").map(str::to_owned);
    for (origin, expected) in [
        ("https://app.example.org", Some("https://app.example.org")),
        ("https://app.example.org.evil.example", None),
        ("http://app.example.org", None),
        ("null", None),
    ] {
        let response = Request::get("/api/users/1").header("Origin", origin).send(process.address).await;
        response.succeeded(200);
        assert_eq!(allowed(&response).as_deref(), expected, "{origin}");
        let vary: Vec<_> =
            response.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("vary")).collect();
        assert!(vary.iter().any(|(_, value)| value == "Origin"), "{vary:?}");
    }
    let preflight = |path: &str, method: &str| {
        Request::new("OPTIONS", path)
            .header("Origin", "https://app.example.org")
            .header("Access-Control-Request-Method", method)
    };
    let blessed = preflight("/api/users/1", "PUT").send(process.address).await;
    assert_eq!((blessed.status, blessed.header("Access-Control-Max-Age")), (204, Some("3600")));
    assert_eq!(blessed.header("Access-Control-Allow-Methods"), Some("DELETE, GET, HEAD, PATCH, PUT"));
    // Browsers read no further than the status: what does not exist must not get a good one.
    preflight("/api/users", "PATCH").send(process.address).await.refused(405, "METHOD_NOT_ALLOWED");
    preflight("/api/nope", "GET").send(process.address).await.refused(404, "NOT_FOUND");
}

/// Fault 28: the log level had no effect.
#[tokio::test]
async fn the_log_filter_filters() {
    let folder = TempDir::new().unwrap();
    let filter = "warn,denizen_server=info";
    let process = Process::start_with(folder.path(), &["--log", filter]).await;
    Request::get("/livez").send(process.address).await.succeeded(200);
    let log = process.stop().await;
    assert!(log.iter().any(|line| line.contains("listening on")), "{log:#?}");
    assert!(!log.iter().any(|line| line.contains("denizen::access")), "{log:#?}");
}

/// A slip would show nothing at all.
#[tokio::test]
async fn a_log_filter_that_matches_nothing_is_an_error() {
    let folder = TempDir::new().unwrap();
    for (arguments, environment) in [
        (&["--log", "inof"][..], &[][..]),
        (&[], &[("DENIZEN_LOG", "warn,denizen_service=debug")]),
        (&[], &[("RUST_LOG", "garbage=")]),
    ] {
        let output = run_with(folder.path(), arguments, environment).await;
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert!(
            stderr.contains("- `log` = ") && stderr.contains(" has no effect; expected one of "),
            "{stderr}"
        );
    }
}

/// Fault 29: a setting was overridden in silence; and settings that do not exist were no error.
#[tokio::test]
async fn a_setting_that_does_not_exist_is_an_error() {
    let folder = TempDir::new().unwrap();
    for name in ["DENIZEN_DEBUG_MODE", "DENIZEN_SERVER_PORT", "DENIZEN_BNID"] {
        let output = run_with(folder.path(), &[], &[(name, "false")]).await;
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert!(
            stderr.contains(&format!("environment variable {name}: there is no such setting")),
            "{stderr}"
        );
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// Fault 30: a port like `18080abc` passed the checks, and the server died at listening.
#[tokio::test]
async fn a_port_is_a_number_before_anything_is_started() {
    let folder = TempDir::new().unwrap();
    for address in ["127.0.0.1:18080abc", "127.0.0.1:99999", "127.0.0.1", ":8080", "127.0.0.1:-1", ""] {
        for command in [&["serve"][..], &["config", "check"]] {
            let output = run(folder.path(), &[command, &["--bind", address]].concat()).await;
            let stderr = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(2), "{stderr}");
            assert!(stderr.contains(&format!("`bind` = {address:?} (flag --bind)")), "{stderr}");
        }
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
