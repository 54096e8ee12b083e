//! How long a list of 10,000 visible cases takes from the embedded database: who is kept and what is on file of each person are
//! read, and decided by words. Opening what is sealed is measured apart. The commit of the release is not in it.

mod measure;

use measure::{Subject, figure, measure};
use musubi::store::{Change, Concerned, FactKind, FactRow, PersonRow, Row, Store};
use musubi_core::agency::{Actor, AgencyId, AgencyKind, Category, CategorySet, Purpose};
use musubi_core::consent::records::{
    Channel, Consent, ConsentKind, Grantee, Proof, Relation, RelationKind, Relationship, Scope, Status,
};
use musubi_core::consent::{Facts, Item, Label, Listing, Originator, Policy, Request, SubjectFacts};
use musubi_core::id::{FactId, Municipality, PersonId};
use musubi_core::sealing::{Aad, DataKey, Sealed, WrappedKey};
use musubi_core::time::Time;
use std::collections::BTreeMap;
use std::path::Path;
use uuid::Uuid;

/// Visible cases of the list.
const CASES: usize = 10_000;
/// Cases that are written together.
const TOGETHER: usize = 500;
const READ: &str = "read";
const DECIDE: &str = "decide";
const WHOLE: &str = "read and decide";
const OPEN: &str = "open";

fn main() {
    // On disk: a temporary folder of the system may be in memory.
    let folder = tempfile::tempdir_in(Path::new(env!("CARGO_TARGET_TMPDIR"))).expect("a folder on disk");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let city = City::new();
    let store = runtime.block_on(city.stored(folder.path()));
    let read = || runtime.block_on(city.read(&store));
    let kept = read();
    let (facts, policy) = (city.opened(&kept), &Policy::reviewed());
    assert_eq!(kept.persons.len(), CASES);
    assert_eq!(city.decided(policy, &facts), CASES, "something of each case is visible");
    let rounds = measure(vec![
        Subject::new(READ, || read().persons.len()),
        Subject::new(DECIDE, || city.decided(policy, &facts)),
        Subject::new(WHOLE, || read().persons.len() + city.decided(policy, &facts)),
        Subject::new(OPEN, || city.opened(&kept).subjects.len()),
    ]);
    let milliseconds = |name: &str| rounds.seconds(name) * 1e3;
    figure(
        "query_10000_cases",
        milliseconds(WHOLE),
        "ms",
        "10,000 persons, 10,000 consents, 10,000 ties from SQLite, decided by words of 20 categories; besides opening; goal under 50 ms",
    );
    figure("query_10000_cases_read", milliseconds(READ), "ms", "the reading alone: 30,000 rows");
    figure(
        "query_10000_cases_decide",
        milliseconds(DECIDE),
        "ms",
        "the decision alone: facts into words, words into masks",
    );
    figure(
        "query_10000_cases_ratio",
        rounds.ratio(OPEN, WHOLE),
        "times the duration",
        "reading and deciding = 1, opening beside it",
    );
    figure(
        "query_10000_cases_open",
        milliseconds(OPEN),
        "ms",
        "opening and parsing what is sealed: 20,000 rows, AES-256-GCM",
    );
}

/// The municipality whose list it is.
struct City {
    home: Municipality,
    center: AgencyId,
    author: AgencyId,
    now: Time,
    persons: Vec<PersonId>,
    keys: BTreeMap<PersonId, DataKey>,
}

/// Rows as they lie in the store.
struct Kept {
    persons: Vec<PersonRow>,
    consents: Vec<FactRow>,
    ties: Vec<FactRow>,
}

impl City {
    fn new() -> Self {
        let persons: Vec<PersonId> = (1..=CASES as u128).map(|n| PersonId(Uuid::from_u128(n))).collect();
        let key = |person: &PersonId| {
            let mut random = [7; 32];
            random[..16].copy_from_slice(person.0.as_bytes());
            (*person, DataKey::from_random(random))
        };
        City {
            home: Municipality::new("482072").expect("a municipality"),
            center: AgencyId::new("OSC-482072").expect("an agency id"),
            author: AgencyId::new("MED-4810700122").expect("an agency id"),
            now: Time::parse_rfc3339("2026-11-01T12:00:00+09:00").expect("a time"),
            keys: persons.iter().map(key).collect(),
            persons,
        }
    }

    async fn stored(&self, folder: &Path) -> Store {
        let store = Store::open(folder).await.expect("a store");
        for some in self.persons.chunks(TOGETHER) {
            let rows = some.iter().flat_map(|person| self.rows(*person)).collect();
            store.commit("cases", Change { rows, ..Change::default() }).await.expect("written");
        }
        store
    }

    fn rows(&self, person: PersonId) -> Vec<Row> {
        let home = || self.home.clone();
        let consent = serde_json::to_vec(&self.consent(person)).expect("JSON");
        let tie = serde_json::to_vec(&self.tie(person)).expect("JSON");
        let fact = |kind: FactKind, id: FactId, plain: &[u8]| {
            Row::Fact(FactRow {
                municipality: home(),
                id,
                kind,
                recipient: Some(self.center.clone()),
                recorded_at: self.now,
                superseded_at: None,
                superseded_by: None,
                persons: vec![Concerned::from(person)],
                body: self.seal(person, "fact", id.0, plain),
            })
        };
        vec![
            Row::Person(PersonRow {
                id: person,
                municipality: home(),
                epoch: 0,
                key: Some(WrappedKey::from_stored(vec![5; 60])),
                joined_into: None,
            }),
            fact(FactKind::Consent, fact_id(person, 1), &consent),
            fact(FactKind::Relation, fact_id(person, 2), &tie),
        ]
    }

    fn seal(&self, person: PersonId, table: &'static str, row: Uuid, plain: &[u8]) -> Sealed {
        self.keys.get(&person).expect("a key").seal([3; 12], &Aad::row(table, row), plain)
    }

    async fn read(&self, store: &Store) -> Kept {
        let nobody = PersonId(Uuid::nil());
        let facts = |kind| store.facts_in(&self.home, kind, self.now);
        Kept {
            persons: store.persons_kept_in(&self.home, nobody, CASES as u32).await.expect("persons"),
            consents: facts(FactKind::Consent).await.expect("consents"),
            ties: facts(FactKind::Relation).await.expect("ties"),
        }
    }

    fn open(&self, person: PersonId, table: &'static str, row: Uuid, sealed: &Sealed) -> Vec<u8> {
        self.keys.get(&person).expect("a key").open(&Aad::row(table, row), sealed).expect("opens").to_vec()
    }

    fn opened(&self, kept: &Kept) -> Facts {
        let mut facts = Facts { recipient_active: true, ..Facts::default() };
        for row in kept.consents.iter().chain(&kept.ties) {
            let Some(person) = row.persons.first().map(|concerned| concerned.person) else { continue };
            let subject: &mut SubjectFacts = facts.subjects.entry(person).or_default();
            let plain = self.open(person, "fact", row.id.0, &row.body);
            match row.kind {
                FactKind::Consent => subject.consents.push(serde_json::from_slice(&plain).expect("a consent")),
                _ => subject.relations.push(serde_json::from_slice(&plain).expect("a tie")),
            }
        }
        facts
    }

    /// How many cases have something that the center may see.
    fn decided(&self, policy: &Policy, facts: &Facts) -> usize {
        let request = Request {
            recipient: self.center.clone(),
            kind: AgencyKind::Osc,
            purpose: Purpose::P3,
            actor: Actor::system(),
            municipality: Some(self.home.clone()),
            cited_ground: None,
        };
        let listing = Listing::new(policy, &request, facts, self.now);
        let item = |subjects| Item {
            entry: None,
            categories: CategorySet::ALL,
            subjects,
            author: &self.author,
            commissioned: false,
            whereabouts: false,
            label: Label::N,
            originator: Originator::None,
            message: None,
            is_own_report: false,
            referral_parties: &[],
        };
        self.persons.chunks(1).filter(|person| !listing.visible(&item(person)).full.is_empty()).count()
    }

    fn consent(&self, person: PersonId) -> Consent {
        let before = self.now.plus_days(-30);
        Consent {
            id: fact_id(person, 1),
            version: 1,
            supersedes: None,
            kind: ConsentKind::Permit,
            subject: person,
            grantor: Some(person),
            relationship: Relationship::Subject,
            authority: String::new(),
            grantee: Grantee::Agency(self.center.clone()),
            categories: Scope::Named([Category::C05, Category::C06, Category::C08].into_iter().collect()),
            purposes: vec![Purpose::P3],
            valid_from: before,
            valid_until: Some(self.now.plus_days(30)),
            recorded_at: before,
            evidence: Proof { channel: Channel::Electronic, ..Proof::spoken() },
            status: Status::Active,
            explanation_given: "given".to_owned(),
        }
    }

    fn tie(&self, person: PersonId) -> Relation {
        let before = self.now.plus_days(-30);
        Relation {
            id: fact_id(person, 2),
            subject: person,
            agency: self.center.clone(),
            kind: RelationKind::Residence,
            from: before,
            until: None,
            recorded_at: before,
        }
    }
}

fn fact_id(person: PersonId, kind: u128) -> FactId {
    FactId(Uuid::from_u128(kind << 64 | person.0.as_u128()))
}
