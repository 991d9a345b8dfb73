//! Which crate from a registry must not reach which crate of ours, over any number of steps.

use std::collections::{BTreeMap, HashMap, VecDeque};

use super::rules::{LAYERS, Layer, Outsider, layer};
use crate::workspace::{Kind, Package, Workspace};

pub fn violations(workspace: &Workspace) -> Vec<String> {
    let mut violations = banned(workspace);
    let bans = LAYERS.iter().flat_map(Layer::bans).map(|outsider| (outsider.pattern, outsider));
    let bans: BTreeMap<_, _> = bans.collect();
    violations.extend(bans.into_values().filter_map(|outsider| uncontrolled(workspace, outsider)));
    violations
}

/// The bans alone. They hold for manifests that are not resolved, too.
pub fn banned(workspace: &Workspace) -> Vec<String> {
    let mut violations = Vec::new();
    for layer in LAYERS {
        for outsider in layer.bans() {
            if let Some(path) = path_to_banned(workspace, layer, outsider) {
                violations.push(format!(
                    "{}: `{}` must never reach {}; drop the dependency, or move the code that needs it up to an adapter",
                    path.join(" -> "),
                    outsider.pattern,
                    layer.name,
                ));
            }
        }
    }
    violations
}

/// The shortest way from the layer to the outsider, if there is one. A way through another crate of ours that bans
/// the same outsider does not count, as that crate reports it.
fn path_to_banned(workspace: &Workspace, start: &Layer, outsider: &Outsider) -> Option<Vec<String>> {
    let package = workspace.member(start.name)?;
    // An optional dependency that no feature switches on today is not in the resolved graph.
    let direct = |(name, kind): &&(String, Kind)| *kind != Kind::Dev && outsider.matches(name);
    if let Some((name, _)) = package.declared.iter().find(direct) {
        return Some(vec![start.name.to_owned(), name.clone()]);
    }
    let bans_it =
        |name: &str| layer(name).is_some_and(|layer| layer.bans().any(|ban| ban.pattern == outsider.pattern));
    path(workspace, start.name, |package| outsider.matches(&package.name), |package| bans_it(&package.name))
}

/// A breadth-first search along normal edges, and along the build edges of our own crates.
fn path(
    workspace: &Workspace,
    start: &str,
    is_wanted: impl Fn(&Package) -> bool,
    is_closed: impl Fn(&Package) -> bool,
) -> Option<Vec<String>> {
    let packages = &workspace.packages;
    let start = packages.iter().position(|package| package.ours && package.name == start)?;
    let mut came_from = HashMap::from([(start, start)]);
    let mut queue = VecDeque::from([start]);
    while let Some(from) = queue.pop_front() {
        if is_wanted(&packages[from]) {
            let mut path = vec![from];
            while path[path.len() - 1] != start {
                path.push(came_from[&path[path.len() - 1]]);
            }
            return Some(path.iter().rev().map(|&index| packages[index].name.clone()).collect());
        }
        for &(to, kind) in &packages[from].resolved {
            let counts = kind == Kind::Normal || (kind == Kind::Build && packages[from].ours);
            if counts && !came_from.contains_key(&to) && !is_closed(&packages[to]) {
                came_from.insert(to, from);
                queue.push_back(to);
            }
        }
    }
    None
}

/// The positive control: a rule about a name that occurs nowhere proves nothing.
fn uncontrolled(workspace: &Workspace, outsider: &Outsider) -> Option<String> {
    const TABLE: &str = "crates/xtask/src/layering/rules.rs";
    let pattern = outsider.pattern;
    match outsider.control {
        Some((name, home)) => match path(workspace, home, |package| package.name == name, |_| false) {
            Some(_) => None,
            None => Some(format!(
                "{name}: {home} does not reach it, so the ban on `{pattern}` proves nothing; if the crate was renamed \
                 or replaced, correct its row in {TABLE}"
            )),
        },
        None => LAYERS
            .iter()
            .find_map(|layer| path(workspace, layer.name, |package| outsider.matches(&package.name), |_| false))
            .map(|path| {
                format!(
                    "{}: `{pattern}` is used now, but its row in {TABLE} has no control; name the crate that must \
                     reach it there",
                    path.join(" -> ")
                )
            }),
    }
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
    fn an_outsider_behind_two_steps_is_reported_once_with_its_path() {
        let mut house = house();
        let between = house.add_outsider("convenient");
        let web = house.index("actix-web");
        house.package("denizen-services").resolved.push((between, Kind::Normal));
        house.packages[between].resolved.push((web, Kind::Normal));
        assert_eq!(
            violations(&house),
            [
                "denizen-services -> convenient -> actix-web: `actix*` must never reach denizen-services; drop the \
             dependency, or move the code that needs it up to an adapter"
            ]
        );
    }

    #[test]
    fn every_ban_of_every_layer_is_enforced() {
        for layer in LAYERS {
            for outsider in layer.bans() {
                let mut house = house();
                let name = outsider.control.map_or(outsider.pattern, |(name, _)| name);
                let banned = house.add_outsider(name);
                house.package(layer.name).resolved.push((banned, Kind::Normal));
                let expected = format!("{} -> {name}: `{}`", layer.name, outsider.pattern);
                assert!(violations(&house).iter().any(|line| line.starts_with(&expected)), "{expected}");
            }
        }
    }

    #[test]
    fn models_must_not_reach_the_runtime_that_services_use() {
        let mut house = house();
        let runtime = house.index("tokio");
        house.package("denizen-models").resolved.push((runtime, Kind::Normal));
        let [violation] = violations(&house).try_into().unwrap();
        assert!(violation.starts_with("denizen-models -> tokio: `tokio` must never reach denizen-models"));
    }

    #[test]
    fn an_optional_dependency_counts_before_a_feature_switches_it_on() {
        let mut house = house();
        house.package("denizen-handlers").declared.push(("rusqlite".to_owned(), Kind::Normal));
        let [violation] = violations(&house).try_into().unwrap();
        assert!(
            violation
                .starts_with("denizen-handlers -> rusqlite: `rusqlite` must never reach denizen-handlers")
        );
    }

    #[test]
    fn tests_may_see_outsiders_and_so_may_build_scripts_of_outsiders() {
        let mut house = house();
        let (web, serde) = (house.index("actix-web"), house.index("serde"));
        house.package("denizen-models").resolved.push((web, Kind::Dev));
        house.packages[serde].resolved.push((web, Kind::Build));
        assert_eq!(violations(&house), [] as [&str; 0]);
    }

    #[test]
    fn a_banned_name_that_left_its_home_is_an_error() {
        let mut house = house();
        house.rename("actix-web", "aktix-web");
        house.rename("rusqlite", "rustqlite");
        let [web, driver] = violations(&house).try_into().unwrap();
        assert!(web.starts_with(
            "actix-web: denizen-server does not reach it, so the ban on `actix*` proves nothing"
        ));
        assert!(driver.starts_with("rusqlite: denizen-storage-sqlite does not reach it"));
    }

    #[test]
    fn the_first_use_of_a_name_without_a_control_asks_for_one() {
        let mut house = house();
        let driver = house.add_outsider("redis");
        house.package("denizen-storage-postgres").resolved.push((driver, Kind::Normal));
        let violation = uncontrolled(&house, &Outsider { pattern: "redis", control: None }).unwrap();
        let expected = "denizen-storage-postgres -> redis: `redis` is used now";
        assert!(violation.starts_with(expected), "{violation}");
        assert!(violation.ends_with("name the crate that must reach it there"));
    }
}
