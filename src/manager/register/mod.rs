//! Registering a plugin: its options, what it consists of, and its first start.

mod member;
mod prepare;
mod registration;

pub(super) use member::Member;
pub use registration::Registration;
