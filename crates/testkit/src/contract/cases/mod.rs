//! The cases, one file per subject.

#![deny(dead_code)]
#![expect(missing_docs, reason = "the name of a case is the sentence that it proves")]

mod audit;
mod interleavings;
mod limits;
mod listing;
mod mail_leases;
mod mail_queue;
mod observers;
mod races;
mod round_trip;
mod search;
mod sessions;
mod tokens;
mod units;
mod users;
mod versions;

macro_rules! export_cases {
    ($($file:ident: $($case:ident)*;)*) => { $(pub use self::$file::{$($case),*};)* };
}

crate::for_each_store_case! { [export_cases] }
