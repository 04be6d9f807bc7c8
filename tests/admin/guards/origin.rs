use http::Method;

use super::{ALL, RELOAD};
use crate::admin::support::{Admin, TOKEN};

#[tokio::test]
async fn change_asked_for_by_a_foreign_page_is_forbidden() {
    for admin in [Admin::open().await, Admin::guarded().await] {
        let own = format!("http://{}", admin.addr);
        for (method, target) in &ALL[5..] {
            for (name, value) in [
                ("origin", "http://evil.test"),
                ("origin", "http://127.0.0.1:1"),
                ("origin", "null"),
                ("origin", "file://"),
                ("sec-fetch-site", "cross-site"),
                ("sec-fetch-site", "same-site"),
            ] {
                let ask = admin.ask(method.parse().unwrap(), target).token(TOKEN);
                ask.header(name, value).refused(403, "forbidden").await;
            }
            let ask = admin.ask(method.parse().unwrap(), target).token(TOKEN);
            let ask = ask
                .header("origin", &own)
                .header("sec-fetch-site", "same-site");
            ask.refused(403, "forbidden").await;
        }
        let reload = || admin.post(RELOAD).token(TOKEN);
        reload().header("origin", &own).ok().await;
        reload().header("sec-fetch-site", "same-origin").ok().await;
        reload().header("sec-fetch-site", "none").ok().await;
        reload().ok().await;
        assert_eq!(admin.plugin.generation(), 5);
    }
}

#[tokio::test]
async fn reading_is_left_to_the_browser_which_shows_it_to_no_foreign_page() {
    let admin = Admin::open().await;
    let ask = admin
        .get("/plugins/list")
        .header("origin", "http://evil.test");
    let reply = ask.send().await;
    assert_eq!(reply.status, 200);
    reply.assert_headers();
    let preflight = admin
        .ask(Method::OPTIONS, RELOAD)
        .header("origin", "http://evil.test");
    preflight.refused(405, "method_not_allowed").await;
}
