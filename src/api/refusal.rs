//! An answer that is no good news, in the one form that all have: `{"error": "..."}`.

use super::desk::Unanswered;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{StatusCode, header};
use serde::Serialize;
use serde_json::json;

/// An answer that is no good news.
#[derive(Debug)]
pub(super) struct Refusal(pub(super) StatusCode, pub(super) String);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = json!({ "error": self.1 }).to_string() + "\n";
        (self.0, [(header::CONTENT_TYPE, "application/json")], body).into_response()
    }
}

impl From<Unanswered> for Refusal {
    fn from(error: Unanswered) -> Self {
        let status = match error {
            Unanswered::Silent => StatusCode::SERVICE_UNAVAILABLE,
            Unanswered::Panicked => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self(status, error.to_string())
    }
}

impl Refusal {
    /// There is nothing of that name.
    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self(StatusCode::NOT_FOUND, message.into())
    }

    /// What was asked cannot be understood.
    pub(super) fn bad(message: impl Into<String>) -> Self {
        Self(StatusCode::BAD_REQUEST, message.into())
    }

    /// The path is there, and does not take the method.
    pub(super) fn method() -> Self {
        Self(StatusCode::METHOD_NOT_ALLOWED, "this path does not take this method".to_owned())
    }
}

/// JSON that is written already as an answer.
pub(super) fn written(body: &Result<Bytes, String>) -> Result<Response, Refusal> {
    let body = body.clone().map_err(|why| Refusal(StatusCode::INTERNAL_SERVER_ERROR, why))?;
    Ok(([(header::CONTENT_TYPE, "application/json")], body).into_response())
}

/// A value as an answer.
pub(super) fn json_of(value: &impl Serialize) -> Result<Response, Refusal> {
    let text = serde_json::to_string(value)
        .map_err(|error| Refusal(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    Ok(([(header::CONTENT_TYPE, "application/json")], text + "\n").into_response())
}
