/tmp/wt/policy/layers/gate/target/loom/release/deps/pin_project_lite-5f4d2058b0ec5f7e.d: /root/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f/pin-project-lite-0.2.18/src/lib.rs

/tmp/wt/policy/layers/gate/target/loom/release/deps/libpin_project_lite-5f4d2058b0ec5f7e.rlib: /root/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f/pin-project-lite-0.2.18/src/lib.rs

/tmp/wt/policy/layers/gate/target/loom/release/deps/libpin_project_lite-5f4d2058b0ec5f7e.rmeta: /root/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f/pin-project-lite-0.2.18/src/lib.rs

/root/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f/pin-project-lite-0.2.18/src/lib.rs:
