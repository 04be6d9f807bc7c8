//! The tables for users say what the function does.

use tower_plugin_gate::PluginState;

use super::super::*;
use super::{OPERATIONS, RESTS, all, stages, triggers};
use crate::ReloadStrategy;

fn step(step: Step) -> &'static str {
    match step {
        Step::Decide(Decide::GoOn) => "go on",
        Step::Decide(Decide::Promote) => "promote",
        Step::Decide(Decide::GoBack) => "go back",
        Step::Decide(Decide::Abandon) => "abandon",
        Step::Start => "start",
        Step::Exchange => "exchange",
        Step::Keep => "keep",
        Step::Stop(_) => "stop",
        Step::Nothing => "–",
        Step::Refuse => "refused",
    }
}

fn effects(effects: &[Effect]) -> String {
    if effects.is_empty() {
        return "–".to_owned();
    }
    let words = effects.iter().map(|it| format!("{it:?}").to_lowercase());
    words.collect::<Vec<_>>().join(", ")
}

fn row(cells: &[String]) -> String {
    format!("| {} |\n", cells.join(" | "))
}

/// What everything comes to everywhere.
fn steps() -> String {
    let mut table = String::new();
    for trigger in triggers() {
        let mut cells = vec![format!("`{trigger}`")];
        for stage in stages() {
            let transition = transition(stage, trigger, ReloadStrategy::default());
            cells.push(step(transition.step).to_owned());
        }
        table += &row(&cells);
    }
    table
}

/// What each step does.
fn ways() -> String {
    let mut rows: Vec<(Vec<String>, Vec<String>)> = Vec::new();
    let mut add = |way: Vec<String>, trigger: Trigger| {
        let command = format!("`{trigger}`");
        match rows.iter_mut().find(|(known, _)| *known == way) {
            Some((_, commands)) if commands.contains(&command) => {}
            Some((_, commands)) => commands.push(command),
            None => rows.push((way, vec![command])),
        }
    };
    for (from, operation, strategy, it) in all() {
        if matches!(it.step, Step::Nothing | Step::Refuse) || !RESTS.contains(&from) {
            continue;
        }
        let name = match it.step {
            Step::Exchange => format!("exchange, `{strategy:?}`"),
            other => step(other).to_owned(),
        };
        add(way(name, &it), operation.into());
    }
    for stage in Stage::UNDER_WAY {
        for trigger in triggers() {
            let it = transition(stage, trigger, ReloadStrategy::Replace);
            if !it.is_refused() {
                add(way(format!("{}, {stage}", step(it.step)), &it), trigger);
            }
        }
    }
    let rows = rows.into_iter().map(|(mut way, commands)| {
        way.insert(1, commands.join(", "));
        row(&way)
    });
    rows.collect()
}

fn way(name: String, it: &Transition) -> Vec<String> {
    let end = match (it.then, it.otherwise) {
        (then, _) if it.again => format!("{then}, and on from there"),
        (then, otherwise) if then == otherwise => then.to_string(),
        (then, otherwise) => format!("{then} or {otherwise}"),
    };
    let stage = it.stage.map(|stage| format!(", in {stage}"));
    vec![
        name,
        it.meanwhile.to_string(),
        effects(it.effects),
        effects(it.way_back),
        end + &stage.unwrap_or_default(),
    ]
}

#[test]
fn page_for_users_says_the_same() {
    let source = include_str!("../../../transition.rs");
    let lines = source.lines().map(|line| line.trim_start_matches("//!"));
    let page: String = lines.map(|line| format!("{}\n", line.trim())).collect();
    for table in [steps(), ways()] {
        assert!(
            page.contains(&table),
            "put this into src/transition.rs:\n{table}"
        );
    }
    let diagrams: Vec<&str> = page.split("```").skip(1).step_by(2).collect();
    let [life, trial] = diagrams.as_slice() else {
        panic!("two diagrams");
    };
    for state in PluginState::ALL {
        assert!(life.contains(state.as_str()), "{state}");
    }
    for operation in OPERATIONS {
        assert!(life.contains(operation.as_str()), "{operation}");
    }
    for name in [Stage::Canary, Stage::Probation].map(Stage::as_str) {
        assert!(trial.contains(name), "{name}");
    }
    for name in Trigger::DECISIONS.map(Trigger::as_str) {
        assert!(trial.contains(name), "{name}");
    }
}
