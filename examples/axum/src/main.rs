//! Starts the server: `example-axum [ADDRESS]`. See the library of this name.

use std::io::{self, Write as _};
use std::time::Duration;

use tokio::net::TcpListener;
use tower_plugin::BoxError;
use tower_plugin::shutdown::Shutdown;

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let address = std::env::args().nth(1);
    let listener = TcpListener::bind(address.as_deref().unwrap_or("127.0.0.1:3000")).await?;
    let addr = listener.local_addr()?;
    writeln!(
        io::stdout(),
        "listening on http://{addr}\nadmin on http://{addr}/admin"
    )?;
    example_axum::serve(listener, Duration::from_secs(10), Shutdown::on_signals).await
}
