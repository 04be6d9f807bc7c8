use std::fmt;

/// Where a plugin is in its life. The names on the wire are lower case.
///
/// ```
/// use tower_plugin_gate::PluginState;
///
/// assert_eq!(PluginState::Reloading.to_string(), "reloading");
/// assert!(PluginState::Reloading.is_transition());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PluginState {
    /// Its first generation, or the first after it was enabled, is being started.
    Loading,
    /// A generation serves.
    Active,
    /// One generation is being exchanged for another.
    Reloading,
    /// It is drained and stopped, to be forgotten or because the server shuts down.
    Unloading,
    /// No generation serves, because starting one failed.
    Failed,
    /// No generation serves, because an operator said so.
    Disabled,
}

impl PluginState {
    /// Every state, in the order of a plugin's life.
    pub const ALL: [Self; 6] = [
        Self::Loading,
        Self::Active,
        Self::Reloading,
        Self::Unloading,
        Self::Failed,
        Self::Disabled,
    ];

    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Loading => "loading",
            Self::Active => "active",
            Self::Reloading => "reloading",
            Self::Unloading => "unloading",
            Self::Failed => "failed",
            Self::Disabled => "disabled",
        }
    }

    /// Whether the plugin is on its way to another state.
    #[must_use]
    pub const fn is_transition(self) -> bool {
        matches!(self, Self::Loading | Self::Reloading | Self::Unloading)
    }
}

impl PluginState {
    /// Whether a generation is being started, so that one may serve any moment: what
    /// [`OnClosed::Hold`](crate::OnClosed::Hold) holds requests for.
    ///
    /// ```
    /// use tower_plugin_gate::PluginState;
    ///
    /// let starting = PluginState::ALL.into_iter().filter(|state| state.is_starting());
    /// assert!(starting.eq([PluginState::Loading, PluginState::Reloading]));
    /// ```
    #[must_use]
    pub const fn is_starting(self) -> bool {
        matches!(self, Self::Loading | Self::Reloading)
    }
}

impl fmt::Display for PluginState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
