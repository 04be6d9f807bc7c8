//! Starts the server: `example-tonic [ADDRESS [ADMIN_ADDRESS]]`. See the library of this name.

use std::io::{self, Write as _};
use std::time::Duration;

use tokio::net::TcpListener;
use tower_plugin::BoxError;
use tower_plugin::shutdown::Shutdown;

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let mut args = std::env::args().skip(1);
    let mut address = |default: &str| args.next().unwrap_or_else(|| default.to_owned());
    let public = TcpListener::bind(address("127.0.0.1:3000")).await?;
    let admin = TcpListener::bind(address("127.0.0.1:3001")).await?;
    writeln!(
        io::stdout(),
        "listening on http://{}\nadmin on http://{}",
        public.local_addr()?,
        admin.local_addr()?
    )?;
    example_tonic::serve(public, admin, Duration::from_secs(10), Shutdown::on_signals).await
}
