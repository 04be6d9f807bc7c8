use http::Method;

use super::op::{self, Plugin, Tag, Twist};
use super::request::Draft;
use super::world::World;

const ARRAYS: usize = 2048;

/// Makes something else of the request.
pub(super) fn apply<'a>(draft: &mut Draft<'a>, twist: Twist<'a>, world: &World) {
    match twist {
        Twist::IfMatch(tag) => draft.append("if-match", text(tag, world)),
        Twist::IfNoneMatch(tag) => draft.append("if-none-match", text(tag, world)),
        Twist::Accept(media_type) => draft.append("accept", media_type.name()),
        Twist::Head => draft.method = Method::HEAD,
        Twist::Method(other) => {
            if let Some(method) = method(other) {
                draft.method = method;
            }
        }
        Twist::Target(target) => draft.target = target.to_owned(),
        Twist::Query(query) => {
            let path = draft.target.split('?').next().unwrap_or_default();
            draft.target = format!("{path}?{query}");
        }
        Twist::AndQuery(key, value) => {
            let separator = if draft.target.contains('?') { '&' } else { '?' };
            draft.target = format!("{}{separator}{key}={value}", draft.target);
        }
        Twist::From(client) => draft.client = client,
        Twist::Host(host) => draft.host = host,
        Twist::ContentType(media_type) => draft.content_type = Some(media_type),
        Twist::NoContentType => draft.content_type = None,
        Twist::ContentEncoding(gzip) => {
            draft.append("content-encoding", either(gzip, "gzip", "identity"));
        }
        Twist::ContentLength(length) => draft.append("content-length", length.to_string()),
        Twist::Expect => draft.append("expect", "100-continue"),
        Twist::Origin(own) => {
            let origin = either(own, "http://localhost:11372", "https://evil.test");
            draft.append("origin", origin);
        }
        Twist::SecFetchSite(own) => {
            draft.append("sec-fetch-site", either(own, "same-origin", "cross-site"));
        }
        Twist::Header(name, value) => draft.append(name, value),
        Twist::Async => draft.append("prefer", "respond-async"),
        Twist::Nested(depth) => {
            let depth = usize::from(depth) % ARRAYS;
            draft.body = ["[".repeat(depth), "]".repeat(depth)].concat().into_bytes();
        }
        Twist::Padded(length) => {
            let spaces = std::iter::repeat_n(b' ', length.into());
            draft.body.splice(..0, spaces);
        }
        Twist::Body(bytes) => draft.body = bytes.to_vec(),
        Twist::End(end) => draft.end = end,
    }
}

fn either(first: bool, one: &'static str, other: &'static str) -> &'static str {
    if first { one } else { other }
}

fn text(tag: Tag<'_>, world: &World) -> Vec<u8> {
    let current = |plugin: Plugin, weak: &str| {
        let config = world.manager.config(plugin.name());
        let version = config.map(|config| config.version.to_string());
        format!("{weak}\"{}\"", version.unwrap_or_default()).into_bytes()
    };
    match tag {
        Tag::Current(plugin) => current(plugin, ""),
        Tag::WeakCurrent(plugin) => current(plugin, "W/"),
        Tag::Any => b"*".to_vec(),
        Tag::Other(text) => text.to_vec(),
    }
}

fn method(method: op::Method<'_>) -> Option<Method> {
    Some(match method {
        op::Method::Get => Method::GET,
        op::Method::Post => Method::POST,
        op::Method::Put => Method::PUT,
        op::Method::Patch => Method::PATCH,
        op::Method::Delete => Method::DELETE,
        op::Method::Options => Method::OPTIONS,
        op::Method::Connect => Method::CONNECT,
        op::Method::Other(name) => name.parse().ok()?,
    })
}
