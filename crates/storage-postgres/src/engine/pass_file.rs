//! Password files as libpq reads them.

/// Returns the password of the first line that fits host, port, database and user.
pub(crate) fn find(contents: &str, wanted: [&str; 4]) -> Option<String> {
    let lines = contents.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| fields(line.trim_end_matches('\r'))).find_map(
        |[host, port, database, user, password]| {
            let fits = [host, port, database, user]
                .iter()
                .zip(wanted)
                .all(|(field, wanted)| field == "*" || field == wanted);
            fits.then_some(password)
        },
    )
}

/// The fifth one goes on to the end of the line.
fn fields(line: &str) -> Option<[String; 5]> {
    let mut fields = vec![String::new()];
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => fields.last_mut()?.extend(characters.next()),
            ':' if fields.len() < 5 => fields.push(String::new()),
            other => fields.last_mut()?.push(other),
        }
    }
    fields.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_that_fits_gives_the_password() {
        let file =
            "db:5432:users:bob:bobs\ndb:*:users:ann:pass:word\\\\ with\\: all\n*:*:*:*:last\nbroken:line\n";
        assert_eq!(find(file, ["db", "5432", "users", "ann"]).as_deref(), Some("pass:word\\ with: all"));
        assert_eq!(find(file, ["db", "5432", "users", "bob"]).as_deref(), Some("bobs"));
        assert_eq!(find(file, ["other", "1", "x", "y"]).as_deref(), Some("last"));
        assert_eq!(find("db:5432:users\n#*:*:*:*:no\n", ["db", "5432", "users", "ann"]), None);
    }
}
