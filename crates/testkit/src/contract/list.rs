//! The one list of cases.

/// Makes one test of every case of the contract suite.
///
/// The argument is an async closure or function that makes a fresh, empty store: see
/// [`Made`](crate::contract::Made). What it needs of an executor is there: each test has a tokio runtime of its own.
///
/// ```
/// use std::sync::Arc;
/// use denizen_services::memory::InMemoryStore;
///
/// denizen_testkit::store_contract!(async || Arc::new(InMemoryStore::new()));
/// ```
///
/// A store in a folder that is to disappear after the test: `async || { … (store, folder) }`.
#[macro_export]
macro_rules! store_contract {
    ($make_store:expr) => {
        $crate::for_each_store_case! { [$crate::store_contract_tests] [$make_store] }
    };
}

/// One test per case.
#[doc(hidden)]
#[macro_export]
macro_rules! store_contract_tests {
    ([$make_store:expr] $($file:ident: $($case:ident)*;)*) => {$($(
        #[test]
        fn $case() {
            $crate::contract::run($make_store, $crate::contract::$case);
        }
    )*)*};
}

/// Hands all cases, file by file, to another macro.
#[doc(hidden)]
#[macro_export]
macro_rules! for_each_store_case {
    ([$($then:tt)+] $($arguments:tt)*) => { $($then)+! { $($arguments)*
        users:
            an_inserted_user_is_found_by_id_name_and_address
        ;
    } };
}
