//! Reading what was sent: its type, its bytes, the JSON in them.

mod json;
mod media_type;
mod read;

pub(super) use json::decode;
pub(super) use media_type::{JSON, MERGE_PATCH, check};
pub(super) use read::{Limits, read};
