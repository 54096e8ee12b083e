//! A narrative keeps its tables and lists from document to record to document, and nothing that could do harm.

use super::*;
use crate::hospital::fhir::FhirJson;

const TABLE: &str = "<paragraph>経過は次のとおり。</paragraph><table border=\"1\"><thead><tr><th>日</th><th styleCode=\"Bold\">体重</th></tr></thead>\
    <tbody><tr><td>1日</td><td>2486 g</td></tr><tr><td colspan=\"2\">以後<sup>*</sup>は増加</td></tr></tbody></table>\
    <list listType=\"ordered\"><item>授乳 <linkHtml href=\"http://127.0.0.1/\">良好</linkHtml></item></list>";
const KEPT: &str = "<p>経過は次のとおり。</p><table><thead><tr><th>日</th><th>体重</th></tr></thead><tbody><tr><td>1日</td>\
    <td>2486 g</td></tr><tr><td colspan=\"2\">以後<sup>*</sup>は増加</td></tr></tbody></table><ol><li>授乳 良好</li></ol>";

fn with_course(narrative: &str) -> String {
    changed("<text>経腟分娩。産後の経過は良好。</text>", &format!("<text>{narrative}</text>"))
}

#[test]
fn a_table_survives_from_cda_over_the_record_to_cda() {
    let first = decode(&with_course(TABLE));
    let notice = entry(&entries(&first), "dischargeNotice")["dischargeNotice"].clone();
    assert_eq!(notice["courseXhtml"], KEPT);
    assert_eq!(notice["course"], "経過は次のとおり。\n日\t体重\n1日\t2486 g\n以後*は増加\n授乳 良好");
    let document = again(&first);
    assert!(document.contains("<cda:td colspan=\"2\">以後<cda:sup>*</cda:sup>は増加</cda:td>"), "{document}");
    let second = entry(&entries(&decode(&document)), "dischargeNotice")["dischargeNotice"].clone();
    assert_eq!(second, notice);
}

#[test]
fn words_that_lose_nothing_have_no_markup_beside_them() {
    let read = entries(&decode(&with_course("<paragraph>一</paragraph><paragraph>二<br/>三</paragraph>")));
    let notice = &entry(&read, "dischargeNotice")["dischargeNotice"];
    assert_eq!((&notice["course"], notice.get("courseXhtml")), (&"一\n二\n三".into(), None));
}

#[test]
fn the_document_keeps_the_tables_of_all_its_sections() {
    let read = entries(&decode(&with_course(TABLE)));
    let xhtml = entry(&read, "document")["document"]["xhtml"].as_str().unwrap().to_owned();
    assert!(xhtml.contains(&format!("<p>入院中経過</p>{KEPT}")), "{xhtml}");
    assert!(xhtml.contains("<p>退院時指導</p><p>2週間後に健診。</p>"), "{xhtml}");
}

#[test]
fn a_table_stands_in_the_narratives_of_fhir() {
    let decoded = decode(&with_course(TABLE));
    let submission = decoded.items[0].submission.as_ref().unwrap();
    let record: proto::Submission = serde_json::from_str(&submission.to_author_json()).unwrap();
    let bundle = FhirJson.encode(&released(record.entries), &profile()).unwrap();
    let bundle: Value = serde_json::from_slice(&bundle).unwrap();
    let resources = || bundle["entry"].as_array().unwrap().iter().map(|entry| &entry["resource"]);
    let composition = resources().find(|one| one["resourceType"] == "Composition").unwrap();
    assert!(composition.to_string().contains(&KEPT.replace('"', "\\\"")), "{composition}");
    let paper = resources().find(|one| one["resourceType"] == "DocumentReference").unwrap();
    assert!(paper["text"]["div"].as_str().unwrap().contains(KEPT), "{paper}");
}

/// The mother's notice with this mark-up beside its course, as any agency may send it.
fn marked(xhtml: &str) -> Vec<proto::Entry> {
    let mut entries = mother_alone();
    for entry in &mut entries {
        if let Some(Body::DischargeNotice(notice)) = &mut entry.body {
            (notice.course, notice.course_xhtml) = (text("経過は良好"), text(xhtml));
        }
    }
    entries
}

#[test]
fn mark_up_of_the_record_is_stripped_again_before_it_is_written() {
    let hostile =
        "<table onclick=\"x\"><tr><td>良好<script>alert(1)</script><a href=\"javascript:x\">先</a></td></tr></table>";
    let cda = written(marked(hostile));
    let fhir = String::from_utf8(FhirJson.encode(&released(marked(hostile)), &profile()).unwrap()).unwrap();
    for document in [&cda, &fhir] {
        assert!(document.contains("良好alert(1)先"), "{document}");
        for harm in ["<script", "onclick", "javascript", "href=\"java"] {
            assert!(!document.contains(harm), "{harm}");
        }
    }
    for broken in ["<table>", "</text><x/>", "<!DOCTYPE x>", "&x;"] {
        let document = written(marked(broken));
        assert!(document.contains(">経過は良好</cda:text>"), "the words stand where the mark-up is none: {document}");
    }
}

#[test]
fn an_individual_number_across_elements_of_a_narrative_refuses_the_document() {
    let number = ["12345678901", "8"].concat();
    let (head, tail) = number.split_at(5);
    for said in [
        format!("{head}<sup>{tail}</sup>"),
        format!("<list><item>{number}</item></list>"),
        format!("{head}<content>{tail}</content>"),
    ] {
        let refused = errors(&with_course(&said));
        assert!(matches!(refused.as_slice(), [told] if told.starts_with("H009 ")), "{refused:?}");
    }
}
