use std::sync::Arc;

use axum::response::Html;
use maud::{DOCTYPE, Markup, html};
use time::OffsetDateTime;

use crate::keys::{Certificate, Key, Validity};

/// The page at `/`.
pub(super) async fn home() -> Html<String> {
    document(
        "Key server",
        &html! {
            form action="/pks/lookup" {
                input type="hidden" name="op" value="vindex";
                label { "Fingerprint, key id, name or mail address " input name="search" required; }
                button { "Search" }
            }
            form action="/pks/add" method="post" {
                label { "Public key " textarea name="keytext" rows="12" cols="66" required {} }
                button { "Send" }
            }
            p { a href="/pks/stats" { "Statistics" } }
        },
    )
}

/// The index for people; with `verbose` the subkeys are listed too.
pub(super) fn index(
    certificates: &[Arc<Certificate>],
    now: u32,
    verbose: bool,
    fingerprint: bool,
) -> Html<String> {
    let list = html! {
        @for certificate in certificates {
            (key(certificate.primary(), "pub", now, fingerprint))
            ul {
                @for user in certificate.user_ids() {
                    li { (String::from_utf8_lossy(&user.bytes)) (validity(user.validity, now)) }
                }
                @if verbose {
                    @for subkey in certificate.subkeys() {
                        li { (key(subkey, "sub", now, fingerprint)) }
                    }
                }
            }
        }
    };
    document("Search results", &list)
}

fn key(key: &Key, kind: &str, now: u32, fingerprint: bool) -> Markup {
    let whole = format!("{:X}", key.fingerprint);
    let long_id = match whole.len() {
        40 => &whole[24..],
        _ => &whole[..16],
    };
    html! {
        code {
            (kind) " algorithm " (key.algorithm) ", " (key.bits) " bits "
            a href={ "/pks/lookup?op=get&search=0x" (whole) } {
                @if fingerprint { (whole) } @else { (long_id) }
            }
        }
        (validity(key.validity, now))
    }
}

fn validity(
    Validity {
        created,
        expires,
        revoked,
    }: Validity,
    now: u32,
) -> Markup {
    html! {
        " " small {
            (date(created))
            @if let Some(expires) = expires {
                @if expires <= now { ", expired " } @else { ", expires " }
                (date(expires))
            }
            @if revoked { ", " strong { "revoked" } }
        }
    }
}

fn date(seconds: u32) -> String {
    OffsetDateTime::from_unix_timestamp(seconds.into())
        .map(|time| time.date().to_string())
        .unwrap_or_default()
}

fn document(title: &str, body: &Markup) -> Html<String> {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head { meta charset="utf-8"; title { (title) } }
            body { h1 { (title) } (body) }
        }
    };
    Html(page.into_string())
}
