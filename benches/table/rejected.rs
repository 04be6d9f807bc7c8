use allocation_counter::measure as count;
use tower_layer::Layer;
use tower_plugin_benches::peers::{closed_slot, open_slot};
use tower_plugin_benches::{Client, Site, Work};
use tower_plugin_gate::PluginLayer;

use crate::report::Report;
use crate::rounds::{alone, alone_cloning};

fn admitting() -> Box<dyn Work> {
    let slot = open_slot(());
    let service = PluginLayer::new(&slot).layer(Site::UNARY);
    Box::new(Client::new(service, slot).with_headers())
}

fn rejecting() -> Box<dyn Work> {
    let slot = closed_slot();
    let service = PluginLayer::new(&slot).layer(Site::UNARY);
    Box::new(Client::new(service, slot).with_headers())
}

/// The same requests to the bare service: what they cost by themselves.
fn bare() -> Box<dyn Work> {
    Box::new(Client::new(Site::UNARY, ()).with_headers())
}

pub(crate) fn measure(report: &mut Report) {
    let mut clients = [bare(), admitting(), rejecting()];
    let rounds = report.rounds(1500);
    let costs = alone(&mut clients, rounds, 300);
    report.note(&format!(
        "## rejected, one thread, requests with four headers\n\nbare {} ns, admitted {} ns, rejected {} ns",
        costs.of(0),
        costs.of(1),
        costs.of(2)
    ));
    report.at_most(
        "rejected while closed, x admitted to a trivial service",
        costs.whole_ratio(2, 1),
        1.0,
        "",
    );
    let costs = alone_cloning(&mut clients, rounds, 300);
    report.note(&format!(
        "with a clone for each request: admitted {} ns, rejected {} ns",
        costs.of(1),
        costs.of(2)
    ));
    let [bare, _, rejecting] = &mut clients;
    assert_eq!(rejecting.run(10), 10, "all are turned away");
    let counted = count(|| assert_eq!(rejecting.run(1000), 1000));
    let sending = count(|| assert_eq!(bare.run(1000), 0));
    let [counted, sending] = [counted, sending].map(|it| it.count_total as f64 / 1000.0);
    report.judge(
        "rejected while closed, allocations, the shared body included",
        &format!(
            "{} (the client makes {sending} for a request)",
            counted - sending
        ),
        "0",
        counted <= sending,
    );
}
