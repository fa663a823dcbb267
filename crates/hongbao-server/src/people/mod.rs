//! The people's door: JSON, and an assertion by the operator's app of who is asking; for the app's own server, a credential.

mod assertion;
mod browser;
mod claims;
mod credential;
mod erasure;
mod finished;
mod history;
mod limits;
mod mini_program;
mod oauth;
mod packets;
mod problem;
mod shake;
mod wallet;
mod withdrawals;

use std::sync::Arc;

use axum::Router;
use axum::extract::FromRequestParts;
use axum::middleware::from_fn_with_state;
use axum::routing::{delete, get, post};
use hongbao_store::Store;

use crate::platform::Platform;
use problem::Problem;

pub use assertion::ASSERTION_AUDIENCE;
pub(crate) use assertion::openid_of;
pub(crate) use credential::{TOKEN_PREFIX, token_sha256};
pub(crate) use finished::FinishedPackets;
pub(crate) use limits::PeopleLimiter;
pub use limits::{PeopleLimits, Rate};
pub(crate) use shake::PrizePools;

/// The parts of a path, or a problem in our own words.
#[derive(FromRequestParts)]
#[from_request(via(axum::extract::Path), rejection(Problem))]
pub(crate) struct Path<T>(pub(crate) T);

pub(crate) fn routes<S: Store>(platform: &Arc<Platform<S>>) -> Router<Arc<Platform<S>>> {
    let calls = Router::new()
        .route("/packets/{packet_id}", get(packets::get::<S>))
        .route("/packets/{packet_id}/claims", post(claims::claim_share::<S>))
        .route("/jsapi/sendBizRedPacket", post(mini_program::open::<S>))
        .route("/jsapi/jumpHongbao", post(shake::draw::draw::<S>))
        .route("/wallet", get(wallet::own::<S>))
        .route("/wallet/entries", get(wallet::own_entries::<S>))
        .route("/wallet/packets", get(wallet::own_packets::<S>))
        .layer(from_fn_with_state(platform.clone(), limits::guard::<S>))
        .layer(browser::other_origins(platform));
    let pages = Router::new()
        .route("/session", get(oauth::session::get::<S>).post(oauth::session::post::<S>))
        .layer(from_fn_with_state(platform.clone(), limits::guard::<S>));
    Router::new()
        .merge(calls)
        .merge(pages)
        .merge(browser::routes())
        // These say themselves, in words of their own, when somebody calls too often; servers may.
        .route("/connect/oauth2/authorize", get(oauth::authorize::get::<S>))
        .route("/sns/oauth2/access_token", get(oauth::redeem::by_query::<S>).post(oauth::redeem::by_form::<S>))
        .route("/cgi-bin/token", get(oauth::access_token::get::<S>))
        .merge(shake::campaigns::routes::<S>())
        .route("/apps/{app_id}/people/{openid}", delete(erasure::erase::<S>))
        .route("/apps/{app_id}/people/{openid}/export", get(erasure::export::<S>))
        .route("/apps/{app_id}/people/{openid}/wallet", get(wallet::of::<S>))
        .route("/apps/{app_id}/people/{openid}/entries", get(wallet::entries_of::<S>))
        .route("/apps/{app_id}/people/{openid}/packets", get(wallet::packets_of::<S>))
        .route("/apps/{app_id}/withdrawals", post(withdrawals::hold::<S>))
        .route("/apps/{app_id}/withdrawals/{reference}", get(withdrawals::get::<S>))
        .route("/apps/{app_id}/withdrawals/{reference}/confirm", post(withdrawals::confirm::<S>))
        .route("/apps/{app_id}/withdrawals/{reference}/cancel", post(withdrawals::cancel::<S>))
}
