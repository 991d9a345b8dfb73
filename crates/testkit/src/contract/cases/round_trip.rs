//! What is read back equals what was written, to the last bit.

use std::{net::IpAddr, sync::Arc};

use chrono::{DateTime, Duration, Utc};
use denizen_models::{EmailAddress, Metadata, Profile, User, UserValues, Username, fold};
use denizen_services::store::{
    MailJob, MailKind, MailOutcome, NewMailJob, NewSession, PageRequest, Recipient, Registration, Session,
    Store, UnitOfWork, UserFilter, UserSort,
};
use serde_json::{Value, json};

use crate::{
    contract::verbs::{
        RESET, address, any_kind, at, commit, find_registration, find_session, hash, insert, insert_values,
        mail_jobs, token, user,
    },
    must, user_values,
};

/// Text that has broken stores before: quotes, separators, escapes, other scripts, composed and decomposed forms,
/// characters beyond the basic plane, joined emoji, right-to-left text and line breaks.
const DIFFICULT: &str =
    "O'Brien \"x\" ; -- \\ %s {} a,b|c Ünïcödé е\u{301} 漢字 🦀👩‍👩‍👧 שלום\r\n\t\u{a0}\u{feff}.";

fn rich(name: &str) -> UserValues {
    let text = |what: &str| format!("{what} {DIFFICULT}");
    UserValues {
        username: must(Username::parse(&name.to_uppercase())),
        email: must(EmailAddress::parse(&format!("{name}.o'brien+x_%@Mail.Example.COM"))),
        first_name: text("first"),
        last_name: text("last"),
        age: 150,
        active: false,
        email_verified: true,
        roles: ["user", "a,b", "\"quoted\"", "rôle 🦀", "[]"].map(str::to_owned).to_vec(),
        profile: Some(Profile {
            bio: text("bio"),
            avatar_url: "https://example.com/a?b=c&d='e'".to_owned(),
            location: text("location"),
            website: "http://example.com/ü".to_owned(),
            interests: vec![text("interest"), String::new(), "b".to_owned(), "a".to_owned()],
            skills: vec!["Go".to_owned(), "Rust 🦀".to_owned()],
            experience: 100,
        }),
        user_metadata: metadata(json!({
            DIFFICULT: [null, true, DIFFICULT, [], {}, "\0\u{7f}"], "": { "e\u{301}": 1, "\u{e9}": 2 },
            "numbers": [0, -1, i64::MIN, u64::MAX, 0.1, -2.5e-300, 1.797_693_134_862_315_7e308, 5e-324],
        })),
        app_metadata: metadata(json!({ "nested": nested(Metadata::MAX_DEPTH - 1), "null": null })),
    }
}

fn metadata(value: Value) -> Metadata {
    must(serde_json::from_value(value))
}

fn nested(depth: usize) -> Value {
    (0..depth).fold(Value::Null, |inner, _| json!([inner]))
}

/// Instants whose microseconds a careless conversion loses or misplaces.
fn instants() -> Vec<DateTime<Utc>> {
    let second = |seconds| DateTime::UNIX_EPOCH + Duration::seconds(seconds);
    vec![
        at(0) + Duration::microseconds(123_456),
        at(0) + Duration::microseconds(999_999),
        at(0) + Duration::microseconds(1),
        second(0),
        second(0) - Duration::microseconds(1),
        second(-86_400 * 365 * 100) + Duration::microseconds(7),
        second(253_402_300_799) + Duration::microseconds(999_999),
    ]
}

pub async fn every_value_of_a_user_survives_insertion_and_update(store: Arc<dyn Store>) {
    let inserted = insert_values(&store, rich("alice")).await;
    assert_eq!(inserted.values, rich("alice"));
    let plain = insert(&store, "plain").await;
    for values in [rich("other"), user_values("plain"), rich("again")] {
        let old = user(&store, plain.id).await;
        commit(&store, UnitOfWork::new().update_user(plain.id, old.revision, values.clone(), at(1))).await;
        assert_eq!(user(&store, plain.id).await.values, values);
    }
}

pub async fn an_empty_profile_is_not_a_missing_one(store: Arc<dyn Store>) {
    let empty = UserValues { profile: Some(Profile::default()), ..user_values("empty") };
    assert_eq!(insert_values(&store, empty).await.values.profile, Some(Profile::default()));
    assert_eq!(insert(&store, "missing").await.values.profile, None);
}

pub async fn metadata_is_in_no_list(store: Arc<dyn Store>) {
    let alice = insert_values(&store, rich("alice")).await;
    let id_only = PageRequest { sort: UserSort::Id, after: None, limit: 10 };
    let filters = [
        UserFilter::default(),
        UserFilter { active: Some(false), ..UserFilter::default() },
        UserFilter { search: fold("first o'brien"), ..UserFilter::default() },
    ];
    for filter in filters {
        let [listed] = &must(store.list_users(&filter, &id_only).await).users[..] else {
            return must(Err(format!("{filter:?} finds one user")));
        };
        let values = &listed.values;
        assert!(values.user_metadata.is_empty() && values.app_metadata.is_empty(), "{values:?}");
        assert_eq!((&values.profile, listed.revision), (&alice.values.profile, alice.revision));
    }
}

pub async fn every_instant_survives_to_the_microsecond(store: Arc<dyn Store>) {
    for (number, instant) in instants().into_iter().enumerate() {
        let work = UnitOfWork::new().insert_user(user_values(&format!("user_{number}")), None, instant);
        let id = must(must(store.commit(work).await).user());
        let User { created_at, updated_at, .. } = user(&store, id).await;
        assert_eq!((created_at, updated_at), (instant, instant));
        commit(&store, UnitOfWork::new().put_token(id, RESET, hash(1), instant)).await;
        assert_eq!(token(&store, hash(1)).await.map(|token| token.expires_at), Some(instant));
        commit(&store, UnitOfWork::new().revoke_tokens(id)).await;
    }
}

pub async fn every_value_of_a_registration_survives(store: Arc<dyn Store>) {
    for (byte, expires_at) in (0..).zip(instants()) {
        let address = address("Alice.O'Brien+x_%@Mail.Example.COM").key().to_owned();
        let registration = Registration { address, token: hash(byte), attempts: u32::from(byte), expires_at };
        commit(&store, UnitOfWork::new().put_registration(registration.clone(), 100)).await;
        assert_eq!(find_registration(&store, hash(byte)).await, Some(registration));
    }
}

pub async fn every_kind_of_mail_survives(store: Arc<dyn Store>) {
    let alice = insert(&store, "alice").await;
    let email = address("Alice.O'Brien+x_%@Mail.Example.COM");
    for kind in MailKind::ALL {
        let recipients = [
            Recipient::Address(email.key().to_owned()),
            Recipient::User(alice.id.into()),
            Recipient::UserAt(alice.id.into(), email.clone()),
        ];
        let mails = recipients.into_iter().filter_map(|recipient| MailJob::from_parts(kind, recipient));
        let mails: Vec<MailJob> = mails.collect();
        assert_eq!(mails.len(), 1, "a kind has one form: {mails:?}");
        let job = NewMailJob {
            mail: must(mails.into_iter().next().ok_or("no job")),
            at: at(60) + Duration::microseconds(999_999),
            ip: "2001:db8::7".parse().ok(),
            request_id: DIFFICULT.to_owned(),
            security_version: Some(i64::MAX),
            capacity: Some(1),
        };
        commit(&store, UnitOfWork::new().enqueue_mail(job.clone())).await;
        let jobs = must(store.lease_mail(1, at(61), at(62), &any_kind(1)).await);
        let [leased] = &jobs[..] else { return must(Err(format!("one job of {kind:?}: {jobs:?}"))) };
        let mail = must(job.mail.resolve(None));
        let read =
            (&leased.mail, leased.requested_at, leased.ip, &leased.request_id, leased.security_version);
        assert_eq!(read, (&mail, job.at, job.ip, &job.request_id, job.security_version));
        let dead = MailOutcome::Dead { reason: DIFFICULT.to_owned() };
        assert!(must(store.finish_mail(leased.lease, dead).await), "{kind:?}");
        let queued = must(mail_jobs(&store).await.pop().ok_or("no job"));
        let read = (queued.mail, queued.requested_at, queued.request_id, queued.reason);
        assert_eq!(read, (mail, job.at, job.request_id, Some(DIFFICULT.to_owned())));
    }
}

pub async fn every_part_of_a_session_survives(store: Arc<dyn Store>) {
    let alice = insert(&store, "alice").await;
    let addresses = ["192.0.2.255", "2001:db8::ff00:42:8329", "::1", "::", "::ffff:192.0.2.1", "0.0.0.0"];
    for (byte, address) in (0..).zip(addresses) {
        let opened = NewSession {
            user: alice.id,
            token: hash(byte),
            created_at: at(60),
            expires_at: at(120) + Duration::microseconds(123_456),
            ip: Some(must(address.parse::<IpAddr>())),
            user_agent: (byte % 2 == 0).then(|| DIFFICULT.to_owned()),
        };
        let work = UnitOfWork::new().insert_session(opened.clone());
        let id = must(must(store.commit(work).await).session());
        let expected = Session { id, last_seen_at: at(60), opened };
        assert_eq!(find_session(&store, hash(byte)).await, Some(expected));
    }
}
