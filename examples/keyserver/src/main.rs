//! Starts the key server; see the library of this name for what it is made of.

use std::{
    io::{self, IsTerminal},
    process::ExitCode,
};

use keyserver::{cli::Args, serve};
use tokio::runtime::Runtime;
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let args = Args::read();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .init();
    let served = Runtime::new().map_err(Into::into).and_then(|runtime| {
        let served = runtime.block_on(serve::run(&args));
        // A key that is still being checked holds up nobody.
        runtime.shutdown_background();
        served
    });
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}
