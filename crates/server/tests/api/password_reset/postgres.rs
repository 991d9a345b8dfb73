//! Three instances on one PostgreSQL database.

use tempfile::TempDir;

use super::verbs;
use crate::{postgres::start_three, support::process::Process};

/// Security checklist: 14.
#[tokio::test]
async fn what_one_instance_is_asked_another_one_confirms() {
    let folder = TempDir::new().unwrap();
    let instances = start_three(folder.path(), &[]).await;
    let [one, two, three] = &instances;
    verbs::request_reset(one.address, "eve@example.com").await.succeeded(200);
    // Whichever has a worker that looks first.
    let token = tokio::select! {
        token = one.token_for("eve@example.com") => token,
        token = two.token_for("eve@example.com") => token,
        token = three.token_for("eve@example.com") => token,
    };
    assert!(verbs::token_is_valid(two.address, &token).await);
    verbs::reset(three.address, &token, "newsecurepassword").await.succeeded(200);
    assert!(!verbs::token_is_valid(one.address, &token).await);
    assert!(verbs::opens(two.address, "eve_tester", "newsecurepassword").await);
    let mails =
        instances.iter().flat_map(Process::log).filter(|line| line.contains("Password reset token for"));
    assert_eq!(mails.count(), 1, "one request is one mail, however many workers there are");
}
