//! Two threads on one plugin. A sample counts only if both ran side by side: on a busy machine
//! they take turns otherwise, and sharing costs nothing. The control is the same work with a
//! plugin for each thread.

use std::hint::spin_loop;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Instant;

use tower_plugin_benches::peers::{ALL, Peer};
use tower_plugin_benches::{Site, Work};

use crate::report::Report;
use crate::rounds::{Costs, order, time};
use crate::unary::index;

const REQUESTS: u32 = 3000;
/// Samples that are thrown away before one is taken as it is.
const ATTEMPTS: usize = 60;

type Job = (Box<dyn Work>, usize);
type Done = (Box<dyn Work>, Instant, Instant);

struct Second {
    jobs: Sender<Job>,
    done: Receiver<Done>,
    at_start: Arc<AtomicUsize>,
    turn: usize,
    taken: usize,
    tried: usize,
}

/// Both come here twice a turn, and leave together.
fn meet(at_start: &AtomicUsize, turn: usize) {
    at_start.fetch_add(1, Ordering::SeqCst);
    let mut spins = 0_u32;
    while at_start.load(Ordering::SeqCst) < 2 * turn {
        spins += 1;
        if spins.is_multiple_of(20_000) {
            thread::yield_now();
        }
        spin_loop();
    }
}

fn run(work: &mut dyn Work) -> (Instant, Instant) {
    work.run(REQUESTS / 10);
    let start = Instant::now();
    work.run(REQUESTS);
    (start, Instant::now())
}

impl Second {
    fn new() -> Self {
        let at_start = Arc::new(AtomicUsize::new(0));
        let (jobs, incoming) = channel::<Job>();
        let (outgoing, done) = channel();
        let shared = Arc::clone(&at_start);
        thread::spawn(move || {
            for (mut work, turn) in incoming {
                meet(&shared, turn);
                let (start, end) = run(&mut *work);
                if outgoing.send((work, start, end)).is_err() {
                    return;
                }
            }
        });
        Self {
            jobs,
            done,
            at_start,
            turn: 0,
            taken: 0,
            tried: 0,
        }
    }

    /// ns a request of each, run side by side.
    fn together(&mut self, pair: &mut Pair) -> f64 {
        self.taken += 1;
        let mut best = (0.0, f64::NAN);
        for _ in 0..ATTEMPTS {
            self.tried += 1;
            self.turn += 1;
            let second = pair.second.take().unwrap();
            self.jobs.send((second, self.turn)).unwrap();
            meet(&self.at_start, self.turn);
            let (start, end) = run(&mut *pair.first);
            let (second, second_start, second_end) = self.done.recv().unwrap();
            pair.second = Some(second);
            let durations = [end - start, second_end - second_start].map(|d| d.as_secs_f64());
            let both = end
                .min(second_end)
                .saturating_duration_since(start.max(second_start));
            let overlap = both.as_secs_f64() / durations[0].max(durations[1]);
            let cost = (durations[0] + durations[1]) / 2.0 * 1e9 / f64::from(REQUESTS);
            if overlap > best.0 {
                best = (overlap, cost);
            }
            if overlap > 0.9 {
                break;
            }
        }
        best.1
    }
}

struct Pair {
    first: Box<dyn Work>,
    second: Option<Box<dyn Work>>,
}

/// What each peer costs one thread, and two that share a plugin.
pub(crate) fn sharing(peers: &[Peer], rounds: usize) -> [Costs; 2] {
    let mut second = Second::new();
    let mut pairs: Vec<Pair> = peers
        .iter()
        .map(|peer| {
            let first = (peer.around)(Site::UNARY);
            let second = Some(first.fork());
            Pair { first, second }
        })
        .collect();
    let mut costs = [(); 2].map(|()| Costs(vec![Vec::new(); peers.len()]));
    for round in 0..rounds {
        for i in order(peers.len(), round) {
            costs[0].0[i].push(time(REQUESTS, |n| pairs[i].first.run(n)).0);
            costs[1].0[i].push(second.together(&mut pairs[i]));
        }
    }
    costs
}

pub(crate) fn measure(report: &mut Report) {
    let mut second = Second::new();
    let mut shared: Vec<Pair> = ALL
        .iter()
        .map(|peer| {
            let first = (peer.around)(Site::UNARY);
            let second = Some(first.fork());
            Pair { first, second }
        })
        .collect();
    let mut private: Vec<Pair> = ALL
        .iter()
        .map(|peer| Pair {
            first: (peer.around)(Site::UNARY),
            second: Some((peer.around)(Site::UNARY)),
        })
        .collect();
    let mut costs: [Costs; 3] = std::array::from_fn(|_| Costs(vec![Vec::new(); ALL.len()]));
    for round in 0..report.rounds(60) {
        for i in order(ALL.len(), round) {
            costs[0].0[i].push(time(REQUESTS, |n| shared[i].first.run(n)).0);
            costs[1].0[i].push(second.together(&mut shared[i]));
            costs[2].0[i].push(second.together(&mut private[i]));
        }
    }
    let [alone, together, control] = costs;
    report.costs("unary, two threads on one plugin", &ALL, &together);
    report.costs(
        "the control: unary, two threads, a plugin for each",
        &ALL,
        &control,
    );
    report.note(&format!(
        "{} samples out of {} tries in which both threads ran side by side",
        second.taken, second.tried
    ));
    let bare = index(&Peer::BARE);
    report.note(&format!(
        "bare: two threads cost {:.2} x one thread: what the machine itself takes",
        together.of(bare).median / alone.of(bare).median
    ));
    for (i, peer) in ALL.iter().enumerate().skip(index(&Peer::GATE)) {
        let row = format!(
            "unary, two threads: {}, x InFlightRequests over bare",
            peer.name
        );
        report.at_most(&row, together.ratio(i, index(&Peer::IN_FLIGHT)), 0.35, "");
        let to_alone = |costs: &Costs| {
            Costs(vec![zero(&alone, bare), over(&alone, i), over(costs, i)]).whole_ratio(2, 1)
        };
        report.note(&format!(
            "control, two threads with a plugin each: {} x one thread's cost over bare",
            to_alone(&control)
        ));
        let row = format!(
            "unary, two threads: {}, x its own one-thread cost over bare",
            peer.name
        );
        report.at_most(&row, to_alone(&together), 1.3, "");
    }
}

fn zero(costs: &Costs, i: usize) -> Vec<f64> {
    vec![0.0; costs.0[i].len()]
}

fn over(costs: &Costs, i: usize) -> Vec<f64> {
    costs.0[i]
        .iter()
        .zip(&costs.0[0])
        .map(|(cost, bare)| cost - bare)
        .collect()
}
