use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};
use tower_plugin::ReloadStrategy;

use crate::scenario::Act;
use crate::scenario::store::{During, Outage};

/// Something that happens.
#[derive(Debug, Clone)]
pub enum Step {
    /// Where there is no plugin, one is registered.
    Register(Manner),
    Ask {
        command: Command,
        /// For how long it waits for its turn.
        wait: Duration,
        caller: Caller,
        /// Whether the new generation is given but a share of the requests at first.
        canary: bool,
    },
    /// Somebody ends the trial, if there is one: well or not.
    Decide(bool),
    Enter(Manners),
    /// One of those inside leaves.
    Leave(prop::sample::Index),
    Pass(Duration),
    /// What a hook does the next time that it does not just succeed.
    Start(Act),
    Check(Act),
    Stop(Act),
    /// What of the store does not work from now on, until all has settled.
    Store(During, Outage),
    /// Everything that was asked for is done, and everybody knows.
    Settle,
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

#[derive(Debug, Clone)]
pub enum Command {
    Reload,
    /// The same, but only to know: with an instance that is started.
    Try,
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

/// Whether those inside do as they are told.
#[derive(Debug, Clone, Copy)]
pub enum Manners {
    /// They leave when they are cancelled.
    Listens,
    /// They do not.
    Deaf,
}

/// How it ends.
#[derive(Debug, Clone, Copy)]
pub struct End {
    /// Whether there is nothing under way when the manager shuts down.
    pub settled: bool,
    pub within: Option<Duration>,
}

fn seconds(most: u64) -> impl Strategy<Value = Duration> {
    (0..=most).prop_map(Duration::from_secs)
}

fn config() -> impl Strategy<Value = Value> {
    let good = (0..4_u32).prop_map(|value| json!({"value": value}));
    let bad = prop_oneof![
        Just(json!({"value": -1})),
        Just(json!({"unknown": 1})),
        Just(json!("no object")),
    ];
    prop_oneof![4 => good, 1 => bad]
}

fn patch() -> impl Strategy<Value = Value> {
    let null = Just(json!({"value": null}));
    prop_oneof![3 => config(), 1 => null, 1 => Just(json!({}))]
}

fn command() -> impl Strategy<Value = Command> {
    prop_oneof![
        6 => Just(Command::Reload),
        1 => Just(Command::Try),
        5 => config().prop_map(Command::Update),
        3 => patch().prop_map(Command::Patch),
        3 => (1..8_u64).prop_map(Command::Rollback),
        3 => Just(Command::Enable),
        3 => Just(Command::Disable),
        1 => Just(Command::Unload),
    ]
}

fn caller() -> impl Strategy<Value = Caller> {
    prop_oneof![
        4 => Just(Caller::Stays),
        3 => Just(Caller::Busy),
        2 => seconds(6).prop_map(Caller::GivesUp),
    ]
}

fn ask() -> impl Strategy<Value = Step> {
    let wait = prop_oneof![1 => Just(Duration::ZERO), 1 => seconds(60)];
    let canary = proptest::bool::weighted(0.15);
    let ask = (command(), wait, caller(), canary);
    ask.prop_map(|(command, wait, caller, canary)| Step::Ask {
        command,
        wait,
        caller,
        canary,
    })
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        3 => Just(Act::Fail("no luck")),
        2 => Just(Act::Panic("no luck")),
        2 => Just(Act::Hang),
        2 => seconds(3).prop_map(Act::Slow),
        1 => Just(Act::LeakTask),
        1 => Just(Act::Succeed),
    ]
}

fn store() -> impl Strategy<Value = Step> {
    let during = prop_oneof![
        1 => Just(During::Load),
        1 => Just(During::Prepare),
        2 => Just(During::Commit)
    ];
    let outage = prop_oneof![
        Just(Outage::Fails),
        Just(Outage::Hangs),
        Just(Outage::Panics)
    ];
    (during, outage).prop_map(|(during, outage)| Step::Store(during, outage))
}

pub fn step() -> impl Strategy<Value = Step> {
    let manner = prop_oneof![
        Just(Manner::Recreate),
        Just(Manner::Replace),
        Just(Manner::Try)
    ];
    let manners = prop_oneof![2 => Just(Manners::Listens), 1 => Just(Manners::Deaf)];
    prop_oneof![
        3 => manner.prop_map(Step::Register),
        12 => ask(),
        2 => any::<bool>().prop_map(Step::Decide),
        4 => manners.prop_map(Step::Enter),
        3 => any::<prop::sample::Index>().prop_map(Step::Leave),
        3 => seconds(30).prop_map(Step::Pass),
        3 => act().prop_map(Step::Start),
        2 => act().prop_map(Step::Check),
        2 => act().prop_map(Step::Stop),
        1 => store(),
        2 => Just(Step::Settle),
    ]
}

pub fn end() -> impl Strategy<Value = End> {
    let within = proptest::option::of(seconds(30));
    (any::<bool>(), within).prop_map(|(settled, within)| End { settled, within })
}
