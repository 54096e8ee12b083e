#![expect(clippy::unwrap_used, reason = "a test may panic")]
use super::*;
use std::collections::BTreeSet;

fn agency(id: &str) -> AgencyId {
    AgencyId::new(id).unwrap()
}

fn sent() -> Referral {
    let id = ReferralId(uuid::Uuid::from_u128(1));
    Referral::new(id, "postnatal_care", agency("OSC-1"), agency("PRV-1"), "", Time::MIN, Some(Time::MIN.plus_days(1)))
        .unwrap()
}

#[test]
fn a_referral_goes_from_sent_to_completed_with_a_report() {
    let provider = agency("PRV-1");
    let steps = [Step::Receive, Step::Accept, Step::Begin, Step::Complete(Report::in_words("R-1"))];
    let closed =
        steps.into_iter().try_fold(sent(), |referral, step| referral.step(&provider, "m-1", step, Time::MIN)).unwrap();
    assert_eq!(*closed.state(), State::Closed(Outcome::Completed { report: "R-1".to_owned(), entries: Vec::new() }));
}

#[test]
fn only_the_asked_agency_accepts() {
    assert_eq!(sent().step(&agency("OSC-1"), "x", Step::Accept, Time::MIN).unwrap_err().code, "M605");
}

#[test]
fn a_decline_without_a_reason_closes_nothing() {
    let declined = sent().step(&agency("PRV-1"), "x", Step::Decline(String::new()), Time::MIN);
    assert!(declined.is_err());
}

#[test]
fn a_closed_referral_takes_no_step() {
    let provider = agency("PRV-1");
    let closed = sent().step(&provider, "x", Step::Decline("full".to_owned()), Time::MIN).unwrap();
    assert!(closed.step(&provider, "x", Step::Accept, Time::MIN).is_err());
}

#[test]
fn a_case_is_taken_over_by_a_named_officer_and_never_lapses() {
    let id = ReferralId(uuid::Uuid::from_u128(2));
    let (from, to, by) = (agency("CGC-1"), agency("OSC-1"), Time::MIN.plus_days(1));
    let transfer = Referral::new(id, CASE_TRANSFER, from, to.clone(), "", Time::MIN, Some(by)).unwrap();
    let transfer = transfer.at(Time::MIN.plus_days(9));
    assert_eq!(*transfer.state(), State::Sent);
    assert_eq!(transfer.clone().step(&to, "", Step::Accept, by).unwrap_err().code, "M609");
    assert!(transfer.step(&to, "f-1", Step::Accept, by).is_ok());
}

#[test]
fn a_referral_that_nobody_answers_expires() {
    assert_eq!(*sent().at(Time::MIN.plus_days(2)).state(), State::Closed(Outcome::Expired));
}

#[test]
fn entries_alone_are_a_report_and_none_at_all_is_not() {
    let provider = agency("PRV-1");
    let accepted = sent().step(&provider, "m-1", Step::Accept, Time::MIN).unwrap();
    let nothing = accepted.clone().step(&provider, "m-1", Step::Complete(Report::default()), Time::MIN);
    assert_eq!(nothing.unwrap_err().code, "M605");
    let report = Report { words: String::new(), entries: vec![EntryId(uuid::Uuid::from_u128(7))] };
    let completed = accepted.step(&provider, "m-1", Step::Complete(report.clone()), Time::MIN).unwrap();
    let outcome = Outcome::Completed { report: String::new(), entries: report.entries };
    assert_eq!(*completed.state(), State::Closed(outcome));
}

#[test]
fn the_entries_of_a_report_are_named_once_and_only_of_what_is_completed() {
    let (provider, entry) = (agency("PRV-1"), vec![EntryId(uuid::Uuid::from_u128(7))]);
    let accepted = sent().step(&provider, "m-1", Step::Accept, Time::MIN).unwrap();
    assert!(accepted.clone().with_reports(entry.clone()).is_err());
    let completed = accepted.step(&provider, "m-1", Step::Complete(Report::in_words("11/3")), Time::MIN).unwrap();
    assert!(completed.clone().with_reports(Vec::new()).is_err());
    let named = completed.with_reports(entry.clone()).unwrap();
    assert_eq!(*named.state(), State::Closed(Outcome::Completed { report: "11/3".to_owned(), entries: entry.clone() }));
    assert!(named.with_reports(entry).is_err());
}

#[test]
fn who_was_not_there_is_given_another_day() {
    let (provider, day) = (agency("PRV-1"), Time::MIN.plus_days(3));
    let steps = [Step::Accept, Step::Schedule(day), Step::NoShow, Step::Schedule(day.plus_days(1)), Step::Begin];
    let states = steps.into_iter().scan(sent(), |referral, step| {
        *referral = referral.clone().step(&provider, "m-1", step, Time::MIN).unwrap();
        Some(referral.state().to_string())
    });
    assert_eq!(states.collect::<Vec<_>>(), ["accepted", "scheduled", "no_show", "scheduled", "in_service"]);
    assert!(sent().step(&provider, "m-1", Step::NoShow, Time::MIN).is_err());
}

/// Every step that anybody could try, with its words and without.
fn tries() -> Vec<Step> {
    vec![
        Step::Receive,
        Step::Accept,
        Step::Decline(String::new()),
        Step::Decline("満床".to_owned()),
        Step::Schedule(Time::MIN.plus_days(1)),
        Step::NoShow,
        Step::Begin,
        Step::Complete(Report::default()),
        Step::Complete(Report::in_words("訪問した")),
        Step::AskCancel,
        Step::Cancel,
    ]
}

/// Every state that can be reached, by whatever step of whichever party, and by waiting.
fn reached() -> Vec<Referral> {
    let (mut all, mut next) = (Vec::new(), vec![sent()]);
    let mut seen: BTreeSet<String> = BTreeSet::new();
    while let Some(referral) = next.pop() {
        if !seen.insert(format!("{:?}", referral.state())) {
            continue;
        }
        for by in ["OSC-1", "PRV-1", "MED-9"].map(agency) {
            next.extend(tries().into_iter().filter_map(|step| referral.clone().step(&by, "m-1", step, Time::MIN).ok()));
        }
        next.push(referral.clone().at(Time::MIN.plus_days(2)));
        all.push(referral);
    }
    all
}

#[test]
fn a_referral_is_closed_with_a_report_a_reason_an_agreement_or_by_expiry_and_then_for_good() {
    let closed: Vec<Referral> = reached().into_iter().filter(|one| matches!(one.state(), State::Closed(_))).collect();
    let names: BTreeSet<String> = closed.iter().map(|one| one.state().to_string()).collect();
    assert_eq!(names.into_iter().collect::<Vec<_>>(), ["cancelled", "completed", "declined", "expired"]);
    for referral in closed {
        match referral.state() {
            State::Closed(Outcome::Completed { report, entries }) => assert!(!report.is_empty() || !entries.is_empty()),
            State::Closed(Outcome::Declined { reason }) => assert!(!reason.is_empty()),
            _ => {}
        }
        for by in ["OSC-1", "PRV-1", "MED-9"].map(agency) {
            assert!(tries().into_iter().all(|step| referral.clone().step(&by, "m-1", step, Time::MIN).is_err()));
        }
    }
}

#[test]
fn nobody_but_its_parties_takes_a_step() {
    let stranger = agency("MED-9");
    for referral in reached() {
        for step in tries() {
            let taken = referral.clone().step(&stranger, "m-1", step.clone(), Time::MIN);
            assert!(taken.is_err(), "{:?} from {}", step, referral.state());
        }
    }
}

#[test]
fn a_completed_referral_of_before_has_no_entries() {
    let stored = r#"{"closed":{"completed":{"report":"R-1"}}}"#;
    let read: State = serde_json::from_str(stored).unwrap();
    assert_eq!(read, State::Closed(Outcome::Completed { report: "R-1".to_owned(), entries: Vec::new() }));
    assert_eq!(serde_json::to_string(&read).unwrap(), stored, "and is written as it was");
}
