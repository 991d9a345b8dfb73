//! Users, their passwords and sessions.

use super::{Kind, Preset, Setting};

/// `registration`: a [`RegistrationMode`](denizen_services::RegistrationMode) by name.
pub static REGISTRATION: Setting = Setting {
    production: Preset::Text("closed"),
    ..Setting::new(
        "registration",
        "DENIZEN_REGISTRATION",
        Preset::Text("open"),
        "Who can make accounts: `closed` (administrators), `invite` (who may then leave the password out, so that the user is \
         invited by mail), or `open` (strangers may also sign up).",
    )
};

/// `directory`: a [`Directory`](denizen_services::Directory) by name.
pub static DIRECTORY: Setting = Setting::new(
    "directory",
    "DENIZEN_DIRECTORY",
    Preset::Text("admins"),
    "Who may list and search users: `admins`, or all `members`, who then see no e-mail addresses.",
);

/// `password_min_length`: NIST SP 800-63B-4 asks for 15 characters without a second factor, for 8 with one.
pub static PASSWORD_MIN_LENGTH: Setting = Setting {
    kind: Kind::Number,
    production: Preset::Text("15"),
    ..Setting::new(
        "password_min_length",
        "DENIZEN_PASSWORD_MIN_LENGTH",
        Preset::Text("8"),
        "How many characters a new password needs at least: 8 to 64.",
    )
};

/// `hash_memory`: from what the OWASP Password Storage Cheat Sheet asks for, to what the hasher is ready to compare.
pub static HASH_MEMORY: Setting = Setting {
    kind: Kind::Number,
    ..Setting::new(
        "hash_memory",
        "DENIZEN_HASH_MEMORY",
        Preset::Text("19456"),
        "How much memory the hash of a password takes, in KiB: 19456 (19 MiB) to 262144 (256 MiB).",
    )
};

/// `hash_passes`: 2 is what the OWASP Password Storage Cheat Sheet asks for at 19 MiB.
pub static HASH_PASSES: Setting = Setting {
    kind: Kind::Number,
    ..Setting::new(
        "hash_passes",
        "DENIZEN_HASH_PASSES",
        Preset::Text("2"),
        "How many times the hash of a password goes over its memory: 2 to 16.",
    )
};

/// `hash_threads`: more threads than cores only make every hash slower.
pub static HASH_THREADS: Setting = Setting {
    kind: Kind::Number,
    ..Setting::new(
        "hash_threads",
        "DENIZEN_HASH_THREADS",
        Preset::Cores,
        "How many passwords are hashed at the same time, each in `hash_memory`: 1 to 256.",
    )
};

/// `hash_queue`: bounds how long a sign-in can wait under a storm.
pub static HASH_QUEUE: Setting = Setting {
    kind: Kind::Number,
    ..Setting::new(
        "hash_queue",
        "DENIZEN_HASH_QUEUE",
        Preset::Text("128"),
        "How many passwords may wait to be hashed before requests are answered 503: 1 to 65536.",
    )
};

/// `session_lifetime`: 30 days at most, which is the limit of NIST SP 800-63B-4 at its first level (AAL1).
pub static SESSION_LIFETIME: Setting = Setting::new(
    "session_lifetime",
    "DENIZEN_SESSION_LIFETIME",
    Preset::Text("30d"),
    "How long a session lives, however much it is used: `5m` to `30d`.",
);

/// `session_idle_timeout`: what ends sessions that were forgotten. That a session is used is noted once a minute, so that
/// less than a few minutes would end those that are in use.
pub static SESSION_IDLE_TIMEOUT: Setting = Setting::new(
    "session_idle_timeout",
    "DENIZEN_SESSION_IDLE_TIMEOUT",
    Preset::Text("7d"),
    "How long a session lives without being used: `5m` to `30d`, and at most `session_lifetime`.",
);

/// `reset_token_ttl`: 24 h at most, which is NIST SP 800-63B-4's limit for codes sent by mail.
pub static RESET_TOKEN_TTL: Setting = Setting::new(
    "reset_token_ttl",
    "DENIZEN_RESET_TOKEN_TTL",
    Preset::Text("30m"),
    "How long a password reset token lives: `1m` to `24h`.",
);

/// `invitation_ttl`: invitations wait for people on holidays.
pub static INVITATION_TTL: Setting = Setting::new(
    "invitation_ttl",
    "DENIZEN_INVITATION_TTL",
    Preset::Text("3d"),
    "How long the link in an invitation works: `1m` to `30d`.",
);

/// `verification_ttl`: for whatever shows that an address belongs to somebody.
pub static VERIFICATION_TTL: Setting = Setting::new(
    "verification_ttl",
    "DENIZEN_VERIFICATION_TTL",
    Preset::Text("24h"),
    "How long a link works that confirms an e-mail address, at sign-up and later: `1m` to `7d`.",
);

/// `audit_retention`: the law of the land decides.
pub static AUDIT_RETENTION: Setting = Setting::new(
    "audit_retention",
    "DENIZEN_AUDIT_RETENTION",
    Preset::Text("365d"),
    "How long the audit trail keeps an event: `1d` to `36500d`, or `forever`.",
);
