//! What do the JSON doors, people's and operators', have in common? How a caller shows who he is, how a body is read,
//! and how a point in time is written.

use axum::body::Body;
use axum::http::{HeaderMap, header};
use hongbao_store::Store;
use hongbao_types::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use crate::api_error::ApiError;
use crate::body;
use crate::platform::Platform;

/// The most bytes of a JSON body: room for a merchant with a hundred certificates.
const BODY_LIMIT: usize = 256 * 1024;

/// The token of `Authorization: Bearer <token>`.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}

/// A point in time, RFC 3339 in UTC.
pub(crate) fn rfc3339(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.as_millis()).map_or_else(|_| at.as_millis().to_string(), |at| at.to_string())
}

/// Reads a JSON body, or says in our own words where it is wrong, never what stands there, for that may be a key.
pub(crate) async fn read_json<T: DeserializeOwned, S: Store>(
    platform: &Platform<S>,
    body: Body,
) -> Result<T, ApiError> {
    let bytes = body::read(body, BODY_LIMIT, platform.http.body_patience).await?;
    // Not every store could keep it. (Raw, it is no JSON.)
    if bytes.windows(6).any(|escaped| escaped == br"\u0000") {
        return Err(ApiError::invalid("a text in the body holds U+0000: leave it out"));
    }
    let mut json = serde_json::Deserializer::from_slice(&bytes);
    let body = serde_path_to_error::deserialize(&mut json).map_err(|error| body_error(&error))?;
    json.end().map_err(|_| ApiError::invalid("the body has something behind its JSON"))?;
    Ok(body)
}

/// What is wrong with a body.
pub(crate) fn body_error(error: &serde_path_to_error::Error<serde_json::Error>) -> ApiError {
    let json = error.inner();
    let text = json.to_string();
    // What was merged has no lines.
    let line =
        if json.line() == 0 { String::new() } else { format!(" (line {}, column {})", json.line(), json.column()) };
    let text = text.split(" at line").next().unwrap_or_default();
    // What is expected, and what is missing, are names of ours; everything else quotes the body, and of an
    // unknown field the path does as well.
    if text.starts_with("unknown field") {
        let known = text.rsplit_once(", expected ").map_or("none", |(_, known)| known);
        return ApiError::invalid(format!("the body{line} has an unknown field; known here: {known}"));
    }
    let what = match json.classify() {
        Category::Data if text.starts_with("missing field") => text,
        Category::Data => "it is of the wrong kind",
        Category::Io | Category::Syntax | Category::Eof => "it is no JSON",
    };
    ApiError::invalid(format!("the body, at {}{line}: {what}", error.path()))
}
