//! Who may write what: an agency that decides nothing about care cannot approve it, and only a provider reports care.

use super::{Submission, kind_of};
use crate::adapter::Diagnostic;
use crate::agency::AgencyKind;

/// The agencies that alone may write a kind of body; `None` when every agency may.
fn authors_of(kind: &str) -> Option<&'static [AgencyKind]> {
    match kind {
        "care_approval" | "support_plan" | "council_case" | "signal" => Some(&[AgencyKind::Osc]),
        "welfare_case" => Some(&[AgencyKind::Cgc, AgencyKind::Osc]),
        "care_delivery" | "claim" | "incident" => Some(&[AgencyKind::Prv]),
        _ => None,
    }
}

impl Submission {
    /// One diagnostic (M113) for each entry that an agency of this kind may not write.
    pub fn not_by(&self, author: AgencyKind) -> Vec<Diagnostic> {
        let entries = self.message().entries.iter().enumerate();
        let kinds = entries.filter_map(|(index, entry)| Some((index, kind_of(entry.body.as_ref()?))));
        let wrong = kinds.filter(|(_, kind)| authors_of(kind).is_some_and(|authors| !authors.contains(&author)));
        wrong
            .map(|(index, kind)| {
                Diagnostic::error(
                    "M113",
                    format!("entries[{index}].{kind}"),
                    "この種類の記録は、この機関からは登録できません。担当の機関が登録します。",
                    "An entry of this kind is not this agency's to write.",
                )
            })
            .collect()
    }
}
