use tower_plugin_benches::Site;
use tower_plugin_benches::peers::{ALL, Peer};

use crate::report::Report;
use crate::rounds::{Spread, alone};
use crate::unary::index;

pub(crate) fn measure(report: &mut Report) {
    for (frames, rounds, requests) in [(10, 800, 300), (1000, 600, 5)] {
        let site = Site { pending: 0, frames };
        // Those with one frame behind those with many, to tell what each further frame costs.
        let around = |site| ALL.iter().map(move |peer| (peer.around)(site));
        let mut clients: Vec<_> = around(site).chain(around(Site::UNARY)).collect();
        let costs = alone(&mut clients, report.rounds(rounds), requests);
        report.costs(
            &format!("body of {frames} frames, one thread"),
            &ALL,
            &costs,
        );
        for (i, peer) in ALL.iter().enumerate().skip(index(&Peer::GATE)) {
            let Spread { low, median, high } = costs.over(i);
            let [low, median, high] = [low, median, high].map(|ns| ns / f64::from(frames));
            let row = format!(
                "body of {frames} frames: {}, the whole cost over bare a frame",
                peer.name
            );
            report.at_most(&row, Spread { low, median, high }, 2.0, " ns");
            let one = ALL.len();
            let further = costs.over_and_beyond([i, one + i], [0, one]);
            let further = Spread::of(further.map(|ns| ns / f64::from(frames - 1)));
            let name = peer.name;
            report.note(&format!(
                "{name}: each further frame {further} ns over bare (not judged)"
            ));
        }
    }
}
