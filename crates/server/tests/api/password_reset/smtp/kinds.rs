//! Mails of other kinds that go nowhere: a reset does not wait for them.

use denizen_models::CreateUserRequest;

use super::*;
use crate::support::{
    account::request_verification,
    production::{create, person},
};

/// How many slow recipients there are: several times as many as mails of one kind are sent at once.
const SLOW: usize = 20;

/// Security checklist: 75.
#[tokio::test]
async fn recipients_who_are_slow_to_take_other_mails_delay_no_reset() {
    let scene = Scene::start_with(SmtpSecurity::None, Encryption::None, &[]).await;
    let Scene { server, smtp, .. } = &scene;
    let names: Vec<_> = (0..SLOW).map(|number| format!("slow_{number}")).collect();
    for name in &names {
        create(server.folder(), CreateUserRequest { email_verified: Some(false), ..person(name) }).await;
    }
    smtp.hold_recipients("slow_");
    for name in &names {
        request_verification(server.address, &format!("{name}@example.com")).await.succeeded(200);
    }
    smtp.held().await;
    scene.ask("alice").await;
    scene.arrived("alice").await;
    assert_eq!(smtp.waiting(), 0, "nobody else has taken a mail by then");
    smtp.release();
    for _ in &names {
        let mail = next_mail(smtp).await;
        assert!(mail.to.iter().all(|address| address.starts_with("slow_")), "{:?}", mail.to);
    }
}
