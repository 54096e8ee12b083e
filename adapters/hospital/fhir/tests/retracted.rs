//! What does not hold, no longer or not yet, is not read as if it did.

use super::read::{PATIENT, codes, collection, decode, entries, whole};
use super::*;

/// Kinds of bodies that come of one resource beside its Patient, withdrawals by what they withdraw.
fn kinds(resource: &str) -> Vec<String> {
    let all = entries(&decode(&collection(&[PATIENT, resource])));
    let kind = |entry: &Value| match entry["withdrawal"]["bodyKind"].as_str() {
        Some(kind) => format!("- {kind}"),
        None => {
            let bodies =
                ["encounter", "dischargeNotice", "document", "referral", "referralStep", "parentChild", "family"];
            bodies.into_iter().find(|kind| entry.get(*kind).is_some()).unwrap_or_default().to_owned()
        }
    };
    all.iter().map(kind).filter(|kind| !kind.is_empty()).collect()
}

fn about(kind: &str, more: &str) -> String {
    format!(
        "{{\"resourceType\":\"{kind}\",\"identifier\":[{{\"value\":\"N-1\"}}],\"subject\":{{\"reference\":\"Patient/p\"}},{more}}}"
    )
}

#[test]
fn a_stay_that_was_cancelled_is_withdrawn_and_a_planned_one_discharges_nobody() {
    let stay = |status: &str| {
        about(
            "Encounter",
            &format!(
                "\"status\":\"{status}\",\"class\":{{\"code\":\"IMP\"}},\
                 \"period\":{{\"start\":\"2026-10-25\",\"end\":\"2026-10-31\"}}"
            ),
        )
    };
    assert_eq!(kinds(&stay("finished")), ["encounter", "dischargeNotice"]);
    assert_eq!(kinds(&stay("planned")), ["encounter"]);
    for gone in ["cancelled", "entered-in-error"] {
        assert_eq!(kinds(&stay(gone)), ["- encounter", "- discharge_notice"], "{gone}");
    }
}

#[test]
fn a_document_that_was_put_down_by_mistake_is_withdrawn() {
    let paper = |status: &str, of_document: &str, attachment: &str| {
        about(
            "DocumentReference",
            &format!(
                "\"status\":\"{status}\",\"docStatus\":\"{of_document}\",\"content\":[{{\"attachment\":{{\"title\":\"t\"{attachment}}}}}]"
            ),
        )
    };
    let data = ",\"contentType\":\"text/plain\",\"data\":\"44GC\"";
    assert_eq!(kinds(&paper("current", "final", data)), ["document"]);
    assert_eq!(kinds(&paper("entered-in-error", "final", data)), ["- document"]);
    assert_eq!(kinds(&paper("entered-in-error", "final", "")), ["- document"]);
    assert_eq!(kinds(&paper("current", "entered-in-error", data)), ["- document"]);
    let report = |status: &str| {
        let form = "\"presentedForm\":[{\"contentType\":\"text/plain\",\"data\":\"44GC\"}]";
        about("DiagnosticReport", &format!("\"status\":\"{status}\",\"code\":{{\"text\":\"報告\"}},{form}"))
    };
    assert_eq!(
        (kinds(&report("final")), kinds(&report("entered-in-error"))),
        (vec![text("document")], vec![text("- document")])
    );
}

#[test]
fn nothing_of_a_composition_that_was_put_down_by_mistake_is_taken() {
    let document = document(family_a()).replacen("\"status\":\"final\"", "\"status\":\"entered-in-error\"", 1);
    let decoded = decode(&document);
    assert_eq!((decoded.taken(), codes(&decoded)), (0, vec![text("H003 Bundle.entry[0].resource.status")]));
}

#[test]
fn what_was_not_asked_is_no_referral_and_what_no_longer_is_is_cancelled() {
    let request = |more: &str| {
        let to = "\"performer\":[{\"identifier\":{\"value\":\"urn:musubi:agency:OSC-482072-01\"}}]";
        kinds(&about("ServiceRequest", &format!("\"intent\":\"order\",\"code\":{{\"text\":\"産後ケア\"}},{to},{more}")))
    };
    assert_eq!(request("\"status\":\"active\""), ["referral"]);
    assert_eq!(request("\"status\":\"entered-in-error\""), ["- referral"]);
    assert_eq!(request("\"status\":\"revoked\""), ["referral", "referralStep"], "cancelled");
    for none in ["\"status\":\"draft\"", "\"status\":\"active\",\"doNotPerform\":true"] {
        assert!(request(none).is_empty(), "{none}");
    }
}

#[test]
fn a_relation_that_is_no_longer_in_use_is_none() {
    let relation = |active: &str| {
        kinds(&format!(
            "{{\"resourceType\":\"RelatedPerson\",\"active\":{active},\"patient\":{{\"reference\":\"Patient/p\"}},\
             \"relationship\":[{{\"text\":\"夫\"}}],\"name\":[{{\"text\":\"榎本 和也\"}}]}}"
        ))
    };
    assert_eq!((relation("true"), relation("false")), (vec![text("family")], Vec::new()));
}

#[test]
fn a_referral_comes_back_with_the_number_of_its_approval() {
    let referral = proto::Referral {
        referral_id: text("R-7"),
        kind: text("postnatal_care"),
        from: text("OSC-482072-01"),
        to: text("PNC-482072-03"),
        approval_number: text("SK08-0041"),
        ..proto::Referral::default()
    };
    let mut all = mother_alone();
    all.push(of_mother("referral:R-7", Body::Referral(referral)));
    let read = entries(&decode(&document(all)));
    let told = read.iter().find_map(|entry| entry.get("referral")).unwrap();
    assert_eq!((&told["referralId"], &told["approvalNumber"]), (&"R-7".into(), &"SK08-0041".into()));
}

/// An observation of a newborn with this status.
fn of_child(code: &str, value: &str, status: &str) -> String {
    format!(
        "{{\"resourceType\":\"Observation\",\"status\":\"{status}\",\"subject\":{{\"reference\":\"Patient/c\"}},\
         \"code\":{{\"coding\":[{{\"system\":\"http://loinc.org\",\"code\":\"{code}\"}}]}},{value}}}"
    )
}

const CHILD: &str = "{\"resourceType\":\"Patient\",\"id\":\"c\",\"identifier\":[{\"value\":\"0012346\"}],\
     \"name\":[{\"text\":\"榎本 ベビー\"}],\"birthDate\":\"2026-10-26\",\"multipleBirthInteger\":1}";
const MOTHER_OF: &str = "{\"resourceType\":\"RelatedPerson\",\"identifier\":[{\"value\":\"0012345\"}],\"patient\":{\"reference\":\"Patient/c\"},\
     \"relationship\":[{\"coding\":[{\"system\":\"http://terminology.hl7.org/CodeSystem/v3-RoleCode\",\"code\":\"MTH\"}]}]}";

fn newborn(of: &[String]) -> Value {
    let mut all = vec![CHILD, MOTHER_OF];
    all.extend(of.iter().map(String::as_str));
    let read = whole(&decode(&collection(&all)));
    assert!(read.iter().all(|entry| entry.get("withdrawal").is_none()), "{read:?}");
    read.into_iter().find(|entry| entry.get("newborn").is_some()).unwrap()
}

#[test]
fn a_value_that_was_entered_in_error_takes_back_itself_and_not_the_newborn() {
    let weight = |grams: u32, status| {
        of_child("8339-4", &format!("\"valueQuantity\":{{\"value\":{grams},\"unit\":\"g\",\"code\":\"g\"}}"), status)
    };
    let apgar = of_child("9272-6", "\"valueInteger\":8", "final");
    let alone = newborn(&[weight(2986, "entered-in-error")]);
    assert_eq!((&alone["update"], &alone["cleared"]), (&true.into(), &serde_json::json!(["birth_weight"])));
    assert!(alone["newborn"].get("birthWeight").is_none(), "{alone}");
    let beside = newborn(&[weight(2986, "entered-in-error"), apgar.clone()]);
    assert_eq!((&beside["cleared"][0], &beside["newborn"]["apgar1"]), (&"birth_weight".into(), &8.into()));
    for order in [[2986, 2896], [2896, 2986]] {
        let status = |grams| if grams == 2986 { "entered-in-error" } else { "final" };
        let corrected = newborn(&order.map(|grams| weight(grams, status(grams))));
        assert_eq!(corrected["newborn"]["birthWeight"]["value"], "2896", "whichever comes first");
    }
    let none = newborn(&[weight(2986, "cancelled"), apgar]);
    assert!(none["newborn"].get("birthWeight").is_none() && none.get("cleared").is_none(), "never measured: {none}");
}

#[test]
fn a_value_of_a_delivery_that_was_entered_in_error_is_not_read() {
    let of_mother = |words: &str, value: &str, status: &str| {
        format!(
            "{{\"resourceType\":\"Observation\",\"status\":\"{status}\",\"subject\":{{\"reference\":\"Patient/p\"}},\
             \"effectiveDateTime\":\"2026-10-26\",\"code\":{{\"text\":\"{words}\"}},{value}}}"
        )
    };
    let all = [
        of_mother("分娩方法", "\"valueString\":\"帝王切開\"", "final"),
        of_mother(
            "分娩時出血量",
            "\"valueQuantity\":{\"value\":1900,\"unit\":\"mL\",\"code\":\"mL\"}",
            "entered-in-error",
        ),
    ];
    let read = whole(&decode(&collection(&[PATIENT, MOTHER_OF, CHILD, &all[0], &all[1]])));
    let told = read.iter().find(|entry| entry.get("delivery").is_some()).unwrap();
    assert_eq!((&told["delivery"]["method"], told["delivery"].get("bloodLoss")), (&"caesarean".into(), None));
    assert_eq!(told["cleared"], serde_json::json!(["blood_loss"]));
}
