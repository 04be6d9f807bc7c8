use super::*;

const OPERATIONS: [Operation; 10] = [
    Operation::Register,
    Operation::Reload,
    Operation::UpdateConfig,
    Operation::Rollback,
    Operation::Retry,
    Operation::Refresh,
    Operation::Enable,
    Operation::Disable,
    Operation::Unload,
    Operation::Shutdown,
];
const STRATEGIES: [ReloadStrategy; 2] = [ReloadStrategy::Recreate, ReloadStrategy::Replace];
/// The states in which a plugin takes commands; a new one is loading.
const RESTS: [PluginState; 4] = [
    PluginState::Active,
    PluginState::Failed,
    PluginState::Disabled,
    PluginState::Loading,
];

/// From which state, by which command and strategy, to what.
type Case = (PluginState, Operation, ReloadStrategy, Transition);

fn all() -> Vec<Case> {
    let mut all = Vec::new();
    for from in PluginState::ALL {
        for operation in OPERATIONS {
            for strategy in STRATEGIES {
                let transition = transition(from, operation, strategy);
                all.push((from, operation, strategy, transition));
            }
        }
    }
    all
}

/// Who lets requests in, and who has still to be seen out.
#[derive(Debug, Default, PartialEq, Eq)]
struct Gates {
    open: usize,
    /// One is closed, and whether it was drained.
    closed: Option<bool>,
    /// A generation is started, and lets nobody in yet.
    ready: bool,
}

impl Gates {
    fn before(from: PluginState) -> Self {
        Self {
            open: usize::from(from == PluginState::Active),
            ..Self::default()
        }
    }

    fn undergo(&mut self, effects: &[Effect]) {
        for effect in effects {
            match effect {
                Effect::Close => {
                    self.open = self.open.checked_sub(1).expect("nothing is open");
                    assert_eq!(self.closed.replace(false), None);
                }
                Effect::Drain => assert_eq!(self.closed.replace(true), Some(false)),
                Effect::Stop => assert_eq!(self.closed.take(), Some(true), "not drained"),
                Effect::Start => assert!(!std::mem::replace(&mut self.ready, true)),
                Effect::Check => assert!(self.ready, "nothing was started"),
                Effect::Open => {
                    assert!(std::mem::take(&mut self.ready), "nothing was started");
                    self.open += 1;
                }
                Effect::Share => panic!("a trial"),
                Effect::Adopt | Effect::Forget => {}
            }
        }
    }

    /// One serves or none does, nobody is behind a closed gate, and nothing was started in vain.
    fn is_settled(&self) -> bool {
        self.open <= 1 && self.closed.is_none() && !self.ready
    }
}

#[test]
fn every_gate_that_is_closed_is_drained_and_its_instance_stopped() {
    for (from, operation, strategy, transition) in all() {
        if !RESTS.contains(&from) {
            continue;
        }
        println!("{operation} of {from}, {strategy:?}");
        let mut gates = Gates::before(from);
        gates.undergo(transition.effects);
        assert!(gates.is_settled());
        let serves = transition.then == PluginState::Active;
        assert_eq!(gates.open, usize::from(serves));
        if transition.effects.contains(&Effect::Open) {
            for takes_back in [RECREATE, REPLACE] {
                gates.undergo(takes_back);
                assert!(gates.is_settled() && gates.open == 1);
            }
        }
    }
}

#[test]
fn every_start_that_fails_leaves_what_serves_or_goes_back_or_the_plugin_may_fail() {
    for (from, operation, strategy, transition) in all() {
        let effects = transition.effects;
        let Some(start) = effects.iter().position(|it| *it == Effect::Start) else {
            assert_eq!(transition.way_back, []);
            continue;
        };
        println!("{operation} of {from}, {strategy:?}");
        let mut gates = Gates::before(from);
        gates.undergo(&effects[..start]);
        gates.undergo(transition.way_back);
        assert!(gates.is_settled());
        let may_fail = transition.otherwise == PluginState::Failed;
        assert!(gates.open == 1 || may_fail);
        let goes_back = !transition.way_back.is_empty();
        assert!(!goes_back || may_fail, "so may the way back");
    }
}

#[test]
fn only_what_is_unloaded_ends_on_its_way() {
    for (from, operation, _, transition) in all() {
        if !RESTS.contains(&from) {
            continue;
        }
        let unloads = matches!(operation, Operation::Unload | Operation::Shutdown);
        for state in [transition.then, transition.otherwise] {
            let is_gone = state == PluginState::Unloading;
            assert_eq!(is_gone, unloads, "{operation} of {from}");
            assert!(is_gone || !state.is_transition(), "{operation} of {from}");
        }
    }
}

#[test]
fn state_meanwhile_is_that_of_a_plugin_on_its_way() {
    for (from, operation, _, transition) in all() {
        let meanwhile = transition.meanwhile;
        match transition.step {
            Step::Start | Step::Exchange | Step::Stop(_) => {
                assert!(meanwhile.is_transition(), "{operation} of {from}");
            }
            Step::Keep | Step::Nothing | Step::Refuse => {
                assert_eq!((meanwhile, transition.then), (from, from), "{operation}");
            }
        }
    }
}

#[test]
fn only_what_serves_is_exchanged_and_only_what_does_not_is_started() {
    for (from, operation, _, transition) in all() {
        match transition.step {
            Step::Exchange => assert_eq!(from, PluginState::Active),
            Step::Start => assert_ne!(from, PluginState::Active),
            Step::Keep => assert_eq!(from, PluginState::Disabled),
            Step::Stop(rest) => assert!(
                matches!(rest, PluginState::Disabled | PluginState::Unloading),
                "{operation} of {from}"
            ),
            Step::Nothing => assert!(!from.is_transition(), "{operation} of {from}"),
            Step::Refuse => assert!(from.is_transition(), "{operation} of {from}"),
        }
    }
}

#[test]
fn every_state_can_be_left_for_good() {
    for (from, operation, _, transition) in all() {
        if operation == Operation::Shutdown {
            assert_eq!(transition.then, PluginState::Unloading, "{from}");
        }
    }
}

fn step(step: Step) -> &'static str {
    match step {
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

/// What each command comes to in each state.
fn steps() -> String {
    let mut table = String::new();
    for operation in OPERATIONS {
        let mut cells = vec![format!("`{operation}`")];
        for from in PluginState::ALL {
            let transition = transition(from, operation, ReloadStrategy::default());
            cells.push(step(transition.step).to_owned());
        }
        table += &row(&cells);
    }
    table
}

/// What each step does.
fn ways() -> String {
    let mut rows: Vec<(Vec<String>, Vec<String>)> = Vec::new();
    for (from, operation, strategy, it) in all() {
        if matches!(it.step, Step::Nothing | Step::Refuse) || !RESTS.contains(&from) {
            continue;
        }
        let name = match it.step {
            Step::Exchange => format!("exchange, `{strategy:?}`"),
            other => step(other).to_owned(),
        };
        let end = match (it.then, it.otherwise) {
            (then, otherwise) if then == otherwise => then.to_string(),
            (then, otherwise) => format!("{then} or {otherwise}"),
        };
        let way = vec![
            name,
            it.meanwhile.to_string(),
            effects(it.effects),
            effects(it.way_back),
            end,
        ];
        let command = format!("`{operation}`");
        match rows.iter_mut().find(|(known, _)| *known == way) {
            Some((_, commands)) if commands.contains(&command) => {}
            Some((_, commands)) => commands.push(command),
            None => rows.push((way, vec![command])),
        }
    }
    let rows = rows.into_iter().map(|(mut way, commands)| {
        way.insert(1, commands.join(", "));
        row(&way)
    });
    rows.collect()
}

#[test]
fn page_for_users_says_the_same() {
    let source = include_str!("../../transition.rs");
    let lines = source.lines().map(|line| line.trim_start_matches("//!"));
    let page: String = lines.map(|line| format!("{}\n", line.trim())).collect();
    for table in [steps(), ways()] {
        assert!(
            page.contains(&table),
            "put this into src/transition.rs:\n{table}"
        );
    }
    let diagram = page.split("```").nth(1).expect("a diagram");
    for state in PluginState::ALL {
        assert!(diagram.contains(state.as_str()), "{state}");
    }
    for operation in OPERATIONS {
        assert!(diagram.contains(operation.as_str()), "{operation}");
    }
}
