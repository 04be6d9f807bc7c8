use tower_plugin_benches::Site;
use tower_plugin_benches::peers::{ALL, Peer};

use crate::report::Report;
use crate::rounds::{alone, alone_cloning};

const REQUESTS: u32 = 500;

pub(crate) fn measure(report: &mut Report) {
    let mut clients: Vec<_> = ALL.iter().map(|peer| (peer.around)(Site::UNARY)).collect();
    let costs = alone(&mut clients, report.rounds(1500), REQUESTS);
    report.costs("unary, one thread", &ALL, &costs);
    for (i, peer) in ALL.iter().enumerate().skip(index(&Peer::GATE)) {
        let row = format!(
            "unary, one thread: {}, x InFlightRequests over bare",
            peer.name
        );
        report.at_most(&row, costs.ratio(i, index(&Peer::IN_FLIGHT)), 1.0, "");
    }
    let costs = alone_cloning(&mut clients, report.rounds(600), REQUESTS);
    report.costs(
        "unary, one thread, a clone of the service for each request (not judged)",
        &ALL,
        &costs,
    );
}

/// Place of a peer in the list of all.
pub(crate) fn index(peer: &Peer) -> usize {
    ALL.iter().position(|one| one.name == peer.name).unwrap()
}
