//! The cases, one file per subject.

#![deny(dead_code)]
#![expect(missing_docs, reason = "the name of a case is the sentence that it proves")]

mod administrators;
mod audit;
mod audit_queries;
mod authority;
mod interleavings;
mod keys;
mod limits;
mod listing;
mod mail_for_users;
mod mail_leases;
mod mail_operations;
mod mail_queue;
mod metrics;
mod names;
mod observers;
mod password_schemes;
mod purge;
mod races;
mod registrations;
mod round_trip;
mod search;
mod session_lists;
mod sessions;
mod tokens;
mod units;
mod users;
mod versions;

macro_rules! export_cases {
    ($($file:ident: $($case:ident)*;)*) => { $(pub use self::$file::{$($case),*};)* };
}

crate::for_each_store_case! { [export_cases] }
