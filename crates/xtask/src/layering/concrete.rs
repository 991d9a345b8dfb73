//! The handlers know the services' traits and never an implementation. Clippy enforces it with `disallowed-types`;
//! here stands what clippy cannot know: that every implementation is listed.

use std::collections::BTreeSet;

use super::modules::Tree;

/// The list of the handlers, with `disallowed-types: ` before each of its paths.
const LIST: &str = "disallowed-types";

/// Compares the implementations of `…Service` traits in the services with the entries of the handlers' `clippy.toml`.
pub fn violations(services: &Tree, entries: &BTreeSet<String>, path: &str) -> Vec<String> {
    let prefix = format!("{LIST}: denizen_services::");
    let listed: BTreeSet<&str> =
        entries.iter().filter_map(|entry| entry.strip_prefix(&prefix)?.rsplit("::").next()).collect();
    let modules = services.modules.values();
    let implementations = modules.clone().flat_map(|module| &module.implementations);
    let concrete: BTreeSet<&str> = implementations
        .filter(|(of, _)| of.ends_with("Service"))
        .map(|(_, implementation)| implementation.as_str())
        .collect();
    let missing = concrete.difference(&listed).map(|name| {
        format!(
            "{path}: `{LIST}` lacks `{name}` of denizen-services, which implements a service; add it, so that handlers \
             name traits only"
        )
    });
    let is_gone = |name: &&&str| !modules.clone().any(|module| module.items.contains(**name));
    let gone = listed.iter().filter(is_gone).map(|name| {
        format!(
            "{path}: `{LIST}` lists `{name}`, which denizen-services does not define; correct or remove it"
        )
    });
    let nothing = concrete.is_empty().then(|| {
        format!("{path}: denizen-services implements no trait called `…Service`, so this rule checks nothing")
    });
    missing.chain(gone).chain(nothing).collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::tree;
    use super::*;

    const SERVICES: &str =
        "pub struct Good; impl UserService for Good {} impl Clone for Other {} struct Other;";

    fn found(services: &str, listed: &[&str]) -> Vec<String> {
        let entries =
            listed.iter().map(|name| format!("disallowed-types: denizen_services::{name}")).collect();
        violations(&tree(&[("lib.rs", services)]), &entries, "c.toml")
    }

    #[test]
    fn every_implementation_of_a_service_is_listed() {
        assert_eq!(found(SERVICES, &["defaults::Good", "Other"]), [] as [&str; 0]);
        let [violation] = found(SERVICES, &[]).try_into().unwrap();
        assert!(violation.starts_with("c.toml: `disallowed-types` lacks `Good`"));
    }

    #[test]
    fn a_name_that_is_gone_does_not_stay_in_the_list() {
        let [violation] = found(SERVICES, &["Good", "Gone"]).try_into().unwrap();
        assert!(violation.starts_with("c.toml: `disallowed-types` lists `Gone`"));
    }

    #[test]
    fn services_without_implementations_are_an_error() {
        let [violation] = found("struct Good;", &[]).try_into().unwrap();
        assert!(violation.ends_with("this rule checks nothing"));
    }
}
