//! Disks that are full, or cannot be written to.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::json;
use tower_plugin::{Outcome, PluginState};

use crate::scenario::files::{manager, names, stored};
use crate::scenario::{Script, register};

/// A small file system of its own.
struct Disk(tempfile::TempDir);

impl Disk {
    /// `None`, and why it is so, where mounting is not allowed: never where everything is tested.
    #[expect(clippy::print_stderr, reason = "whoever runs it should know")]
    fn mount(size: &str) -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let options = format!("size={size},mode=700");
        let args = ["-t", "tmpfs", "-o", &options, "tmpfs"];
        let mounted = Command::new("mount").args(args).arg(dir.path()).output();
        match mounted {
            Ok(output) if output.status.success() => return Some(Self(dir)),
            _ if std::env::var_os("CI").is_some() => panic!("cannot mount: {mounted:?}"),
            _ => eprintln!("skipped, for only root can mount a file system: {mounted:?}"),
        }
        None
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn remount(&self, how: &str) {
        let options = format!("remount,{how}");
        let mut mount = Command::new("mount");
        mount.args(["-o", &options]).arg(self.path());
        assert!(mount.status().unwrap().success());
    }

    /// Leaves no room for anything.
    fn fill(&self) {
        for size in [65536, 4096, 1] {
            for number in 0.. {
                let path = self.path().join(format!("filler-{size}-{number}"));
                if fs::write(&path, vec![b'x'; size]).is_err() {
                    break;
                }
            }
        }
    }

    fn make_room(&self) {
        for entry in fs::read_dir(self.path()).unwrap() {
            let path = entry.unwrap().path();
            if path.to_string_lossy().contains("filler") {
                fs::remove_file(path).unwrap();
            }
        }
    }

    fn names(&self) -> Vec<String> {
        let mut names = names(self.path());
        names.retain(|name| !name.contains("filler"));
        names
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}

#[tokio::test]
async fn full_disk_refuses_a_change_before_anything_is_touched() {
    let Some(disk) = Disk::mount("256k") else {
        return;
    };
    let (manager, script) = (manager(disk.path()), Script::new());
    let plugin = register(&manager, "p", &script).await;
    manager
        .update_config("p", json!({"value": 2}))
        .await
        .unwrap();
    disk.fill();
    let error = manager
        .update_config("p", json!({"value": 3}))
        .await
        .unwrap_err();
    assert!(error.is_store_unavailable(), "{error}");
    let told = error.to_string();
    assert!(
        told.contains("p.json") && told.contains("No space left"),
        "{told}"
    );
    assert_eq!((plugin.generation(), script.hooks()), (2, (2, 1)));
    assert_eq!(plugin.enter().unwrap().instance().value, 2);
    assert_eq!(stored(disk.path()), json!({"value": 2}));
    assert_eq!(disk.names(), [".history", "p.json"]);

    // What needs no room goes on, also for who is new.
    let other = register(&manager, "other", &Script::new()).await;
    assert_eq!(other.state(), PluginState::Active);
    assert_eq!(manager.reload("p").await.unwrap().outcome, Outcome::Applied);
    assert_eq!(manager.history("p").await.unwrap().total_count, 2);

    disk.make_room();
    manager
        .update_config("p", json!({"value": 3}))
        .await
        .unwrap();
    assert_eq!(stored(disk.path()), json!({"value": 3}));
}

#[tokio::test]
async fn directory_that_is_read_only_serves_and_takes_edits_but_no_changes() {
    let Some(disk) = Disk::mount("256k") else {
        return;
    };
    fs::write(disk.path().join("p.json"), r#"{"value": 2}"#).unwrap();
    disk.remount("ro");
    let (manager, script) = (manager(disk.path()), Script::new());
    let plugin = register(&manager, "p", &script).await;
    let other = register(&manager, "other", &Script::new()).await;
    assert_eq!(
        (plugin.state(), plugin.last_error()),
        (PluginState::Active, None)
    );
    assert_eq!(
        (other.state(), other.last_error()),
        (PluginState::Active, None)
    );
    for change in [json!({"value": 3}), json!({"value": 4})] {
        let error = manager.update_config("p", change).await.unwrap_err();
        assert!(error.is_store_unavailable(), "{error}");
        assert!(
            error.to_string().contains("Read-only file system"),
            "{error}"
        );
    }
    assert_eq!((plugin.generation(), script.hooks()), (1, (1, 0)));

    disk.remount("rw");
    fs::write(disk.path().join("p.json"), r#"{"value": 5}"#).unwrap();
    disk.remount("ro");
    let report = manager.reload("p").await.unwrap();
    assert_eq!((report.outcome, report.version), (Outcome::Applied, 2));
    assert_eq!(plugin.enter().unwrap().instance().value, 5);

    // It can be written to again: what is in force goes into the history.
    disk.remount("rw");
    manager
        .update_config("p", json!({"value": 6}))
        .await
        .unwrap();
    assert_eq!(stored(disk.path()), json!({"value": 6}));
}
