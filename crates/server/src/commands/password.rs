//! Where a password comes from: standard input, or a prompt at the terminal. Never the command line, which others on the
//! machine can see and shells remember.

use std::io::{self, BufRead, IsTerminal as _};

use denizen_models::Secret;

use super::CommandError;

/// Longer than any password may be, in bytes.
const MOST: u64 = 4096;

/// The first line of standard input, without its end.
pub(super) fn from_stdin() -> Result<Secret, CommandError> {
    first_line(io::stdin().lock())
}

fn first_line(input: impl BufRead) -> Result<Secret, CommandError> {
    let mut line = String::new();
    input
        .take(MOST)
        .read_line(&mut line)
        .map_err(|error| CommandError::usage(format!("no password: {error}")))?;
    line.truncate(line.trim_end_matches(['\r', '\n']).len());
    let password = Secret::from(line);
    if password.expose().is_empty() {
        return Err(CommandError::usage("no password: standard input is empty"));
    }
    Ok(password)
}

/// Asks for a password at the terminal, twice; returns `None` without a terminal, or if the input is empty.
pub(super) fn from_terminal() -> Result<Option<Secret>, CommandError> {
    if !io::stdin().is_terminal() {
        return Ok(None);
    }
    let ask = |question: &str| rpassword::prompt_password(question).map(Secret::from);
    let password = ask("Password (none: the user is invited to choose one): ")?;
    if password.expose().is_empty() {
        return Ok(None);
    }
    if ask("The same again: ")?.expose() != password.expose() {
        return Err(CommandError::usage("the passwords do not match"));
    }
    Ok(Some(password))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(input: &str) -> Result<String, String> {
        let password = first_line(input.as_bytes()).map_err(|error| error.reason);
        password.map(|password| password.expose().to_owned())
    }

    #[test]
    fn a_password_is_one_line_as_it_stands() {
        for input in [" correct horse ", " correct horse \n", " correct horse \r\n", " correct horse \nrest"]
        {
            assert_eq!(read(input).as_deref(), Ok(" correct horse "), "{input:?}");
        }
    }

    #[test]
    fn an_empty_line_is_no_password() {
        for input in ["", "\n", "\r\n", "\nsecond line"] {
            assert_eq!(read(input), Err("no password: standard input is empty".to_owned()), "{input:?}");
        }
    }

    #[test]
    fn a_line_without_end_is_not_read_to_its_end() {
        assert_eq!(read(&"x".repeat(1 << 20)).map(|password| password.len()), Ok(4096));
    }
}
