//! The operator's door: JSON, on a Unix socket, or on an address of its own with a token.

mod apps;
mod books;
mod clock;
mod merchants;
mod top_ups;

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use hongbao_engine::directory::Validity;
use hongbao_store::Store;
use hongbao_types::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::api_error::ApiError;
use crate::platform::Platform;

pub(crate) fn routes<S: Store>() -> Router<Arc<Platform<S>>> {
    Router::new()
        .route("/admin/health", get(books::health::<S>))
        .route("/admin/merchants/{merchant_id}", put(merchants::put::<S>).get(merchants::get::<S>))
        .route("/admin/apps/{app_id}", put(apps::put::<S>).get(apps::get::<S>))
        .route("/admin/apps/{app_id}/people/{person}", get(apps::person::<S>))
        .route("/admin/apps/{app_id}/wallets/{openid}", get(books::wallet::<S>))
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
    let header = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let given = header.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
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

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Body<T>, ApiError> {
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(|rejection| ApiError::refused(rejection.status(), "invalid_request", rejection.body_text()))?;
        let mut json = serde_json::Deserializer::from_slice(&bytes);
        let body = serde_path_to_error::deserialize(&mut json).map_err(|error| body_error(&error))?;
        json.end().map_err(|_| ApiError::invalid("the body has something behind its JSON"))?;
        Ok(Body(body))
    }
}

fn body_error(error: &serde_path_to_error::Error<serde_json::Error>) -> ApiError {
    let (at, json) = (error.path().to_string(), error.inner());
    let text = json.to_string();
    // Of these two, the names are ours; of all others, the text quotes the body.
    let what = if let Some((_, expected)) =
        text.split_once("unknown field ").and_then(|(_, rest)| rest.split_once("expected "))
    {
        let (expected, _) = expected.split_once(" at line").unwrap_or((expected, ""));
        format!("there is an unknown field; known here: {expected}")
    } else if text.starts_with("missing field") {
        text.split(" at line").next().unwrap_or_default().to_owned()
    } else if json.is_data() {
        "it is of the wrong kind".to_owned()
    } else {
        "it is no JSON".to_owned()
    };
    ApiError::invalid(format!("the body, at {at} (line {}, column {}): {what}", json.line(), json.column()))
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

/// A point in time, RFC 3339 in UTC.
pub(crate) fn rfc3339(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.as_millis()).map_or_else(|_| at.as_millis().to_string(), |at| at.to_string())
}

pub(crate) fn parse_time(text: &str) -> Result<Timestamp, ApiError> {
    let parsed: jiff::Timestamp = text
        .parse()
        .map_err(|_| ApiError::invalid(format!("a time is RFC 3339, as 2014-11-11T12:00:00+08:00: {text:?}")))?;
    Ok(Timestamp::from_millis(parsed.as_millisecond()))
}

/// An identifier out of a path or a body.
pub(crate) fn id<T: std::str::FromStr<Err = hongbao_types::IdError>>(text: &str) -> Result<T, ApiError> {
    text.parse().map_err(|error: hongbao_types::IdError| ApiError::invalid(error.to_string()))
}
