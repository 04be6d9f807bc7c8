//! Each row of the error table. Whoever is refused has changed nothing.

mod operations;
mod requests;

use http::Method;

const CHANGES: [(&str, &str); 5] = [
    ("POST", "/plugins/reload"),
    ("POST", "/plugins/enable"),
    ("POST", "/plugins/disable"),
    ("PUT", "/plugins/config"),
    ("PATCH", "/plugins/config"),
];

fn method(name: &str) -> Method {
    name.parse().unwrap()
}
