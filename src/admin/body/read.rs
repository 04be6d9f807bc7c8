use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::time::Duration;

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use http::HeaderMap;
use http::header::{CONTENT_LENGTH, EXPECT};
use http_body::Body;
use tower_http::timeout::{DeadlineBody, TimeoutError};

use crate::BoxError;
use crate::admin::problem::Problem;

/// How much of a body is read, and for how long.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) bytes: usize,
    pub(crate) timeout: Duration,
}

/// How far a body that is too long is read, to throw it away. A client that still writes when its
/// connection is closed may never get to see why.
const DISCARDED: usize = 16 * 1024 * 1024;

/// How long that is done.
const DISCARDING: Duration = Duration::from_secs(2);

/// The whole body, if it is no longer than allowed.
pub(crate) async fn read<B>(headers: &HeaderMap, body: B, limits: Limits) -> Result<Bytes, Problem>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    let mut body = pin!(DeadlineBody::new(limits.timeout, body));
    let told = headers
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse().ok());
    if told.is_some_and(|length: u64| length > limits.bytes as u64) {
        // Who asked first has not begun to send.
        if !headers.contains_key(EXPECT) {
            discard(body).await;
        }
        return Err(Problem::body_too_large(limits.bytes));
    }
    let mut bytes = BytesMut::new();
    while let Some(chunk) = next_chunk(body.as_mut()).await {
        let chunk = chunk.map_err(|error| unreadable(&error))?;
        if chunk.remaining() > limits.bytes - bytes.len() {
            discard(body).await;
            return Err(Problem::body_too_large(limits.bytes));
        }
        bytes.put(chunk);
    }
    Ok(bytes.freeze())
}

/// The next piece of data; trailers are passed over.
async fn next_chunk<B: Body>(mut body: Pin<&mut B>) -> Option<Result<B::Data, B::Error>> {
    loop {
        match poll_fn(|cx| body.as_mut().poll_frame(cx)).await? {
            Ok(frame) => {
                if let Ok(data) = frame.into_data() {
                    return Some(Ok(data));
                }
            }
            Err(error) => return Some(Err(error)),
        }
    }
}

async fn discard<B: Body>(mut body: Pin<&mut B>) {
    let discarding = async {
        let mut left = DISCARDED;
        while let Some(Ok(chunk)) = next_chunk(body.as_mut()).await {
            match left.checked_sub(chunk.remaining()) {
                Some(rest) => left = rest,
                None => return,
            }
        }
    };
    // Whether it ended makes no difference.
    let _ = tokio::time::timeout(DISCARDING, discarding).await;
}

fn unreadable(error: &BoxError) -> Problem {
    if error.is::<TimeoutError>() {
        Problem::request_timeout()
    } else {
        Problem::unreadable_body()
    }
}
