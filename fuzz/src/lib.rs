//! What must hold of tower-plugin whatever it is given. Each module is one fuzz target; the
//! targets themselves only hand the fuzzer's bytes over.

#![forbid(unsafe_code)]

pub mod admin;
pub mod gate;
