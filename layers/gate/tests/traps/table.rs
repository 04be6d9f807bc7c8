use std::collections::HashSet;
use std::fs;
use std::path::Path;

const TABLE: &str = include_str!("main.rs");

/// Names of the tests below a folder: of functions right below a `#[test]` or its like.
fn collect_tests(folder: &Path, tests: &mut HashSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect_tests(&path, tests);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let source = fs::read_to_string(&path).unwrap();
            let mut is_test = false;
            for line in source.lines().map(str::trim) {
                let declared = line.strip_prefix("async ").unwrap_or(line);
                match declared.strip_prefix("fn ") {
                    Some(rest) if is_test => {
                        tests.extend(rest.split('(').next().map(str::to_owned));
                        is_test = false;
                    }
                    Some(_) => is_test = false,
                    None => {
                        is_test |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
                    }
                }
            }
        }
    }
}

#[test]
fn every_trap_is_watched_by_tests_that_exist() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut tests = HashSet::new();
    for folder in ["gate/src", "gate/tests", "swap/tests"] {
        collect_tests(&crates.join(folder), &mut tests);
    }
    let rows = TABLE.lines().filter_map(|line| {
        let cells: Vec<_> = line.strip_prefix("//! | ")?.split(" | ").collect();
        let number: u32 = cells[0].parse().ok()?;
        Some((number, cells[2]))
    });
    let mut traps = 0;
    for (number, cell) in rows {
        traps += 1;
        assert_eq!(number, traps);
        let named: Vec<_> = cell.split('`').skip(1).step_by(2).collect();
        assert!(!named.is_empty(), "trap {number} is not watched");
        for name in named {
            assert!(
                tests.contains(name),
                "trap {number}: there is no test `{name}`"
            );
        }
    }
    assert_eq!(traps, 25);
}
