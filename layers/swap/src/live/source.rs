use tower_plugin_gate::{Generation, Slot};

/// Where the service of the current generation comes from.
pub(crate) trait Source: Clone {
    /// The plugin's instance.
    type Instance: Send + Sync + 'static;
    /// What serves its requests.
    type Service;

    fn slot(&self) -> &Slot<Self::Instance>;

    /// The generation for the next request, with a clone of its service, or `None` where there is
    /// none. It may be stale by the time it is used: entering its gate decides.
    fn current(&self) -> Option<Current<Self::Instance, Self::Service>>;
}

/// A generation to serve the next request.
pub(crate) struct Current<T, S> {
    pub(crate) generation: Generation<T>,
    pub(crate) service: S,
    /// Whether it is one of two, so that another one may be chosen for the request after.
    pub(crate) is_split: bool,
}
