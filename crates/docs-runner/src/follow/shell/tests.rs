use super::*;
use crate::follow::place::Limits;
use crate::testing::Scratch;

/// A folder to run in, where nothing may take longer than this.
fn place(limit: Duration) -> (Scratch, Place) {
    let scratch = Scratch::new();
    let limits = Limits { command: limit, build: limit };
    let place = Place::new(&scratch.path("root"), &scratch.path("docs"), limits);
    fs::create_dir_all(&place.work).unwrap();
    (scratch, place)
}

const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(200);

fn run(shell: &mut Shell, place: &Place, command: &str) -> (String, i32) {
    let Output { text, status } = shell.run(place, command, place.limits.command).unwrap();
    (text, status)
}

fn output(text: &str, status: i32) -> (String, i32) {
    (text.to_owned(), status)
}

#[test]
fn variables_and_folders_live_on_from_command_to_command() {
    let (_scratch, place) = place(LONG);
    let mut shell = Shell::start(&place).unwrap();
    assert_eq!(run(&mut shell, &place, "A=1; mkdir -p x && cd x"), output("", 0));
    assert_eq!(
        run(&mut shell, &place, "echo \"a is $A\" \\\n  in \"${PWD##*/}\""),
        output("a is 1 in x\n", 0)
    );
}

#[test]
fn both_streams_and_the_status_are_seen_with_or_without_a_last_newline() {
    let (_scratch, place) = place(LONG);
    let mut shell = Shell::start(&place).unwrap();
    assert_eq!(run(&mut shell, &place, "echo out; echo err >&2; false"), output("out\nerr\n", 1));
    assert_eq!(run(&mut shell, &place, "printf 'a\\n\\nb'"), output("a\n\nb", 0));
    assert_eq!(run(&mut shell, &place, "(exit 7)"), output("", 7));
}

#[test]
fn a_command_cannot_swallow_the_next_and_a_broken_one_does_not_break_it() {
    let (_scratch, place) = place(LONG);
    let mut shell = Shell::start(&place).unwrap();
    assert_eq!(run(&mut shell, &place, "cat"), output("", 0));
    let (text, status) = run(&mut shell, &place, "echo 'never closed");
    assert!(text.contains("unexpected EOF") && status != 0, "{text} {status}");
    assert_eq!(run(&mut shell, &place, "echo still here"), output("still here\n", 0));
}

#[test]
fn a_command_that_does_not_end_is_ended() {
    let (_scratch, place) = place(LONG);
    let mut shell = Shell::start(&place).unwrap();
    let error = shell.run(&place, "echo before; tail -f /dev/null", SHORT).unwrap_err();
    assert_eq!(error, "did not end within 200ms; it printed:\nbefore\n");
}

#[test]
fn a_command_that_ends_the_shell_says_so() {
    let (_scratch, place) = place(LONG);
    let mut shell = Shell::start(&place).unwrap();
    let error = shell.run(&place, "echo before; exit 0", LONG).unwrap_err();
    assert_eq!(error, "ended the shell; it printed:\nbefore\n");
}

#[test]
fn a_server_is_ready_when_it_listens_and_its_port_is_known() {
    let (_scratch, mut place) = place(LONG);
    place.config.server.environment.insert("HOUSE_BIND".to_owned(), "127.0.0.1:0".to_owned());
    let program =
        "echo $HOUSE_BIND; echo now listening on http://127.0.0.1:4711; echo later; tail -f /dev/null";
    let (mut terminal, port) = Terminal::start(&place, program).unwrap();
    assert_eq!(port, 4711);
    terminal.find(LONG, |line| line == "127.0.0.1:0").unwrap();
    terminal.find(LONG, |line| line == "later").unwrap();
    let error = terminal.find(SHORT, |line| line == "127.0.0.1:0").unwrap_err();
    assert_eq!(error, "the first terminal showed this instead:\n");
}

#[test]
fn what_it_showed_instead_is_shown_and_can_be_looked_at_again() {
    let (_scratch, place) = place(LONG);
    let (mut terminal, _) =
        Terminal::start(&place, "echo a; echo listening on x:1; tail -f /dev/null").unwrap();
    let error = terminal.find(SHORT, |line| line == "b").unwrap_err();
    assert_eq!(error, "the first terminal showed this instead:\na\nlistening on x:1");
    terminal.find(LONG, |line| line == "a").unwrap();
}

#[test]
fn a_server_that_never_gets_ready_or_ends_is_an_error_with_its_output() {
    let (_scratch, place) = place(SHORT);
    let error = Terminal::start(&place, "echo a; tail -f /dev/null").err().unwrap();
    assert_eq!(error, "did not say \"listening on \" in time; it printed:\na");
    let error = Terminal::start(&place, "echo a; false").err().unwrap();
    assert!(error.starts_with("ended before it said \"listening on \":"), "{error}");
}

#[test]
fn a_stopped_server_has_been_interrupted_and_has_ended() {
    let (scratch, place) = place(LONG);
    let end = scratch.path("end");
    let program = format!(
        "trap 'echo interrupted > {}; kill $!; exit' INT; tail -f /dev/null & echo listening on x:1; wait",
        end.display()
    );
    let (mut terminal, _) = Terminal::start(&place, &program).unwrap();
    terminal.stop();
    assert_eq!(fs::read_to_string(end).unwrap(), "interrupted\n");
}
