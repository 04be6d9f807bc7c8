use tokio::task::JoinHandle;
use tower_plugin::Lease;

use super::step::Manners;
use crate::scenario::Instance;

/// A request inside a plugin.
pub struct Guest {
    pub generation: u64,
    manners: Inside,
}

enum Inside {
    Deaf(#[expect(dead_code, reason = "only held")] Lease<Instance>),
    Listens(JoinHandle<()>),
}

impl Guest {
    pub fn new(lease: Lease<Instance>, manners: Manners) -> Self {
        Self {
            generation: lease.instance().generation,
            manners: match manners {
                Manners::Deaf => Inside::Deaf(lease),
                Manners::Listens => {
                    Inside::Listens(tokio::spawn(async move { lease.cancelled().await }))
                }
            },
        }
    }

    pub fn is_inside(&self) -> bool {
        match &self.manners {
            Inside::Deaf(_) => true,
            Inside::Listens(task) => !task.is_finished(),
        }
    }

    pub fn listens(&self) -> bool {
        matches!(self.manners, Inside::Listens(_))
    }
}

/// Whoever it is, they hang up.
impl Drop for Guest {
    fn drop(&mut self) {
        if let Inside::Listens(task) = &self.manners {
            task.abort();
        }
    }
}
