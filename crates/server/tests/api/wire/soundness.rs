//! Rules about tables themselves: complete, and free of slips.

use std::{collections::BTreeSet, fs, path::Path};

use serde_json::Value;

use super::{
    CONTRACT, Contract,
    expand::Memory,
    expect::PLACEHOLDERS,
    row::{self, Row},
};

fn each_row(contract: &Contract, mut look: impl FnMut(&str, &Row)) {
    for (file, table) in contract.tables {
        for (line, row) in row::parse(file, table) {
            look(&format!("{file}:{line}"), &row);
        }
    }
}

fn every_table_in_the_folder_is_played(contract: &Contract) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(contract.folder);
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let there: BTreeSet<_> = names.filter(|name| name.ends_with(".jsonl")).collect();
    let played: BTreeSet<_> = contract.tables.iter().map(|(file, _)| (*file).to_owned()).collect();
    assert_eq!(there, played);
}

fn every_title_of_the_reference_is_covered_and_no_other_is_claimed(contract: &Contract) {
    let titles: BTreeSet<_> = contract.titles.lines().map(str::to_owned).collect();
    let mut covered = BTreeSet::new();
    each_row(contract, |_, row| {
        let title = row.case.split(" -- ").next().unwrap_or_default();
        covered.extend(row.from.as_ref().map(|section| format!("{section}\t{title}")));
    });
    let missing: Vec<_> = titles.difference(&covered).collect();
    let unknown: Vec<_> = covered.difference(&titles).collect();
    assert!(missing.is_empty() && unknown.is_empty(), "missing: {missing:#?}\nunknown: {unknown:#?}");
}

fn cases_have_unique_names_within_their_table(contract: &Contract) {
    let mut seen = BTreeSet::new();
    each_row(contract, |at, row| {
        let file = at.split(':').next().map(str::to_owned);
        assert!(seen.insert((file, row.case.clone())), "{at}: {:?} again", row.case);
    });
}

fn differences_name_rows_and_faults_that_exist(contract: &Contract) {
    each_row(contract, |at, row| {
        for difference in row.differs.iter().flat_map(|all| all.split(", ")) {
            let number = |kind| difference.strip_prefix(kind).and_then(|number| number.parse::<u8>().ok());
            let known = number("row ").is_some_and(|row| (1..=27).contains(&row))
                || number("fault ").is_some_and(|fault| (1..=33).contains(&fault));
            assert!(known, "{at}: {difference:?}");
        }
    });
}

fn requests_can_be_built_once_their_names_are_captured(contract: &Contract) {
    let mut memory = Memory::default();
    each_row(contract, |at, row| {
        row.request(&memory).unwrap_or_else(|error| panic!("{at}: {error}"));
        memory.expand(&row.answer).unwrap_or_else(|error| panic!("{at}: {error}"));
        memory.tokens.extend(row.capture_token.keys().map(|name| (name.clone(), "0".to_owned())));
        memory.data.extend(row.capture_data.iter().map(|name| (name.clone(), Value::Null)));
    });
}

fn answers_use_known_placeholders(contract: &Contract) {
    fn look(at: &str, value: &Value) {
        match value {
            Value::String(text) if text.starts_with('<') && text.ends_with('>') => {
                assert!(PLACEHOLDERS.contains(&text.as_str()), "{at}: {text}");
            }
            Value::Array(items) => items.iter().for_each(|item| look(at, item)),
            Value::Object(members) => members.values().for_each(|member| look(at, member)),
            Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => (),
        }
    }
    let memory = Memory::default();
    each_row(contract, |at, row| {
        look(at, &memory.expand(&row.answer).unwrap_or_else(|error| panic!("{at}: {error}")));
    });
}

/// Each of the rules above.
pub fn assert_are_sound(contract: &Contract) {
    every_table_in_the_folder_is_played(contract);
    every_title_of_the_reference_is_covered_and_no_other_is_claimed(contract);
    cases_have_unique_names_within_their_table(contract);
    differences_name_rows_and_faults_that_exist(contract);
    requests_can_be_built_once_their_names_are_captured(contract);
    answers_use_known_placeholders(contract);
}

#[test]
fn the_tables_are_complete_and_free_of_slips() {
    assert_are_sound(&CONTRACT);
}

#[test]
#[should_panic(expected = "table.jsonl:2: unknown field `stauts`")]
fn a_misspelt_field_is_refused() {
    let good = r#"{"case": "a", "status": 200, "answer": null}"#;
    row::parse(
        "table.jsonl",
        &format!("{good}\n{}", good.replace("\"status\"", "\"stauts\": 1, \"status\"")),
    );
}
