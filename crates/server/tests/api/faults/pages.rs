//! Fault 26: folders were listed, hidden files were served, and any method got a file.

use crate::support::{TestServer, http::Request};

#[tokio::test]
async fn there_are_no_folders_and_no_hidden_files() {
    let server = TestServer::start().await;
    for path in [
        "/assets",
        "/assets/",
        "/assets/.",
        "/assets/..",
        "/assets/../Cargo.toml",
        "/assets/%2e%2e/Cargo.toml",
        "/assets/..%2fstyle.css",
        "/assets//style.css",
        "/assets/.env",
        "/assets/style.css/",
        "/assets/style.css%00",
        "/.env",
        "/.git/config",
        "/sub/.env",
        "/index.html",
        "/denizen.db",
        "/denizen.toml",
    ] {
        let response = Request::get(path).send(server.address).await;
        assert_eq!(response.status, 404, "{path}");
        assert!(response.text().contains("There is nothing at this address."), "{path}: {}", response.text());
    }
}

#[tokio::test]
async fn pages_are_got_and_nothing_else() {
    let server = TestServer::start().await;
    for path in ["/", "/assets/style.css", "/assets/icon.svg"] {
        let page = Request::get(path).send(server.address).await;
        assert_eq!(page.status, 200, "{path}");
        assert!(!page.body.is_empty(), "{path}");
        for method in ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "FROB"] {
            let response = Request::new(method, path).send(server.address).await;
            assert_eq!(response.status, 405, "{method} {path}");
            assert_eq!(response.header("Allow"), Some("GET, HEAD"), "{method} {path}");
        }
    }
}
