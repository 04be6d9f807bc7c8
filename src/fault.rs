//! Points at which a process dies when it is told to, for tests of what a crash leaves behind.
//! Without the feature `fault-points`, which is for them alone, there is nothing here.

/// Dies here if `TOWER_PLUGIN_DIE_AT` says so: at `prepared:2` it is the second time that dies.
#[cfg(feature = "fault-points")]
pub(crate) fn point(name: &str) {
    use std::sync::atomic::{AtomicUsize, Ordering};

    static PASSED: AtomicUsize = AtomicUsize::new(0);
    let told = std::env::var("TOWER_PLUGIN_DIE_AT").unwrap_or_default();
    let time = told.split_once(':').filter(|(at, _)| *at == name);
    let time = time.and_then(|(_, time)| time.parse::<usize>().ok());
    // Relaxed: only the count matters.
    if time.is_some_and(|time| PASSED.fetch_add(1, Ordering::Relaxed) + 1 == time) {
        let id = std::process::id().to_string();
        let killed = std::process::Command::new("kill")
            .args(["-9", &id])
            .status();
        unreachable!("nobody killed it: {killed:?}");
    }
}

#[cfg(not(feature = "fault-points"))]
#[inline(always)]
pub(crate) fn point(_: &str) {}
