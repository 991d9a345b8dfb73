//! What the benchmark asks about forgotten passwords.

#[tokio::test]
async fn the_times_of_known_and_unknown_addresses_are_measured() {
    crate::bench::ask("reset request").await;
}
