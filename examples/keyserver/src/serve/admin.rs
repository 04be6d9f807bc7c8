use tower_plugin::{PluginManager, admin::AdminService};

use super::ServeError;
use crate::cli::Args;

/// Refuses to put an administration without a token where other machines reach it.
pub(super) fn refuse_open(args: &Args) -> Result<(), ServeError> {
    if args.admin_token.is_none() && !args.admin.ip().to_canonical().is_loopback() {
        return Err(ServeError::AdminIsOpen(args.admin));
    }
    Ok(())
}

/// The administration, for who has the token, or for this machine where there is none.
pub(super) fn service(args: &Args, manager: PluginManager) -> AdminService {
    let hosts = args.admin_host.iter().cloned();
    let admin =
        AdminService::builder(manager).allow_hosts(hosts.chain([args.admin.ip().to_string()]));
    match &args.admin_token {
        Some(token) => admin.bearer_token(token.reveal()).build(),
        None => admin.insecure_loopback().build(),
    }
}
