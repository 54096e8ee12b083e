//! What the audit log says of each use: one leaf in the transaction of the effect (S-30).

use super::family::Family;
use super::release_detail::{ReleaseDetail, ReleasedItem, WithheldItem};
use super::{Hub, Refusal};
use crate::digits::hex;
use crate::entropy;
use crate::store::{Change, Concerned, DeliveryRow, Expect, Keyring, LeafDraft, Log, ReleaseRow, Row};
use musubi_core::agency::{Actor, AgencyId};
use musubi_core::audit::{AuditEntry, ItemMask, SaltedEntry};
use musubi_core::consent::Facts;
use musubi_core::id::{DeliveryId, EntryId, FactId, MessageId, Municipality, PersonId, ReleaseId};
use musubi_core::release::{Released, Withheld};
use musubi_core::sealing::Aad;
use musubi_core::time::Time;
use std::collections::BTreeSet;
use uuid::Uuid;

/// Most persons whose sealed row names them all; beyond, the hub's key seals alone.
const HOLDERS_MAX: usize = 200;

/// The beginning of an audit entry: who did what, when.
pub(super) fn act(now: Time, action: &str, agency: &AgencyId, actor: &Actor) -> AuditEntry {
    AuditEntry {
        time: now.micros(),
        action: action.to_owned(),
        agency: agency.to_string(),
        staff_id: actor.staff_id.clone(),
        role: actor.role.to_string(),
        ..AuditEntry::default()
    }
}

impl Hub {
    /// A leaf for the log of a municipality, sealed for the persons concerned.
    pub(super) fn leaf(
        &self,
        now: Time,
        municipality: &Municipality,
        family: &Family,
        persons: &[PersonId],
        mut entry: AuditEntry,
    ) -> LeafDraft {
        entry.persons = persons.iter().map(|person| person.0.as_bytes().to_vec()).collect();
        let id = self.id(now);
        let salted = SaltedEntry::new(entropy::bytes(), &entry);
        let sealed = self.seal(family, persons, LeafDraft::TABLE, id, 0, salted.as_bytes());
        LeafDraft {
            log: Log::Municipality(municipality.clone()),
            id,
            hash: salted.leaf(),
            entry: sealed,
            persons: persons.to_vec(),
        }
    }

    /// A leaf for the hub's own log: what concerns no person.
    pub(super) fn hub_leaf(&self, now: Time, entry: &AuditEntry) -> LeafDraft {
        leaf_of_hub(&self.keyring, self.id(now), entry)
    }

    /// The rows and the leaf that a release needs before a byte of it may leave (`design.md` section 6).
    pub(super) fn release_change(
        &self,
        released: &mut Released,
        family: &Family,
        municipality: &Municipality,
        basis: &Basis<'_>,
    ) -> Result<(ReleaseId, Change), Refusal> {
        let now = released.at();
        let id = ReleaseId(self.id(now));
        released.set_release_id(id);
        let persons = holders(released.shown().iter().flat_map(|shown| &shown.persons));
        let row = self.decision_row(id, released, family, municipality, &persons, basis)?;
        let mut entry = act(now, "release", released.recipient(), basis.actor);
        entry.purpose = released.purpose().to_string();
        entry.recipient = released.recipient().to_string();
        entry.release = id.0.as_bytes().to_vec();
        self.say_basis(&mut entry, &basis.facts_hash, basis.serves);
        entry.epochs = persons.iter().map(|id| family.persons.get(id).map_or(0, |row| row.epoch)).collect();
        describe(&mut entry, released);
        let leaf = self.leaf(now, municipality, family, &persons, entry);
        let mut expect = family.epochs();
        expect.push(Expect::PolicyEpoch(self.policies.epoch));
        Ok((id, Change { expect, rows: vec![row], message: None, leaves: vec![leaf] }))
    }

    /// The row of a decision that showed nothing. It is explained like any other, and told to nobody: its id stands in the
    /// leaf of what the decision was taken for.
    pub(super) fn refusal_row(
        &self,
        released: &Released,
        family: &Family,
        municipality: &Municipality,
        basis: &Basis<'_>,
    ) -> Result<(ReleaseId, Row), Refusal> {
        let id = ReleaseId(self.id(released.at()));
        let held = released.withheld().iter().filter(|held| basis.concerns(held));
        let persons = holders(held.flat_map(|held| &held.persons));
        Ok((id, self.decision_row(id, released, family, municipality, &persons, basis)?))
    }

    /// The same decision, of the same persons, facts and entries, for the same reader, as it stands on file already. Who asks
    /// again, or pages through a list, leaves no second row of it: there is one for each state of what it rests on.
    pub(super) async fn refused_before(
        &self,
        released: &Released,
        family: &Family,
        basis: &Basis<'_>,
    ) -> Result<Option<ReleaseId>, Refusal> {
        let persons: Vec<PersonId> = family.persons.keys().copied().collect();
        let footing = family.footing(None);
        let cited = basis.serves.cited.map(|fact| fact.0);
        for row in self.store.releases_of(&persons).await?.iter().rev() {
            let asked = row.recipient == *released.recipient() && row.purpose == released.purpose();
            if !asked || row.policy_hash != self.policy.hash() || row.delivery.is_some() {
                continue;
            }
            let detail: Option<ReleaseDetail> = self.opened(family, row);
            let Some(detail) = detail else { continue };
            if detail.actor.as_ref() == Some(basis.actor) && detail.cited == cited {
                return Ok((detail.items.is_empty() && detail.footing == footing).then_some(row.id));
            }
        }
        Ok(None)
    }

    fn decision_row(
        &self,
        id: ReleaseId,
        released: &Released,
        family: &Family,
        municipality: &Municipality,
        persons: &[PersonId],
        basis: &Basis<'_>,
    ) -> Result<Row, Refusal> {
        let concerned = released.withheld().iter().filter(|held| basis.concerns(held));
        let of_them = concerned.filter(|held| held.persons.iter().all(|person| persons.contains(person)));
        let detail = ReleaseDetail {
            purposes: vec![released.purpose()],
            actor: Some(basis.actor.clone()),
            cited: basis.serves.cited.map(|fact| fact.0),
            facts_hash: hex(&basis.facts_hash),
            footing: family.footing(basis.arriving.map(|arriving| arriving.message)),
            items: ReleasedItem::of(released.shown()),
            withheld: WithheldItem::of(of_them),
        };
        Ok(Row::Release(ReleaseRow {
            municipality: municipality.clone(),
            id,
            recipient: released.recipient().clone(),
            purpose: released.purpose(),
            decided_at: released.at(),
            policy_hash: self.policy.hash(),
            delivery: basis.serves.delivery,
            query: basis.serves.query,
            persons: persons.iter().copied().map(Concerned::from).collect(),
            detail: self.seal_json(family, persons, "release", id.0, 0, &detail)?,
        }))
    }

    /// On which policy and facts a decision rests; where the policy has changed since the intention, both (F06).
    pub(super) fn say_basis(&self, entry: &mut AuditEntry, facts_hash: &[u8; 32], serves: Serves) {
        entry.policy_hash = self.policy.hash().to_vec();
        entry.facts_hash = facts_hash.to_vec();
        let before = serves.intended_at.and_then(|at| self.policies.before(at));
        entry.policy_before = before.map(|hash| hash.to_vec()).unwrap_or_default();
    }
}

/// A leaf for the hub's own log, also before there is a hub.
pub(super) fn leaf_of_hub(keyring: &Keyring, id: Uuid, entry: &AuditEntry) -> LeafDraft {
    let salted = SaltedEntry::new(entropy::bytes(), entry);
    let aad = Aad::row(LeafDraft::TABLE, id);
    let sealed = keyring.hub.seal(entropy::bytes(), &aad, salted.as_bytes());
    LeafDraft { log: Log::Hub, id, hash: salted.leaf(), entry: sealed, persons: Vec::new() }
}

/// What a release serves.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Serves {
    /// A delivery.
    pub delivery: Option<DeliveryId>,
    /// Or a question.
    pub query: Option<Uuid>,
    /// Under this ground alone.
    pub cited: Option<FactId>,
    /// When it was intended, where it waited.
    pub intended_at: Option<Time>,
}

impl Serves {
    /// A delivery that waited.
    pub(super) fn of(delivery: &DeliveryRow) -> Self {
        Serves { delivery: Some(delivery.id), intended_at: Some(delivery.created_at), ..Serves::default() }
    }
}

/// Who acted in a decision, for what, and from which facts.
pub(super) struct Basis<'a> {
    pub actor: &'a Actor,
    pub serves: Serves,
    pub facts_hash: [u8; 32],
    /// What is stored together with it.
    pub arriving: Option<Arriving<'a>>,
}

impl<'a> Basis<'a> {
    /// A decision from these facts.
    pub(super) fn new(actor: &'a Actor, serves: Serves, facts: &Facts) -> Self {
        Basis { actor, serves, facts_hash: facts.fingerprint(), arriving: None }
    }
}

/// A message about which something is decided while it is taken in: of what was not shown, only what it brought is noted.
#[derive(Clone, Copy)]
pub(super) struct Arriving<'a> {
    pub message: MessageId,
    pub entries: &'a [EntryId],
}

impl Basis<'_> {
    fn concerns(&self, held: &Withheld) -> bool {
        self.arriving.is_none_or(|arriving| arriving.entries.contains(&held.entry))
    }
}

fn holders<'a>(persons: impl Iterator<Item = &'a PersonId>) -> Vec<PersonId> {
    persons.copied().collect::<BTreeSet<_>>().into_iter().take(HOLDERS_MAX).collect()
}

fn describe(entry: &mut AuditEntry, released: &Released) {
    for shown in released.shown() {
        let id = shown.entry.0.as_bytes().to_vec();
        entry.entries.push(id.clone());
        entry.masks.push(ItemMask { entry: id, full: shown.full.bits(), general: shown.general.bits() });
    }
    let rules = released.shown().iter().flat_map(|shown| &shown.rules).map(|(_, rule)| rule.to_string());
    entry.rules = rules.collect::<BTreeSet<_>>().into_iter().collect();
    let evidence = released.shown().iter().flat_map(|shown| &shown.evidence).map(|(_, fact)| fact.0);
    entry.evidence = evidence.collect::<BTreeSet<_>>().into_iter().map(|id| id.as_bytes().to_vec()).collect();
}
