//! A mother and her child, with what is on file about them, and a question: the form of the worked cases that turn on records.
//!
//! A record says only what matters to its case; the rest is a usual one. The provider is assigned to both (P7), the center is that
//! of their home (P3).

use super::defective::unverified;
use super::grantor::{Access, Custody, access};
use super::policy::Policy;
use super::records::{
    Channel, Consent, ConsentKind, Grantee, Proof, Relation, RelationKind, Relationship, Scope, Shield, Status,
};
use super::view::{Facts, Item, Request, SubjectFacts, view};
use super::words::{Label, Originator};
use crate::agency::{Actor, AgencyId, AgencyKind, CategorySet, Purpose, Role};
use crate::id::{FactId, Municipality, PersonId};
use crate::time::{Day, Time};
use serde::{Deserialize, Deserializer, de};
use std::collections::BTreeMap;
use uuid::Uuid;

/// A situation with its questions.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Scene {
    pub(super) id: String,
    pub(super) situation: String,
    #[serde(default)]
    mother: Described,
    #[serde(default)]
    child: Described,
    #[serde(default)]
    records: Vec<Said>,
    #[serde(default)]
    defective: Option<Defective>,
    pub(super) asks: Vec<Question>,
}

/// Who is who.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Cast {
    Mother,
    Child,
    Father,
    Grandmother,
    Grandfather,
    Head,
}

impl Cast {
    const fn id(self) -> PersonId {
        PersonId(Uuid::from_u128(1 + self as u128))
    }

    /// An adult, and a newborn.
    const fn usually_born(self) -> Option<Day> {
        match self {
            Cast::Mother => Some(Day::constant(1996, 5, 14)),
            Cast::Child => Some(Day::constant(2026, 10, 26)),
            _ => None,
        }
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Described {
    #[serde(deserialize_with = "day")]
    born: Option<Day>,
    #[serde(deserialize_with = "moment")]
    died_at: Option<Time>,
    custody: Custody,
    in_conflict: Vec<Cast>,
    #[serde(deserialize_with = "moment")]
    shielded_until: Option<Time>,
}

/// A consent record: by default a permit of everything that can be named.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    of: Cast,
    #[serde(default = "permit")]
    says: ConsentKind,
    by: Cast,
    #[serde(rename = "as")]
    capacity: Relationship,
    #[serde(default = "nearly_all")]
    what: CategorySet,
    #[serde(default, deserialize_with = "moment")]
    from: Option<Time>,
    #[serde(default, deserialize_with = "moment")]
    until: Option<Time>,
    #[serde(default, deserialize_with = "moment")]
    recorded: Option<Time>,
    #[serde(default)]
    form: Option<String>,
    #[serde(default = "yes")]
    proven: bool,
    #[serde(default)]
    to: Recipient,
}

const fn permit() -> ConsentKind {
    ConsentKind::Permit
}

const fn nearly_all() -> CategorySet {
    CategorySet::ALL.minus(CategorySet::EMPTY.with(crate::agency::Category::C20))
}

const fn yes() -> bool {
    true
}

/// A version of a form that was found defective (F12): `K-01/2`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Defective {
    form: String,
    #[serde(deserialize_with = "moment")]
    at: Option<Time>,
}

/// What is asked: for a decision, or for access to what is held.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Question {
    of: Vec<Cast>,
    what: CategorySet,
    #[serde(default)]
    to: Recipient,
    #[serde(default, deserialize_with = "moment")]
    at: Option<Time>,
    #[serde(default)]
    access_by: Option<Cast>,
    #[serde(default, rename = "as")]
    capacity: Option<Relationship>,
    pub(super) expected: String,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Recipient {
    #[default]
    Provider,
    Center,
}

fn day<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Day>, D::Error> {
    let text: Option<String> = Deserialize::deserialize(deserializer)?;
    text.map(|text| text.parse().map_err(de::Error::custom)).transpose()
}

fn moment<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Time>, D::Error> {
    let text: Option<String> = Deserialize::deserialize(deserializer)?;
    text.map(|text| Time::parse_rfc3339(&text).ok_or_else(|| de::Error::custom("not RFC 3339"))).transpose()
}

const PROVIDER: &str = "PRV-1";
const CENTER: &str = "OSC-1";
const HOSPITAL: &str = "MED-1";

/// The moment of a question that names none, and what lies around it.
fn noon() -> Time {
    Time::from_japan(Day::constant(2026, 11, 1).at(12, 0, 0, 0))
}

fn usually_recorded() -> Time {
    Time::from_japan(Day::constant(2026, 10, 15).at(10, 0, 0, 0))
}

fn agency(id: &str) -> AgencyId {
    AgencyId::new(id).expect("an agency id of this file")
}

impl Scene {
    /// `PERMIT T9.consent`, one for each category; `ANSWER` or `REVIEW` for a request for access.
    pub(super) fn answer(&self, policy: &Policy, question: &Question) -> String {
        let now = question.at.unwrap_or_else(noon);
        let facts = self.facts();
        if let (Some(by), Some(capacity), [subject]) = (question.access_by, question.capacity, &*question.of) {
            let on_file = facts.subjects.get(&subject.id()).cloned().unwrap_or_default();
            return match access(policy, &on_file, capacity, Some(by.id()), question.what, now) {
                Access::Answer => "ANSWER".to_owned(),
                Access::Review => "REVIEW".to_owned(),
            };
        }
        let subjects: Vec<PersonId> = question.of.iter().map(|of| of.id()).collect();
        let author = agency(HOSPITAL);
        let item = Item {
            entry: None,
            categories: question.what,
            subjects: &subjects,
            author: &author,
            commissioned: false,
            whereabouts: false,
            label: Label::N,
            originator: Originator::None,
            message: None,
            is_own_report: false,
            referral_parties: &[],
        };
        let seen = view(policy, &request(question.to), &facts, &item, now);
        let said: Vec<String> = seen.decisions.iter().map(|(_, decision)| decision.to_string()).collect();
        said.join(", ")
    }

    fn facts(&self) -> Facts {
        let consents = self.consents();
        let of = |cast: Cast, described: &Described| {
            let mut facts = described.on_file(cast);
            facts.consents = consents.iter().filter(|consent| consent.subject == cast.id()).cloned().collect();
            (cast.id(), facts)
        };
        let subjects = BTreeMap::from([of(Cast::Mother, &self.mother), of(Cast::Child, &self.child)]);
        Facts { recipient_active: true, subjects, ..Facts::default() }
    }

    fn consents(&self) -> Vec<Consent> {
        let mut consents: Vec<Consent> = (100..).zip(&self.records).map(|(id, said)| said.consent(id)).collect();
        if let Some(Defective { form, at: Some(at) }) = &self.defective {
            let mut next = 200;
            let mut id = || {
                next += 1;
                FactId(Uuid::from_u128(next))
            };
            let (form, version) = form.split_once('/').unwrap_or((form, ""));
            consents.extend(unverified(&consents, form, version, *at, &mut id));
        }
        consents
    }
}

impl Described {
    fn on_file(&self, cast: Cast) -> SubjectFacts {
        let before = usually_recorded().plus_days(-30);
        let id = |number: u128| FactId(Uuid::from_u128(10 * (1 + cast as u128) + number));
        let assignment = Relation {
            id: id(1),
            subject: cast.id(),
            agency: agency(PROVIDER),
            kind: RelationKind::Assignment { service: "short_stay".to_owned(), outreach: false },
            from: before,
            until: None,
            recorded_at: before,
        };
        let shield = |until| Shield {
            id: id(2),
            subject: cast.id(),
            since: before,
            until,
            allowed: Vec::new(),
            recorded_at: before,
            lifted_at: None,
        };
        SubjectFacts {
            birth_date: self.born.or(cast.usually_born()),
            died_at: self.died_at,
            custody: self.custody,
            conflicts: self.in_conflict.iter().map(|cast| cast.id()).collect(),
            homes: home().into_iter().collect(),
            relations: vec![assignment],
            shields: self.shielded_until.map(shield).into_iter().collect(),
            ..SubjectFacts::default()
        }
    }
}

impl Said {
    fn consent(&self, id: u128) -> Consent {
        let recorded_at = self.recorded.unwrap_or_else(usually_recorded);
        let is_permit = self.says == ConsentKind::Permit;
        let (form, form_version) = self.form.as_deref().and_then(|form| form.split_once('/')).unwrap_or(("K-01", "1"));
        let proof = Proof { form: form.to_owned(), form_version: form_version.to_owned(), ..Proof::spoken() };
        let witness = self.proven.then(|| "phn-1".to_owned());
        Consent {
            id: FactId(Uuid::from_u128(id)),
            version: 1,
            supersedes: None,
            kind: self.says,
            subject: self.of.id(),
            grantor: Some(self.by.id()),
            relationship: self.capacity,
            authority: "evidence".to_owned(),
            grantee: if is_permit { Grantee::Kind(self.to.request().1) } else { Grantee::Everyone },
            categories: Scope::Named(self.what),
            purposes: if is_permit { vec![self.to.request().2] } else { Vec::new() },
            valid_from: self.from.unwrap_or(recorded_at),
            valid_until: self.until.or(is_permit.then(|| Time::end_of(Day::constant(2027, 3, 31)))),
            recorded_at,
            evidence: Proof { witness, channel: Channel::Paper, ..proof },
            status: Status::Active,
            explanation_given: "given".to_owned(),
        }
    }
}

fn home() -> Option<Municipality> {
    Municipality::new("482072").ok()
}

impl Recipient {
    const fn request(self) -> (&'static str, AgencyKind, Purpose) {
        match self {
            Recipient::Provider => (PROVIDER, AgencyKind::Prv, Purpose::P7),
            Recipient::Center => (CENTER, AgencyKind::Osc, Purpose::P3),
        }
    }
}

fn request(to: Recipient) -> Request {
    let (recipient, kind, purpose) = to.request();
    Request {
        recipient: agency(recipient),
        kind,
        purpose,
        actor: Actor { staff_id: "w-1".to_owned(), role: Role::Phn },
        municipality: home().filter(|_| kind == AgencyKind::Osc),
        cited_ground: None,
    }
}
