//! What the journal tells.

use tower_plugin::{Event, EventKind, EventStream};

/// The next event of that kind.
pub async fn until(events: &mut EventStream, kind: EventKind) -> Event {
    loop {
        let event = events.recv().await.unwrap();
        if event.kind == kind {
            return event;
        }
    }
}
