//! The store on PostgreSQL keeps the contract of the ports.

use crate::support::{database, open};

denizen_testkit::store_contract!(async || {
    let database = database();
    (open(&database).await, database)
});
