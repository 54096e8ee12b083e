//! Documents of others and of our own, read.

use super::super::FhirXml;
use super::*;
use crate::hospital::hl7v2::Hl7v2;
use crate::testing::{corpus, leaves, reads_corpus};
use base64::Engine as _;
use musubi_core::adapter::{Decoded, Fate, Severity};

#[test]
fn every_corpus_file_is_read_or_refused_with_a_named_code() {
    let Some(files) = corpus("hospital/fhir") else { return };
    let json: Vec<_> = files.into_iter().filter(|path| path.extension().is_some_and(|end| end == "json")).collect();
    let taken = reads_corpus(&FhirJson, &json);
    assert!(taken > 25, "few documents of the corpus were taken");
}

pub(super) fn decode(text: &str) -> Decoded {
    FhirJson.decode(text.as_bytes(), &profile())
}

/// The entries of what was read, as JSON of the schema, without what belongs to one sending: place, key of the series,
/// and what the label of the whole document adds.
pub(super) fn entries(decoded: &Decoded) -> Vec<Value> {
    let mut entries = whole(decoded);
    for entry in &mut entries {
        for sending in ["sourcePath", "occurredAt", "label", "sourceKey"] {
            entry.as_object_mut().unwrap().remove(sending);
        }
    }
    entries
}

/// The entries of what was read, whole.
pub(super) fn whole(decoded: &Decoded) -> Vec<Value> {
    let submission = decoded.items[0].submission.as_ref();
    let submission = submission.unwrap_or_else(|| panic!("{:?}", decoded.items[0].diagnostics));
    let record: Value = serde_json::from_str(&submission.to_author_json()).unwrap();
    record["entries"].as_array().unwrap().clone()
}

/// What was read, written again as a document.
fn written(decoded: &Decoded) -> String {
    let record: proto::Submission =
        serde_json::from_str(&decoded.items[0].submission.as_ref().unwrap().to_author_json()).unwrap();
    document(record.entries)
}

pub(super) fn assert_stable(first: &Decoded, what: &str) {
    let second = decode(&written(first));
    let (before, after) = (entries(first), entries(&second));
    for entry in &before {
        assert!(after.contains(entry), "{what}: lost or changed {entry:#}\nof {after:#?}");
    }
    assert_eq!(before.len(), after.len(), "{what}: {after:#?}");
}

pub(super) fn codes(decoded: &Decoded) -> Vec<String> {
    decoded.all_diagnostics().map(|told| format!("{} {}", told.code, told.place)).collect()
}

#[test]
fn our_own_document_is_read_and_stays_the_same() {
    let first = decode(&document(family_a()));
    assert_stable(&first, "family a");
    let kinds: Vec<&str> = first.items[0].submission.as_ref().unwrap().kinds();
    for kind in ["person_details", "parent_child", "encounter", "discharge_notice", "delivery", "screening", "newborn"]
    {
        assert!(kinds.contains(&kind), "{kind} of {kinds:?}");
    }
}

#[test]
fn the_record_of_family_a_comes_back_from_the_document() {
    let read = decode(&document(family_a()));
    let read = entries(&read);
    let body = |kind: &str| read.iter().find_map(|entry| entry.get(kind)).cloned().unwrap_or_default();
    let original = |kind: &str| {
        let submission = proto::Submission { entries: family_a(), ..Default::default() };
        let record: Value = serde_json::to_value(&submission).unwrap();
        record["entries"].as_array().unwrap().iter().find_map(|entry| entry.get(kind)).cloned().unwrap()
    };
    for kind in ["newborn", "delivery", "screening"] {
        assert_eq!(body(kind), original(kind), "{kind}");
    }
    assert_eq!(body("parentChild")["relationship"], "MTH");
    assert_eq!(body("dischargeNotice")["request"], original("dischargeNotice")["request"]);
    assert_eq!(body("dischargeNotice")["dischargedAt"], original("dischargeNotice")["dischargedAt"]);
}

#[test]
fn what_came_in_hl7_v2_comes_back_from_a_document_where_both_can_say_it() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/hospital/hl7v2/samples");
    for name in ["shione_a03_mother", "shione_a03_newborn", "shione_r01_two_week_check"] {
        let mut profile = profile();
        profile.sender_names = vec!["SHIONE-HOSP".to_owned()];
        let bytes = std::fs::read(format!("{folder}/{name}.hl7")).unwrap();
        let v2 = Hl7v2.decode(&bytes, &profile);
        let fhir = decode(&written(&v2));
        let (before, after) = (entries(&v2), entries(&fhir));
        let (before, after) = (without_use(before), without_use(after));
        for mut entry in before {
            // Neither whose insurance nor who else is in the family is said in a document.
            let unsaid = entry.get("family").or(entry.get("coverage")).is_some();
            entry.as_object_mut().unwrap().remove("commissioned");
            // A document says in words what a code of the destination means.
            let destination = entry.pointer_mut("/dischargeNotice/destination").and_then(Value::as_object_mut);
            destination.map(|coded| coded.entry("text").or_insert_with(|| "自宅".into()));
            assert!(unsaid || after.contains(&entry), "{name}: {entry:#}\nis not in {after:#?}");
        }
    }
}

/// FHIR has one word for `mobile` and for `home`: what a telephone is for is lost beside what it is. What a document says of a
/// birth leaves the rest of it as it was.
fn without_use(entries: Vec<Value>) -> Vec<Value> {
    let mut entries = entries;
    for entry in &mut entries {
        if entry.get("newborn").or(entry.get("delivery")).is_some() {
            entry.as_object_mut().unwrap().remove("update");
        }
        if let Some(link) = entry.get_mut("parentChild").and_then(Value::as_object_mut) {
            link.remove("basis");
        }
        for contact in entry.pointer_mut("/personDetails/contacts").and_then(Value::as_array_mut).into_iter().flatten()
        {
            contact.as_object_mut().unwrap().remove("use");
        }
    }
    entries
}

#[test]
fn every_value_of_a_document_is_accounted_for() {
    let text = document(family_a());
    let decoded = decode(&text);
    assert_eq!(decoded.ledger.len(), leaves(&serde_json::from_str(&text).unwrap()));
    assert!(decoded.ledger.lines().any(|line| matches!(line.fate, Fate::Mapped(_))));
}

fn errors(text: &str) -> Vec<String> {
    let decoded = decode(text);
    assert_eq!(decoded.taken(), 0, "{text}");
    let all = decoded.all_diagnostics().filter(|told| told.severity == Severity::Error);
    all.map(|told| format!("{} {}", told.code, told.place)).collect()
}

pub(super) const PATIENT: &str = r#"{"resourceType":"Patient","id":"p","identifier":[{"value":"0012345"}],"name":[{"text":"榎本 千夏"}],"gender":"female","birthDate":"1996-05-14"}"#;

#[test]
fn what_is_refused_names_place_and_reason() {
    assert_eq!(errors("{\"resourceType\":\"Patient\""), ["H001 line 1"]);
    assert_eq!(errors("{}"), ["H001 resource.resourceType"]);
    assert_eq!(errors("{\"resourceType\":\"Bundle\",\"type\":\"transaction\"}"), ["H003 Bundle.type"]);
    assert_eq!(errors("{\"resourceType\":\"Medication\"}"), ["H003 Medication"]);
    let alone =
        "{\"resourceType\":\"Observation\",\"subject\":{\"reference\":\"Patient/7\"},\"code\":{\"text\":\"x\"}}";
    assert_eq!(errors(alone), ["H005 Observation.subject"]);
    assert_eq!(errors(&PATIENT.replace("\"value\":\"0012345\"", "\"system\":\"urn:x\"")), ["H005 Patient.identifier"]);
    assert_eq!(errors(&PATIENT.replace("1996-05-14", "1996-02-31")), ["H006 Patient.birthDate"]);
    assert_eq!(errors(&PATIENT.replace("1996-05-14", "2096-05-14")), ["H006 Patient.birthDate"]);
    let stranger = document(family_a()).replace("MED-4810700122", "MED-4810700452").replace("4810700122", "4810700452");
    assert_eq!(errors(&stranger), ["H002 Bundle.entry[0].resource.custodian"]);
}

const SAMPLES: [&str; 6] = [
    "shione_discharge_summary",
    "shione_birth",
    "shione_referral",
    "shione_service_request",
    "shione_treatment",
    "shione_history",
];

fn sample(name: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/hospital/fhir/fhir_json/samples");
    std::fs::read_to_string(format!("{folder}/{name}.fhir")).unwrap()
}

#[test]
fn each_sample_gives_the_record_that_was_looked_at() {
    for name in SAMPLES {
        let decoded = decode(&sample(name));
        let submission = decoded.items[0].submission.as_ref().unwrap_or_else(|| panic!("{:?}", codes(&decoded)));
        let told: Vec<String> = decoded.all_diagnostics().map(ToString::to_string).collect();
        let seen = format!("{}\n{}\n", submission.to_author_json(), told.join("\n"));
        matches_snapshot(&format!("hospital/fhir/fhir_json/samples/{name}.json"), seen.as_bytes());
    }
}

#[test]
fn what_was_read_is_the_same_after_it_was_written_and_read_again() {
    for name in SAMPLES {
        assert_stable(&decode(&sample(name)), name);
    }
}

#[test]
fn every_xml_file_of_the_corpus_is_read_or_refused_with_a_named_code() {
    let Some(files) = corpus("hospital/fhir") else { return };
    let xml: Vec<_> = files.into_iter().filter(|path| path.extension().is_some_and(|end| end == "xml")).collect();
    reads_corpus(&FhirXml, &xml);
}

#[test]
fn what_xml_says_and_fhir_has_no_place_for_is_kept_and_told_of() {
    let said = |inside: &str| {
        let patient = format!(
            "<Patient xmlns='http://hl7.org/fhir' xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' \
             xsi:schemaLocation='http://hl7.org/fhir patient.xsd'><identifier><value value='0012345'/></identifier>\
             <name><text value='榎本'/></name>{inside}<birthDate value='1994-05-02'/></Patient>"
        );
        let decoded = FhirXml.decode(patient.as_bytes(), &profile());
        (decoded.taken(), codes(&decoded).into_iter().filter(|said| said != "H008 Patient.name").collect::<Vec<_>>())
    };
    let taken = |told: &[&str]| (1, told.iter().map(ToString::to_string).collect());
    assert_eq!(said(""), taken(&[]), "where a schema lies is of no account");
    assert_eq!(said("<gender code='female'/>"), taken(&["H104 Patient.gender.*"]));
    assert_eq!(said("<contained use='x'><Basic/></contained>"), taken(&["H104 Patient.contained.*"]));
    assert_eq!(said("<contained><Basic xmlns='urn:x'><code/></Basic></contained>").1[0], "H104 Patient.contained.*");
    let number = "1234 5678 9018";
    for inside in [
        format!("<gender code='{number}'/>"),
        format!("<text><div xmlns='http://www.w3.org/1999/xhtml'><a href='tel:{number}'>電話</a></div></text>"),
    ] {
        let (taken, told) = said(&inside);
        assert!(taken == 0 && told.iter().all(|told| told.starts_with("H009 ")), "{told:?}");
    }
}

#[test]
fn the_same_document_in_json_and_xml_gives_the_same_record() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/hospital/fhir/fhir_xml/samples");
    for name in ["shione_birth", "shione_discharge_summary"] {
        let bytes = std::fs::read(format!("{folder}/{name}.xml")).unwrap();
        let read = FhirXml.decode(&bytes, &profile());
        assert_eq!(entries(&read), entries(&decode(&sample(name))), "{name}");
    }
}

#[test]
fn what_is_written_in_xml_says_what_is_written_in_json() {
    for hostile in ["x", "a\",\"b\"\r\n<!--", "]]>&amp;&#60;\t"] {
        let release = released(hostile_family(hostile));
        let xml = FhirXml.encode(&release, &profile()).unwrap();
        let json = FhirJson.encode(&release, &profile()).unwrap();
        let (xml, json) = (FhirXml.decode(&xml, &profile()), FhirJson.decode(&json, &profile()));
        if json.items[0].submission.is_none() {
            assert_eq!(codes(&xml).len(), codes(&json).len());
            continue;
        }
        assert_eq!(entries(&xml), entries(&json), "{hostile:?}");
    }
    let release = released(family_a());
    let (xml, json) = (FhirXml.encode(&release, &profile()).unwrap(), FhirJson.encode(&release, &profile()).unwrap());
    matches_snapshot("hospital/fhir/snapshots/family_a.xml", &xml);
    assert_eq!(entries(&FhirXml.decode(&xml, &profile())), entries(&FhirJson.decode(&json, &profile())));
}

#[test]
fn what_is_no_fhir_in_xml_is_refused() {
    let refused = |text: &str| {
        let decoded = FhirXml.decode(text.as_bytes(), &profile());
        assert_eq!(decoded.taken(), 0, "{text}");
        decoded.all_diagnostics().map(|told| told.code.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(refused("<Patient xmlns=\"urn:x\"/>"), ["H001"]);
    assert_eq!(refused("<!DOCTYPE a><Patient xmlns=\"http://hl7.org/fhir\"/>"), ["H007"]);
    assert_eq!(refused("<Patient xmlns=\"http://hl7.org/fhir\">"), ["H001"]);
    assert_eq!(refused("<Hund xmlns=\"http://hl7.org/fhir\"/>"), ["H001"]);
}

#[test]
fn course_and_instructions_are_read_from_the_resources_of_their_sections() {
    let mut bundle: Value = serde_json::from_str(&sample("shione_discharge_summary")).unwrap();
    let base64 = base64::engine::general_purpose::STANDARD.encode("産後の経過は良好。");
    let patient = bundle["entry"][8]["resource"]["subject"].clone();
    bundle["entry"][8]["resource"] = serde_json::json!({
        "resourceType": "DocumentReference", "status": "current", "subject": patient,
        "content": [{"attachment": {"contentType": "text/plain; charset=utf-8", "data": base64}}]
    });
    bundle["entry"][9]["resource"] = serde_json::json!({
        "resourceType": "CarePlan", "status": "active", "intent": "plan", "subject": patient,
        "description": "2週間後に健診。"
    });
    let decoded = decode(&bundle.to_string());
    let read = entries(&decoded);
    let notice = read.iter().find_map(|entry| entry.get("dischargeNotice")).unwrap();
    assert_eq!(notice["course"], "産後の経過は良好。");
    assert_eq!(notice["instructions"], "2週間後に健診。");
    assert!(!codes(&decoded).iter().any(|said| said.starts_with("H003")));
    let line = decoded.ledger.lines().find(|line| line.place.ends_with("resource.description")).unwrap();
    assert_eq!(line.fate, Fate::Mapped("discharge_notice.instructions".into()));
}

pub(super) fn collection(resources: &[&str]) -> String {
    let entries: Vec<String> = resources.iter().map(|one| format!("{{\"resource\":{one}}}")).collect();
    format!("{{\"resourceType\":\"Bundle\",\"type\":\"collection\",\"entry\":[{}]}}", entries.join(","))
}

#[test]
fn an_individual_number_refuses_the_document_and_is_not_told() {
    let number = "123456789018";
    for text in [
        PATIENT.replace("0012345", number),
        PATIENT.replace("榎本 千夏", &format!("備考 {number}")),
        collection(&[PATIENT, "{\"resourceType\":\"Basic\",\"x\":\"1234 5678 9018\"}"]),
    ] {
        let decoded = decode(&text);
        assert_eq!(decoded.taken(), 0);
        assert!(decoded.all_diagnostics().all(|told| told.code == "H009" && !told.to_string().contains("5678")));
        assert!(decoded.ledger.lines().all(|line| !line.place.contains("5678")));
    }
    let mut declared = profile();
    declared.twelve_digit_columns = vec!["Patient.identifier.value".to_owned()];
    assert_eq!(FhirJson.decode(PATIENT.replace("0012345", number).as_bytes(), &declared).taken(), 1);
}

#[test]
fn the_entries_of_a_bundle_are_limited() {
    let sized = |count: usize| {
        let mut all = vec![PATIENT];
        all.resize(count, "{\"resourceType\":\"Location\"}");
        collection(&all)
    };
    assert_eq!(decode(&sized(1_999)).taken(), 1);
    assert_eq!(decode(&sized(2_000)).taken(), 1);
    assert_eq!(errors(&sized(2_001)), ["H007 Bundle.entry"]);
}

#[test]
fn a_consent_in_a_document_opens_nothing_and_a_deep_one_refuses_it() {
    let consent =
        |provision: &str| format!("{{\"resourceType\":\"Consent\",\"status\":\"active\",\"provision\":{provision}}}");
    let flat = decode(&collection(&[PATIENT, &consent("{\"type\":\"deny\",\"provision\":[{\"type\":\"permit\"}]}")]));
    assert_eq!(flat.taken(), 1);
    assert!(codes(&flat).contains(&"H108 Bundle.entry[1].resource".to_owned()));
    let deep = consent("{\"provision\":[{\"provision\":[{\"type\":\"permit\"}]}]}");
    assert_eq!(errors(&collection(&[PATIENT, &deep])), ["H008 Bundle.entry[1].resource.provision"]);
}

#[test]
fn an_unknown_modifier_refuses_and_an_unknown_member_warns() {
    let with = |member: &str| PATIENT.replace("\"id\":\"p\"", &format!("\"id\":\"p\",{member}"));
    assert_eq!(errors(&with("\"modifierExtension\":[{\"url\":\"urn:x\"}]")), ["H008 Patient.modifierExtension"]);
    let unknown = decode(&with("\"千夏\":\"x\",\"active\":\"\""));
    assert_eq!(codes(&unknown), ["H104 Patient.*", "H008 Patient.active", "H008 Patient.name"]);
    assert!(unknown.ledger.lines().any(|line| line.place == "Patient.*" && line.fate == Fate::KeptRaw));
}

#[test]
fn a_newborns_value_with_the_mother_as_subject_is_nobodys() {
    let weight = "{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{\"coding\":[{\"system\":\"http://loinc.org\",\
                  \"code\":\"8339-4\"}]},\"subject\":{\"reference\":\"Patient/p\"},\"valueQuantity\":{\"value\":2486,\"unit\":\"g\"}}";
    let decoded = decode(&collection(&[PATIENT, weight]));
    assert!(codes(&decoded).contains(&"H106 Bundle.entry[1].resource.subject".to_owned()));
    assert_eq!(decoded.items[0].submission.as_ref().unwrap().kinds(), ["person_details"]);
}

#[test]
fn what_was_entered_in_error_is_withdrawn() {
    let wrong = "{\"resourceType\":\"Observation\",\"status\":\"entered-in-error\",\"identifier\":[{\"value\":\"O-1\"}],\
                 \"code\":{\"text\":\"体温\"},\"subject\":{\"reference\":\"Patient/p\"}}";
    let read = entries(&decode(&collection(&[PATIENT, wrong])));
    assert_eq!(read[1]["withdrawal"]["bodyKind"], "observation");
}

#[test]
fn what_is_sensitive_raises_the_label_and_never_lowers_it() {
    let label = |security: &str| {
        let meta = format!("\"id\":\"p\",\"meta\":{{\"security\":[{{\"code\":\"{security}\"}}]}}");
        let decoded = decode(&PATIENT.replace("\"id\":\"p\"", &meta));
        let record = decoded.items[0].submission.as_ref().unwrap().to_author_json();
        serde_json::from_str::<Value>(&record).unwrap()["entries"][0]["label"].clone()
    };
    assert_eq!(label("N"), Value::Null);
    assert_eq!(label("HIV"), "R");
    assert_eq!(label("V"), "V");
}

#[test]
fn the_number_of_a_public_expense_is_apart_and_raised_by_its_law() {
    let coverage = |kind: &str| {
        let payer = "{\"resourceType\":\"Organization\",\"id\":\"o\",\"identifier\":[{\"value\":\"12480013\"}]}";
        let system = "urn:oid:1.2.392.100495.20.2.61";
        format!(
            "{{\"resourceType\":\"Coverage\",\"status\":\"active\",\"contained\":[{payer}],\
             \"type\":{{\"coding\":[{{\"system\":\"{system}\",\"code\":\"{kind}\"}}]}},\
             \"beneficiary\":{{\"reference\":\"Patient/p\"}},\"payor\":[{{\"reference\":\"#o\"}}]}}"
        )
    };
    let read = |kind: &str| {
        let all = entries(&decode(&collection(&[PATIENT, &coverage(kind)])));
        all.into_iter().find(|entry| entry["coverage"].is_object()).unwrap()
    };
    let (public, insured) = (read("8"), read("1"));
    assert_eq!(public["coverage"]["publicExpenseNumber"], "12480013");
    assert!(public["coverage"].get("insurer").is_none() && public["raised"].to_string().contains("C12"), "{public}");
    assert_eq!(insured["coverage"]["insurer"], "12480013");
    assert!(insured.get("raised").is_none());
}

#[test]
fn somebody_who_is_named_by_a_number_alone_is_not_the_first_one_of_the_bundle() {
    let of_child = "{\"resourceType\":\"Observation\",\"status\":\"final\",\"subject\":{\"identifier\":{\"value\":\"0067890\"}},\
                    \"code\":{\"text\":\"体温\"},\"valueString\":\"37.9\"}";
    // No entry has an address.
    let read = entries(&decode(&collection(&[PATIENT, of_child])));
    let observed = read.iter().find(|entry| entry.get("observation").is_some()).unwrap();
    assert_eq!(observed["subjects"][0]["identifier"], "0067890");
}
