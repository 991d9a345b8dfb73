//! A store in front of which something may happen.

use async_trait::async_trait;
use denizen_services::store::{Change, StoreFailure, UnitOfWork};
use denizen_testkit::{Call, HookedStore, StoreHook};

use super::interruptions::Interruptions;

/// What a test puts before a commit comes after everything that the service has read and decided: the place of another
/// process that was faster.
pub type InterruptedStore = HookedStore<StoreInterruptions>;

#[derive(Default)]
pub struct StoreInterruptions {
    pub before_commit: Interruptions<StoreFailure>,
    pub before_lease: Interruptions<StoreFailure>,
    pub before_finish: Interruptions<StoreFailure>,
    pub before_touch: Interruptions<StoreFailure>,
    pub before_credentials: Interruptions<StoreFailure>,
}

#[async_trait]
impl StoreHook for StoreInterruptions {
    async fn before(&self, call: Call<'_>) -> Result<(), StoreFailure> {
        let mut changes = call.units.iter().flat_map(UnitOfWork::changes);
        match call.method {
            // To be counted comes before every decision.
            "commit" if changes.all(|change| matches!(change, Change::TakeFromBucket { .. })) => Ok(()),
            "commit" => self.before_commit.next().await,
            "finish_mail" => self.before_finish.next().await,
            "touch_sessions" => self.before_touch.next().await,
            "find_credentials" => self.before_credentials.next().await,
            "lease_mail" => self.before_lease.next().await,
            _ => Ok(()),
        }
    }
}
