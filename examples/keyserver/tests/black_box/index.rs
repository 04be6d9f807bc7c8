use pgp::types::KeyDetails;

use crate::{support::Server, testing};

#[tokio::test]
async fn machine_readable_index_has_a_line_for_each_key_and_user_id() {
    let server = Server::start().await;
    let key = testing::public(1, &["Zoë: <zoe@example.org>", "Zoë <zoe@example.com>"]);
    server.http.add(&testing::armored(&key)).await.assert_ok();
    let created = key.created_at().as_secs();
    let signed = |user: usize| {
        key.details.users[user].signatures[0]
            .created()
            .unwrap()
            .as_secs()
    };
    let expected = format!(
        "info:1:1\n\
         pub:{:X}:22:255:{created}::\n\
         uid:Zo%C3%AB%3A <zoe@example.org>:{}::\n\
         uid:Zo%C3%AB <zoe@example.com>:{}::\n",
        key.fingerprint(),
        signed(0),
        signed(1),
    );
    for op in ["index", "vindex", "index&exact=on"] {
        for options in ["mr", "nm,mr"] {
            let op = format!("{op}&options={options}");
            let answer = server.http.lookup(&op, "zoe@example.org").await.assert_ok();
            assert!(
                answer.content_type.starts_with("text/plain"),
                "{}",
                answer.content_type
            );
            assert_eq!(answer.text, expected);
        }
    }
}

#[tokio::test]
async fn machine_readable_index_counts_its_keys() {
    let server = Server::start().await;
    let keys = [1, 2].map(|seed| testing::armored(&testing::public(seed, &["Alice"])));
    server.http.add(&keys.concat()).await.assert_ok();
    let answer = server
        .http
        .lookup("index&options=mr", "alice")
        .await
        .assert_ok();
    assert!(answer.text.starts_with("info:1:2\n"), "{}", answer.text);
    assert_eq!(answer.text.matches("\npub:").count(), 2);
}

#[tokio::test]
async fn page_lists_keys_with_their_user_ids_escaped() {
    let server = Server::start().await;
    let key = testing::public(1, &["Alice <script>alert(1)</script>"]);
    server.http.add(&testing::armored(&key)).await.assert_ok();
    let fingerprint = format!("{:X}", key.fingerprint());
    let long_id = format!(">{}<", &fingerprint[24..]);

    let page = server.http.lookup("index", "alice").await.assert_ok();
    assert_eq!(page.content_type, "text/html; charset=utf-8");
    assert!(page.text.contains("Alice &lt;script&gt;"), "{}", page.text);
    assert!(!page.text.contains("<script>"), "{}", page.text);
    assert!(
        page.text
            .contains(&format!("op=get&amp;search=0x{fingerprint}")),
        "{}",
        page.text
    );
    assert!(
        page.text.contains(&long_id) && !page.text.contains("sub algorithm"),
        "{}",
        page.text
    );

    let page = server
        .http
        .lookup("vindex&fingerprint=on", "alice")
        .await
        .assert_ok();
    assert!(
        page.text.contains(&format!(">{fingerprint}<")),
        "{}",
        page.text
    );
    assert_eq!(
        page.text.matches("sub algorithm").count(),
        2,
        "{}",
        page.text
    );
}

#[tokio::test]
async fn page_at_the_root_has_forms_for_searching_and_sending() {
    let server = Server::start().await;
    let page = server.http.get("/").await.assert_ok();
    for form in [
        "action=\"/pks/lookup\"",
        "action=\"/pks/add\"",
        "name=\"keytext\"",
    ] {
        assert!(page.text.contains(form), "{}", page.text);
    }
}
