//! How is a body read? Whole, and bounded: so many bytes, so long. Every door reads through here.

use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use http_body_util::{BodyExt, LengthLimitError, Limited};

/// Why a body was not read to its end. What is left of it is never taken for a request: hyper closes the
/// connection.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BodyError {
    /// It has more bytes than it may, or says so.
    #[error("the body has over {limit} bytes")]
    TooLarge {
        /// How many it may have.
        limit: usize,
    },
    /// It did not arrive in time.
    #[error("the body did not arrive in time")]
    TooSlow,
    /// It broke off, or its chunks make no sense.
    #[error("the body could not be received: {0}")]
    Broken(axum::BoxError),
}

/// The bytes of a body. One that says beforehand that it is too large is refused before it is asked for.
pub(crate) async fn read(body: Body, limit: usize, patience: Duration) -> Result<Bytes, BodyError> {
    if body.size_hint().lower() > limit as u64 {
        return Err(BodyError::TooLarge { limit });
    }
    match tokio::time::timeout(patience, Limited::new(body, limit).collect()).await {
        Err(_) => Err(BodyError::TooSlow),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(BodyError::TooLarge { limit }),
        Ok(Err(error)) => Err(BodyError::Broken(error)),
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
    }
}
