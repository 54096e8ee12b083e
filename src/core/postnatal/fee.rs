//! How many units a use has and what it costs: the fee function of `formats/provider.md` section 5.

use super::care::{CareUse, Kind};
use super::policy::{CarePolicy, FeeMode, Income, ReductionMode, StayCount};
use crate::time::Time;

const MINUTES_PER_DAY: i64 = 24 * 60;

/// Units of a use under a policy: days, nights or spans of 24 hours of a stay; one for every other kind.
pub fn count(policy: &CarePolicy, report: &CareUse) -> u32 {
    if report.kind == Kind::Stay { count_stay(policy.day_count.stay, report.start, report.end) } else { 1 }
}

pub(super) fn count_stay(how: StayCount, start: Time, end: Time) -> u32 {
    let nights = nights(start, end);
    let counted = match how {
        StayCount::CalendarDays => nights.saturating_add(1),
        StayCount::Nights => nights,
        StayCount::Units => {
            let minutes = end.minutes_since(start).max(0);
            u32::try_from(minutes / MINUTES_PER_DAY + i64::from(minutes % MINUTES_PER_DAY > 0)).unwrap_or(u32::MAX)
        }
    };
    counted.max(1)
}

/// Difference of the dates in Japan; nothing when the end comes first.
pub(super) fn nights(start: Time, end: Time) -> u32 {
    let days = (Time::start_of(end.day()).minutes_since(Time::start_of(start.day()))) / MINUTES_PER_DAY;
    u32::try_from(days).unwrap_or(0)
}

/// What a use costs the user, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Charge {
    /// Units of the use.
    pub units: u32,
    /// Before any reduction, the addition for further children included.
    pub gross: u32,
    /// Part of `gross` that is the addition for further children.
    pub extra: u32,
    /// The most that may be taken off.
    pub reduction_max: u32,
}

impl Charge {
    /// What the user pays when everything that may be taken off is.
    pub const fn net(&self) -> u32 {
        self.gross.saturating_sub(self.reduction_max)
    }

    /// What the user pays after this reduction.
    pub const fn after(&self, reduction: u32) -> u32 {
        self.gross.saturating_sub(reduction)
    }
}

/// What `units` of a kind cost a household of this class. `None` when the policy has no fee for the kind.
///
/// `price` is the contract price of a unit, for policies that bear a share of it; `reductions_left` counts the units
/// that may still be reduced.
pub fn charge(
    policy: &CarePolicy,
    kind: Kind,
    income: Income,
    units: u32,
    extra_children: u32,
    reductions_left: u32,
) -> Option<Charge> {
    let base = unit_fee(policy, kind, income)?.saturating_mul(units);
    let extra = policy.multiples_add.of(kind).unwrap_or(0).saturating_mul(extra_children).saturating_mul(units);
    let gross = base.saturating_add(extra);
    let reducible = if policy.reduction.extra_child { gross } else { base };
    let reduction_max = if policy.reduction.mode == ReductionMode::Ticket {
        policy.reduction.amount_for(kind).saturating_mul(units.min(reductions_left)).min(reducible)
    } else {
        0
    };
    Some(Charge { units, gross, extra, reduction_max })
}

fn unit_fee(policy: &CarePolicy, kind: Kind, income: Income) -> Option<u32> {
    let amount = policy.fee.of(kind)?.of(income);
    match policy.fee.mode {
        FeeMode::Table => Some(amount),
        FeeMode::PublicShare => {
            let at_least = policy.fee.at_least.of(kind).map_or(0, |tiers| tiers.of(income));
            Some(policy.price.of(kind)?.saturating_sub(amount).max(at_least))
        }
    }
}

/// Tickets that a reported reduction has used up; a part of one counts as one.
pub fn tickets_used(policy: &CarePolicy, report: &CareUse) -> u32 {
    match policy.reduction.amount_for(report.kind) {
        0 => 0,
        amount => report.reduction.div_ceil(amount),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::super::fixtures::{at, nanao, omaezaki, setagaya, shione, yashio};
    use super::*;

    #[test]
    fn a_night_is_two_days_one_night_or_one_unit_by_policy() {
        let (start, end) = (at(16, 10, 0), at(17, 10, 0));
        assert_eq!(count_stay(StayCount::CalendarDays, start, end), 2);
        assert_eq!(count_stay(StayCount::Nights, start, end), 1);
        assert_eq!(count_stay(StayCount::Units, start, end), 1);
        assert_eq!(count_stay(StayCount::Units, start, at(17, 10, 1)), 2);
    }

    #[test]
    fn a_taxed_mother_of_twins_in_yashio_pays_3500_with_a_ticket() {
        let charge = charge(&yashio(), Kind::Stay, Income::Taxed, 1, 1, 5).unwrap();
        assert_eq!((charge.gross, charge.net()), (6_000, 3_500));
    }

    #[test]
    fn two_nights_in_setagaya_use_three_coupons() {
        let policy = setagaya();
        let units = count_stay(policy.day_count.stay, at(16, 10, 0), at(18, 10, 0));
        let charge = charge(&policy, Kind::Stay, Income::Taxed, units, 0, 5).unwrap();
        assert_eq!((units, charge.reduction_max), (3, 7_500));
    }

    #[test]
    fn one_night_with_twins_in_nanao_costs_21600() {
        let policy = nanao();
        let units = count_stay(policy.day_count.stay, at(16, 10, 0), at(17, 10, 0));
        assert_eq!(charge(&policy, Kind::Stay, Income::Taxed, units, 1, 0).unwrap().net(), 21_600);
    }

    #[test]
    fn omaezaki_bears_a_share_of_the_price_and_the_user_pays_at_least_2500() {
        let net = |price, income| charge(&omaezaki(price), Kind::Stay, income, 1, 0, 0).unwrap().net();
        assert_eq!(net(35_000, Income::Nontaxed), 5_000);
        assert_eq!(net(28_000, Income::Nontaxed), 2_500);
        assert_eq!(net(35_000, Income::Taxed), 20_000);
    }

    #[test]
    fn the_two_stays_of_the_story_cost_3000_and_9000() {
        let policy = shione();
        let stay = |units, left| charge(&policy, Kind::Stay, Income::Taxed, units, 0, left).unwrap();
        assert_eq!((stay(3, 5).gross, stay(3, 5).net()), (10_500, 3_000));
        assert_eq!((stay(4, 2).gross, stay(4, 2).net()), (14_000, 9_000));
    }

    #[test]
    fn a_reduction_never_makes_a_fee_negative() {
        let charge = charge(&shione(), Kind::Day, Income::Taxed, 1, 0, 5).unwrap();
        assert_eq!((charge.reduction_max, charge.net()), (1_500, 0));
    }

    #[test]
    fn a_kind_without_a_fee_is_not_offered() {
        assert_eq!(charge(&shione(), Kind::Visit, Income::Taxed, 1, 0, 5), None);
    }
}
