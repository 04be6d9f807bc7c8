//! What becomes of a request while there is no generation.

mod bypass;
mod held;
mod router;
mod table;

use std::time::Duration;

use tower_plugin_gate::OnClosed;

const WAIT: Duration = Duration::from_secs(5);

fn hold(max_held: usize) -> OnClosed {
    OnClosed::Hold {
        max_wait: WAIT,
        max_held,
    }
}
