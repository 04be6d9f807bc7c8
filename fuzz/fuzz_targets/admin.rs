//! Requests to a live admin service over two plugins.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tower_plugin_fuzz::admin;

fuzz_target!(|input: &[u8]| admin::run(input));
