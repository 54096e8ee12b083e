//! One statement for each table, which writes as many rows as there are: every column arrives as an array.

use crate::store::sql::table::Table;
use crate::store::sql::value::Value;
use sqlx::postgres::PgArguments;
use sqlx::query::Query;
use sqlx::{Error, PgConnection, Postgres};
use std::collections::HashSet;
use uuid::Uuid;

/// What an array holds.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Text,
    Uuid,
    Int,
    Bytes,
}

/// A statement, what its arrays hold, and which columns tell rows apart. No row may be written twice by one statement;
/// empty where that cannot happen.
struct Write {
    sql: &'static str,
    columns: &'static [Kind],
    key: &'static [usize],
}

macro_rules! kind {
    (text) => {
        Kind::Text
    };
    (uuid) => {
        Kind::Uuid
    };
    (int8) => {
        Kind::Int
    };
    (bytea) => {
        Kind::Bytes
    };
}

/// `head (unnest of the arrays) tail`.
macro_rules! unnest {
    ($head:literal, [$first:ident $(, $n:literal $kind:ident)* $(,)?], $tail:literal, key $key:expr) => {
        Write {
            sql: concat!($head, " unnest($1::", stringify!($first), "[]" $(, ", $", $n, "::", stringify!($kind), "[]")*, ")", $tail),
            columns: &[kind!($first) $(, kind!($kind))*],
            key: &$key,
        }
    };
}

const LOG: Write = unnest!("INSERT INTO log (name) SELECT * FROM", [text], " AS new (name) ORDER BY name ON CONFLICT DO NOTHING", key []);
const SETTING: Write = unnest!(
    "INSERT INTO setting (name, value) SELECT * FROM",
    [text, 2 text],
    " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    key [0]
);
const AGENCY: Write = unnest!(
    "INSERT INTO agency (id, kind, name, municipality, active, profile) SELECT * FROM",
    [text, 2 text, 3 text, 4 text, 5 int8, 6 text],
    " ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, name = excluded.name, municipality = excluded.municipality,
      active = excluded.active, profile = excluded.profile",
    key [0]
);
const STAFF: Write = unnest!(
    "INSERT INTO staff (agency, staff_id, role, active) SELECT * FROM",
    [text, 2 text, 3 text, 4 int8],
    " ON CONFLICT (agency, staff_id) DO UPDATE SET role = excluded.role, active = excluded.active",
    key [0, 1]
);
const PERSON: Write = unnest!(
    "INSERT INTO person (id, municipality, epoch, key, joined_into) SELECT * FROM",
    [uuid, 2 text, 3 int8, 4 bytea, 5 uuid],
    "",
    key []
);
const ALIAS: Write =
    unnest!("INSERT INTO alias (blind, person, municipality) SELECT * FROM", [bytea, 2 uuid, 3 text], "", key []);
const PERSON_INDEX: Write = unnest!(
    "INSERT INTO person_index (blind, person, municipality) SELECT * FROM",
    [bytea, 2 uuid, 3 text],
    " ON CONFLICT DO NOTHING",
    key []
);
const MESSAGE: Write = unnest!(
    "INSERT INTO message (municipality, id, agency, key, content, format, received_at, test, repeats, answer, raw)
     SELECT * FROM",
    [text, 2 uuid, 3 text, 4 bytea, 5 bytea, 6 text, 7 int8, 8 int8, 9 int8, 10 bytea, 11 bytea],
    "",
    key []
);
const ENTRIES: Write = unnest!(
    "INSERT INTO entries (municipality, id, message, sequence, persons, contained, body) SELECT * FROM",
    [text, 2 uuid, 3 uuid, 4 int8, 5 bytea, 6 bytea, 7 bytea],
    "",
    key []
);
const FACT: Write = unnest!(
    "INSERT INTO fact (municipality, id, kind, recipient, recorded_at, superseded_at, superseded_by, persons, body)
     SELECT * FROM",
    [text, 2 uuid, 3 int8, 4 text, 5 int8, 6 int8, 7 uuid, 8 bytea, 9 bytea],
    "",
    key []
);
const SUPERSEDED: Write = unnest!(
    "UPDATE fact SET superseded_at = new.at, superseded_by = new.by FROM",
    [text, 2 uuid, 3 int8, 4 uuid],
    " AS new (municipality, id, at, by) WHERE fact.municipality = new.municipality AND fact.id = new.id",
    key []
);
const REFERRAL: Write = unnest!(
    "INSERT INTO referral (municipality, id, version, state, sender, receiver, updated_at, persons, body) SELECT * FROM",
    [text, 2 uuid, 3 int8, 4 text, 5 text, 6 text, 7 int8, 8 bytea, 9 bytea],
    " ON CONFLICT (municipality, id) DO UPDATE SET version = excluded.version, state = excluded.state,
      sender = excluded.sender, receiver = excluded.receiver, updated_at = excluded.updated_at,
      persons = excluded.persons, body = excluded.body",
    key [0, 1]
);
const DELIVERY: Write = unnest!(
    "INSERT INTO delivery (municipality, id, recipient, purpose, format, message, entries, state, attempts, created_at,
     next_at, reason, sequence, persons, question) SELECT * FROM",
    [text, 2 uuid, 3 text, 4 text, 5 text, 6 uuid, 7 bytea, 8 int8, 9 int8, 10 int8, 11 int8, 12 text, 13 int8, 14 bytea, 15 uuid],
    " ON CONFLICT (municipality, id) DO UPDATE SET state = excluded.state, attempts = excluded.attempts,
      next_at = excluded.next_at, reason = excluded.reason",
    key [0, 1]
);
const WORK_ITEM: Write = unnest!(
    "INSERT INTO work_item (municipality, id, owner, kind, open, created_at, due_at, answered_at, version, persons, body)
     SELECT * FROM",
    [text, 2 uuid, 3 text, 4 text, 5 int8, 6 int8, 7 int8, 8 int8, 9 int8, 10 bytea, 11 bytea],
    " ON CONFLICT (municipality, id) DO UPDATE SET owner = excluded.owner, kind = excluded.kind, open = excluded.open,
      due_at = excluded.due_at, answered_at = excluded.answered_at, version = excluded.version,
      persons = excluded.persons, body = excluded.body",
    key [0, 1]
);
const RELEASE: Write = unnest!(
    "INSERT INTO release (municipality, id, recipient, purpose, decided_at, policy_hash, delivery, query, persons, detail)
     SELECT * FROM",
    [text, 2 uuid, 3 text, 4 text, 5 int8, 6 bytea, 7 uuid, 8 uuid, 9 bytea, 10 bytea],
    "",
    key []
);
const SIGN_IN: Write = unnest!(
    "INSERT INTO sign_in (key, kind, agency, version, ends_at, body) SELECT * FROM",
    [bytea, 2 int8, 3 text, 4 int8, 5 int8, 6 bytea],
    " ON CONFLICT (key) DO UPDATE SET version = excluded.version, ends_at = excluded.ends_at, body = excluded.body",
    key [0]
);
const SIGN_IN_ENDED: Write =
    unnest!("DELETE FROM sign_in USING", [bytea], " AS ended (key) WHERE sign_in.key = ended.key", key []);
const CONCERNED: Write = unnest!(
    "INSERT INTO concerned (person, of, municipality, id) SELECT * FROM",
    [uuid, 2 int8, 3 text, 4 uuid],
    " ON CONFLICT DO NOTHING",
    key []
);
const LEAF: Write = unnest!(
    "INSERT INTO audit_leaf (log, idx, id, hash, chain, entry) SELECT * FROM",
    [text, 2 int8, 3 uuid, 4 bytea, 5 bytea, 6 bytea],
    "",
    key []
);
const LEAF_PERSON: Write = unnest!(
    "INSERT INTO leaf_person (person, log, idx) SELECT * FROM",
    [uuid, 2 text, 3 int8],
    " ON CONFLICT DO NOTHING",
    key []
);
const EPOCH: Write = unnest!(
    "UPDATE person SET epoch = epoch + new.by FROM",
    [uuid, 2 int8],
    " AS new (id, by) WHERE person.id = new.id",
    key []
);
const CHECKPOINT: Write = unnest!(
    "INSERT INTO checkpoint (log, size, root, frontier, chain, note) SELECT * FROM",
    [text, 2 int8, 3 bytea, 4 bytea, 5 bytea, 6 text],
    "",
    key []
);
const COSIGNATURE: Write = unnest!(
    "INSERT INTO cosignature (log, size, witness, at, line) SELECT * FROM",
    [text, 2 int8, 3 text, 4 int8, 5 text],
    "",
    key []
);
const HEAD: Write = unnest!(
    "UPDATE log SET size = new.size, frontier = new.frontier, chain = new.chain, covered = new.covered FROM",
    [text, 2 int8, 3 bytea, 4 bytea, 5 int8],
    " AS new (name, size, frontier, chain, covered) WHERE log.name = new.name",
    key []
);

const fn statement(table: Table) -> &'static Write {
    match table {
        Table::Log => &LOG,
        Table::Setting => &SETTING,
        Table::Agency => &AGENCY,
        Table::Staff => &STAFF,
        Table::Person => &PERSON,
        Table::Alias => &ALIAS,
        Table::PersonIndex => &PERSON_INDEX,
        Table::Message => &MESSAGE,
        Table::Entries => &ENTRIES,
        Table::Fact => &FACT,
        Table::Superseded => &SUPERSEDED,
        Table::Referral => &REFERRAL,
        Table::Delivery => &DELIVERY,
        Table::WorkItem => &WORK_ITEM,
        Table::Release => &RELEASE,
        Table::SignIn => &SIGN_IN,
        Table::SignInEnded => &SIGN_IN_ENDED,
        Table::Concerned => &CONCERNED,
        Table::Leaf => &LEAF,
        Table::LeafPerson => &LEAF_PERSON,
        Table::Epoch => &EPOCH,
        Table::Checkpoint => &CHECKPOINT,
        Table::Cosignature => &COSIGNATURE,
    }
}

/// Writes rows in one statement, or in one more for each time that a row comes again.
pub(in crate::store) async fn write(to: &mut PgConnection, table: Table, rows: Vec<Vec<Value>>) -> Result<(), Error> {
    let write = statement(table);
    for round in rounds(rows, write.key) {
        arrays(write, round).execute(&mut *to).await?;
    }
    Ok(())
}

/// Writes where logs end.
pub(in crate::store) async fn write_heads(to: &mut PgConnection, heads: Vec<Vec<Value>>) -> Result<(), Error> {
    arrays(&HEAD, heads).execute(to).await.map(drop)
}

/// Rows in their order, parted where one comes again.
fn rounds(rows: Vec<Vec<Value>>, key: &[usize]) -> Vec<Vec<Vec<Value>>> {
    if key.is_empty() {
        return vec![rows];
    }
    let (mut rounds, mut round, mut seen) = (Vec::new(), Vec::new(), HashSet::new());
    for row in rows {
        let own: Vec<Option<Value>> = key.iter().map(|column| row.get(*column).cloned()).collect();
        if !seen.insert(own.clone()) {
            rounds.push(std::mem::take(&mut round));
            seen.clear();
            seen.insert(own);
        }
        round.push(row);
    }
    rounds.push(round);
    rounds
}

/// The statement, with a column of the rows in each array.
fn arrays(write: &Write, rows: Vec<Vec<Value>>) -> Query<'static, Postgres, PgArguments> {
    let mut columns: Vec<Vec<Value>> = write.columns.iter().map(|_| Vec::with_capacity(rows.len())).collect();
    for row in rows {
        columns.iter_mut().zip(row).for_each(|(column, value)| column.push(value));
    }
    let columns = write.columns.iter().zip(columns);
    columns.fold(sqlx::query(write.sql), |query, (kind, values)| bind_array(query, *kind, values))
}

fn bind_array(
    query: Query<'static, Postgres, PgArguments>,
    kind: Kind,
    values: Vec<Value>,
) -> Query<'static, Postgres, PgArguments> {
    match kind {
        Kind::Text => query.bind(values.into_iter().map(text).collect::<Vec<_>>()),
        Kind::Uuid => query.bind(values.into_iter().map(uuid).collect::<Vec<_>>()),
        Kind::Int => query.bind(values.into_iter().map(int).collect::<Vec<_>>()),
        Kind::Bytes => query.bind(values.into_iter().map(bytes).collect::<Vec<_>>()),
    }
}

/// A list of keys, all of one kind.
pub(super) fn bind_keys(
    query: Query<'static, Postgres, PgArguments>,
    keys: Vec<Value>,
) -> Query<'static, Postgres, PgArguments> {
    let kind = match keys.first() {
        Some(Value::Text(_)) => Kind::Text,
        Some(Value::Int(_)) => Kind::Int,
        Some(Value::Bytes(_)) => Kind::Bytes,
        Some(Value::Uuid(_) | Value::Null) | None => Kind::Uuid,
    };
    bind_array(query, kind, keys)
}

fn text(value: Value) -> Option<String> {
    if let Value::Text(text) = value { Some(text) } else { None }
}

fn uuid(value: Value) -> Option<Uuid> {
    if let Value::Uuid(id) = value { Some(id) } else { None }
}

fn int(value: Value) -> Option<i64> {
    if let Value::Int(int) = value { Some(int) } else { None }
}

fn bytes(value: Value) -> Option<Vec<u8>> {
    if let Value::Bytes(bytes) = value { Some(bytes) } else { None }
}
