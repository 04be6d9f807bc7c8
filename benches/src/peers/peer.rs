use super::{by_hand, ours, theirs};
use crate::{Site, Work};

/// What a peer does for its price.
#[derive(Debug, Clone, Copy)]
pub struct Does {
    /// Turns requests away once it is closed.
    pub gate: bool,
    /// Counts a request until its response body ends or is dropped.
    pub body: bool,
    /// Cuts off requests that are inside.
    pub cancel: bool,
    /// Exchanges the service under live traffic.
    pub swap: bool,
}

/// A middleware that is compared.
#[derive(Debug, Clone, Copy)]
pub struct Peer {
    /// What it goes by in the table.
    pub name: &'static str,
    /// What it does.
    pub does: Does,
    /// A client of a new service of its own.
    pub around: fn(Site) -> Box<dyn Work>,
}

const fn does(gate: bool, body: bool, cancel: bool, swap: bool) -> Does {
    Does {
        gate,
        body,
        cancel,
        swap,
    }
}

const fn peer(name: &'static str, does: Does, around: fn(Site) -> Box<dyn Work>) -> Peer {
    Peer { name, does, around }
}

impl Peer {
    /// The service without middleware.
    pub const BARE: Self = peer("bare", does(false, false, false, false), theirs::bare);
    /// tower-http's counter.
    pub const IN_FLIGHT: Self = peer(
        "InFlightRequests",
        does(false, true, false, false),
        theirs::in_flight,
    );
    /// `drain`'s middleware.
    pub const RETAIN: Self = peer(
        "drain::Retain",
        does(false, false, false, false),
        theirs::retain,
    );
    /// tower's limit.
    pub const LIMIT: Self = peer(
        "ConcurrencyLimit+LoadShed",
        does(true, false, false, false),
        theirs::limit,
    );
    /// tokio-util's parts.
    pub const TRACKER: Self = peer(
        "TaskTracker+token",
        does(false, false, true, false),
        theirs::tracker,
    );
    /// What a careful user would write.
    pub const BY_HAND: Self = peer(
        "written by hand",
        does(true, true, true, true),
        by_hand::around,
    );
    /// `PluginLayer`.
    pub const GATE: Self = peer(
        "ours: PluginLayer",
        does(true, true, true, false),
        ours::gate,
    );
    /// `PluginLayer` of a plugin whose requests are tracked.
    pub const TRACKED: Self = peer(
        "ours: PluginLayer, tracked",
        does(true, true, true, false),
        ours::tracked,
    );
    /// `SwapService`.
    pub const SWAP_SERVICE: Self = peer(
        "ours: SwapService",
        does(true, true, true, true),
        ours::swap_service,
    );
    /// `SwapLayer`.
    pub const SWAP_LAYER: Self = peer(
        "ours: SwapLayer",
        does(true, true, true, true),
        ours::swap_layer,
    );
}

/// All of them, the service without middleware first.
pub const ALL: [Peer; 9] = [
    Peer::BARE,
    Peer::IN_FLIGHT,
    Peer::RETAIN,
    Peer::LIMIT,
    Peer::TRACKER,
    Peer::BY_HAND,
    Peer::GATE,
    Peer::SWAP_SERVICE,
    Peer::SWAP_LAYER,
];
