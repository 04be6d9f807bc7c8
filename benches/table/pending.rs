use tower_plugin_benches::Site;
use tower_plugin_benches::peers::{ALL, Peer};

use crate::report::Report;
use crate::rounds::alone;
use crate::unary::index;

pub(crate) fn measure(report: &mut Report) {
    for (pending, times, limit) in [(1, "once", 0.5), (10, "ten times", 0.25)] {
        let site = Site { pending, frames: 1 };
        let mut clients: Vec<_> = ALL.iter().map(|peer| (peer.around)(site)).collect();
        let costs = alone(&mut clients, report.rounds(800), 300);
        report.costs(
            &format!("inner future pending {times}, one thread"),
            &ALL,
            &costs,
        );
        for (i, peer) in ALL.iter().enumerate().skip(index(&Peer::GATE)) {
            let row = format!(
                "pending {times}: {}, x written by hand over bare",
                peer.name
            );
            report.at_most(&row, costs.ratio(i, index(&Peer::BY_HAND)), limit, "");
        }
    }
}
