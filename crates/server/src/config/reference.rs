//! The page of the documentation that lists the settings.

use super::{
    setting::{DefaultValue, Setting},
    table::SETTINGS,
};

const INTRODUCTION: &str = "# Settings

A setting comes from a flag, else from the environment, else from `denizen.toml`, else from the defaults of the profile.
The variable of a setting is `DENIZEN_` and its key in capitals, such as `DENIZEN_BIND`. `--config` or `DENIZEN_CONFIG`
names another file. `denizen config print` shows which values are in force and where they come from, `denizen config
check` says what is wrong with them, and `denizen config reference` prints this page.

- A **duration** is a whole number and `s`, `m`, `h` or `d`, such as `30m`.
- A **quota** is `BURST/PERIOD`: `20/3m` is 20 at once, and then one more every 3 minutes. An IPv6 address counts as its
  /64; for clients that have not signed in, its /56 has 4 and its /48 has 16 times the quota. `generous` is practically no
  limit.
- A **list** is an array of strings in the file, and separated by commas in the environment.
- **None** is an empty text or list.
";

const COLUMNS: &str = "| setting | what | development | production |\n|---|---|---|---|\n";

/// Every setting with its meaning and its defaults, as a page in Markdown.
#[must_use]
pub fn reference() -> String {
    let mut page = INTRODUCTION.to_owned();
    let mut section = "";
    for setting in SETTINGS {
        if setting.section != section {
            section = setting.section;
            page += &format!("\n## {section}\n\n{COLUMNS}");
        }
        page += &row(setting);
    }
    page
}

fn row(setting: &Setting) -> String {
    let Setting { key, meaning, flag, development, production, .. } = setting;
    let flag = flag.map(|flag| format!(", `{flag}`")).unwrap_or_default();
    format!("| `{key}`{flag} | {meaning} | {} | {} |\n", shown(*development), shown(*production))
}

fn shown(default: DefaultValue) -> String {
    match default {
        DefaultValue::Text("") => "none".to_owned(),
        DefaultValue::Text(text) => format!("`{text}`"),
        DefaultValue::Cores => "one per core".to_owned(),
        DefaultValue::Localhost => "`http://localhost:PORT`".to_owned(),
        DefaultValue::Required => "must be set".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_of_the_documentation_is_this_one() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/settings.md");
        let page = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            page == reference(),
            "docs/reference/settings.md is not what the table says; in the root of the repository, run \
             `cargo run --quiet -- config reference > docs/reference/settings.md`"
        );
    }

    #[test]
    fn a_row_has_both_names_and_both_defaults() {
        let page = reference();
        let has_row =
            |start, end| page.lines().any(|line: &str| line.starts_with(start) && line.ends_with(end));
        assert!(has_row("| `mail`, `--mail` | ", " | `log` | must be set |"), "{page}");
        assert!(has_row("| `public_url`, ", " | `http://localhost:PORT` | must be set |"), "{page}");
        assert!(has_row("| `workers` | How many threads ", " | one per core | one per core |"), "{page}");
        assert!(has_row("| `trusted_proxies` | ", " | none | none |"), "{page}");
    }

    #[test]
    fn nothing_breaks_the_table() {
        for line in reference().lines().filter(|line| line.starts_with('|')) {
            assert_eq!(line.matches('|').count(), 5, "{line}");
        }
    }
}
