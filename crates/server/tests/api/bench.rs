//! The benchmark, with a handful of requests: what it measures is of no interest here, only that it measures.

use std::{path::Path, time::Duration};

use denizen_bench::{
    storm::{self, Plan},
    timing::{self, QUESTIONS, Question},
};

const BINARY: &str = env!("CARGO_BIN_EXE_denizen");

/// Asks the question of this name four times of each.
pub async fn ask(name: &str) {
    let is_wanted = |question: &&Question| question.name == name;
    let question = QUESTIONS.iter().find(is_wanted).unwrap_or_else(|| panic!("no question {name:?}"));
    let rows = timing::measure(Path::new(BINARY), std::slice::from_ref(question), 4).await.unwrap();
    let [row] = rows.as_slice() else { panic!("{rows:?}") };
    assert_eq!((row.name, row.known.len(), row.unknown.len()), (name, 4, 4));
    assert!(row.known.iter().chain(&row.unknown).all(|time| *time > Duration::ZERO), "{row:?}");
    assert!(row.to_string().starts_with(name) && row.to_string().contains("2 × 4"), "{row}");
}

#[tokio::test]
async fn the_times_of_known_and_unknown_are_measured() {
    ask("login").await;
    ask("sign-up").await;
}

#[tokio::test]
async fn a_storm_is_measured() {
    let plan = Plan { clients: 4, length: Duration::from_secs(1) };
    let report = storm::measure(Path::new(BINARY), plan).await.unwrap();
    assert!(report.logins >= 4 && report.bounds.iter().all(|rate| *rate > 0.0), "{report:?}");
    for (path, times) in &report.reads {
        assert!(!times.is_empty(), "{path}: {report:?}");
    }
    assert_eq!(report.refused, 0, "there is room for four");
    assert!(report.to_string().contains("/api/auth/session"), "{report}");
}
