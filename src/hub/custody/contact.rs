//! The holder of an open case of child protection is told that a hospital received somebody of it ([`musubi_core::protection`]): once
//! for each stay, in the transaction that takes the message in, so that no crash loses it.
//!
//! The hospital learns nothing of it. Its acknowledgement is made without it, no leaf of the log is added to those that a message
//! has anyway, and no epoch of anybody is counted up.

use super::Custody;
use crate::hub::Refusal;
use crate::hub::caller::request_of;
use crate::hub::register::Agency;
use crate::hub::work::WorkBody;
use crate::store::{AliasRow, Row};
use musubi_core::adapter::Text;
use musubi_core::agency::{Actor, AgencyId, AgencyKind};
use musubi_core::id::MessageId;
use musubi_core::protection::{Contact, TOLD_FOR, contacts, may_be_told, stays};
use musubi_core::record::SharedEntry;
use musubi_core::sealing::Blind;
use std::sync::Arc;

/// Kind of the work item by which a holder is told.
pub(in crate::hub) const CONTACT: &str = "hospital_contact";
/// Days in which somebody there has looked at it.
const LOOKED_AT_DAYS: i64 = 1;

/// What one holder is told.
pub(super) struct Told {
    pub(super) holder: AgencyId,
    pub(super) item: Row,
    /// Names of the stays: of two messages of one stay that come at the same time the second finds them taken, and is looked at
    /// again.
    pub(super) stays: Vec<AliasRow>,
}

impl Custody<'_> {
    /// What the holders are told.
    pub(super) async fn contacts(&self) -> Result<Vec<Told>, Refusal> {
        let mut told = Vec::new();
        if self.caller.agency.kind != AgencyKind::Med || !self.family.has_case() {
            return Ok(told);
        }
        let known = |person| self.family.known_as(person);
        let arriving: Vec<SharedEntry> = self.entries.iter().cloned().map(|entry| entry.with_persons(&known)).collect();
        let (record, facts) = self.family.whole_with(&self.entries);
        for contact in contacts(&record, &arriving, &facts.subjects, self.now) {
            let Some(holder) = self.authority(&contact.holder) else { continue };
            let request = request_of(&holder, Actor::system(), TOLD_FOR, None);
            let of_hospital = (&contact, self.caller.id());
            if !may_be_told(&self.hub.policy, &request, &facts, of_hospital, self.now) {
                continue;
            }
            let stays = self.stays_of(&holder, &contact);
            if !self.was_told(&holder, &contact, &stays).await? {
                let (due, persons) = (self.now.plus_days(LOOKED_AT_DAYS), &[contact.person]);
                let item = self.ask(&holder.id, CONTACT, due, persons, &self.contact_body(&contact))?;
                told.push(Told { holder: holder.id.clone(), item, stays });
            }
        }
        Ok(told)
    }

    /// An agency that answers for children in need of protection.
    fn authority(&self, agency: &AgencyId) -> Option<Arc<Agency>> {
        let authority = |agency: &Arc<Agency>| matches!(agency.kind, AgencyKind::Osc | AgencyKind::Cgc);
        self.hub.register.agency(agency).filter(|agency| agency.active && authority(agency))
    }

    /// Each stay of a contact by a name that it has for its holder alone.
    fn stays_of(&self, holder: &Agency, contact: &Contact) -> Vec<AliasRow> {
        let person = contact.person;
        let name = |stay: &String| {
            let text = format!("{}\u{1f}{person}\u{1f}{stay}", holder.id);
            let blind = self.hub.keyring.blind.blind(CONTACT, &text);
            AliasRow { blind, person, municipality: self.municipality.clone() }
        };
        contact.stays.iter().map(name).collect()
    }

    /// Was the holder told of one of these stays before?
    async fn was_told(&self, holder: &Agency, contact: &Contact, named: &[AliasRow]) -> Result<bool, Refusal> {
        let names: Vec<Blind> = named.iter().map(|stay| stay.blind).collect();
        if self.hub.store.persons_by_alias(&names).await?.iter().any(Option::is_some) {
            return Ok(true);
        }
        let items = self.hub.store.work_items_of(&self.family.ids_of(contact.person)).await?;
        let told = items.iter().filter(|item| item.kind == CONTACT && item.owner == holder.id);
        let mut messages = told.filter_map(|item| MessageId::parse(&self.hub.body_of(&self.family, item)?.about));
        Ok(messages.any(|message| !stays(self.family.came_with(message)).is_disjoint(&contact.stays)))
    }

    /// That somebody came, where and when: nothing that the hospital wrote of it.
    fn contact_body(&self, contact: &Contact) -> WorkBody {
        let (hospital, from, case) = (self.caller.id(), contact.from.rfc3339(), &contact.case);
        let text = Text::new(
            format!(
                "開いているケース({case})の方が医療機関にかかりました: {hospital}、{from}。診療の内容は含みません。必要な場合は、根拠に基づいて医療機関に求めてください。"
            ),
            format!(
                "Somebody of an open case ({case}) came to a hospital: {hospital}, {from}. Nothing of the care is told; ask the hospital under a ground where you need it."
            ),
        );
        WorkBody::new("HOSPITAL_CONTACT", text, self.message.to_string())
    }
}
