//! What a batch will write: the rows of all its accepted changes, table by table.

use super::logs::{State, origin};
use super::model::{Model, POLICY_EPOCH};
use crate::store::rows::{Concerned, Log, Row};
use crate::store::sql::columns::{contained_bytes, entries_bytes, persons_bytes};
use crate::store::sql::connection::Connection;
use crate::store::sql::table::Table;
use crate::store::sql::value::{Value, row};
use crate::store::{Change, Committed, LeafDraft, MessageDraft, Settings};
use musubi_core::audit::Receipt;
use musubi_core::id::{Municipality, PersonId};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Kinds of row in the table `concerned`.
#[derive(Clone, Copy)]
#[repr(u8)]
pub(in crate::store) enum Of {
    Entries = 1,
    Fact = 2,
    Referral = 3,
    Delivery = 4,
    WorkItem = 5,
    Release = 6,
}

/// The rows to write.
#[derive(Default)]
pub(super) struct Plan {
    rows: BTreeMap<Table, Vec<Vec<Value>>>,
    epochs: BTreeMap<PersonId, u64>,
}

impl Plan {
    /// Takes a change in that was judged to hold: its rows, its leaves with their indexes, its acknowledgement.
    pub(super) fn accept(
        &mut self,
        change: &Change,
        model: &mut Model,
        state: &mut State,
        settings: &Settings,
    ) -> Committed {
        for row in &change.rows {
            self.take(row, model, state);
            for person in model.apply(row) {
                *self.epochs.entry(person).or_default() += 1;
            }
        }
        let receipts: Vec<Receipt> = change.leaves.iter().map(|draft| self.leaf(draft, state, settings)).collect();
        let answer = change.message.as_ref().map(|message| {
            let answer = (message.answer)(&receipts);
            self.message(message, &answer, state);
            model.answered(message, answer.clone());
            answer
        });
        Committed { receipts, answer: answer.unwrap_or_default() }
    }

    /// Writes it all, one table after another.
    pub(super) async fn write(mut self, to: &mut Connection) -> Result<(), sqlx::Error> {
        let epochs = std::mem::take(&mut self.epochs);
        for (person, by) in epochs {
            self.put(Table::Epoch, row![person, by]);
        }
        to.write(self.rows).await
    }

    pub(super) fn put(&mut self, table: Table, row: Vec<Value>) {
        self.rows.entry(table).or_default().push(row);
    }

    /// The municipality is a key from now on.
    fn place(&mut self, municipality: &Municipality, state: &mut State) {
        self.log(&Log::Municipality(municipality.clone()), state);
    }

    fn log(&mut self, log: &Log, state: &mut State) {
        if state.is_new(log) {
            self.put(Table::Log, row![log.name()]);
        }
    }

    fn concerns(&mut self, of: Of, municipality: &Municipality, id: Uuid, persons: &[Concerned]) {
        for one in persons {
            self.put(Table::Concerned, row![one.person, of as u8, municipality, id]);
        }
    }

    fn leaf(&mut self, draft: &LeafDraft, state: &mut State, settings: &Settings) -> Receipt {
        self.log(&draft.log, state);
        let (index, row) = state.append(draft);
        self.put(Table::Leaf, row);
        for person in &draft.persons {
            self.put(Table::LeafPerson, row![*person, draft.log.name(), index]);
        }
        Receipt { origin: origin(settings, &draft.log), index, leaf: draft.hash }
    }

    fn message(&mut self, message: &MessageDraft, answer: &[u8], state: &mut State) {
        self.place(&message.municipality, state);
        let raw = message.raw.as_ref();
        let values = row![
            &message.municipality,
            message.id.0,
            &message.agency,
            message.key,
            message.content,
            message.format.as_str(),
            message.received_at,
            message.test,
            message.repeats,
            answer.to_vec(),
            raw,
        ];
        self.put(Table::Message, values);
    }

    /// One row. What needs the database at its own moment is left to `solitary`.
    fn take(&mut self, row: &Row, model: &Model, state: &mut State) {
        match row {
            Row::Agency(agency) => {
                let (kind, name) = (agency.kind.word(), agency.name.as_str());
                let profile = agency.profile.as_str();
                self.put(Table::Agency, row![&agency.id, kind, name, &agency.municipality, agency.active, profile]);
            }
            Row::Staff(staff) => {
                let (id, role) = (staff.actor.staff_id.as_str(), staff.actor.role.word());
                self.put(Table::Staff, row![&staff.agency, id, role, staff.active]);
            }
            Row::Person(person) => {
                self.place(&person.municipality, state);
                let key = person.key.as_ref().map(|key| key.as_bytes().to_vec());
                let values = row![person.id, &person.municipality, person.epoch, key, person.joined_into];
                self.put(Table::Person, values);
            }
            // Known already, it is not written again: a clash then means that another hub was first.
            Row::Alias(alias) if model.names(alias) => {}
            Row::Alias(alias) => self.put(Table::Alias, row![alias.blind, alias.person, &alias.municipality]),
            Row::Index(index) => self.put(Table::PersonIndex, row![index.blind, index.person, &index.municipality]),
            Row::Superseded { fact, at, by } => {
                if let Some(known) = model.fact(*fact) {
                    let by = by.map(|by| by.0);
                    self.put(Table::Superseded, row![&known.municipality, fact.0, *at, by]);
                }
            }
            Row::SignIn(row) => {
                let (kind, ends) = (row.kind as u8, row.ends_at);
                self.put(Table::SignIn, row![row.key, kind, &row.agency, row.version, ends, &row.body]);
            }
            Row::SignInEnded(key) => self.put(Table::SignInEnded, row![*key]),
            Row::Cosignature(row) => {
                let (witness, line) = (row.witness.as_str(), row.line.as_str());
                self.put(Table::Cosignature, row![row.log.name(), row.size, witness, row.at, line]);
            }
            Row::PolicyEpoch(epoch) => self.put(Table::Setting, row![POLICY_EPOCH, epoch.to_string()]),
            Row::Setting { name, value } => self.put(Table::Setting, row![name.as_str(), value.as_str()]),
            Row::Join { .. } | Row::Part { .. } | Row::Epoch(_) | Row::DestroyKey { .. } => {}
            Row::Entries(_)
            | Row::Fact(_)
            | Row::Referral(_)
            | Row::Delivery(_)
            | Row::WorkItem(_)
            | Row::Release(_) => {
                self.take_concerned(row, state);
            }
        }
    }

    /// One row that concerns persons.
    fn take_concerned(&mut self, row: &Row, state: &mut State) {
        let (of, table, municipality, id, persons) = match row {
            Row::Entries(row) => (Of::Entries, Table::Entries, &row.municipality, row.id.0, &row.persons),
            Row::Fact(row) => (Of::Fact, Table::Fact, &row.municipality, row.id.0, &row.persons),
            Row::Referral(row) => (Of::Referral, Table::Referral, &row.municipality, row.id.0, &row.persons),
            Row::Delivery(row) => (Of::Delivery, Table::Delivery, &row.municipality, row.id.0, &row.persons),
            Row::WorkItem(row) => (Of::WorkItem, Table::WorkItem, &row.municipality, row.id.0, &row.persons),
            Row::Release(row) => (Of::Release, Table::Release, &row.municipality, row.id.0, &row.persons),
            _ => return,
        };
        self.place(municipality, state);
        self.concerns(of, municipality, id, persons);
        self.put(table, concerned_values(row, persons_bytes(persons), state));
    }
}

/// The values of a row that concerns persons.
fn concerned_values(row: &Row, persons: Vec<u8>, state: &mut State) -> Vec<Value> {
    match row {
        Row::Entries(row) => {
            let (place, contained) = (&row.municipality, contained_bytes(&row.contained));
            row![place, row.id.0, row.message.0, state.entries.take(), persons, contained, &row.body]
        }
        Row::Fact(row) => {
            let (place, id, by) = (&row.municipality, row.id.0, row.superseded_by.map(|id| id.0));
            let (kind, recipient) = (row.kind as u8, row.recipient.as_ref());
            row![place, id, kind, recipient, row.recorded_at, row.superseded_at, by, persons, &row.body]
        }
        Row::Referral(row) => {
            let (place, id, state) = (&row.municipality, row.id.0, row.state.as_str());
            row![place, id, row.version, state, &row.from, &row.to, row.updated_at, persons, &row.body]
        }
        Row::Delivery(row) => {
            let (place, id, message) = (&row.municipality, row.id.0, row.message.map(|id| id.0));
            let (purpose, format) = (row.purpose.word(), row.format.as_str());
            let (entries, step) = (entries_bytes(&row.entries), row.state as u8);
            let (reason, sequence) = (row.reason.as_str(), state.deliveries.take());
            row![
                place,
                id,
                &row.recipient,
                purpose,
                format,
                message,
                entries,
                step,
                row.attempts,
                row.created_at,
                row.next_at,
                reason,
                sequence,
                persons,
                row.question.map(|id| id.0),
                row.released_at,
                row.sent_at
            ]
        }
        Row::WorkItem(row) => {
            let (place, id, kind) = (&row.municipality, row.id.0, row.kind.as_str());
            let (open, asked, due, answered) = (row.open, row.created_at, row.due_at, row.answered_at);
            row![place, id, &row.owner, kind, open, asked, due, answered, row.version, persons, &row.body]
        }
        Row::Release(row) => {
            let (place, id, purpose) = (&row.municipality, row.id.0, row.purpose.word());
            let (at, hash, delivery) = (row.decided_at, row.policy_hash, row.delivery.map(|id| id.0));
            row![place, id, &row.recipient, purpose, at, hash, delivery, row.query, persons, &row.detail]
        }
        _ => Vec::new(),
    }
}
