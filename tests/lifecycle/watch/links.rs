//! Of what links lead to.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use serde_json::json;
use tower_plugin::EventKind;

use super::Scene;

fn config(value: u32) -> String {
    json!({"value": value}).to_string()
}

/// As `ln -sfn` does it.
fn relink(target: &Path, link: &Path) {
    let temporary = link.with_extension("new");
    symlink(target, &temporary).unwrap();
    fs::rename(temporary, link).unwrap();
}

#[tokio::test]
async fn links_that_are_swapped_as_in_a_config_map_are_taken_up() {
    let publish = |dir: &Path, name: &str, value: u32| {
        fs::create_dir(dir.join(name)).unwrap();
        let config = json!({"value": value}).to_string();
        fs::write(dir.join(name).join("p.json"), config).unwrap();
        symlink(name, dir.join("..data_tmp")).unwrap();
        fs::rename(dir.join("..data_tmp"), dir.join("..data")).unwrap();
    };
    let mut scene = Scene::at(|dir| {
        publish(dir, "..2026_01", 3);
        symlink("..data/p.json", dir.join("p.json")).unwrap();
    })
    .await;
    assert_eq!(scene.value(), 3);
    for (name, value) in [("..2026_02", 4), ("..2026_03", 5)] {
        publish(scene.dir.path(), name, value);
        scene.until(EventKind::ReloadApplied).await;
        assert_eq!(scene.value(), value);
    }
    fs::remove_dir_all(scene.dir.path().join("..2026_01")).unwrap();
    scene.pass().await;
    assert_eq!(scene.plugin.generation(), 3);
}

#[tokio::test]
async fn what_a_link_leads_to_is_taken_up_when_it_is_edited() {
    let elsewhere = tempfile::tempdir().unwrap();
    let target = elsewhere.path().join("geo.json");
    fs::write(&target, config(3)).unwrap();
    let mut scene = Scene::at(|dir| symlink(&target, dir.join("p.json")).unwrap()).await;
    assert_eq!(scene.value(), 3);
    // In place, and by a rename.
    fs::write(&target, config(4)).unwrap();
    scene.until_value(4).await;
    fs::write(elsewhere.path().join(".geo.json.swp"), config(5)).unwrap();
    fs::rename(elsewhere.path().join(".geo.json.swp"), &target).unwrap();
    scene.until_value(5).await;

    fs::write(&target, "{").unwrap();
    let rejected = scene.until(EventKind::ReloadRejected).await;
    assert!(rejected.message.contains("line 1 column 1"), "{rejected:?}");
    assert_eq!(scene.value(), 5);

    // It may lead elsewhere, and what it led to counts no more.
    let other = tempfile::tempdir().unwrap();
    fs::write(other.path().join("geo.json"), config(6)).unwrap();
    relink(
        &other.path().join("geo.json"),
        &scene.dir.path().join("p.json"),
    );
    scene.until_value(6).await;
    fs::write(&target, config(7)).unwrap();
    fs::write(other.path().join("geo.json"), config(8)).unwrap();
    scene.until_value(8).await;
}

#[tokio::test]
async fn link_may_come_after_the_start_and_lead_nowhere_at_first() {
    let elsewhere = tempfile::tempdir().unwrap();
    let target = elsewhere.path().join("a/b/geo.json");
    let mut scene = Scene::new().await;
    symlink(&target, scene.dir.path().join("p.json")).unwrap();
    scene.pass().await;
    assert_eq!((scene.value(), scene.plugin.generation()), (1, 1));
    fs::create_dir_all(target.parent().unwrap()).unwrap();
    fs::write(&target, config(4)).unwrap();
    scene.until_value(4).await;
    // The directory that it leads to may go and come back.
    fs::remove_dir_all(elsewhere.path().join("a")).unwrap();
    scene.pass().await;
    fs::create_dir_all(target.parent().unwrap()).unwrap();
    fs::write(&target, config(5)).unwrap();
    scene.until_value(5).await;
    fs::write(&target, config(6)).unwrap();
    scene.until_value(6).await;
}

#[tokio::test]
async fn every_link_of_a_chain_may_change() {
    let chain = tempfile::tempdir().unwrap();
    let at = |path: &str| chain.path().join(path);
    for name in ["a", "b", "c", "d"] {
        fs::create_dir(at(name)).unwrap();
    }
    fs::write(at("c/p.json"), config(3)).unwrap();
    fs::write(at("d/p.json"), config(5)).unwrap();
    symlink("c", at("current")).unwrap();
    symlink("../current/p.json", at("b/link")).unwrap();
    symlink(at("b/link"), at("a/link")).unwrap();
    let mut scene = Scene::at(|dir| symlink(at("a/link"), dir.join("p.json")).unwrap()).await;
    assert_eq!(scene.value(), 3);
    fs::write(at("c/p.json"), config(4)).unwrap();
    scene.until_value(4).await;
    relink(Path::new("d"), &at("current"));
    scene.until_value(5).await;
    fs::write(at("d/p.json"), config(6)).unwrap();
    scene.until_value(6).await;
    relink(&at("c/p.json"), &at("a/link"));
    scene.until_value(4).await;
}

#[tokio::test]
async fn plugin_directory_may_be_a_link_that_is_swapped() {
    let dir = tempfile::tempdir().unwrap();
    for (name, value) in [("blue", 3), ("green", 4)] {
        fs::create_dir(dir.path().join(name)).unwrap();
        fs::write(dir.path().join(name).join("p.json"), config(value)).unwrap();
    }
    let link = dir.path().join("plugins");
    symlink("blue", &link).unwrap();
    let mut scene = Scene::of(dir, &link).await;
    assert_eq!(scene.value(), 3);
    fs::write(link.join("p.json"), config(13)).unwrap();
    scene.until_value(13).await;
    relink(Path::new("green"), &link);
    scene.until_value(4).await;
    fs::write(scene.dir.path().join("green/p.json"), config(14)).unwrap();
    scene.until_value(14).await;
    // What is not led to any more is of no concern.
    fs::write(scene.dir.path().join("blue/p.json"), config(99)).unwrap();
    scene.pass().await;
    assert_eq!(scene.value(), 14);
}
