//! Reports of care against the approval and the municipality's policy, before they are taken (`formats/provider.md`
//! section 5).

use super::caller::Caller;
use super::persons::Named;
use super::{Hub, Refusal};
use musubi_core::adapter::Diagnostic;
use musubi_core::agency::AgencyKind;
use musubi_core::postnatal::{CareContext, Policies, approval::approval_in, check, record};
use musubi_core::record::{PersonKey, Submission};

impl Hub {
    /// Every rule that a report of care breaks; empty for anything else.
    ///
    /// # Errors
    /// When the store fails.
    pub(super) async fn check_care(
        &self,
        caller: &Caller,
        place: &str,
        submission: &Submission,
    ) -> Result<Vec<Diagnostic>, Refusal> {
        let Some(report) = record::care_use(submission) else {
            return Ok(record::unreadable(submission).into_iter().collect());
        };
        if caller.agency.kind != AgencyKind::Prv || report.provider != caller.id().as_str() {
            return Ok(vec![Diagnostic::error(
                "PV-E701",
                place,
                "事業者IDが接続している機関と一致しません。自分の事業者IDを記入してください。",
                "The provider id is not that of the agency that is connected.",
            )]);
        }
        let day = report.start.day();
        let policies = Policies::shipped().map_err(|_| no_policy())?;
        let policy = policies.at(&report.municipality, day).ok_or_else(no_policy)?;
        let key = PersonKey { issuer: report.municipality.to_string(), identifier: report.approval_no.clone() };
        let found = self.find(&Named { key: Some(key), ..Named::default() }).await?;
        let mut context = CareContext { place: place.to_owned(), ..CareContext::default() };
        if let Some(person) = found {
            let known = self.family(&[person], self.now()).await?.record();
            let center = self.register.center(&report.municipality);
            context.approval =
                center.and_then(|center| approval_in(&known, &report.approval_no, &report.municipality, &center.id));
            context.own_uses = record::uses_in(&known, caller.id());
        }
        Ok(check(policy, &context, &report))
    }
}

fn no_policy() -> Refusal {
    Refusal::invalid(
        "PV-E109",
        "自治体コード",
        "この自治体・利用日の産後ケアの要綱データがありません。自治体に確認してください。",
        "There is no policy of this municipality for that day. Ask the municipality.",
    )
}
