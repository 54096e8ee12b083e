//! What a provider claims: lines against reports, totals against lines.

use super::care::CareUse;
use super::check::Findings;
use super::fee;
use super::policy::{CancelFee, CarePolicy};
use crate::adapter::Diagnostic;
use serde::{Deserialize, Serialize};

/// One line of a claim (請求内訳, layout PV04). Whole yen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimLine {
    /// The report that it claims for.
    pub report_id: String,
    /// Units.
    pub quantity: u32,
    /// Contract price of a unit.
    pub unit_price: u32,
    /// Additions, for further children and others.
    pub additions: u32,
    /// Contract fee: units at the price, and additions.
    pub fee: u32,
    /// What was really collected from the user, after tickets.
    pub user_fee: u32,
    /// What tickets took off. Told, not subtracted a second time.
    pub reduction: u32,
    /// What is claimed.
    pub amount: u32,
}

/// A claim of one provider to one municipality for one month (請求書, layout PV03), with its lines.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// Lines as the header counts them.
    pub count: u32,
    /// Sum of the contract fees.
    pub fee: u32,
    /// Sum of what users paid.
    pub user_fee: u32,
    /// Sum of the reductions.
    pub reduction: u32,
    /// What is claimed in all.
    pub amount: u32,
    /// The lines.
    pub lines: Vec<ClaimLine>,
}

/// The line that an accepted report brings. `None` when the policy has no price for the kind, or pays nothing for a use
/// that did not take place.
pub fn line_for(policy: &CarePolicy, report: &CareUse) -> Option<ClaimLine> {
    if !report.status.delivered() && policy.cancel_fee == CancelFee::User {
        return None;
    }
    let unit_price = policy.price.of(report.kind)?;
    let quantity = fee::count(policy, report);
    let fee = unit_price.saturating_mul(quantity);
    Some(ClaimLine {
        report_id: report.record_id.clone(),
        quantity,
        unit_price,
        additions: 0,
        fee,
        user_fee: report.user_fee,
        reduction: report.reduction,
        amount: fee.saturating_sub(report.user_fee),
    })
}

impl Claim {
    /// The claim that these lines make.
    pub fn of(lines: Vec<ClaimLine>) -> Self {
        let sum = |field: fn(&ClaimLine) -> u32| lines.iter().map(field).fold(0, u32::saturating_add);
        Claim {
            count: u32::try_from(lines.len()).unwrap_or(u32::MAX),
            fee: sum(|line| line.fee),
            user_fee: sum(|line| line.user_fee),
            reduction: sum(|line| line.reduction),
            amount: sum(|line| line.amount),
            lines,
        }
    }
}

/// Every rule that a claim breaks. `reports` are the accepted reports of the provider that no other claim names.
pub fn check_claim(policy: &CarePolicy, claim: &Claim, reports: &[CareUse]) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (index, line) in claim.lines.iter().enumerate() {
        let repeated = claim.lines.iter().take(index).any(|earlier| earlier.report_id == line.report_id);
        let report = reports.iter().find(|report| report.record_id == line.report_id && !repeated);
        found.extend(check_line(&format!("row {}", index + 1), policy, line, report));
    }
    let right = Claim::of(claim.lines.clone());
    let totals = |c: &Claim| (c.count, c.fee, c.user_fee, c.reduction, c.amount);
    if totals(&right) != totals(claim) {
        let mut findings = Findings::new("");
        findings.error(
            "PV-E502",
            "差引請求額",
            "請求書の件数または合計が、内訳の合計と違います。",
            "The claim's count or totals are not those of its lines.",
        );
        found.extend(findings.into_all());
    }
    found
}

fn check_line(place: &str, policy: &CarePolicy, line: &ClaimLine, report: Option<&CareUse>) -> Vec<Diagnostic> {
    let mut findings = Findings::new(place);
    let gross = line.unit_price.checked_mul(line.quantity).and_then(|fee| fee.checked_add(line.additions));
    if gross != Some(line.fee) || line.fee.checked_sub(line.user_fee) != Some(line.amount) {
        findings.error(
            "PV-E501",
            "請求額",
            "請求額が、委託料から利用者負担額を引いた額と違います。減免額は重ねて引きません。",
            "The amount is not the contract fee less what the user paid. The reduction is not subtracted again.",
        );
    }
    let Some(report) = report else {
        findings.error(
            "PV-E503",
            "報告記録ID",
            "受け付けられた実施報告がないか、すでに請求されています。",
            "No accepted report for this line, or it is claimed already.",
        );
        return findings.into_all();
    };
    match line_for(policy, report) {
        None => findings.error(
            "PV-E110",
            "報告記録ID",
            "委託料の支払われない利用が請求されています。",
            "Claimed, although the policy pays nothing for this use.",
        ),
        Some(right) => {
            if right.unit_price != line.unit_price {
                findings.error(
                    "PV-E504",
                    "単価",
                    "単価が、利用日の契約単価と違います。",
                    "The unit price is not the contract price of the day of use.",
                );
            }
            if (right.quantity, right.user_fee) != (line.quantity, line.user_fee) {
                findings.error(
                    "PV-E501",
                    "数量",
                    "数量または利用者負担額が、実施報告と違います。",
                    "The units or what the user paid are not those of the report.",
                );
            }
        }
    }
    findings.into_all()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::super::Status;
    use super::super::fixtures::{eighth_day, first_stay, second_stay, shione};
    use super::*;

    fn november() -> (Claim, Vec<CareUse>) {
        let reports = vec![first_stay(), second_stay()];
        (Claim::of(reports.iter().map(|report| line_for(&shione(), report).unwrap()).collect()), reports)
    }

    fn codes(claim: &Claim, reports: &[CareUse]) -> Vec<String> {
        check_claim(&shione(), claim, reports).into_iter().map(|d| d.code.into_owned()).collect()
    }

    #[test]
    fn november_of_the_story_comes_to_198000_yen() {
        let (claim, reports) = november();
        let amounts: Vec<_> = claim.lines.iter().map(|line| (line.fee, line.user_fee, line.amount)).collect();
        assert_eq!(amounts, [(90_000, 3_000, 87_000), (120_000, 9_000, 111_000)]);
        assert_eq!(claim.amount, 198_000);
        assert!(codes(&claim, &reports).is_empty());
    }

    #[test]
    fn a_reduction_subtracted_twice_is_refused() {
        let (mut claim, reports) = november();
        claim.lines[0].amount -= 7_500;
        let claim = Claim::of(claim.lines);
        assert_eq!(codes(&claim, &reports), ["PV-E501"]);
    }

    #[test]
    fn totals_that_differ_from_the_lines_are_refused() {
        let (mut claim, reports) = november();
        claim.amount += 1;
        assert_eq!(codes(&claim, &reports), ["PV-E502"]);
    }

    #[test]
    fn a_line_without_report_or_named_twice_is_refused() {
        let (claim, reports) = november();
        assert_eq!(codes(&claim, &reports[..1]), ["PV-E503"]);
        let twice = Claim::of(vec![claim.lines[0].clone(), claim.lines[0].clone()]);
        assert_eq!(codes(&twice, &reports), ["PV-E503"]);
    }

    #[test]
    fn another_price_is_refused() {
        let (mut claim, reports) = november();
        let line = &mut claim.lines[0];
        (line.unit_price, line.fee, line.amount) = (31_000, 93_000, 90_000);
        assert_eq!(codes(&Claim::of(claim.lines), &reports), ["PV-E504"]);
    }

    #[test]
    fn a_use_that_did_not_take_place_is_not_paid() {
        let mut day = eighth_day();
        let line = line_for(&shione(), &day).unwrap();
        day.status = Status::NoShow;
        assert_eq!(line_for(&shione(), &day), None);
        assert_eq!(codes(&Claim::of(vec![line]), &[day]), ["PV-E110"]);
    }
}
