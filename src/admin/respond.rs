use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full};
use serde::Serialize;

use super::problem::{Form, Problem};
use crate::BoxError;

/// Body of an [`AdminService`](super::AdminService)'s responses: a [`Body`] that axum and hyper
/// take as it is.
///
/// ```
/// use http_body::Body;
/// use tower_plugin::admin::AdminBody;
///
/// assert_eq!(AdminBody::default().size_hint().exact(), Some(0));
/// ```
pub struct AdminBody {
    inner: UnsyncBoxBody<Bytes, BoxError>,
}

impl AdminBody {
    fn new<B>(body: B) -> Self
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        Self {
            inner: body.map_err(Into::into).boxed_unsync(),
        }
    }
}

impl Default for AdminBody {
    fn default() -> Self {
        Self::new(Full::default())
    }
}

impl From<Vec<u8>> for AdminBody {
    fn from(bytes: Vec<u8>) -> Self {
        Self::new(Full::from(bytes))
    }
}

impl Body for AdminBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        Pin::new(&mut self.inner).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl fmt::Debug for AdminBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdminBody").finish_non_exhaustive()
    }
}

/// 200 with a body.
pub(super) fn json(value: &impl Serialize) -> Result<Response<Full<Bytes>>, Problem> {
    let body = serde_json::to_vec(value).map_err(|error| {
        tracing::error!(%error, "an answer could not be written as JSON");
        Problem::internal()
    })?;
    let mut response = Response::new(Full::from(body));
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    Ok(response)
}

/// 304.
pub(super) fn not_modified() -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::NOT_MODIFIED;
    response
}

/// A response on its way out: a problem gets its body, and an answer to `HEAD` loses it.
pub(super) fn finish<B>(response: Response<B>, form: Form, is_head: bool) -> Response<AdminBody>
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let mut response = response.map(AdminBody::new);
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        form.write(problem, &mut response);
    }
    if is_head {
        if let Some(length) = response
            .body()
            .size_hint()
            .exact()
            .filter(|length| *length > 0)
        {
            response.headers_mut().insert(CONTENT_LENGTH, length.into());
        }
        *response.body_mut() = AdminBody::default();
    }
    response
}
