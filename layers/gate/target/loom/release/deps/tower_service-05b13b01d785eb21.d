/tmp/wt/policy/layers/gate/target/loom/release/deps/tower_service-05b13b01d785eb21.d: /root/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f/tower-service-0.3.3/src/lib.rs

/tmp/wt/policy/layers/gate/target/loom/release/deps/libtower_service-05b13b01d785eb21.rlib: /root/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f/tower-service-0.3.3/src/lib.rs

/tmp/wt/policy/layers/gate/target/loom/release/deps/libtower_service-05b13b01d785eb21.rmeta: /root/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f/tower-service-0.3.3/src/lib.rs

/root/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f/tower-service-0.3.3/src/lib.rs:
