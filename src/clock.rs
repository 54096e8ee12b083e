//! The clock. Everything that needs the time is given a [`Clock`]; only [`SystemClock`] reads the machine's.

use musubi_core::time::Time;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Instant;

/// Tells the time.
pub trait Clock: Send + Sync {
    /// The time now. May go backwards, as a machine's clock may; see [`DecisionClock`].
    fn now(&self) -> Time;

    /// Microseconds that have passed since some moment, whatever the time was set to since. A clock that stands has none.
    fn passed(&self) -> i64 {
        0
    }
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    fn now(&self) -> Time {
        Time::from_micros(jiff::Timestamp::now().as_microsecond())
    }

    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's steady clock")]
    fn passed(&self) -> i64 {
        static STARTED: LazyLock<Instant> = LazyLock::new(Instant::now);
        i64::try_from(STARTED.elapsed().as_micros()).unwrap_or(i64::MAX)
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
/// While the machine's clock is behind it goes at half its pace: what is to be tried again is tried, and the two meet again.
///
/// It remembers only while the process runs. After a restart give it the latest time that the store knows, by
/// [`DecisionClock::not_before`].
pub struct DecisionClock {
    source: Arc<dyn Clock>,
    latest: Mutex<Latest>,
}

/// What was told last, and when by the steady clock, in microseconds.
struct Latest {
    told: i64,
    passed: i64,
}

/// So much slower it goes while it is ahead.
const SLOWER: i64 = 2;

impl DecisionClock {
    /// Over another clock.
    pub fn over(source: Arc<dyn Clock>) -> Self {
        let latest = Latest { told: Time::MIN.micros(), passed: source.passed() };
        DecisionClock { source, latest: Mutex::new(latest) }
    }

    /// From now on no time before this one.
    pub fn not_before(&self, time: Time) {
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        latest.told = latest.told.max(time.micros());
    }
}

impl Clock for DecisionClock {
    fn now(&self) -> Time {
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        let (now, passed) = (self.source.now().micros(), self.source.passed());
        let slowed = (passed - latest.passed).max(0) / SLOWER;
        let ahead = latest.told.saturating_add(slowed);
        // What is too short to count now counts the next time.
        let counted = latest.passed + slowed * SLOWER;
        *latest = if now >= ahead { Latest { told: now, passed } } else { Latest { told: ahead, passed: counted } };
        Time::from_micros(latest.told)
    }

    fn passed(&self) -> i64 {
        self.source.passed()
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

    /// A machine's clock: it can be set, and goes on.
    #[derive(Default)]
    struct Machine {
        set_to: AtomicI64,
        passed: AtomicI64,
    }

    impl Clock for Machine {
        fn now(&self) -> Time {
            Time::from_micros(self.set_to.load(Ordering::SeqCst) + self.passed())
        }

        fn passed(&self) -> i64 {
            self.passed.load(Ordering::SeqCst)
        }
    }

    #[test]
    fn retries_go_on_while_the_machines_clock_is_behind_until_the_two_meet() {
        let machine = Arc::new(Machine::default());
        let decisions = DecisionClock::over(machine.clone());
        let (minute, began) = (60_000_000, decisions.now());
        machine.set_to.store(-10 * minute, Ordering::SeqCst);
        let mut last = began;
        for step in std::iter::repeat_n(1, 1_000).chain([4 * minute - 1_000]) {
            machine.passed.fetch_add(step, Ordering::SeqCst);
            assert!(decisions.now() >= last, "never back");
            last = decisions.now();
        }
        assert_eq!(last, began.plus_minutes(2), "at half its pace, however often it is asked");
        machine.passed.fetch_add(16 * minute, Ordering::SeqCst);
        assert_eq!((decisions.now(), machine.now()), (began.plus_minutes(10), began.plus_minutes(10)));
        machine.passed.fetch_add(minute, Ordering::SeqCst);
        assert_eq!(decisions.now(), began.plus_minutes(11));
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
