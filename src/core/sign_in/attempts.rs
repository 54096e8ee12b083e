//! How often somebody may try (S-18). Tries are counted before they are looked at, so that many at once are no more than one
//! after another. They are counted for each account, whether there is one or not, and for each source.

use crate::time::Time;
use serde::{Deserialize, Serialize};

/// How many failures are borne, and what follows.
#[derive(Clone, Copy, Debug)]
pub struct Bound {
    /// Failures one after another until nobody may try for a while; the same again until the next while.
    pub failures: u32,
    /// Minutes of the first while. Each is twice as long as the one before.
    pub minutes: i64,
    /// Minutes of the longest.
    pub minutes_max: i64,
    /// Quiet minutes after which what was is forgotten.
    pub forgotten_minutes: i64,
}

/// Of one account: a nurse who mistypes tries again; who guesses has some forty tries on the first day and five on each one after.
pub const ACCOUNT: Bound = Bound { failures: 5, minutes: 15, minutes_max: 24 * 60, forgotten_minutes: 30 * 24 * 60 };
/// Of one certificate at one address, behind which a whole office may sit.
pub const SOURCE: Bound = Bound { failures: 30, minutes: 15, minutes_max: 60, forgotten_minutes: 60 };

/// What was tried in vain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attempts {
    failures: u32,
    last: Option<Time>,
    closed_until: Option<Time>,
}

impl Attempts {
    /// May somebody try now?
    pub fn may_try(&self, now: Time) -> bool {
        self.closed_until.is_none_or(|until| now >= until)
    }

    /// One more in vain, as each is taken to be until it is known to be right.
    #[must_use]
    pub fn failed(self, bound: &Bound, now: Time) -> Self {
        let forgotten = self.forgotten_at(bound).is_some_and(|at| now >= at);
        let failures = if forgotten { 1 } else { self.failures.saturating_add(1) };
        let closes = failures.is_multiple_of(bound.failures);
        let closed_until = closes.then(|| now.plus_minutes(bound.minutes_of(failures / bound.failures)));
        Attempts { failures, last: Some(now), closed_until }
    }

    /// The one that was counted last was right after all.
    #[must_use]
    pub fn but_the_last(self) -> Self {
        Attempts { failures: self.failures.saturating_sub(1), closed_until: None, ..self }
    }

    /// Did the last one close it?
    pub fn is_closed(&self) -> bool {
        self.closed_until.is_some()
    }

    /// From when on nothing of it counts any more.
    pub fn forgotten_at(&self, bound: &Bound) -> Option<Time> {
        self.last.map(|last| last.plus_minutes(bound.forgotten_minutes))
    }
}

impl Bound {
    /// Minutes of the nth while, from 1.
    fn minutes_of(&self, number: u32) -> i64 {
        let twice = 1_i64.checked_shl(number.saturating_sub(1).min(30)).unwrap_or(i64::MAX);
        self.minutes.saturating_mul(twice).min(self.minutes_max)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;

    fn after(failures: u32, bound: &Bound, now: Time) -> Attempts {
        (0..failures).fold(Attempts::default(), |attempts, _| attempts.failed(bound, now))
    }

    #[test]
    fn s18_the_fifth_failure_closes_an_account_for_a_quarter_of_an_hour() {
        let now = Time::MIN;
        assert!(after(4, &ACCOUNT, now).may_try(now));
        let closed = after(5, &ACCOUNT, now);
        assert!(closed.is_closed() && !closed.may_try(now.plus_minutes(14)) && closed.may_try(now.plus_minutes(15)));
        assert!(!after(4, &ACCOUNT, now).is_closed());
    }

    #[test]
    fn s18_each_while_is_twice_as_long_up_to_a_day() {
        let minutes: Vec<i64> = (1..10).map(|number| ACCOUNT.minutes_of(number)).collect();
        assert_eq!(minutes, [15, 30, 60, 120, 240, 480, 960, 1440, 1440]);
        assert_eq!(ACCOUNT.minutes_of(u32::MAX), 1440);
        assert_eq!(SOURCE.minutes_of(5), 60);
    }

    #[test]
    fn s18_who_guesses_without_rest_has_few_tries() {
        let (mut attempts, mut now, mut by_day) = (Attempts::default(), Time::MIN, [0_u32; 10]);
        loop {
            let day = usize::try_from(now.minutes_since(Time::MIN) / (24 * 60)).unwrap();
            let Some(tries) = by_day.get_mut(day) else { break };
            if attempts.may_try(now) {
                attempts = attempts.failed(&ACCOUNT, now);
                *tries += 1;
            } else {
                now = now.plus_minutes(1);
            }
        }
        assert!(by_day[0] <= 40 && by_day[1..].iter().all(|tries| *tries <= 5), "{by_day:?}");
    }

    #[test]
    fn s18_a_right_try_takes_back_what_it_was_counted_as() {
        let now = Time::MIN;
        let right = after(5, &ACCOUNT, now).but_the_last();
        assert!(right.may_try(now));
        assert!(right.failed(&ACCOUNT, now).is_closed(), "the four before it still count");
    }

    #[test]
    fn s18_what_was_long_ago_is_forgotten() {
        let now = Time::MIN;
        let later = now.plus_minutes(SOURCE.forgotten_minutes);
        assert!(!after(29, &SOURCE, now).failed(&SOURCE, later).is_closed());
        assert!(after(29, &SOURCE, now).failed(&SOURCE, later.plus_minutes(-1)).is_closed());
    }
}
