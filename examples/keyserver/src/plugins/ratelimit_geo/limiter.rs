use std::{
    collections::{BTreeSet, HashMap},
    fmt,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use axum::{
    body::Body,
    extract::ConnectInfo,
    http::{Request, Response, StatusCode, header::RETRY_AFTER},
    response::IntoResponse,
};
use governor::{
    DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, RateLimiter, clock::Clock,
};
use tower::Layer;
use tower_http::validate_request::{ValidateRequest, ValidateRequestHeader};

use super::{Config, Network};

/// Instance of [`RateLimitGeo`](super::RateLimitGeo): a layer that lets requests pass, or answers
/// 429.
///
/// What it counts is in the instance, not in what [`Layer::layer`] makes, so that all routes of a
/// router share it. All clones do.
#[derive(Clone)]
pub struct Limiter {
    inner: Arc<Inner>,
}

struct Inner {
    clients: DefaultKeyedRateLimiter<Network>,
    networks: HashMap<Network, DefaultDirectRateLimiter>,
    /// The sizes of `networks`, the smallest network last.
    prefixes: BTreeSet<u8>,
}

impl Limiter {
    /// A limiter that has seen nobody yet.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let each = Quota::per_second(config.requests_per_second).allow_burst(config.burst);
        let networks = config.networks.iter();
        let inner = Inner {
            clients: RateLimiter::keyed(each),
            networks: networks
                .map(|(network, rate)| (*network, RateLimiter::direct(Quota::per_second(*rate))))
                .collect(),
            prefixes: config
                .networks
                .keys()
                .map(|network| network.prefix())
                .collect(),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Counts a request from `client`.
    ///
    /// # Errors
    ///
    /// How long to wait, when it is over the limit.
    pub fn check(&self, client: IpAddr) -> Result<(), Duration> {
        let client = client.to_canonical();
        let Inner { clients, .. } = &*self.inner;
        let checked = match self.named_network(client) {
            Some(network) => network.check(),
            None => clients.check_key(&Network::of_client(client)),
        };
        checked.map_err(|until| until.wait_time_from(clients.clock().now()))
    }

    /// The smallest network that the config names with `client` in it.
    fn named_network(&self, client: IpAddr) -> Option<&DefaultDirectRateLimiter> {
        let Inner {
            networks, prefixes, ..
        } = &*self.inner;
        let candidates = prefixes.iter().rev();
        candidates
            .filter_map(|prefix| Network::containing(client, *prefix))
            .find_map(|network| networks.get(&network))
    }

    /// How many client networks are remembered, apart from those that the config names.
    #[must_use]
    pub fn tracked(&self) -> usize {
        self.inner.clients.len()
    }

    /// Forgets the networks that have their whole burst again.
    pub(super) fn sweep(&self) {
        self.inner.clients.retain_recent();
        self.inner.clients.shrink_to_fit();
    }
}

impl<S> Layer<S> for Limiter {
    type Service = ValidateRequestHeader<S, Self>;

    fn layer(&self, inner: S) -> Self::Service {
        ValidateRequestHeader::custom(inner, self.clone())
    }
}

impl<B> ValidateRequest<B> for Limiter {
    type ResponseBody = Body;

    fn validate(&mut self, request: &mut Request<B>) -> Result<(), Response<Body>> {
        let Some(ConnectInfo(client)) = request.extensions().get::<ConnectInfo<SocketAddr>>()
        else {
            tracing::error!("requests do not say where they come from: the server must add it");
            return Err(StatusCode::INTERNAL_SERVER_ERROR.into_response());
        };
        self.check(client.ip()).map_err(|wait| {
            let seconds = whole_seconds(wait);
            let text = format!("too many requests from your network: try again in {seconds} s\n");
            (
                StatusCode::TOO_MANY_REQUESTS,
                [(RETRY_AFTER, seconds.to_string())],
                text,
            )
                .into_response()
        })
    }
}

/// Rounded up: who comes back after that is not too early.
fn whole_seconds(wait: Duration) -> u64 {
    let part = u64::from(wait.subsec_nanos() > 0);
    wait.as_secs().saturating_add(part).max(1)
}

impl fmt::Debug for Limiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limiter")
            .field("tracked", &self.tracked())
            .field("networks", &self.inner.networks.keys())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn limiter(config: Value) -> Limiter {
        Limiter::new(&serde_json::from_value(config).unwrap())
    }

    /// How many of ten requests at once pass.
    fn passed(limiter: &Limiter, client: &str) -> usize {
        let client = client.parse().unwrap();
        (0..10).filter(|_| limiter.check(client).is_ok()).count()
    }

    #[test]
    fn each_client_network_has_a_burst_of_its_own() {
        let limiter = limiter(json!({"requests_per_second": 1, "burst": 3}));
        assert_eq!(passed(&limiter, "192.0.2.1"), 3);
        assert_eq!(passed(&limiter, "192.0.2.2"), 0, "the same network");
        assert_eq!(passed(&limiter, "::ffff:192.0.2.3"), 0, "the same network");
        assert_eq!(passed(&limiter, "192.0.3.1"), 3);
        assert_eq!(passed(&limiter, "2001:db8::1"), 3);
        assert_eq!(passed(&limiter, "2001:db8::2"), 0, "the same network");
        assert_eq!(passed(&limiter, "2001:db8:0:1::1"), 3);
        assert_eq!(limiter.tracked(), 4);
    }

    #[test]
    fn smallest_network_that_is_named_decides() {
        let networks = json!({"0.0.0.0/0": 5, "10.0.0.0/8": 2, "10.1.0.0/16": 4});
        let limiter = limiter(json!({"requests_per_second": 1, "burst": 1, "networks": networks}));
        assert_eq!(passed(&limiter, "10.1.2.3"), 4);
        assert_eq!(passed(&limiter, "10.2.0.0"), 2);
        assert_eq!(
            passed(&limiter, "10.3.0.0"),
            0,
            "all of 10.0.0.0/8 is one client"
        );
        assert_eq!(passed(&limiter, "192.0.2.1"), 5);
        assert_eq!(
            passed(&limiter, "2001:db8::1"),
            1,
            "not in any network of IPv4"
        );
    }

    #[test]
    fn wait_is_told_in_whole_seconds_and_never_as_none() {
        let limiter = limiter(json!({"requests_per_second": 1, "burst": 1}));
        let client = [192, 0, 2, 1].into();
        limiter.check(client).unwrap();
        let wait = limiter.check(client).unwrap_err();
        assert!(wait <= Duration::from_secs(1), "{wait:?}");
        for (millis, seconds) in [(0, 1), (1, 1), (1000, 1), (1001, 2), (59_500, 60)] {
            assert_eq!(whole_seconds(Duration::from_millis(millis)), seconds);
        }
    }

    #[test]
    fn request_from_nowhere_is_the_fault_of_the_server() {
        let mut limiter = limiter(json!({}));
        let response = limiter.validate(&mut Request::new(())).unwrap_err();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    }

    #[test]
    fn highest_rates_are_no_limit() {
        let most = u32::MAX;
        let limiter = limiter(json!({
            "requests_per_second": most, "burst": most, "networks": {"10.0.0.0/8": most}
        }));
        for client in ["192.0.2.1", "10.0.0.1"] {
            assert_eq!(passed(&limiter, client), 10);
        }
    }
}
