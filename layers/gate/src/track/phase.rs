use std::fmt;
use std::ops::AddAssign;
use std::sync::atomic::{AtomicU8, Ordering};

/// How far somebody inside has got.
///
/// ```
/// use tower_plugin_gate::RequestPhase;
///
/// assert_eq!(RequestPhase::Upgraded.to_string(), "upgraded");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
#[repr(u8)]
pub enum RequestPhase {
    /// A request without a response head yet. Of a service that is not HTTP's, the whole of it.
    Head = 0,
    /// A request whose response head is out, and whose response body has not come to its end.
    Body = 1,
    /// Work beyond any response: an upgraded connection (a WebSocket, a CONNECT tunnel) whose
    /// handler holds its [`Lease`](crate::Lease), or a lease that was taken without a request.
    Upgraded = 2,
}

impl RequestPhase {
    /// Every phase, in the order of a request's life.
    pub const ALL: [Self; 3] = [Self::Head, Self::Body, Self::Upgraded];

    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Head => "head",
            Self::Body => "body",
            Self::Upgraded => "upgraded",
        }
    }
}

impl fmt::Display for RequestPhase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How many are inside, by [`RequestPhase`].
///
/// See [`Gate::phases`](crate::Gate::phases) for how exact that is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PhaseCounts {
    /// In [`RequestPhase::Head`].
    pub head: usize,
    /// In [`RequestPhase::Body`].
    pub body: usize,
    /// In [`RequestPhase::Upgraded`].
    pub upgraded: usize,
}

impl PhaseCounts {
    /// Of so many inside, of whom so many are known to be in the one or the other phase. Each was
    /// read by itself, so they need not fit together.
    pub(crate) fn of(inside: usize, head: usize, upgraded: usize) -> Self {
        let upgraded = upgraded.min(inside);
        let head = head.min(inside - upgraded);
        Self {
            head,
            body: inside - upgraded - head,
            upgraded,
        }
    }

    pub(super) fn of_mut(&mut self, phase: RequestPhase) -> &mut usize {
        match phase {
            RequestPhase::Head => &mut self.head,
            RequestPhase::Body => &mut self.body,
            RequestPhase::Upgraded => &mut self.upgraded,
        }
    }

    /// How many in all.
    #[must_use]
    pub const fn total(&self) -> usize {
        self.head + self.body + self.upgraded
    }
}

impl AddAssign for PhaseCounts {
    fn add_assign(&mut self, other: Self) {
        let Self {
            head,
            body,
            upgraded,
        } = other;
        self.head += head;
        self.body += body;
        self.upgraded += upgraded;
    }
}

/// A [`RequestPhase`] that can be changed by whoever shares it. Relaxed throughout: those who
/// share a lease order what they do by other means, its reference count last of all, and to
/// everybody else it is something to show.
#[derive(Debug)]
pub(crate) struct PhaseCell(AtomicU8);

impl PhaseCell {
    pub(crate) fn new(phase: RequestPhase) -> Self {
        Self(AtomicU8::new(phase as u8))
    }

    pub(crate) fn get(&self) -> RequestPhase {
        RequestPhase::ALL[usize::from(self.0.load(Ordering::Relaxed))]
    }

    /// What it was before.
    pub(crate) fn swap(&self, phase: RequestPhase) -> RequestPhase {
        RequestPhase::ALL[usize::from(self.0.swap(phase as u8, Ordering::Relaxed))]
    }
}
