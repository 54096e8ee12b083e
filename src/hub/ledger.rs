//! What the audit log says of each use: one leaf in the transaction of the effect (S-30).

use super::family::Family;
use super::{Hub, Refusal};
use crate::entropy;
use crate::store::{Change, Concerned, Expect, LeafDraft, Log, ReleaseRow, Row, Store};
use musubi_core::agency::{Actor, AgencyId, Category, CategorySet, Purpose};
use musubi_core::audit::{AuditEntry, ItemMask, SaltedEntry};
use musubi_core::consent::{Outcome, Policy};
use musubi_core::id::{DeliveryId, FactId, Municipality, PersonId, ReleaseId};
use musubi_core::release::Released;
use musubi_core::sealing::Aad;
use musubi_core::time::Time;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use uuid::Uuid;

/// Most persons whose sealed row names them all; beyond, the hub's key seals alone.
const HOLDERS_MAX: usize = 200;

/// Reads the epoch of the policy, and counts it up when its files are not those of the last start.
pub(super) async fn policy_epoch(store: &Store, policy: &Policy) -> Result<u64, Refusal> {
    const NAME: &str = "policy_hash";
    let hash = hex(&policy.hash());
    let epoch = store.policy_epoch().await?;
    if store.setting(NAME).await?.as_deref() == Some(hash.as_str()) {
        return Ok(epoch);
    }
    let rows = vec![Row::PolicyEpoch(epoch + 1), Row::Setting { name: NAME.to_owned(), value: hash }];
    store.commit("load policy", Change { rows, ..Change::default() }).await?;
    Ok(epoch + 1)
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Reads hexadecimal. `None` when it is none.
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let byte = |pair: &[u8; 2]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    if rest.is_empty() { pairs.iter().map(byte).collect() } else { None }
}

/// Masks, rules and bases of a release, sealed beside its row: what a statement and an explanation are made from.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReleaseDetail {
    /// All purposes that it served.
    pub purposes: Vec<Purpose>,
    /// Who acted.
    pub actor: Option<Actor>,
    /// The ground that was cited.
    #[serde(default)]
    pub cited: Option<Uuid>,
    /// What was shown of each entry.
    pub items: Vec<ReleasedItem>,
    /// What was not, of the same persons. Never for the recipient.
    #[serde(default)]
    pub withheld: Vec<WithheldItem>,
}

/// What was not shown of one entry.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WithheldItem {
    /// The entry.
    pub entry: Uuid,
    /// The category.
    pub category: Category,
    /// Held or denied.
    pub outcome: Outcome,
    /// The rule that decided.
    pub rule: String,
    /// Objections, shields and other records that it rests on.
    pub evidence: Vec<Uuid>,
}

/// What was shown of one entry.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReleasedItem {
    /// The entry.
    pub entry: Uuid,
    /// Whose it is.
    pub persons: Vec<PersonId>,
    /// Categories shown whole.
    pub full: CategorySet,
    /// Categories shown in their general form.
    pub general: CategorySet,
    /// Rule of each category.
    pub rules: Vec<String>,
    /// Consents and grounds.
    pub evidence: Vec<Uuid>,
}

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
        let id = self.id(now);
        let salted = SaltedEntry::new(entropy::bytes(), entry);
        let aad = Aad::row(LeafDraft::TABLE, id);
        let sealed = self.keyring.hub.seal(entropy::bytes(), &aad, salted.as_bytes());
        LeafDraft { log: Log::Hub, id, hash: salted.leaf(), entry: sealed, persons: Vec::new() }
    }

    /// The rows and the leaf that a release needs before a byte of it may leave (`design.md` section 6).
    pub(super) fn release_change(
        &self,
        released: &mut Released,
        family: &Family,
        actor: &Actor,
        municipality: &Municipality,
        serves: Serves,
    ) -> Result<(ReleaseId, Change), Refusal> {
        let now = released.at();
        let id = ReleaseId(self.id(now));
        released.set_release_id(id);
        let persons: BTreeSet<PersonId> = released.shown().iter().flat_map(|shown| shown.persons.clone()).collect();
        let persons: Vec<PersonId> = persons.into_iter().take(HOLDERS_MAX).collect();
        let detail = detail(released, actor, serves.cited, &persons);
        let sealed = self.seal_json(family, &persons, "release", id.0, 0, &detail)?;
        let row = ReleaseRow {
            municipality: municipality.clone(),
            id,
            recipient: released.recipient().clone(),
            purpose: released.purpose(),
            decided_at: now,
            policy_hash: self.policy.hash(),
            delivery: serves.delivery,
            query: serves.query,
            persons: persons.iter().copied().map(Concerned::from).collect(),
            detail: sealed,
        };
        let mut entry = act(now, "release", released.recipient(), actor);
        entry.purpose = released.purpose().to_string();
        entry.recipient = released.recipient().to_string();
        entry.release = id.0.as_bytes().to_vec();
        entry.policy_hash = self.policy.hash().to_vec();
        entry.epochs = persons.iter().map(|id| family.persons.get(id).map_or(0, |row| row.epoch)).collect();
        describe(&mut entry, released);
        let leaf = self.leaf(now, municipality, family, &persons, entry);
        let mut expect = family.epochs();
        expect.push(Expect::PolicyEpoch(self.policy_epoch));
        Ok((id, Change { expect, rows: vec![Row::Release(row)], message: None, leaves: vec![leaf] }))
    }
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
}

fn detail(released: &Released, actor: &Actor, cited: Option<FactId>, persons: &[PersonId]) -> ReleaseDetail {
    let items = released.shown().iter().map(|shown| ReleasedItem {
        entry: shown.entry.0,
        persons: shown.persons.clone(),
        full: shown.full,
        general: shown.general,
        rules: shown.rules.iter().map(|(category, rule)| format!("{category} {rule}")).collect(),
        evidence: shown.evidence.iter().map(|(_, fact)| fact.0).collect::<BTreeSet<_>>().into_iter().collect(),
    });
    let of_them = released.withheld().iter().filter(|held| held.persons.iter().all(|person| persons.contains(person)));
    let withheld = of_them.map(|held| WithheldItem {
        entry: held.entry.0,
        category: held.category,
        outcome: held.outcome,
        rule: held.rule.to_string(),
        evidence: held.evidence.iter().map(|fact| fact.0).collect(),
    });
    ReleaseDetail {
        purposes: vec![released.purpose()],
        actor: Some(actor.clone()),
        cited: cited.map(|fact| fact.0),
        items: items.collect(),
        withheld: withheld.collect(),
    }
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
