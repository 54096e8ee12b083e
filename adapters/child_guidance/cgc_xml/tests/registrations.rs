//! Cases that a center sends.

use super::super::*;
use musubi_core::agency::AgencyId;
use musubi_core::time::Time;

const SAMPLE: &str = include_str!("../samples/registration.xml");
const CASE: &str = "/CaseRegistration/ChildWelfareCase";

fn decoded(text: &str) -> Decoded {
    CgcXml.decode(text.as_bytes(), &Profile::plain(AgencyId::new("CGC-480002-02").unwrap(), Time::MIN))
}

fn refuses(code: &str, place: &str, from: &str, to: &str) {
    assert!(SAMPLE.contains(from), "{from}");
    let decoded = decoded(&SAMPLE.replacen(from, to, 1));
    let faults: Vec<(&str, &str)> =
        decoded.all_diagnostics().map(|fault| (fault.code.as_ref(), fault.place.as_str())).collect();
    assert_eq!(faults, [(code, place)], "{to}");
    assert_eq!((decoded.taken(), decoded.refused_count()), (0, 1));
}

#[test]
fn a_case_becomes_entries_about_its_people() {
    let decoded = decoded(SAMPLE);
    assert_eq!(decoded.all_diagnostics().count(), 0);
    let submission = decoded.items[0].submission.as_ref().unwrap();
    let kinds = ["welfare_case", "contact_attempt", "parent_child", "person_details", "person_details"];
    assert_eq!(submission.kinds(), kinds);
    assert_eq!(submission.people().len(), 2);
    assert_eq!(submission.shields_asked().len(), 1, "ShieldedIndicator of the mother");
    assert_eq!(submission.municipality_of_address().unwrap().as_str(), "482072");
    assert_eq!(
        (submission.header().format.as_str(), submission.header().message_id.as_str()),
        ("cgc-xml", "r-2026-1115-01")
    );
    let json: serde_json::Value = serde_json::from_str(&submission.to_author_json()).unwrap();
    let case = &json["entries"][0]["welfareCase"];
    assert_eq!((&case["severity"], &case["urgency"]), (&"Concern".into(), &"A".into()));
    assert_eq!(json["entries"][1]["contactAttempt"]["result"], "seen_child");
    assert_eq!(json["entries"][2]["parentChild"]["relationship"], "MTH");
    assert_eq!(json["entries"][0]["label"], "R");
}

#[test]
fn every_field_of_the_sample_is_accounted_for() {
    fn filled(element: &crate::xml::Element) -> usize {
        let own = element.attributes.len() + usize::from(!element.value().is_empty());
        own + element.children.iter().map(filled).sum::<usize>()
    }
    let root = crate::xml::read(SAMPLE.as_bytes(), &crate::xml::Limits::CASE_EXCHANGE, |_| true).unwrap();
    let decoded = decoded(SAMPLE);
    let places: Vec<String> = decoded.ledger.lines().map(|line| line.place).collect();
    assert_eq!(places.len(), filled(&root));
    assert!(places.iter().any(|place| place == "/CaseRegistration/ChildWelfareCase/ContactActivity/ChildSeen"));
}

#[test]
fn cg_e401_a_subject_has_one_of_the_two_dates() {
    let born = "<cg:PersonBirthDate>2026-10-19</cg:PersonBirthDate>";
    let subject = format!("{CASE}/SubjectPerson");
    refuses("CG-E401", &subject, born, "");
    refuses("CG-E401", &subject, born, &format!("{born}<cg:ExpectedBirthDate>2026-11-01</cg:ExpectedBirthDate>"));
}

#[test]
fn cg_e402_twins_need_their_order() {
    let start = SAMPLE.find("    <cg:SubjectPerson>").unwrap();
    let end = SAMPLE.find("    <cg:RelatedPerson>").unwrap();
    let child = &SAMPLE[start..end];
    let ordered = |id: &str, order: &str| {
        let order = format!("</cg:PersonSexCode><cg:BirthOrderNumeric>{order}</cg:BirthOrderNumeric>");
        child.replace(">p-1<", &format!(">{id}<")).replace("</cg:PersonSexCode>", &order)
    };
    let twins = SAMPLE.replace(child, &[ordered("p-1", "1"), ordered("p-3", "2")].concat());
    assert_eq!(decoded(&twins).taken(), 1);
    let untold = SAMPLE.replace(child, &[child.to_owned(), child.replace(">p-1<", ">p-3<")].concat());
    let codes: Vec<String> = decoded(&untold).all_diagnostics().map(|fault| fault.code.to_string()).collect();
    assert_eq!(codes, ["CG-E402", "CG-E402"]);
}

#[test]
fn cg_e403_and_e404_allegations_fit_the_case() {
    let place = format!("{CASE}/Allegation");
    refuses("CG-E403", &place, "<cg:Primary>true", "<cg:Primary>false");
    refuses("CG-E404", &place, "ChildInNeedOfSupport", "SpecifiedPregnantWoman");
}

#[test]
fn cg_e405_a_child_that_was_seen_is_the_result() {
    refuses("CG-E405", &format!("{CASE}/ContactActivity/ChildSeen"), ">SeenChild<", ">Absent<");
}

#[test]
fn what_is_missing_or_unknown_is_refused() {
    refuses("CG-E004", &format!("{CASE}/NextReviewDate"), "<cg:NextReviewDate>2026-11-18</cg:NextReviewDate>", "");
    refuses("CG-E004", &format!("{CASE}/CaseStatus"), ">Assessing<", ">Busy<");
    refuses("CG-E004", &format!("{CASE}/*"), "<cg:Allegation>", "<cg:InformantPerson/><cg:Allegation>");
    refuses(
        "CG-E004",
        &format!("{CASE}/ParentChildAssociation/ParentPersonID"),
        "ID>p-2</cg:Parent",
        "ID>p-9</cg:Parent",
    );
    refuses("CG-E005", &format!("{CASE}/IntakeDateTime"), "2026-11-14T23:40:00+09:00", "2026-11-14T23:40:00");
    refuses("JP-E703", &format!("{CASE}/SubjectPerson/Address/JurisdictionCode"), "482072</cg:J", "482071</cg:J");
    refuses("CG-E304", "/CaseRegistration/Sender/OrganizationIdentification", "CGC-480002-02", "CGC-1");
}

#[test]
fn a_registration_that_is_cut_anywhere_is_refused() {
    let whole = SAMPLE.trim_end();
    for end in (0..whole.len()).step_by(7) {
        let cut = decoded(std::str::from_utf8(&whole.as_bytes()[..end]).unwrap_or_default());
        assert_eq!(cut.taken(), 0, "cut at {end}");
    }
}
