//! An hour under attack, with the default limits: whom do strangers keep out who guess as often as they can?

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use chrono::Duration;
use denizen_models::{Secret, User};
use denizen_services::{AccessContext, LoginError, ServiceSettings, store::AuditKind};

use crate::support::{Entered, NEW_PASSWORD, OLD_PASSWORD, World, stranger};

/// How often the attacker tries. Every token of the bucket is taken within four seconds: more is of no more use.
const GUESS_EVERY: Duration = Duration::seconds(4);
const GUESSES: u32 = 900;
/// How often the owner gives the right password: after so many guesses.
const VISIT_AFTER: u32 = 11;
/// How often an owner resets the password who is kept out, as mails to one address are limited.
const RESET_AFTER: u32 = 299;

#[derive(Debug, Clone, Copy)]
enum Attacker {
    OneIpv4,
    EightyIpv4,
    OneOf56,
    OneOf48,
}

impl Attacker {
    fn address(self, number: u32) -> IpAddr {
        let network = |networks: u32| {
            let [.., high, low] = (number % networks).to_be_bytes();
            Ipv6Addr::new(0x2001, 0xdb8, 0xbad, u16::from_be_bytes([high, low]), 0, 0, 0, 1)
        };
        match self {
            Self::OneIpv4 => Ipv4Addr::new(192, 0, 2, 1).into(),
            Self::EightyIpv4 => Ipv4Addr::from_bits(0xc633_6400 + number % 80).into(),
            Self::OneOf56 => network(0x100).into(),
            Self::OneOf48 => network(0x1_0000).into(),
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

/// The owner of an account, and what tells the owner from strangers.
struct Owner {
    password: [&'static str; 2],
    device: Option<Secret>,
    session: Option<Entered>,
}

impl Owner {
    /// Gives the right password in the way of this victim; whether that succeeds.
    async fn visit(&mut self, world: &World, victim: Victim) -> bool {
        let [password, other] = self.password;
        match victim {
            Victim::UnknownDevice => world.log_in("alice", password).await.is_ok(),
            Victim::KnownDevice => {
                let device = self.device.clone().expect("a device");
                world.log_in_on(&device, "alice", password).await.is_ok()
            }
            Victim::SignedIn => {
                let context = &self.session.as_ref().expect("a session").context;
                let Ok(changed) = world.change_password(context, password, other).await else { return false };
                self.session = world.use_session(&changed).await;
                self.password = [other, password];
                true
            }
            Victim::JustReset => {
                let (device, _) = world.reset_on_device("alice@example.com", other).await;
                self.password = [other, password];
                world.log_in_on(&device, "alice", other).await.is_ok()
            }
        }
    }
}

/// What an hour came to.
struct Hour {
    /// The share of the owner's visits that succeeded.
    let_in: f64,
    /// The attacker's guesses that were answered as wrong passwords.
    answered: usize,
    /// Those among them that could have been right.
    looked_at: usize,
}

async fn an_hour(attacker: Attacker, victim: Victim) -> Hour {
    let world = World::with(ServiceSettings::default());
    let alice: User = world.create("alice").await;
    let session = world.enter("alice").await;
    let device = Some(session.signed_in.device.clone());
    let mut owner = Owner { password: [OLD_PASSWORD, NEW_PASSWORD], device, session: Some(session) };
    let after = if matches!(victim, Victim::JustReset) { RESET_AFTER } else { VISIT_AFTER };
    let (mut visits, mut successes, mut answered) = (0_u32, 0_u32, 0);
    for number in 0..GUESSES {
        let context = AccessContext { ip: Some(attacker.address(number)), ..stranger() };
        let login = ["alice", "alice@example.com"][usize::from(number % 2 == 1)];
        let guess = world.log_in_from(&context, login, "a wrong password").await.unwrap_err();
        answered += usize::from(guess == LoginError::Rejected);
        if number % after == after - 1 {
            visits += 1;
            successes += u32::from(owner.visit(&world, victim).await);
        }
        world.clock.advance(GUESS_EVERY);
    }
    let story = world.story_of(alice.id).await;
    let looked_at = story.iter().filter(|kind| **kind == AuditKind::LoginFailed).count();
    Hour { let_in: f64::from(successes) / f64::from(visits), answered, looked_at }
}

/// Before known devices had limits of their own, a hundred guesses an hour were looked at, and no owner got in.
/// Security checklist: 66.
#[tokio::test]
#[expect(clippy::print_stdout, reason = "`--nocapture` shows the table that the test asserts")]
async fn an_attack_keeps_out_neither_known_devices_nor_sessions_nor_whoever_has_just_reset() {
    println!("attacker    victim         let in  answered  looked at");
    for attacker in [Attacker::OneIpv4, Attacker::EightyIpv4, Attacker::OneOf56, Attacker::OneOf48] {
        for victim in [Victim::UnknownDevice, Victim::KnownDevice, Victim::SignedIn, Victim::JustReset] {
            let Hour { let_in, answered, looked_at } = an_hour(attacker, victim).await;
            let names = (format!("{attacker:?}"), format!("{victim:?}"));
            println!("{:11} {:14} {let_in:6.2} {answered:9} {looked_at:10}", names.0, names.1);
            assert!(matches!(victim, Victim::UnknownDevice) || let_in >= 0.95, "{names:?}: {let_in}");
            assert!(looked_at <= answered && answered <= 100, "{names:?}: {answered} {looked_at}");
        }
    }
}
