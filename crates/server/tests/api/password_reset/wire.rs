//! The wire contract of these routes, as tables. What their fields mean is told beside the other tables.

use crate::wire::{Contract, soundness::assert_are_sound, tables};

const CONTRACT: Contract =
    Contract { folder: "tests/api/password_reset", tables: TABLES, titles: include_str!("titles.txt") };

tables! {
    "":
    request
    confirm
    send
    page
}

#[test]
fn the_tables_are_complete_and_free_of_slips() {
    assert_are_sound(&CONTRACT);
}
