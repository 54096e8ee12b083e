//! Each message of `formats/hospital.md` 2.10: what it says of the stay, the person, the allergies, the diagnoses, the
//! referral, and what it takes back.

use super::*;
use serde_json::json;

const MOTHER: &str = "shione_a03_mother";
const CANCELLED: &str = "shione_a13_cancelled_discharge";

/// The A03 of the mother as another event: its second component, and what replaces its dates.
fn as_event(event: &str, changes: &[(&str, &str)]) -> Read {
    let mut text = String::from_utf8(changed(MOTHER, "ADT^A03^ADT_A03", &format!("ADT^{event}"))).unwrap();
    for (from, to) in changes {
        assert!(text.contains(from), "the sample does not hold {from}");
        text = text.replacen(from, to, 1);
    }
    read(text.as_bytes(), &shione())
}

/// Its stay without the dates and without the visit number.
fn unnamed<'a>(dates: &'a [(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut changes = vec![("202610260110|202610301030", "|"), ("I26-003871", "")];
    changes.extend(dates);
    changes
}

#[test]
fn every_message_of_the_list_is_taken_and_every_other_is_refused_by_name() {
    for event in
        ["A01", "A02", "A03", "A04", "A08", "A11", "A12", "A13", "A14", "A16", "A23", "A25", "A27", "A28", "A31"]
    {
        let read = as_event(event, &[]);
        assert!(read.record.is_some(), "{event}: {:?}", read.codes());
    }
    for event in ["A05", "A17", "A39", "A99", ""] {
        assert_eq!(as_event(event, &[]).codes(), ["H003 MSH-9.2"], "{event}");
    }
}

#[test]
fn a_stay_is_planned_goes_on_or_is_finished() {
    let status = |event: &str| as_event(event, &[("|202610301030\r", "|\r")]).body("encounter")["status"].clone();
    assert_eq!(
        (status("A14"), status("A01"), status("A02")),
        (json!("planned"), json!("in_progress"), json!("in_progress"))
    );
    assert_eq!(as_event("A03", &[]).body("encounter")["status"], "finished");
    assert!(as_event("A01", &[("|202610301030\r", "|\r")]).bodies("dischargeNotice").is_empty());
}

#[test]
fn an_admission_that_does_not_come_about_takes_its_own_series_back() {
    let made = as_event("A01", &[]);
    for event in ["A11", "A27"] {
        let cancelled = as_event(event, &[]);
        assert_eq!(cancelled.body("withdrawal"), &json!({"bodyKind": "encounter", "reason": "cancelled"}));
        assert_eq!(cancelled.entry("withdrawal")["sourceKey"], made.entry("encounter")["sourceKey"]);
        assert!(cancelled.bodies("encounter").is_empty());
    }
}

#[test]
fn a_cancelled_discharge_takes_the_notice_back_and_the_stay_goes_on() {
    let made = read(&sample(MOTHER), &shione());
    let cancelled = read(&sample(CANCELLED), &shione());
    assert_eq!(cancelled.body("withdrawal")["bodyKind"], "discharge_notice");
    assert_eq!(cancelled.entry("withdrawal")["sourceKey"], made.entry("dischargeNotice")["sourceKey"]);
    assert_eq!(cancelled.entry("encounter")["sourceKey"], made.entry("encounter")["sourceKey"]);
    assert_eq!(cancelled.entry("encounter")["cleared"], json!(["end"]));
    assert!(cancelled.body("encounter")["period"].get("end").is_none());
}

#[test]
fn a_cancellation_finds_its_series_by_the_time_of_what_it_cancels() {
    let discharged = as_event("A03", &unnamed(&[]));
    let cancelled = as_event("A13", &unnamed(&[]));
    assert_eq!(cancelled.entry("withdrawal")["sourceKey"], discharged.entry("dischargeNotice")["sourceKey"]);
    let nothing = as_event("A13", &unnamed(&[("20261030103000", "")]));
    assert!(nothing.record.is_none() && nothing.has("H004 PV1-19"), "{:?}", nothing.codes());
}

#[test]
fn a_planned_discharge_has_no_moment_of_discharge_and_can_be_taken_back() {
    let planned = as_event("A16", &[]);
    assert!(planned.body("dischargeNotice").get("dischargedAt").is_none());
    assert_eq!(planned.body("dischargeNotice")["expectedDischargeAt"]["date"]["day"], 30);
    assert!(planned.bodies("encounter").is_empty());
    let cancelled = as_event("A25", &[]);
    assert_eq!(cancelled.entry("withdrawal")["sourceKey"], planned.entry("dischargeNotice")["sourceKey"]);
}

#[test]
fn a_transfer_that_names_no_stay_is_known_by_its_day() {
    let moved = as_event("A02", &unnamed(&[]));
    assert_eq!(moved.entry("encounter")["sourceKey"], "00012345/transferred/20261030");
    let back = as_event("A12", &unnamed(&[]));
    assert_eq!(back.entry("withdrawal")["sourceKey"], moved.entry("encounter")["sourceKey"]);
    assert!(as_event("A12", &[]).bodies("withdrawal").is_empty(), "of a named stay the ward is simply the other one");
}

#[test]
fn what_a_person_is_said_to_be_tells_of_no_stay() {
    for event in ["A28", "A31"] {
        let read = as_event(event, &[]);
        assert_eq!(read.bodies("personDetails").len(), 1);
        assert!(read.bodies("encounter").is_empty() && read.bodies("dischargeNotice").is_empty(), "{event}");
    }
    let deleted = as_event("A23", &[]);
    assert_eq!((deleted.entries().len(), &deleted.body("withdrawal")["bodyKind"]), (1, &json!("person_details")));
}

#[test]
fn a_merge_names_the_retired_identifier_and_joins_nobody() {
    let merged = read(&sample("shione_a40_merge"), &shione());
    let retired = &merged.body("personDetails")["formerIdentifiers"];
    assert_eq!(retired, &json!([{"issuer": "MED-4810700122", "value": "00099001", "kind": "PI"}]));
    assert_eq!(merged.entries().iter().flat_map(|e| e["subjects"].as_array().unwrap()).count(), merged.entries().len());
    for (from, to, code) in [
        ("\rMRG|00099001^^^^PI", "", "H004 MRG"),
        ("00099001", "", "H004 MRG-1"),
        ("00099001", "00067890", "H004 MRG-1"),
    ] {
        let read = read(&changed("shione_a40_merge", from, to), &shione());
        assert!(read.record.is_none() && read.has(code), "{to}: {:?}", read.codes());
    }
}

#[test]
fn a_message_may_merge_several_patients() {
    let text = String::from_utf8(sample("shione_a40_merge")).unwrap();
    let pid = text.split('\r').find(|line| line.starts_with("PID")).unwrap();
    let second = pid.replace("00067890", "00067899");
    let two = format!("{}\r{second}\rMRG|00099002^^^^PI\r", text.trim_end_matches('\r'));
    let read_two = read(two.as_bytes(), &shione());
    let former = |entry: &&serde_json::Value| !entry["personDetails"]["formerIdentifiers"].is_null();
    let merged = read_two.record.as_ref().unwrap()["entries"].as_array().unwrap().clone();
    let merged: Vec<&serde_json::Value> = merged.iter().filter(former).collect();
    let pairs: Vec<(&str, &str)> = merged
        .iter()
        .map(|entry| {
            let retired = &entry["personDetails"]["formerIdentifiers"][0]["value"];
            (entry["subjects"][0]["identifier"].as_str().unwrap(), retired.as_str().unwrap())
        })
        .collect();
    assert_eq!(pairs, [("00067890", "00099001"), ("00067899", "00099002")]);
    let without = two.replace("\rMRG|00099002^^^^PI", "");
    assert!(read(without.as_bytes(), &shione()).has("H004 MRG"), "each needs its own");
}

#[test]
fn an_update_says_what_it_leaves_out_and_what_it_deletes() {
    let plain = as_event("A31", &[]);
    assert_eq!(plain.entry("personDetails")["update"], true);
    assert!(plain.entry("personDetails").get("cleared").is_none());
    let text = String::from_utf8(sample(MOTHER)).unwrap();
    let pid = text.split('\r').find(|line| line.starts_with("PID")).unwrap().to_owned();
    let mut fields: Vec<&str> = pid.split('|').collect();
    fields[11] = "\"\"";
    let deleted = as_event("A31", &[(&pid, &fields.join("|"))]);
    assert_eq!(deleted.entry("personDetails")["cleared"], json!(["addresses"]));
    assert!(deleted.body("personDetails").get("addresses").is_none());
}

#[test]
fn an_allergy_names_its_substance_and_a_deleted_one_is_taken_back() {
    let read = read(&sample("minami_a60_ssmix2"), &minami());
    let allergy = read.body("observation");
    assert_eq!((&allergy["kind"], &allergy["coded"]["text"]), (&json!("allergy"), &json!("ソバ")));
    assert_eq!((&allergy["text"], &allergy["interpretation"]), (&json!("じんましん"), &json!("MO")));
    assert_eq!(read.entry("withdrawal")["sourceKey"], "0004521/allergy/A-2");
    let none = super::read(&changed("minami_a60_ssmix2", "IAM|1", "ZAM|1"), &minami());
    assert!(none.record.is_some());
}

#[test]
fn a_known_kind_of_allergy_hides_no_unknown_substance() {
    let kind = "IAM|1|8339-4^^LN|106824501^アリナミン^HOT9";
    let pr1 = format!("\r{kind}\rIN1");
    let read = read(&changed(MOTHER, "\rIN1", &pr1), &shione());
    assert_eq!(read.entry("observation")["label"], "V");
}

#[test]
fn a_procedure_is_what_was_done_and_when() {
    let pr1 = "\rPR1|1||K8981^帝王切開術 緊急^99MHLW||202610260412\rPR1|2|||会陰縫合|20261026\rPR1|3\rIN1";
    let read = read(&changed(MOTHER, "\rIN1", pr1), &shione());
    let done = read.bodies("observation");
    assert_eq!(done.len(), 2, "{done:?}");
    assert_eq!((&done[0]["kind"], &done[0]["coded"]["code"]), (&json!("procedure"), &json!("K8981")));
    assert_eq!(done[1]["coded"]["text"], "会陰縫合");
    let entries = read.entries().iter().filter(|entry| entry.get("observation").is_some());
    let keys: Vec<_> = entries.map(|entry| entry["sourceKey"].clone()).collect();
    assert_eq!(keys, ["00012345/procedure/K8981/20261026", "00012345/procedure/会陰縫合/20261026"]);
    assert!(read.has("H104 PR1[3]-3"));
}

#[test]
fn a_diagnosis_of_the_list_keeps_both_codes_and_its_confidentiality() {
    let read = read(&sample("minami_zd1_ssmix2"), &minami());
    let condition = read.body("condition");
    assert_eq!(
        (&condition["code"]["system"], &condition["translations"][0]["code"]),
        (&json!("MDCDX2"), &json!("O149"))
    );
    assert_eq!(read.entry("condition")["label"], "R");
    assert!(read.entry("condition").get("raised").is_none(), "the code of ICD-10 is known");
    assert_eq!(read.entry("withdrawal")["sourceKey"], "0004521/problem/7002");
}

#[test]
fn results_of_a_specimen_belong_to_the_order_whichever_side_its_control_segment_stands() {
    let results = read(&sample("minami_r22_ssmix2"), &minami());
    assert_eq!(results.bodies("observation").len(), 2);
    let keys: Vec<_> =
        results.entries().iter().filter(|e| e.get("observation").is_some()).map(|e| &e["sourceKey"]).collect();
    assert_eq!(keys[0], "0004521/order/900001/3A010000002327101/");
    assert_eq!(results.bodies("observation")[1]["quantity"]["comparator"], "<");
    assert_eq!(results.bodies("observation")[1]["status"], "corrected");
    let vitals = read(&changed("shione_r01_epds_own", "ORU^R01^ORU_R01", "ORU^R30^ORU_R30"), &shione());
    assert_eq!(vitals.bodies("screening").len(), 1);
}

#[test]
fn a_referral_carries_one_id_and_each_asked_party() {
    let referral = read(&sample("shione_ref_i12"), &shione());
    let body = referral.body("referral");
    assert_eq!(
        (&body["referralId"], &body["to"], &body["urgency"]),
        (&json!("R26-0031"), &json!("OSC-482072"), &json!("soon"))
    );
    assert!(body["reason"].as_str().unwrap().ends_with("夜間の授乳に不安があります。"));
    for (from, to, code) in [
        ("\rRF1", "\rZF1", "H004 RF1"),
        ("R26-0031", "", "H004 RF1-6"),
        ("PRD|RT", "PRD|PP", "H004 PRD"),
        ("\rPID", "\rZID", "H004 PID"),
    ] {
        let read = read(&changed("shione_ref_i12", from, to), &shione());
        assert!(read.record.is_none() && read.has(code), "{to}: {:?}", read.codes());
    }
    let two = read(&changed("shione_ref_i12", "\rPID", "\rPRD|RT||||||OSC-482015\rPID"), &shione());
    assert_eq!(two.bodies("referral").len(), 2);
}

#[test]
fn an_answer_to_a_referral_is_a_step_of_its_loop() {
    for (status, state) in [("A", "accepted"), ("R", "declined"), ("P", "received"), ("E", "expired")] {
        let read = read(&changed("shione_rri_i12", "RF1|A", &format!("RF1|{status}")), &shione());
        assert_eq!(read.body("referralStep")["state"], state);
    }
    assert!(read(&changed("shione_rri_i12", "RF1|A", "RF1|X"), &shione()).has("H006 RF1-1"));
    let cancel = read(&changed("shione_ref_i12", "REF^I12^REF_I12", "REF^I14^REF_I12"), &shione());
    assert_eq!(cancel.body("referralStep")["state"], "cancel_asked");
    let asked = read(&changed("shione_ref_i12", "REF^I12^REF_I12", "REF^I15^REF_I12"), &shione());
    assert!(asked.bodies("referralStep").is_empty() && asked.record.is_some());
}

#[test]
fn a_relative_links_mother_and_child_only_where_the_profile_says_so_and_never_by_name() {
    let nk1 = format!("\rNK1|1|榎本^千夏^^^^^L^I|MTH^母^HL70063{}00012345\rPV1", "|".repeat(30));
    let text = String::from_utf8(changed("shione_a03_newborn", "00012345^^^^PI", "")).unwrap();
    let bytes = text.replacen("\rPV1", &nk1, 1).into_bytes();
    let without = read(&bytes, &shione());
    assert!(without.bodies("parentChild").is_empty() && without.has("H106 PID-21"));
    let mut profile = shione();
    profile.mother_in_nk1 = true;
    let linked = read(&bytes, &profile);
    assert_eq!(linked.body("parentChild")["basis"], "NK1-33");
    assert_eq!(linked.entry("parentChild")["subjects"][0]["identifier"], "00012345");
    let by_name = String::from_utf8(bytes).unwrap().replacen("|00012345\rPV1", "\rPV1", 1);
    assert!(read(by_name.as_bytes(), &profile).bodies("parentChild").is_empty());
}
