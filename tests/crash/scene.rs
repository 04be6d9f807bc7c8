use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use tower_plugin::{ConfigStore, ConfigVersion, FileStore};

use super::writer::{CHANGES, DIR, HISTORY, NAME, STRATEGY};

/// A directory, and what was said of what is in it by processes that are no more.
pub struct Scene {
    dir: tempfile::TempDir,
    strategy: &'static str,
    /// The last value that was reported as applied, and its version.
    applied: (u64, Option<ConfigVersion>),
    /// The last that was tried.
    tried: u64,
}

impl Scene {
    pub fn new(strategy: &'static str) -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
            strategy,
            applied: (0, None),
            tried: 0,
        }
    }

    pub fn writer(&self, told: &[(&str, &str)]) -> Writer {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["--exact", NAME, "--nocapture", "--test-threads=1"])
            .env(DIR, self.dir.path())
            .env(STRATEGY, self.strategy)
            .envs(told.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut process = command.spawn().unwrap();
        let out = BufReader::new(process.stdout.take().unwrap());
        let said = String::new();
        Writer { process, out, said }
    }

    /// Takes note of what a process said before it ended, and whether it was killed.
    pub fn ended(&mut self, mut writer: Writer) -> bool {
        writer.out.read_to_string(&mut writer.said).unwrap();
        let status = writer.process.wait().unwrap();
        let said = writer.said;
        assert!(
            status.success() || status.code().is_none(),
            "{status}: {said}"
        );
        for line in said.lines().filter(|line| said_whole(&said, line)) {
            let words: Vec<_> = line.split(' ').collect();
            match words[..] {
                ["crash", "ready", value, version] => {
                    self.found(value.parse().unwrap(), version.parse().unwrap());
                }
                ["crash", "tries", value] => self.tried = value.parse().unwrap(),
                ["crash", "applied", value, version] => {
                    self.applied = (value.parse().unwrap(), version.parse().ok());
                }
                _ => {}
            }
        }
        !status.success()
    }

    /// What is there must be what was applied last, or what was tried since.
    fn found(&mut self, value: u64, version: ConfigVersion) {
        let (applied, before) = self.applied;
        assert!(
            (applied..=self.tried).contains(&value),
            "{value} is there, {applied} was applied and {} tried",
            self.tried
        );
        if let Some(before) = before {
            let newer = version.number() - before.number();
            assert_eq!(newer, value - applied, "{before} became {version}");
            let name = |version: ConfigVersion| version.to_string();
            let run = |version| name(version).split('-').next().map(str::to_owned);
            assert_eq!(run(version), run(before), "tags of before match no more");
        }
        self.applied = (value, Some(version));
    }

    /// Has a process end by itself, and so tidy up, and looks at what is there then.
    pub async fn end(mut self) -> u64 {
        let whole = self.writer(&[(CHANGES, "1")]);
        assert!(!self.ended(whole));
        self.check().await;
        let history = FileStore::open(self.dir.path()).unwrap();
        let history = history.history("p").await.unwrap();
        assert!(history.len() <= HISTORY, "{}", history.len());
        self.applied.0
    }

    /// Looks at the files as another process would.
    pub async fn check(&mut self) {
        let store = FileStore::open(self.dir.path()).unwrap();
        let current = store.load("p").await.unwrap();
        let history = store.history("p").await.unwrap();
        if let Some(current) = current {
            let version = current.version.expect("nobody else wrote it");
            assert_eq!(current.config["value"], current.config["same"]);
            self.found(current.config["value"].as_u64().unwrap(), version);
            assert_eq!(history[0].version, version);
            assert_eq!(history[0].config, current.config);
        }
        for pair in history.windows(2) {
            let [newer, older] = pair else { unreachable!() };
            let value = |kept: &tower_plugin::StoredVersion| kept.config["value"].as_u64().unwrap();
            assert_eq!(newer.version.number(), older.version.number() + 1);
            assert_eq!(value(newer), value(older) + 1);
        }
        for (dir, is_known) in [
            (
                self.dir.path().to_owned(),
                (|name| name == "p.json" || name == ".history") as fn(&str) -> bool,
            ),
            (self.dir.path().join(".history/p"), |name| {
                name.ends_with(".json")
            }),
        ] {
            for name in names(&dir) {
                assert!(
                    is_known(&name),
                    "{name} was left behind in {}",
                    dir.display()
                );
            }
        }
    }
}

/// A process that writes.
pub struct Writer {
    process: Child,
    out: BufReader<ChildStdout>,
    said: String,
}

impl Writer {
    /// Until it has started, or is no more.
    pub fn ready(&mut self) {
        while self.out.read_line(&mut self.said).unwrap() > 0 {
            if self.said.contains("crash ready") {
                return;
            }
        }
    }

    pub fn read_lines(&mut self, lines: u64) {
        for _ in 0..lines {
            self.out.read_line(&mut self.said).unwrap();
        }
    }

    pub fn kill(&mut self) {
        self.process.kill().unwrap();
    }
}

/// The last line may have been cut off.
fn said_whole(said: &str, line: &str) -> bool {
    let end = line.as_ptr() as usize - said.as_ptr() as usize + line.len();
    said.as_bytes().get(end) == Some(&b'\n')
}

fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).into_iter().flatten();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}
