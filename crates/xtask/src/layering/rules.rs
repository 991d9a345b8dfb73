//! The tables: who may depend on whom, and who must never see what, from crates down to folders. They restate the architecture chapter of `docs/`.

/// A crate of ours and its place in the house.
pub struct Layer {
    pub name: &'static str,
    /// Ours that it may name under `[dependencies]` and `[build-dependencies]`. Tests may use anything.
    pub may_use: &'static [&'static str],
    /// Outsiders that must not reach it, however indirectly.
    pub never: &'static [&'static [Outsider]],
    /// Whether it ships: a default member, with short functions.
    pub is_product: bool,
    /// How many names its `src` may have; `x.rs` and `x/` are one, the root file and tests are none.
    pub most_names: Option<usize>,
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
const HASHING: &str = "denizen-hashing";
pub const MEMORY: &str = "denizen-storage-memory";
const SQLITE: &str = "denizen-storage-sqlite";
const POSTGRES: &str = "denizen-storage-postgres";
const MAIL: &str = "denizen-mail";
const SERVER: &str = "denizen-server";
pub const TESTKIT: &str = "denizen-testkit";

const RUNTIME: &[Outsider] = &[Outsider { pattern: "tokio", control: Some(("tokio", SERVICES)) }];
const WEB: &[Outsider] = &[Outsider { pattern: "actix*", control: Some(("actix-web", SERVER)) }];
const SQLITE_DRIVER: &[Outsider] = &[
    Outsider { pattern: "rusqlite", control: Some(("rusqlite", SQLITE)) },
    Outsider { pattern: "libsqlite3-sys", control: Some(("libsqlite3-sys", SQLITE)) },
];
const POSTGRES_DRIVER: &[Outsider] =
    &[Outsider { pattern: "tokio-postgres", control: Some(("tokio-postgres", POSTGRES)) }];
const SMTP: &[Outsider] = &[Outsider { pattern: "lettre", control: Some(("lettre", MAIL)) }];

/// What a program that embeds the services must not have to compile.
pub const HEAVY: &[&[Outsider]] = &[WEB, SQLITE_DRIVER, POSTGRES_DRIVER, SMTP];

const fn layer_of(
    name: &'static str,
    may_use: &'static [&'static str],
    never: &'static [&'static [Outsider]],
) -> Layer {
    Layer { name, may_use, never, is_product: true, most_names: None }
}

impl Layer {
    const fn with_names(self, most: usize) -> Self {
        Self { most_names: Some(most), ..self }
    }

    const fn tool(self) -> Self {
        Self { is_product: false, ..self }
    }
}

pub const LAYERS: &[Layer] = &[
    layer_of(MODELS, &[], &[RUNTIME, WEB, SQLITE_DRIVER, POSTGRES_DRIVER, SMTP]).with_names(16),
    layer_of(SERVICES, &[MODELS], HEAVY).with_names(23),
    layer_of(HANDLERS, &[MODELS, SERVICES], &[SQLITE_DRIVER, POSTGRES_DRIVER, SMTP]).with_names(24),
    layer_of(HASHING, &[MODELS, SERVICES], HEAVY),
    layer_of(MEMORY, &[MODELS, SERVICES], HEAVY),
    layer_of(SQLITE, &[MODELS, SERVICES], &[WEB, POSTGRES_DRIVER, SMTP]).with_names(16),
    layer_of(POSTGRES, &[MODELS, SERVICES], &[WEB, SQLITE_DRIVER, SMTP]).with_names(16),
    layer_of(MAIL, &[MODELS, SERVICES], &[WEB, SQLITE_DRIVER, POSTGRES_DRIVER]),
    layer_of(SERVER, &[MODELS, SERVICES, HANDLERS, HASHING, MEMORY, SQLITE, POSTGRES, MAIL], &[]),
    layer_of("denizen-client", &[MODELS], &[SQLITE_DRIVER, POSTGRES_DRIVER, SMTP]),
    layer_of(TESTKIT, &[MODELS, SERVICES], &[WEB, SQLITE_DRIVER, POSTGRES_DRIVER]).tool(),
    layer_of("docs-runner", &[], &[]).tool(),
    layer_of("xtask", &[], &[]).tool(),
];

/// Crates outside the house, which may use all of it: these, and every package under `examples/`.
pub const FREE: &[&str] = &["denizen-bench"];

pub fn layer(name: &str) -> Option<&'static Layer> {
    LAYERS.iter().find(|layer| layer.name == name)
}

/// A group of files at the root of a crate's `src`, with the folders of the same name.
pub struct Floor {
    pub name: &'static str,
    /// Its names at the root; an empty list takes all that no other floor lists.
    pub holds: &'static [&'static str],
    /// The floors that it may use beside itself.
    pub may_use: &'static [&'static str],
}

const fn floor(
    name: &'static str,
    holds: &'static [&'static str],
    may_use: &'static [&'static str],
) -> Floor {
    Floor { name, holds, may_use }
}

const STORAGE: &[Floor] = &[
    floor("store", &["store"], &["features", "engine"]),
    floor("features", &[], &["engine"]),
    floor("engine", &["engine"], &[]),
];

/// The folders of each crate, from the top down: a floor may use what stands below it, and not all of that.
pub const FOLDERS: &[(&str, &[Floor])] = &[
    (MODELS, &[floor("features", &[], &["types"]), floor("types", &["types"], &[])]),
    (
        SERVICES,
        &[
            floor(
                "accounts",
                &["accounts"],
                &["mail_worker", "messages", "demos", "features", "common", "ports"],
            ),
            floor("mail_worker", &["mail_worker"], &["features", "common", "ports"]),
            floor("messages", &["messages"], &["features", "common", "ports"]),
            floor("demos", &["demos"], &["features", "common", "ports"]),
            floor("features", &[], &["common", "ports"]),
            floor("common", &["common"], &["ports"]),
            floor("ports", &["ports"], &[]),
        ],
    ),
    (
        HANDLERS,
        &[
            floor("messages", &["messages"], &["features", "pages", "middleware", "http"]),
            floor("demos", &["demos"], &["features", "pages", "middleware", "http"]),
            floor("features", &[], &["pages", "middleware", "http"]),
            floor("pages", &["pages"], &["middleware", "http"]),
            floor("middleware", &["middleware"], &["http"]),
            floor("http", &["http"], &[]),
        ],
    ),
    (SQLITE, STORAGE),
    (POSTGRES, STORAGE),
];
