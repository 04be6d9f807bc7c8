/tmp/wt/policy/layers/gate/target/loom/release/deps/scoped_tls-13cb4c089a7055ba.d: /root/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f/scoped-tls-1.0.1/src/lib.rs

/tmp/wt/policy/layers/gate/target/loom/release/deps/libscoped_tls-13cb4c089a7055ba.rlib: /root/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f/scoped-tls-1.0.1/src/lib.rs

/tmp/wt/policy/layers/gate/target/loom/release/deps/libscoped_tls-13cb4c089a7055ba.rmeta: /root/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f/scoped-tls-1.0.1/src/lib.rs

/root/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f/scoped-tls-1.0.1/src/lib.rs:
