//! One round: so many callers, each of which does one thing after another.

use super::LoadError;
use std::future::Future;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// What a round took.
pub struct Round {
    /// Done a second.
    pub rate: f64,
    /// Milliseconds of each, in order.
    times: Vec<f64>,
}

impl Round {
    /// Runs callers beside each other, each through its share in turn. What one gives up ends the round.
    ///
    /// # Errors
    /// That of the caller that gave up.
    pub async fn of<C, E, F, W>(callers: Vec<C>, share: usize, work: W) -> Result<Self, E>
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

/// Does each of so many things once, and so many of them at once. The first that fails ends it.
pub(super) async fn at_once<F>(count: u64, lanes: u64, work: impl Fn(u64) -> F) -> Result<(), LoadError>
where
    F: Future<Output = Result<(), LoadError>> + Send + 'static,
{
    let (mut at_work, mut next) = (JoinSet::new(), 0..count);
    next.by_ref()
        .take(usize::try_from(lanes).unwrap_or(usize::MAX))
        .for_each(|number| drop(at_work.spawn(work(number))));
    while let Some(ended) = at_work.join_next().await {
        ended.map_err(LoadError::not_taken)??;
        next.by_ref().take(1).for_each(|number| drop(at_work.spawn(work(number))));
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "a load generator measures the time that passes")]
pub(super) fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;
    use std::sync::{Arc, Mutex};

    #[tokio::test]
    async fn a_round_counts_what_every_caller_did_and_ends_with_the_first_that_gives_up() {
        let round = Round::of(vec![(); 3], 4, |caller, _| async move { Ok::<_, ()>(caller) }).await.unwrap();
        assert_eq!(round.times.len(), 12);
        let gives_up = |caller, turn| async move { if turn < 2 { Ok(caller) } else { Err("no") } };
        assert_eq!(Round::of(vec![(); 3], 4, gives_up).await.map(drop), Err("no"));
    }

    #[tokio::test]
    async fn each_of_so_many_is_done_once_and_the_first_that_fails_ends_it() {
        let done = Arc::new(Mutex::new(Vec::new()));
        let until = |failing| {
            let done = Arc::clone(&done);
            at_once(7, 3, move |number| {
                let done = Arc::clone(&done);
                async move {
                    done.lock().unwrap().push(number);
                    if number == failing { Err(LoadError::not_taken("no")) } else { Ok(()) }
                }
            })
        };
        assert!(until(7).await.is_ok());
        let mut all = std::mem::take(&mut *done.lock().unwrap());
        all.sort_unstable();
        assert_eq!(all, [0, 1, 2, 3, 4, 5, 6]);
        assert!(until(0).await.is_err() && done.lock().unwrap().len() < 7);
    }

    #[test]
    fn percentiles_are_those_of_the_sorted_times() {
        let times: Vec<Duration> = (0..100).rev().map(Duration::from_millis).collect();
        let round = Round::new(Duration::from_secs(2), &times);
        assert_eq!((round.rate, round.percentile(50), round.percentile(99)), (50.0, 50.0, 99.0));
    }
}
