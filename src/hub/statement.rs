//! Who was shown a person's data, when, on which basis: the accounting of disclosures (`consent.md` section 12).

use super::caller::Caller;
use super::family::Family;
use super::ledger::{ReleaseDetail, act};
use super::persons::Named;
use super::{Hub, Refusal};
use crate::store::Change;
use musubi_core::agency::{AgencyId, AgencyKind, CategorySet, Purpose, Role};
use musubi_core::id::PersonId;
use musubi_core::time::Time;
use std::collections::BTreeSet;

/// One disclosure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disclosure {
    /// To whom.
    pub recipient: AgencyId,
    /// For what.
    pub purpose: Purpose,
    /// When.
    pub shown_at: Time,
    /// Which categories of this person's data.
    pub categories: CategorySet,
    /// On which bases: the rules that decided.
    pub bases: Vec<String>,
}

impl Hub {
    /// A person's statement, for the privacy officer of the municipality of residence (P10) or an auditor.
    ///
    /// # Errors
    /// When the caller is neither.
    pub async fn statement(&self, caller: &Caller, subject: &Named) -> Result<Vec<Disclosure>, Refusal> {
        let allowed = matches!(caller.actor.role, Role::PrivacyOfficer | Role::Auditor);
        if !allowed || caller.agency.kind != AgencyKind::Osc {
            return Err(Refusal::forbidden(
                "M807",
                "staff_id",
                "開示記録は、センターの個人情報保護担当または監査担当だけが作成できます。",
                "A statement is made by the center's privacy officer or auditor.",
            ));
        }
        let now = self.now();
        let Some(person) = self.find(subject).await? else { return Ok(Vec::new()) };
        let family = self.family(&[person], now).await?;
        let disclosures = self.disclosures_of(&family, person).await?;
        let municipality = self.municipality_of(&family, caller);
        let entry = act(now, "statement", caller.id(), &caller.actor);
        let leaf = self.leaf(now, &municipality, &family, &[person], entry);
        self.store.commit("statement", Change { leaves: vec![leaf], ..Change::default() }).await?;
        Ok(disclosures)
    }

    /// The same for the operator on the data folder itself, who holds the keys anyway: nothing is written.
    ///
    /// # Errors
    /// When the store fails.
    pub(crate) async fn statement_on_file(&self, subject: &Named) -> Result<Vec<Disclosure>, Refusal> {
        let Some(person) = self.find(subject).await? else { return Ok(Vec::new()) };
        let family = self.family(&[person], self.now()).await?;
        self.disclosures_of(&family, person).await
    }

    async fn disclosures_of(&self, family: &Family, person: PersonId) -> Result<Vec<Disclosure>, Refusal> {
        let ids = family.ids_of(person);
        let mut disclosures = Vec::new();
        for row in self.store.releases_of(&ids).await? {
            let Some(detail) = self.open_json::<ReleaseDetail>(family, &row.detail, "release", row.id.0, 0) else {
                continue;
            };
            let own = detail
                .items
                .iter()
                .filter(|item| item.persons.iter().any(|p| family.known_as(*p) == family.known_as(person)));
            let (mut categories, mut bases) = (CategorySet::EMPTY, BTreeSet::new());
            for item in own {
                categories = categories.union(item.full).union(item.general);
                bases
                    .extend(item.rules.iter().filter_map(|rule| rule.split_once(' ')).map(|(_, rule)| rule.to_owned()));
            }
            if !categories.is_empty() {
                disclosures.push(Disclosure {
                    recipient: row.recipient,
                    purpose: row.purpose,
                    shown_at: row.decided_at,
                    categories,
                    bases: bases.into_iter().collect(),
                });
            }
        }
        Ok(disclosures)
    }
}
