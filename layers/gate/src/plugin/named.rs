use tonic::server::NamedService;

use super::PluginService;

/// A gated tonic service goes by its own name, so `add_service` takes it.
impl<S: NamedService> NamedService for PluginService<S> {
    const NAME: &'static str = S::NAME;
}
