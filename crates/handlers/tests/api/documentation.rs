//! The page about the API agrees with the code.

use std::collections::BTreeSet;

use denizen_handlers::ErrorCode;

/// The codes in a row such as "| 400 | `ONE`, `OTHER` | … |", each with the status.
fn codes(row: &str) -> Vec<(u16, &str)> {
    let mut cells = row.split('|').skip(1).map(str::trim);
    let Some(Ok(status)) = cells.next().map(str::parse) else { return Vec::new() };
    let names = cells.next().unwrap_or_default().split('`').skip(1).step_by(2);
    names.map(|name| (status, name)).collect()
}

// The page may list more: in the middle of the guide, a feature and its codes do not exist yet.
#[test]
fn the_page_lists_every_error_code_with_its_status() {
    let page =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/errors.md"))
            .unwrap();
    let listed: BTreeSet<_> = page.lines().flat_map(codes).collect();
    let existing = ErrorCode::ALL.iter().map(|code| (code.status().as_u16(), code.as_str()));
    let missing: Vec<_> = existing.filter(|code| !listed.contains(code)).collect();
    assert!(missing.is_empty(), "docs/reference/errors.md does not list {missing:?}");
}
