//! What is written holds against the schema of CDA R2 with the extensions of SDTC: which elements stand in which, in which order and
//! how often, and their attributes. What is claimed of templates holds too.
//!
//! `schema.txt` says in our own words what the schema demands of what is written here. A line is a type: its name, its attributes in
//! brackets (`!`: required), `text` where words may stand in it, and after a colon its elements in their order, each with its type
//! (`*`, `+`, `?`: how often; else once). Of alternatives in round brackets one stands.

use super::*;
use crate::hospital::fhir::FhirJson;
use crate::hospital::hl7v2::Hl7v2;
use crate::hospital::round_trip_tests::{at, files, read};
use crate::xml::{self, Element};
use musubi_core::consent::Policy;
use musubi_core::release::release_to_author;
use std::collections::BTreeMap;
use std::sync::LazyLock;

const SDTC: &str = "urn:hl7-org:sdtc";
const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";

static SCHEMA: LazyLock<BTreeMap<&'static str, Type>> = LazyLock::new(schema);

struct Type {
    /// Its attributes, and whether each is required.
    attributes: BTreeMap<&'static str, bool>,
    may_hold_words: bool,
    parts: Vec<Part>,
}

/// An element of a type, or alternatives.
struct Part {
    /// Names, each with its type.
    names: Vec<(&'static str, &'static str)>,
    min: usize,
    max: usize,
}

fn schema() -> BTreeMap<&'static str, Type> {
    let lines = include_str!("schema.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| read_type(line).unwrap_or_else(|| panic!("{line}"))).collect()
}

fn read_type(line: &'static str) -> Option<(&'static str, Type)> {
    let (head, parts) = line.split_once(" :").unwrap_or((line, ""));
    let (name, rest) = head.split_once(" [")?;
    let (attributes, rest) = rest.split_once(']')?;
    let attributes = attributes.split_whitespace().map(|name| (name.trim_end_matches('!'), name.ends_with('!')));
    let parts = parts.split_whitespace().map(read_part).collect();
    Some((name, Type { attributes: attributes.collect(), may_hold_words: rest.trim() == "text", parts }))
}

fn read_part(part: &'static str) -> Part {
    let (min, max) = match part.as_bytes().last() {
        Some(b'?') => (0, 1),
        Some(b'*') => (0, usize::MAX),
        Some(b'+') => (1, usize::MAX),
        _ => (1, 1),
    };
    let names = part.trim_end_matches(['?', '*', '+']).trim_matches(['(', ')']);
    Part { names: names.split('|').map(|one| one.split_once('=').unwrap_or((one, ""))).collect(), min, max }
}

/// What is wrong with an element of a type, and with what is in it.
fn check(element: &Element, kind: &str, faults: &mut Vec<String>) {
    let place = |what: &str| format!("{} ({kind}): {what}", element.place);
    let Some(of) = SCHEMA.get(kind) else { return faults.push(place("no type of the table")) };
    for attribute in element.attributes.iter().filter(|attribute| attribute.namespace.as_deref() != Some(XSI)) {
        if !of.attributes.contains_key(attribute.name.as_str()) || !fits(kind, &attribute.name, &attribute.value) {
            faults.push(place(&format!("@{}", attribute.name)));
        }
    }
    for (name, _) in of.attributes.iter().filter(|(name, required)| **required && element.attribute(name).is_none()) {
        faults.push(place(&format!("no @{name}")));
    }
    if !of.may_hold_words && !element.value().is_empty() {
        faults.push(place("words"));
    }
    let mut counts = vec![0_usize; of.parts.len()];
    let mut reached = 0;
    for child in &element.children {
        let prefix = if child.namespace.as_deref() == Some(SDTC) { "sdtc:" } else { "" };
        let name = format!("{prefix}{}", child.name);
        let stands = |part: &Part| part.names.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind);
        let found = of.parts.iter().enumerate().skip(reached).find_map(|(at, part)| Some((at, stands(part)?)));
        let Some((at, inner)) = found else {
            faults.push(place(&format!("{name} here")));
            continue;
        };
        reached = at;
        counts[at] += 1;
        let typed = child.attributes.iter().find(|one| one.namespace.as_deref() == Some(XSI) && one.name == "type");
        let typed = typed.map(|one| one.value.rsplit(':').next().unwrap());
        check(child, typed.unwrap_or(inner), faults);
    }
    for (part, count) in of.parts.iter().zip(counts) {
        if count < part.min || count > part.max {
            faults.push(place(&format!("{count} of {}", part.names[0].0)));
        }
    }
}

/// Is it a value of the attribute's type: a code without blanks, a number, a point in time?
fn fits(kind: &str, attribute: &str, value: &str) -> bool {
    let digits = |text: &str, least: usize, most: usize| {
        (least..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    match (kind, attribute) {
        ("PQ" | "IVXB_PQ" | "REAL", "value") => value.parse::<f64>().is_ok_and(f64::is_finite),
        ("INT", "value") => value.parse::<i64>().is_ok(),
        ("TS" | "IVXB_TS" | "IVL_TS", "value") => match value.split_once(['+', '-']) {
            Some((at, zone)) => digits(at, 9, 14) && digits(zone, 1, 4),
            None => digits(value, 1, 14),
        },
        ("BL", "value") => matches!(value, "true" | "false"),
        ("II" | "TEL" | "InfrastructureRoot.typeId", _) | (_, "displayName" | "codeSystemName") => true,
        _ => {
            value.split(' ').all(|word| !word.is_empty())
                && (attribute == "use" || !value.contains(char::is_whitespace))
        }
    }
}

fn parsed(document: &[u8]) -> Element {
    xml::read(document, &xml::Limits::CLINICAL, |_| true).unwrap()
}

/// What is wrong with a document by the schema.
pub(super) fn faults(document: &[u8]) -> Vec<String> {
    let mut faults = Vec::new();
    check(&parsed(document), "ClinicalDocument", &mut faults);
    faults
}

/// Everything that is written of samples of ours, of files of others, and of hostile texts.
fn written() -> Vec<(String, Vec<u8>)> {
    let mut all = vec![("family A".to_owned(), Cda.encode(&released(family_a()), &profile()).unwrap())];
    for hostile in HOSTILE {
        all.push((text(hostile), Cda.encode(&released(hostile_family(hostile)), &profile()).unwrap()));
    }
    for from in [&Hl7v2 as &dyn Adapter, &Cda, &FhirJson] {
        for path in files(from.name()) {
            for submission in read(from, &std::fs::read(&path).unwrap()) {
                let profile = at(submission.sent_at().unwrap());
                let released = release_to_author(vec![submission], &profile.agency, &Policy::reviewed(), profile.now);
                let Ok(document) = Cda.encode(&released, &profile) else { continue };
                all.push((path.display().to_string(), document));
            }
        }
    }
    all
}

#[test]
fn every_document_holds_against_the_schema_and_its_templates() {
    let documents = written();
    println!("{} documents", documents.len());
    assert!(documents.len() > 20, "few documents were looked at");
    let mut found = Vec::new();
    for (what, document) in documents {
        let root = parsed(&document);
        let mut faults = Vec::new();
        check(&root, "ClinicalDocument", &mut faults);
        templates(&root, &mut faults);
        found.extend(faults.into_iter().map(|fault| format!("{what}: {fault}")));
    }
    assert_eq!(found, [""; 0]);
}

/// What a template demands: the classes and moods of its act, its code, its status, the type of its value and the codes (SNOMED CT) that
/// it may have.
struct Template {
    root: &'static str,
    code: &'static str,
    value: &'static str,
    codes: &'static [&'static str],
}

/// Those that are claimed: HL7 C-CDA R2.1, Problem Status (CONF:1198-7357 to 7365) and Allergy Status Observation (CONF:1198-7318 to
/// 7322), in the words of both R2.1 and later releases. The version of a later release (`@extension`) is not claimed.
const TEMPLATES: [Template; 2] = [
    Template {
        root: "2.16.840.1.113883.10.20.22.4.6",
        code: "33999-4",
        value: "CD",
        codes: &["55561003", "73425007", "413322009", "246455001", "263855007", "277022003"],
    },
    Template {
        root: "2.16.840.1.113883.10.20.22.4.28",
        code: "33999-4",
        value: "CE",
        codes: &["55561003", "73425007", "413322009"],
    },
];

/// What is wrong with an element that says that it follows a template, and with those in it.
fn templates(element: &Element, faults: &mut Vec<String>) {
    for claimed in element.all("templateId") {
        let root = claimed.attribute("root").unwrap();
        let Some(template) =
            TEMPLATES.iter().find(|known| known.root == root && claimed.attribute("extension").is_none())
        else {
            faults.push(format!("{}: nobody checked the template {root}", element.place));
            continue;
        };
        let is = |name: &str, attribute: &str, wanted: &[&str]| {
            let mut all = element.all(name);
            let value = all.next().and_then(|one| one.attribute(attribute));
            value.is_some_and(|value| wanted.contains(&value)) && all.next().is_none()
        };
        let typed = |one: &Element| {
            one.attributes
                .iter()
                .any(|given| given.name == "type" && given.value.ends_with(&format!(":{}", template.value)))
        };
        let right = element.name == "observation"
            && element.attribute("classCode") == Some("OBS")
            && element.attribute("moodCode") == Some("EVN")
            && is("code", "code", &[template.code])
            && is("code", "codeSystem", &["2.16.840.1.113883.6.1"])
            && is("statusCode", "code", &["completed"])
            && is("value", "code", template.codes)
            && element.child("value").is_some_and(typed);
        if !right {
            faults.push(format!("{}: not as the template {root} wants it", element.place));
        }
    }
    element.children.iter().for_each(|child| templates(child, faults));
}

#[test]
fn what_does_not_hold_against_the_schema_is_found() {
    let right = String::from_utf8(Cda.encode(&released(family_a()), &profile()).unwrap()).unwrap();
    let changed = |from: &str, to: &str| {
        assert!(right.contains(from), "{from}");
        faults(right.replacen(from, to, 1).as_bytes())
    };
    assert_eq!(changed("<cda:realmCode code=\"JP\"/>", ""), [""; 0]);
    for (from, to) in [
        ("<cda:languageCode code=\"ja-JP\"/>", "<cda:languageCode code=\"ja-JP\"/><cda:title>x</cda:title>"),
        ("<cda:typeId root=\"2.16.840.1.113883.1.3\" extension=\"POCD_HD000040\"/>", ""),
        (" moodCode=\"EVN\"", ""),
        ("<cda:assignedCustodian>", "<cda:assignedCustodian>words"),
        ("codeSystem=\"2.16.840.1.113883.6.1\"", "codeSystem=\"2.16 840\""),
        ("<cda:low value=\"2026", "<cda:low value=\"R8/"),
        ("<cda:th>", "<cda:th colour=\"red\">"),
        ("<cda:family>", "<cda:surname>x</cda:surname><cda:family>"),
        ("xsi:type=\"cda:CD\"", "xsi:type=\"cda:SLIST_PQ\""),
    ] {
        assert!(!changed(from, to).is_empty(), "{from}");
    }
}

#[test]
fn a_state_is_said_in_a_template_only_where_its_codes_have_it() {
    let said = |body: Body| {
        let document = Cda.encode(&released(vec![of_mother("a", body), of_mother("d", notice())]), &profile()).unwrap();
        let mut faults = Vec::new();
        templates(&parsed(&document), &mut faults);
        assert_eq!(faults, [""; 0]);
        String::from_utf8(document).unwrap().contains("<cda:templateId ")
    };
    let condition = |state: &str| {
        let code = Some(crate::testing::coded("I10", "O24.4", "妊娠糖尿病"));
        said(Body::Condition(proto::Condition { code, state: text(state), ..proto::Condition::default() }))
    };
    let allergy = |state: &str| {
        let coded = Some(crate::testing::coded("", "", "卵"));
        let (kind, state) = (text("allergy"), text(state));
        said(Body::Observation(proto::Observation { kind, coded, state, ..proto::Observation::default() }))
    };
    for state in ["active", "inactive", "resolved"] {
        assert!(condition(state) && allergy(state), "{state}");
    }
    for state in ["recurrence", "relapse", "remission"] {
        assert!(condition(state) && !allergy(state), "{state}");
    }
}

#[test]
fn what_is_no_code_or_no_number_of_cda_is_said_in_words() {
    let coded = |code: &str, shown: &str| Some(crate::testing::coded("", code, shown));
    let told = |observation: proto::Observation| {
        let observation = proto::Observation { code: coded("K", "検査"), ..observation };
        let entries = vec![of_mother("o", Body::Observation(observation)), of_mother("d", notice())];
        let document = Cda.encode(&released(entries), &profile()).unwrap();
        assert_eq!(faults(&document), [""; 0]);
        let read = Cda.decode(&document, &profile());
        let found = super::entries(&read).into_iter().find(|entry| entry.get("observation").is_some()).unwrap();
        found["observation"].clone()
    };
    let answer = |code, shown| told(proto::Observation { coded: coded(code, shown), ..proto::Observation::default() });
    assert_eq!(answer("A-1", "陽性")["coded"]["code"], "A-1");
    assert_eq!(answer("A 1", "陽性")["coded"]["text"], "A 1 陽性");
    assert_eq!(answer("A 1", "A 1")["coded"]["text"], "A 1");
    let measured = |value: &str, unit: &str| {
        let quantity = Some(proto::Quantity { value: text(value), unit: text(unit), comparator: text("") });
        told(proto::Observation { quantity, ..proto::Observation::default() })
    };
    assert_eq!(measured("-1.50", "g/dL")["quantity"]["value"], "-1.50");
    for (value, unit, words) in [("3+", "", "3+"), ("12", "mm Hg", "12 mm Hg"), (".", "g", ". g")] {
        assert_eq!(measured(value, unit)["text"], words, "{value} {unit}");
    }
}

fn notice() -> Body {
    Body::DischargeNotice(proto::DischargeNotice { ward: text("3F"), ..proto::DischargeNotice::default() })
}
