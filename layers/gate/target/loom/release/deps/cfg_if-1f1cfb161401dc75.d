/tmp/wt/policy/layers/gate/target/loom/release/deps/cfg_if-1f1cfb161401dc75.d: /root/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f/cfg-if-1.0.5/src/lib.rs

/tmp/wt/policy/layers/gate/target/loom/release/deps/libcfg_if-1f1cfb161401dc75.rlib: /root/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f/cfg-if-1.0.5/src/lib.rs

/tmp/wt/policy/layers/gate/target/loom/release/deps/libcfg_if-1f1cfb161401dc75.rmeta: /root/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f/cfg-if-1.0.5/src/lib.rs

/root/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f/cfg-if-1.0.5/src/lib.rs:
