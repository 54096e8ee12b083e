//! Who was there: the watch over a stay, a midwife for the youngest, sleep checks, capacity, a row for each child.

use super::care::{Approval, Capacity, CareContext, CareUse, Kind, StaffRole};
use super::check::Findings;
use super::limits::younger_than;
use crate::adapter::Severity;
use crate::time::Time;
use jiff::civil::DateTime;

/// Up to this age the team should centre on midwives.
const MIDWIFE_MONTHS: i32 = 4;
/// Gaps named in one sentence; more are counted.
const GAPS_NAMED_MAX: usize = 8;

/// Spans within the use in which no midwife, public health nurse or nurse held the watch.
fn gaps(report: &CareUse) -> Vec<(Time, Time)> {
    let mut shifts: Vec<(Time, Time)> =
        report.night_staff.iter().filter(|s| s.role.may_hold_the_watch()).map(|s| (s.from, s.to)).collect();
    shifts.sort_unstable();
    let mut open = Vec::new();
    let mut covered_until = report.start;
    for (from, to) in shifts {
        if from > covered_until {
            open.push((covered_until, from.min(report.end)));
        }
        covered_until = covered_until.max(to);
        if covered_until >= report.end {
            return open;
        }
    }
    open.push((covered_until, report.end));
    open.retain(|(from, to)| from < to);
    open
}

pub(super) fn check_staff(findings: &mut Findings<'_>, report: &CareUse) {
    if !report.status.delivered() || report.end <= report.start {
        return;
    }
    if report.kind == Kind::Stay {
        let open = gaps(report);
        if !open.is_empty() {
            let (ja, en) = name_gaps(&open);
            findings.error(
                "PV-E201",
                "夜間配置",
                format!("助産師・保健師・看護師のいない時間があります: {ja}。勤務を確かめ、訂正して送ってください。"),
                format!(
                    "No midwife, public health nurse or nurse on duty: {en}. Check the shifts and send a correction."
                ),
            );
        }
    }
    check_sleep(findings, report);
}

fn name_gaps(open: &[(Time, Time)]) -> (String, String) {
    let named = open.iter().take(GAPS_NAMED_MAX);
    let (mut ja, mut en): (Vec<String>, Vec<String>) =
        named.map(|(from, to)| (gap_ja(from.japan(), to.japan()), gap_en(from.japan(), to.japan()))).unzip();
    let more = open.len().saturating_sub(GAPS_NAMED_MAX);
    if more > 0 {
        ja.push(format!("ほか{more}件"));
        en.push(format!("and {more} more"));
    }
    (ja.join("、"), en.join(", "))
}

fn gap_ja(from: DateTime, to: DateTime) -> String {
    let start = format!("{}日 {:02}:{:02}", from.day(), from.hour(), from.minute());
    if from.date() == to.date() {
        format!("{start}〜{:02}:{:02}", to.hour(), to.minute())
    } else {
        format!("{start}〜{}日 {:02}:{:02}", to.day(), to.hour(), to.minute())
    }
}

fn gap_en(from: DateTime, to: DateTime) -> String {
    let start = format!("{} {:02}:{:02}", from.date(), from.hour(), from.minute());
    if from.date() == to.date() {
        format!("{start}-{:02}:{:02}", to.hour(), to.minute())
    } else {
        format!("{start} to {} {:02}:{:02}", to.date(), to.hour(), to.minute())
    }
}

fn check_sleep(findings: &mut Findings<'_>, report: &CareUse) {
    let separated = report.separated_minutes.is_some_and(|minutes| minutes > 0);
    let checked = report.sleep_check_interval_min.is_some_and(|minutes| minutes > 0);
    if (report.kind == Kind::Stay || separated) && !checked {
        findings.error(
            "PV-E306",
            "睡眠時確認",
            "宿泊または児の預かりに、睡眠時確認の間隔がありません。",
            "A stay or a separation without the interval of the sleep checks.",
        );
    }
    if separated && !report.staff.iter().any(|member| member.named) {
        findings.error(
            "PV-E306",
            "児の預かり",
            "児の預かりに、担当者の氏名がありません。児を一人にした時間がないことを確かめてください。",
            "A separation without a named member of staff. Make sure that the child was never left alone.",
        );
    }
}

pub(super) fn check_infants(findings: &mut Findings<'_>, approval: &Approval, report: &CareUse) {
    if !report.status.delivered() {
        return;
    }
    let rows = report.infants.len();
    let expected = approval.infants.len();
    let fits = rows == expected || (rows == 0 && !approval.subject.with_infant());
    if !fits {
        findings.error(
            "PV-E301",
            "児キー",
            "児の記録の数が、承認された児の数と違います。",
            "The number of children reported is not that of the approval.",
        );
    } else if rows > 1 && !distinct_orders(report) {
        findings.error(
            "PV-E301",
            "出生順位",
            "多胎の児は、一人ずつ出生順位が必要です。",
            "Each child of a multiple birth needs its own birth order.",
        );
    }
    let midwife = StaffRole::Midwife;
    let with_midwife =
        report.staff.iter().any(|m| m.role == midwife) || report.night_staff.iter().any(|s| s.role == midwife);
    let on = report.start.day();
    if !with_midwife && approval.infants.iter().any(|infant| younger_than(infant.birth_date, MIDWIFE_MONTHS, on)) {
        findings.add(
            Severity::Warning,
            "PV-W202",
            "担当者職種",
            "生後4か月未満の児の利用に、助産師が記録されていません。",
            "A child under four months, and no midwife during the use.",
        );
    }
}

fn distinct_orders(report: &CareUse) -> bool {
    let mut orders: Vec<u32> = report.infants.iter().filter_map(|infant| infant.birth_order).collect();
    orders.sort_unstable();
    orders.dedup();
    orders.len() == report.infants.len()
}

pub(super) fn check_capacity(findings: &mut Findings<'_>, context: &CareContext, report: &CareUse) {
    let staying = match report.kind {
        Kind::Stay => true,
        Kind::Day | Kind::DayGroup | Kind::DayShort => false,
        Kind::Visit => return,
    };
    if !report.status.delivered() {
        return;
    }
    let notified = context.capacity;
    let capacity = notified.unwrap_or(Capacity::USUAL);
    let most = if staying { capacity.stay } else { capacity.day };
    if users_at_most(context, report, staying) <= most {
        return;
    }
    let (severity, code) =
        if notified.is_some() { (Severity::Error, "PV-E203") } else { (Severity::Warning, "PV-W203") };
    findings.add(
        severity,
        code,
        "施設ID",
        "同じ施設・同じ時間の利用者が定員を超えています。",
        "More users at this facility at one time than its capacity.",
    );
}

/// The most users at one moment of this use, this one included. It is reached when somebody arrives.
fn users_at_most(context: &CareContext, report: &CareUse, staying: bool) -> u32 {
    let same = |kind: Kind| (kind == Kind::Stay) == staying && kind != Kind::Visit;
    let there: Vec<_> = context
        .facility_uses
        .iter()
        .filter(|other| same(other.kind) && other.start < report.end && report.start < other.end)
        .collect();
    let arrivals = there.iter().map(|other| other.start.max(report.start)).chain([report.start]);
    let users = |moment: Time| there.iter().filter(|other| other.start <= moment && moment < other.end).count();
    let most = arrivals.map(users).max().unwrap_or(0);
    u32::try_from(most).unwrap_or(u32::MAX).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::super::care::{ApprovedInfant, InfantReport, Occupancy, Shift, Status, Subject};
    use super::super::check::check;
    use super::super::fixtures::*;
    use super::*;

    fn codes(context: &CareContext, report: &CareUse) -> Vec<String> {
        check(&shione(), context, report).into_iter().map(|d| d.code.into_owned()).collect()
    }

    #[test]
    fn overlapping_shifts_in_any_order_cover_a_stay() {
        let mut stay = first_stay();
        stay.night_staff = vec![
            Shift { role: StaffRole::Nurse, from: at(17, 20, 0), to: at(18, 12, 0) },
            Shift { role: StaffRole::Midwife, from: at(16, 8, 0), to: at(17, 9, 0) },
            Shift { role: StaffRole::Phn, from: at(17, 8, 30), to: at(17, 20, 0) },
        ];
        assert_eq!(gaps(&stay), []);
    }

    #[test]
    fn a_childcare_worker_does_not_hold_the_watch() {
        let mut stay = first_stay();
        for shift in &mut stay.night_staff {
            shift.role = StaffRole::Childcare;
        }
        assert_eq!(gaps(&stay), [(stay.start, stay.end)]);
    }

    #[test]
    fn every_gap_is_named_with_its_minutes() {
        let mut stay = first_stay();
        stay.night_staff = vec![Shift { role: StaffRole::Nurse, from: at(16, 10, 1), to: at(17, 23, 30) }];
        let (ja, en) = name_gaps(&gaps(&stay));
        assert_eq!(ja, "16日 10:00〜10:01、17日 23:30〜18日 10:00");
        assert_eq!(en, "2026-11-16 10:00-10:01, 2026-11-17 23:30 to 2026-11-18 10:00");
    }

    #[test]
    fn a_shift_wholly_before_or_after_the_stay_covers_nothing() {
        let mut stay = first_stay();
        stay.night_staff = vec![
            Shift { role: StaffRole::Nurse, from: at(10, 0, 0), to: at(11, 0, 0) },
            Shift { role: StaffRole::Nurse, from: at(20, 0, 0), to: at(21, 0, 0) },
        ];
        assert_eq!(gaps(&stay), [(stay.start, stay.end)]);
    }

    #[test]
    fn a_use_that_was_cancelled_needs_no_watch() {
        let mut stay = first_stay();
        stay.status = Status::CancelledSameDay;
        stay.night_staff.clear();
        (stay.care_recorded, stay.user_fee, stay.reduction) = (false, 0, 0);
        assert!(codes(&context(vec![]), &stay).is_empty());
    }

    #[test]
    fn no_midwife_for_a_young_child_is_a_warning() {
        let mut day = eighth_day();
        if let Some(member) = day.staff.first_mut() {
            member.role = StaffRole::Nurse;
        }
        assert_eq!(codes(&context(vec![]), &day), ["PV-W202"]);
    }

    #[test]
    fn a_separation_needs_sleep_checks_and_a_named_person() {
        let mut day = eighth_day();
        day.separated_minutes = Some(30);
        day.sleep_check_interval_min = None;
        for member in &mut day.staff {
            member.named = false;
        }
        assert_eq!(codes(&context(vec![]), &day), ["PV-E306", "PV-E306"]);
    }

    #[test]
    fn the_third_mother_in_two_rooms_is_refused_and_the_seventh_without_notice_a_warning() {
        let other = Occupancy { kind: Kind::Stay, start: at(17, 0, 0), end: at(17, 12, 0) };
        let mut held = context(vec![]);
        held.facility_uses = vec![other; 2];
        assert_eq!(codes(&held, &first_stay()), ["PV-E203"]);
        held.capacity = None;
        assert!(codes(&held, &first_stay()).is_empty());
        held.facility_uses = vec![other; 6];
        assert_eq!(codes(&held, &first_stay()), ["PV-W203"]);
    }

    #[test]
    fn mothers_one_after_the_other_share_a_room() {
        let mut held = context(vec![]);
        held.facility_uses = vec![
            Occupancy { kind: Kind::Stay, start: at(15, 10, 0), end: at(17, 10, 0) },
            Occupancy { kind: Kind::Stay, start: at(17, 10, 0), end: at(19, 10, 0) },
        ];
        assert!(codes(&held, &first_stay()).is_empty());
    }

    #[test]
    fn twins_need_a_row_each_with_birth_order() {
        let mut held = context(vec![]);
        if let Some(approval) = &mut held.approval {
            approval.infants.push(ApprovedInfant { key: "c-2".to_owned(), birth_date: approval.birth_date });
        }
        let mut stay = first_stay();
        assert_eq!(codes(&held, &stay), ["PV-E301"]);
        stay.infants.push(InfantReport { key: "c-2".to_owned(), birth_order: Some(1) });
        assert_eq!(codes(&held, &stay), ["PV-E301"]);
        if let Some(second) = stay.infants.last_mut() {
            second.birth_order = Some(2);
        }
        assert!(codes(&held, &stay).is_empty());
    }

    #[test]
    fn after_a_loss_no_child_is_asked_for() {
        let mut held = context(vec![]);
        if let Some(approval) = &mut held.approval {
            approval.subject = Subject::LossOfPregnancy;
            approval.infants.clear();
        }
        let mut stay = first_stay();
        stay.infants.clear();
        assert!(codes(&held, &stay).is_empty());
    }
}
