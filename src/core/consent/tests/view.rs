//! From records on file to what is visible.

use super::super::listing::Visible;
use super::super::records::{
    Approval, Consent, ConsentKind, CouncilCase, Grantee, Level, Member, PerpetratorLink, Proviso, RelationKind, Scope,
    Seal, StandingApproval, Status,
};
use super::super::{Facts, GroundCode, Label, Request, Rule, View, role_may_use, view};
use super::people::*;
use crate::agency::Category::{C01, C02, C04, C05, C06, C07, C08, C09, C13, C14, C16, C17, C19, C20};
use crate::agency::{AgencyKind, Category, Purpose, Role};
use crate::id::MessageId;
use crate::time::Time;
use uuid::Uuid;

fn c08(facts: &super::super::Facts, now: Time) -> String {
    says(&look(&provider(), facts, &[MOTHER], &[C08], now))
}

#[test]
fn a_permit_until_a_date_ends_at_midnight_in_tokyo() {
    let facts = with(vec![permit(1)]);
    assert_eq!(c08(&facts, at("2027-03-31T23:59:59+09:00")), "PERMIT T9.consent");
    assert_eq!(c08(&facts, at("2027-04-01T00:00:00+09:00")), "DENY T11.default-deny");
    assert_eq!(c08(&facts, at("2027-03-31T15:00:00Z")), "DENY T11.default-deny");
}

#[test]
fn a_permit_begins_with_its_first_instant_and_not_before_it_was_recorded() {
    let mut late = permit(1);
    late.recorded_at = at("2026-10-08T00:00:00+09:00");
    let facts = with(vec![late]);
    // Replayed at last week's moment, what was entered today did not exist (F04).
    assert_eq!(c08(&facts, at("2026-10-07T23:59:59+09:00")), "DENY T11.default-deny");
    assert_eq!(c08(&facts, at("2026-10-08T00:00:00+09:00")), "PERMIT T9.consent");
}

#[test]
fn a_withdrawal_ends_the_permit_at_its_instant_and_leaves_the_defaults() {
    let withdrawal = said(2, ConsentKind::Withdrawal, "2026-11-01T12:00:00+09:00");
    let facts = with(vec![permit(1), withdrawal]);
    assert_eq!(c08(&facts, at("2026-11-01T11:59:59+09:00")), "PERMIT T9.consent");
    assert_eq!(c08(&facts, noon()), "DENY T11.default-deny");
    assert_eq!(says(&look(&provider(), &facts, &[MOTHER], &[C01], noon())), "PERMIT T10.default");
}

#[test]
fn a_permit_given_after_a_withdrawal_opens_again() {
    let withdrawal = said(2, ConsentKind::Withdrawal, "2026-10-10T12:00:00+09:00");
    let again = said(3, ConsentKind::Permit, "2026-10-20T12:00:00+09:00");
    assert_eq!(c08(&with(vec![again, permit(1), withdrawal]), noon()), "PERMIT T9.consent");
}

#[test]
fn an_objection_stops_defaults_and_permits_before_and_after_it_until_it_is_lifted() {
    let everyone = |id, kind, when| {
        let mut record = said(id, kind, when);
        (record.grantee, record.categories, record.purposes) = (Grantee::Everyone, Scope::All, Vec::new());
        record
    };
    let objection = everyone(2, ConsentKind::Objection, "2026-10-10T12:00:00+09:00");
    let later = said(3, ConsentKind::Permit, "2026-10-20T12:00:00+09:00");
    let facts = with(vec![permit(1), objection.clone(), later.clone()]);
    assert_eq!(c08(&facts, noon()), "DENY T7.objection");
    assert_eq!(says(&look(&provider(), &facts, &[MOTHER], &[C01], noon())), "DENY T7.objection");
    assert_eq!(says(&look(&center(), &facts, &[MOTHER], &[C01], noon())), "PERMIT T6.task+objection-notice");
    let lifted = everyone(4, ConsentKind::ObjectionLifted, "2026-10-30T12:00:00+09:00");
    let facts = with(vec![lifted, permit(1), objection, later]);
    assert_eq!(c08(&facts, noon()), "PERMIT T9.consent");
    assert_eq!(c08(&facts, at("2026-10-30T11:59:59+09:00")), "DENY T7.objection");
}

#[test]
fn a_lifting_that_names_an_objection_lifts_no_other() {
    let no = |id, when| said(id, ConsentKind::Objection, when);
    let (hers, his) = (no(2, "2026-10-10T12:00:00+09:00"), no(3, "2026-10-11T12:00:00+09:00"));
    let lifting = |id, names: &Consent| {
        let mut lifted = said(id, ConsentKind::ObjectionLifted, "2026-10-30T12:00:00+09:00");
        lifted.supersedes = Some(names.id);
        lifted
    };
    let both = vec![permit(1), hers.clone(), his.clone(), lifting(4, &hers)];
    assert_eq!(c08(&with(both.clone()), noon()), "DENY T7.objection");
    let each = both.into_iter().chain([lifting(5, &his)]).collect();
    assert_eq!(c08(&with(each), noon()), "PERMIT T9.consent");
}

#[test]
fn at_one_instant_a_withdrawal_counts_as_later_and_a_lifting_does_not() {
    let when = "2026-10-10T12:00:00+09:00";
    let (permit, withdrawal) = (said(1, ConsentKind::Permit, when), said(2, ConsentKind::Withdrawal, when));
    assert_eq!(c08(&with(vec![permit, withdrawal]), noon()), "DENY T11.default-deny");
    let (no, lifted) = (said(2, ConsentKind::Objection, when), said(3, ConsentKind::ObjectionLifted, when));
    assert_eq!(c08(&with(vec![super::people::permit(1), no, lifted]), noon()), "DENY T7.objection");
}

#[test]
fn of_two_permits_one_that_names_the_category_is_enough() {
    let all = Consent { categories: Scope::All, ..permit(1) };
    for consents in [vec![all.clone(), permit(2)], vec![permit(2), all.clone()]] {
        assert_eq!(c08(&with(consents), noon()), "PERMIT T9.consent");
    }
    assert_eq!(c08(&with(vec![all]), noon()), "DENY T11.default-deny");
}

#[test]
fn of_two_views_of_an_item_the_closed_one_counts() {
    let both = View { full: set(&[C01, C02]), general: set(&[C04, C05]), whereabouts: true, ..View::default() };
    let words = Visible { full: set(&[C02, C06]), general: set(&[C05]), whereabouts: false };
    let mut narrowed = both.clone();
    narrowed.shown_by_both(words);
    assert_eq!((narrowed.full, narrowed.general, narrowed.whereabouts), (set(&[C02]), set(&[C05]), false));
    let mut shut = View { whereabouts: false, ..both.clone() };
    shut.shown_by_both(Visible { whereabouts: true, ..words });
    assert!(!shut.whereabouts);
    assert!(both.shows(set(&[C01])) && both.shows(set(&[C01, C02])) && !both.shows(set(&[C01, C04])));
}

#[test]
fn all_does_not_mean_what_must_be_named() {
    let mut all = permit(1);
    all.categories = Scope::All;
    let facts = with(vec![all]);
    let seen = look(&provider(), &facts, &[MOTHER], &[C04, C07, C08, C13, C19], noon());
    assert_eq!(seen.full, set(&[C04, C07]));
}

#[test]
fn a_permit_for_whoever_is_assigned_follows_the_assignment() {
    let mut assigned = permit(1);
    assigned.grantee = Grantee::Provider { service: "short_stay".into() };
    let facts = with(vec![assigned]);
    assert_eq!(c08(&facts, noon()), "PERMIT T9.consent");
    let other = request("PRV-2", AgencyKind::Prv, Purpose::P7);
    assert_eq!(says(&look(&other, &facts, &[MOTHER], &[C08], noon())), "DENY T11.default-deny");
}

#[test]
fn a_new_version_replaces_the_old_one_from_the_moment_it_is_recorded() {
    let mut defective = said(2, ConsentKind::Permit, "2026-11-02T00:00:00+09:00");
    (defective.supersedes, defective.version, defective.status) = (Some(fact(1)), 2, Status::Unverified);
    let facts = with(vec![permit(1), defective]);
    assert_eq!(c08(&facts, noon()), "PERMIT T9.consent");
    assert_eq!(c08(&facts, at("2026-11-02T00:00:00+09:00")), "DENY T11.default-deny");
}

#[test]
fn a_consent_of_the_mother_does_not_open_the_child_and_an_item_about_both_needs_both() {
    let mut hers = permit(1);
    hers.grantee = Grantee::Agency(agency("OSC-1"));
    hers.purposes = vec![Purpose::P3];
    hers.categories = Scope::Named(set(&[C05, C06]));
    let facts = with(vec![hers]);
    assert_eq!(says(&look(&center(), &facts, &[MOTHER], &[C05], noon())), "PERMIT T9.consent");
    assert_eq!(says(&look(&center(), &facts, &[CHILD], &[C06], noon())), "DENY T11.default-deny");
    assert_eq!(look(&center(), &facts, &[MOTHER, CHILD], &[C05, C06], noon()).full, set(&[]));
}

#[test]
fn an_expired_shield_whose_renewal_is_undecided_stays_in_force() {
    let mut facts = family();
    let mother = facts.subjects.get_mut(&MOTHER).unwrap();
    mother.shields = vec![shield(7, "2026-10-31T00:00:00+09:00")];
    let seen = look(&provider(), &facts, &[MOTHER], &[C01, C02], noon());
    assert_eq!((seen.full, seen.general, seen.whereabouts), (set(&[C01]), set(&[]), false));
    assert_eq!(seen.evidence.iter().find(|(category, _)| *category == C02), Some(&(C02, fact(7))));
    let residence = look(&center(), &facts, &[MOTHER], &[C02], noon());
    assert_eq!((says(&residence).as_str(), residence.whereabouts), ("PERMIT T6.task", true));
    let mother = facts.subjects.get_mut(&MOTHER).unwrap();
    mother.shields.iter_mut().for_each(|shield| shield.lifted_at = Some(noon()));
    assert_eq!(look(&provider(), &facts, &[MOTHER], &[C02], noon()).general, set(&[C02]));
}

#[test]
fn an_agency_linked_to_the_perpetrator_learns_no_place_even_with_consent_or_as_author() {
    let mut opened = permit(1);
    opened.grantee = Grantee::Agency(agency("MED-1"));
    (opened.purposes, opened.categories) = (vec![Purpose::P1], Scope::Named(set(&[C04, C14])));
    let mut facts = with(vec![opened]);
    let link = PerpetratorLink {
        id: fact(5),
        subject: MOTHER,
        agency: agency("MED-1"),
        since: at("2026-01-01T00:00:00+09:00"),
        recorded_at: at("2026-01-01T00:00:00+09:00"),
        lifted_at: None,
    };
    facts.subjects.get_mut(&MOTHER).unwrap().perpetrator_links = vec![link];
    let hospital = request("MED-1", AgencyKind::Med, Purpose::P1);
    let other = agency("MED-2");
    let seen = view(policy(), &hospital, &facts, &item(&other, &[MOTHER], &[C04, C14]), noon());
    assert_eq!((seen.full, seen.whereabouts), (set(&[C04]), false));
    let own = look(&hospital, &facts, &[MOTHER], &[C01, C02], noon());
    assert_eq!(says(&own), "PERMIT T1.author, DENY T0.7");
    let mut refuge = item(&other, &[MOTHER], &[C04]);
    refuge.whereabouts = true;
    assert_eq!(says(&view(policy(), &hospital, &facts, &refuge, noon())), "DENY T0.7");
}

#[test]
fn a_seal_shuts_everybody_out_who_is_not_on_its_list() {
    let mut facts = family();
    let seal = Seal {
        id: fact(5),
        subject: MOTHER,
        allowed: vec![agency("OSC-2")],
        since: at("2026-01-01T00:00:00+09:00"),
        recorded_at: at("2026-01-01T00:00:00+09:00"),
        lifted_at: None,
    };
    facts.subjects.get_mut(&MOTHER).unwrap().seals = vec![seal];
    assert_eq!(says(&look(&center(), &facts, &[MOTHER], &[C01], noon())), "DENY T0.6");
    let author = request("MED-1", AgencyKind::Med, Purpose::P1);
    assert_eq!(says(&look(&author, &facts, &[MOTHER], &[C01], noon())), "DENY T0.6");
    let mut listed = center();
    listed.recipient = agency("OSC-2");
    assert_eq!(says(&look(&listed, &facts, &[MOTHER], &[C01], noon())), "PERMIT T6.task");
}

#[test]
fn the_own_assertion_of_a_source_is_its_approval_for_the_message_that_it_names() {
    let message = MessageId(Uuid::from_u128(77));
    let mut l03 = ground(20, GroundCode::L03, "OSC-1", "MED-1", &[MOTHER]);
    l03.message = Some(message);
    let mut facts = family();
    facts.grounds = vec![l03];
    let (hospital, clinic) = (agency("MED-1"), agency("MED-2"));
    let seen = |facts: &_, author, message| {
        let mut notice = item(author, &[MOTHER], &[C05]);
        notice.message = message;
        says(&view(policy(), &center(), facts, &notice, noon()))
    };
    assert_eq!(seen(&facts, &hospital, Some(message)), "PERMIT T5.L03");
    assert_eq!(seen(&facts, &hospital, None), "DENY T11.default-deny");
    facts.grounds.iter_mut().for_each(|ground| ground.message = None);
    assert_eq!(seen(&facts, &clinic, Some(message)), "HOLD T5.approval");
    // An objection before the assertion was in view (D04); one after it was not, though the ground was recorded anew.
    let objection = |when| {
        with(vec![Consent {
            grantee: Grantee::Everyone,
            categories: Scope::All,
            purposes: Vec::new(),
            ..said(2, ConsentKind::Objection, when)
        }])
    };
    let before = Facts { grounds: facts.grounds.clone(), ..objection("2026-10-19T00:00:00+09:00") };
    assert_eq!(seen(&before, &hospital, None), "PERMIT T5.L03");
    let mut after = Facts { grounds: facts.grounds.clone(), ..objection("2026-10-25T00:00:00+09:00") };
    after.grounds.iter_mut().for_each(|ground| ground.recorded_at = at("2026-10-26T00:00:00+09:00"));
    assert_eq!(seen(&after, &hospital, None), "HOLD T5.approval");
}

#[test]
fn an_objection_after_an_approval_needs_a_person_again() {
    let approval = |with_objection_in_view, approved_at| Approval {
        source: agency("MED-1"),
        categories: set(&[C09]),
        approved_at: at(approved_at),
        with_objection_in_view,
    };
    let objection = |when| {
        let mut objection = said(2, ConsentKind::Objection, when);
        (objection.grantee, objection.categories, objection.purposes) = (Grantee::Everyone, Scope::All, Vec::new());
        objection
    };
    let mut facts = with(vec![objection("2026-10-22T00:00:00+09:00")]);
    let mut l04 = ground(20, GroundCode::L04, "CGC-1", "CGC-1", &[MOTHER]);
    for (approval, expected) in [
        (approval(false, "2026-10-21T00:00:00+09:00"), "HOLD T5.approval"),
        (approval(true, "2026-10-21T00:00:00+09:00"), "HOLD T5.approval"),
        (approval(false, "2026-10-23T00:00:00+09:00"), "HOLD T5.approval"),
        (approval(true, "2026-10-23T00:00:00+09:00"), "PERMIT T5.L04"),
        (approval(true, "2026-10-22T00:00:00+09:00"), "PERMIT T5.L04"),
    ] {
        l04.approvals = vec![approval];
        facts.grounds = vec![l04.clone()];
        assert_eq!(says(&look(&guidance(), &facts, &[MOTHER], &[C09], noon())), expected);
    }
}

#[test]
fn an_objection_to_some_purposes_bars_no_other_and_a_permit_for_no_purpose_opens_none() {
    let follow_up = request("OSC-1", AgencyKind::Osc, Purpose::P4);
    let seen = |request: &Request, consents| look(request, &with(consents), &[MOTHER], Category::ALL, noon());
    let objection = |purposes| Consent {
        grantee: Grantee::Everyone,
        categories: Scope::All,
        purposes,
        ..said(2, ConsentKind::Objection, "2026-10-22T00:00:00+09:00")
    };
    let nothing_said = seen(&follow_up, Vec::new());
    assert_eq!(seen(&follow_up, vec![objection(vec![Purpose::P3])]), nothing_said);
    assert_ne!(seen(&follow_up, vec![objection(vec![Purpose::P4])]), nothing_said);
    assert_ne!(seen(&follow_up, vec![objection(Vec::new())]), nothing_said);
    let permitted = |purposes| seen(&provider(), vec![Consent { purposes, ..permit(1) }]);
    assert_eq!(permitted(Vec::new()), seen(&provider(), Vec::new()));
    assert_ne!(permitted(vec![Purpose::P7]), seen(&provider(), Vec::new()));
}

/// A permit that was withdrawn is a no as well, unless she permitted again, or nobody who may said so.
#[test]
fn a_withdrawal_after_an_approval_needs_a_person_again() {
    let for_guidance = |consent: Consent| Consent {
        grantee: Grantee::Agency(agency("CGC-1")),
        categories: Scope::Named(set(&[C09])),
        purposes: vec![Purpose::P5],
        ..consent
    };
    let she_said = |id, kind, when| for_guidance(said(id, kind, when));
    let withdrawal = || she_said(2, ConsentKind::Withdrawal, "2026-10-22T00:00:00+09:00");
    let by_a_stranger = Consent { relationship: super::super::records::Relationship::Other, ..withdrawal() };
    let again = || she_said(3, ConsentKind::Permit, "2026-10-24T00:00:00+09:00");
    let seen = |mut facts: Facts, (with_objection_in_view, approved_at): (bool, &str)| {
        let mut l04 = ground(20, GroundCode::L04, "CGC-1", "CGC-1", &[MOTHER]);
        l04.approvals = vec![Approval {
            source: agency("MED-1"),
            categories: set(&[C09]),
            approved_at: at(approved_at),
            with_objection_in_view,
        }];
        facts.grounds = vec![l04];
        says(&look(&guidance(), &facts, &[MOTHER], &[C09], noon()))
    };
    let (before, after) = ("2026-10-21T00:00:00+09:00", "2026-10-23T00:00:00+09:00");
    let withdrawn = || with(vec![for_guidance(permit(1)), withdrawal()]);
    assert_eq!(seen(withdrawn(), (false, before)), "HOLD T5.approval");
    assert_eq!(seen(withdrawn(), (true, before)), "HOLD T5.approval");
    assert_eq!(seen(withdrawn(), (true, after)), "PERMIT T5.L04");
    let permitted_again = with(vec![for_guidance(permit(1)), withdrawal(), again()]);
    assert_eq!(seen(permitted_again, (false, before)), "PERMIT T5.L04");
    assert_eq!(seen(with(vec![by_a_stranger]), (false, before)), "PERMIT T5.L04");
    let mut in_doubt = with(vec![again()]);
    in_doubt.subjects.get_mut(&MOTHER).unwrap().conflicts = vec![MOTHER];
    assert_eq!(seen(in_doubt, (false, before)), "PERMIT T5.L04", "a permit in doubt is no objection");
}

#[test]
fn a_standing_approval_is_of_one_source_for_one_recipient_and_ground() {
    let mut facts = family();
    facts.grounds = vec![ground(20, GroundCode::L04, "CGC-1", "CGC-1", &[MOTHER])];
    facts.standing = vec![StandingApproval {
        id: fact(30),
        source: agency("MED-1"),
        recipient: agency("CGC-1"),
        code: GroundCode::L04,
        categories: set(&[C09, C19]),
        from: at("2026-01-01T00:00:00+09:00"),
        until: None,
        recorded_at: at("2026-01-01T00:00:00+09:00"),
    }];
    let seen = look(&guidance(), &facts, &[MOTHER], &[C08, C09, C19], noon());
    assert_eq!(says(&seen), "HOLD T5.approval, PERMIT T5.L04, HOLD T5.approval");
    assert_eq!(seen.held, vec![(C08, Rule::Approval), (C19, Rule::Approval)]);
    let clinic = agency("MED-2");
    let other = view(policy(), &guidance(), &facts, &item(&clinic, &[MOTHER], &[C09]), noon());
    assert_eq!(says(&other), "HOLD T5.approval");
}

#[test]
fn two_grounds_add_up_and_a_marked_harm_on_any_of_them_holds() {
    let l04 = ground(20, GroundCode::L04, "CGC-1", "CGC-1", &[MOTHER]);
    let mut approved = l04.clone();
    approved.id = fact(21);
    approved.approvals = vec![Approval {
        source: agency("MED-1"),
        categories: set(&[C08, C09]),
        approved_at: at("2026-10-21T00:00:00+09:00"),
        with_objection_in_view: false,
    }];
    let mut marked = ground(22, GroundCode::L12, "CGC-1", "CGC-1", &[MOTHER]);
    marked.provisos = vec![Proviso { source: agency("MED-1"), noted_at: noon(), lifted_at: None }];
    let duty = ground(23, GroundCode::L01, "CGC-1", "OSC-1", &[MOTHER]);
    let mut facts = family();
    facts.grounds = vec![l04, approved];
    assert_eq!(says(&look(&guidance(), &facts, &[MOTHER], &[C08, C09], noon())), "PERMIT T5.L04, PERMIT T5.L04");
    facts.grounds.push(marked);
    // L12 does not reach C08.
    assert_eq!(says(&look(&guidance(), &facts, &[MOTHER], &[C08, C09], noon())), "PERMIT T5.L04, HOLD T5.proviso");
    facts.grounds.push(duty);
    assert_eq!(says(&look(&guidance(), &facts, &[MOTHER], &[C08, C09], noon())), "PERMIT T2.L01, PERMIT T2.L01");
}

#[test]
fn a_ground_counts_for_an_item_about_two_only_when_it_names_both() {
    let mut facts = family();
    facts.grounds = vec![ground(23, GroundCode::L01, "CGC-1", "MED-1", &[CHILD])];
    assert_eq!(says(&look(&guidance(), &facts, &[CHILD], &[C13], noon())), "PERMIT T2.L01");
    assert_eq!(says(&look(&guidance(), &facts, &[MOTHER, CHILD], &[C13], noon())), "DENY T11.default-deny");
    facts.grounds.iter_mut().for_each(|ground| ground.subjects.push(MOTHER));
    assert_eq!(says(&look(&guidance(), &facts, &[MOTHER, CHILD], &[C13], noon())), "PERMIT T2.L01");
    let mut cited = guidance();
    cited.cited_ground = Some(fact(99));
    assert_eq!(says(&look(&cited, &facts, &[CHILD], &[C13], noon())), "DENY T11.default-deny");
}

#[test]
fn a_ground_is_replaced_from_the_moment_the_new_one_is_recorded() {
    let wide = ground(23, GroundCode::L01, "CGC-1", "MED-1", &[CHILD]);
    let mut narrow = ground(24, GroundCode::L01, "CGC-1", "MED-1", &[MOTHER]);
    (narrow.supersedes, narrow.recorded_at) = (Some(wide.id), noon());
    let mut facts = family();
    facts.grounds = vec![wide, narrow];
    let seen = |now| says(&look(&guidance(), &facts, &[CHILD], &[C13], now));
    assert_eq!(seen(noon().plus_minutes(-1)), "PERMIT T2.L01");
    assert_eq!(seen(noon()), "DENY T11.default-deny");
}

#[test]
fn a_ground_without_an_end_or_past_it_opens_nothing() {
    let mut facts = family();
    facts.grounds = vec![ground(23, GroundCode::L01, "CGC-1", "MED-1", &[CHILD])];
    let seen = |facts: &_, now| says(&look(&guidance(), facts, &[CHILD], &[C13], now));
    assert_eq!(seen(&facts, at("2026-12-19T23:59:59+09:00")), "PERMIT T2.L01");
    assert_eq!(seen(&facts, at("2026-12-20T00:00:00+09:00")), "DENY T11.default-deny");
    facts.grounds.iter_mut().for_each(|ground| ground.ended_at = Some(noon()));
    assert_eq!(seen(&facts, noon()), "DENY T11.default-deny");
    facts.grounds.iter_mut().for_each(|ground| (ground.ended_at, ground.until) = (None, None));
    assert_eq!(seen(&facts, noon()), "DENY T11.default-deny");
}

#[test]
fn break_glass_is_of_one_member_of_staff_for_four_hours() {
    let mut facts = family();
    facts.subjects.get_mut(&MOTHER).unwrap().break_glass = vec![glass(40, "CGC-1", "2026-11-01T12:00:00+09:00")];
    let mut asks = request("CGC-1", AgencyKind::Cgc, Purpose::P11);
    let seen = |asks: &_, now| says(&look(asks, &facts, &[MOTHER], &[C13], at(now)));
    assert_eq!(seen(&asks, "2026-11-01T11:59:59+09:00"), "DENY T4.ceiling");
    assert_eq!(seen(&asks, "2026-11-01T12:00:00+09:00"), "PERMIT T3.BG");
    assert_eq!(seen(&asks, "2026-11-01T15:59:59+09:00"), "PERMIT T3.BG");
    assert_eq!(seen(&asks, "2026-11-01T16:00:00+09:00"), "DENY T4.ceiling");
    asks.actor.staff_id = "w-2".into();
    assert_eq!(seen(&asks, "2026-11-01T12:00:00+09:00"), "DENY T4.ceiling");
}

#[test]
fn a_member_who_left_the_council_sees_the_case_no_more() {
    let mut facts = family();
    let case = CouncilCase {
        supersedes: Vec::new(),
        id: fact(50),
        number: "8-017".into(),
        subjects: vec![MOTHER],
        members: vec![Member {
            agency: agency("PRV-1"),
            from: at("2026-10-01T00:00:00+09:00"),
            until: Some(at("2026-11-02T00:00:00+09:00")),
        }],
        recorded_at: at("2026-10-01T00:00:00+09:00"),
        closed_at: None,
    };
    facts.subjects.get_mut(&MOTHER).unwrap().council_cases = vec![case];
    facts.grounds = vec![ground(20, GroundCode::L05, "PRV-1", "MED-1", &[MOTHER])];
    let asks = request("PRV-1", AgencyKind::Prv, Purpose::P6);
    assert_eq!(says(&look(&asks, &facts, &[MOTHER], &[C13], noon())), "PERMIT T5.L05");
    assert_eq!(says(&look(&asks, &facts, &[MOTHER], &[C13], at("2026-11-02T00:00:00+09:00"))), "DENY T0.4");
}

#[test]
fn a_list_of_members_recorded_anew_ends_the_one_before() {
    let mut facts = family();
    let member =
        |agency_id: &str| Member { agency: agency(agency_id), from: at("2026-10-01T00:00:00+09:00"), until: None };
    let first = CouncilCase {
        id: fact(50),
        supersedes: Vec::new(),
        number: "8-017".into(),
        subjects: vec![MOTHER],
        members: vec![member("PRV-1"), member("CGC-1")],
        recorded_at: at("2026-10-01T00:00:00+09:00"),
        closed_at: None,
    };
    let second = CouncilCase {
        id: fact(51),
        supersedes: vec![fact(50)],
        members: vec![member("CGC-1")],
        recorded_at: at("2026-11-01T12:00:00+09:00"),
        ..first.clone()
    };
    facts.subjects.get_mut(&MOTHER).unwrap().council_cases = vec![second, first];
    facts.grounds = vec![ground(20, GroundCode::L05, "PRV-1", "MED-1", &[MOTHER])];
    let asks = request("PRV-1", AgencyKind::Prv, Purpose::P6);
    let seen = |now| says(&look(&asks, &facts, &[MOTHER], &[C13], at(now)));
    assert_eq!(seen("2026-11-01T11:59:59+09:00"), "PERMIT T5.L05", "as it was on file then");
    assert_eq!(seen("2026-11-01T12:00:00+09:00"), "DENY T0.4");
}

#[test]
fn the_child_welfare_role_is_the_officers_own() {
    let mut asks = request("OSC-1", AgencyKind::Osc, Purpose::P4);
    let facts = family();
    assert_eq!(says(&look(&asks, &facts, &[MOTHER], &[C13, C14], noon())), "PERMIT T6.task, PERMIT T6.task");
    asks.actor.role = Role::Phn;
    assert_eq!(says(&look(&asks, &facts, &[MOTHER], &[C13, C14], noon())), "DENY T4.ceiling, DENY T4.ceiling");
}

#[test]
fn notifiers_referrals_and_reports_are_for_their_authors_and_parties() {
    let facts = family();
    let hospital = request("MED-1", AgencyKind::Med, Purpose::P2);
    assert_eq!(says(&look(&hospital, &facts, &[MOTHER], &[C20], noon())), "PERMIT T1.author");
    assert_eq!(says(&look(&center(), &facts, &[MOTHER], &[C16, C20], noon())), "DENY T4.ceiling, DENY T0.5");
    let (author, parties) = (agency("MED-1"), [agency("MED-1"), agency("OSC-1")]);
    let mut referral = item(&author, &[MOTHER], &[C16]);
    referral.referral_parties = &parties;
    assert_eq!(says(&view(policy(), &center(), &facts, &referral, noon())), "PERMIT T6.task");
    let billing = request("PRV-1", AgencyKind::Prv, Purpose::P8);
    let mut report = item(&author, &[MOTHER], &[C17]);
    assert_eq!(says(&view(policy(), &billing, &facts, &report, noon())), "DENY T4.ceiling");
    report.is_own_report = true;
    assert_eq!(says(&view(policy(), &billing, &facts, &report, noon())), "PERMIT T6.task");
}

#[test]
fn an_assignment_that_comes_to_the_home_gets_the_address() {
    let mut facts = family();
    assert_eq!(look(&provider(), &facts, &[MOTHER], &[C02], noon()).general, set(&[C02]));
    let outreach = RelationKind::Assignment { service: "outreach".into(), outreach: true };
    facts.subjects.get_mut(&MOTHER).unwrap().relations.push(tie(110, MOTHER, "PRV-1", outreach));
    assert_eq!(look(&provider(), &facts, &[MOTHER], &[C02], noon()).full, set(&[C02]));
}

#[test]
fn nothing_on_file_and_nobody_concerned_show_nothing() {
    let stranger = crate::id::PersonId(Uuid::from_u128(999));
    let seen = look(&provider(), &family(), &[stranger], &[C01, C02, C08], noon());
    assert_eq!((seen.full, seen.general), (set(&[]), set(&[])));
    assert_eq!(look(&provider(), &family(), &[], &[C01], noon()), View::default());
    let mut inactive = family();
    inactive.recipient_active = false;
    assert_eq!(says(&look(&provider(), &inactive, &[MOTHER], &[C01], noon())), "DENY T0.2");
}

#[test]
fn a_label_raises_and_a_named_consent_passes_it() {
    let facts = with(vec![permit(1)]);
    let author = agency("MED-1");
    let mut labelled = item(&author, &[MOTHER], &[C01, C08]);
    labelled.label = Label::V;
    let seen = view(policy(), &provider(), &facts, &labelled, noon());
    assert_eq!(says(&seen), "DENY T11.default-deny, PERMIT T9.consent");
}

#[test]
fn a_machine_cannot_use_the_purposes_that_need_a_person() {
    for purpose in [Purpose::P5, Purpose::P6, Purpose::P10, Purpose::P11] {
        assert!(!role_may_use(Role::System, purpose));
        assert!(role_may_use(Role::ChildWelfareOfficer, purpose));
    }
    assert!(role_may_use(Role::System, Purpose::P3));
}

#[test]
fn a_child_of_unseen_age_waits_for_a_person() {
    let mut parental = permit(1);
    parental.subject = CHILD;
    (parental.grantor, parental.relationship) = (Some(MOTHER), super::super::records::Relationship::ParentalAuthority);
    (parental.grantee, parental.purposes) = (Grantee::Agency(agency("OSC-1")), vec![Purpose::P3]);
    parental.categories = Scope::Named(set(&[C06]));
    let mut facts = with_child(vec![parental]);
    assert_eq!(says(&look(&center(), &facts, &[CHILD], &[C06], noon())), "PERMIT T9.consent");
    facts.subjects.get_mut(&CHILD).unwrap().birth_date = None;
    assert_eq!(says(&look(&center(), &facts, &[CHILD], &[C06], noon())), "HOLD T7.conflict");
}

#[test]
fn a_person_whose_file_was_not_read_is_shown_to_nobody() {
    let mut facts = with(vec![permit(1)]);
    facts.subjects.remove(&CHILD);
    assert_eq!(look(&provider(), &facts, &[CHILD], &[C01, C08], noon()), View::default());
    assert_eq!(look(&provider(), &facts, &[MOTHER, CHILD], &[C01, C08], noon()), View::default());
    let author = request("MED-1", AgencyKind::Med, Purpose::P1);
    assert_eq!(look(&author, &facts, &[CHILD], &[C01], noon()), View::default());
}

#[test]
fn the_level_of_a_ground_limits_what_it_opens() {
    let mut facts = family();
    let mut ground = ground(20, GroundCode::L04, "CGC-1", "CGC-1", &[MOTHER]);
    ground.approvals = vec![Approval {
        source: agency("MED-1"),
        categories: set(&[C05, C08, C09]),
        approved_at: at("2026-10-21T00:00:00+09:00"),
        with_objection_in_view: false,
    }];
    let seen = |facts: &Facts, category| says(&look(&guidance(), facts, &[MOTHER], &[category], noon()));
    let levels = [
        (Some(Level::L1), ["DENY T11.default-deny", "DENY T11.default-deny"]),
        (None, ["PERMIT T5.L04", "DENY T11.default-deny"]),
        (Some(Level::L2), ["PERMIT T5.L04", "DENY T11.default-deny"]),
        (Some(Level::L3), ["PERMIT T5.L04", "PERMIT T5.L04"]),
    ];
    for (level, said) in levels {
        ground.level = level;
        facts.grounds = vec![ground.clone()];
        assert_eq!([seen(&facts, C09), seen(&facts, C08)], said, "{level:?}");
    }
}
