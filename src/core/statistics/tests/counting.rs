use crate::cases::{CaseCategory, CaseSeverity, ReporterRoute, Urgency};
use crate::record::SharedRecord;
use crate::signals::fixture::{about, entry, now, on, person, stored};
use crate::statistics::{AgeBand, CountedCase, Dimension, NOT_STATED, Population, Statistics, Table, last_day};
use crate::time::{Day, Time};
use jiff::civil::date;
use musubi_proto::v1 as proto;
use proto::entry::Body;

const MOTHER: u32 = 1;
const CHILD: u32 = 2;
const SIBLING: u32 = 4;
const DAY: Day = date(2026, 10, 31);

fn case(subjects: &[u32], key: &str, change: impl FnOnce(&mut proto::WelfareCase)) -> proto::Entry {
    let mut case = proto::WelfareCase {
        category: "ChildInNeedOfSupport".to_owned(),
        severity: "Medium".to_owned(),
        urgency: "B".to_owned(),
        status: "HomeSupport".to_owned(),
        reporter_route: "Police".to_owned(),
        ..Default::default()
    };
    change(&mut case);
    entry(subjects, key, Body::WelfareCase(case))
}

fn born(child: u32, year: i32) -> proto::Entry {
    let details = proto::PersonDetails { birth_date: Some(on(year, 10, 19)), ..Default::default() };
    about(child, &format!("person {child}"), Body::PersonDetails(details))
}

fn counted(entries: Vec<proto::Entry>, number: u32) -> Option<CountedCase> {
    CountedCase::of(&SharedRecord::gather(stored(entries)), person(number.into()), DAY)
}

const fn supported() -> CountedCase {
    CountedCase {
        population: Population::Child,
        category: Some(CaseCategory::InNeedOfSupport),
        age: Some(AgeBand::Preschool),
        severity: Some(CaseSeverity::Medium),
        urgency: Some(Urgency::B),
        route: Some(ReporterRoute::Police),
    }
}

#[test]
fn a_child_counts_by_the_words_of_its_case() {
    assert_eq!(counted(vec![case(&[CHILD], "case", |_| {}), born(CHILD, 2022)], CHILD), Some(supported()));
    assert_eq!(counted(vec![born(CHILD, 2022)], CHILD), None, "without a case nobody counts");
}

#[test]
fn siblings_are_one_case_each_and_their_mother_is_none() {
    let entries = || vec![case(&[CHILD, SIBLING, MOTHER], "case", |_| {}), born(CHILD, 2022), born(SIBLING, 2026)];
    assert_eq!(counted(entries(), CHILD).unwrap().age, Some(AgeBand::Preschool));
    assert_eq!(counted(entries(), SIBLING).unwrap().age, Some(AgeBand::UnderThree));
    assert_eq!(counted(entries(), MOTHER), None);
}

#[test]
fn a_specified_pregnant_woman_counts_among_women_alone() {
    let pregnant = |case: &mut proto::WelfareCase| case.category = "SpecifiedPregnantWoman".to_owned();
    let counted_as = |number| counted(vec![case(&[MOTHER, CHILD], "case", pregnant)], number);
    assert_eq!(counted_as(MOTHER).unwrap().population, Population::PregnantWoman);
    assert_eq!(counted_as(CHILD), None);
}

#[test]
fn a_closed_case_counts_no_more_and_of_two_the_last_one_counts() {
    let closed = |case: &mut proto::WelfareCase| case.status = "Closed".to_owned();
    let grave = |case: &mut proto::WelfareCase| case.severity = "Severe".to_owned();
    assert_eq!(counted(vec![case(&[CHILD], "case", closed)], CHILD), None);
    let two = counted(vec![case(&[CHILD], "one", |_| {}), case(&[CHILD], "other", grave)], CHILD);
    assert_eq!(two.unwrap().severity, Some(CaseSeverity::Severe));
    let one = counted(vec![case(&[CHILD], "one", |_| {}), case(&[CHILD], "other", closed)], CHILD);
    assert_eq!(one.unwrap().severity, Some(CaseSeverity::Medium), "one authority still has it");
}

#[test]
fn a_word_of_no_code_set_counts_as_not_stated_and_stands_nowhere() {
    let strange = |case: &mut proto::WelfareCase| {
        case.category = "髙柳".to_owned();
        case.severity = "灯".to_owned();
        case.urgency = String::new();
        case.reporter_route = "隣の木村".to_owned();
    };
    let counted = counted(vec![case(&[CHILD], "case", strange)], CHILD).unwrap();
    let nothing = CountedCase { category: None, age: None, severity: None, urgency: None, route: None, ..supported() };
    assert_eq!(counted, nothing);
    let cases = [vec![supported(); 11], vec![counted; 12]].concat();
    let statistics = Statistics::count(&cases, DAY);
    let words = statistics.groups().iter().flat_map(|group| group.tables()).flat_map(|table| table.counts());
    let known = Dimension::ALL.iter().flat_map(|dimension| dimension.values()).collect::<Vec<_>>();
    assert!(words.clone().flat_map(|count| count.words).flatten().all(|word| known.contains(&word)));
    let not_stated = words.filter(|count| count.words == [Some(NOT_STATED), None] && count.number.is_some());
    assert!(not_stated.map(|count| count.number).any(|number| number == Some(12)));
}

#[test]
fn children_and_women_have_totals_of_their_own_and_no_tables_share_a_dimension() {
    let woman = CountedCase { population: Population::PregnantWoman, ..supported() };
    let cases: Vec<CountedCase> = std::iter::repeat_n(supported(), 14).chain([woman; 3]).collect();
    let statistics = Statistics::count(&cases, DAY);
    assert_eq!(statistics.counted_on(), DAY);
    let totals = |group: &crate::statistics::Group| {
        group.tables().iter().map(|table| table.counts().last().unwrap().number).collect::<Vec<_>>()
    };
    let [children, women] = statistics.groups() else { panic!("two groups") };
    assert_eq!((children.population(), totals(children)), (Population::Child, vec![Some(14); 3]));
    assert_eq!((women.population(), totals(women)), (Population::PregnantWoman, vec![None; 2]));
    for group in statistics.groups() {
        let all: Vec<Dimension> = group.tables().iter().flat_map(|table| table.dimensions()).flatten().collect();
        assert!(all.iter().all(|dimension| all.iter().filter(|other| *other == dimension).count() == 1));
    }
}

#[test]
fn a_count_stands_at_the_words_that_it_is_of() {
    let protected = CountedCase {
        category: Some(CaseCategory::InNeedOfProtection),
        age: Some(AgeBand::Primary),
        urgency: Some(Urgency::Aa),
        ..supported()
    };
    let cases: Vec<CountedCase> = [vec![supported(); 21], vec![protected; 13]].concat();
    let statistics = Statistics::count(&cases, DAY);
    let counts: Vec<_> = statistics.groups().iter().flat_map(|group| group.tables()).flat_map(Table::counts).collect();
    let told = |words| -> Vec<u32> {
        counts.iter().filter(|count| count.words == words).filter_map(|count| count.number).collect()
    };
    assert_eq!(told([None, None]), [34; 3]);
    assert_eq!(told([Some("ChildInNeedOfSupport"), None]), [21]);
    assert_eq!(told([Some("Police"), None]), [0; 0], "that it is all of them would tell that the others are nobody");
    assert!(counts.iter().filter_map(|count| count.number).all(|number| [21, 34].contains(&number)));
}

#[test]
fn school_begins_in_the_april_after_the_sixth_birthday() {
    let cases = [
        (date(2026, 3, 31), date(2019, 4, 2), AgeBand::Preschool),
        (date(2026, 4, 1), date(2019, 4, 2), AgeBand::Primary),
        (date(2026, 4, 1), date(2020, 4, 1), AgeBand::Primary),
        (date(2026, 4, 1), date(2020, 4, 2), AgeBand::Preschool),
        (date(2026, 3, 31), date(2013, 4, 2), AgeBand::Primary),
        (date(2026, 4, 1), date(2013, 4, 2), AgeBand::LowerSecondary),
        (date(2026, 4, 1), date(2010, 4, 2), AgeBand::UpperSecondary),
        (date(2026, 4, 1), date(2023, 4, 2), AgeBand::UnderThree),
        (date(2026, 4, 2), date(2023, 4, 2), AgeBand::Preschool),
        (date(2026, 4, 2), date(2026, 5, 2), AgeBand::UnderThree),
    ];
    for (day, born, band) in cases {
        assert_eq!(AgeBand::on(day, born), band, "{born} on {day}");
    }
}

#[test]
fn what_counts_ends_with_the_last_month_of_japan() {
    let at = |text: &str| last_day(Time::parse_rfc3339(text).unwrap());
    assert_eq!(last_day(now()), DAY);
    assert_eq!(at("2026-11-01T00:00:00+09:00"), DAY);
    assert_eq!(at("2026-10-31T15:00:00Z"), DAY);
    assert_eq!(at("2026-10-31T14:59:59Z"), date(2026, 9, 30));
    assert_eq!(at("2027-01-01T00:00:00+09:00"), date(2026, 12, 31));
}
