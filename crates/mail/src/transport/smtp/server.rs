//! Connections to the server, up to the login.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use lettre::transport::smtp::{
    authentication::{Credentials, DEFAULT_MECHANISMS},
    client::{AsyncSmtpConnection, Certificate, TlsParameters},
    extension::ClientId,
};
use tokio::{
    net::{TcpStream, lookup_host},
    time::timeout,
};

use super::{
    reply::{Failure, Stage},
    stream::LineByLine,
};
use crate::url::{Encryption, SmtpServer};

/// How long one IP address of the server may take to accept a connection, before the next one is tried.
const CONNECT: Duration = Duration::from_secs(10);

/// Why the trusted certificates cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The file cannot be read.
    #[error("the root certificate {}: {error}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        error: io::Error,
    },
    /// The file does not contain certificates.
    #[error("the root certificate {} is not in PEM format (-----BEGIN CERTIFICATE-----)", .0.display())]
    Pem(PathBuf),
    /// It is in PEM format, but the contents are not a certificate.
    #[error("the root certificate {} is damaged", .0.display())]
    Damaged(PathBuf),
    /// The system has no certificates to trust, for example.
    #[error("TLS cannot be set up: {0}")]
    Setup(String),
}

/// The server, with everything that a connection needs.
pub(super) struct Server {
    url: SmtpServer,
    credentials: Option<Credentials>,
    tls: TlsParameters,
    /// The name in our `EHLO`.
    hello: ClientId,
}

impl Server {
    pub(super) fn new(
        url: SmtpServer,
        our_host: &str,
        root_certificate: Option<&Path>,
    ) -> Result<Self, TlsError> {
        let mut tls = TlsParameters::builder(url.host.clone());
        if let Some(path) = root_certificate {
            let pem = fs::read(path).map_err(|error| TlsError::Read { path: path.to_owned(), error })?;
            let has_certificates = String::from_utf8_lossy(&pem).contains("-----BEGIN CERTIFICATE-----");
            let certificates = Certificate::from_pem(&pem).ok().filter(|_| has_certificates);
            tls = tls.add_root_certificate(certificates.ok_or_else(|| TlsError::Pem(path.to_owned()))?);
        }
        let tls = tls.build().map_err(|error| match root_certificate {
            Some(path) if error.to_string().contains("invalid peer certificate") => {
                TlsError::Damaged(path.to_owned())
            }
            _ => TlsError::Setup(error.to_string()),
        })?;
        let credentials = url
            .login
            .as_ref()
            .map(|(user, password)| Credentials::new(user.clone(), password.expose().to_owned()));
        // Many servers refuse clients without a full name, but accept an IP address literal.
        let is_name = our_host.contains('.') && our_host.contains(|c: char| c.is_ascii_alphabetic());
        let hello = if is_name { ClientId::Domain(our_host.to_owned()) } else { ClientId::default() };
        Ok(Self { url, credentials, tls, hello })
    }

    /// Opens a connection, with encryption and login as configured.
    pub(super) async fn connect(&self) -> Result<AsyncSmtpConnection, Failure> {
        let mut connection = match self.url.encryption {
            Encryption::Implicit => self.connect_encrypted().await?,
            Encryption::None => self.connect_in_clear().await?,
            Encryption::StartTls => {
                let mut connection = self.connect_in_clear().await?;
                Stage::Encrypt.expect(connection.starttls(self.tls.clone(), &self.hello).await)?;
                connection
            }
        };
        if let Some(credentials) = &self.credentials {
            Stage::Login.expect(connection.auth(DEFAULT_MECHANISMS, credentials).await)?;
        }
        Ok(connection)
    }

    async fn connect_encrypted(&self) -> Result<AsyncSmtpConnection, Failure> {
        let SmtpServer { host, port, .. } = &self.url;
        let (tls, limit) = (Some(self.tls.clone()), Some(CONNECT));
        let server = (host.as_str(), *port);
        Stage::Connect
            .expect(AsyncSmtpConnection::connect_tokio1(server, limit, &self.hello, tls, None).await)
    }

    async fn connect_in_clear(&self) -> Result<AsyncSmtpConnection, Failure> {
        let stream = self.dial().await.map_err(Failure::Dial)?;
        let stream = Box::new(LineByLine::new(stream));
        Stage::Connect.expect(AsyncSmtpConnection::connect_with_transport(stream, &self.hello).await)
    }

    async fn dial(&self) -> io::Result<TcpStream> {
        let mut failure = io::Error::new(io::ErrorKind::NotFound, "its name has no IP address");
        for ip in lookup_host((self.url.host.as_str(), self.url.port)).await? {
            match timeout(CONNECT, TcpStream::connect(ip)).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) => failure = error,
                Err(_) => failure = io::ErrorKind::TimedOut.into(),
            }
        }
        Err(failure)
    }
}
