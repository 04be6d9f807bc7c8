use http::{Method, StatusCode};
use keyserver::{hkp::MAX_BODY_BYTES, keys::Limits};
use pgp::{
    composed::{ArmorOptions, SignedPublicKey},
    ser::Serialize,
    types::KeyDetails,
};

use crate::{
    support::{FORM, Server},
    testing,
};

#[tokio::test]
async fn several_keys_in_one_submission_are_all_kept() {
    let server = Server::start().await;
    let alice = testing::public(1, &["Alice"]);
    let bob = SignedPublicKey::from(testing::secret_v6(2, &["Bob"]));
    let both = testing::armored(&alice) + &testing::armored(&bob);

    let answer = server.http.add(&both).await.assert_ok();
    assert!(
        answer.text.starts_with("2 new, 0 updated, 0 unchanged"),
        "{}",
        answer.text
    );
    for key in [&alice, &bob] {
        let found = server
            .http
            .lookup("get", &key.fingerprint().to_string())
            .await
            .assert_ok();
        assert_eq!(found.text, testing::armored(key));
    }
}

#[tokio::test]
async fn sending_again_adds_what_is_new() {
    let server = Server::start().await;
    let whole = testing::public(
        1,
        &["Alice <alice@example.org>", "Alice <alice@example.com>"],
    );
    let mut part = whole.clone();
    part.details.users.truncate(1);
    part.public_subkeys.truncate(1);

    for (key, expected) in [
        (&part, "1 new, 0"),
        (&whole, "0 new, 1"),
        (&part, "0 new, 0"),
    ] {
        let answer = server.http.add(&testing::armored(key)).await.assert_ok();
        assert!(answer.text.starts_with(expected), "{}", answer.text);
    }
    let found = server
        .http
        .lookup("get", "alice@example.com")
        .await
        .assert_ok();
    assert_eq!(found.text, testing::armored(&whole));
}

#[tokio::test]
async fn secret_key_is_refused_and_not_stored() {
    let server = Server::start().await;
    let secret = testing::secret(1, &["Alice"]);
    let honest = secret.to_armored_string(ArmorOptions::default()).unwrap();
    let disguised = testing::armored_bytes(&secret.to_bytes().unwrap());
    for text in [honest, disguised] {
        server
            .http
            .add(&text)
            .await
            .assert_refused(StatusCode::BAD_REQUEST, "secret key");
    }
    assert_eq!(server.http.stats().await.keys, 0);
}

#[tokio::test]
async fn garbage_is_refused_with_a_reason_and_changes_nothing() {
    let server = Server::start().await;
    let good = testing::armored(&testing::public(1, &["Alice"]));
    let mut unbound = testing::public(2, &["Bob"]);
    unbound.details.users[0].id = testing::public(3, &["Eve"]).details.users.remove(0).id;
    let refused = [
        ("", "no public key"),
        ("hello", "no public key"),
        (&good[..good.len() / 2], "cannot be read"),
        (&testing::armored_bytes(b"no packets"), "cannot be read"),
        (
            &testing::armored(&unbound),
            "no user id with a signature of its own",
        ),
        (
            &(good.clone() + &testing::armored(&unbound)),
            "no user id with a signature of its own",
        ),
    ];
    for (text, reason) in refused {
        server
            .http
            .add(text)
            .await
            .assert_refused(StatusCode::BAD_REQUEST, reason);
    }
    let stats = server.http.stats().await;
    assert_eq!((stats.keys, stats.refused), (0, refused.len() as u64));
}

#[tokio::test]
async fn mutated_keys_are_answered_200_or_400() {
    let server = Server::start().await;
    let key = testing::public(1, &["Alice"]).to_bytes().unwrap();
    for seed in 1000..1050 {
        let text = testing::armored_bytes(&testing::mutated(&key, seed));
        let answer = server.http.add(&text).await;
        let status = answer.status;
        assert!(
            matches!(status.as_u16(), 200 | 400),
            "seed {seed}: {status} {}",
            answer.text
        );
        assert_ne!(
            answer.text, "the input cannot be processed\n",
            "seed {seed} made it panic"
        );
    }
}

#[tokio::test]
async fn request_that_is_no_form_is_refused() {
    let server = Server::start().await;
    let post = async |kind, body: &str| {
        server
            .http
            .send(Method::POST, "/pks/add", kind, body.to_owned())
            .await
    };
    let answer = post("text/plain", "keytext=x").await;
    answer.assert_refused(StatusCode::UNSUPPORTED_MEDIA_TYPE, FORM);
    post(FORM, "key=x")
        .await
        .assert_refused(StatusCode::BAD_REQUEST, "keytext");
    post(FORM, "keytext=%ff%fe")
        .await
        .assert_refused(StatusCode::BAD_REQUEST, "no public key");
    let answer = server.http.get("/pks/add").await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn body_over_the_limit_is_refused_and_one_under_it_is_read() {
    let server = Server::start().await;
    let field = "keytext=";
    let under = format!("{field}{}", "x".repeat(MAX_BODY_BYTES - field.len()));
    let answer = server
        .http
        .send(Method::POST, "/pks/add", FORM, under.clone())
        .await;
    answer.assert_refused(StatusCode::BAD_REQUEST, "no public key");
    let answer = server
        .http
        .send(Method::POST, "/pks/add", FORM, under + "x")
        .await;
    answer.assert_refused(StatusCode::PAYLOAD_TOO_LARGE, "too large");
}

#[tokio::test]
async fn full_server_refuses_new_keys_and_takes_updates() {
    let server = Server::with(Limits {
        max_keys: 1,
        ..Limits::default()
    })
    .await;
    let alice = testing::public(1, &["Alice", "Alice Example"]);
    let mut part = alice.clone();
    part.details.users.truncate(1);
    server.http.add(&testing::armored(&part)).await.assert_ok();

    let bob = testing::armored(&testing::public(2, &["Bob"]));
    server
        .http
        .add(&bob)
        .await
        .assert_refused(StatusCode::INSUFFICIENT_STORAGE, "full");
    server.http.add(&testing::armored(&alice)).await.assert_ok();
    let stats = server.http.stats().await;
    assert_eq!(
        (stats.keys, stats.max_keys, stats.new, stats.updated),
        (1, 1, 1, 1)
    );
}

#[tokio::test]
async fn key_with_too_many_user_ids_is_refused() {
    let server = Server::with(Limits {
        max_user_ids: 1,
        ..Limits::default()
    })
    .await;
    let key = testing::armored(&testing::public(1, &["Alice", "Alice Example"]));
    server
        .http
        .add(&key)
        .await
        .assert_refused(StatusCode::BAD_REQUEST, "more than 1 user ids");
}
