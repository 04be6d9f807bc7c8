//! The stores that come with it, and what is expected of any.

mod conformance;
#[cfg(target_os = "linux")]
mod disk;
mod files;
mod outage;
mod retry;

use tower_plugin::{FileStore, MemoryStore};

#[tokio::test]
async fn memory_does_what_a_store_must() {
    conformance::check(|| async { MemoryStore::new() }).await;
}

#[tokio::test]
async fn files_do_what_a_store_must() {
    let dir = tempfile::tempdir().unwrap();
    let mut number = 0;
    let fresh = || {
        number += 1;
        let dir = dir.path().join(number.to_string());
        std::fs::create_dir(&dir).unwrap();
        async move { FileStore::open(dir).unwrap() }
    };
    conformance::check(fresh).await;
}
