use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::Undecided;
use crate::PluginManager;
use crate::admin::body::Limits;
use crate::admin::guard::Hosts;

/// Options of an [`AdminService`](crate::admin::AdminService). It can be built once it is said who may use it.
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
    pub(super) options: Options,
    pub(super) access: A,
}

#[derive(Debug, Clone)]
pub(in crate::admin) struct Options {
    pub(in crate::admin) manager: PluginManager,
    pub(in crate::admin) hosts: Hosts,
    pub(in crate::admin) limits: Limits,
    pub(in crate::admin) requires_if_match: bool,
    pub(in crate::admin) mounted_at: Arc<str>,
}

impl AdminServiceBuilder {
    pub(in crate::admin) fn new(manager: PluginManager) -> Self {
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
            access: Undecided::new(),
        }
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
