//! The session of the tutorial, against the binary that ships.

use serde_json::json;
use tempfile::TempDir;

use super::verbs;
use crate::support::process::Process;

#[tokio::test]
async fn the_session_of_the_tutorial_works_word_for_word() {
    let folder = TempDir::new().unwrap();
    let process = Process::start(folder.path()).await;
    let at = process.address;

    let requested = verbs::request_reset(at, "alice@example.com").await.succeeded(200);
    assert_eq!(requested["message"], "Password reset token generated. Check your email for instructions.");
    assert_eq!(
        requested["data"],
        json!({
            "message": "If your email address is in our database, you will receive a password reset link shortly.",
            "email": "alice@example.com",
        })
    );

    let token = process.token_for("alice@example.com").await;
    let done = verbs::reset(at, &token, "newsecurepassword").await.succeeded(200);
    assert_eq!(done["message"], "Password has been reset successfully.");
    assert_eq!(
        done["data"],
        json!({
            "message": "Your password has been reset successfully. You can now log in with your new password.",
            "success": true,
        })
    );

    let unknown = verbs::request_reset(at, "nonexistent@example.com").await;
    assert_eq!(
        unknown.refused(404, "PASSWORD_RESET_REQUEST_FAILED")["error"],
        "Failed to request password reset: user with email 'nonexistent@example.com' not found"
    );
    for dead in ["invalidtoken", &token] {
        let refused = verbs::reset(at, dead, "newsecurepassword").await.refused(400, "PASSWORD_RESET_FAILED");
        assert_eq!(refused["error"], "Failed to reset password: invalid reset token");
    }
    process.line_with("mail to alice@example.com: denizen: your password was changed").await;
}

#[tokio::test]
async fn a_token_that_is_too_old_is_told_apart_from_a_wrong_one() {
    // The clock of a real process cannot be moved, but the life of a token can be looked at.
    let server = crate::support::TestServer::start().await;
    verbs::request_reset(server.address, "alice@example.com").await.succeeded(200);
    let token = server.next_token("alice@example.com").await;
    server.advance_minutes(30);
    let refused = verbs::reset(server.address, &token, "newsecurepassword").await;
    let refused = refused.refused(400, "PASSWORD_RESET_FAILED");
    assert_eq!(refused["error"], "Failed to reset password: reset token has expired");
}
