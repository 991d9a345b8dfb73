//! The page with one's sessions.

use chrono::TimeDelta;
use denizen_models::text::counted;
use denizen_services::{
    SessionError,
    store::{Session, SessionId},
};
use minijinja::{Value, context};

use crate::{
    http::{ApiError, ApiResult, RequestContext},
    login::ended_cookies,
    pages::{Form, Page, Step},
    services::Auth,
};

const PAGE: Page = Page(include_str!("../../pages/account_sessions.html"));
const PATH: &str = "/account/sessions";

/// `GET /account/sessions`
pub(super) async fn show(request: RequestContext, auth: Auth) -> ApiResult<Step> {
    let known = request.caller.as_ref().ok_or_else(ApiError::unauthenticated)?;
    let sessions = auth.list_sessions(&request.access, known.user.id).await?;
    let now = request.state.clock.now();
    let shown = |session: Session| {
        let agent = session.opened.user_agent.unwrap_or_default();
        context! {
            id => session.id.0,
            current => session.id == known.session.id,
            device => device_name(&agent),
            agent,
            ip => session.opened.ip.map(|ip| ip.to_string()),
            last_seen => time_ago(now - session.last_seen_at),
            since => session.opened.created_at.format("%Y-%m-%d").to_string(),
        }
    };
    let sessions: Vec<Value> = sessions.into_iter().map(shown).collect();
    Ok(Step::of(PAGE, "list").with(context! { sessions }))
}

/// `POST /account/sessions`: ends the session that the form names, or all if it names none.
pub(super) async fn submit(request: RequestContext, auth: Auth, mut form: Form) -> ApiResult<Step> {
    let known = request.caller.as_ref().ok_or_else(ApiError::unauthenticated)?;
    let named = form.text("session");
    if named.is_empty() {
        auth.revoke_sessions(&request.access, known.user.id).await?;
        auth.logout(&request.access).await?;
        return Ok(Step::done("signed-out-everywhere").cookies(ended_cookies(&request.state.settings)));
    }
    if let Ok(id) = named.parse() {
        // A session that has ended meanwhile is not an error: it is what the user wants.
        match auth.revoke_session(&request.access, known.user.id, SessionId(id)).await {
            Ok(()) | Err(SessionError::NotFound) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(Step::done_on(PATH, "session-ended"))
}

/// Returns browser and system, such as `Firefox on Linux`, as far as the user agent tells. The order matters: most
/// browsers also claim to be one of those after them.
fn device_name(agent: &str) -> String {
    const BROWSERS: [(&str, &str); 6] = [
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
        ("curl/", "curl"),
    ];
    const SYSTEMS: [(&str, &str); 6] = [
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    ];
    let found = |names: &[(&str, &'static str)]| {
        names.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| *name)
    };
    match (found(&BROWSERS), found(&SYSTEMS)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(name), None) | (None, Some(name)) => name.to_owned(),
        (None, None) => "Unknown device".to_owned(),
    }
}

fn time_ago(time: TimeDelta) -> String {
    match (time.num_days(), time.num_hours(), time.num_minutes()) {
        (_, _, ..=1) => "just now".to_owned(),
        (_, 0, minutes) => format!("{} ago", counted(minutes, "minute")),
        (0, hours, _) => format!("{} ago", counted(hours, "hour")),
        (days, _, _) => format!("{} ago", counted(days, "day")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_named_as_their_owners_call_them() {
        let mozilla = |rest: &str| device_name(&format!("Mozilla/5.0 ({rest}"));
        assert_eq!(mozilla("X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"), "Firefox on Linux");
        let chrome = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/149.0.0.0 Safari/537.36";
        assert_eq!(mozilla(&format!("Linux; Android 10; K) {chrome}")), "Chrome on Android");
        assert_eq!(
            mozilla(&format!("Windows NT 10.0; Win64; x64) {chrome} Edg/149.0.0.0")),
            "Edge on Windows"
        );
        let safari = "iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile/15E148 Safari/604.1";
        assert_eq!(mozilla(safari), "Safari on iPhone");
        assert_eq!((device_name("curl/8.5.0"), device_name("")), ("curl".into(), "Unknown device".into()));
    }

    #[test]
    fn times_are_told_in_one_unit() {
        for (seconds, words) in [
            (-5, "just now"),
            (119, "just now"),
            (120, "2 minutes ago"),
            (3_599, "59 minutes ago"),
            (3_600, "1 hour ago"),
            (86_400, "1 day ago"),
            (30 * 86_400, "30 days ago"),
        ] {
            assert_eq!(time_ago(TimeDelta::seconds(seconds)), words);
        }
    }
}
