use std::time::Duration;

use proptest::sample::Index;
use serde_json::Value;
use tower_plugin::ReloadStrategy;

use crate::scenario::Act;
use crate::scenario::store::{During, Outage};

/// How many plugins there may be at a time: each sits in a seat.
pub const SEATS: usize = 3;

/// Something that happens.
#[derive(Debug, Clone)]
pub enum Step {
    /// Plugins are registered, all or none.
    Register {
        members: Vec<Member>,
        caller: Caller,
    },
    Ask(Ask),
    /// Several plugins are reloaded.
    ReloadAll(Group),
    /// Somebody ends the trial, if there is one: well or not.
    Decide {
        seat: usize,
        well: bool,
    },
    Enter {
        seat: usize,
        manners: Manners,
    },
    /// One of those inside leaves.
    Leave(Index),
    Pass(Duration),
    /// What a hook does the next time that it does not just succeed.
    Hook {
        seat: usize,
        hook: Hook,
        act: Act,
    },
    /// How the plugin is from now on, until all has settled.
    Feel {
        seat: usize,
        feeling: Feeling,
    },
    /// What of the store does not work from now on, until all has settled.
    Store(During, Outage),
    /// Somebody edits the config in the store by hand.
    Edit {
        seat: usize,
        is_good: bool,
    },
    /// Everything that was asked for is done, and everybody knows.
    Settle,
}

/// A plugin to be registered, if its seat is free.
#[derive(Debug, Clone, Copy)]
pub struct Member {
    pub seat: usize,
    pub manner: Manner,
    /// Whether it is started again when it has failed.
    pub retries: bool,
    /// The seats of those that it depends on.
    pub on: [bool; SEATS],
}

/// How generations are exchanged.
#[derive(Debug, Clone, Copy)]
pub enum Manner {
    Recreate,
    Replace,
    /// Replace, and every new generation is on trial.
    Try,
}

impl Manner {
    pub fn strategy(self) -> ReloadStrategy {
        match self {
            Self::Recreate => ReloadStrategy::Recreate,
            Self::Replace | Self::Try => ReloadStrategy::Replace,
        }
    }
}

/// Something that an operator asks for.
#[derive(Debug, Clone)]
pub struct Ask {
    pub seat: usize,
    pub command: Command,
    pub how: How,
    pub only_if: Option<Version>,
    /// For how long it waits for its turn.
    pub wait: Duration,
    pub caller: Caller,
}

impl Ask {
    pub fn is_dry(&self) -> bool {
        matches!(self.how, How::Dry | How::DryWithStart)
    }
}

#[derive(Debug, Clone)]
pub enum Command {
    Reload,
    Update(Value),
    Patch(Value),
    Rollback(u64),
    Enable,
    Disable,
    Unload,
}

impl Command {
    pub fn changes_config(&self) -> bool {
        matches!(self, Self::Update(_) | Self::Patch(_) | Self::Rollback(_))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    Plainly,
    /// The new generation is given but a share of the requests at first.
    AsCanary,
    /// Only to know.
    Dry,
    /// Only to know, with an instance that is started.
    DryWithStart,
    /// And those that depend on it are reloaded, too.
    Cascading,
}

/// Which version of the config it is meant for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    Current,
    Outdated,
}

/// A reload of several.
#[derive(Debug, Clone, Copy)]
pub struct Group {
    pub all_or_nothing: bool,
    /// All that there are, if none.
    pub only: Option<[bool; SEATS]>,
    pub prepare_timeout: Duration,
    pub wait: Duration,
    pub caller: Caller,
}

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub enum Caller {
    /// Nothing else happens before they have their answer.
    Stays,
    /// Other things happen meanwhile.
    Busy,
    /// They hang up after so long.
    GivesUp(Duration),
}

#[derive(Debug, Clone, Copy)]
pub enum Hook {
    Start,
    Check,
    Stop,
}

#[derive(Debug, Clone, Copy)]
pub enum Feeling {
    Well,
    Slow,
    Ill,
}

/// Whether those inside do as they are told.
#[derive(Debug, Clone, Copy)]
pub enum Manners {
    /// They leave when they are cancelled.
    Listens,
    /// They do not.
    Deaf,
}

/// The manager before anything happens.
#[derive(Debug, Clone, Copy)]
pub struct Begin {
    /// Whether edits of the store are taken up at once.
    pub watches: bool,
    pub max_leftovers: usize,
}

/// How it ends.
#[derive(Debug, Clone, Copy)]
pub struct End {
    /// Whether there is nothing under way when the manager shuts down.
    pub settled: bool,
    /// Whether everything is mended and brought back before.
    pub revived: bool,
    /// When somebody hangs up on the shutdown, and asks for it again.
    pub impatient: Option<Duration>,
    pub within: Option<Duration>,
}
