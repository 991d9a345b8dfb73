//! How HTTP is spoken.

use super::{Kind, Preset, Setting};

/// `cors_origins`: foreign web pages that may call the API.
pub static CORS_ORIGINS: Setting = Setting {
    kind: Kind::List,
    ..Setting::new(
        "cors_origins",
        "DENIZEN_CORS_ORIGINS",
        Preset::Text(""),
        "The origins (`scheme://host[:port]`) whose pages may call the API from a browser; none by default.",
    )
};

/// `trusted_proxies`: who may say on whose behalf it asks.
pub static TRUSTED_PROXIES: Setting = Setting {
    kind: Kind::List,
    ..Setting::new(
        "trusted_proxies",
        "DENIZEN_TRUSTED_PROXIES",
        Preset::Text(""),
        "The networks (`10.0.0.0/8`, `::1`) of proxies whose `X-Forwarded-For` is believed.",
    )
};

/// `workers`: threads that speak HTTP.
pub static WORKERS: Setting = Setting {
    kind: Kind::Number,
    ..Setting::new("workers", "DENIZEN_WORKERS", Preset::Cores, "How many threads serve HTTP: 1 to 512.")
};

/// `max_connections`: sockets.
pub static MAX_CONNECTIONS: Setting = Setting {
    kind: Kind::Number,
    ..Setting::new(
        "max_connections",
        "DENIZEN_MAX_CONNECTIONS",
        Preset::Text("10000"),
        "How many connections may be open at once, WebSockets included: 1 to 1000000; more have to wait.",
    )
};

/// `header_timeout`: patience with slow clients.
pub static HEADER_TIMEOUT: Setting = Setting::new(
    "header_timeout",
    "DENIZEN_HEADER_TIMEOUT",
    Preset::Text("10s"),
    "How long the head of a request may take to arrive: `1s` to `5m`.",
);

/// `body_timeout`: patience with slow clients.
pub static BODY_TIMEOUT: Setting = Setting::new(
    "body_timeout",
    "DENIZEN_BODY_TIMEOUT",
    Preset::Text("15s"),
    "How long the body of a request may take to arrive, and how long a client may take nothing of what is sent to it: \
     `1s` to `5m`.",
);

/// `idle_timeout`: patience with silent clients.
pub static IDLE_TIMEOUT: Setting = Setting::new(
    "idle_timeout",
    "DENIZEN_IDLE_TIMEOUT",
    Preset::Text("60s"),
    "How long a connection is kept open between two requests: `1s` to `1h`.",
);

/// `slow_request`: what deserves a warning.
pub static SLOW_REQUEST: Setting = Setting::new(
    "slow_request",
    "DENIZEN_SLOW_REQUEST",
    Preset::Text("2s"),
    "From which duration on a request is a warning in the log: `1s` to `1h`.",
);
