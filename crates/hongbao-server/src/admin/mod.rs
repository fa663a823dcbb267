//! The operator's door: JSON, on a Unix socket, or on an address of its own with a token.

mod apps;
mod books;
mod clock;
mod credentials;
mod limits;
mod lotteries;
mod merchants;
mod patch;
mod top_ups;
mod web;

pub use books::AuditReply;
use std::sync::Arc;

use axum::Router;
use axum::extract::{FromRequest, FromRequestParts, Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post, put};
use hongbao_engine::directory::Validity;
use hongbao_store::Store;
use hongbao_types::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::api_error::ApiError;
use crate::json_door::{self, read_json, rfc3339};
use crate::platform::Platform;

pub(crate) fn routes<S: Store>() -> Router<Arc<Platform<S>>> {
    Router::new()
        .route("/admin/health", get(books::health::<S>))
        .route(
            "/admin/merchants/{merchant_id}",
            put(merchants::put::<S>).patch(merchants::patch::<S>).get(merchants::get::<S>),
        )
        .route("/admin/apps/{app_id}", put(apps::put::<S>).patch(apps::patch::<S>).get(apps::get::<S>))
        .route("/admin/apps/{app_id}/merchants/{merchant_id}", put(apps::bind::<S>).delete(apps::unbind::<S>))
        .route("/admin/apps/{app_id}/credentials", post(credentials::post::<S>))
        .route("/admin/apps/{app_id}/credentials/{credential_id}", delete(credentials::delete::<S>))
        .route("/admin/apps/{app_id}/people/{person}", get(apps::person::<S>))
        .route("/admin/apps/{app_id}/openids/{openid}", put(apps::put_person::<S>).get(apps::get_person::<S>))
        .route("/admin/apps/{app_id}/wallets/{openid}", get(books::wallet::<S>))
        .route("/admin/lotteries/{lottery_id}", get(lotteries::get::<S>).patch(lotteries::patch::<S>))
        .route("/admin/lotteries/{lottery_id}/bindings", get(lotteries::bindings::<S>))
        .route("/admin/top-ups", post(top_ups::post::<S>))
        .route("/admin/clock", put(clock::put::<S>).get(clock::get::<S>))
        .route("/admin/expire", post(clock::expire::<S>))
        .route("/admin/audit", get(books::audit::<S>))
}

/// Lets only those in who know the token. Only its hash is kept.
pub(crate) fn guarded(router: Router, token: &str) -> Router {
    let hash: [u8; 32] = Sha256::digest(token.as_bytes()).into();
    router.layer(from_fn_with_state(hash, guard))
}

async fn guard(State(expected): State<[u8; 32]>, request: Request, next: Next) -> Response {
    let given = json_door::bearer(request.headers()).unwrap_or_default();
    let given: [u8; 32] = Sha256::digest(given.as_bytes()).into();
    if bool::from(given.ct_eq(&expected)) {
        next.run(request).await
    } else {
        let message = "send the admin token: Authorization: Bearer <token>";
        ApiError::refused(StatusCode::UNAUTHORIZED, "token_wrong", message).into_response()
    }
}

/// A JSON body, or an error in our own words: it says where, never what stands there, for that may be a key.
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Store> FromRequest<Arc<Platform<S>>> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, platform: &Arc<Platform<S>>) -> Result<Body<T>, ApiError> {
        read_json(platform, request.into_body()).await.map(Body)
    }
}

/// A query string, or an error in our own words.
#[derive(FromRequestParts)]
#[from_request(via(axum::extract::Query), rejection(ApiError))]
pub(crate) struct QueryString<T>(pub(crate) T);

/// Whether what is there already may be replaced.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PutQuery {
    #[serde(default)]
    replace: bool,
}

/// From when until when something counts, RFC 3339; left out means always.
#[derive(Serialize)]
pub(crate) struct ValidityReply {
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_until: Option<String>,
}

/// Reads `valid_from` and `valid_until`.
pub(crate) fn validity(from: Option<&str>, until: Option<&str>) -> Result<Validity, ApiError> {
    let from = from.map_or(Ok(Validity::ALWAYS.from), parse_time)?;
    let until = until.map(parse_time).transpose()?;
    if until.is_some_and(|until| until <= from) {
        return Err(ApiError::invalid("valid_until must be after valid_from"));
    }
    Ok(Validity { from, until })
}

impl ValidityReply {
    pub(crate) fn show(validity: Validity) -> ValidityReply {
        ValidityReply {
            valid_from: (validity.from != Validity::ALWAYS.from).then(|| rfc3339(validity.from)),
            valid_until: validity.until.map(rfc3339),
        }
    }
}

/// A name that is none of those known; what stands there is not quoted, for it may be a key.
pub(crate) fn unknown<const N: usize>(what: &str, known: [&str; N]) -> ApiError {
    ApiError::invalid(format!("{what}: known here are {}", known.join(", ")))
}

pub(crate) fn parse_time(text: &str) -> Result<Timestamp, ApiError> {
    // Not quoted: what stands beside a key may be one.
    let parsed: jiff::Timestamp =
        text.parse().map_err(|_| ApiError::invalid("a time is RFC 3339, as 2014-11-11T12:00:00+08:00"))?;
    Ok(Timestamp::from_millis(parsed.as_millisecond()))
}

/// An identifier out of a path or a body.
pub(crate) fn id<T: std::str::FromStr<Err = hongbao_types::IdError>>(text: &str) -> Result<T, ApiError> {
    text.parse().map_err(|error: hongbao_types::IdError| ApiError::invalid(error.to_string()))
}
