use tonic::server::NamedService;

use super::PluginService;
use crate::SelectService;

/// A gated tonic service goes by its own name, so `add_service` takes it.
impl<S: NamedService, P> NamedService for PluginService<S, P> {
    const NAME: &'static str = S::NAME;
}

impl<S: NamedService, K, P> NamedService for SelectService<S, K, P> {
    const NAME: &'static str = S::NAME;
}
