//! Sends requests through one service, for `.ci/instructions` to count what is executed: the
//! first argument says which, the second how many.
#![allow(clippy::print_stderr, reason = "a tool")]

use std::process::ExitCode;

use tower_layer::Layer;
use tower_plugin_benches::peers::{Peer, closed_slot, open_slot};
use tower_plugin_benches::{Client, Site, Work};
use tower_plugin_gate::PluginLayer;
use tower_plugin_swap::SwapService;

fn rejecting() -> Box<dyn Work> {
    let slot = closed_slot();
    let service = PluginLayer::new(&slot).layer(Site::UNARY);
    Box::new(Client::new(service, slot).with_headers())
}

/// What a rejection is compared with.
fn admitting() -> Box<dyn Work> {
    let slot = open_slot(());
    let service = PluginLayer::new(&slot).layer(Site::UNARY);
    Box::new(Client::new(service, slot).with_headers())
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [path, requests] = &arguments[..] else {
        eprintln!("usage: instructions <path> <requests>");
        return ExitCode::FAILURE;
    };
    let site = |pending, frames| Site { pending, frames };
    let (peer, site, cloning) = match path.as_str() {
        "bare" => (Peer::BARE, Site::UNARY, false),
        "in-flight-requests" => (Peer::IN_FLIGHT, Site::UNARY, false),
        "unary" => (Peer::GATE, Site::UNARY, false),
        "unary-cloned" => (Peer::GATE, Site::UNARY, true),
        "unary-swapped" => (Peer::SWAP_SERVICE, Site::UNARY, false),
        "unary-layered" => (Peer::SWAP_LAYER, Site::UNARY, false),
        "pending-once" => (Peer::GATE, site(1, 1), false),
        "pending-ten-times" => (Peer::GATE, site(10, 1), false),
        "bare-frames" => (Peer::BARE, site(0, 1000), false),
        "frames" => (Peer::GATE, site(0, 1000), false),
        "bare-with-headers" => (Peer::BARE, Site::UNARY, false),
        "unary-with-headers" => (Peer::GATE, Site::UNARY, false),
        "swapped-with-headers" => (Peer::SWAP_SERVICE, Site::UNARY, false),
        "swapped-cloned" => (Peer::SWAP_SERVICE, Site::UNARY, true),
        "swapped-pending-once" => (Peer::SWAP_SERVICE, site(1, 1), false),
        "swapped-pending-ten-times" => (Peer::SWAP_SERVICE, site(10, 1), false),
        "rejected" => (Peer::GATE, Site::UNARY, false),
        _ => {
            eprintln!("there is no path `{path}`");
            return ExitCode::FAILURE;
        }
    };
    let mut client = match path.as_str() {
        "bare-with-headers" => Box::new(Client::new(Site::UNARY, ()).with_headers()),
        "unary-with-headers" => admitting(),
        "rejected" => rejecting(),
        "swapped-with-headers" => {
            let slot = open_slot(site);
            Box::new(Client::new(SwapService::new(&slot), slot).with_headers())
        }
        _ => (peer.around)(site),
    };
    let Ok(requests) = requests.parse() else {
        eprintln!("`{requests}` is no number");
        return ExitCode::FAILURE;
    };
    if cloning {
        client.run_cloning(requests);
    } else {
        client.run(requests);
    }
    ExitCode::SUCCESS
}
