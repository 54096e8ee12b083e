//! The clock. Everything that needs the time is given a [`Clock`]; only [`SystemClock`] reads the machine's.

use musubi_core::time::Time;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// Tells the time.
pub trait Clock: Send + Sync {
    /// The time now. May go backwards, as a machine's clock may; see [`DecisionClock`].
    fn now(&self) -> Time;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    fn now(&self) -> Time {
        Time::from_micros(jiff::Timestamp::now().as_microsecond())
    }
}

/// A clock that stands until it is set: for tests and the demo.
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// A clock that stands at this time.
    pub fn at(time: Time) -> Self {
        ManualClock(AtomicI64::new(time.micros()))
    }

    /// Sets it, forwards or backwards.
    pub fn set(&self, time: Time) {
        self.0.store(time.micros(), Ordering::SeqCst);
    }

    /// Moves it by so many minutes; a negative number moves it back.
    pub fn advance_minutes(&self, minutes: i64) {
        self.set(self.now().plus_minutes(minutes));
    }

    /// Moves it by so many days of 24 hours; a negative number moves it back.
    pub fn advance_days(&self, days: i64) {
        self.set(self.now().plus_days(days));
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Time {
        Time::from_micros(self.0.load(Ordering::SeqCst))
    }
}

/// A clock for decisions: never goes back. What has expired stays expired when the machine's clock jumps (rule F05).
///
/// It remembers only while the process runs. After a restart give it the latest time that the store knows, by
/// [`DecisionClock::not_before`].
pub struct DecisionClock {
    source: Arc<dyn Clock>,
    latest: AtomicI64,
}

impl DecisionClock {
    /// Over another clock.
    pub fn over(source: Arc<dyn Clock>) -> Self {
        DecisionClock { source, latest: AtomicI64::new(Time::MIN.micros()) }
    }

    /// From now on no time before this one.
    pub fn not_before(&self, time: Time) {
        self.latest.fetch_max(time.micros(), Ordering::SeqCst);
    }
}

impl Clock for DecisionClock {
    fn now(&self) -> Time {
        let now = self.source.now().micros();
        Time::from_micros(self.latest.fetch_max(now, Ordering::SeqCst).max(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_expired_stays_expired_when_the_clock_jumps_back() {
        let wall = Arc::new(ManualClock::at(Time::from_micros(0).plus_days(20_000)));
        let decisions = DecisionClock::over(wall.clone());
        let before = decisions.now();
        wall.advance_minutes(-60);
        assert_eq!(decisions.now(), before);
        wall.advance_minutes(61);
        assert_eq!(decisions.now(), before.plus_minutes(1));
    }

    #[test]
    fn a_decision_clock_starts_where_the_store_left_off() {
        let decisions = DecisionClock::over(Arc::new(ManualClock::at(Time::MIN)));
        let known = Time::MIN.plus_days(3);
        decisions.not_before(known);
        assert_eq!(decisions.now(), known);
    }

    #[test]
    fn the_system_clock_is_past_the_year_this_was_written() {
        assert!(SystemClock.now() > Time::from_micros(1_767_225_600_000_000));
    }
}
