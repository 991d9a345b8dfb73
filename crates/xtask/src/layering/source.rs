//! The handlers know the services' traits and never a concrete service: their source must not name the modules that
//! hold the implementations. Visibility cannot say this, because the server needs the same modules.

use super::files::RustFile;
use super::rules::{HANDLERS, SERVICES};
use super::tokens::tokens;
use crate::workspace::Workspace;

/// The modules of the services that only the server, tests and programs that embed the services may name.
const CONCRETE: &[&str] = &["defaults", "memory"];
/// What the services are called in paths. Renaming them with `as` adds to this.
const ROOTS: &[&str] = &["denizen_services", "services"];

pub fn violations(workspace: &Workspace, files: &[RustFile]) -> Vec<String> {
    let (Some(handlers), Some(services)) = (source_of(workspace, HANDLERS), source_of(workspace, SERVICES))
    else {
        return vec![format!(
            "{HANDLERS}, {SERVICES}: one is missing, so the rule about concrete services checks nothing"
        )];
    };
    let mut violations = Vec::new();
    for module in CONCRETE {
        // The positive control: a module that moved would otherwise leave a rule about nothing behind.
        let homes = [format!("{services}{module}.rs"), format!("{services}{module}/mod.rs")];
        if !files.iter().any(|file| homes.contains(&file.path)) {
            violations.push(format!(
                "{services}{module}.rs: not found, so the ban on `services::{module}` in {HANDLERS} proves nothing; if \
                 the module was renamed, correct crates/xtask/src/layering/source.rs"
            ));
        }
    }
    for file in files.iter().filter(|file| file.path.starts_with(&handlers)) {
        for (line, name) in concrete_services(&file.text) {
            violations.push(format!(
                "{}:{line}: names `{name}`; {HANDLERS} may know service traits only, so take an `Arc<dyn …>` through \
                 `Services` and let denizen-server choose the implementation",
                file.path
            ));
        }
    }
    violations
}

fn source_of(workspace: &Workspace, name: &str) -> Option<String> {
    let folder = workspace.relative(&workspace.member(name)?.folder).replace('\\', "/");
    Some(format!("{folder}/src/"))
}

/// The lines that name a concrete service, each with the name.
fn concrete_services(source: &str) -> Vec<(usize, String)> {
    let tokens = tokens(source);
    let text = |index: usize| tokens.get(index).map_or("", |&(_, text)| text);
    let mut roots = ROOTS.to_vec();
    for index in 0..tokens.len() {
        if text(index) == ROOTS[0] {
            // `use denizen_services as x` and `use denizen_services::{self as x}`
            let names = [index].into_iter().chain(first_segments(&tokens, index));
            let renamed = |&at: &usize| [ROOTS[0], "self"].contains(&text(at)) && text(at + 1) == "as";
            roots.extend(names.filter(renamed).map(|at| text(at + 2)));
        }
    }
    let mut found = Vec::new();
    for index in (0..tokens.len()).filter(|&index| roots.contains(&text(index))) {
        for at in first_segments(&tokens, index) {
            let (line, name) = tokens[at];
            // `services::*` alone may be a module of the handlers; the crate's own glob would hide what is used.
            let is_glob = name == "*" && text(index) != ROOTS[1];
            if CONCRETE.contains(&name) || is_glob {
                found.push((line, format!("{}::{name}", text(index))));
            }
        }
    }
    found
}

/// Where the segments that follow `root::` or `root::{…}` are, if the token at `root` is followed by `::`.
fn first_segments(tokens: &[(usize, &str)], root: usize) -> Vec<usize> {
    let text = |index: usize| tokens.get(index).map_or("", |&(_, text)| text);
    if text(root + 1) != "::" || root + 2 >= tokens.len() {
        return Vec::new();
    }
    if text(root + 2) != "{" {
        return vec![root + 2];
    }
    let mut depth = 0;
    let mut segments = Vec::new();
    for index in root + 2..tokens.len() {
        match text(index) {
            "{" => depth += 1,
            "}" => depth -= 1,
            _ if depth == 1 && ["{", ","].contains(&text(index - 1)) => segments.push(index),
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    segments
}

#[cfg(test)]
mod tests {
    use super::super::testing::house;
    use super::*;

    fn found(source: &str) -> Vec<String> {
        concrete_services(source).into_iter().map(|(line, name)| format!("{line} {name}")).collect()
    }

    fn file(path: &str, text: &str) -> RustFile {
        RustFile { path: path.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn a_path_to_a_concrete_service_is_found() {
        assert_eq!(found("\nuse denizen_services::DefaultUserService;"), ["2 denizen_services::defaults"]);
        assert_eq!(found("fn f() { ::denizen_services :: memory::Store }"), ["1 denizen_services::memory"]);
        assert_eq!(found("use denizen_services as services;\nservices::r#memory()"), ["2 services::memory"]);
    }

    #[test]
    fn a_concrete_service_is_found_inside_groups() {
        let source = "use denizen_services::{\n    UserService,\n    users::{self, Page},\n    memory::{MemoryStore},\n};";
        assert_eq!(found(source), ["4 denizen_services::memory"]);
        assert_eq!(
            found("use {std::fmt, denizen_services::{defaults as d}};"),
            ["1 denizen_services::defaults"]
        );
    }

    #[test]
    fn renaming_the_services_does_not_hide_it() {
        assert_eq!(found("use denizen_services as s;\nlet store = s::memory::Store;"), ["2 s::memory"]);
        assert_eq!(found("use denizen_services::{self as s, Clock}; s::{defaults}"), ["1 s::defaults"]);
        assert_eq!(found("use denizen_services::*;"), ["1 denizen_services::*"]);
    }

    #[test]
    fn traits_other_modules_comments_and_texts_are_free() {
        let source = r##"
            //! Never `services::memory`. /* services::defaults
            /* services::defaults /* nested */ services::memory */
            use denizen_services::{UserService, ports::{Clock, memory}};
            use crate::services::*;
            const TEXT: &str = "services::memory \" services::defaults";
            const RAW: &str = r#"services::memory " services::defaults"#;
            fn f<'a>(quote: char, services: &'a str) -> bool { quote == '"' || quote == '\'' || services::ready() }
        "##;
        assert_eq!(found(source), [] as [&str; 0]);
        assert_eq!(found(&format!("{source} services::memory")), ["9 services::memory"]);
    }

    #[test]
    fn only_the_handlers_are_scanned() {
        let modules = ["crates/services/src/defaults.rs", "crates/services/src/memory/mod.rs"]
            .map(|path| file(path, ""));
        let [defaults, memory] = modules;
        let server = file("crates/server/src/lib.rs", "use denizen_services::memory;");
        let handlers = file("crates/handlers/src/users.rs", "use denizen_services::memory;");
        let [violation] = violations(&house(), &[defaults, memory, server, handlers]).try_into().unwrap();
        assert!(violation.starts_with("crates/handlers/src/users.rs:1: names `denizen_services::memory`;"));
    }

    #[test]
    fn a_module_that_was_renamed_does_not_disable_the_rule() {
        let [violation] =
            violations(&house(), &[file("crates/services/src/memory.rs", "")]).try_into().unwrap();
        assert!(
            violation.starts_with(
                "crates/services/src/defaults.rs: not found, so the ban on `services::defaults`"
            )
        );
    }

    #[test]
    fn a_house_without_handlers_or_services_is_an_error() {
        let mut house = house();
        house.rename("denizen-handlers", "denizen-http");
        let [violation] = violations(&house, &[]).try_into().unwrap();
        assert!(violation.ends_with("the rule about concrete services checks nothing"));
    }
}
