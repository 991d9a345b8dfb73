use super::*;
use crate::pages::edit::How;

fn read(text: &str) -> Result<Vec<Block>, Vec<String>> {
    blocks(&Page::parse("p.md", text).unwrap())
        .map_err(|problems| problems.iter().map(ToString::to_string).collect())
}

fn action(text: &str) -> Action {
    let mut blocks = read(text).unwrap();
    assert_eq!(blocks.len(), 1, "{blocks:#?}");
    blocks.remove(0).action
}

/// The one thing that is wrong.
fn refused(text: &str) -> String {
    let mut problems = read(text).unwrap_err();
    assert_eq!(problems.len(), 1, "{problems:#?}");
    problems.remove(0)
}

fn owned(text: &str) -> String {
    text.to_owned()
}

#[test]
fn instructions_become_edits() {
    assert_eq!(
        action("We need a file. Create `a/b.rs`:\n\n```rust\nfn f() {}\n```\n"),
        Action::Edit(Edit::Create { path: owned("a/b.rs"), code: owned("fn f() {}\n") })
    );
    assert_eq!(
        action("At the end of\n`a.toml`, add:\n```toml\n\nb = 1\n```\n"),
        Action::Edit(Edit::Append { path: owned("a.toml"), code: owned("\nb = 1\n") })
    );
    for (words, how) in [
        ("and add below it:", How::AddBelow),
        ("and add above it:", How::AddAbove),
        ("and replace it with:", How::Replace),
    ] {
        let text = format!("In `a.rs`, find:\n\n```rust\nb\n```\n\n{words}\n\n```rust\nc\n```\n");
        let expected = Edit::Change { path: owned("a.rs"), find: owned("b\n"), how, code: owned("c\n") };
        assert_eq!(action(&text), Action::Edit(expected));
    }
}

#[test]
fn commands_run_in_the_first_or_the_second_terminal() {
    let console = |sentence: &str| action(&format!("{sentence}\n\n```console\n$ ls\n```\n"));
    for sentence in
        ["Run:", "To see it, run:", "Now try it. In a second terminal, run:", "In the second terminal, run:"]
    {
        assert!(matches!(console(sentence), Action::Run(steps) if steps[0].line == 4), "{sentence}");
    }
    for sentence in ["In a first terminal, run:", "In the first terminal, run:"] {
        assert!(matches!(console(sentence), Action::Start(step) if step.command == "ls"), "{sentence}");
    }
    assert!(matches!(console("This is what CI runs:"), Action::WhatCiRuns(_)));
    let log = action("The first terminal now shows:\n\n```text\na\nb\n```\n");
    assert_eq!(log, Action::Log(vec![owned("a"), owned("b")]));
}

#[test]
fn source_blocks_and_illustrations_need_no_sentence() {
    assert_eq!(
        action("Whatever.\n\n```rust src=\"crates/a/src/lib.rs\"\nfn f() {}\n```\n"),
        Action::Source { path: owned("crates/a/src/lib.rs"), code: vec![owned("fn f() {}")] }
    );
    assert_eq!(action("A drawing:\n\n```text illustration\na <- b\n```\n"), Action::Illustration);
}

#[test]
fn an_unowned_block_is_an_error_that_quotes_the_sentence_before_it() {
    assert_eq!(
        refused("This is nice. It looks like `a. b` this:\n\n```rust\nfn f() {}\n```\n"),
        "p.md:3: a code block without an instruction that I know; the sentence in front of it is \
         \"It looks like `a. b` this:\""
    );
    assert_eq!(
        refused("# A\n```rust\nx\n```\n"),
        "p.md:2: a code block without an instruction in front of it"
    );
    assert_eq!(refused("Run:\n\n```text\nx\n```\n"), "p.md:3: commands are ```console, not ```text");
    assert_eq!(
        refused("The first terminal shows:\n\n```console\n$ x\n```\n"),
        "p.md:3: what a terminal shows is ```text, not ```console"
    );
    for sentence in
        ["In a third terminal, run:", "Prerun:", "create `a.rs`:", "In `a` or `b`, find:", "The log shows:"]
    {
        assert!(
            refused(&format!("{sentence}\n\n```console\n$ x\n```\n")).contains("that I know"),
            "{sentence}"
        );
    }
}

#[test]
fn words_behind_the_backticks_have_one_meaning_each() {
    assert_eq!(refused("Run:\n\n```\nx\n```\n"), "p.md:3: a code block must name its language");
    assert_eq!(
        refused("```rust illustration\nx\n```\n"),
        "p.md:1: ```rust illustration: not known here; a language, and nothing else"
    );
    assert_eq!(
        refused("Create `a`:\n\n```text illustration\nx\n```\n"),
        "p.md:3: ```text illustration: not known here; a language, and nothing else"
    );
    assert_eq!(refused("```rust src=lib.rs\nx\n```\n"), "p.md:1: `src=lib.rs`: write src=\"PATH\"");
    assert_eq!(refused("Create `a`:\n\n```rust\n\n```\n"), "p.md:3: an empty code block");
}

#[test]
fn what_is_begun_must_be_completed() {
    let unfinished = "p.md:3: says what to find in `a.rs`, but not what to do with it";
    let find = "In `a.rs`, find:\n\n```rust\nb\n```\n";
    for rest in
        ["", "\n# Next\n", "\nSome text.\n", "\nand leave it:\n\n```rust\nc\n```\n", "```rust\nc\n```\n"]
    {
        assert!(read(&format!("{find}{rest}")).unwrap_err().contains(&owned(unfinished)), "{rest:?}");
    }
    let interrupted = format!("{find}\nand add below it:\n\nBy the way.\n\n```rust\nc\n```\n");
    assert!(read(&interrupted).unwrap_err().contains(&owned(unfinished)));
    assert_eq!(
        refused("Now. Create `a.rs`:\n\nIt is long.\n"),
        "p.md:1: \"Create `a.rs`:\" must stand right before a code block"
    );
    assert_eq!(refused("Text.\nRun:\n"), "p.md:2: \"Run:\" must stand right before a code block");
}

#[test]
fn the_first_terminal_runs_one_command() {
    let error = refused("In a first terminal, run:\n\n```console\n$ a\n$ b\n```\n");
    assert_eq!(error, "p.md:3: the first terminal runs one command at a time; give it a block of its own");
    assert_eq!(
        refused("Run:\n\n```console\nls\n```\n"),
        "p.md:4: a console block must begin with a command: `$ COMMAND`"
    );
}

#[test]
fn every_wrong_block_of_a_page_is_reported() {
    let problems = read("A:\n\n```rust\nx\n```\n\nRun:\n\n```console\n$ ls\n```\n\nB:\n\n```rust\ny\n```\n")
        .unwrap_err();
    assert_eq!(problems.len(), 2, "{problems:#?}");
    assert!(problems[0].starts_with("p.md:3: ") && problems[1].starts_with("p.md:15: "), "{problems:#?}");
}

#[test]
fn blocks_are_counted_by_kind() {
    let mut counts = Counts::default();
    let text =
        "Run:\n\n```console\n$ ls\n```\n\n```text illustration\nx\n```\n\n```json illustration\n1\n```\n";
    read(text).unwrap().iter().for_each(|block| counts.add(block));
    assert_eq!(
        counts.to_string(),
        "0 edit, 1 console, 0 log, 0 ci, 0 source, 0 typed, 0 list, 2 illustration"
    );
}

#[test]
fn files_are_taken_by_one_command_that_may_be_long() {
    let sentence = "They are long. Take these files from the finished repository:";
    let Action::Edit(edit) = action(&format!(
        "{sentence}\n\n```console\n$ git checkout finished -- a/b.rs \\\n>   c/ d-e/f_g.html\n```\n"
    )) else {
        panic!("no edit")
    };
    assert_eq!(edit.paths(), ["a/b.rs", "c", "d-e/f_g.html"]);
    let wrong = |lines: &str| refused(&format!("{sentence}\n\n```console\n{lines}\n```\n"));
    assert_eq!(
        wrong("$ git checkout main -- a"),
        "p.md:3: files are taken with `git checkout finished -- PATH…`, not with `git checkout main -- a`"
    );
    assert_eq!(wrong("$ git checkout finished -- "), "p.md:3: names no file");
    assert_eq!(
        wrong("$ git checkout finished -- a\nUpdated 1 path"),
        "p.md:3: nothing but the command may be in this block, not what it prints: `git checkout finished -- a`"
    );
    assert_eq!(
        wrong("$ git checkout finished -- a\n$ git checkout finished -- b"),
        "p.md:3: one command takes all files"
    );
    for path in ["*.rs", "/etc", "../a", "a/./b", ".", "a//b", "'a'", "$A", "-f", "a;ls", "a//"] {
        assert_eq!(
            wrong(&format!("$ git checkout finished -- b {path}")),
            format!("p.md:3: `{path}` is no path of a file or a folder, from the root")
        );
    }
    // Without a backslash, the second line is a command of its own.
    assert!(wrong("$ git checkout finished -- a\n> b").contains("files are taken with"));
    assert_eq!(
        refused(&format!("{sentence}\n\n```text\na\n```\n")),
        "p.md:3: commands are ```console, not ```text"
    );
    assert_eq!(
        refused("Take these files from the finished repository:\n\nThey are long.\n"),
        "p.md:1: \"Take these files from the finished repository:\" must stand right before a code block"
    );
}

#[test]
fn what_only_readers_type_is_one_of_our_own_commands() {
    let page = |path: &str, text: &str| match blocks(&Page::parse(path, text).unwrap()) {
        Ok(blocks) => Ok(format!("{:?}", blocks[0].action)),
        Err(problems) => Err(problems[0].to_string()),
    };
    let begin =
        |command: &str| page("docs/guide/0.md", &format!("Now. Begin with:\n\n```console\n{command}\n```\n"));
    assert_eq!(begin("$ cargo xtask docs start guide").unwrap(), "Typed(Start)");
    for command in
        ["cargo xtask docs start tutorial", "cargo xtask docs start", "ls", "cargo xtask docs compare"]
    {
        assert_eq!(
            begin(&format!("$ {command}")).unwrap_err(),
            format!(
                "docs/guide/0.md:3: a page of this folder begins with `cargo xtask docs start guide`, not with \
                 `{command}`"
            )
        );
    }
    let error = begin("$ cargo xtask docs start guide\n$ ls").unwrap_err();
    assert_eq!(error, "docs/guide/0.md:3: a guide begins with one command");
    let error = begin("$ cargo xtask docs start guide\nOn the branch `guide`").unwrap_err();
    assert!(error.contains(":3: nothing but the command may be in this block"), "{error}");

    let typed =
        |command: &str| page("p.md", &format!("When you are lost, type:\n\n```console\n$ {command}\n```\n"));
    assert_eq!(typed("cargo xtask docs compare").unwrap(), "Typed(Compare)");
    assert_eq!(typed("cargo xtask docs goto 3").unwrap(), "Typed(Goto(\"3\"))");
    for command in
        ["ls", "cargo xtask docs goto", "cargo xtask docs start guide", "cargo xtask docs compare 1"]
    {
        assert_eq!(
            typed(command).unwrap_err(),
            format!(
                "p.md:3: only `cargo xtask docs compare` and `cargo xtask docs goto PAGE` are typed without being \
                 executed here, not `{command}`; commands that are executed come behind \"run:\""
            )
        );
    }
}

#[test]
fn files_with_a_word_are_listed_one_per_line() {
    assert_eq!(
        action("In the starting tree, `reset` occurs only in:\n\n```text\na.rs\nb.rs\n```\n"),
        Action::OccursOnlyIn { word: owned("reset"), paths: vec![owned("a.rs"), owned("b.rs")] }
    );
    assert_eq!(
        refused("In the starting tree, `reset` occurs only in:\n\n```rust\na.rs\n```\n"),
        "p.md:3: a list of files is ```text, not ```rust"
    );
}
