//! How much one agency may ask (S-80): a bucket of requests that fills again with time, and a bucket of its own for
//! notifications of abuse, which nothing else empties.

use crate::edge::peer::Peer;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use musubi_core::agency::AgencyId;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;
use tonic::Status;

/// The call whose lane is known only when its message is read: what it hands in decides.
const BY_CONTENT: &str = "/musubi.v1.Intake/Submit";
/// Notifications of abuse in a second: more than a prefecture sends in a day, and far from a flood.
const NOTIFICATIONS: u64 = 20;
/// Seconds of its rate that a bucket holds when it is full.
const FULL_SECONDS: u64 = 2;
/// Parts of a token that are counted.
const PARTS: u64 = 1_000_000;

/// Which bucket a request is taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Everything.
    General,
    /// A notification of abuse (通告): never behind anything else.
    Notification,
}

/// Requests that may still be made, in parts, and when that was so.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    parts: u64,
    at: Duration,
}

impl Bucket {
    fn full(rate: u64, at: Duration) -> Self {
        Bucket { parts: rate.saturating_mul(FULL_SECONDS * PARTS), at }
    }

    /// Takes one, or says how long it takes until there is one.
    fn take(&mut self, rate: u64, now: Duration) -> Result<(), Duration> {
        let passed = u64::try_from(now.saturating_sub(self.at).as_micros()).unwrap_or(u64::MAX);
        let most = rate.saturating_mul(FULL_SECONDS * PARTS);
        // One part for each microsecond and request a second.
        self.parts = self.parts.saturating_add(passed.saturating_mul(rate)).min(most);
        self.at = self.at.max(now);
        match self.parts.checked_sub(PARTS) {
            Some(left) => {
                self.parts = left;
                Ok(())
            }
            None => Err(Duration::from_micros((PARTS - self.parts).div_ceil(rate.max(1)))),
        }
    }
}

/// The buckets of all agencies. Only agencies of the register come this far, so there are not many.
pub struct Quotas {
    requests: u64,
    began: Instant,
    agencies: Mutex<BTreeMap<AgencyId, [Bucket; 2]>>,
}

impl Quotas {
    /// So many requests a second for each agency.
    pub fn new(requests: u64) -> Self {
        Quotas { requests, began: Instant::now(), agencies: Mutex::default() }
    }

    /// Takes a request from the lane of an agency.
    ///
    /// # Errors
    /// With the time until there is one again.
    pub fn take(&self, agency: &AgencyId, lane: Lane) -> Result<(), Duration> {
        let now = self.began.elapsed();
        let mut agencies = self.agencies.lock().unwrap_or_else(PoisonError::into_inner);
        let full = || [Bucket::full(self.requests, now), Bucket::full(NOTIFICATIONS, now)];
        let [general, notifications] = agencies.entry(agency.clone()).or_insert_with(full);
        match lane {
            Lane::General => general.take(self.requests, now),
            Lane::Notification => notifications.take(NOTIFICATIONS, now),
        }
    }

    /// The same, as a status of gRPC.
    ///
    /// # Errors
    /// `RESOURCE_EXHAUSTED` when there is none left.
    pub fn admit(&self, agency: &AgencyId, lane: Lane) -> Result<(), Status> {
        self.take(agency, lane).map_err(|_| too_many())
    }
}

fn too_many() -> Status {
    Status::resource_exhausted(
        "M900 quota: 要求が多すぎます。間を置いて送り直してください。 / Too many requests. Wait, then send it again.",
    )
}

/// Lets a request in, or answers that there are too many.
pub async fn quota(State(quotas): State<Arc<Quotas>>, request: Request, next: Next) -> Response {
    let agency = request.extensions().get::<Arc<Peer>>().map(|peer| peer.agency().clone());
    let taken = match agency.filter(|_| request.uri().path() != BY_CONTENT) {
        Some(agency) => quotas.take(&agency, Lane::General),
        None => Ok(()),
    };
    let Err(wait) = taken else { return next.run(request).await };
    let content = request.headers().get(header::CONTENT_TYPE);
    if content.is_some_and(|content| content.as_bytes().starts_with(b"application/grpc")) {
        return too_many().into_http::<Body>();
    }
    let seconds = HeaderValue::from(wait.as_secs().saturating_add(1));
    (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, seconds)]).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn s80_a_bucket_is_emptied_fills_again_and_never_runs_over() {
        let mut bucket = Bucket::full(10, Duration::ZERO);
        let taken = |bucket: &mut Bucket, now| (0..100).take_while(|_| bucket.take(10, now).is_ok()).count();
        assert_eq!(taken(&mut bucket, Duration::ZERO), 20);
        assert_eq!(bucket.take(10, Duration::ZERO), Err(SECOND / 10));
        assert_eq!(taken(&mut bucket, SECOND / 10), 1);
        assert_eq!(taken(&mut bucket, SECOND), 9);
        assert_eq!(taken(&mut bucket, 1_000 * SECOND), 20);
        // A clock that goes back fills nothing and breaks nothing.
        assert_eq!(taken(&mut bucket, SECOND), 0);
    }

    #[test]
    fn s80_an_agency_that_asks_too_much_holds_up_neither_another_nor_its_own_notifications() {
        let agency = |id| AgencyId::new(id).unwrap_or_else(|_| unreachable!("an agency"));
        let quotas = Quotas::new(10);
        let (loud, quiet) = (agency("PHO-482072-01"), agency("MED-4810700122"));
        while quotas.take(&loud, Lane::General).is_ok() {}
        assert!(quotas.admit(&loud, Lane::General).is_err());
        assert_eq!(quotas.take(&loud, Lane::Notification), Ok(()));
        assert_eq!(quotas.take(&quiet, Lane::General), Ok(()));
    }
}
