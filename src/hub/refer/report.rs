//! The entries with which a referral was completed: named by who completes it, or read from the message that did.

use super::News;
use crate::hub::caller::Caller;
use crate::hub::family::Family;
use crate::hub::ledger::act;
use crate::hub::{Hub, Refusal, RefusalKind};
use crate::store::{Change, Expect};
use musubi_core::agency::AgencyId;
use musubi_core::id::{EntryId, PersonId, ReferralId};
use musubi_core::record::Reported;
use std::collections::BTreeSet;

/// A referral that a message completed, whose report came with it.
#[derive(Clone, Debug)]
pub struct Completed {
    pub(super) id: ReferralId,
    /// Its number, as the message has it.
    pub(super) number: String,
    /// The message itself took the step, and the other party is not told of it yet.
    pub(super) untold: bool,
}

/// Do these entries report what this agency did for these persons?
///
/// # Errors
/// When one of them is not there, was written by somebody else, is about others, or reports nothing.
pub(super) fn check(family: &Family, persons: &[PersonId], by: &AgencyId, reports: &[EntryId]) -> Result<(), Refusal> {
    if reports.is_empty() {
        return Ok(());
    }
    let (_, diagnostics) = family.record().reports_among(reports, by, &known(family, persons));
    if diagnostics.is_empty() { Ok(()) } else { Err(Refusal { kind: RefusalKind::Invalid, diagnostics }) }
}

fn known(family: &Family, persons: &[PersonId]) -> BTreeSet<PersonId> {
    persons.iter().map(|person| family.known_as(*person)).collect()
}

impl Hub {
    /// Names the entries that came with a message as the report of the referrals that it completed, and tells the other party. The
    /// message is on file whatever becomes of this, so its sender hears of no failure here.
    pub async fn report_completed(&self, caller: &Caller, completed: &[Completed], reported: &[Reported]) {
        for one in completed {
            let reports = reported.iter().filter(|reported| reported.number == one.number);
            let reports: Vec<EntryId> = reports.flat_map(|reported| reported.entries.clone()).collect();
            if let Err(refusal) = self.report_one(caller, one, &reports).await {
                tracing::error!(referral = %one.id, %refusal, "the report of a referral is not named");
            }
        }
    }

    async fn report_one(&self, caller: &Caller, completed: &Completed, reports: &[EntryId]) -> Result<(), Refusal> {
        let Some(staff) = &caller.agency.settings.referrals_by else { return Ok(()) };
        let officer = self.caller(caller.id(), staff)?;
        let (row, family, referral) = self.referral_of(&officer, completed.id).await?;
        let persons: Vec<PersonId> = row.persons.iter().map(|concerned| concerned.person).collect();
        let (reports, _) = family.record().reports_among(reports, officer.id(), &known(&family, &persons));
        let (now, id) = (self.now(), completed.id);
        let referral = match referral.clone().with_reports(reports) {
            Ok(next) => {
                let version = row.version + 1;
                let mut change =
                    Change { expect: vec![Expect::ReferralVersion { id, version: row.version }], ..Change::default() };
                self.referral_rows(&mut change, &family, &persons, &row.municipality, &next, version, now)?;
                let mut entry = act(now, "referral report", officer.id(), &officer.actor);
                entry.note = id.to_string();
                change.leaves.push(self.leaf(now, &row.municipality, &family, &persons, entry));
                self.store.commit("referral report", change).await?;
                next
            }
            // Without a report that can be named it is completed all the same.
            Err(_) if completed.untold => referral,
            Err(_) => return Ok(()),
        };
        self.tell_party(&officer, &family, &persons, (&referral, News::Step)).await;
        self.decide_again(&persons).await;
        Ok(())
    }
}
