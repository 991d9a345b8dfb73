//! A disk that is full, played by a limit on the size of the file.

use denizen_models::{Profile, UserValues};
use denizen_services::store::{CommitError, ReadStore as _, StoreFailure, WriteStore as _};

use crate::{
    SqliteStore,
    tests::{Unit, names, open, sign_up, until_ready, user_values, write_together},
};

/// Leaves room for `pages` pages more.
async fn limit(store: &SqliteStore, pages: i64) {
    let set = store.writer.run(move |connection| {
        let used: i64 = connection.pragma_query_value(None, "page_count", |row| row.get(0))?;
        Ok(connection.pragma_update_and_check(None, "max_page_count", used + pages, |_| Ok(()))?)
    });
    set.await.unwrap();
}

/// A user who does not fit into thirty pages.
fn big(name: &str) -> UserValues {
    UserValues {
        profile: Some(Profile { bio: "x".repeat(400_000), ..Profile::default() }),
        ..user_values(name)
    }
}

fn full<T, E: From<StoreFailure>>() -> Result<T, E> {
    Err(StoreFailure::Busy("the disk is full".into()).into())
}

#[tokio::test]
async fn every_unit_is_judged_alone_when_the_disk_is_full() {
    let (store, _folder) = open();
    limit(&store, 30).await;
    let values =
        [user_values("ann"), user_values("ben"), big("huge"), user_values("ann"), user_values("cleo")];
    let verdicts = write_together(&store, values.map(|values| Unit::of(sign_up(values)))).await;
    assert_eq!(verdicts[..3], [Ok(()), Ok(()), full()]);
    assert!(matches!(verdicts[3], Err(CommitError::Conflict(_))), "{:?}", verdicts[3]);
    assert_eq!(verdicts[4], Ok(()));
    assert_eq!(names(&store).await, ["ann", "ben", "cleo"]);
}

#[tokio::test]
async fn what_fits_is_written_and_the_rest_is_refused() {
    let (store, _folder) = open();
    limit(&store, 30).await;
    let units = (0..400).map(|number| Unit::of(sign_up(user_values(&format!("user_{number}")))));
    let verdicts = write_together(&store, units).await;
    let written = verdicts.iter().filter(|verdict| verdict.is_ok()).count();
    assert!((1..400).contains(&written), "{written}");
    assert!(verdicts.iter().all(|verdict| verdict.is_ok() || *verdict == full()), "{verdicts:?}");
    assert_eq!(names(&store).await.len(), written);
}

/// Security checklist: 61, 74.
#[tokio::test]
async fn the_store_goes_on_when_there_is_room_again() {
    let (store, _folder) = open();
    limit(&store, 0).await;
    assert_eq!(store.commit(sign_up(big("huge"))).await, full());
    assert_eq!(store.ping().await, full(), "although a ping needs less room");
    limit(&store, 1000).await;
    assert!(store.commit(sign_up(big("huge"))).await.is_ok());
    assert_eq!(names(&store).await, ["huge"]);
    until_ready(&store).await;
}
