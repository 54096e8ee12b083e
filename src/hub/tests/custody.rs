//! What custody does not let a sender do, and what it does not let get lost.

use super::*;
use crate::hub::RefusalKind;
use musubi_core::record::Submission;
use musubi_core::wire::agency_side::Draft;
use serde_json::{Value, json};

/// A submission of one entry about a mother.
fn native(id: &str, issuer: &str, number: &str, kind: &str, body: Value) -> Submission {
    let mut entry = json!({
        "sourceKey": format!("key-{id}"),
        "subjects": [{ "role": "MOTHER", "issuer": issuer, "identifier": number }],
    });
    entry[kind] = body;
    draft(json!({ "format": "grpc", "messageId": id, "entries": [entry] }))
}

fn draft(message: Value) -> Submission {
    Draft::from_json(&message.to_string()).unwrap().check().unwrap()
}

fn consultation() -> Value {
    json!({ "method": "phone" })
}

impl City {
    async fn send(&self, id: &str, submission: Submission) -> Result<Vec<String>, (RefusalKind, Vec<String>)> {
        let taken = self.hub.take_submission(&self.caller(id, ""), submission).await;
        taken
            .map(|(_, said)| said.iter().map(|d| d.code.to_string()).collect())
            .map_err(|refusal| (refusal.kind, refusal.diagnostics.iter().map(|d| d.code.to_string()).collect()))
    }

    async fn refused(&self, id: &str, submission: Submission) -> Vec<String> {
        self.send(id, submission).await.unwrap_err().1
    }
}

const HOSPITAL: &str = "MED-4810700122";

#[tokio::test]
async fn an_individual_number_or_a_time_to_come_is_refused_on_the_native_way_too() {
    let city = City::new().await;
    let number = ["1234", "5678", "9018"].concat();
    let numbered = native("1", HOSPITAL, "1", "consultation", json!({ "note": number }));
    assert_eq!(city.refused(HOSPITAL, numbered).await, ["H009"]);
    let mut ahead = json!({ "messageId": "2", "entries": [{
        "sourceKey": "a", "subjects": [{ "role": "MOTHER", "issuer": HOSPITAL, "identifier": "1" }],
        "consultation": consultation() }] });
    ahead["sentAt"] = json!({ "date": { "year": 2026, "month": 10, "day": 27 }, "hour": 16, "minute": 26 });
    assert_eq!(city.refused(HOSPITAL, draft(ahead.clone())).await, ["M112"]);
    ahead["sentAt"]["minute"] = json!(24);
    city.send(HOSPITAL, draft(ahead)).await.unwrap();
    assert!(city.hub.find(&named(HOSPITAL, "2")).await.unwrap().is_none());
}

#[tokio::test]
async fn a_provider_neither_approves_itself_nor_passes_the_checks_of_care_unseen() {
    let city = City::new().await;
    let provider = agency("PRV-482072-07", AgencyKind::Prv, "", &[]);
    city.hub.register.put(&city.hub.store, provider, Change::default()).await.unwrap();
    let own = "PRV-482072-07";
    let approval = native("1", own, "1", "careApproval", json!({ "approvalNumber": "SK08-0041" }));
    assert_eq!(city.refused(own, approval).await, ["M113"]);
    let report = native("2", own, "1", "careDelivery", json!({ "approvalNumber": "SK08-0041", "provider": own }));
    assert_eq!(city.refused(own, report).await, ["PV-E011"]);
    assert!(city.hub.find(&named(own, "1")).await.unwrap().is_none());
}

#[tokio::test]
async fn nobody_but_a_center_names_persons_by_the_ids_of_musubi_or_gives_the_numbers_of_others() {
    let city = City::new().await;
    city.send(HOSPITAL, native("1", HOSPITAL, "1", "consultation", consultation())).await.unwrap();
    let person = city.hub.find(&named(HOSPITAL, "1")).await.unwrap().unwrap().to_string();
    let by_id = |id: &str| native(id, "musubi", &person, "consultation", consultation());
    assert_eq!(city.refused(HOSPITAL, by_id("2")).await, ["M110"]);
    city.send("OSC-482072", by_id("3")).await.unwrap();
    let said = city.send(HOSPITAL, native("4", "482072", "K1", "consultation", consultation())).await.unwrap();
    assert!(said.contains(&"M111".to_owned()), "{said:?}");
    assert!(city.hub.find(&named("482072", "K1")).await.unwrap().is_none());
    city.send("PHO-482072-01", native("5", "482072", "K1", "consultation", consultation())).await.unwrap();
    assert!(city.hub.find(&named("482072", "K1")).await.unwrap().is_some());
}

#[tokio::test]
async fn a_new_version_counts_up_the_epoch_and_a_first_one_or_the_same_again_does_not() {
    let city = City::new().await;
    let visit = |id: &str, key: &str, topic: &str| {
        draft(json!({ "messageId": id, "entries": [{
            "sourceKey": key, "subjects": [{ "role": "MOTHER", "issuer": HOSPITAL, "identifier": "1" }],
            "consultation": { "method": "phone", "topic": topic } }] }))
    };
    let epoch = async || {
        let person = city.hub.find(&named(HOSPITAL, "1")).await.unwrap().unwrap();
        city.hub.store.persons(&[person]).await.unwrap()[0].epoch
    };
    city.send(HOSPITAL, visit("1", "a", "授乳")).await.unwrap();
    let first = epoch().await;
    city.send(HOSPITAL, visit("2", "b", "授乳")).await.unwrap();
    assert_eq!(epoch().await, first);
    city.send(HOSPITAL, visit("3", "a", "授乳")).await.unwrap();
    assert_eq!(epoch().await, first);
    city.send(HOSPITAL, visit("4", "a", "睡眠")).await.unwrap();
    assert_eq!(epoch().await, first + 1);
}

#[tokio::test]
async fn a_signal_is_raised_with_the_message_that_it_rests_on_and_not_with_the_next() {
    let city = City::new().await;
    city.set("2026-11-09T15:12:30+09:00");
    city.submit(HOSPITAL, "hl7v2", TWO_WEEK).await;
    let officer = city.caller("OSC-482072", "ooba");
    let before = city.hub.work_items(&officer, Some(true), "signal").await.unwrap().len();
    assert!(before > 0);
    city.submit(HOSPITAL, "hl7v2", MOTHER).await;
    assert_eq!(city.hub.work_items(&officer, Some(true), "signal").await.unwrap().len(), before);
}

#[tokio::test]
async fn what_nobody_is_responsible_for_is_asked_of_its_sender_and_finds_its_center_later() {
    let city = City::new().await;
    let mut stray = agency("MED-4810700999", AgencyKind::Med, "STRAY", &[]);
    stray.settings.profile = None;
    city.hub.register.put(&city.hub.store, stray, Change::default()).await.unwrap();
    let own = "MED-4810700999";
    let said = city.send(own, native("1", own, "1", "consultation", consultation())).await.unwrap();
    assert_eq!(said, ["M301"]);
    let asked = city.hub.work_items(&city.caller(own, ""), Some(true), "unassigned").await.unwrap();
    assert_eq!(asked.len(), 1);
    let mut second = json!({ "messageId": "2", "municipality": "482072", "entries": [{
        "sourceKey": "b", "subjects": [{ "role": "MOTHER", "issuer": own, "identifier": "1" }],
        "consultation": consultation() }] });
    let said = city.send(own, draft(second.clone())).await.unwrap();
    assert!(!said.contains(&"M301".to_owned()), "{said:?}");
    second["messageId"] = json!("3");
    second["municipality"] = json!("");
    let said = city.send(own, draft(second)).await.unwrap();
    assert!(!said.contains(&"M301".to_owned()), "the residence is on file: {said:?}");
    let person = city.hub.find(&named(own, "1")).await.unwrap().unwrap();
    let family = city.hub.family(&[person], city.hub.now()).await.unwrap();
    assert_eq!(family.facts[&person].relations.len(), 1);
}

#[tokio::test]
async fn the_bytes_of_a_document_are_kept_once_and_a_refused_row_leaves_a_trace() {
    let city = City::new().await;
    city.set("2026-11-11T17:15:00+09:00");
    for _ in 0..2 {
        city.submit("PHO-482072-01", "ph05", VISITS).await;
    }
    let office = AgencyId::new("PHO-482072-01").unwrap();
    let content: [u8; 32] = <sha2::Sha256 as sha2::Digest>::digest(VISITS).into();
    let key = city.hub.keyring.blind.blind("file", &format!("ph05\u{1f}{content:?}"));
    let kept = city.hub.store.message_answer(&office, key).await.unwrap().unwrap();
    assert!(kept.is_of(&content));
    let leaves = city.hub.store.leaves(&crate::store::Log::Hub, 0, 100).await.unwrap();
    assert!(leaves.len() >= 4, "the policy, a refusal each time, and the file once: {}", leaves.len());
}

#[tokio::test]
async fn every_refused_row_of_a_large_file_leaves_a_trace() {
    let city = City::new().await;
    city.set("2026-11-11T17:15:00+09:00");
    let lines: Vec<&[u8]> = VISITS.split_inclusive(|byte| *byte == b'\n').collect();
    let (head, wrong) = (lines[0], lines[5]);
    let file = [head, &wrong.repeat(1_100)].concat();
    let rows = city.submit("PHO-482072-01", "ph05", &file).await;
    assert!(rows.len() == 1_100 && rows.iter().all(|row| row.0.is_none()), "{}", rows.len());
    let leaves = city.hub.store.leaves(&crate::store::Log::Hub, 0, 2_000).await.unwrap();
    assert_eq!(leaves.len(), 1_101, "one for each, and one for the policy");
}

#[tokio::test]
async fn a_fact_that_is_recorded_while_a_family_is_read_is_before_its_moment() {
    let city = City::new().await;
    city.set("2026-10-28T10:00:00+09:00");
    let long_before = city.hub.now();
    city.set("2026-10-28T11:00:00+09:00");
    city.permit(HOSPITAL, "1", Relationship::Subject).await;
    let person = city.hub.find(&named(HOSPITAL, "1")).await.unwrap().unwrap();
    let family = city.hub.family(&[person], long_before).await.unwrap();
    let consents = &family.facts[&person].consents;
    assert_eq!(consents.len(), 1);
    assert!(consents[0].recorded_at <= family.at);
}

#[tokio::test]
async fn a_file_of_no_known_format_is_told_why_and_an_unknown_format_is_another_fault() {
    let city = City::new().await;
    let hospital = city.caller(HOSPITAL, "");
    let said = async |format: &str, bytes: &[u8]| {
        let refused = city.hub.submit_document(&hospital, format, bytes).await.err().unwrap();
        refused.diagnostics.iter().map(|said| format!("{} {}", said.code, said.text.en)).collect::<String>()
    };
    assert_eq!(said("auto", b"").await, "M002 The file is empty.");
    assert!(said("auto", b"{\"a\":1}").await.starts_with("M002 JSON, but without the resourceType"));
    assert!(said("auto", b"begin 644 WAV.DAT").await.starts_with("M002 This is none of the formats"));
    assert!(said("ph99", b"").await.starts_with("M702 "));
}

#[tokio::test]
async fn a_document_that_replaces_one_that_never_came_is_kept_and_that_is_said() {
    let city = City::new().await;
    let unknown = |rows: &[(Option<String>, Vec<String>)]| {
        assert!(rows[0].0.is_some(), "it is kept: {rows:?}");
        rows[0].1.iter().filter(|said| said.contains("H005")).count()
    };
    let number = |number: &str| REPLACING.replacen("RF-2026-0080", number, 1).into_bytes();
    assert_eq!(unknown(&city.submit("MED-4810700122", "cda", &number("RF-2026-0080")).await), 1);
    let again = city.submit("MED-4810700122", "cda", &number("RF-2026-0081")).await;
    assert_eq!(unknown(&again), 0, "one of its series came by now: {again:?}");
    let of_nobody =
        REPLACING.replacen("typeCode=\"RPLC\"", "typeCode=\"APND\"", 1).replacen("RF-2026-0080", "RF-2026-0082", 1);
    assert_eq!(unknown(&city.submit("MED-4810700122", "cda", of_nobody.as_bytes()).await), 0);
}
