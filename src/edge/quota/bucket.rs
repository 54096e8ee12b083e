//! A bucket of tokens that fills again with time.

use std::time::Duration;

/// Periods of its rate that a bucket holds when it is full.
const FULL_PERIODS: i128 = 2;
/// Parts of a token for each second of a period.
const PARTS: i128 = 1_000_000;

/// So many tokens in so many seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rate {
    pub(super) tokens: u64,
    pub(super) seconds: u64,
}

impl Rate {
    pub(super) const fn per_second(tokens: u64) -> Self {
        Rate { tokens, seconds: 1 }
    }

    pub(super) const fn per_minute(tokens: u64) -> Self {
        Rate { tokens, seconds: 60 }
    }

    const fn token(self) -> i128 {
        PARTS * self.seconds as i128
    }

    const fn full(self) -> i128 {
        self.tokens as i128 * FULL_PERIODS * self.token()
    }
}

/// Tokens that are left, in parts, and when that was so.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bucket {
    rate: Rate,
    parts: i128,
    at: Duration,
}

impl Bucket {
    pub(super) fn full(rate: Rate, now: Duration) -> Self {
        Bucket { rate, parts: rate.full(), at: now }
    }

    /// Takes one, or says how long it takes until there is one.
    pub(super) fn take(&mut self, now: Duration) -> Result<(), Duration> {
        self.has_one(now)?;
        self.parts -= self.rate.token();
        Ok(())
    }

    /// Is there one? Or how long does it take until there is?
    pub(super) fn has_one(&mut self, now: Duration) -> Result<(), Duration> {
        self.fill(now);
        self.wait_for(self.rate.token())
    }

    /// Takes what was used already, more than is left too. Says how long it takes until nothing is owed.
    pub(super) fn owe(&mut self, tokens: u64, now: Duration) -> Duration {
        self.fill(now);
        self.parts = self.parts.saturating_sub(i128::from(tokens).saturating_mul(self.rate.token()));
        self.wait_for(0).err().unwrap_or_default()
    }

    fn fill(&mut self, now: Duration) {
        let passed = i128::try_from(now.saturating_sub(self.at).as_micros()).unwrap_or(i128::MAX);
        // One part for each microsecond and token of a period.
        let filled = self.parts.saturating_add(passed.saturating_mul(i128::from(self.rate.tokens)));
        self.parts = filled.min(self.rate.full());
        self.at = self.at.max(now);
    }

    fn wait_for(&self, parts: i128) -> Result<(), Duration> {
        if self.parts >= parts {
            return Ok(());
        }
        let missing = u128::try_from(parts - self.parts).unwrap_or(u128::MAX);
        let micros = missing.div_ceil(u128::from(self.rate.tokens.max(1)));
        Err(Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn taken(bucket: &mut Bucket, now: Duration) -> usize {
        (0..100).take_while(|_| bucket.take(now).is_ok()).count()
    }

    #[test]
    fn s80_a_bucket_is_emptied_fills_again_and_never_runs_over() {
        let mut bucket = Bucket::full(Rate::per_second(10), Duration::ZERO);
        assert_eq!(taken(&mut bucket, Duration::ZERO), 20);
        assert_eq!(bucket.take(Duration::ZERO), Err(SECOND / 10));
        assert_eq!(taken(&mut bucket, SECOND / 10), 1);
        assert_eq!(taken(&mut bucket, SECOND), 9);
        assert_eq!(taken(&mut bucket, 1_000 * SECOND), 20);
        // A clock that goes back fills nothing and breaks nothing.
        assert_eq!(taken(&mut bucket, SECOND), 0);
    }

    #[test]
    fn s80_a_bucket_by_the_minute_fills_sixty_times_slower() {
        let mut bucket = Bucket::full(Rate::per_minute(6), Duration::ZERO);
        assert_eq!(taken(&mut bucket, Duration::ZERO), 12);
        assert_eq!(bucket.has_one(Duration::ZERO), Err(10 * SECOND));
        assert_eq!(taken(&mut bucket, 9 * SECOND), 0);
        assert_eq!(taken(&mut bucket, 10 * SECOND), 1);
    }

    #[test]
    fn s80_bytes_are_owed_beyond_what_is_left_and_waited_for() {
        let mut bucket = Bucket::full(Rate::per_second(1_000), Duration::ZERO);
        for (bytes, wait) in [(1_999, 0), (1, 0), (1, 1), (999, 1_000)] {
            assert_eq!(bucket.owe(bytes, Duration::ZERO), Duration::from_millis(wait), "{bytes}");
        }
        assert_eq!(bucket.owe(0, SECOND), Duration::ZERO);
    }
}
