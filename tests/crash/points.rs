use std::collections::BTreeSet;

use super::scene::Scene;
use super::writer::{CHANGES, HOOK};

/// What the library dies at, in the order in which a change passes it.
const POINTS: [&str; 10] = [
    "validated",
    "version-written",
    "prepared",
    "swapped",
    "committing",
    "renamed",
    "synced",
    "recorded",
    "pruned",
    "committed",
];

const HOOKS: [&str; 3] = ["start", "check", "stop"];

#[tokio::test]
async fn kill_at_any_step_leaves_the_config_before_or_the_one_after() {
    for strategy in ["recreate", "replace"] {
        let mut died_at = BTreeSet::new();
        let points = POINTS.map(|point| (point, "TOWER_PLUGIN_DIE_AT"));
        for (point, how) in points.into_iter().chain(HOOKS.map(|hook| (hook, HOOK))) {
            let mut scene = Scene::new(strategy);
            for time in 1..=8 {
                let at = format!("{point}:{time}");
                let writer = scene.writer(&[(how, &at), (CHANGES, "7")]);
                if scene.ended(writer) {
                    died_at.insert(point);
                }
                if time % 2 == 0 {
                    scene.check().await;
                }
            }
            scene.end().await;
        }
        let all: BTreeSet<_> = POINTS.into_iter().chain(HOOKS).collect();
        assert_eq!(died_at, all, "{strategy}");
    }
}
