//! Pages of lists: how long they are and, where a list is ordered by number, how one finds the next.

use denizen_models::ValidationErrors;

/// The most on a page.
pub(crate) const MAX_LIMIT: usize = 200;
/// On a page when nothing is said.
pub(crate) const DEFAULT_LIMIT: usize = 50;

/// The length of the page, which is of no use if it is not in range.
pub(crate) fn check_limit(errors: &mut ValidationErrors, limit: Option<usize>) -> usize {
    let limit = limit.unwrap_or(DEFAULT_LIMIT);
    let in_range = (1..=MAX_LIMIT).contains(&limit);
    errors.check(!in_range, "limit", format_args!("limit must be between 1 and {MAX_LIMIT}"));
    limit
}

/// The number at which the page before ended, in the list of this name.
pub(crate) fn check_cursor(errors: &mut ValidationErrors, list: &str, cursor: Option<&str>) -> Option<i64> {
    let number = cursor.map(|cursor| decode(list, cursor));
    errors.check(number == Some(None), "cursor", "cursor was not made for this list");
    number.flatten()
}

/// Cuts what is beyond `limit`, and gives the bookmark behind which it begins.
pub(crate) fn cut<T>(
    rows: &mut Vec<T>,
    limit: usize,
    list: &str,
    number: impl Fn(&T) -> i64,
) -> Option<String> {
    let is_last = rows.len() <= limit;
    rows.truncate(limit);
    rows.last().filter(|_| !is_last).map(|row| encode(list, number(row)))
}

fn encode(list: &str, number: i64) -> String {
    hex::encode(format!("{list} {number}"))
}

/// Whoever forges one sees a list that begins elsewhere, and nothing that they may not see.
fn decode(list: &str, text: &str) -> Option<i64> {
    let text = String::from_utf8(hex::decode(text).ok()?).ok()?;
    text.strip_prefix(list)?.strip_prefix(' ')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bookmark_survives_the_journey() {
        for number in [0, 7, i64::MAX] {
            assert_eq!(decode("audit", &encode("audit", number)), Some(number));
        }
    }

    /// Security checklist: 54.
    #[test]
    fn bookmarks_of_other_lists_and_damaged_ones_are_refused() {
        for text in
            ["", "xyz", "00", "ff", &hex::encode("audit"), &hex::encode("audit x"), &encode("mail", 7)]
        {
            assert_eq!(decode("audit", text), None, "{text:?}");
        }
    }
}
