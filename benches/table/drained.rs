//! From the last exit until whoever awaits `drained()` runs. The control is tokio's own oneshot
//! channel, which is woken in the same way at the same time.

use std::future::Future;
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use tower_plugin_gate::Gate;

use crate::report::Report;
use crate::rounds::quantile;

fn runtime() -> Runtime {
    Builder::new_current_thread().build().unwrap()
}

type Woken = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

/// A thread that says when each of the futures it is given was done.
fn waiter(answers: Sender<Instant>) -> Sender<Woken> {
    let (futures, incoming) = channel::<Woken>();
    thread::spawn(move || {
        let runtime = runtime();
        for future in incoming {
            runtime.block_on(future);
            let _ = answers.send(Instant::now());
        }
    });
    futures
}

struct Across {
    futures: Sender<Woken>,
    answers: std::sync::mpsc::Receiver<Instant>,
}

impl Across {
    fn measure(
        &self,
        woken: impl Future<Output = ()> + Send + 'static,
        wake: impl FnOnce(),
    ) -> f64 {
        self.futures.send(Box::pin(woken)).unwrap();
        // Long enough that the thread has parked.
        thread::sleep(Duration::from_micros(300));
        let start = Instant::now();
        wake();
        self.answers
            .recv()
            .unwrap()
            .duration_since(start)
            .as_secs_f64()
            * 1e6
    }
}

/// From the exit until another task of the same runtime goes on.
async fn within() -> f64 {
    let gate = Gate::new();
    let permit = gate.enter().unwrap();
    gate.close();
    let drained = tokio::spawn({
        let drained = gate.drained();
        async move {
            drained.await;
            Instant::now()
        }
    });
    tokio::task::yield_now().await;
    let start = Instant::now();
    drop(permit);
    drained.await.unwrap().duration_since(start).as_secs_f64() * 1e6
}

pub(crate) fn measure(report: &mut Report) {
    let (answers, receiver) = channel();
    let across = Across {
        futures: waiter(answers),
        answers: receiver,
    };
    let (mut ours, mut control) = (Vec::new(), Vec::new());
    for _ in 0..report.rounds(3000) {
        let gate = Gate::new();
        let permit = gate.enter().unwrap();
        gate.close();
        ours.push(across.measure(gate.drained(), move || drop(permit)));
        let (sender, receiver) = oneshot::channel();
        let woken = async { receiver.await.unwrap() };
        control.push(across.measure(woken, move || sender.send(()).unwrap()));
    }
    let within = (0..report.rounds(20_000)).map({
        let runtime = runtime();
        move |_| runtime.block_on(within())
    });
    let mut within: Vec<f64> = within.collect();
    for values in [&mut ours, &mut control, &mut within] {
        values.sort_by(f64::total_cmp);
    }
    let show = |values: &[f64]| {
        let [p50, p99, p999] = [0.5, 0.99, 0.999].map(|share| quantile(values, share));
        format!("p50 {p50:.2}, p99 {p99:.2}, p99.9 {p999:.2} us")
    };
    report.note(&format!(
        "## drained() after the last exit\n\ncontrol, tokio's oneshot to a parked thread: {}",
        show(&control)
    ));
    let holds = quantile(&within, 0.99) <= 50.0;
    report.judge(
        "drained() wakes a task of the same runtime, p99",
        &show(&within),
        "at most 50 us",
        holds,
    );
    let holds = quantile(&ours, 0.99) <= 50.0;
    report.judge(
        "drained() wakes a parked thread, p99",
        &show(&ours),
        "at most 50 us",
        holds,
    );
}
