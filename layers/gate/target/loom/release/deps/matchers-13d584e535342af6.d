/tmp/wt/policy/layers/gate/target/loom/release/deps/matchers-13d584e535342af6.d: /root/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f/matchers-0.2.0/src/lib.rs

/tmp/wt/policy/layers/gate/target/loom/release/deps/libmatchers-13d584e535342af6.rlib: /root/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f/matchers-0.2.0/src/lib.rs

/tmp/wt/policy/layers/gate/target/loom/release/deps/libmatchers-13d584e535342af6.rmeta: /root/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f/matchers-0.2.0/src/lib.rs

/root/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f/matchers-0.2.0/src/lib.rs:
