//! A thousand swaps a second under load, against the same load without, in turns.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tower::layer::util::Identity;
use tower_layer::Layer;
use tower_plugin_benches::peers::open_slot;
use tower_plugin_benches::{Client, Site, Work};
use tower_plugin_gate::{Generation, Slot};
use tower_plugin_swap::{SwapLayer, SwapService};

use crate::report::Report;
use crate::rounds::Spread;

const SEGMENT: Duration = Duration::from_millis(100);
const BETWEEN: Duration = Duration::from_millis(1);

struct Storm {
    ratio: Spread,
    rejected: u64,
    swaps: f64,
}

/// Swaps on schedule until the time is over; those that come late are caught up with.
fn swap<T: Clone + Send + Sync + 'static>(slot: &Slot<T>, instance: &T, number: &AtomicU64) {
    let start = Instant::now();
    for due in 1.. {
        let due = BETWEEN * due;
        if due > SEGMENT {
            return;
        }
        thread::sleep(due.saturating_sub(start.elapsed()));
        let number = number.fetch_add(1, Ordering::Relaxed) + 1;
        drop(slot.open(Generation::new(number, instance.clone())));
    }
}

fn storm<T: Clone + Send + Sync + 'static>(
    rounds: usize,
    slot: &Slot<T>,
    instance: &T,
    client: &dyn Work,
) -> Storm {
    let number = AtomicU64::new(1);
    let mut rejected = 0;
    let mut segment = |stormy: bool| {
        let over = AtomicBool::new(false);
        thread::scope(|scope| {
            let load = || {
                let mut client = client.fork();
                let over = &over;
                scope.spawn(move || {
                    let (mut sent, mut rejected) = (0_u64, 0_u64);
                    while !over.load(Ordering::Relaxed) {
                        rejected += u64::from(client.run(200));
                        sent += 200;
                    }
                    (sent, rejected)
                })
            };
            let threads = [load(), load()];
            let start = Instant::now();
            if stormy {
                swap(slot, instance, &number);
            }
            thread::sleep(SEGMENT.saturating_sub(start.elapsed()));
            over.store(true, Ordering::Relaxed);
            let counts = threads.map(|thread| thread.join().unwrap());
            let took = start.elapsed().as_secs_f64();
            rejected += counts[0].1 + counts[1].1;
            (counts[0].0 + counts[1].0) as f64 / took
        })
    };
    let ratios: Vec<f64> = (0..rounds)
        .map(|round| {
            let mut rates = [0.0; 2];
            for stormy in if round % 2 == 0 { [0, 1] } else { [1, 0] } {
                rates[stormy] = segment(stormy == 1);
            }
            rates[1] / rates[0]
        })
        .collect();
    Storm {
        ratio: Spread::of(ratios),
        rejected,
        swaps: (number.into_inner() - 1) as f64 / (rounds as f64 * SEGMENT.as_secs_f64()),
    }
}

pub(crate) fn measure(report: &mut Report) {
    let rounds = report.rounds(50);
    let slot = open_slot(Site::UNARY);
    let client = Client::new(SwapService::new(&slot), ());
    let service = storm(rounds, &slot, &Site::UNARY, &client);
    let slot = open_slot(Identity::new());
    let client = Client::new(SwapLayer::new(&slot).layer(Site::UNARY), ());
    let layer = storm(rounds, &slot, &Identity::new(), &client);
    for (
        name,
        Storm {
            ratio,
            rejected,
            swaps,
        },
    ) in [("SwapService", service), ("SwapLayer", layer)]
    {
        report.judge(
            &format!("swap storm, {name}: rejections"),
            &format!("{rejected} in {swaps:.0} swaps a second"),
            "0",
            rejected == 0,
        );
        report.at_least(
            &format!("swap storm, {name}: throughput, x that without swaps"),
            ratio,
            0.95,
            "",
        );
    }
}
