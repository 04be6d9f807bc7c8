use std::collections::BTreeMap;

use tower_plugin::{Event, EventKind};

/// Those who were inside at the close are accounted for: every drain that began ends, and its
/// numbers add up.
#[derive(Debug, Default)]
pub struct Drains(BTreeMap<String, usize>);

impl Drains {
    pub fn hear(&mut self, event: &Event) {
        let numbers = || {
            let words = event.message.split(' ');
            words.filter_map(|word| word.parse::<usize>().ok())
        };
        let plugin = &event.plugin;
        match event.kind {
            EventKind::DrainStarted => {
                let inside = numbers().next_back().unwrap();
                let other = self.0.insert(plugin.clone(), inside);
                assert_eq!(other, None, "two drains at once");
            }
            EventKind::DrainFinished | EventKind::DrainTimedOut => {
                let inside = self.0.remove(plugin);
                assert_eq!(inside, Some(numbers().sum()), "{}", event.message);
            }
            EventKind::StreamReset => panic!("more events than are kept"),
            _ => {}
        }
    }

    pub fn all_have_ended(&self) {
        assert!(self.0.is_empty(), "a drain has not ended");
    }
}
