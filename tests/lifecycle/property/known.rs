//! What was found once, step by step: `regressions.txt` means other steps as soon as there are
//! more that may happen.

use std::time::Duration;

use super::play;
use super::step::{Ask, Begin, Caller, Command, End, How, Manner, Member, SEATS, Step};

const BEGIN: Begin = Begin {
    watches: false,
    max_leftovers: 1,
};

const END: End = End {
    settled: false,
    revived: false,
    impatient: None,
    within: None,
};

fn register(manner: Manner) -> Step {
    Step::Register {
        members: vec![Member {
            seat: 0,
            manner,
            retries: false,
            on: [false; SEATS],
        }],
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

#[test]
fn dry_run_after_a_trial_that_was_ended() {
    let steps = vec![
        register(Manner::Try),
        ask(Command::Reload, How::Plainly, Caller::Busy),
        ask(Command::Disable, How::Plainly, Caller::Stays),
        ask(Command::Reload, How::DryWithStart, Caller::Stays),
    ];
    play(BEGIN, steps, END);
}
