//! FHIR over HTTPS: what is there, what is taken, and what is shown.

use crate::agencies::person;
use crate::city::City;
use crate::steps::permit;
use hyper::Request;
use musubi::agency_client::HttpAnswer;
use musubi::edge::grpc::client::{PersonRef, RecordConsentRequest};
use musubi::sample_city as sample;
use musubi_adapters::hospital::fhir::rest::TAKEN;
use musubi_core::agency::AgencyId;
use serde_json::{Value, json};

pub(crate) const SUMMARY: &[u8] =
    include_bytes!("../../adapters/hospital/fhir/fhir_json/samples/shione_discharge_summary.fhir");
const SUMMARY_ID: &str = "identifier=http://jpfhir.jp/fhir/clins/bundle-identifier|4810700122^2026^00000071";
/// The mother of the summary.
pub(crate) const NUMBER: &str = "0012345";
pub(crate) const JSON: &str = "application/fhir+json";

impl City {
    pub(crate) async fn fhir(
        &self,
        agency: &str,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> HttpAnswer {
        let mut request = Request::builder().method(method).uri(format!("/fhir/R4/{path}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.agency(agency).call(request.body(body.to_vec()).unwrap()).await.unwrap()
    }

    pub(crate) async fn posts(&self, agency: &str, path: &str, body: &[u8]) -> HttpAnswer {
        self.fhir(agency, "POST", path, &[("content-type", JSON)], body).await
    }

    pub(crate) async fn asks_about(&self, agency: &str, staff: &str, purpose: &str, number: &str) -> HttpAnswer {
        let system = "urn:oid:1.2.392.100495.20.3.51.14810700122";
        let parameters = json!([
            {"name": "purpose", "valueCode": purpose},
            {"name": "identifier", "valueIdentifier": {"system": system, "value": number}},
            {"name": "staff", "valueString": staff},
        ]);
        let body = json!({"resourceType": "Parameters", "parameter": parameters}).to_string();
        self.posts(agency, "Patient/$everything", body.as_bytes()).await
    }
}

pub(crate) fn mother() -> PersonRef {
    person(sample::HOSPITAL, NUMBER, "mother")
}

pub(crate) fn resource(answer: &HttpAnswer) -> Value {
    serde_json::from_slice(&answer.body).unwrap()
}

pub(crate) fn header<'a>(answer: &'a HttpAnswer, name: &str) -> Option<&'a str> {
    answer.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

/// Codes and places of an outcome, its errors alone.
pub(crate) fn errors(answer: &HttpAnswer) -> Vec<String> {
    let outcome = resource(answer);
    assert_eq!(outcome["resourceType"], "OperationOutcome");
    let issues = outcome["issue"].as_array().unwrap().iter().filter(|issue| issue["severity"] == "error");
    issues
        .map(|issue| {
            assert!(issue["details"]["text"].as_str().unwrap().contains(" / "), "{issue}");
            let code = issue["details"]["coding"][0]["code"].as_str().unwrap();
            format!("{code} {}", issue["expression"][0].as_str().unwrap())
        })
        .collect()
}

#[tokio::test]
async fn what_the_statement_says_is_there_and_nothing_else_is() {
    let city = City::at("2026-10-30T11:05:40+09:00").await;
    let statement = city.fhir(sample::HOSPITAL, "GET", "metadata", &[], b"").await;
    assert_eq!((statement.status, header(&statement, "cache-control")), (200, Some("no-store")));
    let statement = resource(&statement);
    let told: Vec<&str> =
        statement["rest"][0]["resource"].as_array().unwrap().iter().map(|one| one["type"].as_str().unwrap()).collect();
    assert_eq!(told[..TAKEN.len()], TAKEN.map(|taken| taken.kind));
    assert_eq!(told[TAKEN.len()..], ["AuditEvent"], "which is searched for, and not sent");
    let told = TAKEN.map(|taken| taken.kind);
    for kind in told {
        let body = json!({"resourceType": kind}).to_string();
        let empty = city.posts(sample::HOSPITAL, kind, body.as_bytes()).await;
        assert_eq!(empty.status, 422, "{kind}: {}", resource(&empty));
        for method in ["GET", "PUT", "DELETE"] {
            assert_eq!(city.fhir(sample::HOSPITAL, method, kind, &[], b"").await.status, 404, "{method} {kind}");
        }
    }
    for (method, path) in [("POST", "Appointment"), ("GET", "Patient/1"), ("GET", "Patient/$everything"), ("GET", "x")]
    {
        let nothing = city.fhir(sample::HOSPITAL, method, path, &[("content-type", JSON)], b"{}").await;
        assert_eq!(nothing.status, 404, "{method} {path}");
        assert_eq!(errors(&nothing), ["H003 request"]);
    }
    let xml = city.fhir(sample::HOSPITAL, "GET", "metadata?_format=xml", &[], b"").await;
    assert!(String::from_utf8(xml.body).unwrap().contains("<CapabilityStatement xmlns=\"http://hl7.org/fhir\">"));
}

#[tokio::test]
async fn a_document_is_taken_once_and_the_same_again_gets_the_same_answer() {
    let city = City::at("2026-10-30T11:05:40+09:00").await;
    let first = city.posts(sample::HOSPITAL, "Bundle", SUMMARY).await;
    assert_eq!(first.status, 201, "{}", resource(&first));
    assert!(header(&first, "location").unwrap().starts_with("/fhir/R4/Bundle/"));
    assert!(resource(&first)["issue"][0]["diagnostics"].as_str().unwrap().starts_with("musubi:1:"));
    assert_eq!(city.posts(sample::HOSPITAL, "Bundle", SUMMARY).await, first);

    let condition = [("content-type", JSON), ("if-none-exist", SUMMARY_ID)];
    let again = city.fhir(sample::HOSPITAL, "POST", "Bundle", &condition, SUMMARY).await;
    assert_eq!((again.status, &again.body), (200, &first.body));

    let other = String::from_utf8(SUMMARY.to_vec()).unwrap().replace("榎本", "江本");
    let conflict = city.posts(sample::HOSPITAL, "Bundle", other.as_bytes()).await;
    assert_eq!(conflict.status, 409, "{}", resource(&conflict));
    let failed = city.fhir(sample::HOSPITAL, "POST", "Bundle", &condition, other.as_bytes()).await;
    assert_eq!((failed.status, errors(&failed)), (412, errors(&conflict)));
}

#[tokio::test]
async fn a_condition_that_is_not_the_identifier_of_the_document_takes_nothing() {
    let city = City::at("2026-10-30T11:05:40+09:00").await;
    let with = |condition: &'static str| [("content-type", JSON), ("if-none-exist", condition)];
    let name = city.fhir(sample::HOSPITAL, "POST", "Bundle", &with("name=x"), SUMMARY).await;
    assert_eq!((name.status, errors(&name)), (412, vec!["H003 If-None-Exist".to_owned()]));
    let other = city.fhir(sample::HOSPITAL, "POST", "Bundle", &with("identifier=a|7"), SUMMARY).await;
    assert_eq!((other.status, errors(&other)), (422, vec!["H008 Bundle.identifier".to_owned()]));
    assert_eq!(city.fhir(sample::HOSPITAL, "POST", "Patient", &with("identifier=a|7"), b"{}").await.status, 412);
    let taken = city.fhir(sample::HOSPITAL, "POST", "Bundle", &with(SUMMARY_ID), SUMMARY).await;
    assert_eq!(taken.status, 201, "nothing was kept of what was refused");
}

#[tokio::test]
async fn what_is_refused_says_where_and_how_to_mend_it() {
    let city = City::at("2026-10-30T11:05:40+09:00").await;
    let elsewhere = city.posts(sample::HOSPITAL, "Patient", SUMMARY).await;
    assert_eq!((elsewhere.status, errors(&elsewhere)), (422, vec!["H003 resourceType".to_owned()]));
    let stranger = city.posts(sample::CLINIC, "Bundle", SUMMARY).await;
    assert_eq!(stranger.status, 403, "{}", resource(&stranger));
    assert!(errors(&stranger)[0].starts_with("H002 "));
    let broken = city.posts(sample::HOSPITAL, "Bundle", &SUMMARY[..SUMMARY.len() / 2]).await;
    assert_eq!(broken.status, 422);
    let text = city.fhir(sample::HOSPITAL, "POST", "Bundle", &[("content-type", "text/plain")], SUMMARY).await;
    assert_eq!((text.status, errors(&text)), (415, vec!["H003 Content-Type".to_owned()]));
    let transaction = json!({"resourceType": "Bundle", "type": "transaction", "entry": []}).to_string();
    let refused = city.posts(sample::HOSPITAL, "Bundle", transaction.as_bytes()).await;
    assert_eq!((refused.status, errors(&refused)), (422, vec!["H003 Bundle.type".to_owned()]));
    let xml = [("content-type", JSON), ("accept", "application/fhir+xml")];
    let in_xml = city.fhir(sample::HOSPITAL, "POST", "Bundle", &xml, transaction.as_bytes()).await;
    assert!(String::from_utf8(in_xml.body).unwrap().contains("<OperationOutcome"));
}

#[tokio::test]
async fn the_center_reads_by_fhir_what_it_may_see_and_not_a_word_more() {
    let city = City::at("2026-10-28T10:00:00+09:00").await;
    let consent = RecordConsentRequest { grantor: Some(mother()), ..permit(mother(), "self") };
    assert_eq!(city.center().records(consent).await.status, "active");
    city.set("2026-10-30T11:05:40+09:00");
    assert_eq!(city.posts(sample::HOSPITAL, "Bundle", SUMMARY).await.status, 201);

    let seen = city.asks_about(sample::CENTER, "ooba", "P3", NUMBER).await;
    assert_eq!(seen.status, 200, "{}", resource(&seen));
    let bundle = resource(&seen);
    assert_eq!(bundle["type"], "searchset");
    let kinds: Vec<&str> = bundle["entry"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["resource"]["resourceType"].as_str().unwrap())
        .collect();
    assert!(kinds.contains(&"Composition") && kinds.contains(&"Patient") && kinds.contains(&"Encounter"), "{kinds:?}");

    let hidden = city.asks_about(sample::CLINIC, "kaida", "P1", NUMBER).await;
    let unknown = city.asks_about(sample::CLINIC, "kaida", "P1", "99999999").await;
    assert_eq!(hidden, unknown, "invisible and unknown are one answer");
    assert_eq!(resource(&hidden), json!({"resourceType": "Bundle", "type": "searchset"}));
    let auditor = city.asks_about(sample::CENTER, "hayakawa", "P3", NUMBER).await;
    assert_eq!((auditor.status, errors(&auditor)), (403, vec!["M803 staff_id".to_owned()]));

    city.center().withdraws_for(mother(), "self").await;
    let after = city.asks_about(sample::CENTER, "ooba", "P3", NUMBER).await;
    assert_ne!(after.body, seen.body);
    assert!(!String::from_utf8(after.body).unwrap().contains("Encounter"));
}

#[tokio::test]
async fn s09_a_suspended_agency_is_not_told_what_is_there() {
    let city = City::at("2026-10-30T11:05:40+09:00").await;
    let order = musubi::hub::enrol::Enrolment::Suspend(AgencyId::new(sample::HOSPITAL).unwrap());
    city.running.hub.enrol(order, "operator").await.unwrap();
    let statement = city.fhir(sample::HOSPITAL, "GET", "metadata", &[], b"").await;
    assert_eq!((statement.status, errors(&statement)), (403, vec!["M801 certificate".to_owned()]));
}
