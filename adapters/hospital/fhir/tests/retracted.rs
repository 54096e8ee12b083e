//! What does not hold, no longer or not yet, is not read as if it did.

use super::read::{PATIENT, codes, collection, decode, entries};
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
