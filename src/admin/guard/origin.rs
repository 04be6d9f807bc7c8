use http::Response;
use tower_http::csrf::{CsrfLayer, ProtectionError, ResponseForProtectionError};

use crate::admin::problem::Problem;

/// Refuses changes that a page of a foreign site has a browser ask for: by `Sec-Fetch-Site`, and
/// by an `Origin` that is not ours or is `null`. Programs send neither.
pub(crate) fn origin_guard() -> CsrfLayer<Refuse> {
    CsrfLayer::new().with_rejection_response(Refuse)
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Refuse;

impl<B: Default> ResponseForProtectionError<B> for Refuse {
    fn response_for_protection_error(&mut self, _: ProtectionError) -> Response<B> {
        Problem::forbidden("changes are not taken from pages of other sites").into_response()
    }
}
