//! One round: so many callers, each of which does one thing after another.

use std::future::Future;
use std::time::{Duration, Instant};

/// What a round took.
pub struct Round {
    /// Done a second.
    pub rate: f64,
    /// Milliseconds of each, in order.
    times: Vec<f64>,
}

impl Round {
    /// Runs callers beside each other, each through its share in turn. What one gives up ends the round.
    pub(super) async fn of<C, E, F, W>(callers: Vec<C>, share: usize, work: W) -> Result<Self, E>
    where
        C: Send + 'static,
        E: Send + 'static,
        F: Future<Output = Result<C, E>> + Send,
        W: Fn(C, usize) -> F + Clone + Send + 'static,
    {
        let began = now();
        let working: Vec<_> = callers
            .into_iter()
            .map(|mut caller| {
                let work = work.clone();
                tokio::spawn(async move {
                    let mut times = Vec::with_capacity(share);
                    for turn in 0..share {
                        let began = now();
                        caller = work(caller, turn).await?;
                        times.push(began.elapsed());
                    }
                    Ok(times)
                })
            })
            .collect();
        let mut times = Vec::new();
        for one in working {
            times.extend(one.await.unwrap_or(Ok(Vec::new()))?);
        }
        Ok(Round::new(began.elapsed(), &times))
    }

    pub(super) fn new(all: Duration, each: &[Duration]) -> Self {
        let mut times: Vec<f64> = each.iter().map(|time| time.as_secs_f64() * 1000.0).collect();
        times.sort_by(f64::total_cmp);
        Round { rate: Round::rate(times.len() as u64, all), times }
    }

    /// So many in such a time, a second.
    pub(super) fn rate(count: u64, all: Duration) -> f64 {
        f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / all.as_secs_f64()
    }

    /// So many of a hundred took no longer, in milliseconds.
    pub fn percentile(&self, of_hundred: usize) -> f64 {
        self.times.get(self.times.len() * of_hundred / 100).copied().unwrap_or(f64::NAN)
    }
}

#[expect(clippy::disallowed_methods, reason = "a load generator measures the time that passes")]
pub(super) fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;

    #[tokio::test]
    async fn a_round_counts_what_every_caller_did_and_ends_with_the_first_that_gives_up() {
        let round = Round::of(vec![(); 3], 4, |caller, _| async move { Ok::<_, ()>(caller) }).await.unwrap();
        assert_eq!(round.times.len(), 12);
        let gives_up = |caller, turn| async move { if turn < 2 { Ok(caller) } else { Err("no") } };
        assert_eq!(Round::of(vec![(); 3], 4, gives_up).await.map(drop), Err("no"));
    }

    #[test]
    fn percentiles_are_those_of_the_sorted_times() {
        let times: Vec<Duration> = (0..100).rev().map(Duration::from_millis).collect();
        let round = Round::new(Duration::from_secs(2), &times);
        assert_eq!((round.rate, round.percentile(50), round.percentile(99)), (50.0, 50.0, 99.0));
    }
}
