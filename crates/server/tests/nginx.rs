//! Forward auth behind a real nginx, with the files that the pages recommend. `cargo xtask test` runs this as a step of
//! its own.

// Clippy grants `expect` and `panic!` to `#[cfg(test)]` modules.
#[cfg(test)]
mod nginx {
    use std::{
        fs,
        io::{BufRead as _, BufReader, Write as _},
        net::{TcpListener, TcpStream},
        path::Path,
        process::{Child, Command, Stdio},
        thread,
        time::{Duration, Instant},
    };

    use tempfile::TempDir;

    const FILES: [&str; 2] =
        [include_str!("../../../deploy/nginx.conf"), include_str!("../../../deploy/nginx-forward-auth.conf")];
    const PASSWORD: &str = "correct horse battery";

    /// A process that is killed when it is dropped.
    struct Running(Child);

    impl Drop for Running {
        fn drop(&mut self) {
            let _gone = self.0.kill();
            let _gone = self.0.wait();
        }
    }

    /// denizen, an application that says what it is sent, and nginx before both.
    struct Site {
        port: u16,
        folder: TempDir,
        _processes: [Running; 2],
    }

    fn free_port() -> u16 {
        TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port()
    }

    /// Answers each request with its head; one for a WebSocket, with the head after the handshake. Sets a cookie.
    fn application() -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                thread::spawn(move || answer(stream));
            }
        });
        port
    }

    fn answer(mut stream: TcpStream) {
        let mut head = String::new();
        let mut reader = BufReader::new(stream.try_clone().expect("a socket"));
        while reader.read_line(&mut head).is_ok_and(|read| read > 2) {}
        let upgrade = head.to_lowercase().contains("\r\nupgrade: websocket\r\n");
        let status = if upgrade {
            "101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n".to_owned()
        } else {
            let length = head.len();
            format!(
                "200 OK\r\nSet-Cookie: theme=dark\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n"
            )
        };
        let _sent = stream.write_all(format!("HTTP/1.1 {status}{head}").as_bytes());
    }

    fn denizen(folder: &Path, arguments: &[&str], port: u16) -> Command {
        let origin = |host: &str| format!("https://{host}.example.org:{port}");
        let mut command = Command::new(env!("CARGO_BIN_EXE_denizen"));
        command.args(arguments).current_dir(folder).env_clear();
        for (name, value) in [
            ("PROFILE", "production".to_owned()),
            ("DATABASE", "sqlite://denizen.db".to_owned()),
            ("BIND", "127.0.0.1:0".to_owned()),
            ("PUBLIC_URL", origin("accounts")),
            ("RETURN_ORIGINS", origin("app")),
            ("COOKIE_DOMAIN", "example.org".to_owned()),
            ("TRUSTED_PROXIES", "127.0.0.1".to_owned()),
            ("MAIL", "smtps://mail.example.org".to_owned()),
            ("MAIL_FROM", "accounts@example.org".to_owned()),
        ] {
            command.env(format!("DENIZEN_{name}"), value);
        }
        command
    }

    fn start_denizen(folder: &Path, port: u16) -> (Running, u16) {
        let create = [
            "user",
            "create",
            "--username",
            "alice",
            "--email",
            "alice@example.org",
            "--password-stdin",
            "--admin",
        ];
        let mut user = denizen(folder, &create, port).stdin(Stdio::piped()).spawn().expect("a process");
        user.stdin.take().expect("a pipe").write_all(PASSWORD.as_bytes()).expect("a password");
        assert!(user.wait().expect("an end").success());
        let mut child = denizen(folder, &["serve"], port).stderr(Stdio::piped()).spawn().expect("a process");
        let mut log = BufReader::new(child.stderr.take().expect("a log")).lines().map_while(Result::ok);
        let line = log.find(|line| line.contains("listening on")).expect("a server that listens");
        thread::spawn(move || log.for_each(drop));
        let bound = line.rsplit(':').next().and_then(|port| port.trim().parse().ok()).expect("a port");
        (Running(child), bound)
    }

    fn start_nginx(folder: &Path, port: u16, denizen: u16, application: u16) -> Running {
        let place = |name: &str| folder.join(name).display().to_string();
        let (key, certificate) = (place("key.pem"), place("certificate.pem"));
        let mut openssl = Command::new("openssl");
        openssl.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]);
        openssl.args(["-subj", "/CN=example.org", "-keyout", &key, "-out", &certificate]);
        assert!(openssl.stderr(Stdio::null()).status().expect("openssl").success());
        let mut text = FILES.concat();
        for host in ["accounts", "app"] {
            text = text
                .replace(&format!("/etc/ssl/certs/{host}.example.org.pem"), &certificate)
                .replace(&format!("/etc/ssl/private/{host}.example.org.key"), &key);
        }
        let text = text
            .replace("/var/log/nginx/denizen.log", &place("access.log"))
            .replace("listen 443 ssl;", &format!("listen 127.0.0.1:{port} ssl;"))
            // The port is a part of the host, which is not so in life.
            .replace("proxy_set_header Host $host;", "proxy_set_header Host $http_host;")
            .replace("127.0.0.1:8080", &format!("127.0.0.1:{denizen}"))
            .replace("127.0.0.1:3000", &format!("127.0.0.1:{application}"));
        let paths: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|name| format!("{name}_temp_path {};\n", place(name)))
            .concat();
        let main = format!(
            "daemon off;\nmaster_process off;\npid {};\nerror_log stderr;\nevents {{}}\nhttp {{\naccess_log off;\n{paths}{text}\n}}\n",
            place("pid")
        );
        fs::write(folder.join("nginx.conf"), main).expect("a file");
        let config = place("nginx.conf");
        let child = Command::new("nginx").args(["-e", "stderr", "-c", &config]).spawn().expect("nginx");
        let (running, begun) = (Running(child), Instant::now());
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(30), "nginx does not listen");
            thread::yield_now();
        }
        running
    }

    impl Site {
        fn start() -> Self {
            let (folder, port) = (TempDir::new().expect("a folder"), free_port());
            let (denizen, bound) = start_denizen(folder.path(), port);
            let nginx = start_nginx(folder.path(), port, bound, application());
            Self { port, folder, _processes: [denizen, nginx] }
        }

        /// The URL of a path on this host.
        fn url(&self, host: &str, path: &str) -> String {
            format!("https://{host}.example.org:{}{path}", self.port)
        }

        /// What curl prints: heads and bodies.
        fn curl(&self, arguments: &[&str]) -> String {
            let mut curl = Command::new("curl");
            curl.args(["--silent", "--include", "--insecure", "--http1.1", "--max-time", "20"]);
            for host in ["accounts", "app"] {
                curl.args(["--resolve", &format!("{host}.example.org:{}:127.0.0.1", self.port)]);
            }
            let output = curl.args(arguments).current_dir(self.folder.path()).output().expect("curl");
            String::from_utf8_lossy(&output.stdout).into_owned()
        }

        /// The same as a browser that keeps cookies.
        fn browse(&self, arguments: &[&str]) -> String {
            let browser =
                ["-b", "jar", "-c", "jar", "-H", "Accept: text/html", "-H", "Sec-Fetch-Site: same-origin"];
            self.curl(&[&browser, arguments].concat())
        }

        /// Follows a person from a guarded page to the sign-in page, who signs in there. Gives where that leads.
        fn sign_in(&self, wanted: &str) -> String {
            let led = self.browse(&[wanted]);
            assert!(led.starts_with("HTTP/1.1 302"), "{led}");
            let page = location(&led);
            assert!(page.starts_with(&self.url("accounts", "/sign-in?return_to=")), "{page}");
            assert!(self.browse(&[&page]).starts_with("HTTP/1.1 200"), "{page}");
            let form = format!("login=alice&password={}", PASSWORD.replace(' ', "+"));
            let signed_in = self.browse(&["-d", &form, &page]);
            assert!(signed_in.starts_with("HTTP/1.1 303"), "{signed_in}");
            location(&signed_in)
        }
    }

    fn location(answer: &str) -> String {
        let line = answer
            .lines()
            .find_map(|line| line.strip_prefix("Location: ").or(line.strip_prefix("location: ")));
        line.unwrap_or_else(|| panic!("no place: {answer}")).trim().to_owned()
    }

    /// Security checklist: 80.
    #[test]
    fn a_person_is_led_to_sign_in_and_back_and_the_application_sees_who_it_is() {
        let site = Site::start();
        let wanted = site.url("app", "/notes?page=2");
        assert_eq!(site.sign_in(&wanted), wanted);
        let spoofed = ["-H", "Remote-User: root", "-H", "Remote-User-Id: 99", "-H", "Remote-Groups: wheel"];
        let more = ["-H", "Remote_User: root", "-H", "remote-email: root@example.org", &wanted];
        // The second time with a cookie of the application beside that of denizen.
        for cookies in [&[][..], &["Cookie: theme=dark"]] {
            let page = site.browse(&[&spoofed[..], &more[..]].concat());
            assert!(page.starts_with("HTTP/1.1 200"), "{page}");
            for line in [
                "GET /notes?page=2 HTTP/1.1",
                "Remote-User-Id: 1",
                "Remote-User: alice",
                "Remote-Email: alice@example.org",
                "Remote-Name: alice%20alice",
                "Remote-Groups: user,admin",
            ] {
                assert!(page.lines().any(|seen| seen == line), "{line}: {page}");
            }
            for hidden in ["root", "99", "wheel", "denizen", "__Host-"] {
                assert!(!page.contains(hidden), "{hidden}: {page}");
            }
            let seen: Vec<_> = page.lines().filter(|line| line.starts_with("Cookie: ")).collect();
            assert_eq!(seen, cookies, "{page}");
        }
    }

    /// Security checklist: 80.
    #[test]
    fn who_has_no_session_reaches_nothing_and_programs_are_told_401() {
        let site = Site::start();
        let wanted = site.url("app", "/notes");
        let anonymous = site.curl(&[&wanted]);
        assert!(anonymous.starts_with("HTTP/1.1 401") && !anonymous.contains("GET /notes"), "{anonymous}");
        let spoofed = site.curl(&["-H", "Remote-User: root", &wanted]);
        assert!(spoofed.starts_with("HTTP/1.1 401"), "{spoofed}");
        let check = site.curl(&[&site.url("app", "/denizen-forward-auth")]);
        assert!(check.starts_with("HTTP/1.1 401") || check.starts_with("HTTP/1.1 404"), "{check}");
        site.sign_in(&wanted);
        let jar = fs::read_to_string(site.folder.path().join("jar")).expect("cookies");
        let value = jar.lines().find(|line| line.contains("__Secure-denizen_forward"));
        let value = value.and_then(|line| line.split('\t').next_back()).expect("a cookie");
        let one = format!("Cookie: __Secure-denizen_forward={value}");
        assert!(site.curl(&["-H", &one, &wanted]).starts_with("HTTP/1.1 200"));
        let planted = format!("{one}; __Secure-denizen_forward={value}");
        assert!(site.curl(&["-H", &planted, &wanted]).starts_with("HTTP/1.1 401"));
        let session = site.curl(&["-H", &one, &site.url("accounts", "/api/auth/session")]);
        assert!(session.starts_with("HTTP/1.1 401"), "the cookie opens nothing else: {session}");
        let out = site.browse(&["-X", "POST", "-d", "", &site.url("accounts", "/sign-out")]);
        assert!(out.starts_with("HTTP/1.1 303"), "{out}");
        assert!(site.curl(&["-H", &one, &wanted]).starts_with("HTTP/1.1 401"), "signed out here and there");
    }

    #[test]
    fn a_page_with_two_hundred_assets_and_a_web_socket_work() {
        let site = Site::start();
        let wanted = site.url("app", "/");
        site.sign_in(&wanted);
        let assets = site.browse(&[&site.url("app", "/asset/[1-200]")]);
        assert_eq!(assets.matches("HTTP/1.1 200 OK").count(), 200, "{assets}");
        let handshake = [
            "-N",
            "-H",
            "Connection: Upgrade",
            "-H",
            "Upgrade: websocket",
            "-H",
            "Sec-WebSocket-Version: 13",
            "-H",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            &wanted,
        ];
        let socket = site.browse(&handshake);
        assert!(socket.starts_with("HTTP/1.1 101"), "{socket}");
        assert!(socket.contains("Remote-User: alice"), "{socket}");
        let refused = site.curl(&handshake);
        assert!(refused.starts_with("HTTP/1.1 401"), "{refused}");
    }
}
