//! Documents of others and of our own, read.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod asked;
mod diagnosis;
mod envelope;
mod guide;
mod history;
mod insurance;
mod maternity;
mod narrative;
mod report;
mod schema;
mod sections;
mod state;
mod statements;

use super::Cda;
use crate::testing::{
    HOSTILE, corpus, family_a, hostile_family, link, matches_snapshot, mother_alone, newborn, of_child, of_mother,
    profile, reads_corpus, released, text,
};
use musubi_core::adapter::{Adapter, Decoded, EncodeError, Fate, Severity};
use musubi_proto::v1 as proto;
use proto::entry::Body;
use serde_json::Value;

#[test]
fn no_name_of_the_sender_stands_in_a_place() {
    let names = "<observation 湊=\"1\" xsi:葵=\"2\" xmlns:x=\"urn:x\" x:灯=\"3\" classCode=\"OBS\"";
    let decoded = decode(&changed("<observation classCode=\"OBS\"", names));
    let places: Vec<String> = decoded.ledger.lines().map(|line| line.place).collect();
    assert_eq!(places.iter().filter(|place| place.ends_with("/*")).count(), 3);
    assert!(places.iter().all(|place| place.is_ascii()));
}

#[test]
fn every_corpus_file_is_read_or_refused_with_a_named_code() {
    let Some(files) = corpus("hospital/cda") else { return };
    let taken = reads_corpus(&Cda, &files);
    assert!(taken > 50, "few documents of the corpus were taken");
}

fn sample(name: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/hospital/cda/samples");
    std::fs::read_to_string(format!("{folder}/{name}.xml")).unwrap()
}

fn decode(text: &str) -> Decoded {
    Cda.decode(text.as_bytes(), &profile())
}

fn entries(decoded: &Decoded) -> Vec<Value> {
    let submission = decoded.items[0].submission.as_ref();
    let submission = submission.unwrap_or_else(|| panic!("{:?}", decoded.items[0].diagnostics));
    let record: Value = serde_json::from_str(&submission.to_author_json()).unwrap();
    record["entries"].as_array().unwrap().clone()
}

fn entry(entries: &[Value], kind: &str) -> Value {
    entries.iter().find(|entry| entry.get(kind).is_some()).unwrap_or_else(|| panic!("no {kind}")).clone()
}

fn codes(decoded: &Decoded) -> Vec<String> {
    decoded.all_diagnostics().map(|told| format!("{} {}", told.code, told.place)).collect()
}

fn errors(text: &str) -> Vec<String> {
    let decoded = decode(text);
    assert_eq!(decoded.taken(), 0, "{text}");
    let all = decoded.all_diagnostics().filter(|told| told.severity == Severity::Error);
    all.map(|told| format!("{} {}", told.code, told.place)).collect()
}

/// The discharge summary with one change.
fn changed(from: &str, to: &str) -> String {
    let text = sample("shione_discharge");
    assert!(text.contains(from), "the sample does not hold {from}");
    text.replacen(from, to, 1)
}

#[test]
fn each_sample_gives_the_record_that_was_looked_at() {
    for name in ["shione_discharge", "shione_referral", "shione_referral_pdf"] {
        let decoded = decode(&sample(name));
        let submission = decoded.items[0].submission.as_ref().unwrap_or_else(|| panic!("{:?}", codes(&decoded)));
        let told: Vec<String> = decoded.all_diagnostics().map(ToString::to_string).collect();
        let seen = format!("{}\n{}\n", submission.to_author_json(), told.join("\n"));
        matches_snapshot(&format!("hospital/cda/samples/{name}.json"), seen.as_bytes());
    }
}

#[test]
fn the_newborn_of_a_section_is_a_child_of_its_own_and_linked() {
    let entries = entries(&decode(&sample("shione_discharge")));
    let newborn = entry(&entries, "newborn");
    assert_eq!(newborn["subjects"][0]["role"], "CHILD");
    assert_eq!(newborn["newborn"]["birthWeight"]["value"], "2486");
    assert_eq!(newborn["newborn"]["apgar5"], 9);
    let told = |subject: &Value| {
        entries.iter().any(|entry| entry.get("parentChild").is_some() && entry["subjects"][1] == *subject)
    };
    assert!(told(&newborn["subjects"][0]), "linked to its mother");
    let of_mother = entries.iter().filter(|entry| entry["subjects"][0]["role"] == "MOTHER");
    assert!(of_mother.into_iter().all(|entry| entry.get("newborn").is_none()));
}

#[test]
fn a_newborns_value_outside_its_section_is_nobodys() {
    let text = changed("<code code=\"57075-4\" codeSystem=\"2.16.840.1.113883.6.1\"/>", "<code code=\"8716-3\"/>");
    let start = text.find("<subject>").unwrap();
    let end = text.find("</subject>\n          <entry>").unwrap() + "</subject>".len();
    let text = [&text[..start], &text[end..]].concat();
    let decoded = decode(&text);
    assert!(entries(&decoded).iter().all(|entry| entry.get("newborn").is_none()));
    assert!(codes(&decoded).iter().any(|told| told.starts_with("H106 /ClinicalDocument/component/structuredBody")));
}

#[test]
fn the_same_document_is_read_in_the_encodings_of_japanese_senders() {
    let text = sample("shione_discharge");
    let expected = entries(&decode(&text));
    for (name, encoding) in [
        ("Shift_JIS", encoding_rs::SHIFT_JIS),
        ("EUC-JP", encoding_rs::EUC_JP),
        ("ISO-2022-JP", encoding_rs::ISO_2022_JP),
    ] {
        let declared = text.replacen("encoding=\"UTF-8\"", &format!("encoding=\"{name}\""), 1);
        let (bytes, _, lossy) = encoding.encode(&declared);
        assert!(!lossy);
        assert_eq!(entries(&Cda.decode(&bytes, &profile())), expected, "{name}");
    }
}

#[test]
fn the_stay_has_the_key_that_it_has_in_hl7_v2() {
    let entries = entries(&decode(&sample("shione_discharge")));
    assert_eq!(entry(&entries, "dischargeNotice")["sourceKey"], "0012345/visit/V20261025-07");
    let without = changed("<id root=\"1.2.392.100495.20.3.51.14810700122.8\" extension=\"V20261025-07\"/>", "");
    let entries = self::entries(&decode(&without));
    assert_eq!(entry(&entries, "dischargeNotice")["sourceKey"], "0012345/admitted/20261025");
}

#[test]
fn a_replacement_is_of_the_series_of_what_it_replaces() {
    let paper = |text: &str| entry(&entries(&decode(text)), "document")["sourceKey"].clone();
    let first = paper(&sample("shione_discharge"));
    assert_eq!(paper(&changed("extension=\"DS-2026-0071\"", "extension=\"DS-2026-0072\"")), first);
    let replaced = entry(&entries(&decode(&sample("shione_referral_pdf"))), "document")["sourceKey"].clone();
    assert!(replaced.as_str().unwrap().ends_with("RF-2026-0079"), "{replaced}");
}

#[test]
fn confidentiality_only_raises_and_its_absence_restricts() {
    let label = |text: &str| entry(&entries(&decode(text)), "personDetails")["label"].clone();
    assert_eq!(label(&sample("shione_discharge")), Value::Null);
    assert_eq!(label(&changed("<confidentialityCode code=\"N\"", "<confidentialityCode code=\"V\"")), "V");
    assert_eq!(label(&changed("<confidentialityCode code=\"N\" codeSystem=\"2.16.840.1.113883.5.25\"/>", "")), "R");
}

#[test]
fn what_is_denied_or_planned_is_no_event() {
    let denied = changed(
        "<observation classCode=\"OBS\" moodCode=\"EVN\">",
        "<observation classCode=\"OBS\" moodCode=\"EVN\" negationInd=\"true\">",
    );
    assert_eq!(entry(&entries(&decode(&denied)), "condition")["condition"]["negated"], true);
    let planned = sample("shione_discharge").replace("moodCode=\"EVN\"", "moodCode=\"INT\"");
    assert!(entries(&decode(&planned)).iter().all(|entry| entry.get("condition").is_none()));
}

#[test]
fn what_is_refused_names_place_and_reason() {
    assert_eq!(errors("<section xmlns=\"urn:hl7-org:v3\"/>"), ["H001 /section"]);
    assert_eq!(errors("<ClinicalDocument/>"), ["H001 /ClinicalDocument"]);
    assert_eq!(
        errors("<ClinicalDocument xmlns=\"urn:hl7-org:v3\"><x:y/></ClinicalDocument>"),
        ["H001 /ClinicalDocument"]
    );
    assert_eq!(errors(&changed("<ClinicalDocument ", "<!DOCTYPE x><ClinicalDocument ")), ["H007 /"]);
    assert_eq!(
        errors(&changed("千夏", "&chinatsu;")),
        ["H007 /ClinicalDocument/recordTarget/patientRole/patient/name/given"]
    );
    assert_eq!(
        errors(&changed("extension=\"0012345\"", "nullFlavor=\"NI\"")),
        ["H005 /ClinicalDocument/recordTarget/patientRole/id"]
    );
    assert_eq!(
        errors(&changed("19960514", "19960231")),
        ["H006 /ClinicalDocument/recordTarget/patientRole/patient/birthTime/@value"]
    );
    let stranger = changed("extension=\"4810700122\"", "extension=\"4810700452\"")
        .replace("朝凪県立汐音総合病院", "汐音みなみ産院");
    assert_eq!(
        errors(&stranger),
        ["H002 /ClinicalDocument/custodian/assignedCustodian/representedCustodianOrganization"]
    );
    let bad = sample("shione_referral_pdf").replace("application/pdf", "image/png");
    assert_eq!(errors(&bad), ["H007 /ClinicalDocument/component/nonXMLBody/text"]);
}

#[test]
fn an_individual_number_is_looked_for_where_persons_are_numbered_and_in_words() {
    let number = "123456789018";
    assert_eq!(errors(&changed("extension=\"0012345\"", &format!("extension=\"{number}\""))).len(), 1);
    let said = errors(&changed("2週間後に健診。", &format!("番号{number}")));
    assert!(said.iter().all(|told| told.starts_with("H009 ")), "{said:?}");
    let linked = changed("2週間後に健診。", &format!("<linkHtml href=\"tel:{number}\">電話</linkHtml>"));
    assert_eq!(errors(&linked).len(), 1, "a link within words is looked at");
    let remarked = errors(&changed("</ClinicalDocument>", &format!("<!-- {number} --></ClinicalDocument>")));
    assert!(
        matches!(remarked.as_slice(), [told] if told.starts_with("H009 ") && !told.contains(number)),
        "{remarked:?}"
    );
    let statement = changed("extension=\"D-1\"", &format!("extension=\"{number}\""));
    assert_eq!(decode(&statement).taken(), 1, "the number of a statement is nobody's");
}

#[test]
fn every_attribute_and_text_is_accounted_for() {
    let decoded = decode(&sample("shione_discharge"));
    let place = |wanted: &str| decoded.ledger.lines().find(|line| line.place == wanted).map(|line| line.fate);
    let birth = place("/ClinicalDocument/recordTarget/patientRole/patient/birthTime/@value");
    assert_eq!(birth, Some(Fate::Mapped("person_details.birth_date".into())));
    let author = place("/ClinicalDocument/author/assignedAuthor/assignedPerson/name/#text");
    assert_eq!(author, Some(Fate::KeptRaw));
    assert!(decoded.ledger.lines().all(|line| !line.place.contains('*')), "every name is known");
}

#[test]
fn a_place_never_repeats_a_name_of_the_sender() {
    let decoded = decode(&changed("<realmCode code=\"JP\"/>", "<榎本/><realmCode 千夏=\"x\"/>"));
    assert!(decoded.ledger.lines().all(|line| !line.place.contains("千夏") && !line.place.contains("榎本")));
}

fn written(entries: Vec<proto::Entry>) -> String {
    String::from_utf8(Cda.encode(&released(entries), &profile()).unwrap()).unwrap()
}

/// Entries without what belongs to one sending, and without documents: a document is not written into a document.
fn facts(decoded: &Decoded) -> Vec<Value> {
    let mut entries = entries(decoded);
    entries.retain(|entry| entry.get("document").is_none());
    for entry in &mut entries {
        for sending in ["sourcePath", "occurredAt", "label", "sourceKey"] {
            entry.as_object_mut().unwrap().remove(sending);
        }
    }
    entries
}

fn again(decoded: &Decoded) -> String {
    let submission = decoded.items[0].submission.as_ref().unwrap();
    let record: proto::Submission = serde_json::from_str(&submission.to_author_json()).unwrap();
    written(record.entries)
}

#[test]
fn what_was_read_is_the_same_after_it_was_written_and_read_again() {
    for first in [
        decode(&sample("shione_discharge")),
        decode(&sample("shione_referral")),
        decode(&written(family_a())),
        decode(&referral()),
    ] {
        let second = decode(&again(&first));
        let (before, after) = (facts(&first), facts(&second));
        for entry in &before {
            assert!(after.contains(entry), "lost or changed {entry:#}\nof {after:#?}");
        }
        assert_eq!(before.len(), after.len(), "{after:#?}");
    }
}

fn referral() -> String {
    let referral = proto::Referral {
        referral_id: text("R-7"),
        from: text("MED-4810700122"),
        to: text("OSC-482072"),
        reason: text("夜間の育児に不安がある"),
        ..Default::default()
    };
    let details = mother_alone().remove(0);
    written(vec![details, of_mother("referral:R-7", Body::Referral(referral))])
}

#[test]
fn a_referral_is_written_with_its_id_and_its_receiver() {
    let read = entries(&decode(&referral()));
    let referral = entry(&read, "referral");
    assert_eq!(referral["referral"]["referralId"], "R-7");
    assert_eq!(referral["referral"]["to"], "OSC-482072");
    assert_eq!(referral["referral"]["reason"], "夜間の育児に不安がある");
}

#[test]
fn the_document_of_family_a_is_the_one_that_was_looked_at() {
    let document = written(family_a());
    matches_snapshot("hospital/cda/snapshots/family_a.xml", document.as_bytes());
    let read = facts(&decode(&document));
    let newborn = entry(&read, "newborn");
    assert_eq!(newborn["newborn"]["gestationDays"], 270);
    assert_eq!(newborn["subjects"][0]["identifier"], "0067890");
    let notice = entry(&read, "dischargeNotice");
    assert_eq!(notice["dischargeNotice"]["request"], "夜間の育児に不安があります。早めの訪問をお願いします。");
    assert_eq!(entry(&read, "screening")["screening"]["total"], 7);
}

#[test]
fn without_newborn_facts_no_word_tells_of_a_newborn() {
    let document = written(mother_alone());
    for word in crate::testing::NEWBORN_WORDS {
        assert!(!document.contains(word), "{word}");
    }
}

#[test]
fn the_same_view_has_the_same_id() {
    let id = |document: &str| document.split("<cda:id root=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    assert_eq!(id(&written(family_a())), id(&written(family_a())));
    assert_ne!(id(&written(family_a())), id(&written(mother_alone())));
}

#[test]
fn a_hostile_text_stays_text() {
    for hostile in HOSTILE {
        let document = written(hostile_family(hostile));
        let decoded = decode(&document);
        let well_formed = decoded.all_diagnostics().all(|told| !matches!(&*told.code, "H001" | "H007"));
        assert!(well_formed, "{hostile:?}: {:?}", codes(&decoded));
    }
}

#[test]
fn a_release_without_discharge_and_referral_has_nothing_to_say() {
    let alone = released(vec![of_child("birth", Body::Newborn(newborn())), link()]);
    assert_eq!(Cda.encode(&alone, &profile()), Err(EncodeError::NothingToSay));
}

#[test]
fn a_document_of_nothing_but_odd_names_and_nested_ids_is_answered_soon() {
    use std::fmt::Write as _;
    let mut odd = String::new();
    for n in 0..60_000 {
        write!(odd, "<x{n}/>").unwrap();
    }
    let nested = format!("{}{}{}", "<content ID='a'>".repeat(100), "文".repeat(200_000), "</content>".repeat(100));
    let started = changed("<realmCode code=\"JP\"/>", &format!("<realmCode code=\"JP\"/>{odd}"));
    let decoded = decode(&started);
    assert_eq!(decoded.taken(), 1);
    let text = changed("<text>経腟分娩。産後の経過は良好。</text>", &format!("<text>{nested}</text>"));
    assert_eq!(decode(&text).taken(), 1);
}

/// The discharge summary with these scores of the EPDS beside the blood pressure.
fn with_scores(scores: &[(&str, &str)]) -> String {
    let one = |(code, score): &(&str, &str)| {
        let code = if code.contains('-') {
            format!("<code code=\"{code}\" codeSystem=\"2.16.840.1.113883.6.1\"/>")
        } else {
            format!("<code code=\"E\" codeSystem=\"1.2.3\" displayName=\"EPDS項目{code}\"/>")
        };
        format!(
            "<component><observation classCode=\"OBS\" moodCode=\"EVN\">{code}<effectiveTime value=\"20261029\"/>\
             <value xsi:type=\"INT\" value=\"{score}\"/></observation></component>"
        )
    };
    let scores: String = scores.iter().map(one).collect();
    changed("<effectiveTime value=\"20261030\"/>\n", &format!("<effectiveTime value=\"20261030\"/>{scores}\n"))
}

#[test]
fn the_items_of_the_epds_are_one_screening_with_its_total() {
    let scores = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10"].map(|item| (item, "1"));
    let entries = entries(&decode(&with_scores(&[&scores[..], &[("99046-5", "10")]].concat())));
    let screening = entry(&entries, "screening");
    assert_eq!(screening["screening"]["total"], 10);
    assert_eq!(screening["screening"]["items"], serde_json::json!([1, 1, 1, 1, 1, 1, 1, 1, 1, 1]));
    assert_eq!(screening["subjects"][0]["identifier"], "0012345");
    let others = entries.iter().filter(|entry| entry.get("observation").is_some());
    assert!(
        others.into_iter().all(|entry| !entry.to_string().contains("EPDS")),
        "no item is an observation of its own"
    );
}

#[test]
fn the_tenth_item_of_the_epds_counts_by_itself_and_an_impossible_score_refuses() {
    let decoded = decode(&with_scores(&[("10", "2"), ("3", "1"), ("99046-5", "12")]));
    let screening = entry(&entries(&decoded), "screening")["screening"].clone();
    assert_eq!((&screening["selfHarmItem"], &screening["total"]), (&2.into(), &12.into()));
    assert!(screening.get("items").is_none());
    assert!(codes(&decoded).iter().any(|told| told.starts_with("H104 /ClinicalDocument")));
    assert!(errors(&with_scores(&[("10", "4")]))[0].starts_with("H006 "));
    assert!(errors(&with_scores(&[("99046-5", "31")]))[0].starts_with("H006 "));
}

/// The discharge summary with one section more.
fn with_section(section: &str) -> String {
    changed("</structuredBody>", &format!("<component><section>{section}</section></component></structuredBody>"))
}

#[test]
fn an_illness_of_a_relative_is_none_of_the_patients() {
    let history = with_section(
        "<code code=\"10157-6\" codeSystem=\"2.16.840.1.113883.6.1\"/><title>家族歴</title><text>父: 糖尿病</text><entry>\
         <organizer classCode=\"CLUSTER\" moodCode=\"EVN\"><statusCode code=\"completed\"/><subject><relatedSubject classCode=\"PRS\">\
         <code code=\"FTH\" displayName=\"父\" codeSystem=\"2.16.840.1.113883.5.111\"/></relatedSubject></subject><component>\
         <observation classCode=\"OBS\" moodCode=\"EVN\"><code code=\"64572001\" codeSystem=\"2.16.840.1.113883.6.96\"/>\
         <value xsi:type=\"CD\" code=\"E14\" codeSystem=\"2.16.840.1.113883.6.3.1\" displayName=\"糖尿病\"/>\
         <entryRelationship typeCode=\"SUBJ\" inversionInd=\"true\"><observation classCode=\"OBS\" moodCode=\"EVN\">\
         <code code=\"445518008\" codeSystem=\"2.16.840.1.113883.6.96\"/><value xsi:type=\"PQ\" value=\"57\" unit=\"a\"/></observation>\
         </entryRelationship></observation></component></organizer></entry>",
    );
    let before = entries(&decode(&sample("shione_discharge")));
    let read = entries(&decode(&history));
    let told: Vec<&Value> = read.iter().filter(|entry| entry["observation"]["kind"] == "family_history").collect();
    let [illness] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!(illness["observation"]["code"]["text"], "父");
    assert_eq!(illness["observation"]["coded"]["text"], "糖尿病");
    assert!(illness["raised"].to_string().contains("C11"), "{illness}");
    assert_eq!(read.len(), before.len() + 1, "nothing else of the father is the patient's");
}

#[test]
fn a_judgement_and_the_lines_of_a_text_come_back() {
    let mut entries = mother_alone();
    for entry in &mut entries {
        if let Some(Body::DischargeNotice(notice)) = &mut entry.body {
            notice.instructions = text("1日3回、授乳の前に測る\n発熱したら電話する");
        }
    }
    let judged = proto::Observation {
        code: Some(crate::testing::coded("LN", "8480-6", "収縮期血圧")),
        quantity: crate::testing::quantity("160", "mm[Hg]"),
        status: text("final"),
        interpretation: text("H"),
        ..proto::Observation::default()
    };
    entries.push(of_mother("blood pressure", Body::Observation(judged)));
    let read = self::entries(&decode(&written(entries)));
    let notice = entry(&read, "dischargeNotice");
    assert_eq!(notice["dischargeNotice"]["instructions"], "1日3回、授乳の前に測る\n発熱したら電話する");
    assert_eq!(entry(&read, "observation")["observation"]["interpretation"], "H");
}

#[test]
fn what_contradicts_itself_or_leads_nowhere_is_said() {
    let both = changed("<birthTime value=\"19960514\"/>", "<birthTime value=\"19960514\" nullFlavor=\"UNK\"/>");
    let decoded = decode(&both);
    assert!(codes(&decoded).contains(&"H008 /ClinicalDocument/recordTarget/patientRole/patient/birthTime".to_owned()));
    assert_eq!(entry(&entries(&decoded), "personDetails")["personDetails"]["birthDate"]["year"], 1996);
    let nowhere = with_section(
        "<code code=\"11450-4\"/><entry><observation classCode=\"OBS\" moodCode=\"EVN\"><code code=\"29308-4\"/>\
         <value xsi:type=\"CD\" code=\"O44\"><originalText><reference value=\"#none\"/></originalText></value></observation></entry>",
    );
    assert!(codes(&decode(&nowhere)).iter().any(|told| told.starts_with("H104 ") && told.ends_with("/reference")));
    let known = codes(&decode(&sample("shione_discharge")));
    assert!(!known.iter().any(|told| told.ends_with("/reference")), "{known:?}");
}

#[test]
fn twins_without_ids_are_told_apart_by_their_order_and_that_is_said() {
    let twin = |name: &str, grams: u32| {
        format!(
            "<entry><observation classCode=\"OBS\" moodCode=\"EVN\"><code code=\"8339-4\" codeSystem=\"2.16.840.1.113883.6.1\"/>\
             <value xsi:type=\"PQ\" value=\"{grams}\" unit=\"g\"/><subject><relatedSubject classCode=\"PRS\"><code code=\"NCHILD\"/>\
             <subject><name>{name}</name></subject></relatedSubject></subject></observation></entry>"
        )
    };
    let section = format!("<code code=\"57075-4\"/>{}{}", twin("第1子", 2400), twin("第2子", 2100));
    let decoded = decode(&with_section(&section));
    assert!(codes(&decoded).iter().any(|told| told.starts_with("H106 ") && told.ends_with("/relatedSubject")));
    let told = entries(&decoded);
    let weights = told.iter().filter_map(|entry| entry["newborn"]["birthWeight"]["value"].as_str());
    assert!(["2400", "2100"].iter().all(|one| weights.clone().any(|weight| weight == *one)));
}
