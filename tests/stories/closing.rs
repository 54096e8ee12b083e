//! What was open and is closed: who is told, and what stays (rules F05, F07, F08, F10 to F12).

use crate::agencies::{Agency, words};
use crate::city::{City, MOTHER, NEWBORN};
use crate::steps::{akari, aoi, chinatsu, minato, permit, rin};
use musubi::edge::grpc::client::{
    GroundRequest, ObjectRequest, ReceiveRequest, RecordConsentRequest, WithdrawFormRequest, WorkItem,
};
use musubi::hub::Refusal;
use musubi::hub::enrol::Enrolment;
use musubi::hub::work::Answer;
use musubi::sample_city as sample;
use musubi_core::agency::AgencyId;
use tonic::Code;

const CORRECTION: &[u8] = include_bytes!("../../adapters/hospital/hl7v2/samples/shione_a08_correction.hl7");

impl Agency {
    pub(crate) async fn sees_the_discharge(&self) -> bool {
        self.looks_up("P3", chinatsu(), "").await.kinds().contains(&"discharge_notice")
    }

    async fn fetches_one(&self) -> usize {
        let request = ReceiveRequest { limit: 1, ..ReceiveRequest::default() };
        let stream = self.client.deliveries().receive(request).await.unwrap().into_inner();
        crate::agencies::whole(stream).await.unwrap().len()
    }

    pub(crate) async fn no_longer_shared(&self) -> Vec<WorkItem> {
        self.work("no_longer_shared").await
    }
}

#[tokio::test]
async fn f05_what_expired_stays_expired_when_the_clock_jumps_back() {
    let city = City::at("2026-10-28T10:00:00+09:00").await;
    let until = RecordConsentRequest { valid_until: "2027-03-31".to_owned(), ..permit(chinatsu(), "self") };
    city.center().records(until).await;
    city.set("2026-10-30T11:05:40+09:00");
    city.hospital().sends(MOTHER).await.accepted();
    city.set("2027-03-31T23:59:59+09:00");
    assert!(city.center().sees_the_discharge().await);
    city.set("2027-04-01T00:00:00+09:00");
    assert!(!city.center().sees_the_discharge().await);
    city.set("2027-03-31T23:00:00+09:00");
    assert!(!city.center().sees_the_discharge().await, "the clock of decisions does not go back");
}

#[tokio::test]
async fn f07_f08_what_was_fetched_once_is_decided_again_when_it_is_asked_for_again() {
    let city = City::after_the_permitted_discharge().await;
    city.set("2026-11-20T10:00:00+09:00");
    city.hospital().sends(CORRECTION).await.accepted();
    let waiting = city.center().looks_into_its_box().await.0.len();
    assert!(waiting >= 2, "{waiting}");
    city.set("2026-11-21T12:00:00+09:00");
    assert_eq!(city.center().fetches_one().await, 1, "the first page");
    city.set("2026-11-21T12:01:00+09:00");
    city.center().withdraws_for(chinatsu(), "self").await;
    city.center().withdraws_for(minato(), "parental_authority").await;
    city.set("2026-11-22T12:00:00+09:00");
    assert!(city.center().looks_into_its_box().await.is_empty(), "neither the second page nor the first again");
    let again = city.hospital().sends(CORRECTION).await.accepted();
    assert!(!again.text().contains("千夏"), "an acknowledgement repeats no content");
    assert!(city.center().looks_into_its_box().await.is_empty());
}

#[tokio::test]
async fn f09_a_suspended_agency_is_shown_nothing_from_that_moment_on() {
    let city = City::after_the_permitted_discharge().await;
    assert!(city.center().sees_the_discharge().await);
    let center = AgencyId::new(sample::CENTER).unwrap();
    city.running.hub.enrol(Enrolment::Suspend(center), "operator").await.unwrap();
    let refused = city.center().asks_as("ooba", "P3", chinatsu(), "").await.err().unwrap();
    assert_eq!(refused.code(), Code::PermissionDenied);
    let refused = city.center().client.deliveries().receive(ReceiveRequest::default()).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied, "nor what waits for it");
}

#[tokio::test]
async fn f10_who_received_what_a_withdrawal_closes_is_told_once_and_nobody_else() {
    let city = City::after_the_permitted_discharge().await;
    city.center().receives().await;
    city.set("2026-11-20T10:05:00+09:00");
    assert!(city.center().no_longer_shared().await.is_empty());
    city.center().withdraws_for(chinatsu(), "self").await;
    let told = city.center().no_longer_shared().await;
    assert_eq!(told.len(), 1);
    let said = format!("{}{}{}", told[0].text_ja, told[0].text_en, told[0].about);
    assert!(
        !said.contains("同意") && !said.contains("consent") && told[0].about.is_empty(),
        "without content or reason"
    );
    for agency in [city.hospital(), city.clinic(), city.provider(), city.guidance_center(), city.health_center()] {
        assert!(agency.no_longer_shared().await.is_empty(), "{} received nothing under it", agency.id);
    }
    city.center().withdraws_for(chinatsu(), "self").await;
    assert_eq!(city.center().no_longer_shared().await.len(), 1, "once");
    city.set("2026-12-05T00:00:00+09:00");
    city.running.hub.look_after_overdue().await.unwrap();
    let codes: Vec<String> = city.center().work("escalation").await.into_iter().map(|item| item.code).collect();
    assert_eq!(codes, ["NOT_ACKNOWLEDGED"], "that nobody has read it is seen");
    city.center().answers("ooba", &told[0], "done", "").await.unwrap();
    assert!(city.center().no_longer_shared().await.is_empty());
}

#[tokio::test]
async fn an_objection_is_told_of_like_a_withdrawal() {
    let city = City::after_the_permitted_discharge().await;
    assert!(city.center().sees_the_discharge().await);
    city.set("2026-11-20T10:05:00+09:00");
    let objection = ObjectRequest {
        staff_id: "ooba".to_owned(),
        subject: Some(chinatsu()),
        relationship: "self".to_owned(),
        categories: words(&["C05"]),
        ..ObjectRequest::default()
    };
    city.center().client.consents().object(objection).await.unwrap();
    assert_eq!(city.center().no_longer_shared().await.len(), 1);
}

#[tokio::test]
async fn f11_a_shield_past_its_end_alerts_an_officer_and_stays_until_somebody_decides() {
    let city = City::at("2026-11-11T17:15:00+09:00").await;
    city.center().shields_the_hidden_family("2026-12-31").await;
    city.health_center().hands_in("ph05", &crate::hidden::visits_with_a_place()).await;
    city.set("2026-11-17T10:00:00+09:00");
    city.center().opens_a_council_case(vec![rin(), aoi()], &["C01", "C02", "C10", "C13"]).await;
    let place = || async {
        city.clinic().looks_up("P6", rin(), crate::steps::COUNCIL_CASE).await.json().contains("Kakurega-9-17")
    };
    let renewals = city.center().work("shield_renewal").await;
    assert_eq!(renewals.iter().map(|item| item.due_at.as_str()).collect::<Vec<_>>(), ["2027-01-01T00:00:00+09:00"; 2]);
    city.set("2027-01-01T00:00:00+09:00");
    city.running.hub.look_after_overdue().await.unwrap();
    let alerts = city.center().work("escalation").await;
    assert!(alerts.len() == 2 && alerts.iter().all(|item| item.code == "SHIELD_EXPIRED_PENDING"), "{alerts:?}");
    assert!(!place().await, "it stays in force");
    for item in city.center().work("shield_renewal").await {
        assert_eq!(item.state, "overdue");
        let answer = if item.person_ids == renewals[0].person_ids { "renew" } else { "lift" };
        city.center().answers("ooba", &item, answer, "").await.unwrap();
    }
    city.approves_the_lifting("fukatsu").await.unwrap();
    let renewed = city.center().work("shield_renewal").await;
    assert_eq!(renewed.len(), 1, "one was lifted, and one renewed at once");
    assert_eq!(renewed[0].due_at, "2028-01-01T00:00:00+09:00");
    city.set("2027-01-02T00:00:00+09:00");
    let rest = renewed[0].clone();
    city.center().answers("ooba", &rest, "lift", "").await.unwrap();
    assert_eq!(city.center().work("shield_renewal").await.len(), 1, "one officer proposes it, and lifts nothing");
    city.approves_the_lifting("fukatsu").await.unwrap();
    city.set("2027-01-03T00:00:00+09:00");
    assert!(place().await, "lifted, by the word of two");
}

impl City {
    /// An officer of the center who signed in approves the lifting that is proposed.
    async fn approves_the_lifting(&self, staff: &str) -> Result<(), Refusal> {
        let hub = &self.running.hub;
        let officer = hub.caller(&AgencyId::new(sample::CENTER).unwrap(), staff).unwrap();
        let items = hub.work_items(&officer, Some(true), "shield_lift").await.unwrap();
        let [item] = items.as_slice() else { panic!("{}", items.len()) };
        let answer = Answer { word: "approve", ..Answer::default() };
        hub.answer_work(&officer, item.row.id, &answer).await.map(drop)
    }
}

#[tokio::test]
async fn s58_a_shield_is_lifted_by_two_within_a_day_and_not_from_one_certificate() {
    let city = City::at("2026-11-11T17:15:00+09:00").await;
    city.center().shields_the_hidden_family("2026-12-31").await;
    let renewals = city.center().work("shield_renewal").await;
    assert!(city.center().work("shield_lift").await.is_empty(), "it was opened at once, by one");
    city.center().answers("ooba", &renewals[0], "lift", "本人の申出").await.unwrap();
    let [proposed] = city.center().work("shield_lift").await.try_into().unwrap();
    assert_eq!((proposed.due_at.as_str(), proposed.code.as_str()), ("2026-11-12T17:15:00+09:00", "SHIELD_LIFT"));
    let refused = |refusal: Refusal| refusal.to_string();
    let again = city.center().answers("fukatsu", &renewals[0], "lift", "").await.unwrap_err();
    assert!(again.message().contains("M857"), "{again}");
    let same = city.approves_the_lifting("ooba").await.map_err(refused).unwrap_err();
    assert!(same.contains("M854"), "{same}");
    let by_system = city.center().answers("fukatsu", &proposed, "approve", "").await.unwrap_err();
    assert!(by_system.code() == Code::PermissionDenied && by_system.message().contains("M855"), "{by_system}");
    city.set("2026-11-12T17:16:00+09:00");
    let late = city.approves_the_lifting("fukatsu").await.map_err(refused).unwrap_err();
    assert!(late.contains("M856"), "{late}");
    city.running.hub.look_after_overdue().await.unwrap();
    assert!(city.center().work("shield_lift").await.is_empty(), "it has lapsed");
    assert_eq!(city.center().work("shield_renewal").await.len(), 2, "both shields stand");
    city.center().answers("ooba", &renewals[0], "lift", "").await.unwrap();
    let [proposed] = city.center().work("shield_lift").await.try_into().unwrap();
    city.center().answers("fukatsu", &proposed, "refuse", "").await.unwrap();
    assert_eq!(city.center().work("shield_renewal").await.len(), 2, "refused: both stand still");
    city.center().answers("ooba", &renewals[0], "lift", "").await.unwrap();
    city.approves_the_lifting("fukatsu").await.unwrap();
    assert_eq!(city.center().work("shield_renewal").await.len(), 1);
}

#[tokio::test]
async fn f12_permits_on_a_defective_form_are_unverified_and_what_rested_on_them_is_reported() {
    let city = City::after_the_permitted_discharge().await;
    assert!(city.center().sees_the_discharge().await);
    city.set("2026-11-20T10:05:00+09:00");
    let withdraw = |staff: &str, version: &str| WithdrawFormRequest {
        staff_id: staff.to_owned(),
        form_id: "SK-01".to_owned(),
        form_version: version.to_owned(),
    };
    let refused = city.center().client.consents().withdraw_form(withdraw("ooba", "2026-04")).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
    assert!(city.hospital().client.consents().withdraw_form(withdraw("namiki", "2026-04")).await.is_err());
    let other = city.center().client.consents().withdraw_form(withdraw("isobe", "2025-04")).await.unwrap().into_inner();
    assert_eq!((other.permits, other.released.len()), (0, 0), "another version stands");
    assert!(city.center().sees_the_discharge().await);
    let done = city.center().client.consents().withdraw_form(withdraw("isobe", "2026-04")).await.unwrap().into_inner();
    assert_eq!(done.permits, 2, "hers and her child's");
    assert!(!done.released.is_empty() && done.released.iter().all(|line| line.starts_with("OSC-482072, P3, ")));
    assert!(!city.center().sees_the_discharge().await);
    assert!(!city.center().no_longer_shared().await.is_empty());
    city.center().records(permit(chinatsu(), "self")).await;
    assert!(city.center().sees_the_discharge().await, "signed anew");
}

#[tokio::test]
async fn a_request_is_answered_on_the_work_list_or_escalates() {
    let city = City::after_the_visits().await;
    city.set("2026-11-16T10:00:00+09:00");
    let ask = |number: &str| GroundRequest {
        staff_id: "w-0412".to_owned(),
        code: "L04".to_owned(),
        number: number.to_owned(),
        persons: vec![akari()],
        categories: words(&["C10"]),
        requesting_head: "南部児童相談所長".to_owned(),
        necessity: "泣き声の通告を受けた安全確認".to_owned(),
        from: "2026-11-16".to_owned(),
        until: "2026-12-16".to_owned(),
        ..GroundRequest::default()
    };
    let mut items = Vec::new();
    for number in ["汐児8-301", "汐児8-302", "汐児8-303"] {
        let asked = city.guidance_center().client.grounds().request(ask(number)).await.unwrap().into_inner();
        let held = city.center().work("hold").await;
        items.push(held.into_iter().find(|item| item.about == asked.fact_id).unwrap());
    }
    assert!(city.center().answers("fukatsu", &items[0], "maybe", "").await.unwrap_err().message().contains("M636"));
    city.center().answers("fukatsu", &items[0], "approve", "").await.unwrap();
    city.center().answers("fukatsu", &items[1], "refuse", "").await.unwrap();
    let seen = |number: &'static str| async { city.guidance_center().looks_up("P5", akari(), number).await };
    let seen = [seen("汐児8-301").await, seen("汐児8-302").await, seen("汐児8-303").await];
    assert_eq!(seen.map(|seen| seen.is_empty()), [false, true, true]);
    city.set("2026-11-23T10:00:00+09:00");
    city.running.hub.look_after_overdue().await.unwrap();
    let escalated = city.center().work("escalation").await;
    let about: Vec<(&str, &str)> = escalated.iter().map(|item| (item.code.as_str(), item.about.as_str())).collect();
    assert_eq!(about, [("ANSWER_OVERDUE", items[2].id.as_str())]);
    assert!(city.guidance_center().work("").await.is_empty(), "the one who asked is told nothing by it");
}

#[tokio::test]
async fn both_of_a_family_are_told_of_apart() {
    let city = City::at("2026-10-28T10:00:00+09:00").await;
    city.center().records_both_permits().await;
    city.set("2026-10-30T11:05:40+09:00");
    city.hospital().sends(NEWBORN).await.accepted();
    city.hospital().sends(MOTHER).await.accepted();
    city.center().receives().await;
    city.set("2026-11-20T10:05:00+09:00");
    city.center().withdraws_for(minato(), "parental_authority").await;
    assert!(city.center().sees_the_discharge().await, "her own permit stands");
    assert_eq!(city.center().no_longer_shared().await.len(), 1);
}

#[tokio::test]
async fn f06_what_waits_is_decided_under_the_policy_of_the_moment_of_its_release() {
    let mut city = City::after_the_permitted_discharge().await;
    let seen = city.center().looks_up("P3", chinatsu(), "").await;
    assert!(seen.kinds().contains(&"discharge_notice"));
    let before = crate::explain::releases(&seen.json()).remove(0);
    let first = city.center().explains("hayakawa", &before).await.unwrap();
    let folder = city.folder.path().join("policy");
    std::fs::create_dir(&folder).unwrap();
    for name in ["matrix.toml", "grounds.toml", "masks.toml", "codes.toml"] {
        let reviewed = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("policy").join(name);
        let text = std::fs::read_to_string(reviewed).unwrap();
        let narrower = text.replacen("C05 = \"CS\"", "C05 = \"-\" ", if name == "matrix.toml" { 1 } else { 0 });
        std::fs::write(folder.join(name), narrower).unwrap();
    }
    city.config.policy.folder = Some(folder);
    let city = city.restarted().await;
    assert!(!city.center().sees_the_discharge().await);
    let mail = city.center().looks_into_its_box().await;
    assert!(!mail.text().contains("Discharge summary"), "what waited under the old policy");
    let again = city.center().explains("hayakawa", &before).await.unwrap();
    assert_eq!((again.reproduced.as_str(), &again.policy_hash), ("policy_changed", &first.policy_hash));
    assert_eq!(again.decisions, first.decisions, "what was recorded stays");
}
