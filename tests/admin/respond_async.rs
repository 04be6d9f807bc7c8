//! Operations that the client does not wait for, and those it waits its turn for.

use serde_json::json;
use tower_plugin::admin::AdminServiceBuilder;

use super::support::Admin;
use crate::scenario::Act;

#[tokio::test]
async fn who_prefers_it_is_answered_at_once_and_told_where_to_look() {
    let admin = Admin::open().await;
    admin.script.next_starts([Act::Wait]);
    let reply = admin
        .post("/plugins/reload?plugin=p")
        .header("prefer", "respond-async")
        .send()
        .await;
    assert_eq!(reply.status, 202, "{}", reply.text);
    assert_eq!(reply.header("preference-applied"), Some("respond-async"));
    let (told, at) = (reply.json(), reply.header("location").unwrap());
    assert_eq!(
        (&told["plugin"], &told["status"], &told["operation"]),
        (&json!("p"), &json!("accepted"), &json!("reload"))
    );
    assert_eq!(
        at,
        format!(
            "/plugins/operations/{}",
            told["operation_id"].as_str().unwrap()
        )
    );

    admin.script.waiting().await;
    let shown = admin.get(at).ok().await;
    assert_eq!(
        (&shown["phase"], &shown["result"]),
        (&json!("starting"), &json!(null))
    );
    let reload = admin.post("/plugins/reload?plugin=p");
    let busy = reload.refused(409, "operation_in_progress").await.json();
    assert_eq!(busy["operation_id"], told["operation_id"]);

    let next = admin.post("/plugins/reload?plugin=p&wait=5s");
    let (next, ()) = tokio::join!(next.ok(), async {
        while admin.manager.operations()[0].phase.as_str() != "queued" {
            tokio::task::yield_now().await;
        }
        admin.script.go_on();
    });
    assert_eq!(next["generation"], 3);
    let shown = admin.get(at).ok().await;
    assert_eq!(shown["phase"], "done");
    let result = &shown["result"];
    assert_eq!(
        (
            &result["status"],
            &result["http_status"],
            &result["generation"]
        ),
        (&json!("success"), &json!(200), &json!(2))
    );

    let all = admin.get("/plugins/operations?plugin=p").ok().await;
    assert_eq!(all["total_count"], 3, "with the registration: {all}");
    assert_eq!(all["operations"][1]["id"], shown["id"]);
    let none = admin.get("/plugins/operations?plugin=q");
    none.refused(404, "plugin_not_found").await;
}

#[tokio::test]
async fn what_fails_later_is_shown_as_it_would_have_been_answered() {
    let build = |builder: AdminServiceBuilder| builder.mounted_at("/admin/").insecure_loopback();
    let admin = Admin::with(|builder| build(builder).build()).await;
    let put = admin
        .put(r#"{"value": "x"}"#)
        .header("prefer", "respond-async");
    let reply = put.send().await;
    assert_eq!(reply.status, 202, "{}", reply.text);
    let at = reply.header("location").unwrap();
    let at = at.strip_prefix("/admin").unwrap();
    let shown = loop {
        let shown = admin.get(at).ok().await;
        if shown["phase"] == "done" {
            break shown;
        }
    };
    let result = &shown["result"];
    assert_eq!(
        (&result["status"], &result["http_status"], &result["code"]),
        (&json!("error"), &json!(422), &json!("config_rejected"))
    );
    assert_eq!(result["pointer"], "/value");
}

#[tokio::test]
async fn operation_that_is_none_is_not_found_and_a_wait_that_is_none_is_refused() {
    let admin = Admin::open().await;
    for id in ["x", "00000000-1", "1", "%20"] {
        let ask = admin.get(&format!("/plugins/operations/{id}"));
        ask.refused(404, "operation_not_found").await;
    }
    for wait in ["", "5", "-5s", "5s&wait=5s"] {
        let ask = admin.post(&format!("/plugins/reload?plugin=p&wait={wait}"));
        ask.refused(400, "invalid_query").await;
    }
}
