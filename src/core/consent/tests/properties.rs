//! Properties of the view over random files: what closes never opens, what opens never closes, order does not matter.

use super::super::records::{
    Approval, Consent, ConsentKind, Grantee, Ground, PerpetratorLink, Proviso, Relationship, Scope, Seal,
    StandingApproval, Status,
};
use super::super::weighing::{Doubt, Part, Weighing};
use super::super::{Custody, Facts, GroundCode, Item, Label, Listing, Originator, Request, View, view};
use super::people::*;
use crate::agency::{AgencyId, AgencyKind, Category, CategorySet, Purpose};
use crate::id::{EntryId, PersonId};
use crate::time::{Day, Time};
use proptest::prelude::*;
use proptest::sample::select;

const KINDS: [ConsentKind; 4] =
    [ConsentKind::Permit, ConsentKind::Withdrawal, ConsentKind::Objection, ConsentKind::ObjectionLifted];
const CAPACITIES: [Relationship; 4] =
    [Relationship::Subject, Relationship::ParentalAuthority, Relationship::Other, Relationship::Court];

/// Of few moments, so that two things often happen in the same one.
fn some_time() -> impl Strategy<Value = Time> {
    (0_i64..14).prop_map(|step| at("2026-10-10T00:00:00+09:00").plus_days(3 * step))
}

fn categories() -> impl Strategy<Value = CategorySet> {
    prop_oneof![any::<u32>().prop_map(CategorySet::from_bits), Just(CategorySet::ALL)]
}

fn consent(kind: impl Strategy<Value = ConsentKind>) -> impl Strategy<Value = Consent> {
    let grantee = prop_oneof![
        Just(Grantee::Agency(agency("PRV-1"))),
        Just(Grantee::Kind(AgencyKind::Cgc)),
        Just(Grantee::Kind(AgencyKind::Osc)),
        Just(Grantee::Provider { service: "short_stay".into() }),
        Just(Grantee::Everyone),
    ];
    let scope = prop_oneof![categories().prop_map(Scope::Named), Just(Scope::All)];
    let who = (kind, select(&CAPACITIES[..]), select(&[MOTHER, CHILD, FATHER][..]), any::<u64>());
    (who, grantee, scope, some_time(), some_time(), select(&[Status::Active, Status::Active, Status::Unverified][..]))
        .prop_map(|((kind, relationship, grantor, id), grantee, categories, recorded_at, until, status)| Consent {
            id: fact(u128::from(id) + 1_000),
            kind,
            grantor: Some(grantor),
            relationship,
            grantee,
            categories,
            purposes: vec![Purpose::P7, Purpose::P5, Purpose::P3],
            valid_from: recorded_at,
            valid_until: (kind == ConsentKind::Permit || until > noon()).then_some(until.plus_days(20)),
            recorded_at,
            status,
            ..permit(1)
        })
}

fn some_ground() -> impl Strategy<Value = Ground> {
    let codes = vec![GroundCode::L01, GroundCode::L03, GroundCode::L04, GroundCode::L12];
    let approvals = (any::<bool>(), any::<bool>(), categories(), some_time());
    let harm = (any::<u8>(), prop::option::of(some_time()));
    let about = select(vec![vec![MOTHER], vec![CHILD], vec![MOTHER, CHILD]]);
    let who = (select(&["CGC-1", "OSC-1"][..]), select(&["CGC-1", "MED-1"][..]), any::<u64>());
    (select(codes), who, about, categories(), approvals, harm, some_time()).prop_map(
        |(
            code,
            (recipient, by, id),
            about,
            asserted,
            (approved, in_view, of, when),
            (harm, lifted_at),
            recorded_at,
        )| {
            let mut made = ground(u128::from(id) + 1_000, code, recipient, by, &about);
            made.categories = asserted;
            made.recorded_at = recorded_at;
            let approval = Approval {
                source: agency("MED-1"),
                categories: of,
                approved_at: when,
                with_objection_in_view: in_view,
            };
            made.approvals.extend(approved.then_some(approval));
            let proviso = Proviso { source: agency("MED-1"), noted_at: recorded_at, lifted_at };
            made.provisos.extend((harm < 80).then_some(proviso));
            made
        },
    )
}

fn some_weighing() -> impl Strategy<Value = Weighing> {
    let doubts = vec![Doubt::Conflict, Doubt::Conflict, Doubt::Originator, Doubt::Ground(fact(700))];
    let to = select(&[("PRV-1", Purpose::P7), ("OSC-1", Purpose::P3), ("CGC-1", Purpose::P5)][..]);
    let when = (some_time(), some_time());
    (select(doubts), any::<bool>(), to, categories(), any::<bool>(), when, any::<u64>()).prop_map(
        |(doubt, permit, (recipient, purpose), categories, about_it, (recorded_at, until), id)| Weighing {
            id: fact(u128::from(id) + 1_000),
            doubt,
            permit,
            agency: agency("OSC-1"),
            officer: "w-2".into(),
            recipient: agency(recipient),
            purpose,
            subjects: vec![MOTHER, CHILD],
            parts: vec![Part { entry: if about_it { ENTRY } else { EntryId(uuid::Uuid::nil()) }, categories }],
            reason: String::new(),
            evidence: String::new(),
            from: recorded_at,
            until: until.plus_days(20),
            recorded_at,
        },
    )
}

fn file() -> impl Strategy<Value = Facts> {
    let consents = || prop::collection::vec(consent(select(&KINDS[..])), 0..5);
    let grounds = prop::collection::vec(some_ground(), 0..3);
    let births = select(vec![
        None,
        Some(Day::constant(1996, 5, 14)),
        Some(Day::constant(2010, 5, 1)),
        Some(Day::constant(2013, 1, 1)),
    ]);
    let weighings = prop::collection::vec(some_weighing(), 0..4);
    let custody = select(&[Custody::Ordinary, Custody::Joint, Custody::Protective][..]);
    (consents(), consents(), (grounds, weighings), births, custody, any::<bool>(), any::<bool>(), categories())
        .prop_map(|(hers, childs, (grounds, weighings), born, custody, conflict, standing, standing_for)| {
            let mut facts = family();
            let mother = facts.subjects.get_mut(&MOTHER).unwrap();
            (mother.consents, mother.birth_date, mother.custody) = (hers, born, custody);
            let child = facts.subjects.get_mut(&CHILD).unwrap();
            (child.consents, child.custody) = (childs, custody);
            child.conflicts.extend(conflict.then_some(FATHER));
            facts.grounds = grounds;
            facts.grounds.iter_mut().take(1).for_each(|first| first.id = fact(700));
            facts.weighings = weighings;
            facts.standing.extend(standing.then(|| StandingApproval {
                id: fact(900),
                source: agency("MED-1"),
                recipient: agency("CGC-1"),
                code: GroundCode::L04,
                categories: standing_for,
                from: at("2026-01-01T00:00:00+09:00"),
                until: None,
                recorded_at: at("2026-01-01T00:00:00+09:00"),
            }));
            facts
        })
}

#[derive(Clone, Debug)]
struct Question {
    asks: Request,
    subjects: Vec<PersonId>,
    commissioned: bool,
    label: Label,
    originator: Originator,
}

fn question() -> impl Strategy<Value = Question> {
    let subjects = select(vec![vec![MOTHER], vec![CHILD], vec![MOTHER, CHILD], vec![CHILD, MOTHER]]);
    let asks = select(vec![provider(), center(), guidance(), request("OSC-1", AgencyKind::Osc, Purpose::P4)]);
    (asks, subjects, any::<bool>(), select(Label::ALL), select(Originator::ALL)).prop_map(
        |(asks, subjects, commissioned, label, originator)| Question {
            asks,
            subjects,
            commissioned,
            label,
            originator,
        },
    )
}

fn seen(question: &Question, facts: &Facts) -> View {
    let hospital = agency("MED-1");
    view(policy(), &question.asks, facts, &question.item(&hospital), noon())
}

impl Question {
    fn item<'a>(&'a self, author: &'a AgencyId) -> Item<'a> {
        Item {
            commissioned: self.commissioned,
            label: self.label,
            originator: self.originator,
            ..item(author, &self.subjects, Category::ALL)
        }
    }
}

/// An answer of a person about just this item, for just this question, to any of the doubts that there can be.
fn answers(question: &Question, facts: &Facts, given: &[(usize, bool, CategorySet, Time)]) -> Vec<Weighing> {
    let of_grounds = facts.grounds.iter().map(|ground| Doubt::Ground(ground.id));
    let doubts: Vec<Doubt> = [Doubt::Conflict, Doubt::Originator].into_iter().chain(of_grounds).collect();
    let answer = |(id, (which, permit, categories, recorded_at)): (u128, &(usize, bool, CategorySet, Time))| Weighing {
        id: fact(id),
        doubt: doubts[which % doubts.len()],
        permit: *permit,
        agency: agency("OSC-1"),
        officer: "w-2".into(),
        recipient: question.asks.recipient.clone(),
        purpose: question.asks.purpose,
        subjects: vec![MOTHER, CHILD],
        parts: vec![Part { entry: ENTRY, categories: *categories }],
        reason: String::new(),
        evidence: String::new(),
        from: *recorded_at,
        until: noon().plus_days(20),
        recorded_at: *recorded_at,
    };
    (2_000..).zip(given).map(answer).collect()
}

/// Everything that the second shows, the first shows as well, and as fully.
fn shows_no_less(more: &View, less: &View) -> bool {
    let some = |view: &View| view.full.union(view.general);
    less.full.minus(more.full).is_empty()
        && some(less).minus(some(more)).is_empty()
        && (more.whereabouts || !less.whereabouts)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_objection_or_a_withdrawal_never_adds_anything(
        facts in file(), question in question(), to_child in any::<bool>(),
        no in consent(select(&[ConsentKind::Objection, ConsentKind::Withdrawal][..])),
    ) {
        let mut closed = facts.clone();
        closed.subjects.get_mut(if to_child { &CHILD } else { &MOTHER }).unwrap().consents.push(no);
        prop_assert!(shows_no_less(&seen(&question, &facts), &seen(&question, &closed)));
    }

    #[test]
    fn a_permit_or_a_lifted_objection_never_takes_anything_away(
        facts in file(), question in question(), to_child in any::<bool>(),
        yes in consent(select(&[ConsentKind::Permit, ConsentKind::ObjectionLifted][..])),
    ) {
        let mut opened = facts.clone();
        opened.subjects.get_mut(if to_child { &CHILD } else { &MOTHER }).unwrap().consents.push(yes);
        prop_assert!(shows_no_less(&seen(&question, &opened), &seen(&question, &facts)));
    }

    #[test]
    fn a_ground_without_a_marked_harm_never_takes_anything_away(facts in file(), question in question(), mut new in some_ground()) {
        new.provisos.clear();
        let mut opened = facts.clone();
        opened.grounds.push(new);
        prop_assert!(shows_no_less(&seen(&question, &opened), &seen(&question, &facts)));
    }

    #[test]
    fn a_shield_a_seal_a_link_a_label_or_a_restriction_never_adds_anything(
        facts in file(), question in question(), which in 0_u8..5, allowed in any::<bool>(),
    ) {
        let (mut closed, mut stricter) = (facts.clone(), question.clone());
        let mother = closed.subjects.get_mut(&MOTHER).unwrap();
        let list: Vec<_> = allowed.then(|| question.asks.recipient.clone()).into_iter().collect();
        let since = at("2026-01-01T00:00:00+09:00");
        match which {
            0 => mother.shields.push(super::super::records::Shield { allowed: list, ..shield(800, "2027-01-01T00:00:00+09:00") }),
            1 => mother.seals.push(Seal { id: fact(801), subject: MOTHER, allowed: list, since, recorded_at: since, lifted_at: None }),
            2 => mother.perpetrator_links.push(PerpetratorLink {
                id: fact(802), subject: MOTHER, agency: question.asks.recipient.clone(), since, recorded_at: since, lifted_at: None,
            }),
            3 => stricter.label = Label::V,
            _ => stricter.originator = Originator::No,
        }
        prop_assert!(shows_no_less(&seen(&question, &facts), &seen(&stricter, &closed)));
    }

    #[test]
    fn the_order_of_the_file_does_not_matter(facts in file(), question in question()) {
        let mut turned = facts.clone();
        turned.grounds.reverse();
        turned.weighings.reverse();
        turned.subjects.values_mut().for_each(|subject| subject.consents.reverse());
        let mut other = question.clone();
        other.subjects.reverse();
        prop_assert_eq!(seen(&question, &facts), seen(&other, &turned));
    }

    #[test]
    fn what_is_recorded_later_changes_no_decision_of_now(facts in file(), question in question(), later in consent(select(&KINDS[..]))) {
        let mut tomorrow = facts.clone();
        let recorded_at = noon().plus_minutes(1);
        tomorrow.subjects.get_mut(&MOTHER).unwrap().consents.push(Consent { recorded_at, ..later });
        prop_assert_eq!(seen(&question, &facts), seen(&question, &tomorrow));
    }

    #[test]
    fn the_words_of_a_listing_show_what_the_tiers_show(facts in file(), question in question()) {
        let view = seen(&question, &facts);
        let listing = Listing::new(policy(), &question.asks, &facts, noon());
        let hospital = agency("MED-1");
        let words = listing.visible(&question.item(&hospital));
        prop_assert_eq!((words.full, words.general, words.whereabouts), (view.full, view.general, view.whereabouts));
    }

    #[test]
    fn the_words_of_a_listing_show_what_persons_answered_as_the_tiers_do(
        facts in file(), question in question(),
        given in prop::collection::vec((0_usize..12, any::<bool>(), categories(), some_time()), 1..6),
    ) {
        let weighings = answers(&question, &facts, &given);
        let answered = Facts { weighings, ..facts };
        let view = seen(&question, &answered);
        let listing = Listing::new(policy(), &question.asks, &answered, noon());
        let hospital = agency("MED-1");
        let words = listing.visible(&question.item(&hospital));
        prop_assert_eq!((words.full, words.general, words.whereabouts), (view.full, view.general, view.whereabouts));
    }

    #[test]
    fn what_is_visible_is_never_held_and_every_category_is_decided(facts in file(), question in question()) {
        let view = seen(&question, &facts);
        prop_assert_eq!(view.decisions.len(), 20);
        prop_assert!(view.full.and(view.general).is_empty());
        prop_assert!(view.held.iter().all(|(category, _)| !view.full.union(view.general).has(*category)));
    }
}
