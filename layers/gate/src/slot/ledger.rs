use crate::sync::{AtomicU64, Mutex, Ordering, lock};
use crate::{Counters, Gate};

/// The counts of a slot's generations, those that are gone included.
#[derive(Default)]
pub(super) struct Ledger {
    rejected: AtomicU64,
    books: Mutex<Books>,
}

#[derive(Default)]
struct Books {
    /// What is known of gates that nobody will leave any more.
    closed: Counters,
    /// The others: that of the generation that serves, and those that are being drained.
    open: Vec<Gate>,
}

impl Books {
    /// Sums up the gates that are drained, and lets go of them.
    fn settle(&mut self) {
        let Self { closed, open } = self;
        open.retain(|gate| {
            let drained = gate.is_drained();
            if drained {
                *closed += gate.counters();
            }
            !drained
        });
    }
}

impl Ledger {
    /// Has a gate's counts counted from now on.
    pub(super) fn add(&self, gate: &Gate) {
        let mut books = lock(&self.books);
        books.settle();
        // A drained one that comes back is among the sum already, and lets nobody in any more.
        if !gate.is_drained() && !books.open.iter().any(|known| known.is_same(gate)) {
            books.open.push(gate.clone());
        }
    }

    /// Those that somebody may be inside of.
    pub(super) fn gates(&self) -> Vec<Gate> {
        let mut books = lock(&self.books);
        books.settle();
        books.open.clone()
    }

    pub(super) fn rejected(&self) {
        // Relaxed: a number to show, it orders nothing.
        self.rejected.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn not_rejected(&self) {
        // Relaxed: see `rejected`.
        self.rejected.fetch_sub(1, Ordering::Relaxed);
    }

    pub(super) fn sum(&self) -> Counters {
        let mut books = lock(&self.books);
        books.settle();
        let mut sum = books.closed;
        for gate in &books.open {
            sum += gate.counters();
        }
        // Relaxed: see `rejected`.
        sum.rejected = self.rejected.load(Ordering::Relaxed);
        sum
    }
}
