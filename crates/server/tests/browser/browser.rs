//! Chromium, as a person uses it: by pointer or by keyboard alone.

use std::{env, process::Stdio, time::Duration};

use fantoccini::{
    Client, ClientBuilder, Locator, elements::Element, key::Key, wd::WebDriverCompatibleCommand,
};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
    time::timeout,
};
use url::{ParseError, Url};

/// Longer than anything here takes.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// How a person uses the browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Pointer,
    /// Without a single click.
    Keyboard,
    WithoutScript,
}

pub struct Browser {
    pub client: Client,
    way: Way,
    _driver: Child,
    _profile: TempDir,
}

impl Browser {
    pub async fn start(way: Way) -> Self {
        let profile = TempDir::new().expect("a temporary folder");
        let (driver, port) = start_driver().await;
        let capabilities = json!({
            "browserName": "chrome",
            "goog:loggingPrefs": { "browser": "INFO" },
            "goog:chromeOptions": {
                "args": [
                    "--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu",
                    "--window-size=1000,1000", format!("--user-data-dir={}", profile.path().display()),
                ],
                "prefs": {
                    "profile.managed_default_content_settings.javascript": if way == Way::WithoutScript { 2 } else { 1 },
                    "credentials_enable_service": false,
                },
            },
        });
        let Value::Object(capabilities) = capabilities else { unreachable!("it is an object") };
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .expect("a browser that starts");
        Self { client, way, _driver: driver, _profile: profile }
    }

    pub async fn open(&self, url: &str) {
        self.client.goto(url).await.expect("a page");
    }

    /// Types into the field of this name.
    pub async fn fill(&self, name: &str, text: &str) {
        let field = if self.way == Way::Keyboard {
            self.reach(async |element| element.attr("name").await.ok().flatten().as_deref() == Some(name))
                .await
        } else {
            self.find(&format!("main [name={name}]")).await
        };
        field.send_keys(text).await.expect("a field to type into");
    }

    /// Presses the button, or follows the link, with this text, and waits for the page that follows.
    pub async fn press(&self, text: &str) {
        self.press_below("body", text).await;
    }

    /// The same, where the navigation has one with the same text.
    pub async fn press_in_form(&self, text: &str) {
        self.press_below("main", text).await;
    }

    async fn press_below(&self, place: &str, text: &str) {
        let before = self.find("html").await;
        if self.way == Way::Keyboard {
            let button = async |element: &Element| {
                let tag = element.tag_name().await.unwrap_or_default();
                (place == "body" || tag == "button") && element.text().await.is_ok_and(|shown| shown == text)
            };
            let element = self.reach(button).await;
            element.send_keys(&Key::Enter).await.expect("a button to press");
        } else {
            let path = format!("//{place}//*[self::a or self::button][normalize-space()='{text}']");
            let element = self.client.find(Locator::XPath(&path)).await;
            element.unwrap_or_else(|error| panic!("{text}: {error}")).click().await.expect("a click");
        }
        // The root of the page before is gone when the next one is there.
        let gone = async { while before.tag_name().await.is_ok() {} };
        timeout(PATIENCE, gone).await.unwrap_or_else(|_| panic!("{text} leads to another page"));
        self.find("h1").await;
    }

    /// Goes on with the tabulator until an element is found.
    async fn reach(&self, wanted: impl AsyncFn(&Element) -> bool) -> Element {
        for _ in 0..40 {
            let element = self.client.active_element().await.expect("an element with the focus");
            if wanted(&element).await {
                return element;
            }
            element.send_keys(&Key::Tab).await.expect("a key");
        }
        panic!("the keyboard reaches no such element: {}", self.text().await);
    }

    async fn find(&self, selector: &str) -> Element {
        let found = self.client.wait().at_most(PATIENCE).for_element(Locator::Css(selector)).await;
        found.unwrap_or_else(|error| panic!("{selector}: {error}"))
    }

    pub async fn text(&self) -> String {
        self.find("body").await.text().await.expect("a text")
    }

    pub async fn heading(&self) -> String {
        self.find("h1").await.text().await.expect("a text")
    }

    /// What the page tells beside its form.
    pub async fn notice(&self) -> String {
        self.find(".notice").await.text().await.expect("a text")
    }

    pub async fn url(&self) -> String {
        self.client.current_url().await.expect("a URL").into()
    }

    /// Fails if the browser has complained about anything: an error of a script, a file that does not load, a violation of the
    /// policy.
    pub async fn expect_no_complaints(&self) {
        let log = self.command("se/log", json!({ "type": "browser" })).await;
        assert_eq!(log, json!([]), "the console of the browser");
    }

    /// The same after pages with the status of an error, which the browser reports.
    pub async fn expect_complaints_about_status_alone(&self) {
        let log = self.command("se/log", json!({ "type": "browser" })).await;
        let messages = log.as_array().into_iter().flatten().map(|entry| entry["message"].to_string());
        for message in messages {
            assert!(message.contains("the server responded with a status of 4"), "{message}");
        }
    }

    /// A command of Chrome's own protocol.
    pub async fn devtools(&self, command: &str, parameters: Value) -> Value {
        self.command("goog/cdp/execute", json!({ "cmd": command, "params": parameters })).await
    }

    async fn command(&self, path: &'static str, body: Value) -> Value {
        let answer = self.client.issue_cmd(DriverCommand { path, body }).await;
        answer.unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    pub async fn close(self) {
        self.client.close().await.expect("a browser that ends");
    }
}

/// A command of ChromeDriver that WebDriver does not know.
#[derive(Debug)]
struct DriverCommand {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for DriverCommand {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(self.body.to_string()))
    }
}

/// Starts ChromeDriver on a port of its choice; it ends with the test.
async fn start_driver() -> (Child, u16) {
    let driver = env::var("CHROMEDRIVER").unwrap_or_else(|_| "chromedriver".to_owned());
    let mut driver = Command::new(driver)
        .arg("--port=0")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("chromedriver, which `cargo xtask test` installs");
    let mut lines = BufReader::new(driver.stdout.take().expect("a pipe")).lines();
    let port = async {
        while let Some(line) = lines.next_line().await.expect("a text") {
            if let Some((_, port)) = line.split_once("successfully on port ") {
                return port.trim_end_matches('.').parse().expect("a port");
            }
        }
        panic!("chromedriver does not start")
    };
    let port = timeout(PATIENCE, port).await.expect("chromedriver starts");
    // Else it would stop when nobody reads what it prints.
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    (driver, port)
}
