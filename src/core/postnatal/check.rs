//! The rules of `formats/provider.md` section 5 over one report: every code, not the first alone.

use super::care::{CareContext, CareUse, Epds};
use super::policy::{CancelFee, CarePolicy};
use super::{Status, limits, money, staffing};
use crate::adapter::{Diagnostic, Severity};
use std::borrow::Cow;

/// Collects what is wrong with one report. Places name columns of layout PV02; texts never hold a value of the report.
pub(super) struct Findings<'a> {
    place: &'a str,
    found: Vec<Diagnostic>,
}

impl<'a> Findings<'a> {
    pub(super) fn new(place: &'a str) -> Self {
        Findings { place, found: Vec::new() }
    }

    pub(super) fn add(
        &mut self,
        severity: Severity,
        code: &'static str,
        column: &str,
        ja: impl Into<Cow<'static, str>>,
        en: impl Into<Cow<'static, str>>,
    ) {
        let place = if self.place.is_empty() { column.to_owned() } else { format!("{}, {column}", self.place) };
        self.found.push(Diagnostic::new(severity, code, place, ja, en));
    }

    pub(super) fn error(
        &mut self,
        code: &'static str,
        column: &str,
        ja: impl Into<Cow<'static, str>>,
        en: impl Into<Cow<'static, str>>,
    ) {
        self.add(Severity::Error, code, column, ja, en);
    }

    pub(super) fn into_all(self) -> Vec<Diagnostic> {
        self.found
    }
}

/// Every rule that one report breaks, in the order of the codes' groups. Empty when it may be taken as it is.
///
/// The use's day decides which policy holds; the caller picks it with [`Policies::at`](super::Policies::at).
pub fn check(policy: &CarePolicy, context: &CareContext, report: &CareUse) -> Vec<Diagnostic> {
    let mut findings = Findings::new(&context.place);
    match &context.approval {
        Some(approval) if limits::names(approval, report) => {
            limits::check_approval(&mut findings, policy, context, approval, report);
            staffing::check_infants(&mut findings, approval, report);
            money::check(&mut findings, policy, context, approval, report);
        }
        _ => findings.error(
            "PV-E101",
            "承認番号",
            "この番号の承認が、この事業者・自治体・利用者にありません。承認番号を確かめてください。",
            "No approval with this number for this provider, municipality and person. Check the number.",
        ),
    }
    limits::check_times(&mut findings, policy, context, report);
    check_contents(&mut findings, policy, report);
    staffing::check_staff(&mut findings, report);
    staffing::check_capacity(&mut findings, context, report);
    check_epds(&mut findings, report);
    findings.into_all()
}

/// An overlap with a use at another provider (`PV-Q108`). It is for the municipality alone: the provider is answered
/// as for an accepted row, since the rest would tell it of care elsewhere.
pub fn overlap_elsewhere(place: &str, report: &CareUse, elsewhere: &[CareUse]) -> Option<Diagnostic> {
    let overlaps = report.status.delivered()
        && elsewhere
            .iter()
            .any(|other| other.provider != report.provider && other.status.delivered() && report.overlaps(other));
    overlaps.then(|| {
        let mut findings = Findings::new(place);
        findings.add(
            Severity::Hold,
            "PV-Q108",
            "開始日時",
            "同じ利用者の別の事業者での利用と時間が重なっています。確認してください。",
            "Overlaps in time with a use of the same mother at another provider. To be looked at.",
        );
        findings.into_all().pop()
    })?
}

fn check_contents(findings: &mut Findings<'_>, policy: &CarePolicy, report: &CareUse) {
    let not_given = matches!(report.status, Status::Cancelled | Status::NoShow | Status::ProviderCancelled);
    if not_given && (report.care_recorded || !report.night_staff.is_empty()) {
        findings.error(
            "PV-E110",
            "実施結果",
            "実施していない利用に、ケアの内容が記録されています。実施結果かケア内容を直してください。",
            "Care is recorded for a use that did not take place. Correct the result or the care.",
        );
    }
    if !report.status.delivered() && policy.cancel_fee == CancelFee::User && report.reduction > 0 {
        findings.error(
            "PV-E110",
            "減免額",
            "実施していない利用に、公費による減免が記録されています。減免額を空欄にしてください。",
            "A reduction at public expense is recorded for a use that did not take place. Leave it blank.",
        );
    }
}

fn check_epds(findings: &mut Findings<'_>, report: &CareUse) {
    let Some(epds) = &report.epds else { return };
    if !epds.total_fits() || epds.items.len() > Epds::ITEMS || epds.items.iter().flatten().any(|i| *i > Epds::ITEM_MAX)
    {
        findings.error(
            "PV-E303",
            "EPDS合計",
            "EPDSの合計が各項目の点数の和と一致しません。点数(0〜3)と合計を確かめてください。",
            "The EPDS total is not the sum of its items. Check the scores (0 to 3) and the total.",
        );
    }
    if epds.needs_attention() && report.followup.unwrap_or(0) < 3 {
        findings.add(
            Severity::Hold,
            "PV-Q304",
            "支援の必要性",
            "EPDSが基準以上、または項目10が1点以上ですが、支援の必要性が「自治体へ連絡」以上になっていません。自治体が確認します。",
            "EPDS at or above the cut-off, or item 10 at 1 or more, but no contact with the municipality is asked for. The municipality looks at it.",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::*;
    use super::*;

    fn codes(found: &[Diagnostic]) -> Vec<&str> {
        found.iter().map(|d| d.code.as_ref()).collect()
    }

    #[test]
    fn the_first_stay_of_the_story_is_taken() {
        assert_eq!(check(&shione(), &context(vec![]), &first_stay()), []);
    }

    #[test]
    fn the_second_stay_is_refused_for_the_ninety_minutes_without_staff_and_taken_when_they_are_filled() {
        let mut stay = second_stay();
        let before = context(vec![first_stay()]);
        let found = check(&shione(), &before, &stay);
        assert_eq!(codes(&found), ["PV-E201"]);
        let [only] = found.as_slice() else { panic!("one finding") };
        assert!(only.text.ja.contains("27日 01:00〜02:30"), "{only}");
        assert!(only.text.en.contains("2026-11-27 01:00-02:30"), "{only}");
        assert_eq!(only.place, "row 1, 夜間配置");

        stay.revision = 2;
        let extra =
            super::super::Shift { role: super::super::StaffRole::Midwife, from: at(27, 1, 0), to: at(27, 2, 30) };
        stay.night_staff.push(extra);
        assert_eq!(check(&shione(), &before, &stay), []);
    }

    #[test]
    fn the_eighth_day_is_refused_until_the_city_extends() {
        let mut before = context(vec![first_stay(), second_stay()]);
        assert_eq!(codes(&check(&shione(), &before, &eighth_day())), ["PV-E105"]);
        if let Some(approval) = &mut before.approval {
            approval.extension_pending = true;
        }
        assert_eq!(codes(&check(&shione(), &before, &eighth_day())), ["PV-Q106"]);
        if let Some(approval) = &mut before.approval {
            approval.extension = true;
        }
        assert_eq!(check(&shione(), &before, &eighth_day()), []);
    }

    #[test]
    fn all_codes_of_a_row_are_listed() {
        let mut stay = second_stay();
        stay.days = Some(3);
        stay.user_fee = 1;
        stay.sleep_check_interval_min = None;
        stay.infants.clear();
        let found = check(&shione(), &context(vec![first_stay()]), &stay);
        assert_eq!(codes(&found), ["PV-E301", "PV-E401", "PV-E107", "PV-E201", "PV-E306"]);
    }

    #[test]
    fn an_unknown_approval_is_refused_and_the_rest_still_looked_at() {
        let mut without = context(vec![]);
        without.approval = None;
        assert_eq!(codes(&check(&shione(), &without, &second_stay())), ["PV-E101", "PV-E201"]);
        let mut of_another = context(vec![]);
        if let Some(approval) = &mut of_another.approval {
            approval.provider = "PRV-482072-08".to_owned();
        }
        assert_eq!(codes(&check(&shione(), &of_another, &first_stay())), ["PV-E101"]);
    }

    #[test]
    fn a_cancelled_use_with_care_is_refused() {
        let mut day = eighth_day();
        day.status = Status::Cancelled;
        assert_eq!(codes(&check(&shione(), &context(vec![]), &day)), ["PV-E110"]);
        day.care_recorded = false;
        day.infants.clear();
        assert_eq!(check(&shione(), &context(vec![]), &day), []);
        day.reduction = 1_500;
        assert_eq!(codes(&check(&shione(), &context(vec![]), &day)), ["PV-E110"]);
    }

    #[test]
    fn an_epds_total_must_be_the_sum_and_a_high_one_needs_a_contact() {
        let mut day = eighth_day();
        let mut epds = Epds { items: [1, 0, 2, 2, 1, 1, 1, 1, 0, 0].map(Some).to_vec(), total: Some(9) };
        day.epds = Some(epds.clone());
        assert_eq!(codes(&check(&shione(), &context(vec![]), &day)), ["PV-Q304"]);
        day.followup = Some(3);
        assert_eq!(check(&shione(), &context(vec![]), &day), []);
        epds.total = Some(8);
        day.epds = Some(epds);
        assert_eq!(codes(&check(&shione(), &context(vec![]), &day)), ["PV-E303"]);
    }

    #[test]
    fn an_overlap_at_another_provider_is_for_the_municipality_alone() {
        let mut other = first_stay();
        other.provider = "PRV-482072-09".to_owned();
        let found = overlap_elsewhere("row 1", &first_stay(), &[other]);
        assert_eq!(found.map(|d| d.code.into_owned()).as_deref(), Some("PV-Q108"));
        assert_eq!(overlap_elsewhere("row 1", &first_stay(), &[second_stay()]), None);
    }
}
