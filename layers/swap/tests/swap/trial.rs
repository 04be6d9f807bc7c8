//! Two generations at once: each is wrapped once and serves its share.

use http::Request;
use tower::{Layer, ServiceExt};
use tower_plugin_gate::{Generation, PluginState, Share, Slot};
use tower_plugin_swap::{SwapLayer, SwapService};

use crate::support::{Numbered, Stamp, open, request, send, swap};

fn share(percent: u8) -> Share {
    Share::new(percent).unwrap()
}

#[tokio::test]
async fn service_gives_each_generation_its_share() {
    let (first, second) = (Numbered::new(1), Numbered::new(2));
    let slot = open(first.clone());
    let service = SwapService::new(&slot);
    let mut used = service.clone();
    send(&mut used).await;
    let trial = Generation::new(2, second.clone());
    assert!(slot.split(trial.clone(), share(30)));

    for _ in 0..100 {
        service.clone().oneshot(request()).await.unwrap();
    }
    assert_eq!((first.calls(), second.calls()), (71, 30));
    for _ in 0..100 {
        send(&mut used).await;
    }
    assert_eq!((first.calls(), second.calls()), (141, 60));

    slot.open(trial);
    for _ in 0..10 {
        send(&mut used).await;
    }
    assert_eq!(second.calls(), 70);
}

#[tokio::test]
async fn clone_that_is_ready_for_a_generation_stays_with_it_until_it_is_called() {
    let (first, second) = (Numbered::new(1), Numbered::new(2));
    let slot = open(first.clone());
    assert!(slot.split(Generation::new(2, second.clone()), share(50)));
    let mut service = SwapService::new(&slot);
    for _ in 0..10 {
        // However often it is asked before it is called.
        for _ in 0..3 {
            ServiceExt::<Request<()>>::ready(&mut service)
                .await
                .unwrap();
        }
        send(&mut service).await;
    }
    assert_eq!((first.calls(), second.calls()), (5, 5));
}

#[tokio::test]
async fn ready_clone_whose_generation_is_aborted_is_served_by_the_other() {
    let (first, second) = (Numbered::new(1), Numbered::new(2));
    let slot = open(first.clone());
    let stable = slot.generation().unwrap();
    assert!(slot.split(Generation::new(2, second.clone()), share(99)));
    let mut service = SwapService::new(&slot);
    let ready = ServiceExt::<Request<()>>::ready(&mut service)
        .await
        .unwrap();
    slot.open(stable);
    let response = tower::Service::call(ready, request()).await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!((first.calls(), second.calls()), (1, 0));
}

#[tokio::test]
async fn layer_wraps_once_for_each_generation_and_lets_go_when_the_trial_ends() {
    let (first, second) = (Stamp::new(1), Stamp::new(2));
    let slot = open(first.clone());
    let service = SwapLayer::new(&slot).layer(Numbered::new(0));
    let hundred = async || {
        for _ in 0..100 {
            service.clone().oneshot(request()).await.unwrap();
        }
    };
    hundred().await;
    let trial = Generation::new(2, second.clone());
    assert!(slot.split(trial.clone(), share(10)));
    hundred().await;
    assert_eq!((first.calls(), second.calls()), (190, 10));
    assert_eq!((first.wrapped(), second.wrapped()), (1, 1));
    assert_eq!((first.alive(), second.alive()), (1, 1));

    drop(slot.open(trial));
    assert_eq!((first.alive(), second.alive()), (0, 1));
    hundred().await;
    assert_eq!((second.calls(), second.wrapped()), (110, 1));
}

#[tokio::test]
async fn layer_keeps_what_a_generation_that_is_kept_warm_has_wrapped() {
    let (first, second) = (Stamp::new(1), Stamp::new(2));
    let slot = open(first.clone());
    let service = SwapLayer::new(&slot).layer(Numbered::new(0));
    let once = async || service.clone().oneshot(request()).await.unwrap();
    once().await;
    let warm = slot
        .open_keeping(Generation::new(2, second.clone()))
        .unwrap();
    once().await;
    slot.open(warm.clone());
    once().await;
    assert_eq!((first.calls(), second.calls()), (2, 1));
    assert_eq!(first.wrapped(), 1, "as it was");
    assert_eq!((first.alive(), second.alive()), (1, 0));

    let _ = slot.open_keeping(Generation::new(3, Stamp::new(3)));
    once().await;
    assert_eq!(first.alive(), 1);
    assert!(slot.retire(&warm, PluginState::Reloading));
    assert_eq!(first.alive(), 0);
}

#[tokio::test]
async fn nobody_is_rejected_while_trials_come_and_go() {
    let slot: Slot<Numbered> = open(Numbered::new(0));
    let service = SwapService::new(&slot);
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let requests = tokio::spawn(async move {
        let mut served = 0;
        while !*stopped.borrow() {
            let response = service.clone().oneshot(request()).await.unwrap();
            assert_eq!(response.status(), 200);
            served += 1;
            tokio::task::yield_now().await;
        }
        served
    });
    for round in 1..=200_u64 {
        let trial = Generation::new(round, Numbered::new(0));
        assert!(slot.split(trial.clone(), share(50)));
        tokio::task::yield_now().await;
        if round % 2 == 0 {
            slot.open(trial);
        } else {
            slot.open(slot.generation().unwrap());
        }
        tokio::task::yield_now().await;
    }
    stop.send(true).unwrap();
    assert!(requests.await.unwrap() > 200);
    swap(&slot, Numbered::new(1));
    slot.close(PluginState::Disabled);
}
