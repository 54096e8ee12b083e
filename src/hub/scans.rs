//! The copy of a signed form, kept as a document of the center beside the permit that was recorded from it, and evidence of it.

use super::caller::Caller;
use super::consents::Fact;
use super::custody::Parcel;
use super::family::Family;
use super::persons::{only_center_staff, unknown_person};
use super::{DECIDE_AGAIN_MAX, Hub, Refusal, RefusalKind};
use crate::digits::hex;
use crate::store::{Change, Expect, FactKind, FactRow, Row};
use musubi_core::consent::records::{Consent, Status};
use musubi_core::consent::scan;
use musubi_core::id::{FactId, PersonId};
use sha2::{Digest, Sha256};
use std::sync::Arc;

impl Hub {
    /// Keeps the copy of the form from which a permit was recorded. A later copy takes the place of the one before. A permit
    /// that had no other evidence is in force from now on (E15). Its state.
    ///
    /// # Errors
    /// When the caller is no officer of the center where the subject is kept (answered as unknown), or the file is none that
    /// is taken.
    pub async fn keep_scan(&self, caller: &Caller, signed: FactId, file: &[u8]) -> Result<Status, Refusal> {
        let (_, family, consent) = self.signed(caller, signed).await?;
        let subject = family.known_as(consent.subject);
        let role = family.role_of(subject);
        let submission = scan::submission(&Consent { subject, ..consent }, role, file.to_vec(), family.at)
            .map_err(|diagnostics| Refusal { kind: RefusalKind::Invalid, diagnostics })?;
        let mut parcel = Parcel::of_the_hub("scan", &signed.to_string(), submission, family.at);
        parcel.content = Sha256::digest(file).into();
        let sha256 = hex(&parcel.content);
        self.take(caller, parcel, Arc::new(|_, _, _| Vec::new())).await?;
        self.is_evidence(caller, signed, &sha256).await
    }

    /// The permit as it stands by now, for an officer of the center where its subject is kept.
    async fn signed(&self, caller: &Caller, signed: FactId) -> Result<(FactRow, Family, Consent), Refusal> {
        only_center_staff(caller)?;
        let row = self.latest_fact(signed).await?.filter(|row| row.kind == FactKind::Consent);
        let row = row.ok_or_else(unknown_person)?;
        let persons: Vec<PersonId> = row.persons.iter().map(|c| c.person).collect();
        let family = self.family(&persons, self.now()).await?;
        let consent: Consent = self.opened(&family, &row).ok_or_else(unknown_person)?;
        if self.is_center_of(caller, &family, consent.subject) {
            Ok((row, family, consent))
        } else {
            Err(unknown_person())
        }
    }

    /// The copy is what proves the permit, where nothing else does.
    async fn is_evidence(&self, caller: &Caller, signed: FactId, sha256: &str) -> Result<Status, Refusal> {
        for _ in 0..DECIDE_AGAIN_MAX {
            let (row, family, old) = self.signed(caller, signed).await?;
            let (now, id) = (family.at, FactId(self.id(family.at)));
            let Some(new) = scan::evidenced(&old, id, sha256.to_owned()) else { return Ok(old.status) };
            let mut change = Change { expect: family.epochs(), ..Change::default() };
            change.expect.push(Expect::FactHolds { id: row.id });
            change.rows.push(Row::Superseded { fact: row.id, at: now, by: Some(id) });
            let (kind, recipient, persons) = (FactKind::Consent, row.recipient, vec![old.subject]);
            let fact = Fact { id, kind, recipient, persons, value: &new };
            if self.put_fact(caller, "prove consent by scan", &family, change, fact).await?.is_some() {
                return Ok(new.status);
            }
        }
        Err(Refusal::kept_changing())
    }
}
