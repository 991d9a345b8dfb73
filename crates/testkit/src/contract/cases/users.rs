use std::sync::Arc;
use denizen_services::store::Store;
pub async fn an_inserted_user_is_found_by_id_name_and_address(_store: Arc<dyn Store>) {}
pub async fn forgotten(_store: Arc<dyn Store>) {}
