/tmp/wt/policy/layers/gate/target/loom/release/deps/smallvec-56d112af55812203.d: /root/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f/smallvec-1.16.6/src/lib.rs

/tmp/wt/policy/layers/gate/target/loom/release/deps/libsmallvec-56d112af55812203.rlib: /root/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f/smallvec-1.16.6/src/lib.rs

/tmp/wt/policy/layers/gate/target/loom/release/deps/libsmallvec-56d112af55812203.rmeta: /root/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f/smallvec-1.16.6/src/lib.rs

/root/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f/smallvec-1.16.6/src/lib.rs:
