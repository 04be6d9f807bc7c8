use std::time::Instant;

use tower_plugin_benches::peers::{Does, Peer};

use crate::rounds::{Costs, Spread};

/// The table, row by row.
pub(crate) struct Report {
    full: bool,
    since: Instant,
    verdicts: Vec<[String; 4]>,
}

impl Report {
    pub(crate) fn new(full: bool) -> Self {
        println!("# Costs over the bare service, in ns a request: median [quartiles]\n");
        Self {
            full,
            since: Instant::now(),
            verdicts: Vec::new(),
        }
    }

    /// How many of `full` rounds to make.
    pub(crate) fn rounds(&self, full: usize) -> usize {
        if self.full { full } else { full.min(2) }
    }

    /// Prints what each peer costs in one workload.
    pub(crate) fn costs(&self, workload: &str, peers: &[Peer], costs: &Costs) {
        println!("## {workload}\n");
        println!("| | gate | body end | cancel | swap | ns | over bare | x InFlightRequests |");
        println!("| --- | --- | --- | --- | --- | --- | --- | --- |");
        for (i, peer) in peers.iter().enumerate() {
            let Does {
                gate,
                body,
                cancel,
                swap,
            } = peer.does;
            let [gate, body, cancel, swap] =
                [gate, body, cancel, swap].map(|does| if does { "yes" } else { "-" });
            let (over, ratio) = if i == 0 {
                (String::new(), String::new())
            } else {
                (costs.over(i).to_string(), costs.ratio(i, 1).to_string())
            };
            println!(
                "| {} | {gate} | {body} | {cancel} | {swap} | {:.1} | {over} | {ratio} |",
                peer.name,
                costs.of(i).median,
            );
        }
        println!();
    }

    pub(crate) fn note(&self, note: &str) {
        println!("{note}\n");
    }

    /// A row of the table, judged by its median.
    pub(crate) fn at_most(&mut self, row: &str, measured: Spread, limit: f64, unit: &str) {
        self.judge(
            row,
            &format!("{measured}{unit}"),
            &format!("at most {limit}{unit}"),
            measured.median <= limit,
        );
    }

    pub(crate) fn at_least(&mut self, row: &str, measured: Spread, limit: f64, unit: &str) {
        self.judge(
            row,
            &format!("{measured}{unit}"),
            &format!("at least {limit}{unit}"),
            measured.median >= limit,
        );
    }

    pub(crate) fn judge(&mut self, row: &str, measured: &str, must: &str, holds: bool) {
        let verdict = if holds { "PASS" } else { "FAIL" };
        println!("{verdict}: {row}: {measured} ({must})\n");
        self.verdicts
            .push([row, measured, must, verdict].map(str::to_owned));
    }

    pub(crate) fn print(&self) {
        println!("# Must reach\n");
        println!("| row | measured | must reach | |\n| --- | --- | --- | --- |");
        for row in &self.verdicts {
            println!("| {} |", row.join(" | "));
        }
        println!("\n{:.0} s in all", self.since.elapsed().as_secs_f64());
    }
}
