//! A mother, her child and the agencies around them, for tests of the view.

use super::super::records::{
    BreakGlass, Channel, Consent, ConsentKind, Grantee, Ground, Level, Proof, Relation, RelationKind, Relationship,
    Scope, Shield, Status,
};
use super::super::{Facts, GroundCode, Item, Label, Listing, Originator, Policy, Request, SubjectFacts, View, view};
use crate::agency::{Actor, AgencyId, AgencyKind, Category, CategorySet, Purpose, Role};
use crate::id::{EntryId, FactId, Municipality, PersonId, ReferralId};
use crate::time::{Day, Time};
use std::collections::BTreeMap;
use uuid::Uuid;

pub(super) const MOTHER: PersonId = PersonId(Uuid::from_u128(1));
pub(super) const CHILD: PersonId = PersonId(Uuid::from_u128(2));
/// The entry that is asked about.
pub(super) const ENTRY: EntryId = EntryId(Uuid::from_u128(7));
pub(super) const FATHER: PersonId = PersonId(Uuid::from_u128(3));

pub(super) fn agency(id: &str) -> AgencyId {
    AgencyId::new(id).unwrap()
}

pub(super) fn at(text: &str) -> Time {
    Time::parse_rfc3339(text).unwrap()
}

pub(super) fn noon() -> Time {
    at("2026-11-01T12:00:00+09:00")
}

pub(super) fn fact(n: u128) -> FactId {
    FactId(Uuid::from_u128(n))
}

pub(super) fn set(categories: &[Category]) -> CategorySet {
    categories.iter().copied().collect()
}

/// A permit of the mother for the provider, C08, until the end of March.
pub(super) fn permit(id: u128) -> Consent {
    Consent {
        id: fact(id),
        version: 1,
        supersedes: None,
        kind: ConsentKind::Permit,
        subject: MOTHER,
        grantor: Some(MOTHER),
        relationship: Relationship::Subject,
        authority: String::new(),
        grantee: Grantee::Agency(agency("PRV-1")),
        categories: Scope::Named(set(&[Category::C08])),
        purposes: vec![Purpose::P7],
        valid_from: at("2026-10-01T00:00:00+09:00"),
        valid_until: Some(Time::end_of(Day::constant(2027, 3, 31))),
        recorded_at: at("2026-10-01T10:00:00+09:00"),
        evidence: Proof {
            form: "K-01".into(),
            form_version: "2".into(),
            language: "ja".into(),
            scan_sha256: None,
            witness: Some("phn-1".into()),
            channel: Channel::Paper,
        },
        status: Status::Active,
        explanation_given: "提供先と拒否の扱い".into(),
    }
}

pub(super) fn said(id: u128, kind: ConsentKind, recorded_at: &str) -> Consent {
    let valid_until = if kind == ConsentKind::Permit { permit(id).valid_until } else { None };
    let recorded_at = at(recorded_at);
    Consent { kind, valid_until, valid_from: recorded_at, recorded_at, ..permit(id) }
}

pub(super) fn tie(id: u128, subject: PersonId, to: &str, kind: RelationKind) -> Relation {
    Relation {
        id: fact(id),
        subject,
        agency: agency(to),
        kind,
        from: at("2026-09-01T00:00:00+09:00"),
        until: None,
        recorded_at: at("2026-09-01T00:00:00+09:00"),
    }
}

pub(super) fn ground(id: u128, code: GroundCode, recipient: &str, by: &str, subjects: &[PersonId]) -> Ground {
    Ground {
        id: fact(id),
        supersedes: None,
        code,
        statute_version: "2024-04-01".into(),
        number: None,
        recipient: agency(recipient),
        asserting_agency: agency(by),
        asserting_officer: "w-1".into(),
        subjects: subjects.to_vec(),
        categories: CategorySet::ALL,
        necessity: "必要".into(),
        evidence: BTreeMap::new(),
        from: at("2026-10-20T00:00:00+09:00"),
        until: Some(at("2026-12-20T00:00:00+09:00")),
        recorded_at: at("2026-10-20T09:00:00+09:00"),
        ended_at: None,
        approvals: Vec::new(),
        provisos: Vec::new(),
        refusals: Vec::new(),
        message: None,
        sources: Vec::new(),
        level: Some(Level::L3),
    }
}

pub(super) fn shield(id: u128, until: &str) -> Shield {
    Shield {
        id: fact(id),
        subject: MOTHER,
        since: at("2026-01-01T00:00:00+09:00"),
        until: at(until),
        allowed: Vec::new(),
        recorded_at: at("2026-01-01T00:00:00+09:00"),
        lifted_at: None,
    }
}

pub(super) fn glass(id: u128, agency_id: &str, confirmed: &str) -> BreakGlass {
    BreakGlass {
        id: fact(id),
        subject: MOTHER,
        agency: agency(agency_id),
        staff_id: "w-1".into(),
        reason_code: "R1".into(),
        reason: "近隣からの通告で乳児の安否を確認する必要がある".into(),
        evidence: Default::default(),
        asked_at: at(confirmed),
        confirmed_at: Some(at(confirmed)),
        ended_at: None,
    }
}

/// Mother and child as they are: residents, the open referral to the center, the provider assigned.
pub(super) fn family() -> Facts {
    let home = || vec![Municipality::new("011011").unwrap()];
    let stay = RelationKind::Assignment { service: "short_stay".into(), outreach: false };
    let mother = SubjectFacts {
        birth_date: Some(Day::constant(1996, 5, 14)),
        homes: home(),
        relations: vec![
            tie(100, MOTHER, "OSC-1", RelationKind::OpenReferral(ReferralId(Uuid::from_u128(9)))),
            tie(101, MOTHER, "PRV-1", stay.clone()),
            tie(102, MOTHER, "PHO-1", RelationKind::CareEpisode),
        ],
        ..SubjectFacts::default()
    };
    let child = SubjectFacts {
        birth_date: Some(Day::constant(2026, 10, 26)),
        homes: home(),
        relations: vec![tie(103, CHILD, "PRV-1", stay)],
        ..SubjectFacts::default()
    };
    Facts { recipient_active: true, subjects: BTreeMap::from([(MOTHER, mother), (CHILD, child)]), ..Facts::default() }
}

pub(super) fn request(id: &str, kind: AgencyKind, purpose: Purpose) -> Request {
    let municipality = (kind == AgencyKind::Osc).then(|| Municipality::new("011011").unwrap());
    Request {
        recipient: agency(id),
        kind,
        purpose,
        actor: Actor { staff_id: "w-1".into(), role: Role::ChildWelfareOfficer },
        municipality,
        cited_ground: None,
    }
}

pub(super) fn provider() -> Request {
    request("PRV-1", AgencyKind::Prv, Purpose::P7)
}

pub(super) fn center() -> Request {
    request("OSC-1", AgencyKind::Osc, Purpose::P3)
}

pub(super) fn guidance() -> Request {
    request("CGC-1", AgencyKind::Cgc, Purpose::P5)
}

/// An item of the hospital with these categories, in a family of facts, at a moment: what one may see, by the tiers and by the words
/// of a listing alike.
pub(super) fn look(
    request: &Request,
    facts: &Facts,
    subjects: &[PersonId],
    categories: &[Category],
    now: Time,
) -> View {
    let hospital = agency("MED-1");
    let item = item(&hospital, subjects, categories);
    let view = view(policy(), request, facts, &item, now);
    let words = Listing::new(policy(), request, facts, now).visible(&item);
    assert_eq!((words.full, words.general, words.whereabouts), (view.full, view.general, view.whereabouts));
    view
}

pub(super) fn item<'a>(author: &'a AgencyId, subjects: &'a [PersonId], categories: &[Category]) -> Item<'a> {
    Item {
        entry: Some(ENTRY),
        categories: set(categories),
        subjects,
        author,
        commissioned: false,
        whereabouts: false,
        label: Label::N,
        originator: Originator::None,
        message: None,
        is_own_report: false,
        referral_parties: &[],
    }
}

/// The decision on the one category of a look, as text.
pub(super) fn says(view: &View) -> String {
    view.decisions.iter().map(|(_, decision)| decision.to_string()).collect::<Vec<_>>().join(", ")
}

pub(super) fn policy() -> &'static Policy {
    static POLICY: std::sync::LazyLock<Policy> = std::sync::LazyLock::new(Policy::reviewed);
    &POLICY
}

/// The family with these consents on the mother's file.
pub(super) fn with(consents: Vec<Consent>) -> Facts {
    let mut facts = family();
    facts.subjects.get_mut(&MOTHER).unwrap().consents = consents;
    facts
}

/// The family with these consents on the child's file.
pub(super) fn with_child(consents: Vec<Consent>) -> Facts {
    let mut facts = family();
    facts.subjects.get_mut(&CHILD).unwrap().consents = consents;
    facts
}
