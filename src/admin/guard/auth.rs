use std::sync::Arc;

use http::header::AUTHORIZATION;
use http::{Extensions, HeaderMap, Method, Request, Response};
use tower_http::validate_request::ValidateRequest;

use super::Tokens;
use super::host::Outsider;
use crate::admin::problem::Problem;
use crate::admin::route;
use crate::admin::{Actor, PeerAddr};

/// Who may do anything at all.
#[derive(Debug, Clone)]
pub(crate) enum Access {
    /// Who has a token.
    Bearer(Tokens),
    /// Who is on this machine.
    Loopback,
}

/// How much somebody may do. A request that has passed the guard carries it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Scope {
    Read,
    Write,
}

/// Who is let in, and for what.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    pub(super) scope: Scope,
    pub(super) actor: Actor,
}

impl Access {
    fn client(&self, headers: &HeaderMap, extensions: &Extensions) -> Result<Client, Problem> {
        match self {
            Self::Bearer(tokens) => bearer(headers)
                .and_then(|token| tokens.client(token).cloned())
                .ok_or_else(Problem::unauthorized),
            Self::Loopback => match extensions.get::<PeerAddr>() {
                Some(peer) if peer.is_loopback() => Ok(Client {
                    scope: Scope::Write,
                    actor: Actor::unnamed(),
                }),
                Some(_) => Err(Problem::forbidden(
                    "only clients on this machine are answered",
                )),
                None => Err(Problem::forbidden(
                    "only clients on this machine are answered, and where this one is is not \
                     known: the server must put its `PeerAddr` into the request",
                )),
            },
        }
    }
}

/// The token of the one `Authorization` header, if that is what it holds.
fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (value, None) = (values.next()?.as_bytes(), values.next()) else {
        return None;
    };
    let (scheme, token) = value.split_at_checked(b"Bearer ".len())?;
    scheme
        .eq_ignore_ascii_case(b"Bearer ")
        .then(|| token.trim_ascii())
}

/// Lets through who may do what they ask for. The probes are answered to anybody, but only who
/// passes gets the [`Scope`] that their details are for, and an [`Actor`] where there is none.
#[derive(Debug, Clone)]
pub(crate) struct AuthGuard<B> {
    access: Arc<Access>,
    body: std::marker::PhantomData<fn() -> B>,
}

impl<B> AuthGuard<B> {
    pub(crate) fn new(access: Arc<Access>) -> Self {
        Self {
            access,
            body: std::marker::PhantomData,
        }
    }
}

impl<R, B: Default> ValidateRequest<R> for AuthGuard<B> {
    type ResponseBody = B;

    fn validate(&mut self, request: &mut Request<R>) -> Result<(), Response<B>> {
        let is_probe = route::is_probe(request.uri().path());
        let is_outsider = request.extensions().get::<Outsider>().is_some();
        match self.access.client(request.headers(), request.extensions()) {
            Ok(client) if client.scope < needed(request.method()) => {
                let actor = Actor::of(request.extensions()).unwrap_or(&client.actor);
                let (method, path) = (request.method(), request.uri().path());
                tracing::warn!(actor = actor.name(), %method, path, "refused: only for reading");
                let problem = Problem::forbidden("this token is only for reading");
                Err(problem.into_response())
            }
            Ok(_) if is_outsider => Ok(()),
            Ok(Client { scope, actor }) => {
                let extensions = request.extensions_mut();
                if Actor::of(extensions).is_none() {
                    extensions.insert(actor);
                }
                extensions.insert(scope);
                Ok(())
            }
            Err(_) if is_probe => Ok(()),
            Err(problem) => Err(problem.into_response()),
        }
    }
}

fn needed(method: &Method) -> Scope {
    if method.is_safe() {
        Scope::Read
    } else {
        Scope::Write
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn token(lines: &[&'static str]) -> Option<Vec<u8>> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(AUTHORIZATION, HeaderValue::from_static(line));
        }
        bearer(&headers).map(<[u8]>::to_vec)
    }

    #[test]
    fn token_is_read_from_one_bearer_header() {
        assert_eq!(token(&["Bearer abc"]).as_deref(), Some(&b"abc"[..]));
        assert_eq!(token(&["bEARER  abc "]).as_deref(), Some(&b"abc"[..]));
        for lines in [
            &[][..],
            &[""],
            &["Bearer"],
            &["Basic abc"],
            &["abc"],
            &["Bearer a", "Bearer a"],
        ] {
            assert_eq!(token(lines), None, "{lines:?}");
        }
    }
}
