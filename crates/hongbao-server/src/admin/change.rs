//! How is what is stored changed, when others may be changing it, too? It is read, changed, and stored in the place
//! of just what was read; if that is no longer there, once more from the start.

use axum::http::StatusCode;
use hongbao_engine::command::{PutApp, PutMerchant};
use hongbao_engine::directory::{App, Merchant};
use hongbao_engine::outcome::PutRejection;
use hongbao_store::{CallError, Store, StoreError};
use hongbao_types::{AppId, MerchantId};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::body_error;
use crate::api_error::ApiError;
use crate::platform::Platform;

/// How often it is tried: more than people change the same thing at the same moment.
const TRIES: u32 = 16;

/// Stores what `change` makes of what is stored.
pub(super) async fn change<T: Kept, S: Store>(
    platform: &Platform<S>,
    id: &T::Id,
    change: impl Fn(Option<&T>) -> Result<T, ApiError> + Send + Sync,
) -> Result<(), ApiError> {
    for _ in 0..TRIES {
        let stored = platform.in_time(T::load(&platform.store, id)).await?;
        let changed = change(stored.as_ref())?;
        if T::put(platform, changed, stored).await?.is_ok() {
            platform.directory.forget();
            return Ok(());
        }
    }
    let message = format!("{id} was changed by others again and again: nothing was done, so make the call again");
    Err(ApiError::refused(StatusCode::CONFLICT, "changed_meanwhile", message))
}

/// What a `PUT` may store: something new, or what is there already, or, if it may replace, anything.
pub(super) fn in_place<T: PartialEq>(
    new: T,
    stored: Option<&T>,
    may_replace: bool,
    id: &impl std::fmt::Display,
) -> Result<T, ApiError> {
    if may_replace || stored.is_none_or(|stored| *stored == new) {
        return Ok(new);
    }
    let message = format!("{id} exists already, with other content; PATCH changes it");
    Err(ApiError::refused(StatusCode::CONFLICT, "exists", message))
}

/// `shown` with `patch` merged into it (RFC 7396): what the patch leaves out stays, null takes away.
pub(super) fn merged<T: Serialize + DeserializeOwned>(shown: &T, patch: &Map<String, Value>) -> Result<T, ApiError> {
    let mut merged = serde_json::to_value(shown).map_err(|_| ApiError::invalid("what is stored can't be shown"))?;
    json_patch::merge(&mut merged, &Value::Object(patch.clone()));
    serde_path_to_error::deserialize(merged).map_err(|error| body_error(&error))
}

/// What is kept whole, and changed by putting it anew.
pub(super) trait Kept: Send + Sync + Sized {
    type Id: std::fmt::Display + Send + Sync;

    fn load<S: Store>(store: &S, id: &Self::Id) -> impl Future<Output = Result<Option<Self>, StoreError>> + Send;

    fn put<S: Store>(
        platform: &Platform<S>,
        new: Self,
        instead_of: Option<Self>,
    ) -> impl Future<Output = Result<Result<(), PutRejection>, CallError>> + Send;
}

impl Kept for Merchant {
    type Id = MerchantId;

    async fn load<S: Store>(store: &S, id: &MerchantId) -> Result<Option<Merchant>, StoreError> {
        store.merchant(id).await
    }

    async fn put<S: Store>(
        platform: &Platform<S>,
        merchant: Merchant,
        instead_of: Option<Merchant>,
    ) -> Result<Result<(), PutRejection>, CallError> {
        platform.put_merchant(Box::new(PutMerchant { merchant, instead_of })).await
    }
}

impl Kept for App {
    type Id = AppId;

    async fn load<S: Store>(store: &S, id: &AppId) -> Result<Option<App>, StoreError> {
        store.app(id).await
    }

    async fn put<S: Store>(
        platform: &Platform<S>,
        app: App,
        instead_of: Option<App>,
    ) -> Result<Result<(), PutRejection>, CallError> {
        platform.put_app(Box::new(PutApp { app, instead_of })).await
    }
}
