//! How often is too often.

use super::{Kind, Preset, Setting};

/// `rate_limit`: requests of one address in the long run.
pub static RATE_LIMIT: Setting = Setting {
    kind: Kind::Number,
    production: Preset::Text("50"),
    ..Setting::new(
        "rate_limit",
        "DENIZEN_RATE_LIMIT",
        Preset::Text("1000"),
        "How many requests per second one address may make in the long run: 1 to 1000000, or 0 for no limit.",
    )
};

/// `rate_burst`: requests of one address at once.
pub static RATE_BURST: Setting = Setting {
    kind: Kind::Number,
    production: Preset::Text("200"),
    ..Setting::new(
        "rate_burst",
        "DENIZEN_RATE_BURST",
        Preset::Text("5000"),
        "How many requests one address may make at once before the rate limit tells: 1 to 1000000.",
    )
};

/// `limit_login_per_ip`: against guessing the passwords of many users.
pub static LIMIT_LOGIN_PER_IP: Setting = quota(
    "limit_login_per_ip",
    "DENIZEN_LIMIT_LOGIN_PER_IP",
    "20/3s",
    "How often one IP address may try to sign in: a quota such as `20/3s`.",
);

/// `limit_login_per_account`: against guessing the password of one user, from wherever.
pub static LIMIT_LOGIN_PER_ACCOUNT: Setting = quota(
    "limit_login_per_account",
    "DENIZEN_LIMIT_LOGIN_PER_ACCOUNT",
    "10/1m",
    "How often one may try to sign in with the same name, known or not: a quota such as `10/1m`.",
);

/// `limit_mail_per_ip`: a house shares an IPv4 address.
pub static LIMIT_MAIL_PER_IP: Setting = quota(
    "limit_mail_per_ip",
    "DENIZEN_LIMIT_MAIL_PER_IP",
    "20/3m",
    "How often one IP address may ask for mails with a link, of each kind: a quota such as `20/3m`.",
);

/// `limit_mail_per_address`: each one is a mail.
pub static LIMIT_MAIL_PER_ADDRESS: Setting = quota(
    "limit_mail_per_address",
    "DENIZEN_LIMIT_MAIL_PER_ADDRESS",
    "3/20m",
    "How often one may ask for mails with a link to the same address, known or not, of each kind: a quota such as `3/20m`.",
);

/// `limit_sign_up_per_ip`: each one is a hash and a mail.
pub static LIMIT_SIGN_UP_PER_IP: Setting = quota(
    "limit_sign_up_per_ip",
    "DENIZEN_LIMIT_SIGN_UP_PER_IP",
    "10/6m",
    "How often one IP address may sign up: a quota such as `10/6m`.",
);

/// `limit_tokens_per_ip`: tokens cannot be guessed anyway; this bounds the work.
pub static LIMIT_TOKENS_PER_IP: Setting = quota(
    "limit_tokens_per_ip",
    "DENIZEN_LIMIT_TOKENS_PER_IP",
    "30/2s",
    "How often one IP address may present a token out of a mail: a quota such as `30/2s`.",
);

/// A [`Quota`](denizen_services::store::Quota) of `production`, and practically none in development.
const fn quota(
    key: &'static str,
    variable: &'static str,
    production: &'static str,
    meaning: &'static str,
) -> Setting {
    Setting {
        production: Preset::Text(production),
        ..Setting::new(key, variable, Preset::Text("generous"), meaning)
    }
}
