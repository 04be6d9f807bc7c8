use http::{HeaderMap, HeaderName, HeaderValue, Method, Request};
use serde_json::{Map, Value, json};
use tower_plugin::MASK;

use super::body::Chunks;
use super::op::{self, Action, Ask, Client, Config, End, Host, MediaType, Plugin, Secret, Trial};
use super::twist;
use super::world::World;

const MAX_TWISTS: usize = 8;

/// A request while it can still become anything.
pub(super) struct Draft<'a> {
    pub(super) method: Method,
    pub(super) target: String,
    pub(super) client: Client,
    pub(super) host: Host<'a>,
    pub(super) content_type: Option<MediaType>,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
    pub(super) end: End,
}

/// The request that is described, unless there is no such request in HTTP.
pub(super) fn build(ask: Ask<'_>, world: &mut World) -> Option<Request<Chunks>> {
    let mut draft = draft(ask.action, world);
    for twist in ask.twists.into_iter().take(MAX_TWISTS) {
        twist::apply(&mut draft, twist, world);
    }
    draft.finish(ask.chunks, world)
}

fn draft<'a>(action: Action<'a>, world: &mut World) -> Draft<'a> {
    let (method, path, plugin) = match action {
        Action::Reload(plugin) => (Method::POST, "/plugins/reload", Some(plugin)),
        Action::Enable(plugin) => (Method::POST, "/plugins/enable", Some(plugin)),
        Action::Disable(plugin) => (Method::POST, "/plugins/disable", Some(plugin)),
        Action::ReplaceConfig(plugin, _) => (Method::PUT, "/plugins/config", Some(plugin)),
        Action::PatchConfig(plugin, _) => (Method::PATCH, "/plugins/config", Some(plugin)),
        Action::ReadConfig(plugin) => (Method::GET, "/plugins/config", Some(plugin)),
        Action::Schema(plugin) => (Method::GET, "/plugins/schema", Some(plugin)),
        Action::Requests(plugin) => (Method::GET, "/plugins/requests", Some(plugin)),
        Action::Status => (Method::GET, "/plugins/status", None),
        Action::List => (Method::GET, "/plugins/list", None),
        Action::Health => (Method::GET, "/plugins/health", None),
        Action::Livez => (Method::GET, "/livez", None),
        Action::Readyz => (Method::GET, "/readyz", None),
        Action::ReloadAll { .. } => (Method::POST, "/plugins/reload-all", None),
        Action::Cascade(plugin) => (Method::POST, "/plugins/reload", Some(plugin)),
        Action::Try(plugin, _) => (Method::POST, "/plugins/reload", Some(plugin)),
        Action::Promote(plugin) => (Method::POST, "/plugins/promote", Some(plugin)),
        Action::Abort(plugin) => (Method::POST, "/plugins/abort", Some(plugin)),
        Action::Operations => (Method::GET, "/plugins/operations", None),
    };
    let (content_type, body) = match action {
        Action::ReplaceConfig(_, new) => (Some(MediaType::Json), config(new, world)),
        Action::PatchConfig(_, new) => (Some(MediaType::MergePatch), config(new, world)),
        _ => (None, Vec::new()),
    };
    let query = plugin.map(|plugin| format!("?plugin={}", plugin.name()));
    let more = match action {
        Action::ReloadAll {
            all_or_nothing: true,
        } => "?all_or_nothing=true".to_owned(),
        Action::Cascade(_) => "&cascade=true".to_owned(),
        Action::Try(_, trial) => trial.query(),
        _ => String::new(),
    };
    Draft {
        method,
        target: format!("{path}{}{more}", query.unwrap_or_default()),
        client: Client::Operator,
        host: Host::Own,
        content_type,
        headers: HeaderMap::new(),
        body,
        end: End::Well,
    }
}

fn config(config: Config<'_>, world: &mut World) -> Vec<u8> {
    let mut members = Map::new();
    let mut secret = |name: &str, secret| {
        if let Some(value) = value(secret, world) {
            members.insert(name.to_owned(), value);
        }
    };
    secret("token", config.token);
    if let Some(pin) = config.pin {
        secret("pin", pin);
    }
    members.insert("start".to_owned(), json!(config.start));
    members.insert("check".to_owned(), json!(config.check));
    members.insert("stop".to_owned(), json!(config.stop));
    if let Some((name, limit)) = config.limit {
        members.insert("limits".to_owned(), json!({name: limit}));
    }
    if let Some(name) = config.unknown {
        members.insert(name.to_owned(), json!({}));
    }
    Value::Object(members).to_string().into_bytes()
}

fn value(secret: Secret, world: &mut World) -> Option<Value> {
    Some(match secret {
        Secret::New => json!(world.secrets.text()),
        Secret::Masked => json!(MASK),
        Secret::Absent => return None,
        Secret::Null => Value::Null,
        Secret::NewNumber => json!(world.secrets.number()),
        Secret::NewInList => json!([world.secrets.text()]),
        Secret::NewInObject => json!({"a": world.secrets.text()}),
    })
}

impl Draft<'_> {
    /// Adds a header, unless there is no such header in HTTP.
    pub(super) fn append(&mut self, name: &str, value: impl AsRef<[u8]>) {
        let name = HeaderName::try_from(name);
        let value = HeaderValue::from_bytes(value.as_ref());
        if let (Ok(name), Ok(value)) = (name, value) {
            self.headers.append(name, value);
        }
    }

    fn finish(mut self, chunks: Vec<u8>, world: &World) -> Option<Request<Chunks>> {
        match self.host {
            Host::Own => self.append("host", "localhost:11372"),
            Host::Foreign => self.append("host", "evil.test"),
            Host::Other(host) => self.append("host", host),
            Host::InTarget => self.target.insert_str(0, "http://localhost:11372"),
            Host::None => {}
        }
        match self.client {
            Client::Operator => self.append("authorization", format!("Bearer {}", world.operator)),
            Client::Reader => self.append("authorization", format!("Bearer {}", world.reader)),
            Client::Confused => self.append("authorization", format!("Basic {}", world.operator)),
            Client::Stranger => {}
        }
        if let Some(media_type) = self.content_type {
            self.append("content-type", media_type.name());
        }
        let uri = self.target.parse().ok()?;
        let mut request = Request::new(Chunks::new(self.body, chunks, self.end));
        *request.method_mut() = self.method;
        *request.uri_mut() = uri;
        *request.headers_mut() = self.headers;
        Some(request)
    }
}

impl op::MediaType {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::MergePatch => "application/merge-patch+json",
            Self::Problem => "application/problem+json",
            Self::Anything => "*/*",
            Self::Text => "text/plain",
        }
    }
}

impl Trial {
    fn query(self) -> String {
        match self {
            Self::Canary(percent) => format!("&canary={percent}"),
            Self::Probation => "&probation=10m".to_owned(),
            Self::Confirm => "&confirm_within=10m".to_owned(),
            Self::All => "&canary=10&probation=5m&confirm_within=30m".to_owned(),
        }
    }
}

impl Plugin {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Replaced => "replaced",
            Self::Recreated => "recreated",
            Self::Unknown => "unknown",
        }
    }
}
