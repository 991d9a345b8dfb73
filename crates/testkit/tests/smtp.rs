//! The mail server for tests, spoken to by hand.

#![cfg(feature = "smtp")]

// Clippy grants `expect` and `panic!` to `#[cfg(test)]` modules, but not to the helpers of a test binary.
#[cfg(test)]
mod dialogue {
    use std::io;

    use denizen_testkit::{SmtpCommand, SmtpFault, SmtpSecurity, SmtpServer};
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpStream,
    };

    /// Says all of this at once, and returns all that the server says until it hangs up.
    async fn say(server: &SmtpServer, lines: &[&str]) -> String {
        let mut client = TcpStream::connect(server.address()).await.unwrap();
        client.write_all((lines.join("\r\n") + "\r\n").as_bytes()).await.unwrap();
        let mut replies = String::new();
        client.read_to_string(&mut replies).await.unwrap();
        replies.replace("\r\n", "\n")
    }

    const GREETING: &str = "220 denizen-testkit ESMTP\n";

    #[tokio::test]
    async fn a_mail_is_kept_as_it_was_sent() {
        let server = SmtpServer::start(SmtpSecurity::None);
        let replies = say(
            &server,
            &[
                "EHLO me",
                "MAIL FROM:<a@b.co> BODY=8BITMIME",
                "RCPT TO:<c@d.ef>",
                "rcpt to:<\"x>\"@d.ef>",
                "DATA",
                "Subject: =?utf-8?b?w6Q=?=",
                "",
                "..",
                ".x",
                "",
                ".",
                "QUIT",
            ],
        )
        .await;
        assert_eq!(
            replies,
            format!(
                "{GREETING}250 denizen-testkit\n250 ok\n250 ok\n250 ok\n354 go ahead\n250 kept\n221 bye\n"
            )
        );
        let mail = server.next_mail().await;
        assert_eq!((mail.from.as_str(), mail.encrypted, mail.user), ("a@b.co", false, None));
        assert_eq!(mail.to, ["c@d.ef", "\"x>\"@d.ef"]);
        assert_eq!(mail.letter.raw, b"Subject: =?utf-8?b?w6Q=?=\r\n\r\n.\r\nx\r\n\r\n");
        assert_eq!((mail.letter.subject.as_str(), mail.letter.html.as_str()), ("ä", ""));
        assert_eq!(server.waiting(), 0);
    }

    #[tokio::test]
    async fn commands_have_an_order() {
        let server = SmtpServer::start(SmtpSecurity::None);
        let lines = ["RCPT TO:<a@b.co>", "DATA", "MAIL FROM:<a@b.co>", "MAIL FROM:<a@b.co>", "DATA", "NOOP"];
        let replies =
            say(&server, &[&lines[..], &["RSET", "DATA", "STARTTLS", "FOO", "QUIT"]].concat()).await;
        let codes: Vec<&str> = replies.lines().map(|line| &line[..3]).collect();
        assert_eq!(
            codes,
            ["220", "503", "503", "250", "503", "503", "250", "250", "503", "503", "500", "221"]
        );
    }

    #[tokio::test]
    async fn both_kinds_of_login_are_understood() {
        let server = SmtpServer::start(SmtpSecurity::None);
        server.require_login("me", "secret");
        let replies =
            say(&server, &["EHLO me", "MAIL FROM:<a@b.co>", "AUTH PLAIN AG1lAHNlY3JldA==", "QUIT"]).await;
        assert_eq!(
            replies,
            format!(
                "{GREETING}250-denizen-testkit\n250 AUTH PLAIN LOGIN\n530 5.7.0 log in first\n235 welcome\n221 bye\n"
            )
        );
        let replies = say(&server, &["AUTH LOGIN", "bWU=", "c2VjcmV0", "QUIT"]).await;
        assert_eq!(replies, format!("{GREETING}334 VXNlcm5hbWU6\n334 UGFzc3dvcmQ6\n235 welcome\n221 bye\n"));
        let replies = say(&server, &["AUTH LOGIN", "bWU=", "bWU=", "AUTH X y", "QUIT"]).await;
        assert!(
            replies.ends_with("535 5.7.8 wrong user or password\n504 5.5.4 unknown mechanism\n221 bye\n")
        );
    }

    #[tokio::test]
    async fn nothing_goes_before_encryption() {
        let server = SmtpServer::start(SmtpSecurity::StartTls);
        server.require_login("me", "secret");
        let replies = say(&server, &["EHLO me", "AUTH LOGIN", "MAIL FROM:<a@b.co>", "QUIT"]).await;
        let expected = "250-denizen-testkit\n250 STARTTLS\n503 bad sequence of commands\n530 5.7.0 STARTTLS first\n221 bye\n";
        assert_eq!(replies, format!("{GREETING}{expected}"));
    }

    #[tokio::test]
    async fn a_refused_command_has_no_effect() {
        let server = SmtpServer::start(SmtpSecurity::None);
        let dialogue = ["MAIL FROM:<a@b.co>", "RCPT TO:<c@d.ef>", "DATA", "x: y", "", ".", "QUIT"];
        for (command, kept) in [
            (SmtpCommand::Mail, 0),
            (SmtpCommand::Rcpt, 0),
            (SmtpCommand::Content, 0),
            (SmtpCommand::Ehlo, 1),
        ] {
            server.fail(SmtpFault::Reply(command, "451 not now"));
            let replies = say(&server, &dialogue).await;
            assert_eq!(replies.contains("451 not now\n"), kept == 0, "{replies}");
            assert_eq!(server.waiting(), kept);
        }
        server.recover();
        assert!(!say(&server, &dialogue).await.contains("451"));
        assert_eq!((server.waiting(), server.connections()), (2, 5));
    }

    #[tokio::test]
    async fn a_closed_server_refuses_connections_until_it_is_opened_again() {
        let server = SmtpServer::start(SmtpSecurity::None);
        let mut client = TcpStream::connect(server.address()).await.unwrap();
        client.read_exact(&mut [0; 4]).await.unwrap();
        server.close().await;
        server.close().await;
        let refused = TcpStream::connect(server.address()).await.map_err(|error| error.kind());
        assert_eq!(refused.err(), Some(io::ErrorKind::ConnectionRefused));
        let mut rest = Vec::new();
        drop(client.read_to_end(&mut rest).await);
        assert!(!rest.is_empty(), "the greeting came, and then the end");
        server.reopen();
        server.reopen();
        assert_eq!(say(&server, &["QUIT"]).await, format!("{GREETING}221 bye\n"));
    }

    #[tokio::test]
    async fn who_waits_for_a_mail_gets_it() {
        let server = SmtpServer::start(SmtpSecurity::None);
        let dialogue =
            ["MAIL FROM:<>", "RCPT TO:<c@d.ef>", "DATA", "x: y", "", "?token=c0ffee&x", ".", "QUIT"];
        let (mail, _) = tokio::join!(server.next_mail(), say(&server, &dialogue));
        assert_eq!((mail.from.as_str(), mail.letter.token()), ("", Some("c0ffee")));
        assert_eq!((mail.letter.header("X").as_deref(), mail.letter.header("Y")), (Some("y"), None));
    }
    const MAIL: [&str; 7] =
        ["HELO me", "MAIL FROM:<a@b.co>", "RCPT TO:<c@d.ef>", "DATA", "Subject: Hi", "", "."];

    #[tokio::test]
    async fn a_conversation_that_is_held_goes_on_when_it_is_released() {
        let server = SmtpServer::start(SmtpSecurity::None);
        server.hold_at(SmtpCommand::Content);
        let dialogue = [&MAIL[..], &["QUIT"]].concat();
        let talking = say(&server, &dialogue);
        let releasing = async {
            server.held().await;
            assert_eq!((server.connections(), server.waiting()), (1, 1), "kept, not acknowledged");
            server.release();
            server.idle().await;
        };
        let (replies, ()) = tokio::join!(talking, releasing);
        assert!(replies.ends_with("354 go ahead\n250 kept\n221 bye\n"), "{replies}");
    }

    #[tokio::test]
    async fn a_server_that_hangs_up_instead_of_answering_keeps_the_mail_whose_content_it_has() {
        let server = SmtpServer::start(SmtpSecurity::None);
        for (command, kept) in [(SmtpCommand::Greeting, 0), (SmtpCommand::Data, 0), (SmtpCommand::Content, 1)]
        {
            server.fail(SmtpFault::HangUp(command));
            let mut client = TcpStream::connect(server.address()).await.unwrap();
            client.write_all((MAIL.join("\r\n") + "\r\n").as_bytes()).await.unwrap();
            // What was not read when the connection is cut may make its end an error.
            drop(client.read_to_end(&mut Vec::new()).await);
            server.idle().await;
            assert_eq!(server.waiting(), kept, "{command:?}");
        }
    }
}
