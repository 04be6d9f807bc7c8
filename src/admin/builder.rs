use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::AdminService;
use super::body::Limits;
use super::guard::{Access, Hosts, Scope, Tokens};
use crate::PluginManager;

/// Options of an [`AdminService`]. It can be built once it is said who may use it.
///
/// ```
/// use tower_plugin::PluginManager;
/// use tower_plugin::admin::AdminService;
///
/// let admin = AdminService::builder(PluginManager::new())
///     .allow_hosts(["admin.example.com", "10.0.0.5:11372"])
///     .body_limit(64 * 1024)
///     .bearer_token("correct horse battery staple")
///     .build();
/// # let _ = admin;
/// ```
///
/// ```compile_fail,E0599
/// # use tower_plugin::PluginManager;
/// # use tower_plugin::admin::AdminService;
/// let admin = AdminService::builder(PluginManager::new()).build(); // open to whom?
/// ```
#[must_use = "a builder does nothing until built"]
pub struct AdminServiceBuilder<A = Undecided> {
    options: Options,
    access: A,
}

/// It has not been said yet who may use the service: state of an [`AdminServiceBuilder`] that can
/// not be built.
#[derive(Debug, Clone)]
pub struct Undecided {
    _private: (),
}

/// Only who has a token may use the service: state of an [`AdminServiceBuilder`] after
/// [`bearer_token`](AdminServiceBuilder::bearer_token).
#[derive(Debug, Clone)]
pub struct BearerTokens {
    tokens: Tokens,
}

/// Everybody on this machine may use the service: state of an [`AdminServiceBuilder`] after
/// [`insecure_loopback`](AdminServiceBuilder::insecure_loopback).
#[derive(Debug, Clone)]
pub struct InsecureLoopback {
    _private: (),
}

#[derive(Debug, Clone)]
pub(super) struct Options {
    pub(super) manager: PluginManager,
    pub(super) hosts: Hosts,
    pub(super) limits: Limits,
    pub(super) requires_if_match: bool,
    pub(super) mounted_at: Arc<str>,
}

impl AdminServiceBuilder {
    pub(super) fn new(manager: PluginManager) -> Self {
        let limits = Limits {
            bytes: 1024 * 1024,
            timeout: Duration::from_secs(30),
        };
        let options = Options {
            manager,
            hosts: Hosts::default(),
            limits,
            requires_if_match: false,
            mounted_at: Arc::from(""),
        };
        Self {
            options,
            access: Undecided { _private: () },
        }
    }

    /// Who sends this token may do everything: `Authorization: Bearer TOKEN`. What they change is
    /// shown as done by `admin`; see [`named_token`](Self::named_token).
    ///
    /// Clients may be anywhere. The token crosses the network as it is, so have TLS in front
    /// where that is not this machine's. The empty token is never accepted.
    ///
    /// ```
    /// # use tower_plugin::PluginManager;
    /// # use tower_plugin::admin::AdminService;
    /// let admin = AdminService::builder(PluginManager::new()).bearer_token("a long one").build();
    /// # let _ = admin;
    /// ```
    pub fn bearer_token(self, token: impl AsRef<[u8]>) -> AdminServiceBuilder<BearerTokens> {
        let access = BearerTokens {
            tokens: Tokens::default(),
        };
        AdminServiceBuilder {
            options: self.options,
            access,
        }
        .bearer_token(token)
    }

    /// As [`bearer_token`](Self::bearer_token), for a token of somebody in particular: what they
    /// change is shown as theirs, see [`Actor`](super::Actor).
    ///
    /// ```
    /// # use tower_plugin::PluginManager;
    /// # use tower_plugin::admin::AdminService;
    /// # let (of_alice, of_ci) = ("a", "c");
    /// let admin = AdminService::builder(PluginManager::new())
    ///     .named_token("alice", of_alice)
    ///     .named_token("ci", of_ci)
    ///     .build();
    /// # let _ = admin;
    /// ```
    pub fn named_token(
        self,
        name: &str,
        token: impl AsRef<[u8]>,
    ) -> AdminServiceBuilder<BearerTokens> {
        self.bearer_token("").named_token(name, token)
    }

    /// Whoever is on this machine may do everything, without credentials: any user of it, any
    /// program, and whatever an intruder gets to run.
    ///
    /// Others are refused, by the address in the [`PeerAddr`](super::PeerAddr) extension. Behind a
    /// proxy on this machine everybody seems to be on this machine: use a token there.
    ///
    /// ```
    /// # use tower_plugin::PluginManager;
    /// # use tower_plugin::admin::AdminService;
    /// let admin = AdminService::builder(PluginManager::new()).insecure_loopback().build();
    /// # let _ = admin;
    /// ```
    pub fn insecure_loopback(self) -> AdminServiceBuilder<InsecureLoopback> {
        let access = InsecureLoopback { _private: () };
        AdminServiceBuilder {
            options: self.options,
            access,
        }
    }
}

impl AdminServiceBuilder<BearerTokens> {
    /// Accepts one more token, so that tokens can be changed without a gap.
    ///
    /// ```
    /// # use tower_plugin::PluginManager;
    /// # use tower_plugin::admin::AdminService;
    /// # let (old, new) = ("o", "n");
    /// let admin = AdminService::builder(PluginManager::new())
    ///     .bearer_token(old)
    ///     .bearer_token(new)
    ///     .build();
    /// # let _ = admin;
    /// ```
    pub fn bearer_token(mut self, token: impl AsRef<[u8]>) -> Self {
        self.access.tokens.accept("", token.as_ref(), Scope::Write);
        self
    }

    /// Accepts one more token, of somebody in particular: what they change is shown as theirs, see
    /// [`Actor`](super::Actor). Several tokens may have one name. The empty name is none.
    ///
    /// ```
    /// # use tower_plugin::PluginManager;
    /// # use tower_plugin::admin::AdminService;
    /// # let (of_alice, of_ci) = ("a", "c");
    /// let admin = AdminService::builder(PluginManager::new())
    ///     .named_token("alice", of_alice)
    ///     .named_token("ci", of_ci)
    ///     .build();
    /// # let _ = admin;
    /// ```
    pub fn named_token(mut self, name: &str, token: impl AsRef<[u8]>) -> Self {
        self.access
            .tokens
            .accept(name, token.as_ref(), Scope::Write);
        self
    }

    /// Accepts one more token that is good for reading only: 403 for anything else.
    ///
    /// ```
    /// # use tower_plugin::PluginManager;
    /// # use tower_plugin::admin::AdminService;
    /// # let (operators, dashboards) = ("o", "d");
    /// let admin = AdminService::builder(PluginManager::new())
    ///     .bearer_token(operators)
    ///     .read_only_token(dashboards)
    ///     .build();
    /// # let _ = admin;
    /// ```
    pub fn read_only_token(mut self, token: impl AsRef<[u8]>) -> Self {
        self.access.tokens.accept("", token.as_ref(), Scope::Read);
        self
    }

    /// The service.
    #[must_use]
    pub fn build(self) -> AdminService {
        AdminService::new(self.options, Access::Bearer(self.access.tokens))
    }
}

impl AdminServiceBuilder<InsecureLoopback> {
    /// The service.
    #[must_use]
    pub fn build(self) -> AdminService {
        AdminService::new(self.options, Access::Loopback)
    }
}

impl<A> AdminServiceBuilder<A> {
    /// Names the service is reached by, as `name` for any port or `name:port`, besides this
    /// machine's own: `localhost`, `127.0.0.0/8` and `[::1]`, which always are.
    ///
    /// A request that asks for another `Host` is answered 421, so that no web page can have its
    /// name point here and talk to the service as if it were its own. `/livez` and `/readyz` are
    /// answered all the same, for what probes them may know only an address, but without details.
    ///
    /// ```
    /// # use tower_plugin::PluginManager;
    /// # use tower_plugin::admin::AdminService;
    /// let builder = AdminService::builder(PluginManager::new()).allow_hosts(["admin.example.com", "10.0.0.5:11372", "[2001:db8::1]"]);
    /// # let _ = builder;
    /// ```
    pub fn allow_hosts<H: AsRef<str>>(mut self, hosts: impl IntoIterator<Item = H>) -> Self {
        for host in hosts {
            self.options.hosts.allow(host.as_ref());
        }
        self
    }

    /// How many bytes the body of a request may have; more is answered 413. Default: 1 MiB.
    ///
    /// ```
    /// # use tower_plugin::PluginManager;
    /// # use tower_plugin::admin::AdminService;
    /// let builder = AdminService::builder(PluginManager::new()).body_limit(64 * 1024);
    /// # let _ = builder;
    /// ```
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.options.limits.bytes = bytes;
        self
    }

    /// How long the body of a request may take to arrive; longer is answered 408. Default: 30 s.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use tower_plugin::PluginManager;
    /// # use tower_plugin::admin::AdminService;
    /// let builder = AdminService::builder(PluginManager::new()).body_timeout(Duration::from_secs(5));
    /// # let _ = builder;
    /// ```
    pub fn body_timeout(mut self, timeout: Duration) -> Self {
        self.options.limits.timeout = timeout;
        self
    }

    /// The path that the service is nested under, as clients see it, for the `Location` of an
    /// operation: the service itself is shown paths without it. What is no path is logged and
    /// ignored. Default: none, the root of the server.
    ///
    /// ```
    /// # use axum::Router;
    /// # use tower_plugin::PluginManager;
    /// # use tower_plugin::admin::AdminService;
    /// let admin = AdminService::builder(PluginManager::new()).mounted_at("/admin");
    /// let app: Router = Router::new().nest_service("/admin", admin.bearer_token("t").build());
    /// ```
    pub fn mounted_at(mut self, path: &str) -> Self {
        let is_path = path.starts_with('/') && path.bytes().all(|byte| byte.is_ascii_graphic());
        if is_path {
            self.options.mounted_at = path.trim_end_matches('/').into();
        } else {
            tracing::warn!(path, "the service is not mounted there: write `/path`");
        }
        self
    }

    /// Changes a config only for who says which version of it they have read: `PUT` and `PATCH`
    /// without `If-Match` are answered 428. Default: not required.
    ///
    /// ```
    /// # use tower_plugin::PluginManager;
    /// # use tower_plugin::admin::AdminService;
    /// let builder = AdminService::builder(PluginManager::new()).require_if_match();
    /// # let _ = builder;
    /// ```
    pub fn require_if_match(mut self) -> Self {
        self.options.requires_if_match = true;
        self
    }
}

impl<A> fmt::Debug for AdminServiceBuilder<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdminServiceBuilder")
            .field("access", &std::any::type_name::<A>())
            .field("options", &self.options)
            .finish()
    }
}
