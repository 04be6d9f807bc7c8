use std::sync::Arc;

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
    http::header::CONTENT_TYPE,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use pgp::types::Timestamp;
use serde::Deserialize;

use super::{HkpError, KeyServer, machine, page};
use crate::keys::{self, Certificate};

#[derive(Deserialize)]
pub(super) struct Parameters {
    op: Option<String>,
    search: Option<String>,
    options: Option<String>,
    fingerprint: Option<String>,
    exact: Option<String>,
}

pub(super) async fn lookup(
    State(server): State<Arc<KeyServer>>,
    parameters: Result<Query<Parameters>, QueryRejection>,
) -> Result<Response, HkpError> {
    let Query(parameters) = parameters?;
    match parameters.op.as_deref() {
        Some("get") => {
            let found = find(&server, &parameters).await?;
            Ok(([(CONTENT_TYPE, "application/pgp-keys")], armored(&found)).into_response())
        }
        Some("index") => index(&server, &parameters, false).await,
        Some("vindex") => index(&server, &parameters, true).await,
        Some("stats") => Ok(Json(server.stats()).into_response()),
        Some(other) => Err(HkpError::UnknownOperation(other.to_owned())),
        None => Err(HkpError::BadRequest(
            "op is missing: use get, index, vindex or stats".into(),
        )),
    }
}

async fn index(
    server: &Arc<KeyServer>,
    parameters: &Parameters,
    verbose: bool,
) -> Result<Response, HkpError> {
    let found = find(server, parameters).await?;
    let now = Timestamp::now().as_secs();
    let mut options = parameters.options.as_deref().unwrap_or_default().split(',');
    Ok(if options.any(|option| option == "mr") {
        machine::index(&found, now).into_response()
    } else {
        page::index(&found, now, verbose, is_on(&parameters.fingerprint)).into_response()
    })
}

/// At least one certificate.
async fn find(
    server: &Arc<KeyServer>,
    parameters: &Parameters,
) -> Result<Vec<Arc<Certificate>>, HkpError> {
    server.counts.looked_up();
    let search = parameters.search.as_deref().unwrap_or_default();
    let query = keys::Query::parse(search, is_on(&parameters.exact))?;
    let found = if query.text.is_some() {
        let searching = Arc::clone(server);
        server
            .searches
            .run(move || searching.store.find(&query))
            .await??
    } else {
        server.store.find(&query)?
    };
    if found.is_empty() {
        Err(HkpError::NotFound)
    } else {
        Ok(found)
    }
}

fn armored(certificates: &[Arc<Certificate>]) -> Bytes {
    match certificates {
        [one] => one.armored(),
        several => several
            .iter()
            .map(|one| one.armored())
            .collect::<Vec<_>>()
            .concat()
            .into(),
    }
}

fn is_on(switch: &Option<String>) -> bool {
    switch.as_deref() == Some("on")
}
