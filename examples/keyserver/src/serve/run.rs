use std::{
    io::{self, Write},
    net::SocketAddr,
    sync::Arc,
};

use tokio::net::TcpListener;
use tower_plugin::{
    PluginManager, admin as admin_server,
    shutdown::{ForcedError, Shutdown},
};

use super::{ServeError, admin, listener};
use crate::{app, cli::Args, hkp::KeyServer, keys::Limits, plugins::Plugins};

/// Serves until it is told to stop, then stops in order: nothing more is accepted, every plugin is
/// drained, and what is under way is answered, within the drain timeout.
///
/// The administration serves until the plugins are drained, so that it can be watched.
///
/// # Errors
///
/// When the server cannot start, and when it is told to stop a second time.
pub async fn run(args: &Args) -> Result<(), ServeError> {
    let tokens = admin::tokens(args)?;
    let keys_listener = bind(args.listen).await?;
    let admin_listener = bind(args.admin).await?;
    let addresses = (keys_listener.local_addr()?, admin_listener.local_addr()?);

    let mut manager = PluginManager::builder().drain_timeout(args.drain_timeout);
    if let Some(dir) = &args.plugin_dir {
        manager = manager.plugin_dir(dir);
        if !args.no_watch {
            manager = manager.watch_store();
        }
    }
    let manager = manager.build()?;
    let shutdown = Shutdown::new(manager.clone())
        .deadline(args.drain_timeout)
        .on_signals()?;
    let plugins = Plugins::register(&manager, args.plugin_dir.as_deref()).await?;
    let app = app::router(Arc::new(KeyServer::new(Limits::default())), &plugins);

    let stopping = shutdown.stopping_token();
    let serve_keys = tokio::spawn(listener::serve(keys_listener, app, stopping));
    let admin = admin::service(args, &tokens, manager);
    let serve_admin = admin_server::serve(admin_listener, admin, shutdown.drained());
    let serve_admin = tokio::spawn(async {
        if let Err(error) = serve_admin.await {
            tracing::error!(%error, "the administration has ended");
        }
    });
    announce(addresses)?;

    let servers = async {
        let _ = tokio::join!(serve_keys, serve_admin);
    };
    match shutdown.bound(servers).await {
        Ok(()) => tracing::info!("stopped"),
        Err(ForcedError::ToldTwice) => return Err(ServeError::Interrupted),
        Err(_) => tracing::warn!("stopped while requests were being answered"),
    }
    Ok(())
}

async fn bind(address: SocketAddr) -> Result<TcpListener, ServeError> {
    let bound = TcpListener::bind(address).await;
    bound.map_err(|source| ServeError::Bind { address, source })
}

/// Tells on stdout, for people and for programs that started this one with port 0.
fn announce((keys, admin): (SocketAddr, SocketAddr)) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(
        stdout,
        "listening on http://{keys}\nadmin on http://{admin}"
    )?;
    stdout.flush()
}
