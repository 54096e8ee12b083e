//! Medians and ratios of repeated rounds.

use musubi::load::median;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Rounds of each figure: the median of these is printed.
const ROUNDS: usize = 7;
/// Shortest round; one operation is repeated until it has lasted that long.
const ROUND: Duration = Duration::from_millis(200);

/// Prints one figure.
pub(crate) fn figure(name: &str, value: f64, unit: &str, against: &str) {
    println!("{}", musubi::load::figure(name, value, unit, against));
}

/// Something to be measured: a name, and one operation.
pub(crate) struct Subject<'a> {
    /// Name of the figure.
    pub(crate) name: &'static str,
    operation: Box<dyn FnMut() -> usize + 'a>,
}

impl<'a> Subject<'a> {
    /// An operation whose result is a number, so that it cannot be optimised away.
    pub(crate) fn new(name: &'static str, operation: impl FnMut() -> usize + 'a) -> Self {
        Subject { name, operation: Box::new(operation) }
    }

    #[expect(clippy::disallowed_methods, reason = "a benchmark measures the time that passes")]
    fn round(&mut self) -> f64 {
        let began = Instant::now();
        let mut done = 0_u32;
        while began.elapsed() < ROUND {
            black_box((self.operation)());
            done += 1;
        }
        began.elapsed().as_secs_f64() / f64::from(done)
    }
}

/// Seconds of one operation of each subject, by round; the subjects take turns, so that what else the machine does
/// meets all of them alike.
pub(crate) struct Rounds(Vec<(&'static str, Vec<f64>)>);

/// Measures subjects against each other. The first round only warms up.
pub(crate) fn measure(mut subjects: Vec<Subject<'_>>) -> Rounds {
    let mut rounds: Vec<(&'static str, Vec<f64>)> = subjects.iter().map(|subject| (subject.name, Vec::new())).collect();
    for round in 0..=ROUNDS {
        for (subject, (_, times)) in subjects.iter_mut().zip(&mut rounds) {
            let seconds = subject.round();
            if round > 0 {
                times.push(seconds);
            }
        }
    }
    Rounds(rounds)
}

impl Rounds {
    /// Median seconds of one operation.
    pub(crate) fn seconds(&self, name: &str) -> f64 {
        median(self.times(name).to_vec())
    }

    /// How many times longer `slow` takes than `fast`: the median of the ratios of each round.
    pub(crate) fn ratio(&self, slow: &str, fast: &str) -> f64 {
        median(self.times(slow).iter().zip(self.times(fast)).map(|(slow, fast)| slow / fast).collect())
    }

    fn times(&self, name: &str) -> &[f64] {
        self.0.iter().find(|(known, _)| *known == name).map_or(&[], |(_, times)| times)
    }
}
