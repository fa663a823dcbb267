//! How is what is stored changed, when others may be changing it, too? It is read, changed, and stored in the place
//! of just what was read; if that is no longer there, once more from the start.

use axum::http::StatusCode;
use hongbao_engine::command::{PutApp, PutLottery, PutMerchant};
use hongbao_engine::directory::{App, Merchant};
use hongbao_engine::lottery::Lottery;
use hongbao_engine::outcome::PutRejection;
use hongbao_store::{CallError, Store, StoreError};
use hongbao_types::{AppId, LotteryId, MerchantId};

use crate::api_error::ApiError;
use crate::platform::Platform;

/// How often it is tried: more than people change the same thing at the same moment.
const TRIES: u32 = 16;

/// Why nothing was changed.
#[derive(Debug)]
pub(crate) enum NotChanged<E> {
    /// It may not be.
    Refused(E),
    /// It could not be read.
    Unread(StoreError),
    /// It could not be stored, or nobody knows whether it was.
    Unstored(CallError),
    /// Others changed it again and again.
    Meanwhile,
}

/// Stores what `change` makes of what is stored.
pub(crate) async fn change<T: Kept, S: Store, E>(
    platform: &Platform<S>,
    id: &T::Id,
    change: impl Fn(Option<&T>) -> Result<T, E> + Send + Sync,
) -> Result<(), NotChanged<E>> {
    for _ in 0..TRIES {
        let stored = platform.in_time(T::load(&platform.store, id)).await.map_err(NotChanged::Unread)?;
        let changed = change(stored.as_ref()).map_err(NotChanged::Refused)?;
        if T::put(platform, changed, stored).await.map_err(NotChanged::Unstored)?.is_ok() {
            platform.directory.forget();
            return Ok(());
        }
    }
    Err(NotChanged::Meanwhile)
}

impl From<NotChanged<ApiError>> for ApiError {
    fn from(error: NotChanged<ApiError>) -> ApiError {
        match error {
            NotChanged::Refused(error) => error,
            NotChanged::Unread(error) => error.into(),
            NotChanged::Unstored(error) => error.into(),
            NotChanged::Meanwhile => {
                let message = "others changed it again and again: nothing was done, so make the call again";
                ApiError::refused(StatusCode::CONFLICT, "changed_meanwhile", message)
            }
        }
    }
}

/// What is kept whole, and changed by putting it anew.
pub(crate) trait Kept: Send + Sync + Sized {
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

impl Kept for Lottery {
    type Id = LotteryId;

    async fn load<S: Store>(store: &S, id: &LotteryId) -> Result<Option<Lottery>, StoreError> {
        store.lottery(id).await
    }

    async fn put<S: Store>(
        platform: &Platform<S>,
        lottery: Lottery,
        instead_of: Option<Lottery>,
    ) -> Result<Result<(), PutRejection>, CallError> {
        platform.put_lottery(Box::new(PutLottery { lottery, instead_of })).await
    }
}
