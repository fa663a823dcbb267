//! The people's door: JSON, and an assertion by the operator's app of who is asking.

mod assertion;
mod claims;
mod mini_program;
mod packets;
mod problem;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use hongbao_store::Store;

use crate::platform::Platform;

pub use assertion::ASSERTION_AUDIENCE;
pub(crate) use assertion::openid_of;

pub(crate) fn routes<S: Store>() -> Router<Arc<Platform<S>>> {
    Router::new()
        .route("/packets/{packet_id}", get(packets::get::<S>))
        .route("/jsapi/sendBizRedPacket", post(mini_program::open::<S>))
        .route("/packets/{packet_id}/claims", post(claims::claim_share::<S>))
}
