//! A form of consent turned out to be defective (F12): every permit that was signed on it is unproven from now on, and the
//! center is shown what was released under them.

use super::caller::Caller;
use super::consents::{Before, Fact};
use super::persons::only_center_staff;
use super::{DECIDE_AGAIN_MAX, Hub, Refusal};
use crate::store::{Change, Expect, FactKind, FactRow, Row};
use musubi_core::agency::Role;
use musubi_core::consent::records::{Consent, ConsentKind, Status};
use musubi_core::id::{FactId, PersonId};
use std::collections::BTreeSet;

/// What came of it.
#[derive(Default)]
pub struct Defective {
    /// How many permits are unverified by now.
    pub permits: u32,
    /// Each release that rested on one of them.
    pub released: Vec<Before>,
}

impl Hub {
    /// Withdraws a version of a form in the caller's municipality.
    ///
    /// # Errors
    /// When the caller is not the privacy or legal officer of a center, or the store fails; then what is done stays done, and
    /// the call may be repeated.
    pub async fn withdraw_form(&self, caller: &Caller, form: &str, version: &str) -> Result<Defective, Refusal> {
        only_center_staff(caller)?;
        if !matches!(caller.actor.role, Role::PrivacyOfficer | Role::LegalOfficer) {
            return Err(not_your_form());
        }
        let municipality = caller.agency.municipality.clone();
        let mut done = Defective::default();
        for row in self.store.facts_in(&municipality, FactKind::Consent, self.now()).await? {
            for _ in 0..DECIDE_AGAIN_MAX {
                if self.unverify(caller, &row, (form, version), &mut done).await? {
                    break;
                }
            }
        }
        Ok(done)
    }

    /// One permit, where it was signed on the form. `false` when something changed meanwhile.
    async fn unverify(
        &self,
        caller: &Caller,
        row: &FactRow,
        (form, version): (&str, &str),
        done: &mut Defective,
    ) -> Result<bool, Refusal> {
        let persons: Vec<PersonId> = row.persons.iter().map(|c| c.person).collect();
        let family = self.family(&persons, self.now()).await?;
        let Some(old) = self.opened::<Consent>(&family, row) else { return Ok(true) };
        let signed_on_it = old.evidence.form == form && old.evidence.form_version == version;
        if old.kind != ConsentKind::Permit || old.status != Status::Active || !signed_on_it {
            return Ok(true);
        }
        let now = family.at;
        let id = FactId(self.id(now));
        let new = Consent {
            id,
            version: old.version + 1,
            supersedes: Some(old.id),
            status: Status::Unverified,
            recorded_at: now,
            ..old.clone()
        };
        let mut change = Change { expect: family.epochs(), ..Change::default() };
        change.expect.push(Expect::FactHolds { id: row.id });
        change.rows.push(Row::Superseded { fact: row.id, at: now, by: Some(id) });
        let (kind, recipient) = (FactKind::Consent, row.recipient.clone());
        let fact = Fact { id, kind, recipient, persons: persons.clone(), value: &new };
        if self.put_fact(caller, "withdraw form", &family, change, fact).await?.is_none() {
            return Ok(false);
        }
        let ended = BTreeSet::from([old.id]);
        done.permits += 1;
        done.released.extend(self.released_under(&family, old.subject, &ended).await?);
        self.recall(&persons, &ended).await;
        Ok(true)
    }
}

fn not_your_form() -> Refusal {
    Refusal::forbidden(
        "M810",
        "staff_id",
        "同意書の様式を無効とするのは、センターの個人情報保護担当または法務担当です。",
        "A form is withdrawn by the center's privacy or legal officer.",
    )
}
