//! What it costs to know which requests are inside, on one thread and on two.

use tower_plugin_benches::peers::Peer;

use crate::report::Report;
use crate::threads::sharing;

const PEERS: [Peer; 3] = [Peer::BARE, Peer::GATE, Peer::TRACKED];

pub(crate) fn measure(report: &mut Report) {
    let [alone, together] = sharing(&PEERS, report.rounds(150));
    report.costs("tracked requests, one thread (not judged)", &PEERS, &alone);
    report.costs(
        "tracked requests, two threads on one plugin (not judged)",
        &PEERS,
        &together,
    );
}
