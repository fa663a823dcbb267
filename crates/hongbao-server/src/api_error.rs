//! What does a JSON door say when it can't do what was asked? A person: what happened and what to do.
//! A machine: a code, and whether money moved.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use hongbao_store::{CallError, StoreError};
use serde_json::{Value, json};

use crate::body::BodyError;
use crate::readiness::NotReady;

/// An error of a JSON door.
#[derive(Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    code: &'static str,
    message: String,
    money_moved: MoneyMoved,
    details: Option<Value>,
}

/// Whether money moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum MoneyMoved {
    No,
    Unknown,
}

impl ApiError {
    /// Nothing was done.
    pub(crate) fn refused(status: StatusCode, code: &'static str, message: impl Into<String>) -> ApiError {
        ApiError { status, code, message: message.into(), money_moved: MoneyMoved::No, details: None }
    }

    /// The request makes no sense; nothing was done.
    pub(crate) fn invalid(message: impl Into<String>) -> ApiError {
        ApiError::refused(StatusCode::BAD_REQUEST, "invalid_request", message)
    }

    /// The status of its answer.
    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    /// What happened.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// With more for a machine to read.
    pub(crate) fn with(mut self, details: Value) -> ApiError {
        self.details = Some(details);
        self
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let money_moved = match self.money_moved {
            MoneyMoved::No => "no",
            MoneyMoved::Unknown => "unknown",
        };
        if self.status == StatusCode::NOT_FOUND {
            tracing::debug!(code = self.code, why = %self.message, "what was asked for is not there");
        } else {
            tracing::info!(status = self.status.as_u16(), code = self.code, why = %self.message, "a request was refused");
        }
        let mut error = json!({ "code": self.code, "message": self.message, "money_moved": money_moved });
        if let (Some(details), Value::Object(error)) = (self.details, &mut error) {
            error.insert("details".to_owned(), details);
        }
        (self.status, Json(json!({ "error": error }))).into_response()
    }
}

impl From<CallError> for ApiError {
    fn from(error: CallError) -> ApiError {
        let (status, code, money_moved, todo) = match error {
            CallError::Full => (StatusCode::TOO_MANY_REQUESTS, "busy", MoneyMoved::No, "try again in a moment"),
            CallError::Stopped | CallError::Unavailable => {
                (StatusCode::SERVICE_UNAVAILABLE, "unavailable", MoneyMoved::No, "try again later")
            }
            CallError::Unanswered | CallError::SystemError => (
                StatusCode::SERVICE_UNAVAILABLE,
                "unknown",
                MoneyMoved::Unknown,
                "make the same call again: it is carried out at most once",
            ),
        };
        ApiError { status, code, message: format!("{error}; {todo}"), money_moved, details: None }
    }
}

impl From<NotReady> for ApiError {
    fn from(error: NotReady) -> ApiError {
        ApiError::refused(StatusCode::SERVICE_UNAVAILABLE, "not_ready", error.to_string())
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> ApiError {
        tracing::error!(%error, "the store could not read");
        ApiError::refused(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "the store can't be read; try again later")
    }
}

impl From<BodyError> for ApiError {
    fn from(error: BodyError) -> ApiError {
        let status = match error {
            BodyError::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            BodyError::TooSlow => StatusCode::REQUEST_TIMEOUT,
            BodyError::Broken(_) => StatusCode::BAD_REQUEST,
        };
        ApiError::refused(status, "invalid_request", error.to_string())
    }
}

impl From<QueryRejection> for ApiError {
    fn from(rejection: QueryRejection) -> ApiError {
        ApiError::refused(rejection.status(), "invalid_request", rejection.body_text())
    }
}
