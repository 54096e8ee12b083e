//! What is particular to SS-MIX2: its profile in MSH-21, and the diagnoses of `PPR^ZD1` with their modifiers and insurance.

use super::*;
use musubi_core::adapter::Fate;
use serde_json::json;

const NEWBORN: &str = "shione_a03_newborn";
const ZD1: &str = "minami_zd1_ssmix2";
const PROFILE: &str = "SS-MIX2_1.20^SS-MIX2^1.2.392.200250.2.1.100.1.2.120^ISO";

#[test]
fn what_stands_in_pid_21_under_the_profile_of_ssmix2_links_nobody() {
    let other = "|P|2.5||||||UNICODE UTF-8";
    assert_eq!(read(&sample(NEWBORN), &shione()).bodies("parentChild").len(), 1);
    let bytes = changed(NEWBORN, other, &format!("{other}|||{PROFILE}"));
    let under = read(&bytes, &shione());
    assert!(under.bodies("parentChild").is_empty() && under.has("H106 PID-21"), "{:?}", under.codes());
    let ledger = Hl7v2.decode(&bytes, &shione()).ledger;
    assert!(ledger.lines().any(|line| line.place == "PID-21" && line.fate == Fate::KeptRaw));
    // Nor does it say that the patient is a child.
    let unborn = String::from_utf8(bytes).unwrap().replace("||202610260412|M|", "|||M|").replace("Y\rOBX", "\rOBX");
    let role = |text: &str| read(text.as_bytes(), &shione()).entry("personDetails")["subjects"][0]["role"].clone();
    assert_eq!(role(&unborn), "OTHER_PERSON");
    assert_eq!(role(&unborn.replace(PROFILE, "")), "CHILD");
}

/// The diagnosis of the sample with another ZPR.
fn with_zpr(zpr: &str) -> Read {
    let bytes = sample(ZD1);
    let (text, ..) = encoding_rs::ISO_2022_JP.decode(&bytes);
    let line = text.split('\r').find(|line| line.starts_with("ZPR")).unwrap().to_owned();
    let text = text.replace(&line, zpr).replace("~ISO IR87||ISO 2022-1994", "UNICODE UTF-8||");
    read(text.as_bytes(), &minami())
}

#[test]
fn a_suspected_diagnosis_does_not_read_as_one_that_was_made() {
    let said = |zpr: &str| {
        let read = with_zpr(zpr);
        assert!(read.record.is_some(), "{:?}", read.codes());
        read.body("condition")["code"].clone()
    };
    let made = said("ZPR||20061234^妊娠高血圧症候群^MDCDX2");
    assert_eq!(made, json!({"system": "MDCDX2", "code": "20061234", "text": "妊娠高血圧症候群"}));
    let suspected = said("ZPR|4012^重症^MDCDX2|20061234^妊娠高血圧症候群^MDCDX2|8002^の疑い^MDCDX2");
    assert_eq!((&suspected["code"], &suspected["text"]), (&json!("20061234"), &json!("重症妊娠高血圧症候群の疑い")));
    let several = said("ZPR|4012^重症^MDCDX2~4013^急性^MDCDX2|x|8002^の疑い^MDCDX2");
    assert_eq!(several["text"], "重症急性妊娠高血圧症候群の疑い");
    assert_eq!(said("ZPR|||8002^症候群^MDCDX2")["text"], "妊娠高血圧症候群", "the words have it already");
}

#[test]
fn a_modifier_belongs_to_the_diagnosis_before_it() {
    let zpr = "ZPR||20061234^x^MDCDX2\rPRB|AD|20261027|200^貧血^MDCDX2|7003\rZPR|||8002^の疑い^MDCDX2";
    let conditions = with_zpr(zpr);
    let texts: Vec<_> = conditions.bodies("condition").into_iter().map(|one| one["code"]["text"].clone()).collect();
    assert_eq!(texts, ["妊娠高血圧症候群", "貧血の疑い"]);
}

#[test]
fn the_insurance_of_a_diagnosis_is_one_of_the_patient() {
    let zi1 =
        "ZPR||x\rZI1|1|01^協会けんぽ^JHSD0001|01130012|||||||123456|11010203|20260901|20270831||13||SEL^本人^HL70063";
    let read = with_zpr(zi1);
    let coverage = read.body("coverage");
    assert_eq!((&coverage["symbol"], &coverage["number"]), (&json!("123456"), &json!("11010203")));
    assert_eq!(read.entry("coverage")["sourcePath"], "ZI1[1]");
    assert!(read.entry("coverage").get("list").is_none(), "another diagnosis with its insurance leaves this one");
}
