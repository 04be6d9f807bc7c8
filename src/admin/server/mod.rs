//! A server for the admin service alone.

mod accept;
mod connection;
#[expect(
    clippy::module_inception,
    reason = "the folder is named for its main part"
)]
mod server;

pub use server::{Server, serve};
