//! What happens when an agency hands something in: who is it about, who is responsible, is there a basis, store it,
//! acknowledge. Custody needs no basis (`consent.md` section 5, flow 1); a release does.

mod center;
mod contact;
mod naming;
mod offer;
mod party;
mod replaced;

use super::caller::Caller;
use super::family::Family;
use super::held::{Epochs, looked_at, next_beginning};
use super::ledger::act;
use super::{DECIDE_AGAIN_MAX, Hub, Refusal};
use crate::entropy;
use crate::store::{
    AliasRow, Change, Concerned, Conflict, Contained, DeliveryState, EntriesRow, Expect, FactKind, FactRow, IndexRow,
    MessageDraft, PersonRow, Row, StoreError, StoredAnswer,
};
use musubi_core::adapter::Diagnostic;
use musubi_core::agency::{AgencyId, AgencyKind};
use musubi_core::audit::Receipt;
use musubi_core::consent::records::{RelationKind, Shield};
use musubi_core::id::{EntryId, FactId, MessageId, Municipality, PersonId};
use musubi_core::record::{
    Attribution, PersonKey, Reported, SharedEntry, SubjectRole, Submission, joined, kind_number,
};
use musubi_core::sealing::{Aad, Blind, DataKey};
use musubi_core::time::Time;
use naming::Names;
use offer::Offered;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub(super) use contact::CONTACT;
use contact::Told;

/// How long a shield stands that a source's flag opened, in days; the center renews it (`common_japan.md` 7.5).
const SHIELD_DAYS: i64 = 365;
/// Most persons suggested for one.
const SUGGESTIONS_MAX: u32 = 5;

/// Class of the control ids of HL7 v2 messages.
pub const HL7V2: &str = "hl7v2";

/// One message or row, ready to be taken into custody.
pub struct Parcel {
    /// Format that it came in.
    pub format: String,
    /// Class of the channel: ids are unique within one (S-20).
    pub class: &'static str,
    /// The sender's id of it, with its revision where the format has one.
    pub key: String,
    /// Hash of its bytes.
    pub content: [u8; 32],
    /// Its bytes, where they are kept with it.
    pub raw: Option<Vec<u8>>,
    /// A message of this id received before this time is forgotten.
    pub forget_before: Option<Time>,
    /// What was read from it.
    pub submission: Submission,
    /// What the format said of it.
    pub diagnostics: Vec<Diagnostic>,
    /// The hub made it for its caller; whoever it names is named rightly.
    pub by_hub: bool,
    /// It is for this agency alone, not for the center of the municipality.
    pub told: Option<AgencyId>,
    /// Those whom a referral in it asks, who are told beside the center.
    pub parties: BTreeSet<AgencyId>,
}

impl Parcel {
    /// An entry that the hub makes for its caller: an approval, a council case.
    pub(super) fn of_the_hub(class: &'static str, key: &str, submission: Submission, now: Time) -> Self {
        Parcel {
            format: "grpc".to_owned(),
            class,
            key: format!("{key}\u{1f}{}", now.micros()),
            content: [0; 32],
            raw: None,
            forget_before: None,
            submission,
            diagnostics: Vec::new(),
            by_hub: true,
            told: None,
            parties: BTreeSet::new(),
        }
    }
}

/// Makes the acknowledgement from the receipt and all diagnostics; run again if the batch is repeated.
pub type Acknowledge = Arc<dyn Fn(&Receipt, MessageId, &[Diagnostic]) -> Vec<u8> + Send + Sync>;

/// What became of a parcel.
pub struct Taken {
    /// The acknowledgement, byte for byte as stored.
    pub answer: Vec<u8>,
    /// It was here before.
    pub repeated: bool,
    /// Everything that was said of it; of a repeated one nothing is said again.
    pub diagnostics: Vec<Diagnostic>,
    /// What came with it as the report of a referral.
    pub reports: Vec<Reported>,
}

/// What is known of a message's id when it arrives.
pub enum Before {
    /// It is new.
    New,
    /// It came so long ago that it counts as new.
    Forgotten,
    /// It came with these very bytes and was answered so.
    Answered(Vec<u8>),
}

impl Hub {
    /// Takes a parcel into custody. It is on disk, with its audit entry, when this returns.
    ///
    /// # Errors
    /// When the same id came with other bytes (S-20), or nothing could be stored.
    pub async fn take(&self, caller: &Caller, parcel: Parcel, acknowledge: Acknowledge) -> Result<Taken, Refusal> {
        self.hears(caller.id());
        self.take_unheard(caller, parcel, acknowledge).await
    }

    /// The same of what the hub itself says of an agency that is silent.
    pub(super) async fn take_unheard(
        &self,
        caller: &Caller,
        parcel: Parcel,
        acknowledge: Acknowledge,
    ) -> Result<Taken, Refusal> {
        let key = self.keyring.blind.blind(parcel.class, &parcel.key);
        for _ in 0..DECIDE_AGAIN_MAX {
            let custody = Custody::prepare(self, caller, &parcel).await?;
            let changed = custody.changed.clone();
            let reports = custody.entries.iter().filter_map(SharedEntry::reported).collect();
            let (epochs, begins) = (Epochs::of(&custody.family), next_beginning(&custody.family, custody.now));
            let (change, diagnostics) = custody.change(key, Arc::clone(&acknowledge))?;
            let due =
                change.rows.iter().any(|row| matches!(row, Row::Delivery(d) if d.state == DeliveryState::Waiting));
            let looked = looked_at(&change, &epochs, begins);
            match self.store.commit("take into custody", change).await {
                Ok(committed) => {
                    self.looks.note(looked);
                    if due {
                        self.deliveries.notify_waiters();
                    }
                    if !changed.is_empty() {
                        self.recall(&changed, &BTreeSet::new()).await;
                    }
                    return Ok(Taken { answer: committed.answer, repeated: false, diagnostics, reports });
                }
                Err(StoreError::Conflict(Conflict::Epoch(_) | Conflict::Alias(_) | Conflict::WorkItem(_))) => {}
                // The writer knows what came before; asking first would cost every new message a question.
                Err(StoreError::Conflict(Conflict::DuplicateMessage(known))) => {
                    let answer = answer_again(parcel.class, known, &parcel.content)?;
                    return Ok(Taken { answer, repeated: true, diagnostics: Vec::new(), reports: Vec::new() });
                }
                Err(other) => return Err(other.into()),
            }
        }
        Err(Refusal::kept_changing())
    }

    /// Did a message of this id come before (S-20)?
    ///
    /// # Errors
    /// When it did and had other bytes, or the store fails.
    pub async fn before(
        &self,
        caller: &Caller,
        class: &'static str,
        key: &str,
        content: &[u8; 32],
        forget_before: Option<Time>,
    ) -> Result<Before, Refusal> {
        self.hears(caller.id());
        let key = self.keyring.blind.blind(class, key);
        let Some(known) = self.store.message_answer(caller.id(), key).await? else { return Ok(Before::New) };
        if forget_before.is_some_and(|before| known.received_at < before) {
            return Ok(Before::Forgotten);
        }
        answer_again(class, known, content).map(Before::Answered)
    }

    /// The index under which an identifier is found.
    pub(crate) fn alias(&self, key: &PersonKey) -> Blind {
        self.keyring.blind.blind("alias", &format!("{}\u{1f}{}", key.issuer, key.identifier))
    }

    /// A person who is about to be made, with a key of their own.
    pub(crate) fn new_person(&self, now: Time, municipality: &Municipality) -> (PersonRow, DataKey) {
        let id = PersonId(self.id(now));
        let key = DataKey::from_random(entropy::bytes());
        let wrapped = self.keyring.key_encryption.wrap(entropy::bytes(), id.0, &key);
        let row = PersonRow { id, municipality: municipality.clone(), epoch: 0, key: Some(wrapped), joined_into: None };
        (row, key)
    }
}

/// What a message was answered when it came before; refused when it had other bytes (S-20).
fn answer_again(class: &str, known: StoredAnswer, content: &[u8; 32]) -> Result<Vec<u8>, Refusal> {
    if known.is_of(content) { Ok(known.answer) } else { Err(id_used_for_other_bytes(class)) }
}

fn id_used_for_other_bytes(class: &str) -> Refusal {
    let (code, place) = if class == HL7V2 { ("H205", "MSH-10") } else { ("PH-E007", "record_id, revision") };
    Refusal::conflict(
        code,
        place,
        "同じ管理番号(版)で異なる内容が届きました。新しい番号または版で送ってください(前の内容はそのまま保管されています)。",
        "This id and revision was used before for other contents. Send it under a new one; what came before is kept.",
    )
}

/// Somebody who is not on file yet.
struct NewPerson {
    row: PersonRow,
    /// The name that finds the person again; none when the sender may not give it.
    alias: Option<Blind>,
}

/// Everything about one parcel that is decided before it is written.
struct Custody<'a> {
    hub: &'a Hub,
    caller: &'a Caller,
    parcel: &'a Parcel,
    now: Time,
    message: MessageId,
    municipality: Municipality,
    family: Family,
    people: BTreeMap<PersonKey, (PersonId, SubjectRole)>,
    new_people: Vec<NewPerson>,
    entries: Vec<SharedEntry>,
    /// Of whom something was said before that this parcel corrects or takes back.
    changed: Vec<PersonId>,
    suggestions: Vec<Suggestion>,
    /// To its author, where it arrives while somebody may read it in an emergency.
    told_of_emergencies: Vec<Row>,
    /// What becomes of the concerns in it.
    offered: Offered,
    /// To holders of open cases, where it tells that somebody of a case came to a hospital.
    told_of_contacts: Vec<Told>,
}

/// Two persons who may be one: an officer says whether they are.
#[derive(PartialEq, Eq)]
struct Suggestion {
    new: PersonId,
    known: PersonId,
    why: Alike,
}

/// Why two persons may be one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Alike {
    /// Their names and birth dates.
    Name,
    /// Their author retired the identifier of the one in favour of that of the other.
    Merged,
}

impl<'a> Custody<'a> {
    async fn prepare(hub: &'a Hub, caller: &'a Caller, parcel: &'a Parcel) -> Result<Self, Refusal> {
        let named = parcel.submission.people();
        let found = hub.persons_named(caller, parcel, &named).await?;
        let known: Vec<PersonId> = found.iter().flatten().copied().collect();
        let mut family = hub.family(&known, hub.now()).await?;
        let now = family.at;
        let municipality = responsible(hub, caller, parcel, &family, &known_by_role(&named, &found));
        let own = Names::of(caller, parcel, &named, &found);
        let (mut people, mut new_people) = (BTreeMap::new(), Vec::new());
        for ((key, role), person) in named.into_iter().zip(found) {
            let id = match person {
                Some(person) => person,
                None => {
                    let (row, data_key) = hub.new_person(now, &municipality);
                    family.add(row.clone(), data_key);
                    let id = row.id;
                    new_people.push(NewPerson { alias: own.may_stay(&key).then(|| hub.alias(&key)), row });
                    id
                }
            };
            people.insert(key, (id, role));
        }
        let message = MessageId(hub.id(now));
        let entries = parcel.submission.clone().attribute(Attribution {
            author: caller.id(),
            author_kind: caller.agency.kind,
            message,
            municipality: &municipality,
            recorded_at: now,
            person: &|key| people.get(key).map(|(id, _)| *id),
            entry_id: &mut || EntryId(hub.id(now)),
        });
        let entries = joined(entries, || family.record());
        let mut custody = Custody {
            hub,
            caller,
            parcel,
            now,
            message,
            municipality,
            people,
            new_people,
            changed: changed(parcel, &family, &entries),
            entries,
            family,
            suggestions: Vec::new(),
            told_of_emergencies: Vec::new(),
            offered: Offered::default(),
            told_of_contacts: Vec::new(),
        };
        custody.told_of_emergencies =
            hub.tell_author_of_emergencies(caller, &custody.family, &custody.entries, now).await?;
        custody.told_of_contacts = custody.contacts().await?;
        custody.offered = custody.offered().await?;
        custody.suggest().await?;
        Ok(custody)
    }

    /// Who is already here under another identifier, with the same name and birth date? Only an officer joins.
    async fn suggest(&mut self) -> Result<(), Refusal> {
        let terms = self.entries.iter().flat_map(SharedEntry::search_terms);
        let terms: Vec<(Blind, PersonId)> = terms
            .filter(|term| !self.family.describes(term.person))
            .map(|term| (self.hub.keyring.blind.blind(term.field, &term.text), term.person))
            .collect();
        let blinds: Vec<Blind> = terms.iter().map(|(blind, _)| *blind).collect();
        for (blind, row) in self.hub.store.persons_by_index(&blinds, SUGGESTIONS_MAX).await? {
            for (_, person) in terms.iter().filter(|(term, _)| *term == blind) {
                if row.municipality == self.municipality {
                    self.suggest_one(*person, row.joined_into.unwrap_or(row.id), Alike::Name);
                }
            }
        }
        self.suggest_merged().await
    }

    /// A hospital merges its own records (A40). Here nobody is joined by a message: what is on file under the retired
    /// identifier may have reached others.
    async fn suggest_merged(&mut self) -> Result<(), Refusal> {
        for (stays, retired) in self.parcel.submission.merged() {
            let Some((stays, _)) = self.people.get(&stays).copied() else { continue };
            let found = self.hub.store.persons_by_alias(&[self.hub.alias(&retired)]).await?;
            for known in self.hub.store.persons(&found.into_iter().flatten().collect::<Vec<_>>()).await? {
                if known.municipality == self.municipality {
                    self.suggest_one(stays, known.joined_into.unwrap_or(known.id), Alike::Merged);
                }
            }
        }
        Ok(())
    }

    fn suggest_one(&mut self, new: PersonId, known: PersonId, why: Alike) {
        let suggestion = Suggestion { new, known, why };
        if self.family.known_as(new) != known && !self.suggestions.contains(&suggestion) {
            self.suggestions.push(suggestion);
        }
    }

    fn persons(&self) -> Vec<PersonId> {
        self.people.values().map(|(id, _)| *id).collect()
    }

    fn change(mut self, key: Blind, acknowledge: Acknowledge) -> Result<(Change, Vec<Diagnostic>), Refusal> {
        let (mut change, mut told) = (Change::default(), Vec::new());
        let mut diagnostics = self.parcel.diagnostics.clone();
        if self.names_of_others() {
            diagnostics.push(naming::foreign_name());
        }
        if self.replaces_nothing_known() {
            diagnostics.push(replaced::unknown());
        }
        if self.parcel.submission.header().test || self.parcel.submission.is_archived() {
            // A test, or a message that nobody reads, makes nobody known and leaves nothing in the record; only its bytes
            // and its answer are kept.
            self.entries.clear();
            self.people.clear();
        } else {
            change.expect = self.expectations();
            self.people_rows(&mut change);
            self.entry_rows(&mut change);
            self.epoch_rows(&mut change);
            self.shield_rows(&mut change)?;
            self.suggestion_rows(&mut change)?;
            self.residence_rows(&mut change)?;
            change.rows.append(&mut self.told_of_emergencies);
            for Told { holder, item, stays } in std::mem::take(&mut self.told_of_contacts) {
                told.push(holder.to_string());
                change.rows.push(item);
                change.expect.extend(stays.iter().map(|stay| Expect::NoAlias { blind: stay.blind }));
                change.rows.extend(stays.into_iter().map(Row::Alias));
            }
            let offered = std::mem::take(&mut self.offered);
            diagnostics.extend(self.offer_rows(offered, &mut change)?);
            match &self.parcel.told {
                Some(party) => self.party_rows(party, &mut change),
                None => diagnostics.extend(self.center_rows(&mut change)?),
            }
            self.parcel.parties.iter().for_each(|party| self.party_rows(party, &mut change));
        }
        let persons = self.persons();
        let mut entry = act(self.now, "take", self.caller.id(), &self.caller.actor);
        entry.message = self.message.0.as_bytes().to_vec();
        entry.entries = self.entries.iter().filter_map(|e| e.id()).map(|id| id.0.as_bytes().to_vec()).collect();
        entry.note = self.parcel.format.clone();
        entry.told = told;
        let refused = change.rows.iter().find_map(|row| if let Row::Release(row) = row { Some(row.id) } else { None });
        entry.release = refused.map(|id| id.0.as_bytes().to_vec()).unwrap_or_default();
        // The receipt is that of the first leaf.
        change.leaves.insert(0, self.hub.leaf(self.now, &self.municipality, &self.family, &persons, entry));
        let (message, said) = (self.message, diagnostics.clone());
        change.message = Some(MessageDraft {
            municipality: self.municipality.clone(),
            id: message,
            agency: self.caller.id().clone(),
            key,
            content: Some(self.parcel.content),
            format: self.parcel.format.clone(),
            received_at: self.now,
            test: self.parcel.submission.header().test,
            repeats: true,
            forget_before: self.parcel.forget_before,
            raw: self
                .parcel
                .raw
                .as_ref()
                .map(|raw| self.hub.seal(&self.family, &persons, "message", message.0, 0, raw)),
            answer: Box::new(move |receipts| {
                receipts.first().map(|receipt| acknowledge(receipt, message, &said)).unwrap_or_default()
            }),
        });
        Ok((change, diagnostics))
    }

    fn expectations(&self) -> Vec<Expect> {
        let new = |person: &PersonId| self.new_people.iter().any(|new| new.row.id == *person);
        let mut expect: Vec<Expect> = self.family.epochs();
        expect.retain(|e| !matches!(e, Expect::Epoch { person, .. } if new(person)));
        let aliases = self.new_people.iter().filter_map(|new| new.alias);
        expect.extend(aliases.map(|blind| Expect::NoAlias { blind }));
        expect
    }

    fn people_rows(&self, change: &mut Change) {
        for NewPerson { row, alias } in &self.new_people {
            let municipality = row.municipality.clone();
            change.rows.push(Row::Person(row.clone()));
            change.rows.extend(alias.map(|blind| Row::Alias(AliasRow { blind, person: row.id, municipality })));
        }
        for term in self.entries.iter().flat_map(SharedEntry::search_terms) {
            change.rows.push(Row::Index(IndexRow {
                blind: self.hub.keyring.blind.blind(term.field, &term.text),
                person: term.person,
                municipality: self.municipality.clone(),
            }));
        }
    }

    fn entry_rows(&self, change: &mut Change) {
        for entries in self.entries.chunk_by(SharedEntry::is_about_those_of) {
            let contained = entries.iter().filter_map(|e| Some(Contained { id: e.id()?, kind: kind_number(e.kind()) }));
            let contained: Vec<Contained> = contained.collect();
            let Some((first, Contained { id, .. })) = entries.first().zip(contained.first()) else { continue };
            let persons: Vec<PersonId> = first.persons().into_iter().map(|(person, _)| person).collect();
            let (id, aad) = (*id, Aad::row(EntriesRow::TABLE, id.0));
            let (holders, hub) = (self.family.holders(&persons), &self.hub.keyring.hub);
            let body = SharedEntry::seal(entries, &holders, hub, &mut |bytes| entropy::fill(bytes), &aad);
            let persons = first.persons().into_iter().map(|(person, role)| Concerned { person, role: role as u8 });
            change.rows.push(Row::Entries(EntriesRow {
                municipality: self.municipality.clone(),
                id,
                message: self.message,
                sequence: 0,
                persons: persons.collect(),
                contained,
                body,
            }));
        }
    }

    /// What was decided about an earlier version is decided again before it leaves.
    fn epoch_rows(&self, change: &mut Change) {
        change.rows.extend(self.changed.iter().copied().map(Row::Epoch));
    }

    /// The source's flag that whereabouts be withheld opens a shield; on its list stand the source and the center.
    fn shield_rows(&self, change: &mut Change) -> Result<(), Refusal> {
        for key in self.parcel.submission.shields_asked() {
            let Some((person, _)) = self.people.get(&key) else { continue };
            let known = self.family.known_as(*person);
            let shielded =
                self.family.facts.get(&known).is_some_and(|facts| facts.shields.iter().any(|s| s.on(self.now)));
            if shielded {
                continue;
            }
            let id = FactId(self.hub.id(self.now));
            let center = self.hub.register.center(&self.municipality).map(|center| center.id.clone());
            let shield = Shield {
                id,
                subject: *person,
                since: self.now,
                until: self.now.plus_days(SHIELD_DAYS),
                allowed: center.into_iter().chain([self.caller.id().clone()]).collect(),
                recorded_at: self.now,
                lifted_at: None,
            };
            let body = self.hub.seal_json(&self.family, &[*person], "fact", id.0, 0, &shield)?;
            change.rows.push(Row::Fact(FactRow {
                municipality: self.municipality.clone(),
                id,
                kind: FactKind::Shield,
                recipient: None,
                recorded_at: self.now,
                superseded_at: None,
                superseded_by: None,
                persons: vec![Concerned::from(*person)],
                body,
            }));
        }
        Ok(())
    }
}

/// Of whom something was said before that a parcel corrects or takes back; nobody in a test, and nobody of whom it says the
/// same again.
fn changed(parcel: &Parcel, family: &Family, entries: &[SharedEntry]) -> Vec<PersonId> {
    if parcel.submission.header().test {
        return Vec::new();
    }
    let replacing = family.changed_by(entries).into_iter();
    let changing = replacing.chain(entries.iter().filter(|entry| entry.is_withdrawal()));
    let changed: BTreeSet<PersonId> = changing.flat_map(SharedEntry::persons).map(|(person, _)| person).collect();
    changed.into_iter().collect()
}

/// The persons of the message that are on file: mothers first, then children, then the others.
fn known_by_role(named: &[(PersonKey, SubjectRole)], found: &[Option<PersonId>]) -> Vec<PersonId> {
    let mut known: Vec<(SubjectRole, PersonId)> =
        named.iter().zip(found).filter_map(|((_, role), person)| Some((*role, (*person)?))).collect();
    known.sort_by_key(|(role, _)| *role);
    known.into_iter().map(|(_, person)| person).collect()
}

/// The responsible municipality (`design.md` section 4): where the persons of the message are kept, or else somebody of
/// their family, what the sender names, the address, the profile's default, the sender's own municipality where it is
/// one's office; else nobody yet.
fn responsible(hub: &Hub, caller: &Caller, parcel: &Parcel, family: &Family, meant: &[PersonId]) -> Municipality {
    let linked = meant.iter().find_map(|person| home_of(hub, family, *person));
    let linked = linked.or_else(|| family.known().into_iter().find_map(|person| home_of(hub, family, person)));
    let submission = &parcel.submission;
    let named = || submission.header().municipality.or_else(|| submission.municipality_of_address());
    let default = || caller.agency.profile(family.at).default_municipality;
    let office = matches!(caller.agency.kind, AgencyKind::Osc | AgencyKind::Pho | AgencyKind::Prv);
    let own = || {
        hub.register.center(&caller.agency.municipality).filter(|_| office).map(|center| center.municipality.clone())
    };
    linked.or_else(named).or_else(default).or_else(own).unwrap_or_else(Municipality::unassigned)
}

/// The municipality where a person is kept, or whose center is on file as that of the residence.
fn home_of(hub: &Hub, family: &Family, person: PersonId) -> Option<Municipality> {
    let rows = family.ids_of(person).into_iter().filter_map(|id| family.persons.get(&id));
    let kept = rows.map(|row| row.municipality.clone()).find(|kept| *kept != Municipality::unassigned());
    kept.or_else(|| {
        let ties = family.facts.get(&family.known_as(person)).into_iter().flat_map(|facts| &facts.relations);
        let mut homes = ties.filter(|tie| tie.kind == RelationKind::Residence && tie.live(family.at));
        homes.find_map(|tie| Some(hub.register.agency(&tie.agency)?.municipality.clone()))
    })
}
