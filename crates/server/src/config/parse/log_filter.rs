//! Log filters, in the language of `env_logger`.

use log::LevelFilter;

/// The crates of this program that log, by the names that begin their targets. A test compares it with `Cargo.lock`.
/// `denizen` itself has only `denizen::access`, the requests.
const CRATES: &str = "actix_codec, actix_http, actix_router, actix_server, actix_web, denizen, denizen_handlers, \
                      denizen_hashing, denizen_mail, denizen_server, denizen_services, denizen_storage_postgres, \
                      denizen_storage_sqlite, mio, rustls, tokio_postgres";

/// Refuses what `env_logger` would only warn about, and names that would match nothing.
pub(in crate::config) fn log_filter(text: &str) -> Result<String, String> {
    let (directives, pattern) = text.split_once('/').unwrap_or((text, ""));
    let mut directives =
        directives.split(',').map(str::trim).filter(|directive| !directive.is_empty()).peekable();
    if directives.peek().is_none() || pattern.contains('/') {
        return Err("expected a log filter such as `info` or `warn,denizen_services=debug`".to_owned());
    }
    directives.try_for_each(check)?;
    Ok(text.to_owned())
}

fn check(directive: &str) -> Result<(), String> {
    let is_level = |text: &str| text.parse::<LevelFilter>().is_ok();
    let (target, level) = directive.split_once('=').unwrap_or((directive, ""));
    let (target, level) = (target.trim(), level.trim());
    if is_level(directive) || (logs(target) && (level.is_empty() || is_level(level))) {
        return Ok(());
    }
    Err(format!(
        "{directive:?} has no effect; expected one of the levels off, error, warn, info, debug and trace, or a level \
         for a part of the program, such as denizen_services=debug. These parts have a log: {CRATES}"
    ))
}

/// Returns whether `target` is one of the crates, a module of one, or what several have in common, such as `actix`.
fn logs(target: &str) -> bool {
    let (name, module) = target.split_once("::").unwrap_or((target, ""));
    let is_meant = |known: &str| {
        let rest = known.strip_prefix(name);
        rest.is_some_and(|rest| rest.is_empty() || (module.is_empty() && rest.starts_with('_')))
    };
    let is_target = name != "denizen" || ["", "access"].contains(&module);
    !name.is_empty() && is_target && CRATES.split(", ").any(is_meant)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse::tests::reason;

    #[test]
    fn a_filter_names_levels_and_parts_of_the_program() {
        for text in [
            "info",
            "OFF",
            "denizen_services",
            "warn,denizen_handlers=debug, actix=off",
            "info,denizen::access=off,",
            "denizen=,rustls",
            "info/x",
        ] {
            assert_eq!(log_filter(text), Ok(text.to_owned()));
        }
        for text in ["", ",", "/x", "info/a/b"] {
            assert!(reason(log_filter(text)).starts_with("expected a log filter such as `info`"), "{text}");
        }
    }

    #[test]
    fn a_filter_with_a_slip_is_not_a_filter_that_shows_nothing() {
        for text in [
            "inof",
            "garbage=",
            "info=debug",
            "denizen_services=verbose",
            "a=b=c",
            "=info",
            "deni",
            "denizen::acess=off",
            "denizen_s",
        ] {
            let reason = reason(log_filter(&format!("warn,{text}")));
            assert!(reason.starts_with(&format!("{text:?} has no effect; expected one of ")), "{reason}");
        }
    }

    /// Packages of `Cargo.lock` that depend on `log`, or on `tracing`, which writes to it.
    #[test]
    fn the_list_of_crates_is_that_of_the_lock_file() {
        const NOT_IN_THE_PROGRAM: [&str; 3] = ["iana-time-zone", "tokio-tungstenite", "tungstenite"];
        const PARTS_OF_THE_LOG: [&str; 3] = ["env_filter", "env_logger", "tracing"];
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.lock");
        let lock = std::fs::read_to_string(path).unwrap().parse::<toml::Table>().unwrap();
        let mut found = vec!["denizen".to_owned()];
        for package in lock["package"].as_array().unwrap() {
            let name = package["name"].as_str().unwrap();
            let dependencies = package.get("dependencies").and_then(toml::Value::as_array);
            let logs = |dependency: &toml::Value| ["log", "tracing"].contains(&dependency.as_str().unwrap());
            if dependencies.is_some_and(|all| all.iter().any(logs))
                && !NOT_IN_THE_PROGRAM.iter().chain(&PARTS_OF_THE_LOG).any(|other| *other == name)
            {
                found.push(name.replace('-', "_"));
            }
        }
        found.sort();
        assert_eq!(found.join(", "), CRATES);
    }
}
