//! FHIR over HTTPS: what a person permits, the pages of an answer, and who was shown what.

use crate::city::City;
use crate::serve_fhir::{JSON, NUMBER, SUMMARY, errors, header, mother, resource};
use crate::steps::permit;
use musubi::agency_client::HttpAnswer;
use musubi::edge::grpc::client::RecordConsentRequest;
use musubi::sample_city as sample;
use serde_json::{Value, json};

const SYSTEM: &str = "urn:oid:1.2.392.100495.20.3.51.14810700122";

/// A Consent about the mother of the summary.
fn consent(kind: &str, classes: &[&str]) -> Value {
    let center = json!({"system": "urn:ietf:rfc:3986", "value": format!("urn:musubi:agency:{}", sample::CENTER)});
    let class = |code: &&str| json!({"system": "urn:musubi:category", "code": code});
    json!({
        "resourceType": "Consent",
        "status": "active",
        "scope": {"coding": [{"code": "patient-privacy"}]},
        "category": [{"coding": [{"system": "http://loinc.org", "code": "59284-0"}]}],
        "patient": {"identifier": {"system": SYSTEM, "value": NUMBER}},
        "policy": [{"uri": "urn:musubi:form:SK-01|2026-04"}],
        "sourceAttachment": {"title": "提供先と、断っても支援が変わらないこと"},
        "verification": [{"verified": true}],
        "provision": {
            "type": kind,
            "period": {"end": "2027-10-25"},
            "actor": [{"role": {"coding": [{"code": "PRCP"}]}, "reference": {"identifier": center}}],
            "class": classes.iter().map(class).collect::<Vec<_>>(),
            "purpose": [{"system": "urn:musubi:purpose", "code": "P3"}],
        },
    })
}

impl City {
    async fn records(&self, staff: &str, consent: &Value) -> HttpAnswer {
        let who =
            json!({"resourceType": "Provenance", "agent": [{"who": {"identifier": {"value": staff}}}]}).to_string();
        let headers = [("content-type", JSON), ("x-provenance", who.as_str())];
        self.fhir(sample::CENTER, "POST", "Consent", &headers, consent.to_string().as_bytes()).await
    }

    /// Asks in pages of so many entries.
    async fn asks_for_pages(&self, count: usize) -> HttpAnswer {
        let parameters = json!([
            {"name": "purpose", "valueCode": "P3"},
            {"name": "identifier", "valueIdentifier": {"system": SYSTEM, "value": NUMBER}},
            {"name": "staff", "valueString": "ooba"},
            {"name": "_count", "valueInteger": count},
        ]);
        let body = json!({"resourceType": "Parameters", "parameter": parameters}).to_string();
        self.posts(sample::CENTER, "Patient/$everything", body.as_bytes()).await
    }

    /// A city in which the center may see the summary.
    async fn with_summary() -> City {
        let city = City::at("2026-10-28T10:00:00+09:00").await;
        let consent = RecordConsentRequest { grantor: Some(mother()), ..permit(mother(), "self") };
        assert_eq!(city.center().records(consent).await.status, "active");
        city.set("2026-10-30T11:05:40+09:00");
        assert_eq!(city.posts(sample::HOSPITAL, "Bundle", SUMMARY).await.status, 201);
        city
    }
}

fn next(bundle: &Value) -> Option<String> {
    let link = bundle["link"].as_array()?.iter().find(|link| link["relation"] == "next")?;
    link["url"].as_str().map(str::to_owned)
}

fn kinds(answer: &HttpAnswer) -> Vec<String> {
    let bundle = resource(answer);
    let entries = bundle["entry"].as_array().cloned().unwrap_or_default();
    entries.iter().map(|one| one["resource"]["resourceType"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_consent_that_is_sent_opens_what_it_names_and_a_denial_closes_it() {
    let city = City::at("2026-10-28T10:00:00+09:00").await;
    let nobody = city.posts(sample::CENTER, "Consent", consent("permit", &["C05"]).to_string().as_bytes()).await;
    assert_eq!((nobody.status, errors(&nobody)), (403, vec!["M802 staff_id".to_owned()]));
    let draft = json!({"status": "draft"});
    let mut without_effect = consent("permit", &["C05"]);
    without_effect["status"] = draft["status"].clone();
    let refused = city.records("ooba", &without_effect).await;
    assert_eq!((refused.status, errors(&refused)), (422, vec!["H008 Consent.status".to_owned()]));

    let permitted = city.records("ooba", &consent("permit", &["C01", "C04", "C05", "C07"])).await;
    assert_eq!(permitted.status, 201, "{}", resource(&permitted));
    assert!(resource(&permitted)["issue"][0]["diagnostics"].as_str().unwrap().starts_with("musubi:1:"));
    city.set("2026-10-30T11:05:40+09:00");
    assert_eq!(city.posts(sample::HOSPITAL, "Bundle", SUMMARY).await.status, 201);
    let seen = city.asks_about(sample::CENTER, "ooba", "P3", NUMBER).await;
    let told = kinds(&seen);
    assert!(told.contains(&"Encounter".to_owned()) && told.contains(&"Consent".to_owned()), "{told:?}");

    let again = city.records("ooba", &consent("permit", &["C01", "C04", "C05", "C07"])).await;
    assert_eq!(again, permitted, "the same again is the same fact");

    city.set("2026-10-31T09:00:00+09:00");
    let denied = city.records("ooba", &consent("deny", &["C05"])).await;
    assert_eq!(denied.status, 201, "{}", resource(&denied));
    city.set("2026-10-31T09:01:00+09:00");
    let after = city.asks_about(sample::CENTER, "ooba", "P3", NUMBER).await;
    assert_ne!(after.body, seen.body);
    city.set("2026-10-31T09:02:00+09:00");
    let anew = city.records("ooba", &consent("permit", &["C01", "C04", "C05", "C07"])).await;
    assert_eq!(anew.status, 201, "{}", resource(&anew));
    assert_ne!(header(&anew, "location"), header(&permitted, "location"), "after a denial it is said anew");
}

#[tokio::test]
async fn the_pages_of_an_answer_are_for_the_one_who_asked_and_hold_what_it_may_see() {
    let city = City::with_summary().await;
    let whole = resource(&city.asks_about(sample::CENTER, "ooba", "P3", NUMBER).await);
    let mut page = city.asks_for_pages(2).await;
    let (mut seen, mut links) = (Vec::new(), Vec::new());
    loop {
        assert_eq!(page.status, 200);
        let bundle = resource(&page);
        assert!(bundle.get("total").is_none());
        seen.extend(bundle["entry"].as_array().unwrap().clone());
        let Some(link) = next(&bundle) else { break };
        assert!(!link.contains(NUMBER), "the question stands in no address");
        page = city.fhir(sample::CENTER, "GET", &link, &[], b"").await;
        links.push(link);
    }
    let ids = |entries: &[Value]| entries.iter().map(|one| one["resource"]["resourceType"].clone()).collect::<Vec<_>>();
    assert_eq!(ids(&seen), ids(whole["entry"].as_array().unwrap()));
    assert!(links.len() > 1);

    let first = city.fhir(sample::CENTER, "GET", &links[0], &[], b"").await;
    let still =
        city.fhir(sample::CENTER, "GET", &links[0], &[("if-none-match", header(&first, "etag").unwrap())], b"").await;
    assert_eq!((still.status, still.body.is_empty()), (304, true));
    let second = city.fhir(sample::CENTER, "GET", &links[1], &[], b"").await;
    assert_ne!(header(&first, "etag"), header(&second, "etag"), "each page has its own");
    let other = city.fhir(sample::HOSPITAL, "GET", &links[0], &[], b"").await;
    let nothing = city.fhir(sample::HOSPITAL, "GET", "Patient/$everything?_page=AAAA", &[], b"").await;
    assert_eq!((other.status, &other.body), (404, &nothing.body));
    city.center().withdraws_for(mother(), "self").await;
    let changed = city.fhir(sample::CENTER, "GET", &links[0], &[], b"").await;
    assert_eq!(changed.status, 410, "{}", resource(&changed));
    city.set("2026-10-30T11:21:00+09:00");
    assert_eq!(city.fhir(sample::CENTER, "GET", &links[0], &[], b"").await.status, 404, "a quarter of an hour is over");
}

#[tokio::test]
async fn who_was_shown_what_is_told_as_audit_events_to_those_who_may_know() {
    let city = City::with_summary().await;
    assert_eq!(city.asks_about(sample::CENTER, "ooba", "P3", NUMBER).await.status, 200);
    let question = |staff: &str| format!("patient.identifier={}%7C{NUMBER}&staff={staff}", SYSTEM.replace(':', "%3A"));
    let search = async |agency: &str, staff: &str| {
        let form = [("content-type", "application/x-www-form-urlencoded")];
        city.fhir(agency, "POST", "AuditEvent/_search", &form, question(staff).as_bytes()).await
    };
    let told = resource(&search(sample::CENTER, "hayakawa").await);
    let event = &told["entry"][0]["resource"];
    assert_eq!((&event["resourceType"], &event["action"]), (&json!("AuditEvent"), &json!("R")), "{told}");
    assert_eq!(event["purposeOfEvent"][0]["coding"][0]["code"], "P3");
    let who = event["agent"][0]["who"]["identifier"]["value"].as_str().unwrap();
    assert!(who.ends_with(sample::CENTER), "{who}");
    assert!(!told.to_string().contains(NUMBER), "whose data they were is what was asked");
    assert_eq!(search(sample::CENTER, "ooba").await.status, 403);
    assert_eq!(search(sample::HOSPITAL, "").await.status, 403);
}

#[tokio::test]
async fn a_document_is_read_back_by_who_sent_it_alone() {
    let city = City::at("2026-10-30T11:05:40+09:00").await;
    let sent = city.posts(sample::HOSPITAL, "Bundle", SUMMARY).await;
    let location = sent.headers.iter().find(|(name, _)| name == "location").map(|(_, place)| place.clone()).unwrap();
    let path = location.strip_prefix("/fhir/R4/").unwrap();
    let own = city.fhir(sample::HOSPITAL, "GET", path, &[], b"").await;
    assert_eq!(own.status, 200, "{}", resource(&own));
    let document = resource(&own);
    assert_eq!(
        (&document["type"], &document["entry"][0]["resource"]["resourceType"]),
        (&json!("document"), &json!("Composition"))
    );
    assert!(kinds(&own).contains(&"Encounter".to_owned()));
    let tag = header(&own, "etag").unwrap();
    let short = city.fhir(sample::HOSPITAL, "GET", path.strip_suffix("/_history/1").unwrap(), &[], b"").await;
    assert_eq!((short.status, header(&short, "etag")), (200, Some(tag)), "the same words have the same tag");
    let still = city.fhir(sample::HOSPITAL, "GET", path, &[("if-none-match", tag)], b"").await;
    assert_eq!((still.status, still.body.as_slice(), header(&still, "etag")), (304, [].as_slice(), Some(tag)));
    let other = city
        .fhir(sample::HOSPITAL, "GET", path, &[("if-none-match", "W/\"x\""), ("accept", "application/fhir+xml")], b"")
        .await;
    assert_eq!(other.status, 200);
    assert_ne!(header(&other, "etag"), Some(tag), "another form has another");
    let nothing = city.fhir(sample::CENTER, "GET", "Bundle/01890000-0000-7000-8000-000000000000", &[], b"").await;
    for other in [sample::CENTER, sample::CLINIC] {
        for names in [[].as_slice(), &[("if-none-match", tag)], &[("if-none-match", "*")]] {
            let seen = city.fhir(other, "GET", path, names, b"").await;
            assert_eq!((seen.status, &seen.body), (404, &nothing.body), "{other}");
        }
    }
}
