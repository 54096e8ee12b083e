//! What is answered.

use super::super::*;
use super::fixture::{CANARIES, family, now, person, to_author, under_ground};
use super::queries::{ROW_13, read};
use crate::xml::{Element, Limits, read as read_xml};
use musubi_core::agency::Category::{self, C01, C02, C09, C10, C11, C13, C15};
use musubi_core::cases::matches;
use musubi_core::id::Municipality;
use musubi_core::release::NOTICE;
use musubi_core::statistics::{CountedCase, Population, Statistics};
use musubi_core::time::Day;

const ALL: &[Category] = &[C01, C02, Category::C06, C09, C10, C11, C13, C15];

fn query(level: Level) -> CaseQuery {
    CaseQuery::new("汐児8-204", Purpose::P5, level)
}

fn answer(query: &CaseQuery, granted: Level, hits: &[&Released]) -> String {
    String::from_utf8(encode_response("q-1", query, granted, hits, false, now())).unwrap()
}

fn parsed(text: &str) -> Element {
    read_xml(text.as_bytes(), &Limits::CASE_EXCHANGE, |_| true).unwrap()
}

#[test]
fn the_order_of_two_families_does_not_depend_on_how_they_come() {
    let (one, two) = (under_ground(ALL, family(1)), under_ground(ALL, family(3)));
    let forward = answer(&query(Level::L2), Level::L2, &[&one, &two]);
    assert_eq!(forward, answer(&query(Level::L2), Level::L2, &[&two, &one]));
    assert_eq!(forward, answer(&query(Level::L2), Level::L2, &[&two, &one, &two]), "each once");
    let root = parsed(&forward);
    let ids: Vec<&str> = root.all("Hit").map(|hit| hit.child("CaseTrackingID").unwrap().value()).collect();
    assert_eq!(ids, [person(2).to_string(), person(4).to_string()]);
}

#[test]
fn the_council_query_of_the_story_finds_the_family() {
    let (envelope, query) = read(ROW_13);
    let released = under_ground(&[C01, C09, C10, C13], family(1));
    assert!(matches(&query, &released, now()));
    let bytes = encode_response(&envelope.message_id, &query, Level::L2, &[&released], false, now());
    let root = parsed(&String::from_utf8(bytes).unwrap());
    let hit = root.child("Hit").unwrap();
    assert_eq!(root.child("InResponseTo").unwrap().value(), "q-2026-1117-01");
    assert_eq!(hit.child("OwnerAgency").unwrap().value(), "OSC-482072");
    assert_eq!(hit.child("Signal").unwrap().child("SignalCode").unwrap().value(), "UNMET_INFANT");
    let days: Vec<&str> = hit.child("Signal").unwrap().all("ActivityDate").map(Element::value).collect();
    assert_eq!(days, ["2026-11-06", "2026-11-11"]);
    assert_eq!(hit.all("ContactActivity").count(), 2);
}

#[test]
fn each_level_tells_what_it_may_and_no_more() {
    let released = under_ground(ALL, family(1));
    let has = |level, words: &[&str]| {
        let text = answer(&query(level), Level::L3, &[&released]);
        words.iter().map(|word| text.contains(word)).collect::<Vec<_>>()
    };
    let words = [
        "<cg:CaseTrackingID>",
        "<cg:ChildWelfareCase>",
        "<cg:ContactActivity>",
        "<cg:PersonName>",
        "<cg:Address>",
        "隠記録",
    ];
    assert_eq!(has(Level::L0, &words), [true, false, false, false, false, false]);
    assert_eq!(has(Level::L1, &words), [true, true, false, false, false, false]);
    assert_eq!(has(Level::L2, &words), [true, true, true, true, false, false]);
    assert_eq!(has(Level::L3, &words), [true, true, true, true, true, true]);
}

#[test]
fn the_lower_of_ground_and_query_is_told_and_the_limit_of_the_ground_is_echoed() {
    let released = under_ground(ALL, family(1));
    let text = answer(&query(Level::L3), Level::L0, &[&released]);
    assert_eq!(parsed(&text).child("LevelGranted").unwrap().value(), "L0");
    assert!(!text.contains("ChildWelfareCase"));
    let text = answer(&query(Level::L0), Level::L3, &[&released]);
    assert_eq!(parsed(&text).child("LevelGranted").unwrap().value(), "L3");
    assert!(!text.contains("ChildWelfareCase"));
}

#[test]
fn a_hidden_value_never_appears() {
    let case_only = answer(&query(Level::L3), Level::L3, &[&under_ground(&[C13], family(1))]);
    assert!(case_only.contains("<cg:Hit>"));
    for canary in CANARIES {
        assert!(!case_only.contains(canary), "{canary}");
    }
    let nearly_all = answer(&query(Level::L3), Level::L3, &[&under_ground(ALL, family(1))]);
    assert!(nearly_all.contains("隠記録"), "released, so it is told");
    for informant in ["隠通告者", "隠経路"] {
        assert!(!nearly_all.contains(informant), "{informant}");
    }
}

#[test]
fn an_informant_is_in_no_answer_even_to_the_authority_that_was_told() {
    let own = to_author(family(1));
    for level in [Level::L0, Level::L1, Level::L2, Level::L3] {
        let text = answer(&query(level), Level::L3, &[&own]);
        for informant in ["隠通告者", "隠経路", "Informant", "ReporterRoute"] {
            assert!(!text.contains(informant), "{informant}");
        }
    }
}

#[test]
fn what_is_withheld_leaves_no_trace() {
    let without: Vec<_> = family(1)
        .into_iter()
        .filter(|entry| !matches!(entry.source_key.as_str(), "birth" | "visit:1" | "visit:2"))
        .collect();
    let hidden = under_ground(&[C01, C13], family(1));
    let never = under_ground(&[C01, C13], without);
    let texts = [&hidden, &never].map(|released| answer(&query(Level::L3), Level::L3, &[released]));
    assert_eq!(texts[0], texts[1], "withheld, and never recorded");
}

#[test]
fn an_empty_answer_looks_the_same_whatever_the_reason() {
    let nothing_known = answer(&query(Level::L2), Level::L2, &[]);
    let no_case_visible = under_ground(&[C01, C09, C10], family(1));
    let no_ground = under_ground(&[], family(1));
    assert!(!no_case_visible.is_empty() && no_ground.is_empty());
    assert_eq!(answer(&query(Level::L2), Level::L2, &[&no_case_visible]), nothing_known);
    assert_eq!(answer(&query(Level::L2), Level::L2, &[&no_ground]), nothing_known);
    let whole = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <cg:CaseQueryResponse xmlns:cg=\"urn:musubi:cgc:1.0\" schemaVersion=\"1.0\" createdAt=\"2026-11-17T10:00:00+09:00\">\n  \
         <cg:InResponseTo>q-1</cg:InResponseTo>\n  <cg:LevelGranted>L2</cg:LevelGranted>\n  \
         <cg:UseLimitationText>{NOTICE}</cg:UseLimitationText>\n  <cg:Truncated>false</cg:Truncated>\n\
         </cg:CaseQueryResponse>\n"
    );
    assert_eq!(nothing_known, whole);
}

#[test]
fn an_answer_that_is_too_long_says_so() {
    let bytes = encode_response("q-1", &query(Level::L0), Level::L0, &[], true, now());
    assert!(String::from_utf8(bytes).unwrap().contains("<cg:Truncated>true</cg:Truncated>"));
    assert!(!is_too_long(199) && !is_too_long(200) && is_too_long(201));
}

#[test]
fn what_a_source_wrote_stays_text() {
    let mut entries = family(1);
    for entry in &mut entries {
        if let Some(musubi_proto::v1::entry::Body::PersonDetails(details)) = &mut entry.body {
            details.names[0].text = "</cg:PersonFullName><cg:Hit/>&\u{7}\"'".to_owned();
        }
    }
    let root = parsed(&answer(&query(Level::L2), Level::L2, &[&under_ground(ALL, entries)]));
    assert_eq!(root.all("Hit").count(), 1);
    let name = root.child("Hit").unwrap().child("SubjectPerson").unwrap().child("PersonName").unwrap();
    assert_eq!(name.child("PersonFullName").unwrap().value(), "</cg:PersonFullName><cg:Hit/>&\"'");
}

#[test]
fn one_release_is_written_as_an_answer_with_one_hit() {
    let profile = Profile::plain(musubi_core::agency::AgencyId::new("CGC-480002-02").unwrap(), now());
    let bytes = CgcXml.encode(&under_ground(ALL, family(1)), &profile).unwrap();
    assert_eq!(parsed(&String::from_utf8(bytes).unwrap()).all("Hit").count(), 1);
    let nothing = CgcXml.encode(&under_ground(&[C01, C10], family(1)), &profile);
    assert_eq!(nothing.unwrap_err(), EncodeError::NothingToSay);
}

#[test]
fn an_acknowledgement_holds_codes_and_places() {
    let fault =
        decode_query(b"<!DOCTYPE x><x/>", &Profile::plain(musubi_core::agency::AgencyId::new("CGC-1").unwrap(), now()));
    let root = parsed(&String::from_utf8(encode_acknowledgement(None, &fault.unwrap_err(), now())).unwrap());
    assert!(root.is(NAMESPACE, "Acknowledgement") && root.child("InResponseTo").is_none());
    assert_eq!(root.child("Accepted").unwrap().value(), "false");
    assert_eq!(root.child("Diagnostic").unwrap().child("DiagnosticCode").unwrap().value(), "CG-E001");
    let taken = parsed(&String::from_utf8(encode_acknowledgement(Some("q-1"), &[], now())).unwrap());
    assert_eq!(taken.child("Accepted").unwrap().value(), "true");
    assert_eq!(message_id(ROW_13.as_bytes()).as_deref(), Some("q-2026-1117-01"));
    assert_eq!(message_id(b"<x/>"), None);
}

#[test]
fn statistics_tell_counts_of_ten_and_more_and_name_what_is_withheld() {
    let case = |route: &str| CountedCase {
        population: Population::Child,
        category: None,
        age: None,
        severity: None,
        urgency: None,
        route: route.parse().ok(),
    };
    let cases: Vec<CountedCase> =
        [vec![case("Police"); 21], vec![case("School"); 13], vec![case("Family"); 4]].concat();
    let counted = [(Municipality::new("482072").unwrap(), Statistics::count(&cases, Day::constant(2026, 10, 31)))];
    let root = parsed(&String::from_utf8(encode_statistics("q-1", &counted, now())).unwrap());
    let elements: Vec<&str> = root.children.iter().map(|child| child.name.as_str()).collect();
    assert_eq!(elements, ["InResponseTo", "LevelGranted", "UseLimitationText", "CaseStatistics", "Truncated"]);
    let statistics = root.child("CaseStatistics").unwrap();
    let value = |element: &Element, name: &str| element.child(name).map(|child| child.value().to_owned());
    assert_eq!(value(statistics, "JurisdictionCode").as_deref(), Some("482072"));
    assert_eq!(value(statistics, "AsOfDate").as_deref(), Some("2026-10-31"));
    let groups: Vec<&Element> = statistics.all("CountedGroup").collect();
    assert_eq!(
        groups.iter().filter_map(|group| value(group, "RoleCode")).collect::<Vec<_>>(),
        ["Child", "PregnantWoman"]
    );
    let routes = groups.first().unwrap().all("CountTable").last().unwrap();
    let told = |word: Option<&str>| {
        let mut counts = routes.all("CaseCount");
        let count = counts.find(|count| value(count, "ReporterRouteCode").as_deref() == word).unwrap();
        (value(count, "CaseQuantity"), value(count, "Withheld"))
    };
    let number = |number: &str| (Some(number.to_owned()), None);
    assert_eq!((told(Some("Police")), told(None)), (number("21"), number("38")));
    for withheld in ["School", "Family", "Neighbour"] {
        assert_eq!(told(Some(withheld)), (None, Some("true".to_owned())), "{withheld}");
    }
}

#[test]
fn a_late_match_names_the_query_and_its_ground_and_nothing_else() {
    let text = String::from_utf8(encode_late_match("q-1", "要対協8-017", now())).unwrap();
    let root = parsed(&text);
    assert_eq!((root.name.as_str(), root.attribute("schemaVersion")), ("LateMatchNotification", Some("1.0")));
    let said: Vec<(&str, &str)> = root.children.iter().map(|child| (child.name.as_str(), child.value())).collect();
    assert_eq!(said, [("InResponseTo", "q-1"), ("RelatedCaseID", "要対協8-017"), ("UseLimitationText", NOTICE)]);
}
