//! What stands beside the patient: relatives, insurance, ways of giving birth, consents.

use super::encode::{submissions, written};
use super::*;
use musubi_core::adapter::{FieldPart, InsuredIn, LocalName};
use serde_json::json;

const MOTHER: &str = "shione_a03_mother";
const NK1_5: &str = "|SPO^配偶者^HL70063||^PRN^CP^^^^^^^^^090-0000-0012";

/// The mother's message with another end of her husband's NK1.
fn with_relative(rest: &str) -> Vec<u8> {
    changed(MOTHER, NK1_5, &format!("|SPO^配偶者^HL70063{rest}"))
}

#[test]
fn a_relative_has_addresses_and_numbers_at_home_and_at_work() {
    let rest = "|^^^^0000015^JPN^H^朝凪県汐音市浜町３番１号|^PRN^PH^^^^^^^^^000-000-0001|^WPN^PH^^^^^^^^^000-000-0002";
    let bytes = with_relative(rest);
    let relative = |bytes: &[u8], profile: &Profile| super::read(bytes, profile).body("family")["relatives"][0].clone();
    let read = relative(&bytes, &shione());
    assert_eq!(read["addresses"][0]["city"], "汐音市");
    assert_eq!((&read["contacts"][0]["use"], &read["contacts"][1]["use"]), (&json!("home"), &json!("work")));

    let profile = Profile { any_sender: true, ..shione() };
    let written = written(submissions(&bytes, &profile), &profile);
    assert_eq!(relative(&written, &profile), read, "{}", String::from_utf8_lossy(&written));
}

#[test]
fn a_relative_of_whom_only_an_address_is_known_is_one() {
    let bytes = changed(MOTHER, "\rPV1", "\rNK1|2|||^^^^0000015^JPN^H^朝凪県汐音市浜町３番１号\rPV1");
    assert_eq!(super::read(&bytes, &shione()).body("family")["relatives"].as_array().unwrap().len(), 2);
}

#[test]
fn symbol_number_and_branch_stand_where_the_senders_profile_says() {
    let part = |text: &str| FieldPart::try_from(text.to_owned()).unwrap();
    let mut profile = shione();
    let coverage = |profile: &Profile, from: &str, to: &str| {
        let read = super::read(&changed(MOTHER, from, to), profile);
        let coverage = read.body("coverage").clone();
        ["symbol", "number", "branch"].map(|name| coverage[name].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(coverage(&profile, "|５１２|３０４|", "|５１２~３０４~０１||"), ["５１２", "３０４", ""]);
    profile.insured_in = Some(InsuredIn { symbol: part("10"), number: part("10~2"), branch: Some(part("10~3")) });
    assert_eq!(coverage(&profile, "|５１２|３０４|", "|５１２~３０４~０１||"), ["５１２", "３０４", "０１"]);
    profile.insured_in = Some(InsuredIn { symbol: part("11"), number: part("11.2"), branch: None });
    assert_eq!(coverage(&profile, "|５１２|３０４|", "||５１２^３０４|"), ["５１２", "３０４", ""]);
    profile.insured_in = Some(InsuredIn { symbol: part("99"), number: part("10~9.9"), branch: None });
    assert_eq!(coverage(&profile, "|５１２|３０４|", "|５１２|３０４|"), ["", "", ""]);
}

#[test]
fn symbol_number_and_branch_are_written_where_the_receivers_profile_reads_them() {
    let part = |text: &str| FieldPart::try_from(text.to_owned()).unwrap();
    for (symbol, number, branch, expected) in [
        ("10", "10~2", Some("10~3"), "|||||||５１２~３０４~０１|"),
        ("10", "11", Some("11.2"), "|||||||５１２|３０４^０１|"),
        ("10.3", "10~2", Some("18"), "|||||||^^５１２~３０４||"),
        ("10", "11", None, "|||||||５１２|３０４|"),
    ] {
        let mut profile = Profile { any_sender: true, ..shione() };
        let branch = branch.map(part);
        profile.insured_in = Some(InsuredIn { symbol: part("10"), number: part("10~2"), branch: Some(part("10~3")) });
        let told = submissions(&changed(MOTHER, "|５１２|３０４|", "|５１２~３０４~０１||"), &profile);
        profile.insured_in = Some(InsuredIn { symbol: part(symbol), number: part(number), branch });
        let written = written(told, &profile);
        let text = String::from_utf8(written.clone()).unwrap();
        let in1 = text.split('\r').find(|line| line.starts_with("IN1|")).unwrap();
        assert!(in1.contains(expected), "{expected}: {in1}");
        let again = super::read(&written, &profile);
        let coverage = again.body("coverage");
        assert_eq!((&coverage["symbol"], &coverage["number"]), (&json!("５１２"), &json!("３０４")));
        let told = coverage["branch"].as_str();
        assert_eq!(told, branch.map(|_| "０１"), "without a place for it nobody writes a branch");
    }
}

#[test]
fn a_procedure_is_a_way_of_giving_birth_where_the_senders_table_says_so() {
    let pr1 = "\rPR1|1||K8981^帝王切開術 緊急^99MHLW||202610260412\rIN1";
    let bytes = changed(MOTHER, "\rIN1", pr1);
    assert!(super::read(&bytes, &shione()).bodies("delivery").is_empty(), "by its words nobody knows");
    let mut profile = shione();
    let line = |loinc: &str| LocalCode { system: "99MHLW".into(), code: "K8981".into(), loinc: loinc.into() };
    profile.observation_codes.push(line("DELIVERY-caesarean"));
    let read = super::read(&bytes, &profile);
    assert_eq!(*read.body("delivery"), json!({"method": "caesarean"}));
    let delivery = read.entry("delivery");
    assert_eq!((&delivery["sourceKey"], &delivery["update"]), (&json!("00012345/delivery/20261026"), &json!(true)));
    assert_eq!(read.bodies("observation").len(), 1, "what was done stays a procedure");
    let of_child = super::read(&changed("shione_a03_newborn", "\rPV1", &pr1.replace("IN1", "PV1")), &profile);
    assert!(of_child.bodies("delivery").is_empty(), "a delivery has the mother alone");
    profile.observation_codes = vec![line("DELIVERY-somehow")];
    assert!(super::read(&bytes, &profile).bodies("delivery").is_empty());
}

#[test]
fn a_consent_in_a_message_permits_nothing_and_its_sender_is_told() {
    for status in ["A^Active^HL70498", "R^Refused^HL70498", "X^Rescinded^HL70498", ""] {
        let con = format!("\rCON|1|001^Release of information^HL70496||||||||W|{status}|||20261030\rIN1");
        let read = super::read(&changed(MOTHER, "\rIN1", &con), &shione());
        assert!(read.record.is_some() && read.has("H104 CON[1]"), "{:?}", read.codes());
        let told = read.record.unwrap().to_string();
        assert!(!told.contains("Release of information") && !told.contains("permit"), "{told}");
    }
}

#[test]
fn a_profile_that_lists_sending_applications_takes_no_other() {
    let mut profile = shione();
    profile.sending_applications = vec!["SHIONE-HIS".to_owned()];
    assert!(super::read(&sample(MOTHER), &profile).record.is_some());
    for other in ["|LIS|", "||"] {
        let bytes = changed(MOTHER, "|SHIONE-HIS|", other);
        assert!(super::read(&bytes, &shione()).record.is_some(), "none is listed");
        let read = super::read(&bytes, &profile);
        assert_eq!((read.record.is_none(), read.codes()), (true, vec!["H002 MSH-3".to_owned()]), "{other}");
    }
}

#[test]
fn a_department_is_called_by_its_name_where_the_senders_table_has_its_code() {
    let read = |profile: &Profile| super::read(&sample(MOTHER), profile);
    assert_eq!(read(&shione()).body("encounter")["department"], "31");
    assert!(read(&shione()).entry("encounter").get("raised").is_none());
    let mut profile = shione();
    profile.departments = vec![LocalName { code: "31".to_owned(), name: "精神科".to_owned() }];
    let named = read(&profile);
    for kind in ["encounter", "dischargeNotice"] {
        assert_eq!(named.body(kind)["department"], "精神科");
        assert_eq!(named.entry(kind)["raised"], json!(["C08_MENTAL"]), "a psychiatric department tells of the mind");
    }
}

#[test]
fn a_department_that_the_senders_table_lacks_is_told_once_and_kept() {
    let told = |codes: &[(&str, &str)]| {
        let mut profile = shione();
        let local = |(code, name): &(&str, &str)| LocalName { code: (*code).to_owned(), name: (*name).to_owned() };
        profile.departments = codes.iter().map(local).collect();
        let read = super::read(&sample(MOTHER), &profile);
        let told = read.codes().iter().filter(|told| *told == "H104 PV1-10").count();
        (told, read.body("encounter")["department"].clone())
    };
    assert_eq!(told(&[]), (0, json!("31")), "there is no table");
    assert_eq!(told(&[("32", "小児科")]), (1, json!("31")));
    assert_eq!(told(&[("32", "31")]), (0, json!("31")), "it is a name");
    assert_eq!(told(&[("31", "産婦人科"), ("32", "小児科")]), (0, json!("産婦人科")));
    let mut profile = shione();
    profile.departments = vec![LocalName { code: "32".to_owned(), name: "小児科".to_owned() }];
    for nothing in ["||", "|\"\"|"] {
        let blank = super::read(&changed(MOTHER, "|31|", nothing), &profile);
        assert!(!blank.has("H104 PV1-10"), "{nothing}");
    }
}

#[test]
fn a_diagnosis_of_maternity_is_known_and_stays_in_the_category_of_a_delivery() {
    let diagnosed = |code: &str| {
        let read = super::read(&changed(MOTHER, "O80.0^自然頭位分娩^I10", &format!("{code}^病名^I10")), &shione());
        let entry = read.entry("condition").clone();
        (entry.get("raised").cloned(), entry.get("label").cloned())
    };
    for code in ["O80.0", "O14.1", "P07.1", "P59.9", "Z33", "Z34.0", "Z37.0", "Z39.2"] {
        assert_eq!(diagnosed(code), (None, None), "{code}");
    }
    assert_eq!(diagnosed("O98.1").0, Some(json!(["C19_REPRODUCTIVE"])), "syphilis tells more");
    assert_eq!(diagnosed("O99.3").0, Some(json!(["C08_MENTAL"])));
    assert_eq!(diagnosed("S06.0"), (Some(json!(["C10_NARRATIVE"])), Some(json!("V"))), "somebody should look");
}

#[test]
fn a_diagnosis_without_a_code_is_told() {
    let read = super::read(&changed(MOTHER, "O80.0^自然頭位分娩^I10", "\"\""), &shione());
    assert!(read.bodies("condition").is_empty() && read.has("H104 DG1[1]-3"), "{:?}", read.codes());
}

#[test]
fn a_name_with_one_separator_too_many_keeps_its_type_and_representation() {
    let moved = "榎本千夏^^^^^^^L^I~エノモトチナツ^^^^^^^L^P";
    let read = super::read(&changed(MOTHER, "榎本^千夏^^^^^L^I~エノモト^チナツ^^^^^L^P", moved), &shione());
    let names = read.body("personDetails")["names"].clone();
    let of = |at: usize| (names[at]["use"].clone(), names[at]["representation"].clone(), names[at]["text"].clone());
    assert_eq!(of(0), (json!("LEGAL"), json!("IDEOGRAPHIC"), json!("榎本千夏")));
    assert_eq!(of(1), (json!("LEGAL"), json!("PHONETIC"), json!("エノモトチナツ")));
    assert!(read.has("H008 PID-5"));
}
