//! HOLD: where the rules leave a release to a person, one is asked once, answers with a reason and an end, and the next
//! decision rests on it. Whoever asked for the record learns nothing of it.

use crate::agencies::{Agency, person, whole};
use crate::city::{CLINIC, City};
use crate::grantors::{father, signed};
use crate::steps::{chinatsu, minato};
use musubi::edge::grpc::client::{AnswerWorkRequest, ListWorkRequest, ObjectRequest, WorkItem};
use musubi::sample_city as sample;
use musubi_core::wire::agency_side::Draft;
use tonic::Status;

pub(crate) const REASON: &str = "両親それぞれと面談し、子の支援に必要と判断したため";

impl Agency {
    /// The open items of a kind, as a member of staff lists them.
    pub(crate) async fn work_of(&self, staff: &str, kind: &str) -> Vec<WorkItem> {
        let request = ListWorkRequest { staff_id: staff.to_owned(), state: "open".to_owned(), kind: kind.to_owned() };
        whole(self.client.work_items().list(request).await.unwrap().into_inner()).await.unwrap()
    }

    pub(crate) async fn weighs(
        &self,
        staff: &str,
        item: &WorkItem,
        word: &str,
        until: &str,
    ) -> Result<WorkItem, Status> {
        let request = AnswerWorkRequest {
            staff_id: staff.to_owned(),
            id: item.id.clone(),
            answer: word.to_owned(),
            note: REASON.to_owned(),
            evidence: "面談記録 8-112".to_owned(),
            until: until.to_owned(),
        };
        Ok(self.client.work_items().answer(request).await?.into_inner())
    }

    /// An EPDS of the hospital's own that is not to be passed on unasked.
    async fn submits_a_screening_with_a_restriction(&self, number: u32) {
        let whom = person(sample::HOSPITAL, "00012345", "mother");
        let subjects = serde_json::json!([{"role": "MOTHER", "issuer": whom.issuer, "identifier": whom.identifier}]);
        let screening = serde_json::json!({"instrument": "epds", "total": 5 + number});
        let entry = serde_json::json!({
            "sourceKey": format!("epds-{number}"), "subjects": subjects, "originator": "ASK", "screening": screening
        });
        let all = serde_json::json!({"format": "grpc", "messageId": format!("epds-{number}"), "entries": [entry]});
        let draft = Draft::from_json(&all.to_string()).ok().unwrap();
        self.client.intake().submit(draft).await.unwrap();
    }
}

impl City {
    /// A mother permits, and the father, who is on file as the alleged abuser, objects (E08).
    pub(crate) async fn with_a_word_in_conflict() -> City {
        let city = City::with_a_newborn().await;
        city.center().records_custody("ordinary", vec![father()]).await;
        city.center().records(signed(minato(), "parental_authority", chinatsu())).await;
        city.center().hears_an_objection(minato(), "parental_authority", father()).await;
        city
    }

    pub(crate) async fn sees_the_newborn(&self) -> bool {
        self.center().sees(minato(), "newborn").await
    }

    /// The mother permits the center to see her state of mind.
    async fn after_a_permit_for_her_mind(&self) {
        let permit = crate::steps::permit(chinatsu(), "self");
        let categories = crate::agencies::words(&["C08"]);
        let permit = musubi::edge::grpc::client::RecordConsentRequest { categories, ..permit };
        assert_eq!(self.center().records(permit).await.status, "active");
    }
}

#[tokio::test]
async fn a_word_in_conflict_is_put_before_an_officer_once_and_nobody_else_lists_it() {
    let city = City::with_a_word_in_conflict().await;
    for _ in 0..2 {
        assert!(!city.sees_the_newborn().await);
    }
    for staff in ["fukatsu", "isobe"] {
        let items = city.center().work_of(staff, "weigh_conflict").await;
        assert_eq!(items.len(), 1, "{staff}: {items:?}");
        assert!(items[0].text_ja.contains("C06") && items[0].code == "HELD_CONFLICT", "{items:?}");
    }
    for staff in ["ooba", ""] {
        let items = city.center().work_of(staff, "").await;
        assert!(items.iter().all(|item| !item.kind.starts_with("weigh")), "{staff}: {items:?}");
    }
    let item = city.center().work_of("fukatsu", "weigh_conflict").await.remove(0);
    let unlisted = city.center().weighs("ooba", &item, "permit", "").await.unwrap_err();
    assert!(unlisted.message().contains("M611"), "who may not list it is answered as for no item: {unlisted}");
    for agency in [city.hospital(), city.clinic(), city.provider(), city.guidance_center(), city.health_center()] {
        let items = agency.work_of(agency.staff, "").await;
        assert!(items.iter().all(|item| !item.kind.starts_with("weigh")), "{}: {items:?}", agency.id);
    }
}

#[tokio::test]
async fn an_officers_permission_opens_until_its_end_and_then_somebody_is_asked_again() {
    let city = City::with_a_word_in_conflict().await;
    assert!(!city.sees_the_newborn().await);
    let item = city.center().work_of("fukatsu", "weigh_conflict").await.remove(0);
    for (answer, note) in [("done", REASON), ("permit", "必要")] {
        let refused = city.center().answers("fukatsu", &item, answer, note).await.unwrap_err();
        assert!(refused.message().contains("M636") || refused.message().contains("MU-E471"), "{refused}");
    }
    assert!(!city.sees_the_newborn().await);
    city.center().weighs("fukatsu", &item, "permit", "2026-11-30").await.unwrap();
    assert!(city.sees_the_newborn().await);
    assert!(city.center().receives().await.text().contains("2,486"), "what waited is delivered");
    city.set("2026-12-01T00:00:00+09:00");
    assert!(!city.sees_the_newborn().await);
    assert_eq!(city.center().work_of("fukatsu", "weigh_conflict").await.len(), 1);
}

#[tokio::test]
async fn an_officers_refusal_closes_and_is_not_asked_about_again() {
    let city = City::with_a_word_in_conflict().await;
    assert!(!city.sees_the_newborn().await);
    let item = city.center().work_of("isobe", "weigh_conflict").await.remove(0);
    city.center().weighs("isobe", &item, "refuse", "").await.unwrap();
    assert!(!city.sees_the_newborn().await);
    assert!(city.center().work_of("isobe", "weigh_conflict").await.is_empty());
    let parts = city.hospital().what_if_the_newborn().await;
    let now = parts.into_iter().filter_map(|part| part.now).find(|now| now.category == "C06").unwrap();
    assert_eq!((now.outcome.as_str(), now.rule.as_str()), ("DENY", "T7.objection"));
}

#[tokio::test]
async fn a_source_that_wants_to_be_asked_is_asked_when_its_notice_arrives_and_releases_it() {
    let city = City::with_a_newborn().await;
    city.after_a_permit_for_her_mind().await;
    city.center().receives().await;
    city.hospital().submits_a_screening_with_a_restriction(1).await;
    assert!(city.center().receives().await.is_empty() && !city.center().sees(chinatsu(), "screening").await);
    let items = city.hospital().work_of("namiki", "weigh").await;
    assert_eq!(items.len(), 1, "a custody notice and a look ask once: {items:?}");
    assert!(items[0].text_ja.contains(sample::CENTER) && items[0].text_ja.contains("C08"), "{items:?}");
    assert!(city.center().work_of("fukatsu", "weigh").await.is_empty(), "the recipient learns nothing");
    let refused = city.hospital().weighs("clerk-07", &items[0], "permit", "").await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::PermissionDenied, "a clerk does not release");
    city.hospital().weighs("namiki", &items[0], "permit", "").await.unwrap();
    assert!(city.center().sees(chinatsu(), "screening").await);
    city.hospital().submits_a_screening_with_a_restriction(2).await;
    assert_eq!(city.hospital().work_of("namiki", "weigh").await.len(), 1, "it was permitted for that notice alone");
}

#[tokio::test]
async fn an_objection_after_a_ground_was_asserted_is_weighed_by_the_source() {
    let city = City::at("2026-10-27T16:20:00+09:00").await;
    let answer = city.clinic().sends(CLINIC).await.accepted();
    city.set("2026-10-27T16:40:00+09:00");
    crate::hospital::asserts_that_support_is_needed(&city, &answer.msa(2)).await;
    let whom = || person(sample::CLINIC, "0004521", "mother");
    let sees = || async { city.center().looks_up("P3", whom(), "").await.kinds().contains(&"discharge_notice") };
    assert!(sees().await);
    city.set("2026-10-28T10:00:00+09:00");
    let objection = ObjectRequest {
        staff_id: "ooba".to_owned(),
        subject: Some(whom()),
        relationship: "self".to_owned(),
        ..ObjectRequest::default()
    };
    city.center().client.consents().object(objection).await.unwrap();
    assert!(!sees().await, "the objection was not in the clinic's view");
    let items = city.clinic().work_of("kaida", "weigh").await;
    assert_eq!(items.iter().map(|item| item.code.as_str()).collect::<Vec<_>>(), ["HELD_GROUND"]);
    city.clinic().weighs("kaida", &items[0], "permit", "").await.unwrap();
    assert!(sees().await);
}

#[tokio::test]
async fn an_answer_that_is_taken_back_closes_at_once_and_somebody_is_asked_again() {
    let city = City::with_a_word_in_conflict().await;
    assert!(!city.sees_the_newborn().await);
    let item = city.center().work_of("fukatsu", "weigh_conflict").await.remove(0);
    let early = city.center().weighs("fukatsu", &item, "take_back", "").await.unwrap_err();
    assert!(early.message().contains("M636"), "nothing to take back: {early}");
    city.center().weighs("fukatsu", &item, "permit", "").await.unwrap();
    assert!(city.sees_the_newborn().await);
    city.set("2026-11-12T10:00:00+09:00");
    let short = city.center().answers("isobe", &item, "take_back", "誤り").await.unwrap_err();
    assert!(short.message().contains("M638"), "{short}");
    city.center().weighs("isobe", &item, "take_back", "").await.unwrap();
    assert!(!city.sees_the_newborn().await);
    assert_eq!(city.center().no_longer_shared().await.len(), 1, "who saw it is told");
    let again = city.center().work_of("fukatsu", "weigh_conflict").await;
    assert!(again.len() == 1 && again[0].id != item.id, "{again:?}");
    let twice = city.center().weighs("isobe", &item, "take_back", "").await.unwrap_err();
    assert!(twice.message().contains("M636"), "{twice}");
}

#[tokio::test]
async fn what_nobody_weighs_is_escalated_to_whoever_was_asked() {
    let city = City::with_a_word_in_conflict().await;
    assert!(!city.sees_the_newborn().await);
    // Nor does it escalate itself when a day has passed.
    for day in ["2026-11-07T00:00:00+09:00", "2026-11-07T00:00:01+09:00", "2026-11-09T00:00:00+09:00"] {
        city.set(day);
        city.running.hub.look_after_overdue().await.unwrap();
    }
    let codes: Vec<String> =
        city.center().work_of("fukatsu", "weigh_conflict").await.into_iter().map(|item| item.code).collect();
    assert_eq!(codes.iter().filter(|code| *code == "WEIGHING_OVERDUE").count(), 1, "{codes:?}");
    assert!(city.center().work_of("ooba", "").await.iter().all(|item| item.code != "WEIGHING_OVERDUE"));
}
