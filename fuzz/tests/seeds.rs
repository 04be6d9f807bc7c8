//! What the fuzzer starts from holds, too.

use std::fs;
use std::path::Path;

use tower_plugin_fuzz::admin;

#[test]
fn admin_service_answers_its_seeds_as_it_must() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds/admin");
    let seeds: Vec<_> = fs::read_dir(seeds).expect("there are seeds").collect();
    assert!(!seeds.is_empty());
    for seed in seeds {
        let path = seed.expect("a readable directory").path();
        admin::run(&fs::read(path).expect("a readable file"));
    }
}
