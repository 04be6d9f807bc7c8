/// What is done to get a plugin from one state to another, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Effect {
    /// An instance is built, by the plugin's `start`.
    Start,
    /// It is asked how it is, by the plugin's `check`.
    Check,
    /// It is given a share of the requests.
    Share,
    /// It is given the requests.
    Open,
    /// The gate of the generation before is closed: nobody comes in any more.
    Close,
    /// Those inside are waited for, and cancelled when the time is up.
    Drain,
    /// The instance is let go of, by the plugin's `stop`.
    Stop,
    /// A config is put in force.
    Adopt,
    /// The plugin is forgotten.
    Forget,
}

pub(super) const START: &[Effect] = {
    use Effect::{Adopt, Check, Open, Start};
    &[Start, Check, Adopt, Open]
};

pub(in crate::lifecycle) const RECREATE: &[Effect] = {
    use Effect::{Adopt, Check, Close, Drain, Open, Start, Stop};
    &[Close, Drain, Stop, Start, Check, Adopt, Open]
};

pub(in crate::lifecycle) const REPLACE: &[Effect] = {
    use Effect::{Adopt, Check, Close, Drain, Open, Start, Stop};
    &[Start, Check, Adopt, Open, Close, Drain, Stop]
};
