use std::convert::Infallible;

use allocation_counter::measure as count;
use http::{Request, Response};
use tower_layer::Layer;
use tower_plugin_benches::peers::{Peer, closed_slot, open_slot};
use tower_plugin_benches::{Client, Frames, Site, Work};
use tower_plugin_gate::PluginLayer;
use tower_service::Service;

use crate::report::Report;
use crate::rounds::{alone, alone_cloning};

fn rejecting() -> Box<dyn Work> {
    let slot = closed_slot();
    Box::new(Client::new(
        PluginLayer::new(&slot).layer(Site::UNARY),
        slot,
    ))
}

pub(crate) fn measure(report: &mut Report) {
    let slot = open_slot(());
    let like = PluginLayer::new(&slot).layer(tower::service_fn(like_a_rejection));
    let mut clients = [
        (Peer::BARE.around)(Site::UNARY),
        (Peer::GATE.around)(Site::UNARY),
        rejecting(),
        Box::new(Client::new(like, ())),
    ];
    let rounds = report.rounds(1500);
    let costs = alone(&mut clients, rounds, 500);
    report.note(&format!(
        "## rejected, one thread\n\nbare {} ns, admitted {} ns, rejected {} ns",
        costs.of(0),
        costs.of(1),
        costs.of(2)
    ));
    report.note(&format!(
        "admitted to a service that sets the two headers of a rejection: {} ns, so rejected is {} x that (not judged)",
        costs.of(3),
        costs.whole_ratio(2, 3)
    ));
    report.at_most(
        "rejected while closed, x admitted to a trivial service",
        costs.whole_ratio(2, 1),
        1.0,
        "",
    );
    let costs = alone_cloning(&mut clients, rounds, 500);
    report.note(&format!(
        "with a clone for each request: admitted {} ns, rejected {} ns",
        costs.of(1),
        costs.of(2)
    ));
    let [_, _, rejecting, _] = &mut clients;
    assert_eq!(rejecting.run(10), 10, "all are turned away");
    let counted = count(|| assert_eq!(rejecting.run(1000), 1000));
    let head = count(|| drop(plain_head()));
    let beyond = counted.count_total as f64 / 1000.0 - head.count_total as f64;
    report.judge(
        "rejected while closed, allocations beyond the answer's own",
        &format!(
            "{beyond} ({} in all, {} B; {} are the header map's)",
            counted.count_total as f64 / 1000.0,
            counted.bytes_total / 1000,
            head.count_total,
        ),
        "0",
        beyond <= 0.0,
    );
}

async fn like_a_rejection(request: Request<()>) -> Result<Response<Frames>, Infallible> {
    let mut site = Site::UNARY;
    let mut response = site.call(request).await?;
    *response.headers_mut() = plain_head();
    Ok(response)
}

/// The head of a rejection, as short as `http` lets one make it.
fn plain_head() -> http::HeaderMap {
    use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
    let mut head = HeaderMap::new();
    head.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    head.insert(RETRY_AFTER, HeaderValue::from_static("1"));
    head
}
