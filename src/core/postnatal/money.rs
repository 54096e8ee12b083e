//! What the user paid: fee, reduction, income class.

use super::care::{Approval, CareContext, CareUse};
use super::check::Findings;
use super::fee::{self, Charge};
use super::limits::since_revision;
use super::policy::{CarePolicy, Income, ReductionMode};

pub(super) fn check(
    findings: &mut Findings<'_>,
    policy: &CarePolicy,
    context: &CareContext,
    approval: &Approval,
    report: &CareUse,
) {
    if report.income.is_some_and(|income| income != approval.income) {
        income_differs(findings);
    }
    if !report.status.delivered() || report.end <= report.start {
        return;
    }
    let taken: u32 = since_revision(context, approval, report)
        .filter(|other| other.status.delivered())
        .fold(0, |sum, other| sum.saturating_add(fee::tickets_used(policy, other)));
    let left = approval.reductions_left.saturating_sub(taken);
    let units = fee::count(policy, report);
    let charge_for = |income| fee::charge(policy, report.kind, income, units, approval.extra_children(), left);
    let Some(charge) = charge_for(approval.income) else {
        findings.error(
            "PV-E401",
            "利用種別",
            "自治体の要綱に、この利用種別の利用料がありません。",
            "The municipality's policy has no fee for this kind of care.",
        );
        return;
    };
    check_fee(findings, report, &charge);
    let of_another_class = Income::ALL.into_iter().filter(|income| *income != approval.income);
    let explained = of_another_class.filter_map(charge_for).any(|other| pays(report, &other) && !pays(report, &charge));
    if explained && report.income.is_none_or(|income| income == approval.income) {
        income_differs(findings);
    }
    check_reduction(findings, policy, report, &charge);
    if approval.income == Income::Welfare && charge.gross == 0 && report.user_fee > 0 {
        findings.error(
            "PV-E405",
            "利用者負担額",
            "生活保護世帯の利用料は無料ですが、負担額があります。",
            "A household on welfare was charged where the policy takes nothing.",
        );
    }
}

fn pays(report: &CareUse, charge: &Charge) -> bool {
    report.user_fee == charge.after(report.reduction)
}

fn check_fee(findings: &mut Findings<'_>, report: &CareUse, charge: &Charge) {
    if !pays(report, charge) {
        findings.error(
            "PV-E401",
            "利用者負担額",
            "利用者負担額が、要綱の利用料から減免額を引いた額と違います。",
            "The user's fee is not what the policy gives less the reduction.",
        );
    }
}

fn check_reduction(findings: &mut Findings<'_>, policy: &CarePolicy, report: &CareUse, charge: &Charge) {
    if report.reduction == 0 {
        return;
    }
    if policy.reduction.mode == ReductionMode::Refund {
        findings.error(
            "PV-E402",
            "減免額",
            "この自治体の減免は利用者への償還払いです。事業者は減免できません。",
            "Reductions are repaid to the user by this municipality; the provider takes none off.",
        );
        return;
    }
    if report.reduction > charge.reduction_max {
        findings.error(
            "PV-E402",
            "減免額",
            "減免額が、残っている減免の回数または対象の利用種別を超えています。",
            "The reduction goes beyond the reductions left, or the kind cannot be reduced.",
        );
    }
    let without_extra = charge.gross.saturating_sub(charge.extra);
    if !policy.reduction.extra_child && report.reduction > without_extra {
        findings.error(
            "PV-E403",
            "減免額",
            "多胎・きょうだいの加算は減免の対象外です。",
            "The addition for a further child cannot be reduced with a ticket.",
        );
    }
}

fn income_differs(findings: &mut Findings<'_>) {
    findings.error(
        "PV-E404",
        "所得区分",
        "所得区分が承認時のものと違います。区分は承認の日のものを使います。",
        "The income class is not that of the approval, which is fixed on the day of the approval.",
    );
}

#[cfg(test)]
mod tests {
    use super::super::check::check;
    use super::super::fixtures::*;
    use super::*;

    fn codes(policy: &CarePolicy, context: &CareContext, report: &CareUse) -> Vec<String> {
        check(policy, context, report).into_iter().map(|d| d.code.into_owned()).collect()
    }

    #[test]
    fn a_fee_that_is_one_yen_off_is_refused() {
        let mut stay = first_stay();
        stay.user_fee += 1;
        assert_eq!(codes(&shione(), &context(vec![]), &stay), ["PV-E401"]);
    }

    #[test]
    fn a_user_who_keeps_her_tickets_pays_the_whole_fee() {
        let mut stay = first_stay();
        (stay.user_fee, stay.reduction) = (10_500, 0);
        assert!(codes(&shione(), &context(vec![]), &stay).is_empty());
    }

    #[test]
    fn a_sixth_ticket_is_refused() {
        let mut stay = second_stay();
        stay.night_staff.push(super::super::Shift {
            role: super::super::StaffRole::Midwife,
            from: stay.start,
            to: stay.end,
        });
        (stay.user_fee, stay.reduction) = (6_500, 7_500);
        assert_eq!(codes(&shione(), &context(vec![first_stay()]), &stay), ["PV-E402"]);
    }

    #[test]
    fn the_fee_of_another_income_class_is_named_as_such() {
        let mut day = eighth_day();
        day.user_fee = 500;
        assert_eq!(codes(&shione(), &context(vec![]), &day), ["PV-E401", "PV-E404"]);
        let mut named = eighth_day();
        named.income = Some(Income::Welfare);
        assert_eq!(codes(&shione(), &context(vec![]), &named), ["PV-E404"]);
    }

    #[test]
    fn where_the_city_repays_the_user_the_provider_takes_nothing_off() {
        let mut policy = shione();
        policy.reduction.mode = ReductionMode::Refund;
        assert_eq!(codes(&policy, &context(vec![]), &first_stay()), ["PV-E402"]);
    }

    #[test]
    fn a_ticket_does_not_reduce_the_addition_for_a_further_child_where_excluded() {
        let mut policy = setagaya();
        policy.fee.stay = policy.fee.stay.map(|tiers| super::super::Tiers { taxed: 2_000, ..tiers });
        let mut held = context(vec![]);
        let mut stay = first_stay();
        if let Some(approval) = &mut held.approval {
            let mut second = approval.infants.clone();
            approval.infants.append(&mut second);
        }
        stay.infants.push(super::super::InfantReport { key: "c-2".to_owned(), birth_order: Some(2) });
        (stay.user_fee, stay.reduction) = (3_000, 6_000);
        assert!(codes(&policy, &held, &stay).is_empty());
        (stay.user_fee, stay.reduction) = (1_500, 7_500);
        assert_eq!(codes(&policy, &held, &stay), ["PV-E402", "PV-E403"]);
    }

    #[test]
    fn a_household_on_welfare_pays_nothing_where_the_policy_says_so() {
        let mut held = context(vec![]);
        if let Some(approval) = &mut held.approval {
            approval.income = Income::Welfare;
        }
        let mut stay = first_stay();
        (stay.user_fee, stay.reduction) = (100, 0);
        assert_eq!(codes(&nanao(), &held, &stay), ["PV-E401", "PV-E405"]);
        stay.user_fee = 0;
        assert!(codes(&nanao(), &held, &stay).is_empty());
    }
}
