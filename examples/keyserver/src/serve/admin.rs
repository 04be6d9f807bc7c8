use tower_plugin::{PluginManager, admin::AdminService};

use super::{
    ServeError,
    token_file::{self, NamedToken},
};
use crate::cli::Args;

/// Every token that administration accepts. Refuses to put an administration without one where
/// other machines reach it.
pub(super) fn tokens(args: &Args) -> Result<Vec<NamedToken>, ServeError> {
    let mut tokens = match &args.admin_token_file {
        Some(path) => token_file::read(path)?,
        None => Vec::new(),
    };
    tokens.extend(args.admin_token.clone().map(|token| NamedToken {
        name: String::new(),
        token,
    }));
    if tokens.is_empty() && !args.admin.ip().to_canonical().is_loopback() {
        return Err(ServeError::AdminIsOpen(args.admin));
    }
    Ok(tokens)
}

/// The administration, for who has a token, or for this machine where there is none.
pub(super) fn service(args: &Args, tokens: &[NamedToken], manager: PluginManager) -> AdminService {
    let hosts = args.admin_host.iter().cloned();
    let admin =
        AdminService::builder(manager).allow_hosts(hosts.chain([args.admin.ip().to_string()]));
    let Some((first, others)) = tokens.split_first() else {
        return admin.insecure_loopback().build();
    };
    let admin = admin.named_token(&first.name, first.token.reveal());
    let admin = others.iter().fold(admin, |admin, other| {
        admin.named_token(&other.name, other.token.reveal())
    });
    admin.build()
}
