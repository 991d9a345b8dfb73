//! A small guide that is right, damaged in every way that only a guide can be wrong.

use crate::config::FILE;
use crate::testing::{problems, problems_if, tree};
use crate::tree::Tree;

const PLAN: &str = "# Plan: reset\n\nBegin with:\n\n```console\n$ cargo xtask docs start guide\n```\n\n\
    In the starting tree, `reset` occurs only in:\n\n```text\ncrates/services/src/timer.rs\n```\n\n\
    When you are lost, type:\n\n```console\n$ cargo xtask docs goto 1\n```\n";
const STEP: &str = "# Step\n\nIn `crates/services/src/lib.rs`, find:\n\n```rust\nmod timer;\n```\n\n\
    and add above it:\n\n```rust\nmod reset;\n```\n\n\
    Take these files from the finished repository:\n\n\
    ```console\n$ git checkout finished -- crates/services/src/reset.rs \\\n>   crates/services/tests/\n```\n";
const TIMER: &str = "crates/services/src/timer.rs";

fn house() -> Tree {
    tree(&[
        ("README.md", "# House\n"),
        (
            FILE,
            "feature_folders = ['crates/models/src/', 'crates/services/src/', 'crates/handlers/src/', 'crates/server/src/']",
        ),
        ("docs/SUMMARY.md", "- [P](guide/0-plan.md)\n- [S](guide/1-step.md)\n- [T](tutorial/1.md)\n"),
        ("docs/guide/0-plan.md", PLAN),
        ("docs/guide/1-step.md", STEP),
        ("docs/tutorial/1.md", "# Tutorial\n"),
        ("crates/services/src/lib.rs", "mod reset;\nmod timer;\n"),
        ("crates/services/src/reset.rs", "pub fn reset() {}\n"),
        (TIMER, "fn tick() {\n    sleep.reset(SOON);\n}\n"),
        ("crates/services/tests/reset.rs", "// tests\n"),
        ("crates/services/tests/reset/more.rs", "// more\n"),
        // Not code, not one of the rooms, and another word.
        ("crates/services/src/reset.md", "reset"),
        ("crates/storage-sqlite/src/lib.rs", "// reset\n"),
        ("crates/models/src/lib.rs", "struct Preset;\n"),
    ])
}

/// What is found when `from` is `to` in one file of the house.
fn damaged(path: &str, from: &str, to: &str) -> Vec<String> {
    problems_if(house(), path, from, to)
}

/// The only thing that is found then.
fn found(path: &str, from: &str, to: &str) -> String {
    let mut problems = damaged(path, from, to);
    assert_eq!(problems.len(), 1, "{problems:#?}");
    problems.remove(0)
}

#[test]
fn a_guide_in_order_passes() {
    assert_eq!(problems(&house()), [""; 0]);
}

#[test]
fn a_trace_of_the_feature_in_the_starting_tree_is_named_with_its_line() {
    assert_eq!(
        found("crates/models/src/lib.rs", "struct Preset;", "struct Preset;\n\nstruct PasswordReset;"),
        "docs/guide/0-plan.md:11: in the starting tree, `crates/models/src/lib.rs` mentions `reset`, too, in its \
         line 3: struct PasswordReset;"
    );
    // A line that the guide does not give back is a trace, too.
    assert_eq!(
        found("crates/services/src/lib.rs", "mod timer;\n", "mod timer;\npub use reset::reset;\n"),
        "docs/guide/0-plan.md:11: in the starting tree, `crates/services/src/lib.rs` mentions `reset`, too, in its \
         line 2: pub use reset::reset;"
    );
}

#[test]
fn a_listed_file_must_be_there_and_mention_the_word() {
    assert_eq!(
        found(TIMER, "sleep.reset", "sleep.preset"),
        "docs/guide/0-plan.md:12: in the starting tree, `crates/services/src/timer.rs` does not mention `reset`"
    );
    for path in
        ["crates/services/src/reset.rs", "crates/storage-sqlite/src/lib.rs", "crates/services/src/reset.md"]
    {
        let both = format!("{TIMER}\n{path}");
        assert_eq!(
            found("docs/guide/0-plan.md", TIMER, &both),
            format!(
                "docs/guide/0-plan.md:13: `{path}` is no Rust file of the starting tree in crates/models/src/, \
                 crates/services/src/, crates/handlers/src/, crates/server/src/"
            )
        );
    }
}

#[test]
fn every_line_that_is_deleted_from_a_page_is_missed() {
    let lines: Vec<_> = STEP.lines().collect();
    for (at, line) in lines.iter().enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
    {
        let left: Vec<_> = [&lines[..at], &lines[at + 1..]].concat();
        let problems = damaged("docs/guide/1-step.md", STEP, &(left.join("\n") + "\n"));
        let is_named = problems.iter().any(|problem| problem.starts_with("docs/guide/1-step.md:"));
        assert!(is_named, "without `{line}`: {problems:#?}");
    }
}

#[test]
fn what_is_taken_is_in_the_repository() {
    assert_eq!(
        found("docs/guide/1-step.md", "crates/services/tests/", "crates/services/test/"),
        "docs/guide/1-step.md:17: the page is stale, its edit cannot be undone: there is neither a file nor a folder \
         `crates/services/test` in the repository"
    );
}

#[test]
fn what_is_taken_has_no_other_block() {
    let create = "Create `crates/services/tests/reset.rs`:\n\n```rust\n// tests\n```\n\nTake these";
    assert_eq!(
        found("docs/guide/1-step.md", "Take these", create),
        "docs/guide/1-step.md:23: `crates/services/tests`: a file that is taken whole has only one block, but \
         docs/guide/1-step.md:17 is another"
    );
    let append = "```\n\nAt the end of `crates/services/src/reset.rs`, add:\n\n```rust\n// end\n```\n";
    let text = STEP.replace("tests/\n```\n", &format!("tests/\n{append}"));
    assert_eq!(
        found("docs/guide/1-step.md", STEP, &text),
        "docs/guide/1-step.md:24: `crates/services/src/reset.rs`: a file that is taken whole has only one block, but \
         docs/guide/1-step.md:17 is another"
    );
    for twice in ["crates/services/src/reset.rs", "crates/services/src"] {
        let problems = damaged("docs/guide/1-step.md", "crates/services/tests/", twice);
        assert_eq!(
            problems,
            [format!(
                "docs/guide/1-step.md:17: `{twice}`: a file that is taken whole has only one block, but \
                 docs/guide/1-step.md:{} is another",
                if twice.ends_with(".rs") { 17 } else { 5 }
            )]
        );
    }
}

#[test]
fn nothing_happens_before_the_reader_has_begun() {
    let begin = "Begin with:\n\n```console\n$ cargo xtask docs start guide\n```\n\n";
    let expected = "the reader still has the finished repository; \"Begin with:\" comes first";
    assert_eq!(found("docs/guide/0-plan.md", begin, ""), format!("docs/guide/1-step.md:5: {expected}"));
    let early = format!("Run:\n\n```console\n$ ls\n```\n\n{begin}");
    assert_eq!(
        damaged("docs/guide/0-plan.md", begin, &early),
        [
            format!("docs/guide/0-plan.md:5: {expected}"),
            "docs/guide/0-plan.md:11: the guide has begun already".to_owned()
        ]
    );
    assert_eq!(
        found("docs/guide/1-step.md", "In `crates", &format!("{begin}In `crates")),
        "docs/guide/1-step.md:5: the guide has begun already"
    );
}

#[test]
fn a_page_to_go_to_is_one_of_the_guide() {
    for name in ["0", "1-step", "1-step.md", "docs/guide/1-step.md"] {
        assert_eq!(damaged("docs/guide/0-plan.md", "goto 1", &format!("goto {name}")), [""; 0], "{name}");
    }
    for name in ["2", "step", "docs/tutorial/1.md"] {
        assert_eq!(
            found("docs/guide/0-plan.md", "goto 1", &format!("goto {name}")),
            format!("docs/guide/0-plan.md:17: there is no page `{name}` in `docs/guide/`")
        );
    }
}

#[test]
fn other_pages_take_nothing_out() {
    let lost = "# Tutorial\n\nWhen you are lost, type:\n\n```console\n$ cargo xtask docs compare\n```\n";
    assert_eq!(
        found("docs/tutorial/1.md", "# Tutorial\n", lost),
        "docs/tutorial/1.md:5: this is for guides about code that is here"
    );
    let list = "# Tutorial\n\nIn the starting tree, `x` occurs only in:\n\n```text\na.rs\n```\n";
    assert_eq!(
        found("docs/tutorial/1.md", "# Tutorial\n", list),
        "docs/tutorial/1.md:5: this is for guides about code that is here"
    );
    let take = "# Tutorial\n\nTake these files from the finished repository:\n\n\
                ```console\n$ git checkout finished -- README.md\n```\n";
    assert_eq!(
        found("docs/tutorial/1.md", "# Tutorial\n", take),
        "docs/tutorial/1.md:5: `README.md` exists already"
    );
}
