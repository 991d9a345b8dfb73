//! The setting that says how mail leaves.

use denizen_mail::{Encryption, InvalidMailUrl, InvalidSmtpUrl, MailUrl, SmtpServer};

fn parse(text: &str) -> Result<MailUrl, InvalidMailUrl> {
    text.parse()
}

fn server(text: &str) -> SmtpServer {
    match parse(text) {
        Ok(MailUrl::Smtp(server)) => server,
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn each_form_is_read_and_shown_without_password() {
    for (text, shown) in [
        ("log", "log"),
        ("file:mails", "file:mails"),
        ("file:/var/spool/denizen", "file:/var/spool/denizen"),
        ("file:///var/spool/denizen", "file:/var/spool/denizen"),
        ("smtp://mail.example.com", "smtp://mail.example.com:587"),
        ("smtp://mail.example.com:2525/", "smtp://mail.example.com:2525"),
        ("smtps://mail.example.com", "smtps://mail.example.com:465"),
        ("smtp://localhost", "smtp://localhost:25"),
        ("smtp://[::1]:1025", "smtp://[::1]:1025"),
        ("smtps://[2001:db8::1]", "smtps://[2001:db8::1]:465"),
        ("smtp://user:p%40ss@192.0.2.1", "smtp://user:…@192.0.2.1:587"),
    ] {
        let url = parse(text).unwrap();
        assert_eq!(url.to_string(), shown);
        assert!(!format!("{url:?}").contains("p@ss") && !format!("{url:?}").contains("p%40ss"), "{url:?}");
    }
}

#[test]
fn only_the_machine_itself_is_talked_to_in_the_clear() {
    for host in
        ["localhost", "mail.localhost", "LOCALHOST", "127.0.0.1", "127.8.9.10", "[::1]", "[::ffff:127.0.0.1]"]
    {
        assert_eq!(server(&format!("smtp://{host}")).encryption, Encryption::None, "{host}");
        assert_eq!(server(&format!("smtps://{host}")).encryption, Encryption::Implicit, "{host}");
    }
    for host in ["mail.example.com", "localhost.example.com", "10.0.0.1", "[::2]", "127.0.0.1.example.com"] {
        assert_eq!(server(&format!("smtp://{host}")).encryption, Encryption::StartTls, "{host}");
    }
}

#[test]
fn user_and_password_are_decoded() {
    let (user, password) = server("smtp://a%40example.com:p%25%3A%2F%C3%BC@mail.example.com").login.unwrap();
    assert_eq!((user.as_str(), password.expose()), ("a@example.com", "p%:/ü"));
    assert!(server("smtp://mail.example.com").login.is_none());
}

#[test]
fn every_mistake_is_named() {
    use InvalidMailUrl::{FileHost, NoDirectory, Scheme, Smtp};
    use InvalidSmtpUrl::{Blank, Encoding, Host, Login, Port, Rest, Url};
    for (text, expected) in [
        ("", Scheme),
        ("Log", Scheme),
        ("log:", Scheme),
        ("mail.example.com", Scheme),
        ("http://mail.example.com", Scheme),
        ("file:", NoDirectory),
        ("file://", FileHost),
        ("file://host/mails", FileHost),
        ("smtp:", Smtp(Host)),
        ("smtp://", Smtp(Host)),
        ("smtp:mail.example.com", Smtp(Host)),
        ("smtp://mäil.example.com", Smtp(Host)),
        ("smtp://u:p@mail.example.com:0", Smtp(Port)),
        ("smtp://u:p@mail.example.com/x", Smtp(Rest)),
        ("smtp://mail.example.com?tls=no", Smtp(Rest)),
        ("smtp://u:p#w@mail.example.com", Smtp(Url("invalid port number".to_owned()))),
        ("smtp://u:p/w@mail.example.com", Smtp(Url("invalid port number".to_owned()))),
        ("smtp://mail.example.com:99999", Smtp(Url("invalid port number".to_owned()))),
        ("smtp://user@mail.example.com", Smtp(Login)),
        ("smtp://:secret@mail.example.com", Smtp(Login)),
        ("smtp://u:p w@mail.example.com", Smtp(Blank)),
        ("smtp://u:p\n@mail.example.com", Smtp(Blank)),
        ("smtp://u:100%@mail.example.com", Smtp(Encoding)),
        ("smtp://u:%ff@mail.example.com", Smtp(Encoding)),
        ("smtp://u:%0d%0aQUIT@mail.example.com", Smtp(Encoding)),
        ("smtp://u:%00@mail.example.com", Smtp(Encoding)),
    ] {
        let error = parse(text).unwrap_err();
        assert_eq!(error, expected, "{text}");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}

#[test]
fn only_private_delivery_is_fit_for_production() {
    for (text, fit) in [
        ("log", false),
        ("file:mails", true),
        ("smtp://mail.example.com", true),
        ("smtps://mail.example.com", true),
        ("smtp://localhost:1025", true),
    ] {
        assert_eq!(parse(text).unwrap().refused_in_production().is_none(), fit, "{text}");
    }
    let in_the_clear = SmtpServer { encryption: Encryption::None, ..server("smtp://mail.example.com") };
    assert!(MailUrl::Smtp(in_the_clear).refused_in_production().is_some());
}
