//! What a document is where its codes do not say it: by the guide that it follows.

use super::*;

/// The discharge summary under another code, with these elements before its id.
fn as_kind(code: &str, before: &str) -> String {
    let changed =
        changed("<code code=\"18842-5\" codeSystem=\"2.16.840.1.113883.6.1\" displayName=\"退院時サマリー\"/>", code);
    changed.replacen("<id root", &format!("{before}<id root"), 1)
}

const UNKNOWN: &str = "<code code=\"DOC-7\" codeSystem=\"1.2.392.100495.99.1\"/>";

fn template(root: &str) -> String {
    format!("<templateId root=\"{root}\"/>")
}

fn kinds(entries: &[Value]) -> Vec<&'static str> {
    const KINDS: [&str; 5] = ["dischargeNotice", "referral", "referralStep", "condition", "newborn"];
    KINDS.into_iter().filter(|kind| entries.iter().any(|entry| entry.get(*kind).is_some())).collect()
}

#[test]
fn a_document_with_a_code_of_the_senders_own_is_known_by_its_template() {
    let order = "<inFulfillmentOf><order><id extension=\"R-7\"/></order></inFulfillmentOf><componentOf>";
    for (root, expected) in [
        ("2.16.840.1.113883.10.20.22.1.8", &["dischargeNotice", "condition", "newborn"][..]),
        ("2.16.840.1.113883.10.20.22.1.14", &["dischargeNotice", "referral", "condition", "newborn"]),
        ("2.16.840.1.113883.2.2.3.6.100", &["dischargeNotice", "referral", "condition", "newborn"]),
        ("2.16.840.1.113883.10.20.22.1.4", &["dischargeNotice", "referralStep", "condition", "newborn"]),
    ] {
        let document = as_kind(UNKNOWN, &template(root)).replacen("<componentOf>", order, 1);
        let decoded = decode(&document);
        let read = entries(&decoded);
        assert_eq!(kinds(&read), expected, "{root}");
        assert!(codes(&decoded).contains(&"H104 /ClinicalDocument/code".to_owned()), "{root}: and that is said");
        let paper = entry(&read, "document");
        assert_eq!(paper["document"]["type"]["code"], "DOC-7", "{root}: what was written stands");
    }
}

#[test]
fn a_known_code_goes_before_a_template() {
    let decoded = decode(&as_kind(
        "<code code=\"57055-6\" codeSystem=\"2.16.840.1.113883.6.1\"/>",
        &template("2.16.840.1.113883.10.20.22.1.14"),
    ));
    assert!(!kinds(&entries(&decoded)).contains(&"referral"));
    assert!(!codes(&decoded).contains(&"H104 /ClinicalDocument/code".to_owned()));
}

#[test]
fn the_type_of_the_japanese_referral_makes_a_document_one() {
    let standard = "<typeId root=\"2.16.840.1.113883.1.3\" extension=\"POCD_HD000040\"/>";
    let japanese = "<typeId root=\"2.16.840.1.113883.2.2.3.2\" extension=\"POCD_HD000040JP00\"/>";
    let document = as_kind(UNKNOWN, "").replacen(standard, japanese, 1);
    let decoded = decode(&document);
    assert!(kinds(&entries(&decoded)).contains(&"referral"));
    assert!(!codes(&decoded).iter().any(|said| said.contains("typeId")), "{:?}", codes(&decoded));
}

#[test]
fn a_document_of_a_kind_that_nobody_knows_is_kept_as_a_document_alone() {
    let with_scores = as_kind(UNKNOWN, "").replacen(
        "</structuredBody>",
        "<component><section><code code=\"30954-2\"/><text>EPDS 12点</text><entry><observation classCode=\"OBS\" moodCode=\"EVN\">\
         <code code=\"99046-5\" codeSystem=\"2.16.840.1.113883.6.1\"/><value xsi:type=\"INT\" value=\"12\"/></observation></entry>\
         </section></component></structuredBody>",
        1,
    );
    let decoded = decode(&with_scores);
    let read = entries(&decoded);
    let bodies: Vec<bool> = read.iter().map(|entry| entry.get("document").is_some()).collect();
    assert_eq!(bodies, [false, true], "{read:?}");
    assert_eq!(read[0]["subjects"][0]["identifier"], "0012345");
    assert!(read[0].get("personDetails").is_some());
    let categories = read[1]["document"]["categories"].to_string();
    assert!(categories.contains("C08_MENTAL") && categories.contains("C06_NEWBORN"), "{categories}");
    assert_eq!(read[1]["label"], "V");
    let kept = |place: &str| decoded.ledger.lines().find(|line| line.place.ends_with(place)).map(|line| line.fate);
    let code = "/component[1]/section/entry/act/entryRelationship/observation/value/@code";
    assert_eq!(kept(code), Some(Fate::KeptRaw), "what is not in the record is not said to be");
    let words = kept("/component[3]/section/text/#text");
    assert_eq!(words, Some(Fate::Mapped("document.content".into())));
}

#[test]
fn an_impossible_value_refuses_no_document_that_is_only_kept() {
    let impossible = |code: &str| {
        as_kind(code, "").replace("<value xsi:type=\"INT\" value=\"9\"/>", "<value xsi:type=\"INT\" value=\"99\"/>")
    };
    assert_eq!(decode(&impossible(UNKNOWN)).taken(), 1);
    assert_eq!(decode(&impossible("<code code=\"18842-5\"/>")).taken(), 0);
}

#[test]
fn a_section_of_c_cda_without_a_known_code_is_known_by_its_template() {
    let section = format!(
        "{}<code code=\"41\" codeSystem=\"1.2.3\"/><text>語</text><entry><observation classCode=\"OBS\" moodCode=\"EVN\">\
         <code code=\"29308-4\"/><value xsi:type=\"CD\" code=\"O14.1\" codeSystem=\"2.16.840.1.113883.6.3\"/></observation></entry>",
        template("2.16.840.1.113883.10.20.22.2.24")
    );
    let with = |realm: &str| with_section(&section).replacen("<realmCode code=\"JP\"/>", realm, 1);
    let diagnosed =
        |text: &str| entries(&decode(text)).iter().any(|entry| entry["condition"]["code"]["code"] == "O14.1");
    assert!(diagnosed(&with("<realmCode code=\"US\"/>")));
    assert!(diagnosed(&with("<realmCode code=\"JP\"/><templateId root=\"2.16.840.1.113883.10.20.22.1.1\"/>")));
    assert!(!diagnosed(&with("<realmCode code=\"JP\"/>")), "of another guide the number means nothing");
    assert!(!diagnosed(&with("<realmCode code=\"US\"/><templateId root=\"2.16.840.1.113883.2.2.3.6.100\"/>")));
    let coded = with("<realmCode code=\"US\"/>").replace("22.2.24\"", "22.2.5.1\"");
    let read = entries(&decode(&coded));
    let found = read.iter().find(|entry| entry["condition"]["code"]["code"] == "O14.1").unwrap();
    assert_eq!(found["condition"]["state"], "active", "the list of problems, with coded entries");
}

#[test]
fn a_discharge_summary_of_c_cda_without_its_encounter_is_read_and_its_sender_is_told() {
    let whole = sample("shione_discharge");
    let (start, end) =
        (whole.find("<componentOf>").unwrap(), whole.find("</componentOf>").unwrap() + "</componentOf>".len());
    let without = [&whole[..start], &whole[end..]].concat();
    let told = |text: &str| codes(&decode(text)).contains(&"H008 /ClinicalDocument.componentOf".to_owned());
    assert!(!told(&without), "a Japanese one has its serviceEvent");
    let ccda = without.replacen("<realmCode code=\"JP\"/>", "<realmCode code=\"US\"/>", 1);
    assert!(told(&ccda));
    let notice = entry(&entries(&decode(&ccda)), "dischargeNotice");
    assert_eq!(notice["dischargeNotice"]["dischargedAt"]["date"]["day"], 30);
}

#[test]
fn what_chooses_the_guide_is_accounted_for() {
    let decoded = decode(&as_kind(UNKNOWN, &template("2.16.840.1.113883.10.20.22.1.8")));
    for place in ["/realmCode/@code", "/typeId/@root", "/typeId/@extension", "/templateId/@root"] {
        let line =
            decoded.ledger.lines().find(|line| line.place == format!("/ClinicalDocument{place}")).map(|line| line.fate);
        assert_eq!(line, Some(Fate::Envelope), "{place}");
    }
}
