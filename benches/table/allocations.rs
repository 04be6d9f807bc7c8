use allocation_counter::measure as count;
use tower_plugin_benches::Site;
use tower_plugin_benches::peers::{ALL, Peer};

use crate::report::Report;
use crate::unary::index;

const REQUESTS: u32 = 1000;

pub(crate) fn measure(report: &mut Report) {
    let site = |pending, frames| Site { pending, frames };
    let workloads = [
        ("unary", Site::UNARY, false),
        ("unary, cloned", Site::UNARY, true),
        ("pending once", site(1, 1), false),
        ("pending ten times", site(10, 1), false),
        ("10 frames", site(0, 10), false),
        ("1,000 frames", site(0, 1000), false),
    ];
    println!("## heap allocations a request\n");
    println!("| | {} |", workloads.map(|(name, ..)| name).join(" | "));
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    let mut ours = 0;
    for (i, peer) in ALL.iter().enumerate() {
        let counts = workloads.map(|(_, site, cloning)| {
            let mut client = (peer.around)(site);
            let mut run = |requests| {
                if cloning {
                    client.run_cloning(requests)
                } else {
                    client.run(requests)
                }
            };
            run(10);
            let counted = count(|| assert_eq!(run(REQUESTS), 0)).count_total;
            if i >= index(&Peer::GATE) {
                ours += counted;
            }
            format!("{}", counted as f64 / f64::from(REQUESTS))
        });
        println!("| {} | {} |", peer.name, counts.join(" | "));
    }
    println!();
    report.judge(
        "heap allocations an admitted request, all workloads of ours",
        &ours.to_string(),
        "0",
        ours == 0,
    );
}
