//! Mail.

use super::{Kind, Preset, Setting};

/// `mail`: a [`MailUrl`](denizen_mail::MailUrl).
pub static MAIL: Setting = Setting {
    flag: Some("--mail"),
    secret: true,
    production: Preset::Required,
    ..Setting::new("mail", "DENIZEN_MAIL", Preset::Text("log"), denizen_mail::MailUrl::MEANING)
};

/// `mail_from`: whom mails are from.
pub static MAIL_FROM: Setting = Setting {
    production: Preset::Required,
    ..Setting::new(
        "mail_from",
        "DENIZEN_MAIL_FROM",
        Preset::Text("denizen <no-reply@localhost>"),
        "The sender of mails: `ADDRESS` or `NAME <ADDRESS>`.",
    )
};

/// `mail_reply_to`: where answers go.
pub static MAIL_REPLY_TO: Setting = Setting::new(
    "mail_reply_to",
    "DENIZEN_MAIL_REPLY_TO",
    Preset::Text(""),
    "Where answers to mails go, if not to the sender: `ADDRESS` or `NAME <ADDRESS>`.",
);

/// `mail_templates`: the words of mails.
pub static MAIL_TEMPLATES: Setting = Setting::new(
    "mail_templates",
    "DENIZEN_MAIL_TEMPLATES",
    Preset::Text(""),
    "A folder with templates of mails; each replaces the built-in one of the same name.",
);

/// `mail_root_certificate`: for servers with a certificate of their own making.
pub static MAIL_ROOT_CERTIFICATE: Setting = Setting::new(
    "mail_root_certificate",
    "DENIZEN_MAIL_ROOT_CERTIFICATE",
    Preset::Text(""),
    "A PEM file with certificates to trust in an SMTP server, besides those that the system trusts.",
);

/// `mail_max_age`: servers are down for a weekend at times.
pub static MAIL_MAX_AGE: Setting = Setting::new(
    "mail_max_age",
    "DENIZEN_MAIL_MAX_AGE",
    Preset::Text("2d"),
    "How long delivering a mail is tried before it is given up: `1h` to `30d`.",
);

/// `mail_workers`: bounds the connections to the SMTP server.
pub static MAIL_WORKERS: Setting = Setting {
    kind: Kind::Number,
    ..Setting::new(
        "mail_workers",
        "DENIZEN_MAIL_WORKERS",
        Preset::Text("4"),
        "How many mails are sent at the same time: 1 to 64.",
    )
};
