use axum::{
    extract::rejection::{FormRejection, QueryRejection},
    http::{StatusCode, header::RETRY_AFTER},
    response::{IntoResponse, Response},
};
use thiserror::Error;

use crate::{
    keys::{KeyError, QueryError},
    workers::WorkError,
};

/// Why a request was refused, as status and as a line of text.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum HkpError {
    /// The request makes no sense.
    #[error("{0}")]
    BadRequest(String),
    /// Nothing was found.
    #[error("no key found")]
    NotFound,
    /// The body is over [`MAX_BODY_BYTES`](super::MAX_BODY_BYTES).
    #[error("the submission is too large: send fewer keys at a time")]
    TooLarge,
    /// A form was expected.
    #[error("send the key as a form field: content-type application/x-www-form-urlencoded")]
    NotAForm,
    /// An operation other than those of [`hkp`](super).
    #[error("op={0} is not supported: use get, index, vindex or stats")]
    UnknownOperation(String),
    /// Too much to do at once.
    #[error("the server is busy: try again in a moment")]
    Busy,
    /// No room for another key.
    #[error(transparent)]
    Full(KeyError),
}

impl HkpError {
    /// The status to answer with.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::NotAForm => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::UnknownOperation(_) => StatusCode::NOT_IMPLEMENTED,
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::Full(_) => StatusCode::INSUFFICIENT_STORAGE,
        }
    }
}

impl IntoResponse for HkpError {
    fn into_response(self) -> Response {
        let mut response = (self.status(), format!("{self}\n")).into_response();
        if let Self::Busy = self {
            response.headers_mut().insert(RETRY_AFTER, 1.into());
        }
        response
    }
}

impl From<KeyError> for HkpError {
    fn from(error: KeyError) -> Self {
        if error.is_full() {
            Self::Full(error)
        } else {
            Self::BadRequest(error.to_string())
        }
    }
}

impl From<QueryError> for HkpError {
    fn from(error: QueryError) -> Self {
        Self::BadRequest(error.to_string())
    }
}

impl From<WorkError> for HkpError {
    /// Work here is work on what a client sent, so its panic is for the client to hear of, too.
    fn from(error: WorkError) -> Self {
        match error {
            WorkError::Busy => Self::Busy,
            WorkError::Panicked => Self::BadRequest(error.to_string()),
        }
    }
}

impl From<FormRejection> for HkpError {
    fn from(rejection: FormRejection) -> Self {
        match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Self::TooLarge,
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Self::NotAForm,
            _ => Self::BadRequest(rejection.body_text()),
        }
    }
}

impl From<QueryRejection> for HkpError {
    fn from(rejection: QueryRejection) -> Self {
        Self::BadRequest(rejection.body_text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn busy_server_says_when_to_come_back() {
        let response = HkpError::from(WorkError::Busy).into_response();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers()[RETRY_AFTER], "1");
    }

    #[test]
    fn input_that_panics_is_the_clients_fault() {
        let response = HkpError::from(WorkError::Panicked).into_response();
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
        assert!(!response.headers().contains_key(RETRY_AFTER));
    }
}
