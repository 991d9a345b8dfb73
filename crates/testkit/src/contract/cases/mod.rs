//! The cases, one file per subject.

#![deny(dead_code)]
#![expect(missing_docs, reason = "the name of a case is the sentence that it proves")]

mod users;

macro_rules! export_cases {
    ($($file:ident: $($case:ident)*;)*) => { $(pub use self::$file::{$($case),*};)* };
}

crate::for_each_store_case! { [export_cases] }
