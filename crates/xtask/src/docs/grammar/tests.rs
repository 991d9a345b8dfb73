use super::*;

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
    assert_eq!(counts.to_string(), "0 edit, 1 console, 0 log, 0 ci, 0 source, 2 illustration");
}
