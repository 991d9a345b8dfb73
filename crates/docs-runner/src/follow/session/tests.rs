//! Pages that are executed for real, with a server that is a line of shell.

use super::*;
use crate::follow::place::Limits;
use crate::pages::grammar::blocks;
use crate::pages::page::Page;
use crate::testing::{Scratch, tree};

const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(300);

/// Shows what is written to the file `log`.
const SERVER: &str = "In a first terminal, run:\n\n```console\n$ echo log on; echo listening on http://127.0.0.1:4711; \
    tail -n +1 -f log\n```\n\n";

fn follow(text: &str, mode: Mode, limit: Duration, files: &[(&str, &str)]) -> Result<Vec<Rewrite>, String> {
    let scratch = Scratch::new();
    let limits = Limits { command: limit, build: limit };
    let place = Place::new(&scratch.path("root"), &scratch.path("docs"), limits);
    let mut tree = tree(files);
    tree.lay(&place.work, &place.root).unwrap();
    let page = Page::parse("p.md", text).unwrap();
    let blocks = blocks(&page).unwrap();
    let session = Session::start(&place, "p.md", mode).unwrap();
    session.follow(&blocks, &mut tree, &Tree::default()).map_err(|problem| problem.to_string())
}

fn run(text: &str) -> Result<Vec<Rewrite>, String> {
    follow(text, Mode::Run, LONG, &[("log", "")])
}

fn console(lines: &str) -> String {
    format!("Run:\n\n```console\n{lines}\n```\n\n")
}

#[test]
fn a_page_that_is_right_passes() {
    let page = console("$ A=1\n$ echo \"a $A\"\na 1\n$ ls nowhere\n[..]No such file[..]\n? 2");
    assert_eq!(run(&page).unwrap(), []);
}

#[test]
fn edits_and_commands_happen_in_their_order() {
    let page = format!(
        "{}Create `new/file`:\n\n```text\none\n```\n\n{}At the end of `new/file`, add:\n\n```text\ntwo\n```\n\n{}",
        console("$ cat new/file\n[..]No such file[..]\n? 1"),
        console("$ cat new/file\none"),
        console("$ cat new/file\none\ntwo")
    );
    assert_eq!(run(&page).unwrap(), []);
    let twice = "Create `log`:\n\n```text\nx\n```\n";
    assert_eq!(run(twice).unwrap_err(), "p.md:3: `log` exists already");
}

#[test]
fn another_word_in_an_answer_is_named_with_its_line_its_command_and_what_was_printed() {
    let page = console("$ true\n$ echo '{\"a\":{\"b\":\"word\"}}'\n{\n  \"a\": {\"b\": \"wort\"}\n}");
    assert_eq!(
        run(&page).unwrap_err(),
        "p.md:5: `echo '{\"a\":{\"b\":\"word\"}}'`\n    .a.b: the page shows \"wort\", but it was \"word\"\n  it \
         printed:\n    {\n      \"a\": {\n        \"b\": \"word\"\n      }\n    }"
    );
}

#[test]
fn another_member_in_an_answer_is_named() {
    let error = run(&console("$ echo '{\"a\":1,\"b\":2}'\n{\"a\": 1}")).unwrap_err();
    assert!(error.contains("\n    .b: in the answer, but not on the page: 2\n"), "{error}");
}

#[test]
fn a_wrong_exit_status_is_named() {
    let error = run(&console("$ echo no; false")).unwrap_err();
    assert_eq!(error, "p.md:4: `echo no; false`\n    its exit status is 1, not 0\n  it printed:\n    no");
    let error = run(&console("$ echo yes\nyes\n? 1")).unwrap_err();
    assert!(error.contains("its exit status is 0, not 1"), "{error}");
}

#[test]
fn a_command_that_does_not_end_is_named() {
    let error = follow(&console("$ echo a; tail -f /dev/null"), Mode::Run, SHORT, &[]).unwrap_err();
    assert_eq!(error, "p.md:4: `echo a; tail -f /dev/null` did not end within 300ms; it printed:\na\n");
}

#[test]
fn the_port_of_the_page_is_exchanged_for_the_real_one_and_back() {
    let page = format!(
        "{SERVER}{}",
        console("$ echo localhost:8080 | tr -d a-z\n:4711\n$ echo 127.0.0.1:8080\n127.0.0.1:8080")
    );
    assert_eq!(run(&page).unwrap(), []);
    let without_server = run(&console("$ echo localhost:8080")).unwrap_err();
    assert_eq!(without_server, "p.md:4: asks localhost:8080, but nothing was started in a first terminal");
}

#[test]
fn a_token_seen_in_the_first_terminal_goes_into_later_commands() {
    let (shown, real) = ("ab".repeat(32), "cd".repeat(32));
    let page = format!(
        "{SERVER}{}The first terminal now shows:\n\n```text\ntoken: {shown}\n```\n\n{}",
        console(&format!("$ echo noise >> log; echo token: {real} >> log")),
        console(&format!("$ echo {shown} | tr c C\n{}", "Cd".repeat(32)))
    );
    assert_eq!(run(&page).unwrap(), []);
}

#[test]
fn a_line_that_never_comes_is_named_with_what_came() {
    let page = format!("{SERVER}The first terminal shows:\n\n```text\nlog on\nnever\n```\n");
    assert_eq!(
        follow(&page, Mode::Run, SHORT, &[("log", "")]).unwrap_err(),
        "p.md:11: never came: never\nthe first terminal showed this instead:\nlistening on http://127.0.0.1:8080"
            .replace("8080", "4711")
    );
    let nothing = "The first terminal shows:\n\n```text\nx\n```\n";
    assert_eq!(run(nothing).unwrap_err(), "p.md:4: nothing runs in the first terminal");
}

#[test]
fn what_is_shown_below_the_start_of_a_server_must_come_too() {
    let page = SERVER.replace("log\n```", "log\n...\nlog off\n```");
    let error = follow(&page, Mode::Run, SHORT, &[("log", "")]).unwrap_err();
    assert!(error.starts_with("p.md:6: never came: log off\n"), "{error}");
}

#[test]
fn a_server_that_never_gets_ready_is_named() {
    let page = "In a first terminal, run:\n\n```console\n$ echo a; tail -f /dev/null\n```\n";
    let error = follow(page, Mode::Run, SHORT, &[]).unwrap_err();
    assert_eq!(
        error,
        "p.md:4: `echo a; tail -f /dev/null` did not say \"listening on \" in time; it printed:\na"
    );
}

#[test]
fn starting_again_in_the_first_terminal_ends_what_ran_there() {
    let program = |port: u16| {
        format!("trap 'echo {port} >> ended; exit' INT; echo listening on x:{port}; tail -f /dev/null & wait")
    };
    let start = |port| format!("In the first terminal, run:\n\n```console\n$ {}\n```\n\n", program(port));
    let page = format!(
        "{}{}{}",
        start(1),
        start(2),
        console("$ cat ended; echo localhost:8080 | cut -c 10-\n1\n:2")
    );
    assert_eq!(run(&page).unwrap(), []);
}

#[test]
fn one_name_on_the_page_must_be_one_value() {
    let [one, two, real, other] = ["ab", "cd", "ef", "a1"].map(|text| text.repeat(16));
    let echo = |real: &str, shown: &str| console(&format!("$ echo {real}\n{shown}"));
    let error = run(&(echo(&real, &one) + &echo(&other, &one))).unwrap_err();
    let sentence = format!("the page shows {one} again, but it was a new value: {other}");
    assert!(error.contains(&sentence), "{error}");
    let error = run(&(echo(&real, &one) + &echo(&real, &two))).unwrap_err();
    let sentence = format!("the page shows a new value, {two}, but it was {one} again");
    assert!(error.contains(&sentence), "{error}");
}

#[test]
fn bless_gives_the_lines_to_replace_and_goes_on() {
    let page = console("$ echo new\nold\n\n$ echo same\nsame\n$ echo quiet\n$ echo why; false\nbecause\n? 2");
    let rewrites = follow(&page, Mode::Bless, LONG, &[]).unwrap();
    let expected = [
        Rewrite { lines: 5..6, new: vec!["new".to_owned()] },
        Rewrite { lines: 11..13, new: vec!["why".to_owned(), "? 1".to_owned()] },
    ];
    assert_eq!(rewrites, expected);
    let silent = follow(&console("$ false"), Mode::Bless, LONG, &[]).unwrap_err();
    assert!(silent.starts_with("p.md:4: `false`\n    its exit status is 1, not 0"), "{silent}");
}

#[test]
fn bless_names_no_folder_of_this_machine() {
    let rewrites = follow(&console("$ echo \"in $PWD/x\"\n?"), Mode::Bless, LONG, &[]).unwrap();
    assert_eq!(rewrites[0].new, ["in [..]/x"]);
}
