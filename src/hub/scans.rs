//! The copy of a signed form, kept as a document of the center beside the permit that was recorded from it.

use super::caller::Caller;
use super::custody::Parcel;
use super::persons::{only_center_staff, unknown_person};
use super::{Hub, Refusal, RefusalKind};
use crate::store::FactKind;
use musubi_core::consent::records::Consent;
use musubi_core::consent::scan;
use musubi_core::id::{FactId, PersonId};
use sha2::{Digest, Sha256};
use std::sync::Arc;

impl Hub {
    /// Keeps the copy of the form from which a permit was recorded. A later copy takes the place of the one before.
    ///
    /// # Errors
    /// When the caller is no officer of the center where the subject is kept (answered as unknown), or the file is none that
    /// is taken.
    pub async fn keep_scan(&self, caller: &Caller, signed: FactId, file: &[u8]) -> Result<(), Refusal> {
        only_center_staff(caller)?;
        let row = self.store.fact(signed).await?.filter(|row| row.kind == FactKind::Consent);
        let row = row.ok_or_else(unknown_person)?;
        let persons: Vec<PersonId> = row.persons.iter().map(|c| c.person).collect();
        let family = self.family(&persons, self.now()).await?;
        let consent: Consent = self.open_json(&family, &row.body, "fact", row.id.0, 0).ok_or_else(unknown_person)?;
        if !self.is_center_of(caller, &family, consent.subject) {
            return Err(unknown_person());
        }
        let subject = family.known_as(consent.subject);
        let role = family.role_of(subject);
        let submission = scan::submission(&Consent { subject, ..consent }, role, file.to_vec(), family.at)
            .map_err(|diagnostics| Refusal { kind: RefusalKind::Invalid, diagnostics })?;
        let mut parcel = Parcel::of_the_hub("scan", &signed.to_string(), submission, family.at);
        parcel.content = Sha256::digest(file).into();
        self.take(caller, parcel, Arc::new(|_, _, _| Vec::new())).await?;
        Ok(())
    }
}
