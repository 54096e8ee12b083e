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
