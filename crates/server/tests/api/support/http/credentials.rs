//! In whose name requests are sent that do not say it: for each server, whoever the test acts as. Most tests are about
//! something else than signing in.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Mutex, PoisonError},
};

static TOKENS: Mutex<BTreeMap<SocketAddr, String>> = Mutex::new(BTreeMap::new());

/// From now on, requests to this server have this session token unless they say otherwise. The address may have been
/// another server's before.
pub fn act_as(server: SocketAddr, token: Option<String>) {
    let mut tokens = TOKENS.lock().unwrap_or_else(PoisonError::into_inner);
    match token {
        Some(token) => tokens.insert(server, token),
        None => tokens.remove(&server),
    };
}

pub(super) fn of(server: SocketAddr) -> Option<String> {
    TOKENS.lock().unwrap_or_else(PoisonError::into_inner).get(&server).cloned()
}
