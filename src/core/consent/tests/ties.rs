//! Which tie serves which purpose of which kind of agency (`consent.md` section 2): the whole table.

use super::super::gather::serves;
use super::super::records::{Relation, RelationKind};
use super::super::{Item, Listing, view};
use super::people::*;
use crate::agency::AgencyKind::{self, Cgc, Med, Mun, Osc, Pho, Prv};
use crate::agency::Category;
use crate::agency::Purpose::{self, P1, P6, P9};
use crate::id::ReferralId;
use uuid::Uuid;

fn ties() -> [(&'static str, RelationKind); 9] {
    let (referral, service) = (ReferralId(Uuid::from_u128(9)), || "day".to_owned());
    [
        ("residence", RelationKind::Residence),
        ("stay", RelationKind::Stay),
        ("move", RelationKind::Move),
        ("open referral", RelationKind::OpenReferral(referral)),
        ("closed referral", RelationKind::ClosedReferral(referral)),
        ("care", RelationKind::CareEpisode),
        ("assignment", RelationKind::Assignment { service: service(), outreach: false }),
        ("assignment to the home", RelationKind::Assignment { service: service(), outreach: true }),
        ("council", RelationKind::Council),
    ]
}

/// A case of the council is for its members, whatever else they are to the family; whoever lives in a municipality is its
/// center's for every purpose.
fn written(kind: AgencyKind, purpose: Purpose) -> Vec<&'static str> {
    match (kind, purpose) {
        (Osc | Mun, P9) => vec!["residence", "stay", "move", "open referral"],
        (Osc | Mun, P6) => vec!["residence", "stay", "open referral", "council"],
        (Osc | Mun, _) => vec!["residence", "stay", "open referral"],
        (_, P6) => vec!["council"],
        (Prv, _) => vec!["assignment", "assignment to the home"],
        (Pho, P1) => vec!["residence", "open referral", "care"],
        (Med | Cgc | Pho, _) => vec!["open referral", "care"],
    }
}

#[test]
fn a_tie_serves_the_purposes_that_the_document_names_and_no_other() {
    for kind in AgencyKind::ALL {
        for purpose in Purpose::ALL {
            let serving = ties().into_iter().filter(|(_, tie)| serves(*kind, *purpose, tie));
            let serving: Vec<&str> = serving.map(|(name, _)| name).collect();
            assert_eq!(serving, written(*kind, *purpose), "{kind} {purpose}");
        }
    }
}

/// Whoever was a party hears how its own referral ended, for as long as that tie lives; a listing says the same as the tiers.
#[test]
fn a_closed_referral_serves_its_party_alone_and_while_it_lives() {
    let closed = || RelationKind::ClosedReferral(ReferralId(Uuid::from_u128(9)));
    let (center, parties, subjects) = (agency("OSC-1"), [agency("MED-1")], [MOTHER]);
    let step = Item { referral_parties: &parties, ..item(&center, &subjects, &[Category::C16]) };
    let asks = request("MED-1", Med, P1);
    let seen = |tie: Relation| {
        let mut facts = family();
        facts.subjects.get_mut(&MOTHER).unwrap().relations.push(tie);
        let listed = Listing::new(policy(), &asks, &facts, noon()).visible(&step).full;
        assert_eq!(listed, view(policy(), &asks, &facts, &step, noon()).full);
        !listed.is_empty()
    };
    assert!(seen(tie(110, MOTHER, "MED-1", closed())));
    assert!(!seen(tie(110, MOTHER, "MED-2", closed())));
    assert!(!seen(Relation { until: Some(noon()), ..tie(110, MOTHER, "MED-1", closed()) }));
}
