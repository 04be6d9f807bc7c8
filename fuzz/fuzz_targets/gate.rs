//! Sequences of operations on gates and a slot, against a model of them.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tower_plugin_fuzz::gate::{self, Input};

fuzz_target!(|input: Input| gate::run(input));
