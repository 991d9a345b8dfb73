//! Values without their credentials.

/// A value that may carry credentials, in a form that can be shown.
///
/// Only what is certainly no credential stays: forms that have none at all, and scheme, host and path of a
/// URL that reads in one way only. Any other text may be a password, so it becomes `***`.
pub(super) fn redact(value: &str) -> String {
    const HIDDEN: &str = "***";
    if value == "log" || ["memory:", "sqlite:", "file:"].iter().any(|prefix| value.starts_with(prefix)) {
        return value.to_owned();
    }
    let Some((scheme, rest)) = value.split_once("://") else { return HIDDEN.to_owned() };
    if !scheme.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return HIDDEN.to_owned();
    }
    let (authority, tail) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    // An `@` this late means that an unescaped `/`, `?` or `#` in a password has shifted the parts.
    if tail.contains('@') {
        return format!("{scheme}://{HIDDEN}");
    }
    let is_name =
        |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
    let (user, host) = match authority.rsplit_once('@') {
        // Passwords of databases can be elsewhere, unlike those of mail servers.
        Some((user, _)) if scheme.starts_with("postgres") && is_name(user) => ("", authority),
        Some((_, host)) => ("***@", host),
        None => ("", authority),
    };
    let path = tail.split(['?', '#']).next().unwrap_or_default();
    let query = if path.len() < tail.len() { "?***" } else { "" };
    format!("{scheme}://{user}{host}{path}{query}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_without_credentials_are_shown_as_they_are() {
        for value in ["sqlite:///var/lib/d@ta.db", "memory:", "log", "file:./outbox", "postgres://db/users"] {
            assert_eq!(redact(value), value);
        }
        assert_eq!(redact("postgres://ann@db1,db2:5433/users"), "postgres://ann@db1,db2:5433/users");
    }

    /// Security checklist: 62.
    #[test]
    fn user_names_passwords_and_parameters_are_hidden() {
        assert_eq!(redact("postgres://ann:hunter2@db:5432/users"), "postgres://***@db:5432/users");
        assert_eq!(redact("postgres://ann:hunter@2@db/users"), "postgres://***@db/users");
        assert_eq!(redact("postgres://db/users?password=hunter2"), "postgres://db/users?***");
        assert_eq!(redact("postgres://hunter@2@db/users"), "postgres://***@db/users");
        assert_eq!(redact("smtps://ann:hunter2@mail:465"), "smtps://***@mail:465");
        assert_eq!(redact("smtp://hunter2@mail#x"), "smtp://***@mail?***");
    }

    /// Security checklist: 62.
    #[test]
    fn what_is_not_plainly_a_url_is_hidden_altogether() {
        for value in ["hunter2", "host=db password=hunter2", "pw=hunter2://x", ""] {
            assert_eq!(redact(value), "***");
        }
        assert_eq!(redact("postgres://ann:hun/ter2@db/users"), "postgres://***");
        assert_eq!(redact("postgres://db/users?password=a@b"), "postgres://***");
    }
}
