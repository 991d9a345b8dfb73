//! Which crate of ours may depend on which other crate of ours.

use std::collections::BTreeSet;

use super::rules::{FREE, Layer, layer};
use crate::workspace::{Kind, Package, Workspace};

/// Reads what the manifests declare, so that an optional dependency counts before anybody switches it on.
pub fn violations(workspace: &Workspace) -> Vec<String> {
    let mut violations = Vec::new();
    for package in workspace.members() {
        let name = package.name.as_str();
        match layer(name) {
            Some(layer) => violations.extend(forbidden_edges(workspace, package, layer)),
            None if FREE.contains(&name) || workspace.is_example(package) => {}
            None => violations.push(format!(
                "{name}: this crate has no place in the house; give it a row in crates/xtask/src/layering/rules.rs \
                 and in the architecture chapter"
            )),
        }
    }
    violations
}

fn forbidden_edges(workspace: &Workspace, package: &Package, layer: &Layer) -> Vec<String> {
    // By name, wherever the package comes from: a published copy of one of our crates is still that crate.
    let is_ours = |name: &str| workspace.member(name).is_some() || self::layer(name).is_some();
    let edges: BTreeSet<&(String, Kind)> = package
        .declared
        .iter()
        .filter(|(to, kind)| *kind != Kind::Dev && is_ours(to) && !layer.may_use.contains(&to.as_str()))
        .collect();
    let allowed =
        if layer.may_use.is_empty() { "nothing of ours".to_owned() } else { layer.may_use.join(", ") };
    let sentence = |(to, kind): &(String, Kind)| {
        format!(
            "{from} -> {to} ({kind} dependency): {from} may depend on {allowed}; move what it needs into a crate that \
             both may see, or wire the two in denizen-server",
            from = package.name
        )
    };
    edges.into_iter().map(sentence).collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::house;
    use super::*;

    #[test]
    fn the_house_as_designed_passes() {
        assert_eq!(violations(&house()), [] as [&str; 0]);
    }

    #[test]
    fn a_normal_and_a_build_edge_upwards_are_named() {
        let mut house = house();
        house.package("denizen-services").declared.push(("denizen-handlers".to_owned(), Kind::Normal));
        house.package("denizen-models").declared.push(("denizen-services".to_owned(), Kind::Build));
        assert_eq!(
            violations(&house),
            [
                "denizen-models -> denizen-services (build dependency): denizen-models may depend on nothing of ours; move \
             what it needs into a crate that both may see, or wire the two in denizen-server",
                "denizen-services -> denizen-handlers (normal dependency): denizen-services may depend on denizen-models; \
             move what it needs into a crate that both may see, or wire the two in denizen-server",
            ]
        );
    }

    #[test]
    fn storage_crates_do_not_see_each_other() {
        let mut house = house();
        house
            .package("denizen-storage-sqlite")
            .declared
            .push(("denizen-storage-postgres".to_owned(), Kind::Normal));
        let [violation] = violations(&house).try_into().unwrap();
        assert!(
            violation.starts_with("denizen-storage-sqlite -> denizen-storage-postgres (normal dependency)")
        );
    }

    #[test]
    fn the_server_ships_without_the_testkit_and_xtask_without_any_of_ours() {
        let mut house = house();
        house.package("denizen-server").declared.push(("denizen-testkit".to_owned(), Kind::Normal));
        house.package("xtask").declared.push(("denizen-models".to_owned(), Kind::Normal));
        let [server, xtask] = violations(&house).try_into().unwrap();
        assert!(server.starts_with("denizen-server -> denizen-testkit"));
        assert!(xtask.starts_with("xtask -> denizen-models"));
    }

    #[test]
    fn adapters_are_for_the_server_alone() {
        let mut house = house();
        for (from, to) in [
            ("denizen-handlers", "denizen-storage-memory"),
            ("denizen-hashing", "denizen-storage-memory"),
            ("denizen-services", "denizen-hashing"),
            ("denizen-storage-memory", "denizen-storage-sqlite"),
        ] {
            house.package(from).declared.push((to.to_owned(), Kind::Normal));
        }
        let found = violations(&house).join("\n");
        assert_eq!(found.matches("(normal dependency)").count(), 4, "{found}");
    }

    #[test]
    fn tests_may_use_anything() {
        let mut house = house();
        house.package("denizen-services").declared.push(("denizen-storage-sqlite".to_owned(), Kind::Dev));
        assert_eq!(violations(&house), [] as [&str; 0]);
    }

    #[test]
    fn a_crate_that_the_table_does_not_list_is_an_error_but_an_example_is_not() {
        let mut house = house();
        house.add("denizen-extras", "crates/extras");
        house.add("denizen-example-two", "examples/two");
        let [violation] = violations(&house).try_into().unwrap();
        assert!(violation.starts_with("denizen-extras: this crate has no place in the house"));
    }
}
