//! The store, from opening to shutting down.

mod apply;
pub(crate) mod locks;
pub(crate) mod ports;
mod units;

use std::{fmt, sync::Arc};

use denizen_services::Relay;

use crate::{
    engine::{
        connect::Connector,
        error::{OpenError, chain},
        migrations::{SCHEMA, identify, migrate},
        options::PostgresOptions,
        shared::Shared,
        tls,
    },
    relay::PostgresRelay,
    store::units::Units,
};

/// A store in a PostgreSQL database. See the [crate's documentation](crate).
pub struct PostgresStore {
    pub(crate) lookups: Shared,
    pub(crate) lists: Shared,
    pub(crate) units: Units,
    relay: Arc<PostgresRelay>,
}

impl PostgresStore {
    /// The version of the schema of every open database.
    pub const SCHEMA: usize = SCHEMA;

    /// Connects to the database and brings its schema up to date. Must be called on the runtime that is to serve the store,
    /// which outlives it.
    ///
    /// # Errors
    /// See [`OpenError`]. A database that is not ours, or too new for us, is left as it is.
    pub async fn open(options: PostgresOptions) -> Result<Self, OpenError> {
        let place = options.to_string();
        let unfit = |reason| OpenError::Unfit { place: place.clone(), reason };
        let tls = options.tls.as_ref().map(tls::connector).transpose().map_err(unfit)?;
        let connector = Connector::new(&options, tls);
        let session = connector
            .plain()
            .await
            .map_err(|error| OpenError::Unreachable { place: place.clone(), reason: chain(&error) })?;
        identify(&session, &place).await?;
        migrate(&session, &place).await?;
        Ok(Self {
            lookups: Shared::pipelined(connector.clone(), options.lookups),
            lists: Shared::exclusive(connector.clone(), options.lists),
            units: Units::new(connector.clone(), &options),
            relay: Arc::new(PostgresRelay::start(connector)),
        })
    }

    /// Returns the way to the other processes on this database.
    #[must_use]
    pub fn relay(&self) -> Arc<dyn Relay> {
        Arc::clone(&self.relay) as Arc<dyn Relay>
    }

    /// Ends the store in good order: what was accepted is written and answered, what comes later is refused with
    /// [`StoreFailure::Unavailable`](denizen_services::store::StoreFailure::Unavailable). Returns when all of that is done,
    /// also if it is called twice.
    pub async fn shutdown(&self) {
        self.relay.stop().await;
        self.units.close().await;
        self.lookups.close().await;
        self.lists.close().await;
    }
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore").finish_non_exhaustive()
    }
}
