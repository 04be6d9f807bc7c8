//! Who is answered, and who is not. Whoever is not has changed nothing.

mod auth;
mod host;
mod order;
mod origin;

const RELOAD: &str = "/plugins/reload?plugin=p";
const ALL: [(&str, &str); 10] = [
    ("GET", "/plugins/status"),
    ("GET", "/plugins/list"),
    ("GET", "/plugins/health"),
    ("GET", "/plugins/config?plugin=p"),
    ("GET", "/plugins/schema?plugin=p"),
    ("PUT", "/plugins/config?plugin=p"),
    ("PATCH", "/plugins/config?plugin=p"),
    ("POST", RELOAD),
    ("POST", "/plugins/enable?plugin=p"),
    ("POST", "/plugins/disable?plugin=p"),
];
