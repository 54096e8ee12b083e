#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::*;
use crate::consent::records::{Channel, Consent, Grantee, Proof, Relationship, Scope, Seal, Shield};
use crate::signals::fixture::{about, entry, on, person, stored};
use jiff::civil::date;
use musubi_proto::v1 as proto;
use proto::entry::Body;
use uuid::Uuid;

const MOTHER: u32 = 1;
const CHILD: u32 = 2;
const REVIEWED: &str = include_str!("../../../policy/retention.toml");
/// The entries of the tests are recorded on 11 November 2026; the child is born on 19 October.
const CLINICAL_IS_FREE: Day = date(2031, 11, 11);
const PROTECTION_IS_FREE: Day = date(2051, 10, 19);

fn at(day: Day) -> Time {
    Time::start_of(day)
}

fn born() -> proto::Entry {
    let details = proto::PersonDetails { birth_date: Some(on(2026, 10, 19)), ..Default::default() };
    about(CHILD, "person", Body::PersonDetails(details))
}

fn check() -> proto::Entry {
    about(MOTHER, "check", Body::PostpartumCheck(proto::PostpartumCheck { round: Some(1), ..Default::default() }))
}

fn case(status: &str) -> proto::Entry {
    let case = proto::WelfareCase { case_id: "8-1".to_owned(), status: status.to_owned(), ..Default::default() };
    entry(&[CHILD, MOTHER], "case", Body::WelfareCase(case))
}

/// What may be on file besides entries.
#[derive(Default)]
struct File {
    subject: SubjectFacts,
    holds: Vec<LegalHold>,
    waiting: BTreeSet<Hold>,
    last_act: Option<Time>,
}

fn judge_by(schedule: &Schedule, entries: Vec<proto::Entry>, file: &File, now: Time) -> Verdict {
    let entries = if entries.is_empty() { Vec::new() } else { stored(entries) };
    let dossier = Dossier {
        persons: &BTreeSet::from([person(1), person(2)]),
        municipalities: &BTreeSet::from([Municipality::new("482072").unwrap()]),
        entries: &entries,
        record: &SharedRecord::gather(entries.clone()),
        subjects: &BTreeMap::from([(person(1), file.subject.clone())]),
        grounds: &[],
        holds: &file.holds,
        waiting: file.waiting.clone(),
        last_act: file.last_act,
    };
    verdict(schedule, &dossier, now)
}

fn judge(entries: Vec<proto::Entry>, file: &File, now: Time) -> Verdict {
    judge_by(&Schedule::reviewed(), entries, file, now)
}

fn kept(until: Day, rule: &str) -> Verdict {
    Verdict::Kept { until, rule: rule.to_owned() }
}

fn due(since: Day, rule: &str) -> Verdict {
    Verdict::Due { since, rule: rule.to_owned() }
}

#[test]
fn what_a_hospital_wrote_is_kept_for_five_years_and_not_a_day_less() {
    let day_before = CLINICAL_IS_FREE.yesterday().unwrap();
    assert_eq!(judge(vec![check()], &File::default(), at(day_before)), kept(CLINICAL_IS_FREE, "R2"));
    assert_eq!(judge(vec![check()], &File::default(), at(CLINICAL_IS_FREE)), due(CLINICAL_IS_FREE, "R2"));
}

#[test]
fn a_closed_case_is_kept_until_the_child_is_twenty_five() {
    let entries = || vec![check(), born(), case("Closed")];
    let day_before = PROTECTION_IS_FREE.yesterday().unwrap();
    assert_eq!(judge(entries(), &File::default(), at(day_before)), kept(PROTECTION_IS_FREE, "R1"));
    assert_eq!(judge(entries(), &File::default(), at(PROTECTION_IS_FREE)), due(PROTECTION_IS_FREE, "R1"));
}

#[test]
fn where_no_birth_is_known_the_years_count_from_the_entry() {
    let verdict = judge(vec![case("Closed")], &File::default(), at(PROTECTION_IS_FREE));
    assert_eq!(verdict, kept(date(2051, 11, 11), "R1"));
}

#[test]
fn what_was_done_last_keeps_what_it_was_done_about() {
    let file = File { last_act: Some(at(date(2029, 3, 1))), ..File::default() };
    assert_eq!(judge(vec![check()], &file, at(CLINICAL_IS_FREE)), kept(date(2034, 3, 1), "R3"));
}

#[test]
fn an_order_an_open_case_and_what_waits_beat_the_schedule() {
    let (late, early) = (at(date(2099, 1, 1)), Time::from_micros(1));
    let held = |hold: Hold| Verdict::Held(BTreeSet::from([hold]));
    let id = FactId(Uuid::from_u128(7));
    let order = |lifted_at| LegalHold {
        id,
        subject: person(1),
        reason: "損害賠償請求訴訟".to_owned(),
        officer: "isobe".to_owned(),
        recorded_at: early,
        lifted_at,
    };
    let file = |order| File { holds: vec![order], ..File::default() };
    assert_eq!(judge(vec![check()], &file(order(None)), late), held(Hold::LegalHold));
    assert_eq!(judge(vec![check()], &file(order(Some(late))), late), due(CLINICAL_IS_FREE, "R2"), "it was lifted");
    assert_eq!(judge(vec![check(), case("Monitoring")], &File::default(), late), held(Hold::OpenCase));
    for hold in [Hold::OpenWork, Hold::OpenReferral, Hold::Delivery] {
        let file = File { waiting: BTreeSet::from([hold]), ..File::default() };
        assert_eq!(judge(vec![check()], &file, late), held(hold));
    }
    let seal = Seal { id, subject: person(1), allowed: Vec::new(), since: early, recorded_at: early, lifted_at: None };
    let subject = SubjectFacts { seals: vec![seal], ..SubjectFacts::default() };
    assert_eq!(judge(vec![check()], &File { subject, ..File::default() }, late), held(Hold::Seal));
    let shield = Shield {
        id,
        subject: person(1),
        since: early,
        until: at(date(2027, 1, 1)),
        allowed: Vec::new(),
        recorded_at: early,
        lifted_at: None,
    };
    let subject = SubjectFacts { shields: vec![shield], ..SubjectFacts::default() };
    assert_eq!(
        judge(vec![check()], &File { subject, ..File::default() }, late),
        held(Hold::Shield),
        "nobody lifted it"
    );
    assert_eq!(judge(Vec::new(), &File::default(), late), held(Hold::Undated));
}

#[test]
fn a_consent_in_effect_holds_and_one_that_ended_counts_from_its_end() {
    let consent = Consent {
        id: FactId(Uuid::from_u128(8)),
        version: 1,
        supersedes: None,
        kind: ConsentKind::Permit,
        subject: person(1),
        grantor: Some(person(1)),
        relationship: Relationship::Subject,
        authority: String::new(),
        grantee: Grantee::Everyone,
        categories: Scope::All,
        purposes: Vec::new(),
        valid_from: Time::from_micros(1),
        valid_until: Some(at(date(2028, 4, 1))),
        recorded_at: Time::from_micros(1),
        evidence: Proof { channel: Channel::Electronic, ..Proof::spoken() },
        status: Status::Active,
        explanation_given: String::new(),
    };
    let subject = SubjectFacts { consents: vec![consent], ..SubjectFacts::default() };
    let file = File { subject, ..File::default() };
    let running = Verdict::Held(BTreeSet::from([Hold::RunningConsent]));
    assert_eq!(judge(vec![check()], &file, at(date(2028, 3, 31))), running);
    assert_eq!(judge(vec![check()], &file, at(CLINICAL_IS_FREE)), kept(date(2033, 4, 1), "R3"));
}

#[test]
fn a_municipality_lengthens_and_never_shortens() {
    let longer = |years: u8| {
        let more = format!("[[rule.longer]]\nmunicipality = \"482072\"\nyears = {years}\n");
        REVIEWED.replacen("\n[[rule]]\ncode = \"R3\"", &format!("\n{more}\n[[rule]]\ncode = \"R3\""), 1)
    };
    let schedule = Schedule::load(&longer(10)).unwrap();
    let verdict = judge_by(&schedule, vec![check()], &File::default(), at(CLINICAL_IS_FREE));
    assert_eq!(verdict, kept(date(2036, 11, 11), "R2"));
    assert!(Schedule::load(&longer(4)).is_err());
}

#[test]
fn a_schedule_that_leaves_a_category_out_is_not_taken() {
    let without = REVIEWED.replace("\"C20\"", "\"C13\"");
    let fault = Schedule::load(&without).unwrap_err().to_string();
    assert!(fault.contains("C20"), "{fault}");
    assert!(Schedule::load(&REVIEWED.replace("acts = true", "acts = false")).is_err());
    assert!(Schedule::load(&REVIEWED.replace("R3", "R2")).is_err());
    assert!(Schedule::load(&REVIEWED.replace("counted", "count")).is_err());
}

#[test]
fn what_another_schedule_says_otherwise_is_told_rule_by_rule() {
    let reviewed = Schedule::reviewed();
    assert!(reviewed.diff(&reviewed).is_empty());
    let other = Schedule::load(&REVIEWED.replacen("years = 25", "years = 30", 1)).unwrap();
    let said: Vec<String> = reviewed.diff(&other).iter().map(ToString::to_string).collect();
    assert_eq!(said, ["retention R1: C13 C14 C20 25 years from birth -> C13 C14 C20 30 years from birth"]);
    let renamed = Schedule::load(&REVIEWED.replace("R2", "R9")).unwrap();
    assert_eq!(reviewed.diff(&renamed).len(), 2, "one went, and one came");
}

#[test]
fn who_is_born_on_a_leap_day_is_twenty_five_on_the_first_of_march() {
    let schedule = Schedule::reviewed();
    assert_eq!(schedule.rules()[0].free_on(date(2028, 2, 29), &BTreeSet::new()), date(2053, 3, 1));
}
