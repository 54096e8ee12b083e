//! `musubi client refer` and `musubi client step`: the closed loop of a referral.

use super::person::{self, FreeText, PersonArgument};
use super::show::{Shown, fields};
use super::{Calling, Exit, Stopped};
use crate::edge::grpc::client as grpc;
use clap::Args;
use serde_json::{Value, json};

/// A referral.
#[derive(Args, Debug)]
pub(super) struct ReferArguments {
    /// Person concerned, the mother first; several times (対象者。母から順に)
    #[arg(long = "person", required = true, value_name = "PERSON")]
    persons: Vec<PersonArgument>,
    /// Agency that is asked (依頼先の機関ID)
    #[arg(long, value_name = "AGENCY")]
    to: String,
    /// information, postnatal_care, support or case_transfer (種類)
    #[arg(long, value_name = "WORD")]
    kind: String,
    /// Why; a text or @FILE (理由)
    #[arg(long, value_name = "TEXT")]
    reason: Option<FreeText>,
    /// routine, soon or urgent (緊急度)
    #[arg(long, value_name = "WORD")]
    urgency: Option<String>,
    /// When an answer is needed: RFC 3339 or YYYY-MM-DD (回答期限)
    #[arg(long, value_name = "TIME")]
    reply_by: Option<String>,
    #[command(flatten)]
    approval: Approval,
}

/// Approval of postnatal care that a referral carries.
#[derive(Args, Debug)]
#[command(next_help_heading = "Approval of care (利用承認)")]
struct Approval {
    /// Number of the approval (承認番号)
    #[arg(long, value_name = "NUMBER", requires_all = ["from", "until", "units", "income_class"])]
    approval: Option<String>,
    /// Kind of care: stay, day, day_group, day_short, visit; several times (種別)
    #[arg(long = "care", value_name = "KIND", requires = "approval")]
    care: Vec<String>,
    /// First day, YYYY-MM-DD (開始日)
    #[arg(long, value_name = "DAY", requires = "approval")]
    from: Option<String>,
    /// Last day, YYYY-MM-DD (終了日)
    #[arg(long, value_name = "DAY", requires = "approval")]
    until: Option<String>,
    /// Days of care (日数)
    #[arg(long, value_name = "DAYS", requires = "approval")]
    units: Option<u32>,
    /// Tickets for a reduction (減免券の枚数)
    #[arg(long, value_name = "COUNT", requires = "approval")]
    reductions: Option<u32>,
    /// welfare, nontaxed or taxed (所得区分)
    #[arg(long, value_name = "WORD", requires = "approval")]
    income_class: Option<String>,
    /// Care at home (訪問型を含む)
    #[arg(long, requires = "approval")]
    outreach: bool,
    /// Number of the extension, where the limit may be passed (延長の番号)
    #[arg(long, value_name = "NUMBER", requires = "approval")]
    extension: Option<String>,
}

/// A step, or a look.
#[derive(Args, Debug)]
pub(super) struct StepArguments {
    /// Id of the referral (紹介の番号)
    #[arg(value_name = "REFERRAL")]
    referral: String,
    /// received, accepted, declined, scheduled, no_show, in_service, completed, cancel_asked or cancelled; none: only look (次の状態)
    #[arg(value_name = "STATE")]
    state: Option<String>,
    /// Reason or outcome; a text or @FILE (理由・結果)
    #[arg(long, value_name = "TEXT", requires = "state")]
    note: Option<FreeText>,
    /// Appointment, RFC 3339, for `scheduled` (予約の日時)
    #[arg(long, value_name = "TIME", requires = "state")]
    scheduled_for: Option<String>,
    /// Id of an entry of your own that is the report, for `completed`; several times (報告の記録のID)
    #[arg(long = "report", value_name = "ENTRY", requires = "state")]
    reports: Vec<String>,
}

/// Refers.
pub(super) async fn refer(arguments: &ReferArguments, mut calling: Calling<'_, '_>) -> Result<Exit, Stopped> {
    let request = grpc::ReferRequest {
        staff_id: calling.staff.clone(),
        persons: person::all(&arguments.persons, calling.terminal)?,
        kind: arguments.kind.clone(),
        to: arguments.to.clone(),
        reason: calling.text(arguments.reason.as_ref())?,
        urgency: arguments.urgency.clone().unwrap_or_default(),
        reply_by: arguments.reply_by.clone().unwrap_or_default(),
        approval: arguments.approval.terms(),
    };
    let state = calling.client.referrals().refer(request).await?.into_inner();
    calling.print(&state)?;
    Ok(Exit::Success)
}

/// Takes a step, or looks where the referral stands.
pub(super) async fn step(arguments: &StepArguments, mut calling: Calling<'_, '_>) -> Result<Exit, Stopped> {
    let referral_id = arguments.referral.clone();
    let state = match &arguments.state {
        None => calling.client.referrals().get(grpc::GetReferralRequest { referral_id }).await?,
        Some(state) => {
            let request = grpc::ReferralStepRequest {
                staff_id: calling.staff.clone(),
                referral_id,
                state: state.clone(),
                note: calling.text(arguments.note.as_ref())?,
                scheduled_for: arguments.scheduled_for.clone().unwrap_or_default(),
                report_entries: arguments.reports.clone(),
            };
            calling.client.referrals().step(request).await?
        }
    };
    calling.print(&state.into_inner())?;
    Ok(Exit::Success)
}

impl Approval {
    fn terms(&self) -> Option<grpc::CareApprovalTerms> {
        let word = |given: &Option<String>| given.clone().unwrap_or_default();
        self.approval.as_ref().map(|number| grpc::CareApprovalTerms {
            approval_number: number.clone(),
            kinds: self.care.clone(),
            from: word(&self.from),
            until: word(&self.until),
            units: self.units.unwrap_or_default(),
            reductions: self.reductions.unwrap_or_default(),
            income_class: word(&self.income_class),
            outreach: self.outreach,
            extension_number: word(&self.extension),
        })
    }
}

impl Calling<'_, '_> {
    /// A free text, or nothing.
    pub(super) fn text(&mut self, given: Option<&FreeText>) -> Result<String, Stopped> {
        Ok(given.map(|text| text.read(self.terminal)).transpose()?.unwrap_or_default())
    }
}

impl Shown for grpc::ReferralState {
    fn json(&self) -> Value {
        json!({
            "referralId": self.referral_id, "state": self.state, "from": self.from, "to": self.to,
            "kind": self.kind, "changedAt": self.changed_at, "version": self.version,
        })
    }

    fn lines(&self) -> Vec<String> {
        vec![fields(&[&self.referral_id, &self.state, &self.kind, &self.from, &self.to, &self.changed_at])]
    }
}
