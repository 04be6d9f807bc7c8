/tmp/wt/policy/layers/gate/target/loom/release/deps/futures_sink-ec5ebd168cffc309.d: /root/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f/futures-sink-0.3.34/src/lib.rs

/tmp/wt/policy/layers/gate/target/loom/release/deps/libfutures_sink-ec5ebd168cffc309.rlib: /root/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f/futures-sink-0.3.34/src/lib.rs

/tmp/wt/policy/layers/gate/target/loom/release/deps/libfutures_sink-ec5ebd168cffc309.rmeta: /root/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f/futures-sink-0.3.34/src/lib.rs

/root/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f/futures-sink-0.3.34/src/lib.rs:
