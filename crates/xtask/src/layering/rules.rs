//! The tables: who may depend on whom, and who must never see what. They restate the architecture chapter of `docs/`.

/// A crate of ours and its place in the house.
pub struct Layer {
    pub name: &'static str,
    /// Ours that it may name under `[dependencies]` and `[build-dependencies]`. Tests may use anything.
    pub may_use: &'static [&'static str],
    /// Outsiders that must not reach it, however indirectly.
    pub never: &'static [&'static [Outsider]],
}

impl Layer {
    pub fn bans(&self) -> impl Iterator<Item = &'static Outsider> {
        self.never.iter().copied().flatten()
    }
}

/// A crate from a registry that some layers must not see.
#[derive(Debug)]
pub struct Outsider {
    /// The package's name; a final `*` stands for any ending.
    pub pattern: &'static str,
    /// The package that this rule is about and the crate of ours that must reach it, which proves that the pattern
    /// still means something. `None` as long as nobody uses it: its first use is an error that asks for this entry.
    pub control: Option<(&'static str, &'static str)>,
}

impl Outsider {
    pub fn matches(&self, name: &str) -> bool {
        match self.pattern.strip_suffix('*') {
            Some(start) => name.starts_with(start),
            None => name == self.pattern,
        }
    }
}

const MODELS: &str = "denizen-models";
pub const SERVICES: &str = "denizen-services";
pub const HANDLERS: &str = "denizen-handlers";
const SQLITE: &str = "denizen-storage-sqlite";
const POSTGRES: &str = "denizen-storage-postgres";
const MAIL: &str = "denizen-mail";
const SERVER: &str = "denizen-server";

const RUNTIME: &[Outsider] = &[Outsider { pattern: "tokio", control: Some(("tokio", SERVICES)) }];
const WEB: &[Outsider] = &[Outsider { pattern: "actix*", control: Some(("actix-web", SERVER)) }];
const DRIVERS: &[Outsider] = &[
    Outsider { pattern: "rusqlite", control: Some(("rusqlite", SQLITE)) },
    Outsider { pattern: "libsqlite3-sys", control: Some(("libsqlite3-sys", SQLITE)) },
    Outsider { pattern: "tokio-postgres", control: None },
];
const SMTP: &[Outsider] = &[Outsider { pattern: "lettre", control: Some(("lettre", MAIL)) }];

/// What a program that embeds the services must not have to compile.
pub const HEAVY: &[&[Outsider]] = &[WEB, DRIVERS, SMTP];

pub const LAYERS: &[Layer] = &[
    Layer { name: MODELS, may_use: &[], never: &[RUNTIME, WEB, DRIVERS, SMTP] },
    Layer { name: SERVICES, may_use: &[MODELS], never: &[WEB, DRIVERS, SMTP] },
    Layer { name: HANDLERS, may_use: &[MODELS, SERVICES], never: &[DRIVERS, SMTP] },
    Layer { name: SQLITE, may_use: &[MODELS, SERVICES], never: &[WEB, SMTP] },
    Layer { name: POSTGRES, may_use: &[MODELS, SERVICES], never: &[WEB, SMTP] },
    Layer { name: MAIL, may_use: &[MODELS, SERVICES], never: &[WEB, DRIVERS] },
    Layer { name: "denizen-testkit", may_use: &[MODELS, SERVICES], never: &[WEB, DRIVERS] },
    Layer { name: SERVER, may_use: &[MODELS, SERVICES, HANDLERS, SQLITE, POSTGRES, MAIL], never: &[] },
    Layer { name: "docs-runner", may_use: &[], never: &[] },
    Layer { name: "xtask", may_use: &[], never: &[] },
];

/// Crates outside the house, which may use all of it: these, and every package under `examples/`.
pub const FREE: &[&str] = &["denizen-bench"];

pub fn layer(name: &str) -> Option<&'static Layer> {
    LAYERS.iter().find(|layer| layer.name == name)
}
