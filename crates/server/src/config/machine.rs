//! What a valid configuration asks of the machine: folders, files, certificates and addresses.

use std::{
    fs::{self, File},
    io::{self, ErrorKind},
    net::{SocketAddr, TcpListener},
    path::{Path, absolute},
    process,
    sync::Arc,
};

use denizen_mail::{MailUrl, TransportError};
use denizen_services::SystemClock;
use ipnet::IpNet;

use super::{
    setting::Setting,
    table::{BIND, Config, DATABASE, HEALTH_BIND, MAIL, MAIL_ROOT_CERTIFICATE, MAIL_TEMPLATES},
    types::{Database, Profile},
};

/// Returns what is missing on this machine, for this user. Nothing is changed, and nothing is sent to other machines.
pub(super) fn problems(config: &Config) -> Vec<(&'static Setting, String)> {
    let health = config.health_bind.map_or(Ok(()), listen);
    let found =
        [(&BIND, listen(config.bind)), (&HEALTH_BIND, health), (&DATABASE, database(&config.database))];
    let found = found.into_iter().filter_map(|(setting, result)| Some((setting, result.err()?)));
    found.chain(mail(config)).collect()
}

/// Returns what is worth knowing although it is not a problem.
pub(super) fn note(config: &Config) -> Option<String> {
    let missing = config.database.path().filter(|path| !path.exists())?;
    (config.profile == Profile::Production).then(|| {
        format!(
            "note: there is no database {} yet; `denizen user create --admin`, `denizen setup-link` and `denizen serve \
             --create-database` create it\n",
            missing.display()
        )
    })
}

/// Returns what other users of this machine can get at: the database, and the folder of mails that are written as files.
/// What the server creates itself is private. And which networks of proxies are larger than any private one (RFC 1918,
/// RFC 4193), so that they contain clients.
pub(crate) fn warnings(config: &Config) -> Vec<String> {
    let database = config.database.path().filter(|path| is_open(path, 0o066)).map(|path| {
        format!(
            "other users of this machine can read or write {}: allow only its owner (chmod 600)",
            path.display()
        )
    });
    let folder = match &config.mail {
        MailUrl::File(folder) if is_open(folder, 0o022) => Some(folder),
        _ => None,
    };
    let mail = folder.map(|folder| {
        format!(
            "other users of this machine can write to {}: allow only its owner (chmod 700)",
            folder.display()
        )
    });
    let wide = config.trusted_proxies.iter().filter(|network| match network {
        IpNet::V4(network) => network.prefix_len() < 8,
        IpNet::V6(network) => network.prefix_len() < 7,
    });
    let proxies = wide.map(|network| {
        format!(
            "trusted_proxies = {network} trusts clients, too: each can choose the IP address that limits, audit trail and \
             mails see; name the addresses of your proxies only"
        )
    });
    database.into_iter().chain(mail).chain(proxies).collect()
}

/// Whether the file or folder exists and gives its group or all others one of these rights.
#[cfg(unix)]
fn is_open(path: &Path, rights: u32) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path).is_ok_and(|found| found.permissions().mode() & rights != 0)
}

#[cfg(not(unix))]
fn is_open(_: &Path, _: u32) -> bool {
    false
}

/// An address in use is most likely that of the running server.
fn listen(address: SocketAddr) -> Result<(), String> {
    match TcpListener::bind(address) {
        Err(error) if error.kind() != ErrorKind::AddrInUse => {
            Err(format!("cannot listen on {address}: {error}"))
        }
        _ => Ok(()),
    }
}

fn database(database: &Database) -> Result<(), String> {
    let Database::Sqlite(path) = database else { return Ok(()) };
    match File::options().read(true).write(true).open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound && path.is_symlink() => {
            return Err(format!("{} is a link to a file that does not exist", path.display()));
        }
        // It can be created.
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        opened => drop(opened.map_err(cannot("open", path))?),
    }
    // The write-ahead log is a file beside it.
    writable_folder_of(path)
}

fn mail(config: &Config) -> Option<(&'static Setting, String)> {
    let mut settings = config.mail_settings(config.bind);
    if let MailUrl::File(folder) = &config.mail {
        let found = if folder.exists() { writable(folder) } else { writable_folder_of(folder) };
        if let Err(reason) = found {
            return Some((&MAIL, reason));
        }
        // Templates are still read; the folder is not created.
        settings.url = MailUrl::Log;
    }
    let error = denizen_mail::connect(settings, Arc::new(SystemClock)).err()?;
    let setting = match error {
        TransportError::Templates(_) => &MAIL_TEMPLATES,
        TransportError::Tls(_) => &MAIL_ROOT_CERTIFICATE,
        TransportError::NoSender | TransportError::TimeLimit | TransportError::Directory { .. } => &MAIL,
    };
    Some((setting, error.to_string()))
}

fn writable_folder_of(path: &Path) -> Result<(), String> {
    let path = absolute(path).map_err(cannot("find", path))?;
    path.parent().map_or(Ok(()), writable)
}

/// Only a new file tells whether this user can create files there. It is removed at once.
fn writable(folder: &Path) -> Result<(), String> {
    let file = folder.join(format!(".denizen-check-{}", process::id()));
    File::create_new(&file).and_then(|_| fs::remove_file(&file)).map_err(cannot("create files in", folder))
}

fn cannot(what: &str, path: &Path) -> impl Fn(io::Error) -> String {
    move |error| format!("cannot {what} {}: {error}", path.display())
}
