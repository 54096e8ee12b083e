//! `musubi client emergency`: break-glass in its two steps, and its record for the review.

use super::person::{self, FreeText, PersonArgument};
use super::show::{Shown, fields, plain};
use super::{Calling, Exit, Stopped};
use crate::edge::grpc::client as grpc;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

/// The steps.
#[derive(Debug, Subcommand)]
pub(super) enum Arguments {
    /// First step: for whom and why; prints what would be shown (第1段階: 対象者と理由を述べる)
    Ask(Box<Ask>),
    /// Second step: confirm that list; then read with `record --purpose P11` (第2段階: 一覧を確認して開く)
    Confirm(Confirm),
    /// Who broke the glass, why, and what was shown, for the review (事後確認のための記録を見る)
    Show(Show),
}

/// The first step.
#[derive(Args, Debug)]
pub(super) struct Ask {
    /// The one subject (対象者)
    #[arg(long, value_name = "PERSON")]
    person: PersonArgument,
    /// abuse, violence, medical, missing, suicide or other (理由の区分)
    #[arg(long, value_name = "WORD")]
    reason_code: String,
    /// The reason, 20 characters at least; a text or @FILE (理由)
    #[arg(long, value_name = "TEXT")]
    reason: FreeText,
    /// Who is threatened; a text or @FILE (危険にさらされている人)
    #[arg(long, value_name = "TEXT")]
    threatened: FreeText,
    /// Why consent cannot be had; a text or @FILE (同意を得られない事情)
    #[arg(long, value_name = "TEXT")]
    no_consent: FreeText,
}

/// The second step.
#[derive(Args, Debug)]
pub(super) struct Confirm {
    /// Id of the first step (申出の番号)
    #[arg(value_name = "FACT")]
    fact: String,
    /// Category of the list that was printed, each of them (示された区分をすべて)
    #[arg(long = "shown", required = true, value_name = "C")]
    shown: Vec<String>,
}

/// One record.
#[derive(Args, Debug)]
pub(super) struct Show {
    /// Id of the break-glass, as the review names it (番号)
    #[arg(value_name = "FACT")]
    fact: String,
}

/// Takes the step and prints the answer.
pub(super) async fn run(arguments: &Arguments, mut calling: Calling<'_, '_>) -> Result<Exit, Stopped> {
    let mut grounds = calling.client.grounds();
    let staff_id = calling.staff.clone();
    match arguments {
        Arguments::Ask(ask) => {
            let request = grpc::BreakGlassRequest {
                staff_id,
                subject: Some(person::one(&ask.person, calling.terminal)?),
                reason_code: ask.reason_code.clone(),
                reason: calling.text(Some(&ask.reason))?,
                threatened_person: calling.text(Some(&ask.threatened))?,
                why_consent_impossible: calling.text(Some(&ask.no_consent))?,
            };
            let offer = grounds.break_glass(request).await?.into_inner();
            calling.print(&offer)?;
        }
        Arguments::Confirm(Confirm { fact, shown }) => {
            let (fact_id, categories) = (fact.clone(), shown.clone());
            let request = grpc::ConfirmBreakGlassRequest { staff_id, fact_id, categories };
            let access = grounds.confirm_break_glass(request).await?.into_inner();
            calling.print(&access)?;
        }
        Arguments::Show(Show { fact }) => {
            let request = grpc::ShowBreakGlassRequest { staff_id, fact_id: fact.clone() };
            let record = grounds.show_break_glass(request).await?.into_inner();
            calling.print(&record)?;
        }
    }
    Ok(Exit::Success)
}

impl Shown for grpc::BreakGlassOffer {
    fn json(&self) -> Value {
        let shown = |shown: &grpc::ShownCategory| json!({ "category": shown.category, "labelJa": shown.label_ja });
        let categories: Vec<Value> = self.categories.iter().map(shown).collect();
        json!({ "factId": self.fact_id, "confirmBy": self.confirm_by, "categories": categories })
    }

    fn lines(&self) -> Vec<String> {
        let mut lines = vec![fields(&[&self.fact_id, &self.confirm_by])];
        lines.extend(self.categories.iter().map(|shown| fields(&["would show", &shown.category, &shown.label_ja])));
        lines
    }
}

impl Shown for grpc::BreakGlassAccess {
    fn json(&self) -> Value {
        let receipt = self.receipt.as_ref().map(Shown::json);
        json!({ "receipt": receipt, "until": self.until, "reviewBy": self.review_by })
    }

    fn lines(&self) -> Vec<String> {
        let mut lines = self.receipt.as_ref().map(Shown::lines).unwrap_or_default();
        lines.push(fields(&["until", &self.until, "review by", &self.review_by]));
        lines
    }
}

impl Shown for grpc::BreakGlassRecord {
    fn json(&self) -> Value {
        let shown = |shown: &grpc::BreakGlassShown| json!({ "at": shown.at, "categories": shown.categories });
        json!({
            "agency": self.agency, "staffId": self.staff_id, "reasonCode": self.reason_code, "reason": self.reason,
            "threatenedPerson": self.threatened_person, "whyConsentImpossible": self.why_consent_impossible,
            "confirmedAt": self.confirmed_at, "until": self.until,
            "shown": self.shown.iter().map(shown).collect::<Vec<_>>(),
        })
    }

    fn lines(&self) -> Vec<String> {
        let mut lines = vec![
            fields(&[&self.agency, &self.staff_id, &self.reason_code, &self.confirmed_at, &self.until]),
            fields(&[&self.reason, &self.threatened_person, &self.why_consent_impossible]),
        ];
        lines.extend(self.shown.iter().map(|shown| fields(&["shown", &shown.at, &plain(&shown.categories.join(" "))])));
        lines
    }
}
