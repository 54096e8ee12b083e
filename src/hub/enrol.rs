//! Who takes part: agencies are put on the register, changed, suspended and let in again by the operator of the hub.
//! Each change stands in the hub's own log, with a hash of what was so before and after (S-65).

use super::ledger::act;
use super::register::Agency;
use super::{Hub, Refusal};
use crate::digits::hex;
use crate::store::{Change, Row, StaffRow};
use musubi_core::agency::{Actor, AgencyId, Role};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// A change of the register, as the operator orders it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Enrolment {
    /// A new agency, or one that changes as a whole.
    Agency(Box<Agency>),
    /// It may not do anything from now on (緊急停止).
    Suspend(AgencyId),
    /// It may again.
    Resume(AgencyId),
    /// A member of its staff, new or in another role.
    Staff {
        /// The agency.
        agency: AgencyId,
        /// As the agency numbers its staff.
        staff_id: String,
        /// The role; none when the person leaves.
        role: Option<Role>,
    },
}

impl Hub {
    /// Carries out an order of the operator. `by` is who gave it.
    ///
    /// # Errors
    /// When it names an agency that is not on the register, or the store fails.
    pub async fn enrol(&self, order: Enrolment, by: &str) -> Result<(), Refusal> {
        match order {
            Enrolment::Agency(agency) => {
                self.see_register().await?;
                self.enter("register agency", *agency, by, Change::default()).await
            }
            Enrolment::Suspend(id) => self.activate(&id, false, by).await,
            Enrolment::Resume(id) => self.activate(&id, true, by).await,
            Enrolment::Staff { agency, staff_id, role } => {
                let mut changed = Agency::clone(&*self.registered(&agency).await?);
                match role {
                    Some(role) => changed.staff.insert(staff_id, role),
                    None => changed.staff.remove(&staff_id),
                };
                self.enter("register staff", changed, by, Change::default()).await
            }
        }
    }

    /// Puts an agency on the register, new or changed, with its staff; who is no longer named there leaves.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn register_agency(&self, agency: Agency) -> Result<(), Refusal> {
        self.enrol(Enrolment::Agency(Box::new(agency)), "operator").await
    }

    async fn activate(&self, id: &AgencyId, active: bool, by: &str) -> Result<(), Refusal> {
        let changed = Agency { active, ..Agency::clone(&*self.registered(id).await?) };
        let action = if active { "resume agency" } else { "suspend agency" };
        self.enter(action, changed, by, Change::default()).await
    }

    /// What other hubs changed in the register is not to be undone.
    async fn see_register(&self) -> Result<(), Refusal> {
        if self.store.is_shared() {
            self.register.catch_up(&self.store).await?;
        }
        Ok(())
    }

    /// An agency as it stands on the register now.
    pub(super) async fn registered(&self, id: &AgencyId) -> Result<Arc<Agency>, Refusal> {
        self.see_register().await?;
        self.register.agency(id).ok_or_else(|| {
            Refusal::invalid(
                "M811",
                "agency",
                "この機関IDは登録されていません。musubi agency list で確かめてください。",
                "This agency is not on the register. `musubi agency list` shows who is.",
            )
        })
    }

    /// Puts an agency on the register as it is now, together with another change. Who is no longer on its staff is shut out.
    pub(super) async fn enter(
        &self,
        action: &str,
        agency: Agency,
        by: &str,
        mut change: Change,
    ) -> Result<(), Refusal> {
        let now = self.now();
        let before = self.register.agency(&agency.id);
        let left = before.iter().flat_map(|before| &before.staff).filter(|(id, _)| !agency.staff.contains_key(*id));
        for (staff_id, role) in left {
            let actor = Actor { staff_id: staff_id.clone(), role: *role };
            change.rows.push(Row::Staff(StaffRow { agency: agency.id.clone(), actor, active: false }));
            self.close_account(&agency.id, staff_id, &mut change).await?;
        }
        let mut entry = act(now, action, &agency.id, &Actor::system());
        entry.staff_id = by.to_owned();
        entry.note = format!("{} {}", before.as_deref().map_or_else(|| "-".to_owned(), digest), digest(&agency));
        change.leaves.push(self.hub_leaf(now, &entry));
        self.register.put(&self.store, agency, change).await
    }
}

/// SHA-256 of everything that is on file about an agency.
fn digest(agency: &Agency) -> String {
    hex(&Sha256::digest(serde_json::to_vec(agency).unwrap_or_default()))
}
