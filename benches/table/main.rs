//! Prints the table of `README.md`, every row in the same run.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark")]

mod allocations;
mod cancel;
mod drained;
mod frames;
mod lifecycle;
mod loopback;
mod pending;
mod rejected;
mod report;
mod rounds;
mod storm;
mod threads;
mod tracked;
mod unary;

use report::Report;

type Row = (&'static str, fn(&mut Report));

fn main() {
    // `cargo test --benches` only looks whether everything runs.
    let full = std::env::args().any(|argument| argument == "--bench");
    let only = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with('-'));
    let mut report = Report::new(full);
    let rows: [Row; 12] = [
        ("unary", unary::measure),
        ("threads", threads::measure),
        ("pending", pending::measure),
        ("frames", frames::measure),
        ("rejected", rejected::measure),
        ("allocations", allocations::measure),
        ("drained", drained::measure),
        ("cancel", cancel::measure),
        ("storm", storm::measure),
        ("loopback", loopback::measure),
        ("tracked", tracked::measure),
        ("lifecycle", lifecycle::measure),
    ];
    for (name, measure) in rows {
        if only.as_ref().is_none_or(|only| only == name) {
            measure(&mut report);
        }
    }
    report.print();
}
