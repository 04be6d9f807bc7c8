use std::net::{Ipv4Addr, Ipv6Addr};

use http::header::HOST;
use http::uri::Authority;
use http::{HeaderMap, Uri};

use crate::admin::problem::Problem;

/// The names the service answers to. This machine's own are always among them.
///
/// A page of a foreign site can have its name point to this machine, and is then of the same
/// origin for a browser; but the browser still says the foreign name as `Host`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Hosts {
    allowed: Vec<Host>,
}

/// A name in lower case and the port, if one is given.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Host {
    name: String,
    port: Option<u16>,
}

impl Host {
    fn parse(text: &str) -> Option<Self> {
        let authority: Authority = text.parse().ok()?;
        let host = authority.host();
        let rest = text.strip_prefix(host)?;
        // User information and a port that is no number are refused, and not skipped.
        let port = match rest.strip_prefix(':') {
            None if rest.is_empty() => None,
            None => return None,
            Some("") => None,
            Some(port) => Some(port.parse().ok()?),
        };
        let name = host.to_ascii_lowercase();
        (!name.is_empty()).then_some(Self { name, port })
    }

    fn is_loopback(&self) -> bool {
        let ipv6 = self
            .name
            .strip_prefix('[')
            .and_then(|name| name.strip_suffix(']'));
        match ipv6 {
            Some(ipv6) => ipv6
                .parse()
                .is_ok_and(|ip: Ipv6Addr| ip == Ipv6Addr::LOCALHOST),
            None if self.name == "localhost" => true,
            None => self.name.parse().is_ok_and(|ip: Ipv4Addr| ip.is_loopback()),
        }
    }
}

impl Hosts {
    /// Answers to one more name, at one port or at any. What is no name is never asked for, and
    /// said so in the log.
    pub(crate) fn allow(&mut self, host: &str) {
        match Host::parse(host) {
            Some(host) => self.allowed.push(host),
            None => tracing::warn!(
                host,
                "cannot be allowed: write `name`, `name:port` or `[ipv6]`"
            ),
        }
    }

    fn answers_to(&self, host: &Host) -> bool {
        let allows = |allowed: &Host| {
            allowed.name == host.name && (allowed.port.is_none() || allowed.port == host.port)
        };
        host.is_loopback() || self.allowed.iter().any(allows)
    }

    /// Whoever was asked for, in the request's target or `Host`, must be one of us.
    pub(super) fn check(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), Problem> {
        let mut asked = Vec::with_capacity(2);
        let mut lines = headers.get_all(HOST).iter();
        asked.extend(lines.next().map(|line| line.to_str().unwrap_or_default()));
        if lines.next().is_some() {
            return Err(Problem::invalid_host("send one `Host`, not several"));
        }
        // HTTP/2 has `:authority` in place of `Host`, and HTTP/1 may ask for a whole URL.
        asked.extend(uri.authority().map(Authority::as_str));
        if asked.is_empty() {
            return Err(Problem::invalid_host("send a `Host`"));
        }
        for host in asked {
            let Some(host) = Host::parse(host) else {
                return Err(Problem::invalid_host(
                    "send a `Host` of the form `name:port`",
                ));
            };
            if !self.answers_to(&host) {
                return Err(Problem::misdirected_host());
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn check(target: &str, lines: &[&'static str]) -> &'static str {
        let mut hosts = Hosts::default();
        for host in [
            "Admin.Example",
            "one.example:9900",
            "[2001:db8::1]",
            "http://x/",
            "",
        ] {
            hosts.allow(host);
        }
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(HOST, HeaderValue::from_static(line));
        }
        let checked = hosts.check(&target.parse().unwrap(), &headers);
        checked.map_or_else(|problem| problem.code().name(), |()| "ok")
    }

    #[test]
    fn own_names_are_answered_to() {
        for host in [
            "localhost",
            "LOCALHOST:1",
            "127.0.0.1:9900",
            "127.1.2.3",
            "[::1]",
            "[::1]:80",
            "[0:0:0:0:0:0:0:1]:80",
            "admin.example",
            "ADMIN.example:4711",
            "one.example:9900",
            "[2001:db8::1]:80",
            "localhost:",
        ] {
            assert_eq!(check("/", &[host]), "ok", "{host}");
        }
        assert_eq!(check("http://localhost:9900/", &[]), "ok");
        assert_eq!(check("http://localhost:9900/", &["localhost:9900"]), "ok");
    }

    #[test]
    fn other_names_are_not() {
        for host in [
            "evil.test",
            "localhost.evil.test",
            "localhost.",
            "127.0.0.1.evil.test",
            "0.0.0.0",
            "0x7f.1",
            "128.0.0.1",
            "[::]",
            "[::ffff:127.0.0.1]",
            "one.example",
            "one.example:9901",
            "x.admin.example",
            "http",
        ] {
            assert_eq!(check("/", &[host]), "misdirected_host", "{host}");
        }
        assert_eq!(check("http://evil.test/", &[]), "misdirected_host");
        assert_eq!(
            check("http://evil.test/", &["localhost"]),
            "misdirected_host"
        );
        assert_eq!(
            check("http://localhost/", &["evil.test"]),
            "misdirected_host"
        );
    }

    #[test]
    fn host_that_is_none_is_refused() {
        assert_eq!(check("/", &[]), "invalid_host");
        assert_eq!(check("/", &["localhost", "localhost"]), "invalid_host");
        for host in [
            "",
            ":80",
            "a@localhost",
            "localhost@evil.test",
            "localhost:x",
            "localhost:99999",
            "local host",
            "localhost/",
        ] {
            assert_eq!(check("/", &[host]), "invalid_host", "{host}");
        }
    }
}
