//! Every setting, with its default and with another value.

use std::time::Duration;

use chrono::TimeDelta;
use denizen_hashing::Argon2Cost;
use denizen_mail::MailUrl;
use denizen_models::Username;
use denizen_services::{Directory, RegistrationMode, store::Quota};

use super::*;

const DAY: Duration = Duration::from_secs(24 * 3600);

/// Security checklist: 15.
#[test]
fn nothing_set_is_a_valid_development_configuration() {
    let cores = std::thread::available_parallelism().unwrap().get().min(256);
    let generous = Quota::new(100_000, TimeDelta::microseconds(10));
    assert_same(
        &Given::default().config(),
        &Config {
            profile: Profile::Development,
            bind: "127.0.0.1:8080".parse().unwrap(),
            health_bind: None,
            database: Database::Sqlite("denizen.db".into()),
            public_url: None,
            service_name: "denizen".to_owned(),
            log: "info".to_owned(),
            demo_routes: true,
            metrics: true,
            api_docs: true,
            shutdown_timeout: Duration::from_secs(20),
            registration: RegistrationMode::Open,
            directory: Directory::Admins,
            username_reservation: 365 * DAY,
            reserved_usernames: Vec::new(),
            password_min_length: 8,
            hash_memory: 19_456,
            hash_passes: 2,
            hash_threads: cores,
            hash_queue: 128,
            session_lifetime: 30 * DAY,
            session_idle_timeout: 7 * DAY,
            reset_token_ttl: Duration::from_secs(30 * 60),
            invitation_ttl: 3 * DAY,
            verification_ttl: DAY,
            audit_retention: Some(365 * DAY),
            audit_failures: 10_000,
            mail: MailUrl::Log,
            mail_from: "denizen <no-reply@localhost>".parse().unwrap(),
            mail_reply_to: None,
            mail_templates: None,
            mail_root_certificate: None,
            mail_max_age: 2 * DAY,
            mail_workers: 4,
            cors_origins: Vec::new(),
            return_origins: Vec::new(),
            cookie_domain: None,
            trusted_proxies: Vec::new(),
            workers: cores,
            max_connections: 10_000,
            max_connections_per_ip: 256,
            memory_per_ip: 16,
            header_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(15),
            idle_timeout: Duration::from_secs(60),
            slow_request: Duration::from_secs(2),
            rate_limit: 1000,
            rate_burst: 5000,
            key_rate_limit: 1000,
            limit_login_per_ip: generous,
            limit_login_per_account: generous,
            limit_login_per_device: generous,
            limit_login_failures: 1_000_000,
            limit_mail_per_ip: generous,
            limit_mail_per_address: generous,
            limit_mail_pace: generous,
            limit_sign_up_per_ip: generous,
            limit_renames_per_user: generous,
            limit_tokens_per_ip: generous,
            limit_capacity: 200_000,
            mail_capacity: 10_000,
            registration_capacity: 100_000,
        },
    );
}

/// Changes to this list are changes to somebody's running service. Security checklist: 28.
#[test]
fn production_has_defaults_of_its_own_where_strangers_come_in() {
    let settings = in_environment(&[("DENIZEN_PROFILE", "production")]).settings();
    let differs = |resolved: &&Resolved| resolved.setting.development != resolved.setting.production;
    let rows = settings.iter().filter(differs).map(|resolved| (resolved.setting.key, resolved.shown()));
    let rows: Vec<_> = rows.map(|(key, value)| format!("{key} {}", value.unwrap_or_default())).collect();
    assert_eq!(
        rows,
        [
            "profile production",
            "database ",
            "public_url ",
            "demo_routes false",
            "metrics false",
            "registration closed",
            "password_min_length 15",
            "mail ",
            "mail_from ",
            "rate_limit 50",
            "rate_burst 200",
            "limit_login_per_ip 20/3s",
            "limit_login_per_account 10/2m",
            "limit_login_per_device 10/1m",
            "limit_login_failures 50",
            "limit_mail_per_ip 20/3m",
            "limit_mail_per_address 3/20m",
            "limit_mail_pace 1/1m",
            "limit_sign_up_per_ip 10/6m",
            "limit_renames_per_user 1/24h",
            "limit_tokens_per_ip 30/2s",
        ]
    );
}

/// Security checklist: 31.
#[test]
fn a_hash_costs_what_is_configured() {
    let config = in_environment(&[("DENIZEN_HASH_MEMORY", "47104"), ("DENIZEN_HASH_PASSES", "3")]).config();
    assert_eq!(config.hash_cost(), Argon2Cost { memory_kib: 47_104, passes: 3, lanes: 1 });
    assert_eq!(Given::default().config().hash_cost(), Argon2Cost::RECOMMENDED);
}

#[test]
fn every_setting_can_be_set_in_the_file() {
    let file = r#"
        profile = "development"
        bind = "[::1]:0"
        health_bind = "127.0.0.1:0"
        database = "sqlite:///var/lib/denizen/users.db"
        public_url = "https://example.org/accounts/"
        service_name = "Example"
        log = "warn,denizen_services=debug"
        demo_routes = false
        metrics = false
        api_docs = false
        shutdown_timeout = "0s"
        registration = "invite"
        directory = "members"
        username_reservation = "30d"
        reserved_usernames = ["acme", "acme_inc"]
        password_min_length = 12
        hash_memory = 65_536
        hash_passes = 3
        hash_threads = 1
        hash_queue = 1_000
        session_lifetime = "12h"
        session_idle_timeout = "12h"
        reset_token_ttl = "24h"
        invitation_ttl = "30d"
        verification_ttl = "7d"
        audit_retention = "forever"
        audit_failures = 5
        mail = "smtps://ann:p%40ss@mail.example.org"
        mail_from = "Accounts <a@example.org>"
        mail_reply_to = "help@example.org"
        mail_templates = "templates"
        mail_root_certificate = "/etc/denizen/root.pem"
        mail_max_age = "1h"
        mail_workers = 64
        cors_origins = ["https://app.example.org", "http://localhost:5173", "tauri://localhost"]
        return_origins = ["https://app.example.org"]
        cookie_domain = "example.org"
        trusted_proxies = ["10.0.0.0/8", "::1"]
        workers = 5
        max_connections = 8
        max_connections_per_ip = 9
        memory_per_ip = 10
        header_timeout = "1s"
        body_timeout = "5m"
        idle_timeout = "1h"
        slow_request = "9s"
        rate_limit = 0
        rate_burst = 7
        key_rate_limit = 70
        limit_login_per_ip = "1/1s"
        limit_login_per_account = "2/1s"
        limit_login_per_device = "7/1s"
        limit_login_failures = 8
        limit_mail_per_ip = "3/1s"
        limit_mail_per_address = "4/1s"
        limit_mail_pace = "9/1s"
        limit_sign_up_per_ip = "5/1s"
        limit_renames_per_user = "7/1s"
        limit_tokens_per_ip = "6/1s"
        limit_capacity = 1_000
        mail_capacity = 1
        registration_capacity = 2
        "#;
    let keys: Vec<_> =
        file.lines().filter_map(|line| line.trim().split_once(" = ")).map(|(key, _)| key).collect();
    assert_eq!(keys, SETTINGS.map(|setting| setting.key));
    let config = in_file(file).config();
    let second = |burst| Quota::new(burst, TimeDelta::seconds(1));
    let expected = Config {
        profile: Profile::Development,
        bind: "[::1]:0".parse().unwrap(),
        health_bind: "127.0.0.1:0".parse().ok(),
        database: Database::Sqlite("/var/lib/denizen/users.db".into()),
        public_url: config.public_url.clone(),
        service_name: "Example".to_owned(),
        log: "warn,denizen_services=debug".to_owned(),
        demo_routes: false,
        metrics: false,
        api_docs: false,
        shutdown_timeout: Duration::ZERO,
        registration: RegistrationMode::Invite,
        directory: Directory::Members,
        username_reservation: 30 * DAY,
        reserved_usernames: ["acme", "acme_inc"].map(|name| Username::parse(name).unwrap()).to_vec(),
        password_min_length: 12,
        hash_memory: 65_536,
        hash_passes: 3,
        hash_threads: 1,
        hash_queue: 1000,
        session_lifetime: DAY / 2,
        session_idle_timeout: DAY / 2,
        reset_token_ttl: DAY,
        invitation_ttl: 30 * DAY,
        verification_ttl: 7 * DAY,
        audit_retention: None,
        audit_failures: 5,
        mail: "smtps://ann:p%40ss@mail.example.org".parse().unwrap(),
        mail_from: "Accounts <a@example.org>".parse().unwrap(),
        mail_reply_to: "help@example.org".parse().ok(),
        mail_templates: Some("templates".into()),
        mail_root_certificate: Some("/etc/denizen/root.pem".into()),
        mail_max_age: Duration::from_secs(3600),
        mail_workers: 64,
        cors_origins: ["https://app.example.org", "http://localhost:5173", "tauri://localhost"]
            .map(str::to_owned)
            .to_vec(),
        return_origins: vec!["https://app.example.org".to_owned()],
        cookie_domain: Some("example.org".to_owned()),
        trusted_proxies: ["10.0.0.0/8", "::1/128"].map(|net| net.parse().unwrap()).to_vec(),
        workers: 5,
        max_connections: 8,
        max_connections_per_ip: 9,
        memory_per_ip: 10,
        header_timeout: Duration::from_secs(1),
        body_timeout: Duration::from_secs(300),
        idle_timeout: Duration::from_secs(3600),
        slow_request: Duration::from_secs(9),
        rate_limit: 0,
        rate_burst: 7,
        key_rate_limit: 70,
        limit_login_per_ip: second(1),
        limit_login_per_account: second(2),
        limit_login_per_device: second(7),
        limit_login_failures: 8,
        limit_mail_per_ip: second(3),
        limit_mail_per_address: second(4),
        limit_mail_pace: second(9),
        limit_sign_up_per_ip: second(5),
        limit_renames_per_user: second(7),
        limit_tokens_per_ip: second(6),
        limit_capacity: 1_000,
        mail_capacity: 1,
        registration_capacity: 2,
    };
    assert_same(&config, &expected);
    assert!(!format!("{config:?}").contains("p@ss"), "{config:?}");
    assert_eq!(config.public_url.unwrap().as_str(), "https://example.org/accounts");
}
