//! What a mother and her nurse agreed on, put on file as the center's own entries (サポートプラン, 産後ケアの申請).

use super::caller::Caller;
use super::custody::Parcel;
use super::persons::{only_center_staff, unknown_person};
use super::{Hub, Refusal, RefusalKind};
use musubi_core::id::PersonId;
use musubi_core::plan::PlanTerms;
use std::sync::Arc;

impl Hub {
    /// Puts a plan on file. One of the same day takes the place of the one before.
    ///
    /// # Errors
    /// When the caller is no officer of the center where the mother is kept (answered as unknown), or the plan says nothing.
    pub async fn record_plan(&self, caller: &Caller, mother: PersonId, terms: &PlanTerms) -> Result<(), Refusal> {
        only_center_staff(caller)?;
        let family = self.family(&[mother], self.now()).await?;
        if !self.is_center_of(caller, &family, mother) {
            return Err(unknown_person());
        }
        let mother = family.known_as(mother);
        let submission =
            terms.submission(mother).map_err(|diagnostics| Refusal { kind: RefusalKind::Invalid, diagnostics })?;
        let parcel = Parcel::of_the_hub("plan", &mother.to_string(), submission, family.at);
        self.take(caller, parcel, Arc::new(|_, _, _| Vec::new())).await?;
        Ok(())
    }
}
