//! A secret in a config is in no answer, no event, no Debug text and no line of the log.

mod answers;
mod sweep;
mod vault;
