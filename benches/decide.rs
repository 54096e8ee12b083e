//! How long a decision takes: twenty categories at once by tiers and by words, and whole items with facts on file.

mod measure;

use measure::{Subject, figure, measure};
use musubi_core::agency::{Actor, AgencyId, AgencyKind, Category, CategorySet, Purpose};
use musubi_core::consent::bits::Words;
use musubi_core::consent::records::{
    Channel, Consent, ConsentKind, Grantee, Proof, Relation, RelationKind, Relationship, Scope, Status,
};
use musubi_core::consent::{
    DecisionFacts, Facts, Item, Label, Listing, Originator, Outcome, Policy, Request, SubjectFacts, decide, view,
};
use musubi_core::id::{FactId, Municipality, PersonId};
use musubi_core::time::Time;

fn main() {
    let policy = Policy::reviewed();
    one_decision(&policy);
    many_records(&policy);
}

const TIERS: &str = "tiers";
const WORDS: &str = "words";

fn one_decision(policy: &Policy) {
    let mut facts = DecisionFacts::new(AgencyKind::Osc, Purpose::P3, Category::C01);
    facts.permit = true;
    let facts = &facts;
    let by_tiers = move || {
        let opened = Category::ALL.iter().filter(|category| {
            let asked = DecisionFacts { category: **category, ..std::hint::black_box(*facts) };
            matches!(decide(policy, &asked).outcome, Outcome::Permit | Outcome::General)
        });
        opened.count()
    };
    let by_words = move || Words::of(policy, &std::hint::black_box(*facts)).visible().iter().count();
    assert_eq!(by_tiers(), by_words(), "tiers and words agree");
    let rounds = measure(vec![Subject::new(TIERS, by_tiers), Subject::new(WORDS, by_words)]);
    let nanoseconds = |name: &str| rounds.seconds(name) * 1e9;
    figure(
        "decide_20_categories_tiers",
        nanoseconds(TIERS),
        "ns",
        "the tier interpreter, asked twenty times, with rules",
    );
    figure("decide_20_categories_words", nanoseconds(WORDS), "ns", "the bit formula, once, without rules");
    figure("decide_words_ratio", rounds.ratio(TIERS, WORDS), "times faster", "tier interpreter = 1, same facts");
}

/// Records that are decided together.
const RECORDS: usize = 10_000;
const VIEW: &str = "view";
const LISTING: &str = "listing";
const OWN: &str = "listing, a family each";
const WORDS_OF_PERSONS: &str = "words of persons";
/// Persons that the records are of, in turn.
const PERSONS: usize = 100;

fn many_records(policy: &Policy) {
    let now = Time::parse_rfc3339("2026-11-01T12:00:00+09:00").expect("a time");
    let center = AgencyId::new("OSC-482072").expect("an agency id");
    let author = AgencyId::new("MED-4810700122").expect("an agency id");
    let persons: Vec<PersonId> = (1..=RECORDS as u128).map(|n| PersonId(uuid::Uuid::from_u128(n))).collect();
    let facts_of = |persons: &[PersonId]| {
        let subjects = persons.iter().map(|person| (*person, on_file(*person, &center, now)));
        Facts { recipient_active: true, subjects: subjects.collect(), ..Facts::default() }
    };
    let few = persons.get(..PERSONS).unwrap_or_default();
    let (facts, facts_of_all) = (&facts_of(few), &facts_of(&persons));
    let request = &Request {
        recipient: center.clone(),
        kind: AgencyKind::Osc,
        purpose: Purpose::P3,
        actor: Actor::system(),
        municipality: Municipality::new("482072").ok(),
        cited_ground: None,
    };
    let item = |subjects| Item {
        entry: None,
        categories: CategorySet::ALL,
        subjects,
        author: &author,
        commissioned: false,
        whereabouts: false,
        label: Label::N,
        originator: Originator::None,
        message: None,
        is_own_report: false,
        referral_parties: &[],
    };
    fn records(persons: &[PersonId]) -> impl Iterator<Item = &[PersonId]> {
        persons.chunks(1).cycle().take(RECORDS)
    }
    let by_view = || {
        records(few).map(|person| view(policy, request, facts, &item(person), now).full.iter().count()).sum::<usize>()
    };
    let joined = |listing: &Listing<'_>, persons| {
        records(persons).map(|person| listing.visible(&item(person)).full.iter().count()).sum::<usize>()
    };
    let (held, held_of_all) =
        (&Listing::new(policy, request, facts, now), &Listing::new(policy, request, facts_of_all, now));
    assert!(by_view() > RECORDS, "something of each record is visible");
    assert_eq!(by_view(), joined(held, few), "tiers and words agree");
    assert_eq!(by_view(), joined(held_of_all, &persons), "tiers and words agree");
    let rounds = measure(vec![
        Subject::new(VIEW, by_view),
        Subject::new(LISTING, || joined(held, few)),
        Subject::new(OWN, || joined(held_of_all, &persons)),
        Subject::new(WORDS_OF_PERSONS, || {
            let listing = Listing::new(policy, request, facts, now);
            few.chunks(1).map(|person| listing.visible(&item(person)).full.iter().count()).sum()
        }),
    ]);
    let milliseconds = |name: &str| rounds.seconds(name) * 1e3;
    let against = "one recipient; of each person a relation and a consent on file; 20 categories each";
    figure(
        "filter_10000_records",
        milliseconds(LISTING),
        "ms",
        &format!("{against}, 100 persons whose words are held; goal under 2 ms"),
    );
    figure("filter_10000_families", milliseconds(OWN), "ms", &format!("{against}, each record of another person"));
    figure(
        "filter_words_of_a_person",
        rounds.seconds(WORDS_OF_PERSONS) * 1e9 / PERSONS as f64,
        "ns",
        "what is on file of one person into words",
    );
    figure("decide_10000_records", milliseconds(VIEW), "ms", &format!("{against}, by tiers, with rules and evidence"));
    figure(
        "filter_ratio",
        rounds.ratio(VIEW, LISTING),
        "times faster",
        "by tiers, with rules and evidence = 1, same records",
    );
}

/// A relation and a consent of one person.
fn on_file(person: PersonId, center: &AgencyId, now: Time) -> SubjectFacts {
    let before = now.plus_days(-30);
    let id = |n: u128| FactId(uuid::Uuid::from_u128(n << 64 | person.0.as_u128()));
    let consent = Consent {
        id: id(1),
        version: 1,
        supersedes: None,
        kind: ConsentKind::Permit,
        subject: person,
        grantor: Some(person),
        relationship: Relationship::Subject,
        authority: String::new(),
        grantee: Grantee::Agency(center.clone()),
        categories: Scope::Named([Category::C05, Category::C06, Category::C08].into_iter().collect()),
        purposes: vec![Purpose::P3],
        valid_from: before,
        valid_until: Some(now.plus_days(30)),
        recorded_at: before,
        evidence: Proof {
            form: "K-01".to_owned(),
            form_version: "2".to_owned(),
            language: "ja".to_owned(),
            scan_sha256: None,
            witness: None,
            channel: Channel::Paper,
        },
        status: Status::Active,
        explanation_given: "given".to_owned(),
    };
    let relation = Relation {
        id: id(2),
        subject: person,
        agency: center.clone(),
        kind: RelationKind::Residence,
        from: before,
        until: None,
        recorded_at: before,
    };
    SubjectFacts { consents: vec![consent], relations: vec![relation], ..SubjectFacts::default() }
}
