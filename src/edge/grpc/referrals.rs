//! `Referrals`: the closed loop.

use super::{Services, agency_id, day, moment, named, server, status, wrong};
use crate::hub::refer::{ReferralTerms, Standing};
use musubi_core::id::{EntryId, ReferralId};
use musubi_core::postnatal::approval::{ApprovalTerms, income_of, kind_of};
use musubi_core::referral::{Report, Step};
use server::{CareApprovalTerms, GetReferralRequest, ReferRequest, ReferralState, ReferralStepRequest};
use tonic::{Request, Response, Status};

#[tonic::async_trait]
impl server::referrals_server::Referrals for Services {
    async fn refer(&self, request: Request<ReferRequest>) -> Result<Response<ReferralState>, Status> {
        let caller = self.caller(&request, &request.get_ref().staff_id)?;
        let asked = request.into_inner();
        let persons: Result<Vec<_>, _> = asked.persons.iter().map(|person| named(Some(person))).collect();
        let terms = ReferralTerms {
            persons: persons?,
            kind: asked.kind,
            to: agency_id(&asked.to, "to")?,
            reason: asked.reason,
            reply_by: moment(&asked.reply_by, "reply_by", true)?,
            approval: asked.approval.as_ref().map(approval).transpose()?,
        };
        let standing = self.hub.refer(&caller, terms).await.map_err(|r| status(&r))?;
        Ok(Response::new(state(&standing)))
    }

    async fn step(&self, request: Request<ReferralStepRequest>) -> Result<Response<ReferralState>, Status> {
        let caller = self.caller(&request, &request.get_ref().staff_id)?;
        let asked = request.into_inner();
        let at = moment(&asked.scheduled_for, "scheduled_for", false)?;
        let step = match (asked.state.as_str(), at) {
            ("received", _) => Step::Receive,
            ("accepted", _) => Step::Accept,
            ("declined", _) => Step::Decline(asked.note),
            ("scheduled", Some(at)) => Step::Schedule(at),
            ("in_service", _) => Step::Begin,
            ("no_show", _) => Step::NoShow,
            ("completed", _) => Step::Complete(Report { words: asked.note, entries: reports(&asked.report_entries)? }),
            ("cancel_asked", _) => Step::AskCancel,
            ("cancelled", _) => Step::Cancel,
            _ => {
                return Err(wrong(
                    "state",
                    "次の状態は received, accepted, declined, scheduled(日時つき), no_show, in_service, completed, cancel_asked, cancelled のいずれかです。",
                    "A step is received, accepted, declined, scheduled (with a time), no_show, in_service, completed, cancel_asked or cancelled.",
                ));
            }
        };
        let standing = self.hub.step(&caller, referral_id(&asked.referral_id)?, step).await.map_err(|r| status(&r))?;
        Ok(Response::new(state(&standing)))
    }

    async fn get(&self, request: Request<GetReferralRequest>) -> Result<Response<ReferralState>, Status> {
        let caller = self.caller(&request, "")?;
        let id = referral_id(&request.get_ref().referral_id)?;
        let standing = self.hub.referral(&caller, id).await.map_err(|r| status(&r))?;
        Ok(Response::new(state(&standing)))
    }
}

fn referral_id(text: &str) -> Result<ReferralId, Status> {
    ReferralId::parse(text)
        .ok_or_else(|| wrong("referral_id", "番号の形式が正しくありません。", "referral_id is not a UUID."))
}

fn reports(named: &[String]) -> Result<Vec<EntryId>, Status> {
    let not_an_id = || {
        wrong(
            "report_entries",
            "報告の記録のIDの形式が正しくありません。",
            "report_entries holds something that is not a UUID.",
        )
    };
    named.iter().map(|id| EntryId::parse(id).ok_or_else(not_an_id)).collect()
}

fn approval(terms: &CareApprovalTerms) -> Result<ApprovalTerms, Status> {
    let kinds: Option<Vec<_>> = terms.kinds.iter().map(|kind| kind_of(kind)).collect();
    let kinds = kinds.filter(|kinds| !kinds.is_empty()).ok_or_else(|| {
        wrong(
            "kinds",
            "種別は stay, day, day_group, day_short, visit です。",
            "Kinds are stay, day, day_group, day_short, visit.",
        )
    })?;
    let income = income_of(&terms.income_class).ok_or_else(|| {
        wrong(
            "income_class",
            "所得区分は welfare, nontaxed, taxed です。",
            "Income classes are welfare, nontaxed, taxed.",
        )
    })?;
    if terms.approval_number.is_empty() {
        return Err(wrong("approval_number", "承認番号が必要です。", "An approval has a number."));
    }
    Ok(ApprovalTerms {
        number: terms.approval_number.clone(),
        kinds,
        from: day(&terms.from, "from")?,
        until: day(&terms.until, "until")?,
        units: terms.units,
        reductions: terms.reductions,
        income,
        outreach: terms.outreach,
        extension: (!terms.extension_number.is_empty()).then(|| terms.extension_number.clone()),
    })
}

fn state(standing: &Standing) -> ReferralState {
    let referral = &standing.referral;
    ReferralState {
        referral_id: referral.id().to_string(),
        state: referral.state().to_string(),
        from: referral.from().to_string(),
        to: referral.to().to_string(),
        kind: referral.kind().to_owned(),
        changed_at: referral.changed_at().rfc3339(),
        version: u32::try_from(standing.version).unwrap_or(u32::MAX),
    }
}
