//! What the instance is, and where.

use super::{Kind, Preset, Setting};

/// `profile`: a [`Profile`](crate::config::Profile) by name.
pub static PROFILE: Setting = Setting {
    flag: Some("--profile"),
    production: Preset::Text("production"),
    ..Setting::new(
        "profile",
        "DENIZEN_PROFILE",
        Preset::Text("development"),
        "What the instance is for: `development` or `production`; it chooses the defaults and the rules.",
    )
};

/// `bind`: an IP address and a port.
pub static BIND: Setting = Setting {
    flag: Some("--bind"),
    ..Setting::new(
        "bind",
        "DENIZEN_BIND",
        Preset::Text("127.0.0.1:8080"),
        "The IP address and port to listen on; port 0 lets the system pick a free one.",
    )
};

/// `database`: where users live.
pub static DATABASE: Setting = Setting {
    flag: Some("--database"),
    secret: true,
    production: Preset::Required,
    ..Setting::new(
        "database",
        "DENIZEN_DATABASE",
        Preset::Text("sqlite://denizen.db"),
        "Where users are stored: `sqlite://PATH`, relative to the working directory, or `memory:`.",
    )
};

/// `public_url`: what links in mails begin with.
pub static PUBLIC_URL: Setting = Setting {
    flag: Some("--public-url"),
    production: Preset::Required,
    ..Setting::new(
        "public_url",
        "DENIZEN_PUBLIC_URL",
        Preset::Localhost,
        "The http(s) URL under which people reach this service; links in mails begin with it.",
    )
};

/// `service_name`: for people, unlike `public_url`.
pub static SERVICE_NAME: Setting = Setting::new(
    "service_name",
    "DENIZEN_SERVICE_NAME",
    Preset::Text("denizen"),
    "What mails and pages call this service: 1 to 64 characters.",
);

/// `log`: what is logged.
pub static LOG: Setting = Setting {
    flag: Some("--log"),
    ..Setting::new(
        "log",
        "DENIZEN_LOG",
        Preset::Text("info"),
        "The log filter, such as `info` or `warn,denizen_services=debug`; RUST_LOG wins over all else.",
    )
};

/// `demo_routes`: what the original shows beside users.
pub static DEMO_ROUTES: Setting = Setting {
    kind: Kind::Switch,
    production: Preset::Text("false"),
    ..Setting::new(
        "demo_routes",
        "DENIZEN_DEMO_ROUTES",
        Preset::Text("true"),
        "Whether `/api/calculate`, `/api/tasks` and `/api/goroutines` are there: `true` or `false`.",
    )
};

/// `metrics`: numbers for whoever watches over the service.
pub static METRICS: Setting = Setting {
    kind: Kind::Switch,
    production: Preset::Text("false"),
    ..Setting::new(
        "metrics",
        "DENIZEN_METRICS",
        Preset::Text("true"),
        "Whether `/metrics` tells Prometheus how many mails and requests there are: `true` or `false`; to everybody who \
         reaches the port itself, so keep that from strangers, and not through proxies that send `X-Forwarded-…` or \
         `Forwarded`.",
    )
};

/// `shutdown_timeout`: the grace of a graceful shutdown.
pub static SHUTDOWN_TIMEOUT: Setting = Setting::new(
    "shutdown_timeout",
    "DENIZEN_SHUTDOWN_TIMEOUT",
    Preset::Text("30s"),
    "How long running requests may take to finish when the server is told to stop: `0s` to `1h`.",
);
