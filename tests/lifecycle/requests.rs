//! Who is inside a plugin, and who is left of a generation.

use std::time::Duration;

use tower_plugin::{PluginManager, RequestPhase};

use crate::scenario::{Script, Scripted};

const SECOND: Duration = Duration::from_secs(1);

fn manager() -> PluginManager {
    let builder = PluginManager::builder().drain_timeout(10 * SECOND);
    builder.build().unwrap()
}

#[tokio::test(start_paused = true)]
async fn drain_reports_who_is_left_by_age_where_requests_are_tracked() {
    let manager = manager();
    let registration = manager.register("p", Scripted(Script::new()));
    let plugin = registration.track_requests().await.unwrap();
    let oldest = plugin.enter().unwrap();
    tokio::time::sleep(5 * SECOND).await;
    let leases: Vec<_> = (0..120).map(|_| plugin.enter().unwrap()).collect();

    let report = manager.reload("p").await.unwrap();
    assert_eq!(
        (
            report.drain.remaining,
            report.drain.remaining_by_phase.upgraded
        ),
        (121, 121)
    );
    let left = report.drain.remaining_requests.unwrap();
    assert_eq!(left.len(), 100, "no more than can be read");
    assert_eq!((left[0].age, left[1].age), (16 * SECOND, 11 * SECOND));
    assert!(
        left.iter()
            .all(|left| left.generation == 1 && left.is_cancelled)
    );

    let new = plugin.enter().unwrap();
    tokio::time::sleep(SECOND).await;
    let seen = plugin.requests(1000);
    assert_eq!((seen.total, seen.requests.len()), (122, 122));
    assert_eq!(seen.requests[0].age, 17 * SECOND);
    let newest = seen.requests.last().unwrap();
    assert_eq!((newest.generation, newest.is_cancelled), (2, false));
    assert_eq!(newest.phase, RequestPhase::Upgraded);
    drop((leases, oldest));
    assert_eq!(manager.requests("p", 9).unwrap().total, 1);
    drop(new);
    assert_eq!(manager.requests("p", 9).unwrap().total, 0);
    assert!(manager.requests("q", 9).unwrap_err().is_not_found());
}

#[tokio::test(start_paused = true)]
async fn drain_reports_how_far_who_is_left_had_got_where_they_are_not_tracked() {
    let manager = manager();
    let plugin = manager
        .register("p", Scripted(Script::new()))
        .await
        .unwrap();
    let _lease = plugin.enter().unwrap();
    assert!(!plugin.requests(9).tracking);
    let report = manager.reload("p").await.unwrap();
    assert_eq!(report.drain.remaining_by_phase.upgraded, 1);
    assert_eq!(report.drain.remaining_requests, None);
    assert_eq!(
        (plugin.requests(9).total, plugin.requests(9).requests.len()),
        (1, 0)
    );
}
