//! What must be refused or warned of, on samples with one change.

use super::*;
use musubi_core::adapter::Fate;
use proptest::prelude::*;
use serde_json::json;

const NEWBORN: &str = "shione_a03_newborn";
const MOTHER: &str = "shione_a03_mother";
const EPDS: &str = "shione_r01_two_week_check";

/// The code and place that refuse a sample after a change.
fn refused(name: &str, from: &str, to: &str) -> Vec<String> {
    let read = read(&changed(name, from, to), &shione());
    assert!(read.record.is_none(), "{from} -> {to} was taken");
    read.codes()
}

/// Taken, with this warning.
fn warned(name: &str, from: &str, to: &str, code: &str) -> Read {
    let read = read(&changed(name, from, to), &shione());
    assert!(read.record.is_some(), "{:?}", read.codes());
    assert!(read.has(code), "{code} is not in {:?}", read.codes());
    read
}

#[test]
fn each_refusal_names_its_code_and_place() {
    for (name, from, to, code) in [
        (MOTHER, "|SHIONE-HOSP|", "|MINAMI|", "H002 MSH-4"),
        (MOTHER, "|SHIONE-HOSP|", "||", "H002 MSH-4"),
        (MOTHER, "ADT^A03^ADT_A03", "ADT^A05^ADT_A05", "H003 MSH-9.2"),
        (MOTHER, "ADT^A03^ADT_A03", "ADT^", "H003 MSH-9.2"),
        (MOTHER, "ADT^A03^ADT_A03", "SIU^S12", "H003 MSH-9.1"),
        (MOTHER, "ADT^A03^ADT_A03", "", "H004 MSH-9"),
        (MOTHER, "|S261030-0102|", "||", "H004 MSH-10"),
        (MOTHER, "|P|2.5|", "|X|2.5|", "H003 MSH-11"),
        (MOTHER, "|P|2.5|", "|P|3.0|", "H003 MSH-12"),
        (MOTHER, "PID|1", "ZID|1", "H004 PID"),
        (MOTHER, "00012345^^^^PI", "", "H004 PID-3"),
        (MOTHER, "榎本^千夏^^^^^L^I~エノモト^チナツ^^^^^L^P", "", "H004 PID-5"),
        (MOTHER, "19960514", "19960231", "H006 PID-7"),
        (MOTHER, "19960514", "20270101", "H006 PID-7"),
        (MOTHER, "202610301030\r", "202610250000\r", "H006 PV1-45"),
        (MOTHER, "\rDG1", "\rPID|2||9^^^^PI||榎本^二郎\rDG1", "H008 PID[2]"),
        (NEWBORN, "|8|{score}", "|11|{score}", "H006 OBX[5]-5"),
        (NEWBORN, "|8|{score}", "|x|{score}", "H006 OBX[5]-5"),
        (NEWBORN, "|2486|g^g^UCUM", "|99|g", "H006 OBX[2]-5"),
        (NEWBORN, "|2486|g^g^UCUM", "|9001|g", "H006 OBX[2]-5"),
        (NEWBORN, "|2486|g^g^UCUM", "|150|", "H006 OBX[2]-5"),
        (NEWBORN, "38w4d", "51w0d", "H006 OBX[1]-5"),
        (MOTHER, "\rDG1", "\rOBX|1|ST|11884-4^在胎週数^LN||51w0d||||||F\rDG1", "H006 OBX[1]-5"),
        (MOTHER, "\rDG1", "\rOBX|1|NM|11884-4^在胎週数^LN||51|wk|||||F\rDG1", "H006 OBX[1]-5"),
        (EPDS, "|12|{score}", "|31|{score}", "H006 OBX[11]-5"),
        (EPDS, "99SHI||2|", "99SHI||4|", "H006 OBX[3]-5"),
    ] {
        let codes = refused(name, from, to);
        assert!(codes.iter().any(|known| known == code), "{from} -> {to}: {code} is not in {codes:?}");
    }
}

#[test]
fn each_warning_leaves_the_message_taken() {
    for (name, from, to, code) in [
        (MOTHER, "|20261030110530+0900|", "||", "H103 MSH-7"),
        (MOTHER, "|P|2.5|", "|P||", "H104 MSH-12"),
        (MOTHER, "|P|2.5|", "|P|2.9|", "H104 MSH-12"),
        (MOTHER, "\rDG1", "\rNK1|2|榎本^空|CHD\rDG1", "H008 NK1[2]"),
        (EPDS, "\rOBX|2|", "\rPV2|1\rOBX|2|", "H008 PV2"),
        (MOTHER, "19960514", "19960500", "H103 PID-7"),
        (MOTHER, "19960514", "1996/05/14", "H103 PID-7"),
        (MOTHER, "19960514", "", "H008 PID-7"),
        (MOTHER, "|F|", "|Q|", "H104 PID-8"),
        (MOTHER, "榎本^千夏", "■本^千夏", "H102 PID-5"),
        (MOTHER, "~エノモト^チナツ^^^^^L^P", "", "H008 PID-5"),
        (MOTHER, "榎本^千夏^^^^^L^I", "榎本千夏^^^^^^L^I", "H008 PID-5"),
        (MOTHER, "202610301030\r", "\r", "H103 PV1-45"),
        (MOTHER, "|01|||||||", "||||||||", "H008 PV1-36"),
        (MOTHER, "|I|OB3", "||OB3", "H008 PV1-2"),
        (MOTHER, "06480123", "06480124", "H104 IN1[1]-3"),
        (MOTHER, "|20240401|", "|20240401|20250331", "H008 IN1[1]-13"),
        (MOTHER, "^I10|", "^ZZZ|", "H104 DG1[1]-3"),
        (MOTHER, "UNICODE UTF-8", "~ISO IR87", "H101 MSH-18"),
        (NEWBORN, "00012345^^^^PI", "", "H106 PID-21"),
        (NEWBORN, "00012345^^^^PI|||N", "00012345^^^^PI|||N|1", "H008 PID-25"),
        (NEWBORN, "|2486|g^g^UCUM", "|6501|g", "H104 OBX[2]-5"),
        (NEWBORN, "|38w4d||||||F", "|38w4d||||||", "H008 OBX[1]-11"),
        (NEWBORN, "8339-4^出生体重^LN", "B01^出生体重^99X", "H104 OBX[2]-3"),
        (EPDS, "|12|{score}", "|13|{score}", "H008 OBX[1]-5"),
    ] {
        warned(name, from, to, code);
    }
}

#[test]
fn the_edges_of_each_range_are_taken() {
    for (name, from, to) in [
        (NEWBORN, "|8|{score}", "|10|{score}"),
        (NEWBORN, "|8|{score}", "|0|{score}"),
        (NEWBORN, "|2486|g^g^UCUM", "|100|g"),
        (NEWBORN, "|2486|g^g^UCUM", "|9000|g"),
        (NEWBORN, "|2486|g^g^UCUM", "|2.486|kg"),
        (NEWBORN, "|2486|g^g^UCUM", "|2.486|"),
        (NEWBORN, "38w4d", "50w0d"),
        (NEWBORN, "38w4d", "38週4日"),
        (EPDS, "|12|{score}", "|30|{score}"),
        (EPDS, "99SHI||2|", "99SHI||3|"),
    ] {
        let read = read(&changed(name, from, to), &shione());
        assert!(read.record.is_some(), "{to}: {:?}", read.codes());
    }
}

#[test]
fn weeks_and_days_in_two_segments_are_one_gestational_age() {
    let two = "OBX|1|NM|11884-4^在胎週数^LN||38|wk|||||F\rOBX|9|NM|11884-4^在胎日数^LN||4|d|||||F\rOBX|2";
    let first = "OBX|1|ST|11884-4^在胎週数^LN||38w4d||||||F|||202610260412\rOBX|2";
    let read = read(&changed(NEWBORN, first, two), &shione());
    assert_eq!(read.body("newborn")["gestationDays"], 270);
}

/// Put together here, so that no file of the project holds one.
fn individual_number() -> String {
    ["1234", "5678", "9018"].concat()
}

#[test]
fn an_individual_number_anywhere_refuses_the_message_and_no_digit_is_told() {
    let number = individual_number();
    let spaced = format!("{} {} {}", &number[..4], &number[4..8], &number[8..]);
    let wide: String = number.chars().map(|c| char::from_u32(u32::from(c) - 0x30 + 0xFF10).unwrap()).collect();
    for written in [number.clone(), spaced, wide, format!("番号は{number}です")] {
        for (from, to, code) in [
            ("汐見町１丁目２番５号", written.clone(), "H009 PID-11"),
            ("00012345^^^^PI", written.clone(), "H009 PID-3"),
            ("S261030-0102", written.clone(), "H009 MSH-10"),
            ("自然頭位分娩", written.clone(), "H009 DG1[1]-3"),
            ("\rDG1", format!("\rNTE|1||{written}\rDG1"), "H009 NTE[1]-3"),
            ("\rDG1", format!("\rZZ1|{written}\rDG1"), "H009 ZZ1[1]-1"),
            ("\rDG1", format!("\r{written}|\rDG1"), "H009 line["),
            ("|^~\\&|", format!("||{written}|"), "H009 MSH"),
        ] {
            let bytes = changed(MOTHER, from, &to);
            let decoded = Hl7v2.decode(&bytes, &shione());
            assert_eq!(decoded.taken(), 0);
            let told: Vec<String> = decoded.all_diagnostics().map(ToString::to_string).collect();
            assert!(told.len() == 1 && told[0].contains(code), "{told:?}");
            assert!(!told[0].contains("1234") && !told[0].contains("9018"));
            assert!(decoded.ledger.lines().all(|line| line.fate == Fate::Refused("H009".into())));
        }
    }
    let packed = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, format!("番号 {number}"));
    let attachment = format!("\rOBX|1|ED|X^y^L||^TEXT^plain^Base64^{packed}||||||F\rDG1");
    assert_eq!(refused(MOTHER, "\rDG1", &attachment), ["H009 OBX[1]-5"]);
}

#[test]
fn an_individual_number_beside_the_messages_refuses_the_file() {
    let number = individual_number();
    let message = String::from_utf8(sample(MOTHER)).unwrap();
    let file = |first: &str, second: &str, last: &str| {
        let text = format!("FHS|^~\\&|A||||{first}\rBHS|^~\\&|A|||||||{second}\r{message}BTS|1\rFTS|1\r{last}");
        let decoded = Hl7v2.decode(text.as_bytes(), &shione());
        let told: Vec<String> = decoded.all_diagnostics().map(|said| format!("{} {}", said.code, said.place)).collect();
        assert!(decoded.taken() == 0 || !told.iter().any(|said| said.starts_with("H009")), "{told:?}");
        (decoded.taken(), told.into_iter().find(|said| said.starts_with("H009")).unwrap_or_default())
    };
    assert_eq!(file("202610301105", "月次", "# end"), (1, String::new()));
    let lines = message.matches('\r').count();
    assert_eq!(file(&number, "", ""), (0, "H009 line 1, FHS-7".to_owned()));
    assert_eq!(file("", &format!("{number}の分"), ""), (0, "H009 line 2, BHS-10".to_owned()));
    assert_eq!(file("", "", &format!("# {number}")), (0, format!("H009 line {}", lines + 5)));
}

#[test]
fn dates_and_declared_identifiers_of_twelve_digits_are_no_individual_numbers() {
    // Of all minutes of a day some have a right check digit by chance.
    for minute in 0..1440 {
        let time = format!("20261030{:02}{:02}", minute / 60, minute % 60);
        let bytes = changed(MOTHER, "S261030-0102", &time);
        let text = String::from_utf8(bytes).unwrap().replace("20261026|F", &format!("{time}|F"));
        assert!(!read(text.as_bytes(), &shione()).codes().iter().any(|code| code.starts_with("H009")), "{time}");
    }
    let mut profile = shione();
    profile.twelve_digit_columns = vec!["PID-3".to_owned()];
    assert!(read(&changed(MOTHER, "00012345^^^^PI", &individual_number()), &profile).record.is_some());
}

#[test]
fn the_number_of_an_order_and_a_code_of_a_system_are_no_individual_numbers() {
    let number = individual_number();
    let coded = |field: &str| format!("\rORC|RE|{number}|{number}\rOBR|1|{number}|{number}|{field}\rDG1");
    let told = |to: &str| read(&changed(MOTHER, "\rDG1", to), &shione()).codes();
    assert!(!told(&coded(&format!("{number}^検査^L"))).iter().any(|code| code.starts_with("H009")));
    let without_system = told(&coded(&format!("{number}^検査")));
    assert_eq!(without_system, ["H009 OBR[1]-4"], "a code of no system is free text");
    assert_eq!(told(&coded(&format!("X^{number}^L"))), ["H009 OBR[1]-4"]);
}

#[test]
fn a_test_message_is_marked_so_that_it_never_enters_the_record() {
    for kind in ["T", "D"] {
        let read = read(&changed(MOTHER, "|P|2.5|", &format!("|{kind}|2.5|")), &shione());
        assert_eq!(read.record.unwrap()["test"], true);
    }
}

#[test]
fn a_withdrawn_result_is_a_withdrawal_of_its_series() {
    let extra = |status: &str| format!("\rOBX|20|NM|8310-5^体温^LN||36.8|Cel|||||{status}\r");
    let with = |status: &str| {
        let mut bytes = sample(EPDS);
        bytes.pop();
        read(&[bytes, extra(status).into_bytes()].concat(), &shione())
    };
    let given = with("F");
    for (status, reason) in [("D", "deleted"), ("W", "wrong_person")] {
        let withdrawn = with(status);
        assert_eq!(withdrawn.body("withdrawal")["bodyKind"], "observation");
        assert_eq!(withdrawn.body("withdrawal")["reason"], reason);
        assert_eq!(withdrawn.entry("withdrawal")["sourceKey"], given.entry("observation")["sourceKey"]);
    }
}

#[test]
fn a_value_of_a_newborn_that_is_taken_back_leaves_the_others_as_they_were_said() {
    let with = |lines: &[(&str, &str)]| {
        let text = String::from_utf8(sample(NEWBORN)).unwrap();
        let others = text.split_inclusive('\r').filter(|line| !line.starts_with("OBX"));
        let obx = lines.iter().map(|(code, status)| {
            let value = if *status == "F" { "2486|g" } else { "|" };
            format!("OBX|1|NM|{code}^値^LN||{value}|||||{status}\r")
        });
        read(others.map(str::to_owned).chain(obx).collect::<String>().as_bytes(), &shione())
    };
    for status in ["D", "W"] {
        let corrected = with(&[("8339-4", "F"), ("9272-6", status)]);
        assert_eq!(corrected.entry("newborn")["cleared"], json!(["apgar_1"]));
        assert_eq!(corrected.entry("newborn")["update"], true);
        assert_eq!(corrected.body("newborn")["birthWeight"]["value"], "2486");
        assert!(corrected.bodies("withdrawal").is_empty());
    }
    let deleted = with(&[("9272-6", "D")]);
    assert_eq!(deleted.entry("newborn")["cleared"], json!(["apgar_1"]));
    assert!(deleted.bodies("withdrawal").is_empty(), "the weight that was sent before still stands");
    let of_another = with(&[("9272-6", "W")]);
    assert_eq!(of_another.body("withdrawal"), &json!({"bodyKind": "newborn", "reason": "wrong_person"}));
    let codes = ["11884-4", "8339-4", "89269-5", "9843-4", "9272-6", "9274-2", "9271-8"];
    let all = with(&codes.map(|code| (code, "D")));
    assert_eq!(all.body("withdrawal"), &json!({"bodyKind": "newborn", "reason": "deleted"}));
}

#[test]
fn a_newborns_value_in_the_mothers_message_is_not_hers() {
    let read = warned(MOTHER, "\rIN1", "\rOBX|1|NM|8339-4^出生体重^LN||2486|g|||||F\rIN1", "H106 OBX[1]-5");
    assert!(read.bodies("newborn").is_empty() && read.bodies("observation").is_empty());
}

#[test]
fn what_was_not_read_is_not_called_mapped() {
    for (name, from, to, place) in [
        (NEWBORN, "38w4d", "unclear", "OBX[1]-5"),
        (EPDS, "OBX|5|", "ZZZ|5|", "OBX[1]-5"),
        (MOTHER, "\rIN1", "\rOBX|1|NM|8339-4^出生体重^LN||2486|g|||||F\rIN1", "OBX[1]-5"),
        (MOTHER, "\rIN1", "\rOBX|1|ED|11488-4^x^LN||^TEXT^plain^Base64^eA==||||||F\rIN1", "OBX[1]-5"),
        (MOTHER, "SPO^配偶者", "SEL^本人", "NK1[1]-3"),
    ] {
        let decoded = Hl7v2.decode(&changed(name, from, to), &shione());
        assert_eq!(decoded.taken(), 1, "{to}");
        let line = decoded.ledger.lines().find(|line| line.place == place).unwrap();
        assert_eq!(line.fate, Fate::KeptRaw, "{to}");
    }
}

#[test]
fn the_mothers_questionnaire_in_the_childs_message_is_not_the_childs() {
    let epds = "\rOBX|9|NM|99046-5^EPDS^LN||9|{score}|||||F\rOBX|2|";
    let read = warned(NEWBORN, "\rOBX|2|", epds, "H106 OBX[2]-5");
    assert!(read.bodies("screening").is_empty());
}

#[test]
fn a_diagnosis_carries_what_its_code_tells() {
    let mental = read(&changed(MOTHER, "O80.0^自然頭位分娩^I10", "F53.0^産褥期の精神障害^I10"), &shione());
    assert_eq!(mental.entry("condition")["raised"], serde_json::json!(["C08_MENTAL"]));
    let unknown = read(&changed(MOTHER, "O80.0^自然頭位分娩^I10", "X1^何か^99X"), &shione());
    assert_eq!(unknown.entry("condition")["raised"], serde_json::json!(["C10_NARRATIVE"]));
    assert_eq!(unknown.entry("condition")["label"], "V");
    assert!(read(&sample(MOTHER), &shione()).entry("condition").get("raised").is_none());
    let ward = read(&changed(MOTHER, "|OB3^", "|精神科病棟^"), &shione());
    assert_eq!(ward.entry("dischargeNotice")["raised"], serde_json::json!(["C08_MENTAL"]));
}

#[test]
fn a_number_of_patients_names_the_person_before_one_of_accounts_or_insurances() {
    let subject = |identifiers: &str| {
        let read = read(&changed(MOTHER, "00012345^^^^PI", identifiers), &shione());
        let subject = &read.entry("personDetails")["subjects"][0];
        format!("{} {}", subject["issuer"].as_str().unwrap(), subject["identifier"].as_str().unwrap())
    };
    assert_eq!(subject("A1^^^^AN~00012345^^^^PI"), "MED-4810700122 00012345");
    assert_eq!(subject("12^^^^HC~77^^^OTHER^MR"), "MED-4810700122/OTHER 77");
    assert_eq!(subject("77^^^OTHER^MR~00012345^^^SHIONE-HOSP^PI"), "MED-4810700122 00012345");
    assert_eq!(subject("A1^^^^AN"), "MED-4810700122 A1", "where nothing else is written");
}

#[test]
fn an_observation_carries_what_its_answer_tells() {
    let raised = |answer: &str| {
        let obx = format!("\rOBX|1|CWE|82810-3^妊娠^LN||{answer}||||||F\rDG1");
        let read = read(&changed(MOTHER, "\rDG1", &obx), &shione());
        read.entry("observation").get("raised").cloned()
    };
    assert_eq!(raised("77386006^妊娠中^SCT"), None);
    let mental = Some(serde_json::json!(["C08_MENTAL"]));
    assert_eq!(raised("F53.0^産褥期の精神障害^I10"), mental);
    assert_eq!(raised("20051234^産褥精神病^MDCDX2^F53.0^産褥期の精神障害^I10"), mental);
}

#[test]
fn a_ratio_a_degree_and_a_range_are_no_one_number() {
    for (written, text) in [("=^1^:^128", "1:128"), ("^2^+", "2+"), ("^10^-^20", "10-20")] {
        let obx = format!("\rOBX|1|SN|5334-8^風疹HI^LN||{written}||||||F\rDG1");
        let read = read(&changed(MOTHER, "\rDG1", &obx), &shione());
        let observation = read.body("observation");
        assert_eq!((&observation["text"], observation.get("quantity")), (&text.into(), None), "{written}");
    }
    let more = "\rOBX|1|SN|5334-8^風疹HI^LN||>^100||||||F\rDG1";
    let read = read(&changed(MOTHER, "\rDG1", more), &shione());
    assert_eq!(read.body("observation")["quantity"], serde_json::json!({"value": "100", "comparator": ">"}));
}

#[test]
fn the_weeks_of_a_mother_are_a_quantity() {
    let age = |value: &str, unit: &str| {
        let obx = format!("\rOBX|1|ST|11884-4^在胎週数^LN||{value}|{unit}|||||F\rDG1");
        read(&changed(MOTHER, "\rDG1", &obx), &shione()).body("observation")["quantity"].clone()
    };
    assert_eq!(age("39w4d", ""), serde_json::json!({"value": "277", "unit": "d"}));
    assert_eq!(age("39週4日", ""), serde_json::json!({"value": "277", "unit": "d"}));
    assert_eq!(age("39", "wk"), serde_json::json!({"value": "39", "unit": "wk"}));
    assert_eq!(age("4", "d"), serde_json::json!({"value": "4", "unit": "d"}), "days beside weeks");
}

#[test]
fn what_a_message_restricts_labels_all_that_it_tells() {
    let labels = |from: &str, to: &str| {
        let read = read(&changed(MOTHER, from, to), &shione());
        let of = |entry: &serde_json::Value| entry["label"].as_str().unwrap_or_default().to_owned();
        read.entries().iter().map(of).collect::<std::collections::BTreeSet<String>>()
    };
    let all = |label: &str| [label.to_owned()].into();
    assert_eq!(labels("|31|||||||||I26", "|31||||||VIP|||I26"), all("R"));
    assert_eq!(labels("|31|||||||||I26", "|31||||||N|||I26"), all(""));
    assert_eq!(labels("\rPV1", "\rARV|1|A|DEM\rPV1"), all("R"));
    assert_eq!(labels("\rPV1", "\rARV|1|A|PSY\rPV1"), all("V"));
    assert_eq!(labels("\rPV1", "\rARV|1|D|PSY\rARV|2|A|NO\rPV1"), all(""));
}

#[test]
fn an_insurance_is_one_series_wherever_it_stands() {
    let keys = |segments: &str| {
        let text = String::from_utf8(sample(MOTHER)).unwrap();
        let head = text.split_once("IN1|").unwrap().0.to_owned();
        let read = read((head + segments).as_bytes(), &shione());
        let entries = read.entries().iter().filter(|entry| entry.get("coverage").is_some());
        entries.map(|entry| entry["sourceKey"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let (own, expense) = ("IN1|1|06|06480123|||||||５１２|３０４\r", "IN1|2|23|23480018|||||||1|2\r");
    let both = keys(&format!("{own}{expense}"));
    assert_eq!(both, ["00012345/coverage/06480123/512/304", "00012345/coverage/23/1/2"]);
    assert_eq!(keys(&format!("{expense}{own}")), [both[1].clone(), both[0].clone()]);
    assert_eq!(keys(&format!("{own}{own}"))[1], "00012345/coverage/06480123/512/304#2");
}

#[test]
fn a_doctor_in_kanji_and_kana_is_one_and_several_are_named() {
    let attending = |pv1_7: &str, pv1_17: &str| {
        let text = String::from_utf8(changed(MOTHER, "D0207^相良^紘子^^^^^^^L^^^^^I", pv1_7)).unwrap();
        let text = text.replacen("|31|||||||||I26", &format!("|31|||||||{pv1_17}||I26"), 1);
        let read = read(text.as_bytes(), &shione());
        assert_eq!(read.body("encounter")["attending"], read.body("dischargeNotice")["attending"]);
        read.body("encounter")["attending"].as_str().unwrap().to_owned()
    };
    let kana = "D0207^相良^紘子^^^^^^^L^^^^^I~^サガラ^ヒロコ^^^^^^^L^^^^^P";
    assert_eq!(attending(kana, ""), "相良 紘子");
    assert_eq!(attending("D0207^相良^紘子~D0208^医師^一郎", "D9^他^人"), "相良 紘子、医師 一郎");
    assert_eq!(attending("", "D9^入院^担当"), "入院 担当");
}

#[test]
fn a_fault_of_an_entry_names_its_segment() {
    let long = "9".repeat(201);
    let codes = refused(MOTHER, "00012345^^^^PI", &long);
    assert!(codes.iter().any(|code| code == "M105 PID, subjects[0]"), "{codes:?}");
    assert!(codes.iter().all(|code| !code.contains("entries")), "{codes:?}");
}

#[test]
fn an_identifier_or_a_relatives_name_with_unreadable_bytes_is_refused() {
    for (name, from, to, place) in [
        (MOTHER, "I26-003871", "I26-\u{FFFD}", "H005 PV1-19"),
        (MOTHER, "榎本^航平", "榎\u{FFFD}^航平", "H005 NK1[1]-2"),
        ("shione_a40_merge", "MRG|", "MRG|\u{FFFD}7~", "H005 MRG[1]-1"),
        (NEWBORN, "00012345^^^^PI", "0001\u{FFFD}^^^^PI", "H005 PID-21"),
    ] {
        let codes = refused(name, from, to);
        assert!(codes.iter().any(|code| code == place), "{place} is not in {codes:?}");
    }
}

#[test]
fn a_name_with_unreadable_bytes_is_refused() {
    let mut bytes = sample(MOTHER);
    let at = bytes.windows(3).position(|window| window == "榎".as_bytes()).unwrap();
    bytes[at] = 0xFF;
    assert!(read(&bytes, &shione()).has("H005 PID-5"));
}

#[test]
fn a_local_item_is_known_by_its_text_when_no_table_names_it() {
    let mut profile = shione();
    profile.observation_codes.clear();
    let read = read(&sample(EPDS), &profile);
    assert_eq!(read.body("screening")["items"][2], 2);
    assert!(read.has("H104 OBX[1]-3"));
}

#[test]
fn a_batch_with_a_wrong_count_is_refused_whole() {
    let message = String::from_utf8(sample(MOTHER)).unwrap();
    let batch = |count: u32| format!("BHS|^~\\&\r{message}{message}BTS|{count}\r");
    assert_eq!(Hl7v2.decode(batch(2).as_bytes(), &shione()).taken(), 2);
    let wrong = Hl7v2.decode(batch(3).as_bytes(), &shione());
    assert_eq!((wrong.taken(), wrong.refused_count()), (0, 1));
}

#[test]
fn other_delimiters_and_line_ends_give_the_same_record() {
    let text = String::from_utf8(sample(MOTHER)).unwrap();
    let expected = read(text.as_bytes(), &shione()).record;
    for ends in ["\n", "\r\n"] {
        assert_eq!(read(text.replace('\r', ends).as_bytes(), &shione()).record, expected);
    }
    let other: String = text
        .chars()
        .map(|c| match c {
            '|' => '^',
            '^' => '~',
            '~' => '|',
            c => c,
        })
        .collect();
    assert_eq!(read(other.as_bytes(), &shione()).record, expected);
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = (Hl7v2.decode(&bytes, &shione()), header(&bytes), Hl7v2.recognises(&bytes));
    }

    #[test]
    fn any_message_is_read_without_a_panic(
        kind in prop_oneof![Just("ADT^A01"), Just("ADT^A03"), Just("ADT^A08"), Just("ORU^R01")],
        segments in prop::collection::vec((
            prop_oneof![Just("PID"), Just("PV1"), Just("PV2"), Just("OBX"), Just("OBR"), Just("DG1"), Just("IN1"), Just("NK1"), Just("EVN")],
            prop::collection::vec("[0-9A-Z^~&\\\\山ベビー.+-]{0,12}", 0..45),
        ), 0..8),
    ) {
        let mut text = format!("MSH|^~\\&|A|SHIONE-HOSP|||20261030||{kind}|1|P|2.5\r");
        for (name, fields) in segments {
            text.push_str(&format!("{name}|{}\r", fields.join("|")));
        }
        let decoded = Hl7v2.decode(text.as_bytes(), &shione());
        prop_assert_eq!(decoded.items.len(), 1);
    }
}
