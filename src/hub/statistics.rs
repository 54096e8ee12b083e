//! Counts of the cases of child protection that a municipality keeps (P12). No release is made: nothing of anybody leaves, and
//! what is counted is also what the caller may not see. Only [`Statistics`] come out of here, which have no place for a record.

use super::caller::{Caller, Operation};
use super::ledger::act;
use super::roster::FIRST;
use super::{Hub, Refusal, RefusalKind};
use crate::store::Change;
use musubi_core::agency::{AgencyKind, Purpose};
use musubi_core::cases::CaseQuery;
use musubi_core::id::Municipality;
use musubi_core::statistics::{CountedCase, Statistics, last_day};
use musubi_core::time::Day;
use std::collections::BTreeSet;

impl Hub {
    /// The counts of each municipality that is asked about; of every one that the caller may ask about, where none is named. A
    /// one-stop center asks about its own, a child guidance center about those of its area.
    ///
    /// # Errors
    /// When the caller is no member of such a center's staff who may, a municipality is not its own (`CG-E301`), a criterion is
    /// named (`CG-E308`), or the store fails.
    pub async fn statistics(
        &self,
        caller: &Caller,
        query: &CaseQuery,
    ) -> Result<Vec<(Municipality, Statistics)>, Refusal> {
        caller.check(Operation::Count)?;
        query.check().map_err(|diagnostics| Refusal { kind: RefusalKind::Invalid, diagnostics })?;
        let asked = asked(caller, &query.municipalities)?;
        // Everybody is read: those who read one person go on meanwhile.
        let _turn = self.bulk.acquire().await.ok();
        let day = last_day(self.now());
        let mut counted = Vec::new();
        for municipality in asked {
            let statistics = self.count_in(&municipality, day).await?;
            counted.push((municipality, statistics));
        }
        let now = self.now();
        let leaves = counted.iter().map(|(municipality, _)| {
            let mut entry = act(now, "count", caller.id(), &caller.actor);
            entry.purpose = Purpose::P12.to_string();
            entry.note = municipality.to_string();
            self.hub_leaf(now, &entry)
        });
        let change = Change { leaves: leaves.collect(), ..Change::default() };
        self.store.commit("count", change).await?;
        Ok(counted)
    }

    /// Everybody whom a municipality keeps counts there, and nowhere else.
    async fn count_in(&self, municipality: &Municipality, day: Day) -> Result<Statistics, Refusal> {
        let (mut cases, mut last) = (Vec::new(), Some(FIRST));
        while let Some(after) = last {
            let some;
            (some, last) = self.some_kept_in(municipality, after).await?;
            for family in self.families(&some, self.now()).await? {
                let record = family.record_on(day);
                let kept = family.known().into_iter().filter(|person| some.contains(person));
                cases.extend(kept.filter_map(|person| CountedCase::of(&record, person, day)));
            }
        }
        Ok(Statistics::count(&cases, day))
    }
}

/// Each once, in the order of their codes.
fn asked(caller: &Caller, named: &[Municipality]) -> Result<BTreeSet<Municipality>, Refusal> {
    let area: BTreeSet<Municipality> = match caller.agency.kind {
        AgencyKind::Osc => BTreeSet::from([caller.agency.municipality.clone()]),
        _ => caller.agency.settings.area.iter().cloned().collect(),
    };
    let asked = if named.is_empty() { area.clone() } else { named.iter().cloned().collect() };
    if asked.is_empty() || !asked.is_subset(&area) {
        return Err(Refusal::invalid(
            "CG-E301",
            "municipalities",
            "統計は、管轄区域として登録された市区町村についてだけ求められます。",
            "Statistics are given of the municipalities that are on the register as the center's area.",
        ));
    }
    Ok(asked)
}
