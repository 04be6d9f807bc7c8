use std::time::Duration;

use http::Request;
use tokio::time::advance;

use super::requests::{assert_gone, only, open, requests};
use crate::{Generation, Holder, PluginState, RequestPhase, Share, Slot};

fn admit(slot: &Slot<()>, path: &str) -> Holder {
    let lease = slot.enter().expect("the slot is open");
    lease.admit(&mut Request::get(path).body(()).unwrap())
}

fn paths(slot: &Slot<()>, limit: usize) -> (Vec<String>, usize) {
    let seen = slot.requests(limit).expect("they are tracked");
    let paths = seen.requests.into_iter().filter_map(|request| request.path);
    (paths.collect(), seen.total)
}

#[tokio::test(start_paused = true)]
async fn oldest_are_told_first_and_how_many_there_are() {
    let slot = open();
    let mut inside = Vec::new();
    for path in ["/a", "/b", "/c"] {
        inside.push(admit(&slot, path));
        advance(Duration::from_secs(1)).await;
    }
    let ages: Vec<_> = requests(&slot)
        .iter()
        .map(|seen| seen.age.as_secs())
        .collect();
    assert_eq!(ages, [3, 2, 1]);
    let all = |paths: &[&str]| {
        paths
            .iter()
            .map(|path| (*path).to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(paths(&slot, 9), (all(&["/a", "/b", "/c"]), 3));
    assert_eq!(paths(&slot, 2), (all(&["/a", "/b"]), 3));
    assert_eq!(paths(&slot, 0), (all(&[]), 3));
    drop(inside.remove(1));
    assert_eq!(paths(&slot, 9), (all(&["/a", "/c"]), 2));
    inside.push(admit(&slot, "/d"));
    assert_eq!(paths(&slot, 9), (all(&["/a", "/c", "/d"]), 3));
}

#[test]
fn those_of_other_threads_are_sorted_in_by_their_age() {
    let slot = open();
    let mut inside = Vec::new();
    for path in ["/a", "/b", "/c", "/d", "/e", "/f"] {
        let slot = slot.clone();
        let thread = std::thread::spawn(move || admit(&slot, path));
        inside.push(thread.join().expect("nobody panics"));
    }
    let (seen, total) = paths(&slot, 4);
    assert_eq!((seen.join(""), total), ("/a/b/c/d".to_owned(), 6));
    let mut ids: Vec<_> = requests(&slot).iter().map(|request| request.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 6);
}

#[tokio::test(start_paused = true)]
async fn those_of_generations_before_and_on_trial_are_among_them() {
    let slot = open();
    let leftover = admit(&slot, "/old");
    advance(Duration::from_secs(60)).await;
    let old = slot
        .open(Generation::new(2, ()))
        .expect("the first generation");
    old.gate().cancel();
    let share = Share::new(99).expect("a part");
    assert!(slot.split(Generation::new(3, ()), share));
    let inside = [(); 3].map(|()| admit(&slot, "/new"));
    let seen = requests(&slot);
    let oldest = &seen[0];
    assert_eq!(oldest.path.as_deref(), Some("/old"));
    assert_eq!((oldest.generation, oldest.is_cancelled), (1, true));
    assert_eq!(oldest.age, Duration::from_secs(60));
    assert!(
        seen[1..]
            .iter()
            .all(|new| new.generation > 1 && !new.is_cancelled)
    );
    assert!(seen.iter().any(|new| new.generation == 3));
    assert_eq!(old.gate().requests(9).expect("tracked").total, 1);
    drop((leftover, inside));
    slot.close(PluginState::Disabled);
    assert_gone(&slot);
}

#[test]
fn lease_without_a_request_is_work_beyond_any() {
    let slot = open();
    let lease = slot.enter().expect("the slot is open");
    let clone = lease.clone();
    assert_eq!(only(&slot), (None, None, RequestPhase::Upgraded));
    drop(lease);
    assert_eq!(only(&slot), (None, None, RequestPhase::Upgraded));
    clone.complete();
    assert_gone(&slot);
}

#[test]
fn permit_is_listed_and_a_second_one_by_itself() {
    let slot = open();
    let gate = slot.generation().expect("it is open").gate().clone();
    let permit = gate.enter().expect("it is open");
    assert_eq!(only(&slot), (None, None, RequestPhase::Head));
    let second = permit.clone();
    assert_eq!(requests(&slot).len(), 2);
    permit.complete();
    second.fail();
    assert_gone(&slot);
}

#[test]
fn nobody_is_listed_where_requests_are_not_tracked() {
    let slot = Slot::new("geo", PluginState::Loading);
    slot.open(Generation::new(1, ()));
    let _inside = admit(&slot, "/a");
    assert_eq!(slot.requests(9), None);
    let gate = slot.generation().expect("it is open").gate().clone();
    assert_eq!(gate.requests(9), None);
    assert_eq!(slot.phases().total(), 1);
}
