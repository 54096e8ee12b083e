#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::*;
use crate::agency::{Actor, AgencyKind};
use crate::consent::records::{CouncilCase, Member, PerpetratorLink, Seal, Shield};
use crate::id::{FactId, Municipality};
use crate::signals::fixture::{about, entry, now, on, person, stored, stored_by};
use uuid::Uuid;

const MOTHER: u32 = 1;
const CHILD: u32 = 2;
const CENTER: &str = "OSC-482072";
const GUIDANCE: &str = "CGC-480002-02";
const HOSPITAL: &str = "MED-4810700122";

fn case(subjects: &[u32], change: impl FnOnce(&mut proto::WelfareCase)) -> Vec<SharedEntry> {
    let mut case = proto::WelfareCase {
        case_id: "南児29".to_owned(),
        category: "ChildInNeedOfSupport".to_owned(),
        status: "HomeSupport".to_owned(),
        intake_at: Some(moment_on(10, 20)),
        ..Default::default()
    };
    change(&mut case);
    stored_by(GUIDANCE, AgencyKind::Cgc, vec![entry(subjects, "case", Body::WelfareCase(case))])
}

fn moment_on(month: i32, day: i32) -> proto::DateTime {
    proto::DateTime { date: Some(on(2026, month, day)), ..Default::default() }
}

fn stay(of: u32, status: &str, from: (i32, i32), until: (i32, i32)) -> Vec<SharedEntry> {
    let period = proto::Period { start: Some(moment_on(from.0, from.1)), end: Some(moment_on(until.0, until.1)) };
    let stay = proto::Encounter { status: status.to_owned(), period: Some(period), ..Default::default() };
    by_hospital(vec![about(of, "visit/1", Body::Encounter(stay))])
}

fn by_hospital(entries: Vec<proto::Entry>) -> Vec<SharedEntry> {
    stored_by(HOSPITAL, AgencyKind::Med, entries)
}

fn told(on_file: Vec<SharedEntry>, arriving: &[SharedEntry]) -> Vec<(u128, String)> {
    told_with(on_file, arriving, &BTreeMap::new())
}

fn told_with(
    on_file: Vec<SharedEntry>,
    arriving: &[SharedEntry],
    facts: &BTreeMap<PersonId, SubjectFacts>,
) -> Vec<(u128, String)> {
    let record = SharedRecord::gather(on_file.into_iter().chain(arriving.iter().cloned()).collect());
    let found = contacts(&record, arriving, facts, now());
    found.into_iter().map(|contact| (contact.person.0.as_u128(), contact.holder.to_string())).collect()
}

#[test]
fn the_holder_of_an_open_case_is_told_of_each_of_its_persons_who_comes_to_a_hospital() {
    let arriving = stay(MOTHER, "in_progress", (10, 28), (10, 30));
    assert_eq!(told(case(&[CHILD, MOTHER], |_| {}), &arriving), [(1, GUIDANCE.to_owned())]);
    assert_eq!(told(case(&[CHILD], |_| {}), &arriving), [], "somebody who is not of the case");
    assert_eq!(told(Vec::new(), &arriving), []);
}

#[test]
fn a_closed_case_a_planned_stay_and_one_that_was_over_before_tell_nobody() {
    let arriving = stay(MOTHER, "finished", (10, 28), (10, 30));
    assert_eq!(told(case(&[MOTHER], |case| case.status = "Closed".to_owned()), &arriving), []);
    assert_eq!(told(case(&[MOTHER], |_| {}), &stay(MOTHER, "planned", (10, 28), (10, 30))), []);
    assert_eq!(told(case(&[MOTHER], |_| {}), &stay(MOTHER, "finished", (10, 2), (10, 19))), []);
    let going_on = stay(MOTHER, "finished", (10, 2), (10, 21));
    assert_eq!(told(case(&[MOTHER], |_| {}), &going_on).len(), 1, "it went on while the case was open");
}

#[test]
fn the_case_of_a_specified_pregnant_woman_is_about_the_child_that_she_bears() {
    let born = || {
        let link = proto::ParentChild { relationship: "mother".to_owned(), ..Default::default() };
        by_hospital(vec![
            about(
                CHILD,
                "birth/1",
                Body::Newborn(proto::Newborn { born_at: Some(moment_on(10, 26)), ..Default::default() }),
            ),
            entry(&[MOTHER, CHILD], "link/1", Body::ParentChild(link)),
        ])
    };
    let pregnant = |case: &mut proto::WelfareCase| case.category = "SpecifiedPregnantWoman".to_owned();
    assert_eq!(told(case(&[MOTHER], pregnant), &born()), [(2, GUIDANCE.to_owned())]);
    assert_eq!(told(case(&[MOTHER], |_| {}), &born()), [], "another case is about those whom it names");
}

#[test]
fn a_case_of_the_council_is_open_as_long_as_its_list_is() {
    let case =
        proto::CouncilCase { case_id: "8-017".to_owned(), opened_on: Some(on(2026, 10, 20)), ..Default::default() };
    let on_file = || stored(vec![about(MOTHER, "council:8-017", Body::CouncilCase(case.clone()))]);
    let list = |closed_at| CouncilCase {
        id: FactId(Uuid::from_u128(1)),
        supersedes: Vec::new(),
        number: "8-017".to_owned(),
        subjects: vec![person(1)],
        members: vec![Member { agency: AgencyId::new(CENTER).unwrap(), from: Time::MIN, until: None }],
        recorded_at: Time::MIN,
        closed_at,
    };
    let facts = |lists| BTreeMap::from([(person(1), SubjectFacts { council_cases: lists, ..SubjectFacts::default() })]);
    let arriving = stay(MOTHER, "in_progress", (10, 28), (10, 30));
    let told = |lists| told_with(on_file(), &arriving, &facts(lists));
    assert_eq!(told(vec![list(None)]), [(1, CENTER.to_owned())]);
    assert_eq!(told(vec![list(Some(now().plus_days(-1)))]), []);
    assert_eq!(told(Vec::new()), []);
}

/// Is the holder told, with this on the person's file?
fn passes(holder: &str, kind: AgencyKind, change: impl FnOnce(&mut Facts, &mut SubjectFacts)) -> bool {
    let home = Municipality::new("482072").unwrap();
    let mut facts = Facts { recipient_active: true, ..Facts::default() };
    let mut subject = SubjectFacts { homes: vec![home.clone()], ..SubjectFacts::default() };
    change(&mut facts, &mut subject);
    facts.subjects.insert(person(1), subject);
    let request = Request {
        recipient: AgencyId::new(holder).unwrap(),
        kind,
        purpose: TOLD_FOR,
        actor: Actor::system(),
        municipality: (holder == CENTER).then_some(home),
        cited_ground: None,
    };
    let holder = request.recipient.clone();
    let contact = Contact { person: person(1), holder, case: String::new(), from: now(), stays: BTreeSet::new() };
    may_be_told(&Policy::reviewed(), &request, &facts, (&contact, &AgencyId::new(HOSPITAL).unwrap()), now())
}

#[test]
fn the_notice_needs_no_ground_and_passes_no_gate() {
    let (id, recorded_at) = (FactId(Uuid::from_u128(7)), Time::MIN);
    let seal = Seal { id, subject: person(1), allowed: Vec::new(), since: recorded_at, recorded_at, lifted_at: None };
    let linked = |agency: &str| {
        let agency = AgencyId::new(agency).unwrap();
        PerpetratorLink { id, subject: person(1), agency, since: recorded_at, recorded_at, lifted_at: None }
    };
    let shield = Shield {
        id,
        subject: person(1),
        since: recorded_at,
        until: now().plus_days(9),
        allowed: Vec::new(),
        recorded_at,
        lifted_at: None,
    };
    let elsewhere = "OSC-482081";
    for (holder, kind, shielded) in
        [(GUIDANCE, AgencyKind::Cgc, true), (CENTER, AgencyKind::Osc, true), (elsewhere, AgencyKind::Osc, false)]
    {
        assert!(passes(holder, kind, |_, _| {}), "{holder}");
        assert!(!passes(holder, kind, |facts, _| facts.recipient_active = false), "{holder}");
        assert!(!passes(holder, kind, |_, subject| subject.seals.push(seal.clone())), "{holder}");
        assert!(!passes(holder, kind, |_, subject| subject.perpetrator_links.push(linked(holder))), "{holder}");
        let of_hospital = passes(holder, kind, |_, subject| subject.perpetrator_links.push(linked(HOSPITAL)));
        assert!(of_hospital, "a hospital close to the perpetrator is a reason to be told");
        assert_eq!(passes(holder, kind, |_, subject| subject.shields.push(shield.clone())), shielded, "{holder}");
    }
}
