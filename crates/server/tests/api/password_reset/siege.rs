//! An hour under attack, over HTTP and with the default limits, but for that of all requests of an IP address, which an hour
//! in a few seconds would meet: whom do strangers keep out who guess as often as they can?

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use chrono::Duration;
use denizen_server::config::TRUSTED_PROXIES;
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::verbs;
use crate::support::{
    TestServer, api,
    http::{Connection, Request, Response},
    production::PASSWORD,
};

/// Every token of the buckets is taken within four seconds: to guess more often is of no more use.
const GUESS_EVERY: Duration = Duration::seconds(4);
const GUESSES: u32 = 900;
/// How many guesses lie between two visits of the owner, and between two resets, as mails to one address are limited.
const VISIT_AFTER: u32 = 11;
const RESET_AFTER: u32 = 299;

#[derive(Debug, Clone, Copy)]
enum Attacker {
    OneIpv4,
    EightyIpv4,
    OneOf56,
}

impl Attacker {
    fn ip(self, number: u32) -> IpAddr {
        match self {
            Self::OneIpv4 => Ipv4Addr::new(192, 0, 2, 1).into(),
            Self::EightyIpv4 => Ipv4Addr::from_bits(0xc633_6400 + number % 80).into(),
            Self::OneOf56 => {
                Ipv6Addr::from_bits(0x2001_0db8 << 96 | u128::from(number % 256) << 64 | 1).into()
            }
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Victim {
    UnknownDevice,
    KnownDevice,
    SignedIn,
    JustReset,
}

/// Alice, with what tells her from strangers.
struct Owner<'a> {
    server: &'a TestServer,
    passwords: [&'static str; 2],
    device: Value,
    session: String,
}

impl<'a> Owner<'a> {
    async fn enter(server: &'a TestServer) -> Self {
        server.enrol("alice").await;
        let answer = api::login(server.address, "alice", PASSWORD).await;
        let device = answer.json()["data"]["device"].clone();
        let passwords = [PASSWORD, "another horse battery"];
        Self { server, passwords, device, session: api::token_in(&answer) }
    }

    async fn send(&self, request: Request) -> Response {
        request.header("X-Forwarded-For", "203.0.113.7").send(self.server.address).await
    }

    async fn log_in(&self, device: Option<&Value>) -> bool {
        let mut body = json!({ "login": "alice", "password": self.passwords[0] });
        if let Some(device) = device {
            body["device"] = device.clone();
        }
        self.send(Request::post("/api/auth/login").json(&body)).await.status == 200
    }

    /// Gives the right password in the way of this victim; whether that succeeds.
    async fn visit(&mut self, victim: Victim) -> bool {
        let [current, new] = self.passwords;
        match victim {
            Victim::UnknownDevice => self.log_in(None).await,
            Victim::KnownDevice => self.log_in(Some(&self.device)).await,
            Victim::SignedIn => {
                let body = json!({ "current_password": current, "new_password": new });
                let request = Request::post("/api/auth/change-password").bearer(&self.session).json(&body);
                let answer = self.send(request).await;
                if answer.status == 200 {
                    (self.session, self.passwords) = (api::token_in(&answer), [new, current]);
                }
                answer.status == 200
            }
            Victim::JustReset => {
                self.send(verbs::reset_asked("alice@example.com")).await.succeeded(200);
                let token = self.server.next_token("alice@example.com").await;
                let answer = self.send(verbs::reset_request(&token, new)).await.succeeded(200);
                self.passwords = [new, current];
                self.log_in(Some(&answer["data"]["device"])).await
            }
        }
    }
}

/// What an hour came to.
struct Hour {
    attacker: Attacker,
    victim: Victim,
    /// The share of the owner's visits that succeeded.
    let_in: f64,
    /// The attacker's guesses that were answered as wrong passwords.
    answered: usize,
    /// Those among them that could have been right.
    looked_at: usize,
}

async fn an_hour(attacker: Attacker, victim: Victim) -> Hour {
    let server = TestServer::start_in_production(&[(&TRUSTED_PROXIES, "127.0.0.1")]).await;
    let at = server.address;
    let mut owner = Owner::enter(&server).await;
    server.enrol_administrator("olga").await;
    let olga = server.session_of("olga").await;
    let mut strangers = Connection::open(at).await.unwrap();
    let after = if matches!(victim, Victim::JustReset) { RESET_AFTER } else { VISIT_AFTER };
    let (mut visits, mut successes, mut answered) = (0_u32, 0_u32, 0);
    for number in 0..GUESSES {
        let login = ["alice", "alice@example.com"][usize::from(number % 2 == 1)];
        let body = json!({ "login": login, "password": "a wrong password" });
        let guess = Request::post("/api/auth/login").json(&body);
        let guess = guess.header("X-Forwarded-For", &attacker.ip(number).to_string());
        match strangers.send(&guess).await.unwrap().status {
            401 => answered += 1,
            status => assert_eq!(status, 429),
        }
        if number % after == after - 1 {
            visits += 1;
            successes += u32::from(owner.visit(victim).await);
        }
        server.clock.advance(GUESS_EVERY);
    }
    let looked_at = Request::get("/api/audit?kind=login.failed&limit=200").bearer(&olga).send(at).await;
    let looked_at = looked_at.succeeded(200)["data"].as_array().unwrap().len();
    Hour { attacker, victim, let_in: f64::from(successes) / f64::from(visits), answered, looked_at }
}

/// Security checklist: 66.
#[tokio::test]
#[expect(clippy::print_stdout, reason = "`--nocapture` shows the table that the test asserts")]
async fn over_http_an_attack_keeps_out_neither_known_devices_nor_sessions_nor_whoever_has_just_reset() {
    let victims = [Victim::UnknownDevice, Victim::KnownDevice, Victim::SignedIn, Victim::JustReset];
    let attackers = [Attacker::OneIpv4, Attacker::EightyIpv4, Attacker::OneOf56];
    let hours = attackers.into_iter().flat_map(|attacker| victims.map(|victim| an_hour(attacker, victim)));
    println!("attacker    victim         let in  answered  looked at");
    for Hour { attacker, victim, let_in, answered, looked_at } in join_all(hours).await {
        let names = (format!("{attacker:?}"), format!("{victim:?}"));
        println!("{:11} {:14} {let_in:6.2} {answered:9} {looked_at:10}", names.0, names.1);
        assert!(matches!(victim, Victim::UnknownDevice) || let_in >= 0.95, "{names:?}: {let_in}");
        assert!(looked_at <= answered && answered <= 100, "{names:?}: {answered} {looked_at}");
    }
}
