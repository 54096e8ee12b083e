//! What is asked.

use super::super::*;
use musubi_core::agency::{AgencyId, Purpose};
use musubi_core::cases::{CaseSeverity, SignalCode, SignalCriterion, UnresponsiveVisits};
use musubi_core::consent::GroundCode;
use musubi_core::id::Municipality;
use musubi_core::time::Time;

pub(super) const DOCUMENT: &str = include_str!("../samples/query_document.xml");
pub(super) const ROW_13: &str = include_str!("../samples/row13_council.xml");

fn profile_of(agency: &str) -> Profile {
    Profile::plain(AgencyId::new(agency).unwrap(), Time::MIN)
}

pub(super) fn read(text: &str) -> (QueryEnvelope, CaseQuery) {
    decode_query(text.as_bytes(), &profile_of("CGC-480002-02")).unwrap()
}

/// The codes and places for the document's example after one change.
fn faults(from: &str, to: &str) -> Vec<(String, String)> {
    assert!(DOCUMENT.contains(from), "{from}");
    let text = DOCUMENT.replacen(from, to, 1);
    let faults = decode_query(text.as_bytes(), &profile_of("CGC-130001-01")).expect_err("refused");
    assert!(!faults.is_empty());
    faults.into_iter().map(|fault| (fault.code.into_owned(), fault.place)).collect()
}

fn refuses(code: &str, place: &str, from: &str, to: &str) {
    assert_eq!(faults(from, to), [(code.to_owned(), place.to_owned())], "{to}");
}

#[test]
fn the_example_of_the_document_is_read() {
    let (envelope, query) = decode_query(DOCUMENT.as_bytes(), &profile_of("CGC-130001-01")).unwrap();
    assert_eq!(envelope.message_id, "7b1e6a52-0c0e-4f3d-9b61-1c7a7f5d2f10");
    assert_eq!(envelope.created_at.rfc3339(), "2026-06-03T09:12:00+09:00");
    assert_eq!((envelope.sender.as_str(), envelope.worker_id.as_str()), ("CGC-130001-01", "w-0412"));
    let mut expected = CaseQuery::new("2026-00318", Purpose::P5, Level::L2);
    expected.basis = Some(GroundCode::L04);
    expected.municipalities = vec![Municipality::new("131130").unwrap()];
    expected.severity_at_least = Some(CaseSeverity::Medium);
    expected.age_months_to = Some(12);
    expected.include_unborn = true;
    expected.signals = vec![SignalCriterion::Raised(SignalCode::UnmetInfant)];
    expected.unresponsive_visits = Some(UnresponsiveVisits { at_least: 2, within_days: 90 });
    assert_eq!(query, expected);
}

#[test]
fn the_samples_of_the_story_are_read() {
    let (envelope, query) = read(include_str!("../samples/row12_request.xml"));
    assert_eq!((envelope.worker_id.as_str(), query.ground.as_str()), ("w-0412", "汐児8-204"));
    assert_eq!((query.purpose, query.basis), (Purpose::P5, Some(GroundCode::L04)));
    let (_, query) = read(ROW_13);
    assert_eq!(
        (query.purpose, query.basis, query.ground.as_str()),
        (Purpose::P6, Some(GroundCode::L05), "要対協8-017")
    );
    let (_, here) = read(include_str!("../samples/row10_no_ground.xml"));
    let (_, elsewhere) = read(include_str!("../samples/row10_unknown_city.xml"));
    assert_eq!(CaseQuery { municipalities: Vec::new(), ..here }, CaseQuery { municipalities: Vec::new(), ..elsewhere });
}

#[test]
fn cg_e001_what_can_do_harm_is_refused() {
    let root = "<cg:CaseQueryRequest ";
    refuses("CG-E001", "/", root, &format!("<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]>{root}"));
    refuses("CG-E001", "/", root, &format!("<?xml-stylesheet href=\"http://127.0.0.1/\"?>{root}"));
    refuses("CG-E001", "/", root, &format!("<?xml version=\"1.0\" encoding=\"Shift_JIS\"?>{root}"));
    refuses("CG-E001", "/", root, &format!("\u{FEFF}{root}"));
    refuses("CG-E001", "/CaseQueryRequest/RelatedCaseID", "2026-00318", "&secret;");
    refuses("CG-E001", "/CaseQueryRequest/Criteria", "</cg:Criteria>\n</cg:CaseQueryRequest>\n", "");
    refuses("CG-E001", "/", "</cg:CaseQueryRequest>", "</cg:CaseQueryRequest><cg:x xmlns:cg='urn:musubi:cgc:1.0'/>");
}

#[test]
fn cg_e002_what_is_too_big_is_refused() {
    let deep = format!("<cg:Criteria><cg:Extension>{}", "<x>".repeat(40));
    assert_eq!(faults("<cg:Criteria>", &deep).first().unwrap().0, "CG-E002");
    let large = format!("<!--{}--><cg:Criteria>", "x".repeat(5 * 1024 * 1024));
    refuses("CG-E002", "/", "<cg:Criteria>", &large);
}

#[test]
fn cg_e003_another_version_is_refused() {
    refuses("CG-E003", "/CaseQueryRequest/@schemaVersion", "schemaVersion=\"1.0\"", "schemaVersion=\"2.0\"");
    refuses("CG-E003", "/CaseQueryRequest/@schemaVersion", "schemaVersion=\"1.0\" ", "");
    let newer = DOCUMENT.replace("schemaVersion=\"1.0\"", "schemaVersion=\"1.7\"");
    assert!(decode_query(newer.as_bytes(), &profile_of("CGC-130001-01")).is_ok(), "the same first number");
}

#[test]
fn cg_e004_what_is_not_of_the_structure_is_refused() {
    let criteria = "/CaseQueryRequest/Criteria";
    refuses("CG-E004", &format!("{criteria}/*"), "<cg:Criteria>", "<cg:Criteria><cg:山田花子/>");
    refuses("CG-E004", &format!("{criteria}/*"), "<cg:Criteria>", "<cg:Criteria><x:y xmlns:x='urn:x'/>");
    refuses("CG-E004", &format!("{criteria}/@*"), "<cg:Criteria>", "<cg:Criteria mode='all'>");
    refuses("CG-E004", criteria, "<cg:Criteria>", "<cg:Criteria>すべて");
    refuses("CG-E004", &format!("{criteria}/SignalCode"), "UNMET_INFANT", "UNMET");
    refuses("CG-E004", &format!("{criteria}/SeverityAtLeast"), "Medium", "Mild");
    refuses("CG-E004", &format!("{criteria}/SeverityAtLeast/@scale"), "scale=\"JP5\"", "scale=\"NIEM\"");
    refuses("CG-E004", &format!("{criteria}/AgeMonthsTo"), ">12<", ">-1<");
    refuses("CG-E004", &format!("{criteria}/IncludeUnborn"), ">true<", ">yes<");
    refuses("CG-E004", &format!("{criteria}/UnresponsiveVisitCount/@withinDays"), " withinDays=\"90\"", "");
    refuses("CG-E004", &format!("{criteria}/PersonCriterion"), "<cg:Criteria>", "<cg:Criteria><cg:PersonCriterion/>");
    refuses("CG-E004", "/CaseQueryRequest/RequestedLevel", ">L2<", ">L4<");
    refuses("CG-E004", "/CaseQueryRequest/PurposeCode", "Investigation", "Curiosity");
    refuses("CG-E004", "/CaseQueryRequest/@messageID", "7b1e6a52-0c0e-4f3d-9b61-1c7a7f5d2f10", "日本");
    refuses("CG-E004", "/CaseQueryRequest/Sender/WorkerID", "w-0412", "真壁");
    let twice = "<cg:RequestedLevel>L1</cg:RequestedLevel><cg:RequestedLevel>";
    refuses("CG-E004", "/CaseQueryRequest/RequestedLevel", "<cg:RequestedLevel>", twice);
    let long = "番".repeat(65);
    refuses("CG-E004", "/CaseQueryRequest/RelatedCaseID", "2026-00318", &long);
    let other_namespace = DOCUMENT.replace("urn:musubi:cgc:1.0", "urn:musubi:cgc:9.0");
    assert_eq!(decode_query(other_namespace.as_bytes(), &profile_of("CGC-130001-01")).unwrap_err()[0].code, "CG-E004");
}

#[test]
fn other_namespaces_stand_in_an_extension_alone() {
    let extended = |inside: &str| {
        DOCUMENT.replace("<cg:Criteria>", &format!("<cg:Extension>{inside}</cg:Extension><cg:Criteria>"))
    };
    let read = |text: String| decode_query(text.as_bytes(), &profile_of("CGC-130001-01"));
    assert!(read(extended("<x:y xmlns:x='urn:x'><x:z k='1'>t</x:z></x:y>")).is_ok());
    assert!(read(extended("<x:y xmlns:x='urn:x'><cg:SignalCode>DV</cg:SignalCode></x:y>")).is_err());
}

#[test]
fn cg_e005_a_moment_needs_its_offset() {
    for wrong in
        ["2026-06-03T09:12:00", "2026-06-03", "2026-06-31T09:12:00+09:00", "2026-06-03 09:12:00+09:00", "令和8年6月3日"]
    {
        refuses("CG-E005", "/CaseQueryRequest/@createdAt", "2026-06-03T09:12:00+09:00", wrong);
    }
    for wrong in ["2026-02-30", "2026-06-03+09:00", "20260603"] {
        let moved = format!("<cg:Criteria><cg:MovedSince>{wrong}</cg:MovedSince>");
        refuses("CG-E005", "/CaseQueryRequest/Criteria/MovedSince", "<cg:Criteria>", &moved);
    }
    let born =
        "<cg:Criteria><cg:PersonCriterion><cg:PersonBirthDate>1899-12-31</cg:PersonBirthDate></cg:PersonCriterion>";
    assert_eq!(faults("<cg:Criteria>", born).first().unwrap().0, "CG-E005");
}

#[test]
fn cg_e301_a_municipality_outside_the_area_is_named() {
    let (_, query) = read(ROW_13);
    let area = [Municipality::new("482072").unwrap()];
    assert!(outside_area(&query, &area).is_empty());
    let query = CaseQuery { municipalities: vec![Municipality::new("131130").unwrap()], ..query };
    assert_eq!(outside_area(&query, &area).first().map(|fault| fault.code.as_ref()), Some("CG-E301"));
}

#[test]
fn cg_e302_a_query_without_a_worker_is_refused() {
    refuses("CG-E302", "/CaseQueryRequest/Sender/WorkerID", "<cg:WorkerID>w-0412</cg:WorkerID>", "");
    refuses("CG-E302", "/CaseQueryRequest/Sender/WorkerID", "w-0412", "  ");
}

#[test]
fn cg_e303_a_basis_that_opens_nothing_is_refused() {
    for wrong in ["CAPA5(4)", "CWA21-10-5", "なし", ""] {
        refuses("CG-E303", "/CaseQueryRequest/LegalBasisCode", "CAPA13-4", wrong);
    }
    refuses("CG-E303", "/CaseQueryRequest/LegalBasisCode", "<cg:LegalBasisCode>CAPA13-4</cg:LegalBasisCode>", "");
}

#[test]
fn cg_e304_another_sender_than_the_connection_is_refused() {
    refuses("CG-E304", "/CaseQueryRequest/Sender/OrganizationIdentification", "CGC-130001-01", "CGC-480002-02");
}

#[test]
fn cg_e305_a_query_cites_a_ground() {
    refuses("CG-E305", "/CaseQueryRequest/RelatedCaseID", "<cg:RelatedCaseID>2026-00318</cg:RelatedCaseID>", "");
}

#[test]
fn statistics_need_no_ground() {
    let text = DOCUMENT
        .replace("Investigation", "Statistics")
        .replace("<cg:RelatedCaseID>2026-00318</cg:RelatedCaseID>", "")
        .replace("<cg:LegalBasisCode>CAPA13-4</cg:LegalBasisCode>", "");
    let (_, query) = decode_query(text.as_bytes(), &profile_of("CGC-130001-01")).unwrap();
    assert_eq!((query.purpose, query.ground.as_str()), (Purpose::P12, ""));
}

#[test]
fn a_wrong_municipality_code_and_an_individual_number_are_refused() {
    refuses("JP-E703", "/CaseQueryRequest/Criteria/JurisdictionCode", "131130", "131131");
    let specimen = ["1234", "5678", "9018"].concat();
    let spaced = ["1234", "5678", "9018"].join("-");
    for number in [specimen, spaced] {
        refuses("JP-E721", "/CaseQueryRequest/RelatedCaseID", "2026-00318", &number);
        let hidden = format!("<cg:Extension><x:y xmlns:x='urn:x' k='{number}'/></cg:Extension><cg:Criteria>");
        refuses("JP-E721", "/CaseQueryRequest/Extension/*", "<cg:Criteria>", &hidden);
    }
}

#[test]
fn a_person_is_described_by_names_birth_and_address() {
    let person = "<cg:Criteria><cg:PersonCriterion><cg:PersonName><cg:PersonSurName>髙柳</cg:PersonSurName>\
                  <cg:PersonGivenName>灯</cg:PersonGivenName></cg:PersonName><cg:PersonKanaName>タカヤナギ　アカリ</cg:PersonKanaName>\
                  <cg:PersonBirthDate>2026-10-19</cg:PersonBirthDate><cg:PersonSexCode>2</cg:PersonSexCode>\
                  <cg:AddressFullText>汐音市浜通2丁目</cg:AddressFullText></cg:PersonCriterion>";
    let text = DOCUMENT.replace("<cg:Criteria>", person);
    let (_, query) = decode_query(text.as_bytes(), &profile_of("CGC-130001-01")).unwrap();
    let person = query.person.unwrap();
    assert_eq!(person.written.first().unwrap().text, "髙柳　灯");
    assert_eq!(person.kana.first().unwrap().text, "タカヤナギ　アカリ");
    assert!(person.birth_date.is_some() && person.sex.is_some() && !person.addresses.is_empty());
}

#[test]
fn no_fault_repeats_a_value() {
    let secrets = ["山田花子", "カナリア", "secret-0412"];
    let mut text =
        DOCUMENT.replace("w-0412", "山田花子").replace("UNMET_INFANT", "カナリア").replace("L2", "secret-0412");
    text = text.replace("<cg:Criteria>", "<cg:Criteria 山田花子='カナリア'><cg:山田花子>secret-0412</cg:山田花子>");
    let faults = decode_query(text.as_bytes(), &profile_of("CGC-130001-01")).unwrap_err();
    assert!(faults.len() >= 4);
    for fault in faults {
        let shown = fault.to_string();
        assert!(secrets.iter().all(|secret| !shown.contains(secret)), "{shown}");
    }
}

#[test]
fn a_query_that_is_cut_anywhere_is_refused() {
    let whole = DOCUMENT.trim_end().as_bytes();
    for end in 0..whole.len() {
        assert!(decode_query(&whole[..end], &profile_of("CGC-130001-01")).is_err(), "cut at {end}");
    }
}

#[test]
fn a_query_is_recognised_and_is_no_submission() {
    assert!(CgcXml.recognises(DOCUMENT.as_bytes()));
    assert!(!CgcXml.recognises(b"<ClinicalDocument xmlns='urn:hl7-org:v3'/>"));
    let decoded = CgcXml.decode(DOCUMENT.as_bytes(), &profile_of("CGC-130001-01"));
    assert_eq!(decoded.diagnostics.first().map(|fault| fault.code.as_ref()), Some("CG-E007"));
    assert_eq!(decoded.taken(), 0);
}
