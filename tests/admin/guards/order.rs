use crate::admin::support::{Admin, READ_TOKEN, TOKEN};

#[tokio::test]
async fn guards_stand_in_their_order() {
    let admin = Admin::guarded().await;
    // Each is wrong in all that follows, too.
    let put = "PUT /none?x HTTP/1.1\r\n";
    let (evil, own) = ("host: evil.test\r\n", "host: localhost\r\n");
    let (origin, token) = (
        "origin: null\r\n",
        format!("authorization: Bearer {TOKEN}\r\n"),
    );
    let read = format!("authorization: Bearer {READ_TOKEN}\r\n");
    let config = "PUT /plugins/config?plugin=p HTTP/1.1\r\n";
    let long = "content-type: application/json\r\nif-match: \"old\"\r\n";
    for (head, code) in [
        (format!("{put}{evil}{origin}"), "misdirected_host"),
        (format!("{put}{own}{origin}"), "changes are not taken"),
        (format!("{put}{own}"), "unauthorized"),
        (format!("{put}{own}{read}"), "only for reading"),
        (format!("{put}{own}{token}"), "not_found"),
        (
            format!("DELETE /plugins/config?x HTTP/1.1\r\n{own}{token}"),
            "method_not_allowed",
        ),
        (
            format!("PUT /plugins/config?x HTTP/1.1\r\n{own}{token}if-match: \"old\"\r\n"),
            "invalid_query",
        ),
        (
            format!("{config}{own}{token}if-match: \"old\"\r\n"),
            "unsupported_media_type",
        ),
        (format!("{config}{own}{token}{long}"), "version_mismatch"),
    ] {
        let request = format!("{head}connection: close\r\ncontent-length: 0\r\n\r\n");
        let answer = admin.raw(&request).await;
        assert!(answer.contains(code), "{code}: {head}{answer}");
    }
}
