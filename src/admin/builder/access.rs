use super::AdminServiceBuilder;
use crate::admin::AdminService;
use crate::admin::guard::{Access, Scope, Tokens};

/// It has not been said yet who may use the service: state of an [`AdminServiceBuilder`] that can
/// not be built.
#[derive(Debug, Clone)]
pub struct Undecided {
    _private: (),
}

impl Undecided {
    pub(super) fn new() -> Self {
        Self { _private: () }
    }
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

/// Deciding who may use the service.
impl AdminServiceBuilder {
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
    /// change is shown as theirs, see [`Actor`](crate::admin::Actor).
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
    /// Others are refused, by the address in the [`PeerAddr`](crate::admin::PeerAddr) extension. Behind a
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
    /// [`Actor`](crate::admin::Actor). Several tokens may have one name. The empty name is none.
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
