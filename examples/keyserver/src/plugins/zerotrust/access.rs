use std::{fmt, sync::Arc};

use axum::{
    body::Body,
    http::{
        HeaderMap, Request, Response, StatusCode,
        header::{AUTHORIZATION, WWW_AUTHENTICATE},
    },
    response::IntoResponse,
};
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};
use tower::Layer;
use tower_http::validate_request::{ValidateRequest, ValidateRequestHeader};

use super::Config;

/// Instance of [`ZeroTrust`](super::ZeroTrust): a layer that lets requests pass, or answers 401.
#[derive(Clone)]
pub struct Access {
    /// Digests of the tokens, one of which is needed, if any is.
    needed: Option<Arc<[[u8; 32]]>>,
}

/// Why a request is refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Denial {
    NoToken,
    WrongToken,
}

impl Access {
    /// The access that `config` grants.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let digests = || {
            config
                .tokens
                .iter()
                .map(|token| digest(token.reveal().as_bytes()))
        };
        Self {
            needed: config.require_token.then(|| digests().collect()),
        }
    }

    /// Whether there is nothing that a client could send to be let in.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.needed.as_ref().is_some_and(|tokens| tokens.is_empty())
    }

    fn check(&self, headers: &HeaderMap) -> Result<(), Denial> {
        let Some(tokens) = &self.needed else {
            return Ok(());
        };
        let sent = digest(bearer(headers).ok_or(Denial::NoToken)?);
        // Of equal length, and each compared to its end: the time taken says nothing about them.
        let is_one = tokens
            .iter()
            .fold(Choice::from(0), |found, token| found | token.ct_eq(&sent));
        bool::from(is_one).then_some(()).ok_or(Denial::WrongToken)
    }
}

fn digest(token: &[u8]) -> [u8; 32] {
    Sha256::digest(token).into()
}

/// The token of the one `Authorization` header, if its scheme is `Bearer`, in any case.
fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let mut sent = headers.get_all(AUTHORIZATION).iter();
    let (header, None) = (sent.next()?.as_bytes(), sent.next()) else {
        return None;
    };
    let (scheme, token) = header.split_at_checked("bearer ".len())?;
    scheme
        .eq_ignore_ascii_case(b"bearer ")
        .then(|| token.trim_ascii())
}

impl<S> Layer<S> for Access {
    type Service = ValidateRequestHeader<S, Self>;

    fn layer(&self, inner: S) -> Self::Service {
        ValidateRequestHeader::custom(inner, self.clone())
    }
}

impl<B> ValidateRequest<B> for Access {
    type ResponseBody = Body;

    fn validate(&mut self, request: &mut Request<B>) -> Result<(), Response<Body>> {
        self.check(request.headers()).map_err(|denial| {
            let (challenge, text) = match denial {
                Denial::NoToken => (
                    r#"Bearer realm="keyserver""#,
                    "sending keys needs a token: Authorization: Bearer TOKEN\n",
                ),
                Denial::WrongToken => (
                    r#"Bearer realm="keyserver", error="invalid_token""#,
                    "this token is not accepted\n",
                ),
            };
            (
                StatusCode::UNAUTHORIZED,
                [(WWW_AUTHENTICATE, challenge)],
                text,
            )
                .into_response()
        })
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tokens = self.needed.as_ref().map(|tokens| tokens.len());
        f.debug_struct("Access").field("tokens", &tokens).finish()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn check(config: Value, sent: &[&str]) -> Result<(), Denial> {
        let access = Access::new(&serde_json::from_value(config).unwrap());
        let sent = sent
            .iter()
            .map(|sent| (AUTHORIZATION, sent.parse().unwrap()));
        access.check(&sent.collect())
    }

    #[test]
    fn any_of_the_tokens_lets_in_and_nothing_else_does() {
        let config = || json!({"require_token": true, "tokens": ["first", "second"]});
        for sent in ["Bearer first", "bearer second", "BEARER  first"] {
            assert_eq!(check(config(), &[sent]), Ok(()), "{sent}");
        }
        for sent in [
            "Bearer third",
            "Bearer ",
            "Bearer firs",
            "Bearer first second",
        ] {
            assert_eq!(check(config(), &[sent]), Err(Denial::WrongToken), "{sent}");
        }
        let unusable: [&[&str]; 5] = [
            &[],
            &["first"],
            &["Basic first"],
            &["Bearer"],
            &["Bearer first", "Bearer first"],
        ];
        for sent in unusable {
            assert_eq!(check(config(), sent), Err(Denial::NoToken), "{sent:?}");
        }
    }

    #[test]
    fn tokens_are_asked_for_only_where_they_are_required() {
        assert_eq!(check(json!({"tokens": ["first"]}), &[]), Ok(()));
        assert_eq!(check(json!({}), &["Bearer whatever"]), Ok(()));
    }

    #[test]
    fn without_tokens_nobody_is_let_in() {
        let access = Access::new(&serde_json::from_value(json!({"require_token": true})).unwrap());
        assert!(access.is_closed());
        assert_eq!(
            check(json!({"require_token": true}), &["Bearer "]),
            Err(Denial::WrongToken)
        );
    }
}
