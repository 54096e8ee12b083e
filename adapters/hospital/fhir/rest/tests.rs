//! The table, the statement that is made from it, questions and what is wrong with them.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::*;
use crate::testing::{family_a, released};
use musubi_core::agency::{AgencyId, Purpose};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn center() -> AgencyId {
    AgencyId::new("OSC-482072-01").unwrap()
}

fn asked(parameters: &Value) -> Result<Question, Vec<Diagnostic>> {
    let body = json!({"resourceType": "Parameters", "parameter": parameters});
    question(Form::Json, body.to_string().as_bytes(), &center())
}

fn codes(refused: Result<Question, Vec<Diagnostic>>) -> Vec<(String, String)> {
    refused.unwrap_err().into_iter().map(|said| (said.code.to_string(), said.place)).collect()
}

#[test]
fn an_audit_event_tells_to_whom_and_of_what_kind_and_never_of_whom() {
    let disclosed = Disclosed {
        recipient: center(),
        purpose: Purpose::P3,
        at: musubi_core::time::Time::parse_rfc3339("2026-10-30T11:05:00+09:00").unwrap(),
        categories: musubi_core::agency::CategorySet::from_bits(0).with(musubi_core::agency::Category::C05),
        bases: vec!["T9".to_owned()],
    };
    let json: Value = serde_json::from_slice(&audit_events(Form::Json, &[disclosed])).unwrap();
    let event = &json["entry"][0]["resource"];
    assert_eq!(event["agent"][0]["who"]["identifier"]["value"], "urn:musubi:agency:OSC-482072-01");
    let entity = event["entity"][0].as_object().unwrap();
    assert_eq!(entity.keys().map(String::as_str).collect::<BTreeSet<_>>(), ["detail", "role", "securityLabel"].into());
}

#[test]
fn the_statement_lists_the_table_and_nothing_else() {
    let json: Value = serde_json::from_slice(&statement(Form::Json, "0.1.0")).unwrap();
    let resources = json["rest"][0]["resource"].as_array().unwrap();
    let told: Vec<&str> = resources.iter().map(|one| one["type"].as_str().unwrap()).collect();
    let kinds = TAKEN.map(|taken| taken.kind).into_iter().chain(["AuditEvent"]);
    assert_eq!(told, kinds.collect::<Vec<_>>());
    assert_eq!(told.iter().collect::<BTreeSet<_>>().len(), told.len());
    for (one, taken) in resources.iter().zip(TAKEN) {
        let document = taken.kind == "Bundle";
        let told = if document { ["create", "read", "vread"].as_slice() } else { &["create"] };
        let interactions: Vec<Value> = told.iter().map(|code| json!({"code": code})).collect();
        assert_eq!(one["interaction"], json!(interactions), "{}", taken.kind);
        assert_eq!(one["conditionalCreate"].as_bool().unwrap_or_default(), taken.conditional);
        assert_eq!(one["conditionalRead"] == "not-match", document);
        assert_eq!(one["operation"].is_array(), taken.kind == "Patient");
    }
}

#[test]
fn a_question_names_its_purpose_and_whom_it_means() {
    let number = json!({"system": "urn:oid:1.2.392.100495.20.3.51.14810700122", "value": "00012345"});
    let question = asked(&json!([
        {"name": "purpose", "valueCode": "P3"},
        {"name": "identifier", "valueIdentifier": number},
        {"name": "staff", "valueString": "ooba"},
        {"name": "ground", "valueString": "汐児8-204"},
    ]));
    let question = question.unwrap();
    let key = question.key.unwrap();
    assert_eq!(
        (question.purpose, key.issuer.as_str(), key.identifier.as_str()),
        (Purpose::P3, "MED-4810700122", "00012345")
    );
    assert_eq!((question.staff.as_str(), question.ground.as_str()), ("ooba", "汐児8-204"));
    let own = asked(&json!([
        {"name": "purpose", "valueCode": "P3"},
        {"name": "identifier", "valueIdentifier": {"value": "1"}},
    ]));
    assert_eq!(own.unwrap().key.unwrap().issuer, "OSC-482072-01");
}

#[test]
fn a_page_has_1000_entries_at_most_and_one_at_least() {
    let count = |count: Value| {
        asked(&json!([
            {"name": "purpose", "valueCode": "P3"},
            {"name": "identifier", "valueIdentifier": {"value": "1"}},
            {"name": "_count", "valueInteger": count},
        ]))
    };
    for right in [1, 999, 1000] {
        assert_eq!(count(json!(right)).unwrap().count, right);
    }
    for wrong in [json!(0), json!(1001), json!(-1), json!("x")] {
        assert_eq!(codes(count(wrong))[0].0, "H006");
    }
}

#[test]
fn a_question_in_xml_is_the_same_question() {
    let xml = "<Parameters xmlns=\"http://hl7.org/fhir\"><parameter><name value=\"purpose\"/><valueCode value=\"P1\"/></parameter>\
        <parameter><name value=\"name\"/><valueString value=\"榎本 千夏\"/></parameter>\
        <parameter><name value=\"birthDate\"/><valueDate value=\"1996-05-14\"/></parameter></Parameters>";
    let one = question(Form::Xml, xml.as_bytes(), &center()).unwrap();
    let other = asked(&json!([
        {"name": "purpose", "valueCode": "P1"},
        {"name": "name", "valueString": "榎本 千夏"},
        {"name": "birthDate", "valueDate": "1996-05-14"},
    ]));
    assert_eq!(one, other.unwrap());
}

#[test]
fn everything_that_is_wrong_with_a_question_is_said_with_its_place() {
    let place = |code: &str, place: &str| (code.to_owned(), place.to_owned());
    assert_eq!(
        codes(asked(&json!([]))),
        [place("H004", "Parameters.parameter"), place("H004", "Parameters.parameter")]
    );
    let wrong = asked(&json!([
        {"name": "_sort", "valueString": "x"},
        {"name": "purpose", "valueCode": "P77"},
        {"name": "identifier", "valueIdentifier": {"value": "1"}},
    ]));
    assert_eq!(codes(wrong), [place("H006", "Parameters.parameter[1]"), place("H003", "Parameters.parameter[0]")]);
    let patient = question(Form::Json, b"{\"resourceType\":\"Patient\"}", &center());
    assert_eq!(codes(patient), [place("H003", "resourceType")]);
    let long = vec![b' '; 64 * 1024 + 1];
    assert_eq!(codes(question(Form::Json, &long, &center())), [place("H007", "Parameters")]);
}

#[test]
fn an_answer_holds_every_resource_once_and_an_empty_one_none() {
    let released = released(family_a());
    let json: Value =
        serde_json::from_slice(&searchset(Form::Json, &[&released, &released], &Page::WHOLE).unwrap().0).unwrap();
    assert_eq!(json["type"], "searchset");
    let entries = json["entry"].as_array().unwrap();
    let urls: BTreeSet<&str> = entries.iter().map(|entry| entry["fullUrl"].as_str().unwrap()).collect();
    assert_eq!(urls.len(), entries.len());
    let of = |mode: &str| entries.iter().filter(|entry| entry["search"]["mode"] == mode).count();
    assert_eq!(of("match") + of("include"), entries.len());
    assert!(of("match") > 0);
    let empty = String::from_utf8(searchset(Form::Json, &[], &Page::WHOLE).unwrap().0).unwrap();
    assert_eq!(empty, "{\"resourceType\":\"Bundle\",\"type\":\"searchset\"}\n");
}

#[test]
fn the_pages_of_an_answer_are_the_answer() {
    let released = released(family_a());
    let next = |from: usize, whole: [u8; 32]| format!("{from} {}", whole[0]);
    let entries = |bytes: &[u8]| -> (Vec<Value>, bool) {
        let json: Value = serde_json::from_slice(bytes).unwrap();
        assert_eq!(json["total"], Value::Null);
        (json["entry"].as_array().cloned().unwrap_or_default(), json["link"][0]["relation"] == "next")
    };
    let whole = searchset(Form::Json, &[&released], &Page::WHOLE).unwrap().0;
    let (all, more) = entries(&whole);
    assert!(!more && all.len() > 3);
    for size in [1, 3, all.len() - 1, all.len(), all.len() + 1] {
        let mut seen = Vec::new();
        while seen.len() < all.len() {
            let page = Page { from: seen.len(), size, whole: None, next: &next };
            let (own, more) = entries(&searchset(Form::Json, &[&released], &page).unwrap().0);
            assert!(own.len() == size || own.len() + seen.len() == all.len());
            seen.extend(own);
            assert_eq!(more, seen.len() < all.len(), "{size}");
        }
        assert_eq!(seen, all, "{size}");
    }
    let other = Page { from: 1, size: 1, whole: Some([0; 32]), next: &next };
    assert!(searchset(Form::Json, &[&released], &other).is_none(), "a part of another answer");
}

#[test]
fn an_outcome_says_each_thing_in_both_languages_with_its_place() {
    let said = Diagnostic::error("H004", "Bundle.entry[1].resource", "必要です。", "It is required.");
    let json: Value = serde_json::from_slice(&outcome(Form::Json, Some("musubi:1:7:x"), &[said])).unwrap();
    assert_eq!(json["issue"][0]["diagnostics"], "musubi:1:7:x");
    let issue = &json["issue"][1];
    assert_eq!((&issue["severity"], &issue["code"]), (&json!("error"), &json!("required")));
    assert_eq!(issue["details"]["text"], "必要です。 / It is required.");
    assert_eq!(issue["expression"], json!(["Bundle.entry[1].resource"]));
}

#[test]
fn a_condition_is_about_the_identifier_alone() {
    let value = |query: &str| identifier_of_condition(query);
    assert_eq!(value("identifier=urn:a|4810700122^2026^7").as_deref(), Some("4810700122^2026^7"));
    assert_eq!(value("identifier=urn%3Aa%7C7").as_deref(), Some("7"));
    assert_eq!(value("identifier=7").as_deref(), Some("7"));
    for other in ["identifier=a|", "identifier=", "name=x", "identifier=7&name=x", ""] {
        assert_eq!(value(other), None, "{other}");
    }
}

proptest! {
    #[test]
    fn no_question_stops_the_reader(bytes in proptest::collection::vec(any::<u8>(), 0..300), text in "\\PC*") {
        for form in [Form::Json, Form::Xml] {
            prop_assert!(question(form, &bytes, &center()).is_err());
            let _ = question(form, text.as_bytes(), &center());
        }
        let _ = identifier_of_condition(&text);
    }
}

fn permit(changes: &[(&str, Value)]) -> Result<Said, Vec<Diagnostic>> {
    let center = json!({"identifier": {"system": "urn:ietf:rfc:3986", "value": "urn:musubi:agency:OSC-482072-01"}});
    let class = |code: &str| json!({"system": "urn:musubi:category", "code": code});
    let mut written = json!({
        "resourceType": "Consent",
        "status": "active",
        "scope": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"}]},
        "category": [{"coding": [{"system": "http://loinc.org", "code": "59284-0"}]}],
        "patient": {"identifier": {"value": "00012345"}},
        "policy": [{"uri": "urn:musubi:form:SK-01|2026-04"}],
        "provision": {
            "type": "permit",
            "period": {"start": "2026-10-28", "end": "2027-10-25"},
            "actor": [{"role": {"coding": [{"code": "IRCP"}]}, "reference": center}],
            "class": [class("C04"), class("C05")],
            "purpose": [{"system": "urn:musubi:purpose", "code": "P3"}],
        },
    });
    for (pointer, value) in changes {
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        written.pointer_mut(parent).unwrap()[name] = value.clone();
    }
    let profile = musubi_core::adapter::Profile::plain(hospital(), musubi_core::time::Time::MIN);
    consent(Form::Json, written.to_string().as_bytes(), &profile)
}

fn hospital() -> AgencyId {
    AgencyId::new("MED-4810700122").unwrap()
}

fn wrong(changes: &[(&str, Value)]) -> Vec<(String, String)> {
    permit(changes).unwrap_err().into_iter().map(|said| (said.code.to_string(), said.place)).collect()
}

#[test]
fn a_consent_of_fhir_is_a_permit_for_one_recipient() {
    use musubi_core::consent::records::{Grantee, Relationship, Scope};
    let said = permit(&[]).unwrap();
    assert!(said.permits && said.relationship == Relationship::Subject && said.grantor.is_none());
    assert_eq!((said.subject.issuer.as_str(), said.subject.identifier.as_str()), ("MED-4810700122", "00012345"));
    assert_eq!(said.grantee, Grantee::Agency(center()));
    let Scope::Named(named) = said.categories else { panic!("named") };
    assert_eq!(named.iter().map(|category| category.word()).collect::<Vec<_>>(), ["C04", "C05"]);
    assert_eq!(said.form, ["SK-01", "2026-04", "ja"]);
    assert_eq!(said.valid_until.unwrap().rfc3339(), "2027-10-26T00:00:00+09:00");
}

#[test]
fn an_exception_is_taken_out_of_a_permit() {
    use musubi_core::consent::records::Scope;
    let c05 = json!([{"system": "urn:musubi:category", "code": "C05"}]);
    let without = permit(&[("/provision/provision", json!([{"type": "deny", "class": c05}]))]).unwrap();
    let Scope::Named(left) = without.categories else { panic!("named") };
    assert_eq!(left.iter().map(|category| category.word()).collect::<Vec<_>>(), ["C04"]);
    let everything = wrong(&[("/provision/provision", json!([{"type": "deny"}]))]);
    assert_eq!(everything[0].0, "H008");
    let of_unknown_kind = wrong(&[("/provision/provision", json!([{"type": "deny", "code": [{"text": "x"}]}]))]);
    assert_eq!(of_unknown_kind[0].0, "H008", "what is not understood takes all");
}

#[test]
fn what_is_not_understood_permits_nothing_and_denies_all_the_same() {
    use musubi_core::consent::records::{Grantee, Scope};
    let unknown = json!([{"system": "http://example.jp/classes", "code": "X"}]);
    for (pointer, value) in [
        ("/provision/class", unknown.clone()),
        ("/provision/purpose", unknown.clone()),
        ("/provision/data", json!([{"meaning": "instance", "reference": {"reference": "Observation/1"}}])),
        ("/provision/actor", json!([{"reference": {"display": "x"}}])),
    ] {
        assert_eq!(wrong(&[(pointer, value)])[0].0, "H008", "{pointer}");
    }
    let denied =
        permit(&[("/provision/type", json!("deny")), ("/provision/class", unknown), ("/provision/actor", json!([]))]);
    let denied = denied.unwrap();
    assert!(!denied.permits);
    assert_eq!((denied.grantee, denied.categories), (Grantee::Everyone, Scope::All));
}

#[test]
fn an_exception_of_an_exception_a_draft_and_another_scope_are_refused() {
    let nested = json!([{"type": "deny", "provision": [{"type": "permit"}]}]);
    assert_eq!(
        wrong(&[("/provision/provision", nested)])[0],
        ("H008".to_owned(), "Consent.provision.provision[0].provision".to_owned())
    );
    for status in ["draft", "proposed", "rejected", "inactive", "entered-in-error"] {
        assert_eq!(wrong(&[("/status", json!(status))])[0], ("H008".to_owned(), "Consent.status".to_owned()));
    }
    assert_eq!(wrong(&[("/scope", json!({"coding": [{"code": "research"}]}))])[0].0, "H003");
    assert_eq!(wrong(&[("/patient", json!({"display": "x"}))])[0].0, "H005");
}

#[test]
fn a_search_for_disclosures_names_one_person_in_its_body() {
    let body = b"patient.identifier=urn%3Aoid%3A1.2.392.100495.20.3.51.14810700122%7C00012345&staff=hayakawa";
    let found = search(body, &center()).unwrap();
    assert_eq!((found.subject.issuer.as_str(), found.subject.identifier.as_str()), ("MED-4810700122", "00012345"));
    assert_eq!(found.staff, "hayakawa");
    let wrong =
        |body: &[u8]| search(body, &center()).unwrap_err().iter().map(|said| said.code.to_string()).collect::<Vec<_>>();
    assert_eq!(wrong(b""), ["H004"]);
    assert_eq!(wrong(b"patient.identifier=1&date=ge2026"), ["H003"]);
}

/// The least that one resource of each type must say to be taken alone.
fn least(kind: &str) -> Value {
    let code = json!({"text": "項目"});
    let paper = json!({"contentType": "text/plain", "data": "44GC"});
    let to = json!({"identifier": {"value": "urn:musubi:agency:OSC-482072-01"}});
    let link = json!([{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-RoleCode", "code": "MTH"}]}]);
    let mut least = match kind {
        "AllergyIntolerance" | "Condition" => json!({"code": code}),
        "Bundle" => json!({"type": "collection", "entry": [{"resource": least("Patient")}]}),
        "CarePlan" => json!({"description": "方針"}),
        "Goal" => json!({"description": code}),
        "EpisodeOfCare" => json!({"type": [code]}),
        "Coverage" => json!({"payor": [{"identifier": {"value": "06050116"}}], "subscriberId": "1"}),
        "DiagnosticReport" => json!({"code": code, "conclusion": "結論"}),
        "DocumentReference" => json!({"content": [{"attachment": paper}]}),
        "Media" => json!({"content": paper}),
        "Encounter" => json!({"class": {"code": "AMB"}, "period": {"start": "2026-10-30"}}),
        "FamilyMemberHistory" => json!({"relationship": code, "condition": [{"code": code}]}),
        "ImagingStudy" => json!({"status": "available", "procedureCode": [code]}),
        "Immunization" => json!({"status": "completed", "vaccineCode": code}),
        "Observation" => json!({"status": "final", "code": code, "valueString": "値"}),
        "Patient" => json!({"name": [{"text": "榎本 千夏"}]}),
        "Procedure" => json!({"status": "completed", "code": code}),
        "QuestionnaireResponse" => json!({"item": [{"linkId": "1", "text": "問", "answer": [{"valueString": "答"}]}]}),
        "RelatedPerson" => json!({"relationship": link, "name": [{"text": "榎本 千夏"}]}),
        "ServiceRequest" => json!({"status": "active", "intent": "order", "performer": [to]}),
        "Task" => json!({"status": "accepted", "focus": {"identifier": {"value": "R-1"}}}),
        medicine if medicine.starts_with("Medication") => {
            json!({"status": "completed", "intent": "order", "medicationCodeableConcept": code})
        }
        _ => json!({}),
    };
    let whom = json!({"identifier": {"value": "0012345"}});
    for name in ["subject", "patient", "beneficiary", "for"] {
        least[name] = whom.clone();
    }
    least["identifier"] = json!([{"value": "0012345"}]);
    least["resourceType"] = kind.into();
    least
}

#[test]
fn every_type_of_the_table_is_taken_alone_and_no_other() {
    let profile = musubi_core::adapter::Profile::plain(hospital(), musubi_core::time::Time::MIN.plus_days(45_000));
    for kind in crate::hospital::fhir::read::resources() {
        let body = least(kind).to_string();
        let decoded = FhirJson.decode(body.as_bytes(), &profile);
        let is_taken = match kind {
            "Consent" => permit(&[]).is_ok(),
            _ => decoded.taken() == 1,
        };
        let said: Vec<String> = decoded.all_diagnostics().map(|said| format!("{} {}", said.code, said.place)).collect();
        assert_eq!(is_taken, served(kind).is_some(), "{kind}: {said:?}");
    }
}
