use std::sync::Arc;

use axum::{
    extract::{Form, State, rejection::FormRejection},
    response::IntoResponse,
};
use serde::Deserialize;

use super::{HkpError, KeyServer};
use crate::keys::Added;

/// The largest body that `/pks/add` reads.
pub const MAX_BODY_BYTES: usize = 1024 * 1024;

#[derive(Deserialize)]
pub(super) struct Submitted {
    keytext: String,
}

pub(super) async fn add(
    State(server): State<Arc<KeyServer>>,
    form: Result<Form<Submitted>, FormRejection>,
) -> Result<impl IntoResponse, HkpError> {
    let result = match form {
        Ok(Form(Submitted { keytext })) => check_and_keep(&server, keytext).await,
        Err(rejection) => Err(rejection.into()),
    };
    match &result {
        Ok((added, dropped)) => {
            server.counts.added(added);
            tracing::info!(?added, dropped, "keys added");
        }
        Err(reason) => {
            server.counts.refused();
            tracing::info!(%reason, "keys refused");
        }
    }
    result.map(
        |(
            Added {
                new,
                updated,
                unchanged,
            },
            dropped,
        )| {
            format!(
                "{new} new, {updated} updated, {unchanged} unchanged; \
             {dropped} signatures left out that are not the key's own or not valid\n"
            )
        },
    )
}

async fn check_and_keep(
    server: &Arc<KeyServer>,
    keytext: String,
) -> Result<(Added, usize), HkpError> {
    let KeyServer { checks, .. } = &**server;
    let server = Arc::clone(server);
    let work = move || {
        let submission = server.reader.read(&keytext)?;
        Ok((
            server.store.add(submission.certificates)?,
            submission.dropped,
        ))
    };
    checks.run(work).await?
}
