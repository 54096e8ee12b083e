//! Reports of care against the approval and the municipality's policy, before they are taken (`formats/provider.md`
//! section 5).

use super::caller::{Caller, Operation};
use super::introduce::everything;
use super::persons::Named;
use super::query::Cited;
use super::{Hub, Refusal};
use musubi_core::adapter::Diagnostic;
use musubi_core::agency::{AgencyKind, Purpose};
use musubi_core::id::PersonId;
use musubi_core::postnatal::{CareContext, Policies, approval::approval_in, check, record};
use musubi_core::record::{PersonKey, Submission};
use musubi_core::release::Released;

/// Referrals whose families are looked at.
const FAMILIES_MAX: u32 = 100;

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

impl Hub {
    /// The families whom a provider was asked to care for, as far as it may see them for a purpose: with its approvals and its
    /// own reports (P7), with what concerns the bill (P8).
    ///
    /// # Errors
    /// When the caller is no member of a provider's staff, or the store fails.
    pub async fn cared_for(&self, caller: &Caller, purpose: Purpose) -> Result<Vec<Released>, Refusal> {
        caller.check(Operation::SeeOwnCare)?;
        caller.check(Operation::Read(purpose))?;
        let referred = self.store.referrals_with(caller.id(), FAMILIES_MAX).await?;
        let persons: Vec<PersonId> = referred.iter().flat_map(|row| &row.persons).map(|c| c.person).collect();
        let cited = Cited::default();
        let shown = self.show_all(&everything(caller, purpose, &cited), &persons).await?;
        Ok(shown.into_iter().map(|one| one.released).collect())
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
