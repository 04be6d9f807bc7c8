use std::{fmt, net::IpAddr};

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Addresses that count as one client, in CIDR notation.
///
/// There is one way to write a network, so that a config cannot name one twice.
///
/// # Examples
///
/// ```
/// use keyserver::plugins::ratelimit_geo::Network;
///
/// let network = Network::try_from("192.0.2.0/24".to_owned())?;
/// assert_eq!(network, Network::of_client([192, 0, 2, 7].into()));
///
/// let error = Network::try_from("192.0.2.7/24".to_owned()).unwrap_err();
/// assert_eq!(error.to_string(), "`192.0.2.7/24` must be written as `192.0.2.0/24`");
/// # Ok::<(), keyserver::plugins::ratelimit_geo::NetworkError>(())
/// ```
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(try_from = "String")]
pub struct Network(IpNet);

/// A text that names no network.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum NetworkError {
    /// It is in no notation for networks.
    #[error("`{0}` is no network: write one as `192.0.2.0/24` or `2001:db8::/32`")]
    Malformed(String),
    /// It is a network, written in another way than here.
    #[error("`{0}` must be written as `{1}`")]
    OtherSpelling(String, Network),
}

impl Network {
    /// The network that a client counts as, where the config does not say otherwise: its /24, or
    /// its /64, which is the least that a provider gives to a customer.
    #[must_use]
    pub fn of_client(address: IpAddr) -> Self {
        let prefix = if address.is_ipv4() { 24 } else { 64 };
        Self::containing(address, prefix).expect("a /24 of IPv4 and a /64 of IPv6 exist")
    }

    /// The network of that size with `address` in it, if there are any of that size.
    pub(super) fn containing(address: IpAddr, prefix: u8) -> Option<Self> {
        IpNet::new(address, prefix)
            .ok()
            .map(|network| Self(network.trunc()))
    }

    pub(super) fn prefix(self) -> u8 {
        self.0.prefix_len()
    }
}

impl TryFrom<String> for Network {
    type Error = NetworkError;

    fn try_from(text: String) -> Result<Self, NetworkError> {
        let Ok(network) = text.parse::<IpNet>() else {
            return Err(NetworkError::Malformed(text));
        };
        let network = Self(network.trunc());
        if network.to_string() == text {
            Ok(network)
        } else {
            Err(NetworkError::OtherSpelling(text, network))
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn network_has_one_spelling() {
        for text in ["10.0.0.0/8", "2001:db8::/32", "::/0", "127.0.0.1/32"] {
            assert_eq!(
                Network::try_from(text.to_owned()).unwrap().to_string(),
                text
            );
        }
        for text in ["10.0.0.1/8", "2001:DB8::/32", "0::/0", "2001:db8:0::/32"] {
            let error = Network::try_from(text.to_owned()).unwrap_err();
            assert!(
                matches!(error, NetworkError::OtherSpelling(..)),
                "{text}: {error}"
            );
        }
        for text in ["", "10.0.0.0", "10.0.0.0/33", "10.0.0/8", "example.org/8"] {
            let error = Network::try_from(text.to_owned()).unwrap_err();
            assert!(
                matches!(error, NetworkError::Malformed(_)),
                "{text}: {error}"
            );
        }
    }

    #[test]
    fn clients_of_one_provider_are_told_apart_and_their_addresses_are_not() {
        let network = |address: &str| Network::of_client(address.parse().unwrap()).to_string();
        assert_eq!(network("192.0.2.255"), "192.0.2.0/24");
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
    }
}
