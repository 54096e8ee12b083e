//! Which change of a shield takes a second person (S-58): every one that lets somebody know whom the shield kept from knowing.

use super::super::records::Shield;
use super::people::*;
use crate::agency::AgencyId;
use crate::id::{FactId, PersonId};
use crate::time::Time;
use proptest::prelude::*;
use uuid::Uuid;

fn agencies() -> Vec<AgencyId> {
    ["MED-1", "PRV-1", "OSC-1"].into_iter().map(agency).collect()
}

fn at(minute: i64) -> Time {
    Time::MIN.plus_minutes(minute)
}

prop_compose! {
    fn a_shield()(
        since in 0_i64..6,
        until in 0_i64..6,
        recorded_at in 0_i64..4,
        allowed in proptest::sample::subsequence(agencies(), 0..=3),
        lifted in proptest::option::of(0_i64..6),
    ) -> Shield {
        let (id, subject) = (FactId(Uuid::from_u128(1)), PersonId(Uuid::from_u128(2)));
        let (since, until, recorded_at) = (at(since), at(until), at(recorded_at));
        Shield { id, subject, since, until, allowed, recorded_at, lifted_at: lifted.map(at) }
    }
}

fn keeps_from(shield: &Shield, agency: &AgencyId, now: Time) -> bool {
    shield.on(now) && !shield.allowed.contains(agency)
}

proptest! {
    #[test]
    fn s58_what_one_person_may_do_alone_lets_nobody_know_who_did_not(before in a_shield(), after in a_shield()) {
        if !after.is_weaker_than(&before) {
            for now in (0..8).map(at).filter(|now| *now >= after.recorded_at) {
                for agency in agencies() {
                    prop_assert!(!keeps_from(&before, &agency, now) || keeps_from(&after, &agency, now));
                }
            }
        }
    }

    #[test]
    fn s58_the_same_a_longer_one_and_one_that_fewer_may_see_through_are_done_at_once(before in a_shield()) {
        prop_assert!(!before.clone().is_weaker_than(&before));
        let longer = Shield { until: before.until.plus_days(365), ..before.clone() };
        let narrower = Shield { allowed: Vec::new(), ..before.clone() };
        prop_assert!(!longer.is_weaker_than(&before) && !narrower.is_weaker_than(&before));
    }

    #[test]
    fn s58_a_shield_is_not_lifted_shortened_or_opened_to_more_by_one(before in a_shield(), more in 0_usize..3) {
        let standing = Shield { lifted_at: None, ..before };
        let lifted = Shield { lifted_at: Some(at(3)), ..standing.clone() };
        let shorter = Shield { until: standing.until.plus_minutes(-1), ..standing.clone() };
        let later = Shield { since: standing.since.plus_minutes(1), ..standing.clone() };
        prop_assert!([lifted, shorter, later].iter().all(|after| after.is_weaker_than(&standing)));
        let agency = agencies().remove(more);
        if !standing.allowed.contains(&agency) {
            let mut wider = standing.clone();
            wider.allowed.push(agency);
            prop_assert!(wider.is_weaker_than(&standing));
        }
    }
}
