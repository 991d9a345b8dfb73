//! Which folder of a crate may use which other folder of it.

use super::imports::Imports;
use super::modules::Tree;
use super::rules::{FOLDERS, Floor};

/// Checks one crate against its table. The root file wires everything and is on no floor.
pub fn violations(crate_name: &str, tree: &Tree, imports: &Imports) -> Vec<String> {
    let Some((_, floors)) = FOLDERS.iter().find(|(name, _)| *name == crate_name) else { return Vec::new() };
    let floor_of = |file: usize| floor(floors, tree.files[file].module.first()?);
    let mut violations = Vec::new();
    for (&(from, to), import) in imports {
        let (Some(own), Some(other)) = (floor_of(from), floor_of(to)) else { continue };
        if own.name != other.name && !own.may_use.contains(&other.name) {
            violations.push(format!(
                "{}:{}: names `{}` of {} ({}), but {} of {crate_name} may use {} only; move what it needs down, or the \
                 code that needs it up",
                tree.files[from].path,
                import.line,
                import.name,
                tree.files[to].path,
                other.name,
                own.name,
                if own.may_use.is_empty() { "itself".to_owned() } else { own.may_use.join(", ") },
            ));
        }
    }
    // The positive control: a folder with another name would fall among the features.
    let is_empty = |wanted: &&Floor| {
        !(0..tree.files.len()).any(|file| floor_of(file).is_some_and(|floor| floor.name == wanted.name))
    };
    violations.extend(floors.iter().filter(is_empty).map(|floor| {
        format!(
            "{crate_name}: no file belongs to its `{}`, so the rule about them checks nothing; if they were renamed, \
             correct crates/xtask/src/layering/rules.rs",
            floor.name
        )
    }));
    violations
}

/// The floor that lists the name, or the one that lists none and takes all others.
fn floor<'a>(floors: &'a [Floor], name: &str) -> Option<&'a Floor> {
    let listed = floors.iter().find(|floor| floor.holds.contains(&name));
    listed.or_else(|| floors.iter().find(|floor| floor.holds.is_empty()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::imports::imports;
    use super::super::testing::tree;
    use super::*;

    fn of_models(files: &[(&str, &str)]) -> Vec<String> {
        let tree = tree(files);
        violations("denizen-models", &tree, &imports(&tree))
    }

    #[test]
    fn a_folder_may_be_used_from_above_only() {
        let mut files = [
            ("lib.rs", "mod types; mod users; pub use types::Email;"),
            ("types.rs", "mod email; pub use email::Email;"),
            ("types/email.rs", "pub struct Email;"),
            ("users.rs", "use crate::Email; pub struct Users;"),
        ];
        assert!(of_models(&files).is_empty());
        files[2].1 = "\nuse crate::users::Users; pub struct Email;";
        assert_eq!(
            of_models(&files),
            [
                "crates/a/src/types/email.rs:2: names `crate::users::Users` of crates/a/src/users.rs (features), but types \
                 of denizen-models may use itself only; move what it needs down, or the code that needs it up"
            ]
        );
    }

    #[test]
    fn a_folder_that_was_renamed_does_not_disable_the_rule() {
        let [violation] = of_models(&[("lib.rs", "mod users;"), ("users.rs", "")]).try_into().unwrap();
        assert!(violation.starts_with("denizen-models: no file belongs to its `types`"));
    }

    #[test]
    fn the_tables_go_downwards_only() {
        for (name, floors) in FOLDERS {
            let mut below: BTreeSet<&str> = floors.iter().map(|floor| floor.name).collect();
            for floor in *floors {
                below.remove(floor.name);
                let wrong = floor.may_use.iter().find(|used| !below.contains(*used));
                assert_eq!(wrong, None, "{name}: {}", floor.name);
            }
            assert_eq!(floors.iter().filter(|floor| floor.holds.is_empty()).count(), 1, "{name}");
        }
    }
}
