//! What do `PUT` and `PATCH` make of what is stored and what was given?

use axum::http::StatusCode;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::api_error::ApiError;
use crate::json_door::body_error;

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
