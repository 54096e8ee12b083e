//! Which section is which: by LOINC, by the codes of the sender's own, by its title.

use super::*;
use musubi_core::adapter::{LocalCode, Profile};

/// OID of the codes of a hospital.
const OWN: &str = "1.2.392.100495.99.1";

fn local(code: &str, loinc: &str) -> LocalCode {
    LocalCode { system: text(OWN), code: text(code), loinc: text(loinc) }
}

fn with_codes(section_codes: Vec<LocalCode>) -> Profile {
    Profile { section_codes, ..profile() }
}

fn read(text: &str, profile: &Profile) -> (Vec<Value>, Vec<String>) {
    let decoded = Cda.decode(text.as_bytes(), profile);
    (entries(&decoded), codes(&decoded))
}

/// How many sections were known by their titles, and how many of the sample are.
fn by_title(said: &[String]) -> usize {
    said.iter().filter(|said| said.starts_with("H104 ") && said.ends_with("/section/title")).count()
}
const BY_TITLE: usize = 1;

#[test]
fn a_section_code_of_the_senders_own_means_what_its_profile_says() {
    let text = changed(
        "<code code=\"8648-8\" codeSystem=\"2.16.840.1.113883.6.1\"/>\n          <title>入院中経過</title>",
        &format!("<code code=\"41\" codeSystem=\"{OWN}\"/><title>経過のまとめ</title>"),
    );
    let course = |entries: &[Value]| entry(entries, "dischargeNotice")["dischargeNotice"].get("course").cloned();
    assert_eq!(course(&read(&text, &profile()).0), None, "nobody knows it");
    let (told, said) = read(&text, &with_codes(vec![local("41", "8648-8")]));
    assert_eq!(course(&told), Some("経腟分娩。産後の経過は良好。".into()));
    assert_eq!(by_title(&said), BY_TITLE, "{said:?}");
    let other = LocalCode { system: text.clone(), ..local("41", "8648-8") };
    assert_eq!(course(&read(&text, &with_codes(vec![other])).0), None, "a code counts in its own system");
}

#[test]
fn a_section_code_of_the_profile_goes_before_the_same_code_of_loinc() {
    let text = changed(
        "codeSystem=\"2.16.840.1.113883.6.1\"/>\n          <title>退院時指導</title>",
        &format!("codeSystem=\"{OWN}\"/><title>指導</title>"),
    );
    let (told, _) = read(&text, &with_codes(vec![local("8653-8", "18776-5")]));
    let notice = &entry(&told, "dischargeNotice")["dischargeNotice"];
    assert_eq!((notice.get("instructions"), &notice["request"]), (None, &"2週間後に健診。".into()));
}

#[test]
fn a_translation_of_a_section_code_is_looked_at() {
    let code = format!(
        "<code code=\"41\" codeSystem=\"{OWN}\"><translation code=\"8648-8\" codeSystem=\"2.16.840.1.113883.6.1\"/></code>"
    );
    let text = changed(
        "<code code=\"8648-8\" codeSystem=\"2.16.840.1.113883.6.1\"/>\n          <title>入院中経過</title>",
        &code,
    );
    let (told, said) = read(&text, &profile());
    assert_eq!(entry(&told, "dischargeNotice")["dischargeNotice"]["course"], "経腟分娩。産後の経過は良好。");
    assert_eq!(by_title(&said), BY_TITLE, "{said:?}");
}

#[test]
fn a_section_without_a_known_code_is_known_by_its_title_and_that_is_said() {
    for (title, kind, field) in [
        ("退院時方針", "dischargeNotice", "instructions"),
        ("入院中 経過", "dischargeNotice", "course"),
        ("依頼事項", "dischargeNotice", "request"),
    ] {
        let bare = sample("shione_discharge")
            .replace("8648-8", "x1")
            .replace("8653-8", "x2")
            .replace("<title>入院中経過</title>", "")
            .replace("<title>退院時指導</title>", "");
        let section = format!(
            "<component><section><code code=\"41\" codeSystem=\"{OWN}\"/><title>{title}</title><text>語</text></section></component></structuredBody>"
        );
        let (told, said) = read(&bare.replacen("</structuredBody>", &section, 1), &profile());
        assert_eq!(entry(&told, kind)[kind][field], "語", "{title}");
        assert_eq!(by_title(&said), BY_TITLE + 1, "{title}: {said:?}");
    }
}

#[test]
fn a_diagnosis_in_a_section_that_is_known_by_its_title_is_that_of_the_discharge() {
    let entry_of = "<entry><observation classCode=\"OBS\" moodCode=\"EVN\"><code code=\"29308-4\"/>\
                    <value xsi:type=\"CD\" code=\"O14.1\" codeSystem=\"2.16.840.1.113883.6.3\"/></observation></entry>";
    let (told, _) = read(&with_section(&format!("<title>退院時診断</title><text>語</text>{entry_of}")), &profile());
    let found = told.iter().find(|entry| entry["condition"]["code"]["code"] == "O14.1").unwrap();
    assert_eq!(found["condition"]["kind"], "final");
}

#[test]
fn an_id_means_the_words_of_the_section_in_which_it_is_referred_to() {
    let section = |number: &str, words: &str| {
        format!(
            "<component><section><code code=\"30954-2\"/><text><content ID=\"r1\">{words}</content></text><entry>\
             <observation classCode=\"OBS\" moodCode=\"EVN\"><code code=\"{number}\" codeSystem=\"1.2.3\" displayName=\"検査\"/>\
             <value xsi:type=\"ED\"><reference value=\"#r1\"/></value></observation></entry></section></component>"
        )
    };
    let both = [section("A1", "陰性"), section("A2", "陽性")].concat();
    let decoded = decode(&changed("</structuredBody>", &format!("{both}</structuredBody>")));
    let read = entries(&decoded);
    let said = |code: &str| {
        let found = read.iter().find(|entry| entry["observation"]["code"]["code"] == code);
        found.unwrap()["observation"]["text"].clone()
    };
    assert_eq!((said("A1"), said("A2")), ("陰性".into(), "陽性".into()));
}

#[test]
fn an_observation_that_is_known_by_its_name_is_said_to_be() {
    let weight = |code: &str| {
        with_section(&format!(
            "<code code=\"8716-3\"/><entry><observation classCode=\"OBS\" moodCode=\"EVN\">{code}\
             <value xsi:type=\"PQ\" value=\"12\" unit=\"1\"/></observation></entry>"
        ))
    };
    let by_name = |text: &str| {
        codes(&decode(text)).iter().filter(|said| said.starts_with("H104 ") && said.ends_with("/observation")).count()
    };
    assert_eq!(by_name(&weight("<code code=\"X\" codeSystem=\"1.2.3\" displayName=\"EPDS\"/>")), 1);
    assert_eq!(by_name(&weight("<code code=\"EPDS\" codeSystemName=\"99MUSUBI\" displayName=\"EPDS\"/>")), 0);
    assert_eq!(
        by_name(&weight("<code code=\"99046-5\" codeSystem=\"2.16.840.1.113883.6.1\" displayName=\"EPDS\"/>")),
        0
    );
}

#[test]
fn a_picture_beside_the_words_of_a_section_is_a_document_of_its_own() {
    let picture = |kind: &str, inside: &str| {
        let section = with_section(&format!(
            "<code code=\"30954-2\"/><text>語</text><entry><observationMedia classCode=\"OBS\" moodCode=\"EVN\">\
             <value mediaType=\"{kind}\" {inside}</value></observationMedia></entry>"
        ));
        decode(&section)
    };
    let packed = "representation=\"B64\">JVBERi0xLjQKJWludmVudGVkCg==";
    let of_pdf = |decoded: &Decoded| {
        let all = entries(decoded);
        all.into_iter().filter(|entry| entry["document"]["mediaType"] == "application/pdf").collect::<Vec<_>>()
    };
    let found = of_pdf(&picture("application/pdf", packed));
    assert_eq!(found.len(), 1);
    assert!(found[0]["sourceKey"].as_str().unwrap().ends_with("/media/1"));
    assert_eq!(found[0]["label"], "V", "nobody has looked at it");
    for (kind, inside) in [("image/png", packed), ("image/gif", packed)] {
        let other = picture(kind, inside);
        assert!(of_pdf(&other).is_empty(), "{kind}");
        assert!(
            codes(&other).iter().any(|said| said.starts_with("H104 ") && said.ends_with("/observationMedia/value")),
            "{kind}"
        );
    }
    let elsewhere = picture("application/pdf", "><reference value=\"http://127.0.0.1/x.pdf\"/>");
    assert!(of_pdf(&elsewhere).is_empty(), "nothing is fetched");
}

#[test]
fn a_discharge_summary_without_its_stay_is_kept_and_that_is_said() {
    let whole = sample("shione_discharge");
    let (start, end) =
        (whole.find("<componentOf>").unwrap(), whole.find("</componentOf>").unwrap() + "</componentOf>".len());
    let mut without = [&whole[..start], &whole[end..]].concat();
    if let (Some(start), Some(end)) = (without.find("<documentationOf>"), without.find("</documentationOf>")) {
        without.replace_range(start..end + "</documentationOf>".len(), "");
    }
    let decoded = decode(&without);
    assert!(codes(&decoded).contains(&"H008 /ClinicalDocument.componentOf".to_owned()), "{:?}", codes(&decoded));
    assert!(entries(&decoded).iter().any(|entry| entry.get("document").is_some()));
}

#[test]
fn a_kind_of_document_that_is_not_known_to_its_sender_is_kept_as_a_document() {
    let whole = sample("shione_discharge");
    let at = whole.find("<code code=\"18842-5\"").unwrap();
    let end = at + whole[at..].find("/>").unwrap() + 2;
    let with = |code: &str| [&whole[..at], code, &whole[end..]].concat();
    let decoded = decode(&with("<code nullFlavor=\"UNK\"/>"));
    assert_eq!(decoded.taken(), 1);
    assert!(codes(&decoded).contains(&"H104 /ClinicalDocument/code".to_owned()), "{:?}", codes(&decoded));
    assert_eq!(errors(&with("")), ["H004 /ClinicalDocument.code"], "one that is not there at all is missing");
}
