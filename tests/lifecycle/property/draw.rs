use std::time::Duration;

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

use super::step::{
    Ask, Begin, Caller, Command, End, Feeling, Group, Hook, How, Manner, Manners, Member, SEATS,
    Step, Version,
};
use crate::scenario::Act;
use crate::scenario::store::{During, Outage};

fn seconds(most: u64) -> impl Strategy<Value = Duration> {
    (0..=most).prop_map(Duration::from_secs)
}

/// Most often the same, so that much happens to it.
fn seat() -> impl Strategy<Value = usize> {
    prop_oneof![4 => Just(0), 2 => Just(1), 1 => Just(2)]
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
        7 => Just(Command::Reload),
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

fn wait() -> impl Strategy<Value = Duration> {
    prop_oneof![1 => Just(Duration::ZERO), 1 => seconds(60)]
}

fn ask() -> impl Strategy<Value = Step> {
    let how = prop_oneof![
        14 => Just(How::Plainly),
        3 => Just(How::AsCanary),
        2 => Just(How::Dry),
        2 => Just(How::DryWithStart),
        2 => Just(How::Cascading),
    ];
    let only_if = prop_oneof![
        8 => Just(None),
        1 => Just(Some(Version::Current)),
        1 => Just(Some(Version::Outdated)),
    ];
    let ask = (seat(), command(), how, only_if, wait(), caller());
    ask.prop_map(|(seat, command, how, only_if, wait, caller)| {
        Step::Ask(Ask {
            seat,
            command,
            how,
            only_if,
            wait,
            caller,
        })
    })
}

fn reload_all() -> impl Strategy<Value = Step> {
    let only = proptest::option::weighted(0.3, any::<[bool; SEATS]>());
    let prepare_timeout = prop_oneof![2 => Just(Duration::from_secs(60)), 1 => seconds(4)];
    let all_or_nothing = proptest::bool::weighted(0.7);
    let group = (all_or_nothing, only, prepare_timeout, wait(), caller());
    group.prop_map(|(all_or_nothing, only, prepare_timeout, wait, caller)| {
        Step::ReloadAll(Group {
            all_or_nothing,
            only,
            prepare_timeout,
            wait,
            caller,
        })
    })
}

fn member() -> impl Strategy<Value = Member> {
    let manner = prop_oneof![
        Just(Manner::Recreate),
        Just(Manner::Replace),
        Just(Manner::Try)
    ];
    let retries = proptest::bool::weighted(0.3);
    let on = prop_oneof![1 => Just([false; SEATS]), 1 => any::<[bool; SEATS]>()];
    (seat(), manner, retries, on).prop_map(|(seat, manner, retries, on)| Member {
        seat,
        manner,
        retries,
        on,
    })
}

fn register() -> impl Strategy<Value = Step> {
    let members = prop_oneof![
        2 => proptest::collection::vec(member(), 1),
        1 => proptest::collection::vec(member(), 2..=SEATS),
    ];
    (members, caller()).prop_map(|(members, caller)| Step::Register { members, caller })
}

fn hook() -> impl Strategy<Value = Step> {
    let hook = prop_oneof![3 => Just(Hook::Start), 2 => Just(Hook::Check), 2 => Just(Hook::Stop)];
    let act = prop_oneof![
        3 => Just(Act::Fail("no luck")),
        2 => Just(Act::Panic("no luck")),
        2 => Just(Act::Hang),
        2 => seconds(3).prop_map(Act::Slow),
        1 => Just(Act::LeakTask),
        1 => Just(Act::Succeed),
    ];
    (seat(), hook, act).prop_map(|(seat, hook, act)| Step::Hook { seat, hook, act })
}

fn feel() -> impl Strategy<Value = Step> {
    let feeling = prop_oneof![Just(Feeling::Well), Just(Feeling::Slow), Just(Feeling::Ill)];
    (seat(), feeling).prop_map(|(seat, feeling)| Step::Feel { seat, feeling })
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

fn guest() -> impl Strategy<Value = Step> {
    let manners = prop_oneof![1 => Just(Manners::Listens), 1 => Just(Manners::Deaf)];
    (seat(), manners).prop_map(|(seat, manners)| Step::Enter { seat, manners })
}

fn step() -> impl Strategy<Value = Step> {
    let decide = (seat(), any::<bool>()).prop_map(|(seat, well)| Step::Decide { seat, well });
    let edit = (seat(), proptest::bool::weighted(0.8));
    let edit = edit.prop_map(|(seat, is_good)| Step::Edit { seat, is_good });
    prop_oneof![
        4 => register(),
        12 => ask(),
        3 => reload_all(),
        2 => decide,
        5 => guest(),
        3 => any::<Index>().prop_map(Step::Leave),
        3 => seconds(30).prop_map(Step::Pass),
        7 => hook(),
        1 => feel(),
        1 => store(),
        2 => edit,
        2 => Just(Step::Settle),
    ]
}

pub fn begin() -> impl Strategy<Value = Begin> {
    let max_leftovers = prop_oneof![Just(1), Just(3)];
    (any::<bool>(), max_leftovers).prop_map(|(watches, max_leftovers)| Begin {
        watches,
        max_leftovers,
    })
}

/// Most often there is a plugin in every seat at first.
pub fn steps() -> impl Strategy<Value = Vec<Step>> {
    let all = [0, 1, 2].map(|seat| member().prop_map(move |it| Member { seat, ..it }));
    let all = all.prop_map(|members| Step::Register {
        members: members.to_vec(),
        caller: Caller::Stays,
    });
    let first = proptest::option::weighted(0.7, all);
    let steps = proptest::collection::vec(step(), 1..40);
    (first, steps).prop_map(|(first, steps)| first.into_iter().chain(steps).collect())
}

pub fn end() -> impl Strategy<Value = End> {
    let impatient = proptest::option::weighted(0.2, seconds(30));
    let within = proptest::option::of(seconds(30));
    let end = (any::<bool>(), any::<bool>(), impatient, within);
    end.prop_map(|(settled, revived, impatient, within)| End {
        settled,
        revived: settled && revived,
        impatient,
        within,
    })
}
