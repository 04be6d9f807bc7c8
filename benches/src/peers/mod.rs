//! The middleware that is compared, each around the same [`Site`](crate::Site).

mod by_hand;
mod ours;
mod peer;
mod theirs;

pub use by_hand::ByHand;
pub use ours::{closed_slot, open_slot};
pub use peer::{ALL, Does, Peer};
