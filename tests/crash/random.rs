use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::scene::Scene;

const KILLS: usize = 1000;

/// How much a process says before it is killed, at most: four lines for each change.
const MOST_LINES: u64 = 14;

/// And how much longer it lives.
const LONGEST: Duration = Duration::from_millis(2);

#[test]
fn a_thousand_kills_leave_the_config_before_or_the_one_after() {
    let strategies = ["recreate", "replace"];
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let changes: u64 = thread::scope(|scope| {
        let kills = strategies.map(|strategy| {
            let seed = since.as_nanos() as u64 ^ strategy.len() as u64;
            scope.spawn(move || kill(strategy, KILLS / strategies.len(), Random(seed | 1)))
        });
        let changes = kills.into_iter().map(|kill| kill.join().unwrap());
        changes.sum()
    });
    // It was the writing that was interrupted.
    assert!(changes > KILLS as u64 / 2, "{changes} changes were made");
}

fn kill(strategy: &'static str, times: usize, mut random: Random) -> u64 {
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_all().build().unwrap();
    let mut scene = Scene::new(strategy);
    for time in 0..times {
        let mut writer = scene.writer(&[]);
        // Some do not get so far as to write.
        if random.next() % 8 > 0 {
            writer.ready();
            writer.read_lines(random.next() % MOST_LINES);
        }
        let life = random.next() % LONGEST.as_micros() as u64;
        thread::sleep(Duration::from_micros(life));
        writer.kill();
        assert!(scene.ended(writer));
        // In between, the next process is the first to look.
        if time % 2 == 0 {
            runtime.block_on(scene.check());
        }
    }
    runtime.block_on(scene.end())
}

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}
