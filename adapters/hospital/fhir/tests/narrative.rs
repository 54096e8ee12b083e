//! Narratives, read: what of them a text loses, what only they say, and how long they may be.

use super::read::{codes, decode, entries};
use super::*;
use crate::hospital::cda::Cda;
use musubi_core::adapter::{Fate, Severity};

const TABLE: &str = "<paragraph>経過は次のとおり。</paragraph><table><thead><tr><th>日</th><th>体重</th></tr></thead>\
    <tbody><tr><td>1日</td><td>2486 g</td></tr><tr><td colspan=\"2\">以後<sup>*</sup>は増加</td></tr></tbody></table>\
    <list listType=\"ordered\"><item>授乳 良好</item></list>";
const KEPT: &str = "<p>経過は次のとおり。</p><table><thead><tr><th>日</th><th>体重</th></tr></thead><tbody><tr><td>1日</td>\
    <td>2486 g</td></tr><tr><td colspan=\"2\">以後<sup>*</sup>は増加</td></tr></tbody></table><ol><li>授乳 良好</li></ol>";

/// A CDA sample with a table in one of its sections, read.
fn from_cda(sample: &str, plain: &str) -> Vec<proto::Entry> {
    let path = format!("{}/hospital/cda/samples/{sample}.xml", env!("CARGO_MANIFEST_DIR"));
    let document = std::fs::read_to_string(path).unwrap();
    assert!(document.contains(plain), "{sample} does not hold {plain}");
    let decoded = Cda.decode(document.replacen(plain, TABLE, 1).as_bytes(), &profile());
    let submission = decoded.items[0].submission.as_ref().unwrap();
    serde_json::from_str::<proto::Submission>(&submission.to_author_json()).unwrap().entries
}

fn body<'e>(entries: &'e [Value], kind: &str) -> &'e Value {
    entries.iter().find_map(|entry| entry.get(kind)).unwrap_or_else(|| panic!("no {kind} in {entries:#?}"))
}

fn as_json(entries: &[proto::Entry]) -> Vec<Value> {
    entries.iter().map(|entry| serde_json::to_value(entry).unwrap()).collect()
}

#[test]
fn the_tables_of_a_cda_document_come_back_from_fhir() {
    for (sample, plain, kind, text, xhtml) in [
        ("shione_discharge", "経腟分娩。産後の経過は良好。", "dischargeNotice", "course", "courseXhtml"),
        ("shione_discharge", "2週間後に健診。", "dischargeNotice", "instructions", "instructionsXhtml"),
    ] {
        let first = from_cda(sample, plain);
        let second = entries(&decode(&document(first.clone())));
        let (before, after) = (as_json(&first), second);
        for field in [text, xhtml] {
            assert_eq!(body(&after, kind)[field], body(&before, kind)[field], "{field}");
        }
        assert_eq!(body(&after, kind)[xhtml], KEPT);
        for field in ["content", "xhtml"] {
            assert_eq!(body(&after, "document")[field], body(&before, "document")[field], "{field}");
        }
    }
}

#[test]
fn the_tables_of_a_referral_come_back_from_fhir() {
    let path = format!("{}/hospital/cda/samples/shione_referral.xml", env!("CARGO_MANIFEST_DIR"));
    let sample = std::fs::read_to_string(path).unwrap();
    let (start, _) = sample.split_once("<code code=\"42349-1\"").unwrap();
    let from = start.len() + sample[start.len()..].find("<text>").unwrap() + "<text>".len();
    let until = from + sample[from..].find("</text>").unwrap();
    let changed = [&sample[..from], TABLE, &sample[until..]].concat();
    let decoded = Cda.decode(changed.as_bytes(), &profile());
    let submission = decoded.items[0].submission.as_ref().unwrap();
    let first: proto::Submission = serde_json::from_str(&submission.to_author_json()).unwrap();
    assert_eq!(body(&as_json(&first.entries), "referral")["reasonXhtml"], KEPT);
    let read = entries(&decode(&document(first.entries)));
    assert_eq!(body(&read, "referral")["reasonXhtml"], KEPT);
}

fn sample(name: &str) -> Value {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/hospital/fhir/fhir_json/samples");
    serde_json::from_slice(&std::fs::read(format!("{folder}/{name}.fhir")).unwrap()).unwrap()
}

/// The sample with one section more in its Composition.
fn with_section(name: &str, code: &str, status: &str, div: &str) -> Value {
    let mut document = sample(name);
    let section = serde_json::json!({
        "title": "節", "code": {"coding": [{"code": code}]},
        "text": {"status": status, "div": format!("<div xmlns=\"http://www.w3.org/1999/xhtml\">{div}</div>")}
    });
    document["entry"][0]["resource"]["section"].as_array_mut().unwrap().push(section);
    document
}

#[test]
fn what_no_resource_says_of_a_stay_its_section_says() {
    let said = |code: &str, status: &str| {
        let mut document =
            with_section("shione_discharge_summary", code, status, "<ul><li>食事</li><li>授乳</li></ul>");
        // Nothing but the new section tells of the course, the instructions or the request.
        let tells = |resource: &Value| {
            let told = resource["code"]["coding"][0]["code"].as_str().unwrap_or_default();
            matches!(resource["resourceType"].as_str(), Some("CarePlan" | "DocumentReference"))
                || told.starts_with("86")
        };
        document["entry"].as_array_mut().unwrap().retain(|entry| !tells(&entry["resource"]));
        let document = document.to_string().replace("\"333\"", "\"x3\"").replace("\"424\"", "\"x4\"");
        body(&entries(&decode(&document)), "dischargeNotice").clone()
    };
    for (code, text, xhtml) in [
        ("8648-8", "course", "courseXhtml"),
        ("8653-8", "instructions", "instructionsXhtml"),
        ("18776-5", "request", "requestXhtml"),
    ] {
        let notice = said(code, "additional");
        assert_eq!(
            (&notice[text], &notice[xhtml]),
            (&"食事\n授乳".into(), &"<ul><li>食事</li><li>授乳</li></ul>".into()),
            "{code}"
        );
        assert_eq!(said(code, "generated").get(text), None, "{code}: it repeats what the resources say");
    }
}

#[test]
fn mark_up_of_other_words_stands_beside_no_text() {
    let first = from_cda("shione_discharge", "経腟分娩。産後の経過は良好。");
    let changed = document(first).replace("授乳 良好</li>", "授乳 不良</li>");
    let read = entries(&decode(&changed));
    assert_eq!(body(&read, "dischargeNotice").get("courseXhtml"), None);
}

#[test]
fn the_words_of_all_sections_keep_their_tables_and_nothing_that_could_act() {
    let hostile = "<ul onclick=\"x\"><li>一<script>alert(1)</script><a href=\"javascript:x\">二</a></li></ul>";
    let document = with_section("shione_discharge_summary", "9999", "additional", hostile);
    let read = entries(&decode(&document.to_string()));
    let papers = read.iter().filter_map(|entry| entry["document"]["xhtml"].as_str());
    let kept: Vec<&str> = papers.filter(|xhtml| xhtml.contains("<li>")).collect();
    assert!(matches!(kept[..], [one] if one.contains("<p>節</p><ul><li>一alert(1)二</li></ul>")), "{kept:?}");
    for harm in ["script", "onclick", "href"] {
        assert!(!kept[0].contains(harm), "{harm}");
    }
}

#[test]
fn the_purpose_of_a_referral_in_words_alone_is_its_reason() {
    let mut document = with_section("shione_referral", "950", "additional", "腹痛の精査をお願いします。");
    let sections = document["entry"][0]["resource"]["section"].as_array_mut().unwrap();
    let last = sections.pop().unwrap();
    fn drop_950(section: &mut Value) {
        if let Some(inner) = section.get_mut("section").and_then(Value::as_array_mut) {
            inner.retain(|one| one["code"]["coding"][0]["code"] != "950");
            inner.iter_mut().for_each(drop_950);
        }
    }
    sections.iter_mut().for_each(drop_950);
    sections.push(last);
    let decoded = decode(&document.to_string());
    assert_eq!(body(&entries(&decoded), "referral")["reason"], "腹痛の精査をお願いします。", "{:?}", codes(&decoded));
}

#[test]
fn a_narrative_has_five_mebibytes_of_words_and_no_more() {
    const MOST: usize = 5 * 1024 * 1024;
    for (words, refused) in [(MOST - 1, false), (MOST, false), (MOST + 1, true)] {
        let document =
            with_section("shione_discharge_summary", "9999", "additional", &format!("<p>{}</p>", "x".repeat(words)));
        let decoded = decode(&document.to_string());
        let errors: Vec<String> = decoded
            .all_diagnostics()
            .filter(|said| said.severity == Severity::Error)
            .map(|said| format!("{} {}", said.code, said.place))
            .collect();
        let last = document["entry"][0]["resource"]["section"].as_array().unwrap().len() - 1;
        let expected = format!("H007 Bundle.entry[0].resource.section[{last}].text.div");
        assert_eq!(errors, if refused { vec![expected] } else { Vec::new() }, "{words}");
        let kept = decoded.ledger.lines().filter(|line| line.fate == Fate::KeptRaw).count();
        assert!(refused || kept > 0);
    }
}
