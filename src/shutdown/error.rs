/// Why a shutdown gave up what was left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum ForcedError {
    /// It was not done in time.
    #[error("the shutdown was not done when its deadline passed: what was left was given up")]
    DeadlinePassed,
    /// It was told to stop once more.
    #[error("told to stop a second time: what was left was given up")]
    ToldTwice,
}
