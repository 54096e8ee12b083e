//! The end of a referral between two hospitals: the one completes it with a report in its own format, and the other hears of it in
//! its own, once.

use crate::agencies::{person, words};
use crate::city::{City, MOTHER};
use crate::referrals_v2::{NUMBER, answer, referral, two_hospitals};
use crate::steps::{chinatsu, permit};
use musubi::edge::grpc::client::{LinkPersonsRequest, RecordConsentRequest, ReferralStepRequest};
use musubi::hub::register::Subscription;
use musubi::sample_city as sample;
use musubi_core::agency::Purpose;
use serde_json::Value;

/// How the clinic knows her.
const OF_THE_CLINIC: &str = "99";

/// The hospital listens in both of its formats, she permits it everything, and both numbers are known as hers.
async fn two_who_listen() -> City {
    let city = two_hospitals().await;
    let formats = words(&["hl7v2", "fhir-json"]);
    let subscription = Subscription { purpose: Purpose::P1, formats, folder: None, https: None, mllp: None };
    city.subscribes(sample::HOSPITAL, subscription).await;
    city.hospital().sends(MOTHER).await.accepted();
    let known = String::from_utf8(answer("B-0", "A", "")).unwrap().replace("RRI^I12^RRI_I12", "ADT^A31^ADT_A05");
    let known = known.replace("\rRF1|A|", "\rEVN||20261112100000\rRF1|A|");
    city.clinic().sends(known.as_bytes()).await.accepted();
    let center = city.center();
    let request = LinkPersonsRequest {
        staff_id: center.staff.to_owned(),
        one: Some(person(sample::CLINIC, OF_THE_CLINIC, "mother")),
        other: Some(chinatsu()),
        reason: "same person".to_owned(),
    };
    center.client.registry().link_persons(request).await.unwrap();
    let all: Vec<String> =
        (1..=19).filter(|number| ![13, 14].contains(number)).map(|number| format!("C{number:02}")).collect();
    let consent = RecordConsentRequest {
        grantee_agency: sample::HOSPITAL.to_owned(),
        categories: all,
        purposes: words(&["P1"]),
        ..permit(chinatsu(), "self")
    };
    assert_eq!(center.records(consent).await.status, "active");
    city
}

/// What the clinic's system says of the end, as a Bundle of FHIR: its Task, and her weight as its output.
fn bundle(number: &str) -> String {
    let urn = |number: u8| format!("urn:uuid:5e0c1c1e-0000-4000-8000-00000000000{number}");
    format!(
        r#"{{"resourceType":"Bundle","type":"collection","timestamp":"2026-11-14T10:00:00+09:00","entry":[
        {{"fullUrl":"{0}","resource":{{"resourceType":"Patient","identifier":[{{"value":"{OF_THE_CLINIC}"}}],
         "name":[{{"text":"榎本 千夏"}}],"gender":"female","birthDate":"1996-05-14"}}}},
        {{"fullUrl":"{1}","resource":{{"resourceType":"Observation","status":"final","subject":{{"reference":"{0}"}},
         "code":{{"coding":[{{"system":"http://loinc.org","code":"29463-7","display":"体重"}}]}},"effectiveDateTime":"2026-11-14",
         "valueQuantity":{{"value":54.2,"system":"http://unitsofmeasure.org","code":"kg"}}}}}},
        {{"fullUrl":"{2}","resource":{{"resourceType":"Task","status":"completed","intent":"order",
         "basedOn":[{{"identifier":{{"value":"{number}"}}}}],"for":{{"reference":"{0}"}},"lastModified":"2026-11-14T10:00:00+09:00",
         "note":[{{"text":"授乳は良好"}}],
         "output":[{{"type":{{"text":"報告"}},"valueReference":{{"reference":"{1}"}}}}]}}}}]}}"#,
        urn(1),
        urn(2),
        urn(3)
    )
}

/// The Task of a document, and whether its outputs lead to something in it that holds these words.
fn output_of(document: &str) -> (Value, Vec<String>) {
    let document: Value = serde_json::from_str(document).unwrap();
    let entries = document["entry"].as_array().unwrap();
    let task = entries.iter().find(|entry| entry["resource"]["resourceType"] == "Task").unwrap()["resource"].clone();
    let outputs = task["output"].as_array().into_iter().flatten().map(|one| &one["valueReference"]["reference"]);
    let led = outputs.map(|reference| {
        let target = entries.iter().find(|entry| entry["fullUrl"] == *reference).expect("within the document");
        target["resource"].to_string()
    });
    let led = led.collect();
    (task, led)
}

#[tokio::test]
async fn a_referral_in_v2_is_completed_in_fhir_and_its_report_comes_back_in_v2_once() {
    let city = two_who_listen().await;
    city.hospital().sends(&referral("A-1")).await.accepted();
    assert_eq!(city.clinic().work("referral").await.len(), 1);
    city.set("2026-11-13T09:00:00+09:00");
    city.clinic().sends(&answer("B-1", "A", "")).await.accepted();
    city.hospital().receives().await;

    city.set("2026-11-14T10:00:00+09:00");
    city.clinic().hands_in("fhir-json", bundle(NUMBER).as_bytes()).await.accepted();
    let heard = city.hospital().receives().await;
    assert_eq!(heard.0.len(), 1);
    let messages = heard.last("hl7v2");
    assert!(messages.contains("|RRI^I12^RRI_I12|"), "{messages}");
    assert!(messages.contains(&format!("\rRF1|A|||||{NUMBER}|")), "{messages}");
    assert!(messages.contains("completed^^99MUSUBI-RF~^授乳は良好"), "{messages}");
    assert!(messages.contains("|54.2|kg"), "the report itself: {messages}");
    assert!(messages.contains("\rPID|1||00012345^^^^PI|"), "under the hospital's own number: {messages}");
    let (task, led) = output_of(&heard.last("fhir-json"));
    assert_eq!((&task["status"], &task["basedOn"][0]["identifier"]["value"]), (&"completed".into(), &NUMBER.into()));
    assert!(led.len() == 1 && led[0].contains("54.2"), "{led:?}");

    city.clinic().hands_in("fhir-json", bundle(NUMBER).as_bytes()).await.accepted();
    let again = bundle(NUMBER).replace("10:00:00", "11:00:00");
    city.clinic().hands_in("fhir-json", again.as_bytes()).await.accepted();
    assert!(city.hospital().receives().await.is_empty(), "once");
}

/// The hospital's request, as FHIR says it.
fn request(number: &str) -> String {
    let of = |number: &str| {
        let system = "http://jpfhir.jp/fhir/core/IdSystem/insurance-medical-institution-no";
        format!(r#"{{"identifier":{{"system":"{system}","value":"{number}"}}}}"#)
    };
    format!(
        r#"{{"resourceType":"Bundle","type":"collection","entry":[
        {{"fullUrl":"urn:uuid:5e0c1c1e-0000-4000-8000-000000000011","resource":{{"resourceType":"Patient",
         "identifier":[{{"value":"00012345"}}],"name":[{{"text":"榎本 千夏"}}],"gender":"female","birthDate":"1996-05-14"}}}},
        {{"fullUrl":"urn:uuid:5e0c1c1e-0000-4000-8000-000000000012","resource":{{"resourceType":"ServiceRequest",
         "identifier":[{{"value":"{number}"}}],"status":"active","intent":"order","authoredOn":"2026-11-12T10:00:00+09:00",
         "subject":{{"reference":"urn:uuid:5e0c1c1e-0000-4000-8000-000000000011"}},"requester":{},"performer":[{}],
         "reasonCode":[{{"text":"夜間の授乳の相談"}}]}}}}]}}"#,
        of("4810700122"),
        of("4810700452")
    )
}

#[tokio::test]
async fn a_referral_in_fhir_is_completed_over_grpc_with_an_own_entry_and_nobody_elses() {
    let city = two_who_listen().await;
    city.hospital().hands_in("fhir-json", request("F-7").as_bytes()).await.accepted();
    let asked = city.clinic().work("referral").await;
    let [item] = asked.as_slice() else { panic!("{} are asked", asked.len()) };
    let referral_id = item.about.clone();
    city.set("2026-11-14T10:00:00+09:00");
    let report = bundle("").replace(r#""resourceType":"Task""#, r#""resourceType":"Basic""#);
    let weight: Value = serde_json::from_str(&report).unwrap();
    let mut weight = weight;
    weight["entry"].as_array_mut().unwrap().truncate(2);
    city.clinic().hands_in("fhir-json", weight.to_string().as_bytes()).await.accepted();
    city.hospital().receives().await;

    let step = |state: &str, reports: Vec<String>| ReferralStepRequest {
        staff_id: "kaida".to_owned(),
        referral_id: referral_id.clone(),
        state: state.to_owned(),
        report_entries: reports,
        ..ReferralStepRequest::default()
    };
    let clinic = city.clinic();
    let take = async |request| clinic.client.referrals().step(request).await.map(|taken| taken.into_inner().state);
    assert_eq!(take(step("accepted", Vec::new())).await.unwrap(), "accepted");
    let entry_of = async |agency: &crate::agencies::Agency, kind: &str| {
        let seen = agency.looks_up("P1", chinatsu(), "").await.json();
        id_of(&seen, kind)
    };
    let notice = entry_of(&city.hospital(), "dischargeNotice").await;
    for (reports, code) in [(vec![notice], "M618"), (vec!["x".to_owned()], "report_entries"), (Vec::new(), "M605")] {
        let refused = take(step("completed", reports)).await.unwrap_err();
        assert!(refused.message().contains(code) || format!("{refused:?}").contains(code), "{refused:?}");
    }
    let weight = entry_of(&clinic, "observation").await;
    city.hospital().receives().await;
    assert_eq!(take(step("completed", vec![weight])).await.unwrap(), "completed");
    let heard = city.hospital().receives().await;
    assert_eq!(heard.0.len(), 1);
    let (task, led) = output_of(&heard.last("fhir-json"));
    assert_eq!((&task["status"], &task["focus"]["identifier"]["value"]), (&"completed".into(), &"F-7".into()));
    assert!(led.len() == 1 && led[0].contains("54.2"), "{led:?}");
    assert!(heard.last("hl7v2").contains("\rRF1|A|||||F-7|"));
    assert!(city.hospital().receives().await.is_empty(), "once");
}

/// The id of the last entry of a kind in what was seen.
fn id_of(seen: &str, kind: &str) -> String {
    let mut found = None;
    for record in serde_json::Deserializer::from_str(seen).into_iter::<Value>() {
        let record = record.unwrap();
        let entries = record["entries"].as_array().cloned().unwrap_or_default();
        let mut of_kind = entries.into_iter().filter(|entry| entry.get(kind).is_some());
        found = of_kind.next_back().map(|entry| entry["id"].as_str().unwrap().to_owned()).or(found);
    }
    found.unwrap_or_else(|| panic!("no {kind} in {seen}"))
}
