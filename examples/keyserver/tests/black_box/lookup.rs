use http::StatusCode;
use keyserver::keys::Limits;
use pgp::{composed::SignedPublicKey, types::KeyDetails};

use crate::{support::Server, testing};

#[tokio::test]
async fn key_is_got_by_fingerprint_key_ids_and_text() {
    let server = Server::start().await;
    let v4 = testing::public(1, &["Alice Example <alice@example.org>"]);
    let v6 = SignedPublicKey::from(testing::secret_v6(2, &["Bob Example <bob@example.org>"]));
    for (key, name) in [(&v4, "ALICE ex"), (&v6, "bob@EXAMPLE")] {
        server.http.add(&testing::armored(key)).await.assert_ok();
        let mut searches = vec![name.to_owned()];
        let subkeys = key.public_subkeys.iter();
        let subkeys = subkeys.map(|sub| (sub.fingerprint(), sub.legacy_key_id()));
        for (fingerprint, id) in subkeys.chain([(key.fingerprint(), key.legacy_key_id())]) {
            let id = id.to_string();
            for name in [&fingerprint.to_string(), &id, &id[8..]] {
                searches.extend([name.to_owned(), format!("0x{}", name.to_uppercase())]);
            }
        }
        for search in searches {
            let found = server.http.lookup("get", &search).await.assert_ok();
            assert_eq!(found.content_type, "application/pgp-keys");
            assert_eq!(found.text, testing::armored(key), "{search}");
        }
    }
    assert_eq!(server.http.stats().await.lookups, 2 * (1 + 3 * 6));
}

#[tokio::test]
async fn text_that_several_keys_have_gets_them_all() {
    let server = Server::start().await;
    let keys = [1, 2, 3].map(|seed| testing::armored(&testing::public(seed, &["Alice"])));
    server.http.add(&keys.concat()).await.assert_ok();
    let found = server.http.lookup("get", "alice").await.assert_ok();
    assert_eq!(found.text.len(), keys.concat().len());
    assert!(keys.iter().all(|key| found.text.contains(key)));
}

#[tokio::test]
async fn exact_search_finds_whole_user_ids_and_addresses_only() {
    let server = Server::start().await;
    let key = testing::public(1, &["Alice Example <alice@example.org>"]);
    server.http.add(&testing::armored(&key)).await.assert_ok();
    let whole = ["alice example <alice@example.org>", "alice@example.org"];
    for search in whole {
        server.http.lookup("get&exact=on", search).await.assert_ok();
    }
    for search in ["alice", "lice@example.org", "example.org"] {
        server
            .http
            .lookup("get&exact=off", search)
            .await
            .assert_ok();
        let answer = server.http.lookup("get&exact=on", search).await;
        answer.assert_refused(StatusCode::NOT_FOUND, "no key found");
    }
}

#[tokio::test]
async fn nothing_found_is_404() {
    let server = Server::start().await;
    let searches = [
        "alice",
        "0x01234567",
        "0x0123456789abcdef",
        &"0".repeat(40),
        &"0".repeat(64),
    ];
    for op in ["get", "index", "vindex"] {
        for search in searches {
            let answer = server.http.lookup(op, search).await;
            answer.assert_refused(StatusCode::NOT_FOUND, "no key found");
        }
    }
}

#[tokio::test]
async fn senseless_lookup_is_400_with_a_reason() {
    let server = Server::start().await;
    let refused = [
        ("/pks/lookup", "op is missing"),
        ("/pks/lookup?search=alice", "op is missing"),
        ("/pks/lookup?op=get", "search is empty"),
        ("/pks/lookup?op=get&search=%20", "search is empty"),
        ("/pks/lookup?op=get&search=0x", "no key id"),
        ("/pks/lookup?op=get&search=0x123456789", "no key id"),
        ("/pks/lookup?op=get&search=0xalice", "no key id"),
        (
            "/pks/lookup?op=get&op=index&search=alice",
            "duplicate field",
        ),
    ];
    for (path, reason) in refused {
        server
            .http
            .get(path)
            .await
            .assert_refused(StatusCode::BAD_REQUEST, reason);
    }
}

#[tokio::test]
async fn unknown_operation_is_501() {
    let server = Server::start().await;
    let answer = server.http.lookup("hget", "0123456789abcdef").await;
    answer.assert_refused(StatusCode::NOT_IMPLEMENTED, "op=hget");
}

#[tokio::test]
async fn too_many_results_are_refused() {
    let server = Server::with(Limits {
        max_results: 1,
        ..Limits::default()
    })
    .await;
    let keys = [1, 2].map(|seed| testing::armored(&testing::public(seed, &["Alice"])));
    server.http.add(&keys.concat()).await.assert_ok();
    let answer = server.http.lookup("index", "alice").await;
    answer.assert_refused(StatusCode::BAD_REQUEST, "more than 1 keys match");
}

#[tokio::test]
async fn stats_count_what_happened() {
    let server = Server::start().await;
    let key = testing::public(1, &["Alice"]);
    server.http.add(&testing::armored(&key)).await.assert_ok();
    server
        .http
        .add("garbage")
        .await
        .assert_refused(StatusCode::BAD_REQUEST, "");
    server.http.lookup("get", "alice").await.assert_ok();
    server
        .http
        .lookup("index", "bob")
        .await
        .assert_refused(StatusCode::NOT_FOUND, "");

    let answer = server.http.get("/pks/stats").await.assert_ok();
    assert_eq!(answer.content_type, "application/json");
    assert_eq!(
        server
            .http
            .get("/pks/lookup?op=stats")
            .await
            .assert_ok()
            .text,
        answer.text
    );
    let stats = server.http.stats().await;
    assert_eq!((stats.keys, stats.new, stats.updated), (1, 1, 0));
    assert_eq!((stats.lookups, stats.refused), (2, 1));
}
