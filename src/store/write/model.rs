//! What a batch needs to know to judge its changes, kept up to date while they are accepted one after another.
//!
//! The state is read once for the whole batch; a change then sees the effects of those before it without a query.

use crate::store::error::{Conflict, StoreError, StoredAnswer};
use crate::store::rows::{AliasRow, Concerned, DeliveryState, Row};
use crate::store::sql::columns::Columns;
use crate::store::sql::connection::Connection;
use crate::store::sql::failure::Failure;
use crate::store::sql::value::{KEYS_MAX, Sql, Statement, Value};
use crate::store::{Change, Expect, MessageDraft};
use musubi_core::agency::AgencyId;
use musubi_core::id::{DeliveryId, FactId, MessageId, Municipality, PersonId, ReferralId, WorkItemId};
use musubi_core::sealing::Blind;
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

/// A question about keys. On a server the rows are held until the batch is durable: another hub waits for them.
macro_rules! among {
    ($head:literal, $key:literal) => {
        Statement::each(
            concat!($head, " WHERE ", $key, " IN ", listed!()),
            concat!($head, " WHERE ", $key, " = ANY($1) ORDER BY ", $key, " FOR UPDATE"),
        )
    };
    (of every municipality $head:literal) => {
        Statement::each(
            concat!($head, " WHERE municipality IN (SELECT name FROM log) AND id IN ", listed!()),
            concat!(
                $head,
                " WHERE municipality IN (SELECT name FROM log) AND id = ANY($1) ORDER BY municipality, id FOR UPDATE"
            ),
        )
    };
}

const PERSONS: Statement = among!("SELECT id, epoch FROM person", "id");
const ALIASES: Statement = among!("SELECT blind, person FROM alias", "blind");
const MESSAGES: Statement = Statement::each(
    concat!(
        "SELECT agency, key, id, content, received_at, answer FROM message WHERE repeats = 1 AND key IN ",
        listed!()
    ),
    "SELECT agency, key, id, content, received_at, answer FROM message WHERE repeats = 1 AND key = ANY($1)",
);
const DELIVERIES: Statement = among!(of every municipality "SELECT id, state, attempts FROM delivery");
const REFERRALS: Statement = among!(of every municipality "SELECT id, version FROM referral");
const WORK_ITEMS: Statement = among!(of every municipality "SELECT id, open FROM work_item");
const SIGN_INS: Statement = among!("SELECT key, version FROM sign_in", "key");
const SETTINGS: Statement = among!("SELECT name, value FROM setting", "name");
const FACTS: Statement = among!(of every municipality "SELECT id, municipality, superseded_at, persons FROM fact");
pub(in crate::store) const POLICY_EPOCH: &str = "policy_epoch";
const POLICY: Statement = Statement::each(
    "SELECT value FROM setting WHERE name = 'policy_epoch'",
    "SELECT value FROM setting WHERE name = 'policy_epoch' FOR SHARE",
);

/// A fact as far as its end matters.
#[derive(Clone)]
pub(super) struct KnownFact {
    pub(super) municipality: Municipality,
    pub(super) persons: Vec<Concerned>,
    pub(super) holds: bool,
}

/// The state that the batch rests on.
#[derive(Default)]
pub(super) struct Model {
    policy: u64,
    persons: HashMap<PersonId, u64>,
    aliases: HashMap<Blind, PersonId>,
    messages: HashMap<(AgencyId, Blind), StoredAnswer>,
    deliveries: HashMap<DeliveryId, (DeliveryState, u32)>,
    referrals: HashMap<ReferralId, u64>,
    work_items: HashMap<WorkItemId, bool>,
    sign_ins: HashMap<Blind, u64>,
    settings: HashMap<String, String>,
    facts: HashMap<FactId, KnownFact>,
}

/// The keys that a batch asks about.
#[derive(Default)]
struct Wanted {
    policy: bool,
    persons: BTreeSet<Uuid>,
    aliases: BTreeSet<Blind>,
    messages: BTreeSet<Blind>,
    deliveries: BTreeSet<Uuid>,
    referrals: BTreeSet<Uuid>,
    work_items: BTreeSet<Uuid>,
    sign_ins: BTreeSet<Blind>,
    settings: BTreeSet<String>,
    facts: BTreeSet<Uuid>,
}

impl Wanted {
    fn add(&mut self, change: &Change) {
        for expect in &change.expect {
            match expect {
                Expect::Epoch { person, .. } => drop(self.persons.insert(person.0)),
                Expect::PolicyEpoch(_) => self.policy = true,
                Expect::Delivery { id, .. } => drop(self.deliveries.insert(id.0)),
                Expect::ReferralVersion { id, .. } => drop(self.referrals.insert(id.0)),
                Expect::WorkItemOpen { id } => drop(self.work_items.insert(id.0)),
                Expect::FactHolds { id } => drop(self.facts.insert(id.0)),
                Expect::SignIn { key, .. } => drop(self.sign_ins.insert(*key)),
                Expect::Setting { name, .. } => drop(self.settings.insert(name.clone())),
                Expect::NoAlias { blind } => drop(self.aliases.insert(*blind)),
            }
        }
        for row in &change.rows {
            match row {
                Row::Alias(alias) => drop(self.aliases.insert(alias.blind)),
                Row::Superseded { fact, .. } => drop(self.facts.insert(fact.0)),
                _ => {}
            }
        }
        if let Some(message) = change.message.as_ref().filter(|message| message.repeats) {
            self.messages.insert(message.key);
        }
    }
}

impl Model {
    /// Reads what these changes ask about.
    pub(super) async fn load(from: &mut Connection, changes: impl Iterator<Item = &Change>) -> Result<Self, Failure> {
        let mut wanted = Wanted::default();
        changes.for_each(|change| wanted.add(change));
        let mut model = Model::default();
        if wanted.policy {
            for row in from.all(Sql::new(POLICY)).await? {
                model.policy = Columns { row: &row, table: "setting" }.parsed("value")?;
            }
        }
        look_up(from, PERSONS, "person", wanted.persons, |row| {
            model.persons.insert(PersonId(row.uuid("id")?), row.number("epoch")?);
            Ok(())
        })
        .await?;
        look_up(from, ALIASES, "alias", wanted.aliases, |row| {
            model.aliases.insert(row.blind("blind")?, PersonId(row.uuid("person")?));
            Ok(())
        })
        .await?;
        look_up(from, MESSAGES, "message", wanted.messages, |row| {
            model.remember((row.checked("agency")?, row.blind("key")?), stored_answer(row)?);
            Ok(())
        })
        .await?;
        look_up(from, DELIVERIES, "delivery", wanted.deliveries, |row| {
            let state = row.code("state", &DeliveryState::ALL, |state| state as u8)?;
            model.deliveries.insert(DeliveryId(row.uuid("id")?), (state, row.number("attempts")?));
            Ok(())
        })
        .await?;
        look_up(from, REFERRALS, "referral", wanted.referrals, |row| {
            model.referrals.insert(ReferralId(row.uuid("id")?), row.number("version")?);
            Ok(())
        })
        .await?;
        look_up(from, WORK_ITEMS, "work_item", wanted.work_items, |row| {
            model.work_items.insert(WorkItemId(row.uuid("id")?), row.flag("open")?);
            Ok(())
        })
        .await?;
        look_up(from, SIGN_INS, "sign_in", wanted.sign_ins, |row| {
            model.sign_ins.insert(row.blind("key")?, row.number("version")?);
            Ok(())
        })
        .await?;
        look_up(from, SETTINGS, "setting", wanted.settings, |row| {
            model.settings.insert(row.plain("name")?, row.plain("value")?);
            Ok(())
        })
        .await?;
        look_up(from, FACTS, "fact", wanted.facts, |row| {
            let holds = row.time_if_any("superseded_at")?.is_none();
            let known = KnownFact { municipality: row.checked("municipality")?, persons: row.persons()?, holds };
            model.facts.insert(FactId(row.uuid("id")?), known);
            Ok(())
        })
        .await?;
        Ok(model)
    }

    /// Of several messages of one key the newest answers.
    fn remember(&mut self, key: (AgencyId, Blind), answer: StoredAnswer) {
        let newest = self.messages.get(&key).is_none_or(|known| known.received_at <= answer.received_at);
        if newest {
            self.messages.insert(key, answer);
        }
    }

    /// Does everything hold that the change rests on?
    pub(super) fn check(&self, change: &Change) -> Result<(), Conflict> {
        change.expect.iter().try_for_each(|expect| self.holds(expect))?;
        change.message.iter().try_for_each(|message| self.is_new(message))?;
        change.rows.iter().try_for_each(|row| self.takes(change, row))
    }

    fn holds(&self, expect: &Expect) -> Result<(), Conflict> {
        let (holds, conflict) = match expect {
            Expect::Epoch { person, epoch } => (self.persons.get(person) == Some(epoch), Conflict::Epoch(*person)),
            Expect::PolicyEpoch(epoch) => (self.policy == *epoch, Conflict::PolicyEpoch),
            Expect::Delivery { id, state, attempts } => {
                (self.deliveries.get(id) == Some(&(*state, *attempts)), Conflict::Delivery(*id))
            }
            Expect::ReferralVersion { id, version } => {
                (self.referrals.get(id).copied().unwrap_or(0) == *version, Conflict::Referral(*id))
            }
            Expect::WorkItemOpen { id } => (self.work_items.get(id) == Some(&true), Conflict::WorkItem(*id)),
            Expect::FactHolds { id } => (self.facts.get(id).is_some_and(|fact| fact.holds), Conflict::Fact(*id)),
            Expect::SignIn { key, version } => {
                (self.sign_ins.get(key).copied().unwrap_or(0) == *version, Conflict::SignIn)
            }
            Expect::Setting { name, value } => (self.settings.get(name) == value.as_ref(), Conflict::Setting),
            Expect::NoAlias { blind } => match self.aliases.get(blind) {
                Some(person) => (false, Conflict::Alias(*person)),
                None => return Ok(()),
            },
        };
        if holds { Ok(()) } else { Err(conflict) }
    }

    fn is_new(&self, message: &MessageDraft) -> Result<(), Conflict> {
        if !message.repeats {
            return Ok(());
        }
        let known = self.messages.get(&(message.agency.clone(), message.key));
        let counts = |known: &&StoredAnswer| message.forget_before.is_none_or(|before| known.received_at >= before);
        match known.filter(counts) {
            Some(known) => Err(Conflict::DuplicateMessage(known.clone())),
            None => Ok(()),
        }
    }

    fn takes(&self, change: &Change, row: &Row) -> Result<(), Conflict> {
        match row {
            Row::Alias(alias) => match self.aliases.get(&alias.blind) {
                Some(other) if *other != alias.person => Err(Conflict::Alias(*other)),
                _ => Ok(()),
            },
            Row::Superseded { fact, .. } => {
                let in_change = |row: &Row| matches!(row, Row::Fact(new) if new.id == *fact);
                let known = self.facts.get(fact).is_some_and(|known| known.holds) || change.rows.iter().any(in_change);
                if known { Ok(()) } else { Err(Conflict::Fact(*fact)) }
            }
            _ => Ok(()),
        }
    }

    /// Takes the effects of an accepted row over. Returns the persons whose epoch it increments.
    pub(super) fn apply(&mut self, row: &Row) -> Vec<PersonId> {
        match row {
            Row::Person(person) => drop(self.persons.insert(person.id, person.epoch)),
            Row::Alias(alias) => drop(self.aliases.insert(alias.blind, alias.person)),
            Row::Delivery(row) => drop(self.deliveries.insert(row.id, (row.state, row.attempts))),
            Row::Referral(row) => drop(self.referrals.insert(row.id, row.version)),
            Row::WorkItem(row) => drop(self.work_items.insert(row.id, row.open)),
            Row::SignIn(row) => drop(self.sign_ins.insert(row.key, row.version)),
            Row::SignInEnded(key) => drop(self.sign_ins.remove(key)),
            Row::Setting { name, value } => drop(self.settings.insert(name.clone(), value.clone())),
            Row::PolicyEpoch(epoch) => self.policy = *epoch,
            Row::Epoch(person) => return self.bump([*person]),
            Row::Fact(row) => {
                let known =
                    KnownFact { municipality: row.municipality.clone(), persons: row.persons.clone(), holds: true };
                self.facts.insert(row.id, known);
                return self.bump(row.persons.iter().map(|one| one.person));
            }
            Row::Superseded { fact, .. } => {
                let Some(known) = self.facts.get_mut(fact) else { return Vec::new() };
                known.holds = false;
                let persons = known.persons.clone();
                return self.bump(persons.iter().map(|one| one.person));
            }
            _ => {}
        }
        Vec::new()
    }

    fn bump(&mut self, persons: impl IntoIterator<Item = PersonId>) -> Vec<PersonId> {
        let persons: BTreeSet<PersonId> = persons.into_iter().collect();
        for person in &persons {
            if let Some(epoch) = self.persons.get_mut(person) {
                *epoch += 1;
            }
        }
        persons.into_iter().collect()
    }

    /// Takes an answered message over.
    pub(super) fn answered(&mut self, message: &MessageDraft, answer: Vec<u8>) {
        if message.repeats {
            let MessageDraft { id, content, received_at, .. } = *message;
            let stored = StoredAnswer { message: id, content, received_at, answer };
            self.remember((message.agency.clone(), message.key), stored);
        }
    }

    /// Does the identifier name this person already?
    pub(super) fn names(&self, alias: &AliasRow) -> bool {
        self.aliases.get(&alias.blind) == Some(&alias.person)
    }

    /// A fact that was asked about or is new.
    pub(super) fn fact(&self, id: FactId) -> Option<&KnownFact> {
        self.facts.get(&id)
    }
}

/// The acknowledgement in a row of messages.
pub(in crate::store) fn stored_answer(row: &Columns<'_>) -> Result<StoredAnswer, StoreError> {
    Ok(StoredAnswer {
        message: MessageId(row.uuid("id")?),
        content: row.hash_if_any("content")?,
        received_at: row.time("received_at")?,
        answer: row.plain("answer")?,
    })
}

async fn look_up<K: Into<Value>>(
    from: &mut Connection,
    statement: Statement,
    table: &'static str,
    keys: BTreeSet<K>,
    mut see: impl FnMut(&Columns<'_>) -> Result<(), StoreError>,
) -> Result<(), Failure> {
    let mut keys = keys.into_iter().peekable();
    while keys.peek().is_some() {
        let some = keys.by_ref().take(KEYS_MAX);
        let rows = from.all(Sql::new(statement).among(some)).await?;
        rows.iter().try_for_each(|row| see(&Columns { row, table }))?;
    }
    Ok(())
}
