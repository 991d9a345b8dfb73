//! Who asks, and for what.

use std::net::{IpAddr, Ipv4Addr};

use denizen_models::{
    ADMIN_ROLE, CreateUserRequest, DEFAULT_ROLE, Secret, UpdateUserRequest, User, UserId, Username,
    ValidationErrors, VerifyEmailRequest,
};
use denizen_services::{AccessContext, Actor};

/// What users log in with, unless a test says otherwise.
pub const OLD_PASSWORD: &str = "oldsecurepassword";
/// What they want to log in with.
pub const NEW_PASSWORD: &str = "newsecurepassword";

/// Where strangers come from.
const ELSEWHERE: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 7));

/// Somebody who has not signed in, with the request id `stranger`.
pub fn stranger() -> AccessContext {
    from("stranger")
}

/// Somebody who has not signed in, with a request id of the test's choice.
pub fn from(request_id: &str) -> AccessContext {
    AccessContext {
        actor: Actor::Anonymous,
        ip: Some(ELSEWHERE),
        user_agent: Some("curl".to_owned()),
        request_id: request_id.to_owned(),
    }
}

/// A user whom the test has signed in, and is nothing special.
pub fn member(id: UserId) -> AccessContext {
    signed_in(id, DEFAULT_ROLE)
}

/// A user whom the test has signed in, and may do everything if it is an administrator.
pub fn administrator(id: UserId) -> AccessContext {
    signed_in(id, ADMIN_ROLE)
}

fn signed_in(id: UserId, role: &str) -> AccessContext {
    let username = Username::parse(&format!("user_{id}")).expect("a user name");
    let actor = Actor::External { id, username, roles: vec![role.to_owned()] };
    AccessContext { actor, ..from(&format!("request of {id}")) }
}

/// A user called `name` with the address `name@example.com` and [`OLD_PASSWORD`].
pub fn new_user(name: &str) -> CreateUserRequest {
    CreateUserRequest {
        username: name.to_owned(),
        email: format!("{name}@example.com"),
        first_name: "Sample".to_owned(),
        last_name: "User".to_owned(),
        password: Some(Secret::from(OLD_PASSWORD)),
        ..CreateUserRequest::default()
    }
}

/// A sign-up with the e-mail address of [`new_user`], and nothing else.
pub fn address_of(name: &str) -> CreateUserRequest {
    CreateUserRequest { email: format!("{name}@example.com"), ..CreateUserRequest::default() }
}

/// What the owner of a mailbox chooses with the token of a sign-up, to become [`new_user`].
pub fn choices(token: &str, name: &str) -> VerifyEmailRequest {
    let CreateUserRequest { username, first_name, last_name, password, .. } = new_user(name);
    let token = Secret::from(token);
    VerifyEmailRequest { token, username, first_name, last_name, password, ..VerifyEmailRequest::default() }
}

/// The replacement that changes nothing and leaves out what may be left out.
pub fn replacement(user: &User) -> UpdateUserRequest {
    UpdateUserRequest {
        username: user.values.username.to_string(),
        email: user.values.email.to_string(),
        first_name: user.values.first_name.clone(),
        last_name: user.values.last_name.clone(),
        age: Some(user.values.age.into()),
        profile: user.values.profile.clone(),
        ..UpdateUserRequest::default()
    }
}

/// `field: message` for every failing member.
pub fn failing_members(errors: &ValidationErrors) -> Vec<String> {
    errors.iter().map(|error| format!("{}: {}", error.field, error.message)).collect()
}
