//! Many short rounds: each contender once a round, in an order that moves on, so that what else
//! the machine does hits all alike; what is compared are contenders of one round.

use std::fmt;
use std::hint::black_box;
use std::time::Instant;

use tower_plugin_benches::Work;

/// How many places of the stack the rounds take turns at.
const PLACES: usize = 61;

/// A median and its quartiles.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spread {
    pub(crate) low: f64,
    pub(crate) median: f64,
    pub(crate) high: f64,
}

impl Spread {
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values
            .into_iter()
            .filter(|value| value.is_finite())
            .collect();
        values.sort_by(f64::total_cmp);
        let at = |share| quantile(&values, share);
        Self {
            low: at(0.25),
            median: at(0.5),
            high: at(0.75),
        }
    }
}

/// Of sorted values.
pub(crate) fn quantile(sorted: &[f64], share: f64) -> f64 {
    if sorted.is_empty() {
        return f64::NAN;
    }
    sorted[((sorted.len() - 1) as f64 * share).round() as usize]
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { low, median, high } = self;
        let digits = if median.abs() < 10.0 { 2 } else { 1 };
        write!(f, "{median:.digits$} [{low:.digits$}, {high:.digits$}]")
    }
}

/// ns a request, by contender and round.
#[derive(Debug, Default)]
pub(crate) struct Costs(pub(crate) Vec<Vec<f64>>);

impl Costs {
    pub(crate) fn of(&self, contender: usize) -> Spread {
        Spread::of(self.0[contender].iter().copied())
    }

    fn differences(&self, contender: usize) -> impl Iterator<Item = f64> {
        self.0[contender]
            .iter()
            .zip(&self.0[0])
            .map(|(cost, bare)| cost - bare)
    }

    /// How much more the first of one pair costs than its second, less the same of another pair.
    pub(crate) fn over_and_beyond(
        &self,
        [many, one]: [usize; 2],
        [bare_many, bare_one]: [usize; 2],
    ) -> impl Iterator<Item = f64> {
        let of = |contender: usize| self.0[contender].iter();
        let ours = of(many).zip(of(one)).map(|(many, one)| many - one);
        let bare = of(bare_many)
            .zip(of(bare_one))
            .map(|(many, one)| many - one);
        ours.zip(bare).map(|(ours, bare)| ours - bare)
    }

    /// Cost over that of the first contender.
    pub(crate) fn over(&self, contender: usize) -> Spread {
        Spread::of(self.differences(contender))
    }

    /// Cost over the first contender's, as a multiple of `other`'s.
    pub(crate) fn ratio(&self, contender: usize, other: usize) -> Spread {
        let pairs = self.differences(contender).zip(self.differences(other));
        Spread::of(pairs.map(|(ours, theirs)| ours / theirs))
    }

    /// Cost as a multiple of `other`'s.
    pub(crate) fn whole_ratio(&self, contender: usize, other: usize) -> Spread {
        let pairs = self.0[contender].iter().zip(&self.0[other]);
        Spread::of(pairs.map(|(ours, theirs)| ours / theirs))
    }
}

/// Orders `contenders` for a round.
pub(crate) fn order(contenders: usize, round: usize) -> impl Iterator<Item = usize> {
    (0..contenders).map(move |i| {
        let i = if round.is_multiple_of(2) {
            i
        } else {
            contenders - 1 - i
        };
        (i + round / 2) % contenders
    })
}

/// Runs something so much further up the stack: where a request lies, and what lies beside it, is
/// worth many ns to whoever copies it, and is an accident of each process.
#[inline(never)]
fn further_up(levels: usize, run: &mut dyn FnMut()) {
    let room = black_box([levels; 2]);
    if levels == 0 {
        run();
    } else {
        further_up(levels - 1, run);
    }
    black_box(&room);
}

pub(crate) fn time(requests: u32, run: impl FnOnce(u32) -> u32) -> (f64, u32) {
    let start = Instant::now();
    let turned_away = run(requests);
    (
        start.elapsed().as_nanos() as f64 / f64::from(requests),
        turned_away,
    )
}

/// One thread: each contender sends `requests` a round.
pub(crate) fn alone(contenders: &mut [Box<dyn Work>], rounds: usize, requests: u32) -> Costs {
    let mut costs = vec![Vec::with_capacity(rounds); contenders.len()];
    for contender in &mut *contenders {
        contender.run(requests);
    }
    for round in 0..rounds {
        for i in order(contenders.len(), round) {
            further_up(round % PLACES, &mut || {
                costs[i].push(time(requests, |n| contenders[i].run(n)).0);
            });
        }
    }
    Costs(costs)
}

/// As [`alone`], each request by a clone of the service.
pub(crate) fn alone_cloning(
    contenders: &mut [Box<dyn Work>],
    rounds: usize,
    requests: u32,
) -> Costs {
    let mut costs = vec![Vec::with_capacity(rounds); contenders.len()];
    for round in 0..rounds {
        for i in order(contenders.len(), round) {
            further_up(round % PLACES, &mut || {
                costs[i].push(time(requests, |n| contenders[i].run_cloning(n)).0);
            });
        }
    }
    Costs(costs)
}
