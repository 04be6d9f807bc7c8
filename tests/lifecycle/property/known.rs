//! What was found once, step by step, as `regressions.txt` means other steps as soon as there are
//! more that may happen; and what is found, but seldom.

use std::time::Duration;

use super::play;
use super::step::{
    Ask, Begin, Caller, Command, End, Hook, How, Manner, Manners, Member, SEATS, Step,
};
use crate::scenario::Act;
use crate::scenario::store::{During, Outage};

const BEGIN: Begin = Begin {
    watches: false,
    max_leftovers: 1,
};

const END: End = End {
    settled: true,
    revived: true,
    impatient: None,
    within: None,
};

fn member(seat: usize, manner: Manner, on: [bool; SEATS]) -> Member {
    Member {
        seat,
        manner,
        retries: false,
        on,
    }
}

fn register(manner: Manner) -> Step {
    Step::Register {
        members: vec![member(0, manner, [false; SEATS])],
        caller: Caller::Stays,
    }
}

fn ask(command: Command, how: How, caller: Caller) -> Step {
    Step::Ask(Ask {
        seat: 0,
        command,
        how,
        only_if: None,
        wait: Duration::ZERO,
        caller,
    })
}

fn reload(how: How) -> Step {
    ask(Command::Reload, how, Caller::Stays)
}

#[test]
fn dry_run_after_a_trial_that_was_ended() {
    let steps = vec![
        register(Manner::Try),
        ask(Command::Reload, How::Plainly, Caller::Busy),
        ask(Command::Disable, How::Plainly, Caller::Stays),
        reload(How::DryWithStart),
    ];
    let unsettled = End {
        settled: false,
        revived: false,
        ..END
    };
    play(BEGIN, steps, unsettled);
}

#[test]
fn reload_beside_as_many_leftovers_as_there_may_be() {
    let deaf = Step::Enter {
        seat: 0,
        manners: Manners::Deaf,
    };
    let steps = vec![
        register(Manner::Replace),
        deaf,
        reload(How::Plainly),
        reload(How::Plainly),
    ];
    play(BEGIN, steps, END);
}

#[test]
fn change_after_a_dry_run_that_saw_an_edit() {
    let edit = Step::Edit {
        seat: 0,
        is_good: true,
    };
    let update = Command::Update(serde_json::json!({"value": 1}));
    let steps = vec![
        register(Manner::Recreate),
        edit,
        reload(How::Dry),
        ask(update, How::Plainly, Caller::Stays),
    ];
    play(BEGIN, steps, END);
}

#[test]
fn cascade_whose_second_plugin_fails() {
    let fails = Step::Hook {
        seat: 1,
        hook: Hook::Start,
        act: Act::Fail("no luck"),
    };
    let chain = [[false; SEATS], [true, false, false], [true, true, false]];
    let members = (0..SEATS).map(|seat| member(seat, Manner::Replace, chain[seat]));
    let steps = vec![
        Step::Register {
            members: members.collect(),
            caller: Caller::Stays,
        },
        fails,
        reload(How::Cascading),
    ];
    play(BEGIN, steps, END);
}

fn one(seat: usize, on: [bool; SEATS], caller: Caller) -> Step {
    Step::Register {
        members: vec![member(seat, Manner::Recreate, on)],
        caller,
    }
}

#[test]
fn plugin_whose_dependency_is_just_being_started() {
    let steps = vec![
        // Which comes before the start.
        Step::Store(During::Prepare, Outage::Hangs),
        one(0, [false; SEATS], Caller::Busy),
        one(1, [true, false, false], Caller::Stays),
    ];
    play(BEGIN, steps, END);
}

#[test]
fn plugin_whose_dependency_is_being_unloaded() {
    let slow = Step::Hook {
        seat: 0,
        hook: Hook::Stop,
        act: Act::Slow(Duration::from_secs(1)),
    };
    let steps = vec![
        one(0, [false; SEATS], Caller::Stays),
        slow,
        ask(Command::Unload, How::Plainly, Caller::Busy),
        one(1, [true, false, false], Caller::Stays),
        Step::Pass(Duration::from_secs(2)),
    ];
    play(BEGIN, steps, END);
}
