//! A call that stays open: it hands out what may be seen, then what is new, and nothing where nothing is new to its caller.

use crate::agencies::Seen;
use crate::city::City;
use crate::guidance::REQUEST;
use crate::steps::{COUNCIL_CASE, akari, rin, saya};
use musubi::edge::grpc::client::{ListWorkRequest, WatchRecordsRequest, WorkItem};
use musubi::hub::enrol::Enrolment;
use musubi::sample_city as sample;
use musubi_core::agency::AgencyId;
use musubi_core::wire::agency_side::Received;
use std::time::Duration;
use tokio::time::timeout;
use tonic::{Code, Status, Streaming};

/// Several looks long: what has not come by then does not come.
const QUIET: Duration = Duration::from_secs(7);
/// Much longer than a look.
const SOON: Duration = Duration::from_secs(30);

/// The next part, which comes soon; nothing, where the stream ends.
async fn next<T>(stream: &mut Streaming<T>) -> Result<Option<T>, Status> {
    timeout(SOON, stream.message()).await.expect("something comes")
}

async fn is_quiet<T>(stream: &mut Streaming<T>) -> bool {
    timeout(QUIET, stream.message()).await.is_err()
}

impl City {
    async fn watches(&self, agency: &str, staff: &str, purpose: &str, ground: &str) -> Streaming<Received> {
        let request =
            WatchRecordsRequest { purpose: purpose.to_owned(), staff_id: staff.to_owned(), ground: ground.to_owned() };
        self.agency(agency).records().watch(request).await.unwrap().into_inner()
    }

    async fn guidance_watches(&self, purpose: &str, ground: &str) -> Streaming<Received> {
        self.watches(sample::GUIDANCE_CENTER, "w-0412", purpose, ground).await
    }

    async fn with_a_council_case() -> City {
        let city = City::after_the_visits().await;
        city.set("2026-11-17T10:00:00+09:00");
        city.center().opens_a_council_case(vec![akari(), saya()], &["C01", "C04", "C10", "C13"]).await;
        city
    }
}

#[tokio::test]
async fn who_watches_is_shown_what_may_be_seen_and_then_only_what_is_new_to_it() {
    let city = City::with_a_council_case().await;
    let mut watched = city.guidance_watches("P6", COUNCIL_CASE).await;
    let first = Seen(vec![next(&mut watched).await.unwrap().unwrap()]);
    assert_eq!(first.kinds().iter().filter(|kind| **kind == "home_visit").count(), 2, "{:?}", first.kinds());
    let before = city.running.hub.store.logs().await.unwrap();
    assert!(is_quiet(&mut watched).await, "nothing is new");
    assert_eq!(city.running.hub.store.logs().await.unwrap(), before, "and nothing is on record of having looked");
    city.set("2026-11-18T17:00:00+09:00");
    city.somebody_rang_in_vain("V-3", (2026, 11, 18)).await;
    let second = Seen(vec![next(&mut watched).await.unwrap().unwrap()]);
    assert_eq!(second.kinds().iter().filter(|kind| **kind == "home_visit").count(), 3, "{:?}", second.kinds());
    city.set("2027-05-17T00:00:00+09:00");
    assert!(next(&mut watched).await.unwrap().is_none(), "the ground has ended");
}

#[tokio::test]
async fn what_may_not_be_seen_moves_no_stream() {
    let city = City::with_a_council_case().await;
    let mut watched = city.guidance_watches("P6", COUNCIL_CASE).await;
    next(&mut watched).await.unwrap().unwrap();
    // What it may not see of the mother, and what it may see of nobody whom the case does not name.
    let epds = serde_json::json!({"instrument": "epds", "total": 12});
    city.health_center_says("S-1", "MOTHER", &saya(), "screening", epds).await;
    city.health_center_says("C-1", "CHILD", &rin(), "consultation", serde_json::json!({"topic": "育児"})).await;
    assert!(is_quiet(&mut watched).await);
    city.health_center_says("C-2", "CHILD", &akari(), "consultation", serde_json::json!({"topic": "育児"})).await;
    let shown = Seen(vec![next(&mut watched).await.unwrap().unwrap()]);
    assert!(shown.kinds().contains(&"consultation") && !shown.kinds().contains(&"screening"), "{:?}", shown.kinds());
}

#[tokio::test]
async fn a_late_match_comes_to_who_watches() {
    let city = City::after_the_visits().await;
    city.set("2026-11-16T10:00:00+09:00");
    let fact_id = city.is_asked_under_l04().await;
    let mut watched = city.guidance_watches("P5", REQUEST).await;
    assert!(is_quiet(&mut watched).await, "nothing before the approval");
    city.approves(&fact_id).await;
    let shown = Seen(vec![next(&mut watched).await.unwrap().unwrap()]);
    assert_eq!(shown.kinds(), ["home_visit", "home_visit"]);
    city.running.hub.look_after_questions().await.unwrap();
    assert!(city.guidance_center().work("late_match").await.is_empty(), "it was told by the stream");
    city.set("2026-12-17T00:00:00+09:00");
    assert!(next(&mut watched).await.unwrap().is_none());
}

#[tokio::test]
async fn without_a_live_ground_a_watch_ends_at_once_whatever_there_is() {
    let city = City::after_the_visits().await;
    let mut watched = city.guidance_watches("P5", "汐児8-000").await;
    assert!(next(&mut watched).await.unwrap().is_none());
    let request = WatchRecordsRequest { purpose: "P5".to_owned(), staff_id: "w-0412".to_owned(), ..Default::default() };
    let refused = city.guidance_center().client.records().watch(request).await.unwrap_err();
    assert!(refused.code() == Code::InvalidArgument && refused.message().contains("CG-E305"), "{refused}");
}

#[tokio::test]
async fn f09_who_is_suspended_watches_no_longer_and_cannot_tell_why() {
    let city = City::with_a_council_case().await;
    let mut watched = city.guidance_watches("P6", COUNCIL_CASE).await;
    next(&mut watched).await.unwrap().unwrap();
    let order = Enrolment::Suspend(AgencyId::new(sample::GUIDANCE_CENTER).unwrap());
    city.running.hub.enrol(order, "operator").await.unwrap();
    assert_eq!(next(&mut watched).await.err().unwrap().code(), Code::Unavailable);
    let city = City::with_a_council_case().await;
    let mut watched = city.guidance_watches("P6", COUNCIL_CASE).await;
    next(&mut watched).await.unwrap().unwrap();
    let City { folder: _kept, running, .. } = city;
    let (stopped, end) = tokio::join!(running.stop(), next(&mut watched));
    stopped.unwrap();
    assert_eq!(end.err().unwrap().code(), Code::Unavailable);
}

#[tokio::test]
async fn a_new_work_item_comes_to_who_may_list_it() {
    let city = City::after_the_visits().await;
    let watch = |staff: &str, kind: &str| {
        let (client, staff_id, kind) = (city.agency(sample::CENTER), staff.to_owned(), kind.to_owned());
        let request = ListWorkRequest { staff_id, state: String::new(), kind };
        async move { client.work_items().watch(request).await.map(|answer| answer.into_inner()) }
    };
    let mut signals: Streaming<WorkItem> = watch("ooba", "signal").await.unwrap();
    assert_eq!(next(&mut signals).await.unwrap().unwrap().code, "UNMET_INFANT", "what is open already");
    let mut held = watch("ooba", "hold").await.unwrap();
    assert!(is_quiet(&mut held).await);
    city.set("2026-11-16T10:00:00+09:00");
    city.is_asked_under_l04().await;
    assert_eq!(next(&mut held).await.unwrap().unwrap().kind, "hold");
    assert!(is_quiet(&mut held).await, "once");
    assert_eq!(watch("hayakawa", "").await.unwrap_err().code(), Code::PermissionDenied, "an auditor has no work");
}
