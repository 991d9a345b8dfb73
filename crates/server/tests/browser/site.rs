//! The service in its production profile, an application on another origin, and a mail server.

use denizen_hashing::Argon2Cost;
use denizen_server::{
    Application, Overrides,
    config::{
        BIND, Config, ConfigFile, DATABASE, MAIL, MAIL_FROM, PROFILE, PUBLIC_URL, REGISTRATION,
        RETURN_ORIGINS, SERVICE_NAME, Settings,
    },
};
use denizen_testkit::{SmtpSecurity, SmtpServer};
use std::{net, time::Duration};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    sync::oneshot,
    time::timeout,
};

pub struct Site {
    /// `http://localhost:PORT`
    pub url: String,
    /// The origin of the application.
    pub app: String,
    smtp: SmtpServer,
    _folder: TempDir,
    _stop: oneshot::Sender<()>,
}

/// A page of an application.
const WELCOME: &str =
    "<!doctype html><html lang=en><link rel=icon href=data:,><title>App</title><h1>Welcome back</h1>";

impl Site {
    pub async fn start() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let smtp = SmtpServer::start(SmtpSecurity::None);
        let app = start_application().await;
        // Links need the port before there is a server.
        let free = net::TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a port");
        let url = format!("http://localhost:{}", free.port());
        let database = format!("sqlite://{}", folder.path().join("denizen.db").display());
        let (bind, mail) = (free.to_string(), format!("smtp://{}", smtp.address()));
        let flags = [
            (&BIND, bind),
            (&PROFILE, "production".to_owned()),
            (&DATABASE, database),
            (&PUBLIC_URL, url.clone()),
            (&MAIL, mail),
            (&MAIL_FROM, "Example <accounts@example.com>".to_owned()),
            (&REGISTRATION, "open".to_owned()),
            (&RETURN_ORIGINS, app.clone()),
            (&SERVICE_NAME, "Example".to_owned()),
        ];
        let settings = Settings::resolve(flags, &ConfigFile::Optional("none.toml".into()), [("", ""); 0]);
        let config = Config::from_settings(&settings).expect("a valid configuration");
        let overrides = Overrides {
            create_database: true,
            hash_cost: Some(Argon2Cost::CHEAPEST),
            ..Overrides::default()
        };
        let application = Application::build_with(config, overrides).await.expect("a server that starts");
        let (stop, stopped) = oneshot::channel::<()>();
        tokio::spawn(application.run_until(async move {
            let _ = stopped.await;
        }));
        Self { url, app, smtp, _folder: folder, _stop: stop }
    }

    /// The link in the next mail that has one.
    pub async fn mailed_link(&self) -> String {
        loop {
            let mail = timeout(Duration::from_secs(30), self.smtp.next_mail()).await.expect("a mail");
            let mut words = mail.letter.text.split_whitespace();
            if let Some(link) = words.find(|word| word.contains("?token=")) {
                return link.to_owned();
            }
        }
    }
}

/// Serves the same page at every path.
async fn start_application() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut head = [0; 4096];
                let _read = stream.read(&mut head).await;
                let response = format!(
                    "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{WELCOME}",
                    WELCOME.len()
                );
                let _sent = stream.write_all(response.as_bytes()).await;
            });
        }
    });
    format!("http://{address}")
}
