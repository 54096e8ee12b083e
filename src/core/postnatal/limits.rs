//! What an approval allows: period, age, kinds, units left; and the counts and times that a report gives.

use super::care::{Approval, CareContext, CareUse, Kind};
use super::check::Findings;
use super::fee;
use super::policy::{CarePolicy, Extension, LimitUnit, StayCount};
use crate::adapter::Severity;
use crate::japan::gestation::Gestation;
use crate::japan::one_year::{counted_birth, one_year_end};
use crate::time::{Day, Time};
use jiff::ToSpan;

/// Units that a use takes from the limit: none when no care was given.
pub fn limit_units(policy: &CarePolicy, report: &CareUse) -> u32 {
    match policy.limit.unit {
        _ if !report.status.delivered() => 0,
        LimitUnit::Uses => 1,
        LimitUnit::Days => fee::count(policy, report),
    }
}

/// Units of all these uses together. The municipality asks it over all providers when it issues or revises an approval.
pub fn units_used<'a>(policy: &CarePolicy, uses: impl IntoIterator<Item = &'a CareUse>) -> u32 {
    uses.into_iter().fold(0, |sum, one| sum.saturating_add(limit_units(policy, one)))
}

/// The last day on which care may be used (`formats/common_japan.md` 6.5).
pub fn last_day(policy: &CarePolicy, birth: Day, gestation_days: Option<u16>) -> Day {
    one_year_end(age_from(policy, birth, gestation_days), policy.one_year_end)
}

fn age_from(policy: &CarePolicy, birth: Day, gestation_days: Option<u16>) -> Day {
    counted_birth(birth, gestation_days.and_then(Gestation::from_days), policy.age_basis)
}

/// Is the child younger than so many months on that day?
pub(super) fn younger_than(birth: Day, months: i32, on: Day) -> bool {
    on < birth.saturating_add(months.clamp(0, 1200).months())
}

/// Is this the approval that the report names, for this provider and municipality?
pub(super) fn names(approval: &Approval, report: &CareUse) -> bool {
    approval.approval_no == report.approval_no
        && approval.provider == report.provider
        && approval.municipality == report.municipality
}

pub(super) fn check_approval(
    findings: &mut Findings<'_>,
    policy: &CarePolicy,
    context: &CareContext,
    approval: &Approval,
    report: &CareUse,
) {
    if report.start < Time::start_of(approval.from) || report.end > Time::end_of(approval.to) {
        findings.error(
            "PV-E102",
            "開始日時",
            "利用が承認期間の外にあります。",
            "The use begins before the approval's first day or ends after its last.",
        );
    }
    if report.end.day() > last_day(policy, approval.birth_date, approval.gestation_days) {
        findings.error(
            "PV-E103",
            "終了日時",
            "利用できる期間(出産から1年)を過ぎています。延長の承認が必要です。",
            "After the end of the year following the birth. An extension approval is needed.",
        );
    }
    check_age(findings, policy, approval, report);
    if !approval.kinds.contains(&report.kind) {
        findings.error("PV-E109", "利用種別", "承認されていない利用種別です。", "This kind of care is not approved.");
    } else if context.contracted.as_ref().is_some_and(|kinds| !kinds.contains(&report.kind)) {
        findings.error(
            "PV-E109",
            "利用種別",
            "この事業者が受託していない利用種別です。",
            "The provider is not contracted for this kind of care.",
        );
    }
    check_units(findings, policy, context, approval, report);
}

fn check_age(findings: &mut Findings<'_>, policy: &CarePolicy, approval: &Approval, report: &CareUse) {
    let limits = policy.sub_limits.iter().filter(|limit| limit.kind == report.kind);
    for months in limits.filter_map(|limit| limit.infant_age_months_lt) {
        let born = |birth| age_from(policy, birth, approval.gestation_days);
        let on = report.start.day();
        if approval.infants.iter().any(|infant| !younger_than(born(infant.birth_date), months, on)) {
            findings.error(
                "PV-E104",
                "開始日時",
                "お子さんの月齢が、この利用種別の対象を過ぎています。",
                "The child is too old for this kind of care under the municipality's policy.",
            );
        }
    }
}

fn check_units(
    findings: &mut Findings<'_>,
    policy: &CarePolicy,
    context: &CareContext,
    approval: &Approval,
    report: &CareUse,
) {
    let units = limit_units(policy, report);
    if units == 0 || (approval.extension && policy.limit.extension == Extension::Approval) {
        return;
    }
    let used = units_used(policy, since_revision(context, approval, report));
    let over_units = used.saturating_add(units) > approval.units_left;
    let over_stay = report.kind == Kind::Stay
        && fee::count_stay(StayCount::CalendarDays, report.start, report.end) > policy.limit.stay_days_max;
    if !over_units && !over_stay && !over_uses_of_kind(policy, context, report) {
        return;
    }
    if approval.extension_pending {
        findings.add(
            Severity::Hold,
            "PV-Q106",
            "利用日数",
            "残りの日数(回数)を超えていますが、延長の申請が審査中です。自治体の判断を待ちます。",
            "Over the units that are left, but an extension is being decided. Held for the municipality.",
        );
    } else {
        findings.error(
            "PV-E105",
            "利用日数",
            "残りの日数(回数)を超えています。延長の承認がなければ受け付けられません。",
            "Over the units that are left of the approval, and there is no extension.",
        );
    }
}

fn over_uses_of_kind(policy: &CarePolicy, context: &CareContext, report: &CareUse) -> bool {
    let earlier = context.others(report).filter(|other| {
        other.kind == report.kind && other.approval_no == report.approval_no && other.status.delivered()
    });
    let uses = earlier.count().saturating_add(1);
    let limits = policy.sub_limits.iter().filter(|limit| limit.kind == report.kind);
    limits.filter_map(|limit| limit.max_uses).any(|most| uses > most as usize)
}

/// The provider's own accepted uses that the approval in hand does not know of yet: by the day of use, not of report.
pub(super) fn since_revision<'a>(
    context: &'a CareContext,
    approval: &'a Approval,
    report: &'a CareUse,
) -> impl Iterator<Item = &'a CareUse> {
    context
        .others(report)
        .filter(|other| other.approval_no == report.approval_no && other.start >= Time::start_of(approval.revised_on))
}

pub(super) fn check_times(findings: &mut Findings<'_>, policy: &CarePolicy, context: &CareContext, report: &CareUse) {
    if report.end <= report.start {
        findings.error(
            "PV-E108",
            "終了日時",
            "終了日時が開始日時より後ではありません。",
            "The end is not after the start.",
        );
        return;
    }
    if report.kind == Kind::Stay && report.status.delivered() {
        let days = fee::count(policy, report);
        if report.days.is_some_and(|reported| reported != days) {
            findings.error(
                "PV-E107",
                "利用日数",
                "利用日数が、開始・終了日時から自治体の数え方で求めた日数と違います。",
                "The days are not what the municipality counts for this start and end.",
            );
        }
        if report.nights.is_some_and(|reported| reported != fee::nights(report.start, report.end)) {
            findings.error(
                "PV-E107",
                "泊数",
                "泊数が、開始日と終了日の差と違います。",
                "The nights are not the difference of the two dates.",
            );
        }
    }
    let delivered = |other: &&CareUse| other.status.delivered();
    if report.status.delivered() && context.others(report).filter(delivered).any(|other| report.overlaps(other)) {
        findings.error(
            "PV-E108",
            "開始日時",
            "同じ利用者の別の利用と時間が重なっています。",
            "Overlaps in time with another use of the same mother.",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::check;
    use super::super::fixtures::*;
    use super::super::policy::SubLimit;
    use super::*;
    use crate::japan::one_year::{AgeBasis, OneYearEnd};
    use jiff::civil::date;

    fn codes(policy: &CarePolicy, context: &CareContext, report: &CareUse) -> Vec<String> {
        check(policy, context, report).into_iter().map(|d| d.code.into_owned()).collect()
    }

    #[test]
    fn the_year_after_birth_ends_the_day_before_the_birthday_or_on_it() {
        let mut policy = shione();
        assert_eq!(last_day(&policy, date(2026, 10, 26), None), date(2027, 10, 25));
        assert_eq!(last_day(&policy, date(2024, 2, 29), None), date(2025, 2, 27));
        policy.one_year_end = OneYearEnd::OnBirthday;
        assert_eq!(last_day(&policy, date(2026, 10, 26), None), date(2027, 10, 26));
        assert_eq!(last_day(&policy, date(2024, 2, 29), None), date(2025, 2, 28));
    }

    #[test]
    fn the_age_of_a_preterm_child_is_counted_from_the_due_date_where_the_policy_says_so() {
        let mut policy = shione();
        policy.age_basis = AgeBasis::Corrected;
        assert_eq!(last_day(&policy, date(2026, 10, 19), Some(36 * 7)), date(2027, 11, 15));
        assert_eq!(last_day(&policy, date(2026, 10, 19), Some(37 * 7)), date(2027, 10, 18));
        assert_eq!(last_day(&policy, date(2026, 10, 19), None), date(2027, 10, 18));
    }

    #[test]
    fn a_use_outside_the_approved_days_is_refused() {
        let mut held = context(vec![]);
        if let Some(approval) = &mut held.approval {
            approval.to = november(17);
        }
        assert_eq!(codes(&shione(), &held, &first_stay()), ["PV-E102"]);
        if let Some(approval) = &mut held.approval {
            (approval.from, approval.to) = (november(17), november(30));
        }
        assert_eq!(codes(&shione(), &held, &first_stay()), ["PV-E102"]);
    }

    #[test]
    fn a_use_after_the_year_is_refused() {
        let mut held = context(vec![]);
        if let Some(approval) = &mut held.approval {
            approval.birth_date = date(2025, 11, 18);
        }
        assert_eq!(codes(&shione(), &held, &first_stay()), ["PV-E103"]);
    }

    #[test]
    fn a_child_too_old_for_the_kind_is_refused() {
        let mut policy = shione();
        policy.sub_limits = vec![SubLimit { kind: Kind::Stay, max_uses: None, infant_age_months_lt: Some(4) }];
        let mut held = context(vec![]);
        assert!(codes(&policy, &held, &first_stay()).is_empty());
        if let Some(infant) = held.approval.as_mut().and_then(|a| a.infants.first_mut()) {
            infant.birth_date = date(2026, 7, 16);
        }
        assert_eq!(codes(&policy, &held, &first_stay()), ["PV-E104"]);
    }

    #[test]
    fn a_kind_that_is_not_approved_or_not_contracted_is_refused() {
        let mut held = context(vec![]);
        held.contracted = Some(vec![Kind::Day]);
        assert_eq!(codes(&shione(), &held, &first_stay()), ["PV-E109"]);
        held.contracted = None;
        if let Some(approval) = &mut held.approval {
            approval.kinds = vec![Kind::Day];
        }
        assert_eq!(codes(&shione(), &held, &first_stay()), ["PV-E109"]);
    }

    #[test]
    fn uses_before_the_revision_are_not_counted_twice() {
        let mut held = context(vec![first_stay(), second_stay()]);
        if let Some(approval) = &mut held.approval {
            (approval.units_left, approval.revised_on) = (1, november(30));
        }
        assert!(codes(&shione(), &held, &eighth_day()).is_empty());
    }

    #[test]
    fn a_new_revision_of_a_report_does_not_count_against_itself() {
        let mut again = second_stay();
        again.night_staff = first_stay().night_staff;
        for shift in &mut again.night_staff {
            (shift.from, shift.to) = (again.start, again.end);
        }
        let held = context(vec![first_stay(), again.clone()]);
        again.revision = 2;
        assert!(codes(&shione(), &held, &again).is_empty());
    }

    #[test]
    fn a_stay_of_more_than_seven_days_needs_an_extension() {
        let mut stay = first_stay();
        stay.end = at(23, 10, 0);
        (stay.days, stay.nights) = (Some(8), Some(7));
        for shift in &mut stay.night_staff {
            (shift.from, shift.to) = (stay.start, stay.end);
        }
        (stay.user_fee, stay.reduction) = (28_000 - 12_500, 12_500);
        let mut held = context(vec![]);
        if let Some(approval) = &mut held.approval {
            approval.units_left = 20;
        }
        assert_eq!(codes(&shione(), &held, &stay), ["PV-E105"]);
    }

    #[test]
    fn the_uses_of_one_kind_may_have_their_own_limit() {
        let mut policy = shione();
        policy.sub_limits = vec![SubLimit { kind: Kind::Day, max_uses: Some(1), infant_age_months_lt: None }];
        let mut earlier = eighth_day();
        earlier.record_id = "R-0000".to_owned();
        (earlier.start, earlier.end) = (at(20, 10, 0), at(20, 16, 0));
        assert_eq!(codes(&policy, &context(vec![earlier]), &eighth_day()), ["PV-E105"]);
    }

    #[test]
    fn overlapping_uses_and_a_use_that_ends_before_it_starts_are_refused() {
        let mut day = eighth_day();
        (day.start, day.end) = (at(17, 10, 0), at(17, 16, 0));
        assert_eq!(codes(&shione(), &context(vec![first_stay()]), &day), ["PV-E108"]);
        day.end = day.start;
        assert_eq!(codes(&shione(), &context(vec![]), &day), ["PV-E108"]);
    }
}
