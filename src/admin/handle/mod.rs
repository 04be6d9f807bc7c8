//! What a request comes to once the guards have let it through.

mod audit;
mod change;
mod config;
mod group;
mod handler;
mod history;
mod operation;
mod precondition;
mod probe;
mod read;

pub(super) use handler::Handler;
