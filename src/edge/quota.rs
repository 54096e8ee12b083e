//! How much one agency may ask of the hub (S-80): buckets of requests, bytes and failed decisions that fill again with time, and
//! a bound on what is open at once. Notifications of abuse have a bucket and room of their own, which nothing else empties.

mod bucket;
mod http;

pub use http::quota;
pub(crate) use http::{BYTES_PER_SECOND, NothingShown, OnlyConcerns, why_cut};

use crate::config::Limits;
use bucket::{Bucket, Rate};
use musubi_core::agency::AgencyId;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;
use tonic::Status;

/// The calls whose lane is known only when their message is read: what it hands in or asserts decides.
const BY_CONTENT: [&str; 2] = ["/musubi.v1.Intake/Submit", "/musubi.v1.Grounds/Assert"];
/// Notifications of abuse in a second: more than a prefecture sends in a day, and far from a flood.
const NOTIFICATIONS: Rate = Rate::per_second(20);
/// Calls of [`BY_CONTENT`] that may be open at once beside everything else.
const SUBMITTING_MAX: usize = 256;
/// The calls that hand in a file. Whether it raises a concern is known only when it is read.
const FILES: [&str; 2] = ["/musubi.v1.Intake/SubmitDocument", "/v1/documents"];
/// Files of an agency in a second that are read only to see whether they raise a concern, when there is no room for others.
const LOOKED_INTO: Rate = Rate::per_second(5);
/// Calls of an agency that watch at once. Each is looked at again and again, whether there is something new or not.
const WATCHING_MAX: usize = 32;
/// Bytes in a MiB.
const MEBIBYTE: u64 = 1024 * 1024;
/// Bytes of one agency's requests that may lie in memory at once: two of the longest files.
const HELD_MAX: usize = 128 * 1024 * 1024;

/// Which bucket a request is taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Everything.
    General,
    /// A notification of abuse (通告): never behind anything else.
    Notification,
}

/// What one agency has used.
struct Used {
    requests: Bucket,
    notifications: Bucket,
    bytes: Bucket,
    failures: Bucket,
    looked_into: Bucket,
    /// Open now, in each lane.
    open: [usize; 2],
    /// Of these, calls that watch.
    watching: usize,
    /// Bytes that came for what is open.
    held: usize,
}

/// The bounds, and what each agency has used. Only agencies of the register come this far, so there are not many.
pub struct Quotas {
    requests: Rate,
    bytes: Rate,
    failures: Rate,
    open_max: [usize; 2],
    /// How long a peer may neither send nor take what is under way.
    slow_max: Duration,
    began: Instant,
    agencies: Mutex<BTreeMap<AgencyId, Used>>,
}

impl Quotas {
    /// With these bounds for each agency.
    pub fn new(limits: &Limits) -> Self {
        Quotas {
            requests: Rate::per_second(limits.requests_per_second),
            bytes: Rate::per_second(limits.mebibytes_per_second.saturating_mul(MEBIBYTE)),
            failures: Rate::per_minute(limits.failed_decisions_per_minute),
            open_max: [limits.open_per_agency, SUBMITTING_MAX],
            slow_max: Duration::from_secs(limits.slow_seconds),
            began: Instant::now(),
            agencies: Mutex::default(),
        }
    }

    fn of<T>(&self, agency: &AgencyId, ask: impl FnOnce(&mut Used, Duration) -> T) -> T {
        let now = self.began.elapsed();
        let mut agencies = self.lock();
        let full = || Used {
            requests: Bucket::full(self.requests, now),
            notifications: Bucket::full(NOTIFICATIONS, now),
            bytes: Bucket::full(self.bytes, now),
            failures: Bucket::full(self.failures, now),
            looked_into: Bucket::full(LOOKED_INTO, now),
            open: [0; 2],
            watching: 0,
            held: 0,
        };
        ask(agencies.entry(agency.clone()).or_insert_with(full), now)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<AgencyId, Used>> {
        self.agencies.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a request from the lane of an agency.
    ///
    /// # Errors
    /// With the time until there is one again.
    pub fn take(&self, agency: &AgencyId, lane: Lane) -> Result<(), Duration> {
        self.of(agency, |used, now| match lane {
            // Who was refused too often is let ask again when there is room for another failure.
            Lane::General => used.failures.has_one(now).and_then(|()| used.requests.take(now)),
            Lane::Notification => used.notifications.take(now),
        })
    }

    /// The same, as a status of gRPC.
    ///
    /// # Errors
    /// `RESOURCE_EXHAUSTED` when there is none left.
    pub fn admit(&self, agency: &AgencyId, lane: Lane) -> Result<(), Status> {
        self.take(agency, lane).map_err(|_| too_many())
    }

    /// Bytes that an agency has sent. Returns how long nothing more is to be read from it.
    pub fn bytes(&self, agency: &AgencyId, bytes: usize) -> Duration {
        self.of(agency, |used, now| used.bytes.owe(u64::try_from(bytes).unwrap_or(u64::MAX), now))
    }

    /// A decision that showed an agency nothing, or that it may not ask for.
    pub fn failed(&self, agency: &AgencyId) {
        self.of(agency, |used, now| used.failures.take(now).ok());
    }

    /// Lets a file in beside everything else, to be taken only if it raises a concern; `None` when there were too many of these too.
    fn look_into(self: &Arc<Self>, agency: &AgencyId) -> Option<Open> {
        self.of(agency, |used, now| used.looked_into.take(now)).ok()?;
        self.enter(agency, Lane::Notification).ok()
    }

    /// Lets a call watch, until the place is dropped.
    ///
    /// # Errors
    /// `RESOURCE_EXHAUSTED` when so many of the agency's watch already.
    pub(crate) fn watch(self: &Arc<Self>, agency: &AgencyId) -> Result<Watching, Status> {
        let room = self.of(agency, |used, _| {
            let room = used.watching < WATCHING_MAX;
            used.watching += usize::from(room);
            room
        });
        let place = || Watching { quotas: Arc::clone(self), agency: agency.clone() };
        if room { Ok(place()) } else { Err(too_many()) }
    }

    /// Opens a call; the lane of one that hands something in is charged when it is read.
    fn enter(self: &Arc<Self>, agency: &AgencyId, lane: Lane) -> Result<Open, Duration> {
        if lane == Lane::General {
            self.take(agency, lane)?;
        }
        let [general_max, submitting_max] = self.open_max;
        let opened = self.of(agency, |used, _| {
            let [general, submitting] = &mut used.open;
            let (open, most) =
                if lane == Lane::General { (general, general_max) } else { (submitting, submitting_max) };
            let room = *open < most;
            *open += usize::from(room);
            room
        });
        let open = || Open { quotas: Arc::clone(self), agency: agency.clone(), lane, held: AtomicUsize::new(0) };
        if opened { Ok(open()) } else { Err(Duration::ZERO) }
    }
}

/// A call that is open.
struct Open {
    quotas: Arc<Quotas>,
    agency: AgencyId,
    lane: Lane,
    held: AtomicUsize,
}

impl Open {
    /// More bytes came for it, and lie in memory until it is over. Is there room for them?
    fn holds(&self, bytes: usize) -> bool {
        self.held.fetch_add(bytes, Ordering::Relaxed);
        self.quotas.of(&self.agency, |used, _| {
            used.held = used.held.saturating_add(bytes);
            used.held <= HELD_MAX
        })
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if let Some(used) = self.quotas.lock().get_mut(&self.agency) {
            let [general, submitting] = &mut used.open;
            let open = if self.lane == Lane::General { general } else { submitting };
            *open = open.saturating_sub(1);
            used.held = used.held.saturating_sub(self.held.load(Ordering::Relaxed));
        }
    }
}

/// The place of a call that watches.
pub(crate) struct Watching {
    quotas: Arc<Quotas>,
    agency: AgencyId,
}

impl Drop for Watching {
    fn drop(&mut self) {
        if let Some(used) = self.quotas.lock().get_mut(&self.agency) {
            used.watching = used.watching.saturating_sub(1);
        }
    }
}

fn too_many() -> Status {
    Status::resource_exhausted(
        "M900 quota: 要求が多すぎます。間を置いて送り直してください。 / Too many requests. Wait, then send it again.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agency(id: &str) -> AgencyId {
        AgencyId::new(id).unwrap_or_else(|_| unreachable!("an agency"))
    }

    fn quotas(limits: Limits) -> Arc<Quotas> {
        Arc::new(Quotas::new(&limits))
    }

    #[test]
    fn s80_an_agency_that_asks_too_much_holds_up_neither_another_nor_its_own_notifications() {
        let quotas = quotas(Limits { requests_per_second: 10, ..Limits::default() });
        let (loud, quiet) = (agency("PHO-482072-01"), agency("MED-4810700122"));
        while quotas.take(&loud, Lane::General).is_ok() {}
        assert!(quotas.admit(&loud, Lane::General).is_err());
        assert_eq!(quotas.take(&loud, Lane::Notification), Ok(()));
        assert_eq!(quotas.take(&quiet, Lane::General), Ok(()));
    }

    #[test]
    fn s80_so_many_calls_are_open_at_once_and_no_more_and_a_notification_has_room_beside_them() {
        let quotas = quotas(Limits { open_per_agency: 3, ..Limits::default() });
        let (loud, quiet) = (agency("PHO-482072-01"), agency("MED-4810700122"));
        let mut open: Vec<Open> = (0..3).filter_map(|_| quotas.enter(&loud, Lane::General).ok()).collect();
        assert_eq!(open.len(), 3);
        assert!(quotas.enter(&loud, Lane::General).is_err());
        assert!(quotas.enter(&loud, Lane::Notification).is_ok() && quotas.enter(&quiet, Lane::General).is_ok());
        open.pop();
        assert!(quotas.enter(&loud, Lane::General).is_ok());
    }

    #[test]
    fn s80_so_many_calls_watch_at_once_and_no_more() {
        let quotas = quotas(Limits::default());
        let (loud, quiet) = (agency("CGC-480001"), agency("MED-4810700122"));
        let mut watching: Vec<Watching> = (0..WATCHING_MAX).filter_map(|_| quotas.watch(&loud).ok()).collect();
        assert_eq!(watching.len(), WATCHING_MAX);
        assert!(quotas.watch(&loud).is_err() && quotas.watch(&quiet).is_ok());
        watching.pop();
        assert!(quotas.watch(&loud).is_ok());
    }

    #[test]
    fn s80_what_lies_in_memory_for_an_agency_is_bounded_and_given_back() {
        let quotas = quotas(Limits::default());
        let loud = agency("PHO-482072-01");
        let enter = || quotas.enter(&loud, Lane::General).unwrap_or_else(|_| unreachable!("there is room"));
        let (first, second) = (enter(), enter());
        assert!(first.holds(HELD_MAX - 1) && second.holds(1) && !second.holds(1));
        drop(first);
        assert!(second.holds(1));
    }

    #[test]
    fn s80_who_is_shown_nothing_too_often_may_ask_no_more_for_a_while() {
        let quotas = quotas(Limits { failed_decisions_per_minute: 2, ..Limits::default() });
        let asker = agency("CGC-480001");
        for _ in 0..4 {
            assert_eq!(quotas.take(&asker, Lane::General), Ok(()));
            quotas.failed(&asker);
        }
        assert!(quotas.take(&asker, Lane::General).is_err());
        assert_eq!(quotas.take(&asker, Lane::Notification), Ok(()));
    }
}
