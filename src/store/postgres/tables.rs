//! A statement for each table, which writes as many rows as there are: every column arrives as an array. A batch writes its tables
//! together, since each statement by itself waits for the server once.

use crate::store::sql::table::Table;
use crate::store::sql::value::Value;
use sqlx::postgres::PgArguments;
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, Error, PgConnection, Postgres};
use std::collections::{BTreeSet, HashSet};
use uuid::Uuid;

use Kind::{Bytes, Id, Int, Text};

/// What an array holds.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Text,
    Id,
    Int,
    Bytes,
}

impl Kind {
    const fn word(self) -> &'static str {
        match self {
            Text => "text",
            Id => "uuid",
            Int => "int8",
            Bytes => "bytea",
        }
    }
}

/// A statement: what stands before and after its rows, what its arrays hold, and which columns tell rows apart. No row may be written
/// twice by one statement; empty where that cannot happen.
struct Write {
    into: &'static str,
    head: &'static str,
    columns: &'static [Kind],
    tail: &'static str,
    key: &'static [usize],
}

impl Write {
    /// Its text, with arrays from this number on.
    fn sql(&self, first: usize) -> String {
        let arrays = self.columns.iter().zip(first..).map(|(kind, number)| format!("${number}::{}[]", kind.word()));
        format!("{} unnest({}){}", self.head, arrays.collect::<Vec<_>>().join(", "), self.tail)
    }
}

const LOG: Write = Write {
    into: "log",
    head: "INSERT INTO log (name) SELECT * FROM",
    columns: &[Text],
    tail: " AS new (name) ORDER BY name ON CONFLICT DO NOTHING",
    key: &[],
};
const SETTING: Write = Write {
    into: "setting",
    head: "INSERT INTO setting (name, value) SELECT * FROM",
    columns: &[Text, Text],
    tail: " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    key: &[0],
};
const AGENCY: Write = Write {
    into: "agency",
    head: "INSERT INTO agency (id, kind, name, municipality, active, profile) SELECT * FROM",
    columns: &[Text, Text, Text, Text, Int, Text],
    tail: " ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, name = excluded.name, municipality = excluded.municipality,
      active = excluded.active, profile = excluded.profile",
    key: &[0],
};
const STAFF: Write = Write {
    into: "staff",
    head: "INSERT INTO staff (agency, staff_id, role, active) SELECT * FROM",
    columns: &[Text, Text, Text, Int],
    tail: " ON CONFLICT (agency, staff_id) DO UPDATE SET role = excluded.role, active = excluded.active",
    key: &[0, 1],
};
const PERSON: Write = Write {
    into: "person",
    head: "INSERT INTO person (id, municipality, epoch, key, joined_into) SELECT * FROM",
    columns: &[Id, Text, Int, Bytes, Id],
    tail: "",
    key: &[],
};
const ALIAS: Write = Write {
    into: "alias",
    head: "INSERT INTO alias (blind, person, municipality) SELECT * FROM",
    columns: &[Bytes, Id, Text],
    tail: "",
    key: &[],
};
const PERSON_INDEX: Write = Write {
    into: "person_index",
    head: "INSERT INTO person_index (blind, person, municipality) SELECT * FROM",
    columns: &[Bytes, Id, Text],
    tail: " ON CONFLICT DO NOTHING",
    key: &[],
};
const MESSAGE: Write = Write {
    into: "message",
    head:
        "INSERT INTO message (municipality, id, agency, key, content, format, received_at, test, repeats, answer, raw)
     SELECT * FROM",
    columns: &[Text, Id, Text, Bytes, Bytes, Text, Int, Int, Int, Bytes, Bytes],
    tail: "",
    key: &[],
};
const ENTRIES: Write = Write {
    into: "entries",
    head: "INSERT INTO entries (municipality, id, message, sequence, persons, contained, body) SELECT * FROM",
    columns: &[Text, Id, Id, Int, Bytes, Bytes, Bytes],
    tail: "",
    key: &[],
};
const FACT: Write = Write {
    into: "fact",
    head:
        "INSERT INTO fact (municipality, id, kind, recipient, recorded_at, superseded_at, superseded_by, persons, body)
     SELECT * FROM",
    columns: &[Text, Id, Int, Text, Int, Int, Id, Bytes, Bytes],
    tail: "",
    key: &[],
};
const SUPERSEDED: Write = Write {
    into: "fact",
    head: "UPDATE fact SET superseded_at = new.at, superseded_by = new.by FROM",
    columns: &[Text, Id, Int, Id],
    tail: " AS new (municipality, id, at, by) WHERE fact.municipality = new.municipality AND fact.id = new.id",
    key: &[],
};
const REFERRAL: Write = Write {
    into: "referral",
    head: "INSERT INTO referral (municipality, id, version, state, sender, receiver, updated_at, persons, body) SELECT * FROM",
    columns: &[Text, Id, Int, Text, Text, Text, Int, Bytes, Bytes],
    tail: " ON CONFLICT (municipality, id) DO UPDATE SET version = excluded.version, state = excluded.state,
      sender = excluded.sender, receiver = excluded.receiver, updated_at = excluded.updated_at,
      persons = excluded.persons, body = excluded.body",
    key: &[0, 1],
};
const DELIVERY: Write = Write {
    into: "delivery",
    head: "INSERT INTO delivery (municipality, id, recipient, purpose, format, message, entries, state, attempts, created_at,
     next_at, reason, sequence, persons, question, released_at, sent_at) SELECT * FROM",
    columns: &[Text, Id, Text, Text, Text, Id, Bytes, Int, Int, Int, Int, Text, Int, Bytes, Id, Int, Int],
    tail: " ON CONFLICT (municipality, id) DO UPDATE SET state = excluded.state, attempts = excluded.attempts,
      next_at = excluded.next_at, reason = excluded.reason, released_at = excluded.released_at,
      sent_at = excluded.sent_at",
    key: &[0, 1],
};
const WORK_ITEM: Write = Write {
    into: "work_item",
    head: "INSERT INTO work_item (municipality, id, owner, kind, open, created_at, due_at, answered_at, version, persons, body)
     SELECT * FROM",
    columns: &[Text, Id, Text, Text, Int, Int, Int, Int, Int, Bytes, Bytes],
    tail: " ON CONFLICT (municipality, id) DO UPDATE SET owner = excluded.owner, kind = excluded.kind, open = excluded.open,
      due_at = excluded.due_at, answered_at = excluded.answered_at, version = excluded.version,
      persons = excluded.persons, body = excluded.body",
    key: &[0, 1],
};
const RELEASE: Write = Write {
    into: "release",
    head: "INSERT INTO release (municipality, id, recipient, purpose, decided_at, policy_hash, delivery, query, persons, detail)
     SELECT * FROM",
    columns: &[Text, Id, Text, Text, Int, Bytes, Id, Id, Bytes, Bytes],
    tail: "",
    key: &[],
};
const SIGN_IN: Write = Write {
    into: "sign_in",
    head: "INSERT INTO sign_in (key, kind, agency, version, ends_at, body) SELECT * FROM",
    columns: &[Bytes, Int, Text, Int, Int, Bytes],
    tail: " ON CONFLICT (key) DO UPDATE SET version = excluded.version, ends_at = excluded.ends_at, body = excluded.body",
    key: &[0],
};
const SIGN_IN_ENDED: Write = Write {
    into: "sign_in",
    head: "DELETE FROM sign_in USING",
    columns: &[Bytes],
    tail: " AS ended (key) WHERE sign_in.key = ended.key",
    key: &[],
};
const CONCERNED: Write = Write {
    into: "concerned",
    head: "INSERT INTO concerned (person, of, municipality, id) SELECT * FROM",
    columns: &[Id, Int, Text, Id],
    tail: " ON CONFLICT DO NOTHING",
    key: &[],
};
const LEAF: Write = Write {
    into: "audit_leaf",
    head: "INSERT INTO audit_leaf (log, idx, id, hash, chain, entry) SELECT * FROM",
    columns: &[Text, Int, Id, Bytes, Bytes, Bytes],
    tail: "",
    key: &[],
};
const LEAF_PERSON: Write = Write {
    into: "leaf_person",
    head: "INSERT INTO leaf_person (person, log, idx) SELECT * FROM",
    columns: &[Id, Text, Int],
    tail: " ON CONFLICT DO NOTHING",
    key: &[],
};
const EPOCH: Write = Write {
    into: "person",
    head: "UPDATE person SET epoch = epoch + new.by FROM",
    columns: &[Id, Int],
    tail: " AS new (id, by) WHERE person.id = new.id",
    key: &[],
};
const CHECKPOINT: Write = Write {
    into: "checkpoint",
    head: "INSERT INTO checkpoint (log, size, root, frontier, chain, note) SELECT * FROM",
    columns: &[Text, Int, Bytes, Bytes, Bytes, Text],
    tail: "",
    key: &[],
};
const COSIGNATURE: Write = Write {
    into: "cosignature",
    head: "INSERT INTO cosignature (log, size, witness, at, line) SELECT * FROM",
    columns: &[Text, Int, Text, Int, Text],
    tail: "",
    key: &[],
};
const HEAD: Write = Write {
    into: "log",
    head: "UPDATE log SET size = new.size, frontier = new.frontier, chain = new.chain, covered = new.covered FROM",
    columns: &[Text, Int, Bytes, Bytes, Int],
    tail: " AS new (name, size, frontier, chain, covered) WHERE log.name = new.name",
    key: &[],
};

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

/// Writes rows of several tables, in the order of the tables, in one statement for all of them. A statement does not see what another
/// part of it writes, so a table that is written again, or a row that comes again, waits for the next one.
pub(in crate::store) async fn write(
    to: &mut PgConnection,
    rows: impl IntoIterator<Item = (Table, Vec<Vec<Value>>)>,
) -> Result<(), Error> {
    let parts = rows.into_iter().flat_map(|(table, rows)| {
        let write = statement(table);
        rounds(rows, write.key).into_iter().map(move |round| (write, round))
    });
    for together in statements(parts) {
        together.execute(&mut *to).await?;
    }
    Ok(())
}

/// Writes where logs end.
pub(in crate::store) async fn write_heads(to: &mut PgConnection, heads: Vec<Vec<Value>>) -> Result<(), Error> {
    Together::default().with(&HEAD, heads).execute(to).await
}

/// Parts in their order, in as few statements as write no table twice.
fn statements(parts: impl Iterator<Item = (&'static Write, Vec<Vec<Value>>)>) -> Vec<Together> {
    let mut statements: Vec<Together> = Vec::new();
    for (write, rows) in parts {
        let last = statements.pop().unwrap_or_default();
        let next = if last.tables.contains(write.into) {
            statements.push(last);
            Together::default()
        } else {
            last
        };
        statements.push(next.with(write, rows));
    }
    statements
}

/// Several writes in one statement.
#[derive(Default)]
struct Together {
    tables: BTreeSet<&'static str>,
    sql: Vec<String>,
    columns: Vec<(Kind, Vec<Value>)>,
}

impl Together {
    /// One more, with a column of the rows in each array.
    fn with(mut self, write: &Write, rows: Vec<Vec<Value>>) -> Self {
        self.tables.insert(write.into);
        self.sql.push(write.sql(self.columns.len() + 1));
        let mut columns: Vec<Vec<Value>> = write.columns.iter().map(|_| Vec::with_capacity(rows.len())).collect();
        for row in rows {
            columns.iter_mut().zip(row).for_each(|(column, value)| column.push(value));
        }
        self.columns.extend(write.columns.iter().copied().zip(columns));
        self
    }

    /// The last of them is the statement, and those before it are named within it.
    fn text(&self) -> String {
        let Some((last, before)) = self.sql.split_last() else { return String::new() };
        let before: Vec<String> = before.iter().zip(1..).map(|(sql, number)| format!("w{number} AS ({sql})")).collect();
        if before.is_empty() { last.clone() } else { format!("WITH {} {last}", before.join(", ")) }
    }

    async fn execute(self, to: &mut PgConnection) -> Result<(), Error> {
        let query = sqlx::query(AssertSqlSafe(self.text()));
        let query = self.columns.into_iter().fold(query, |query, (kind, values)| bind_array(query, kind, values));
        query.execute(to).await.map(drop)
    }
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

fn bind_array(
    query: Query<'static, Postgres, PgArguments>,
    kind: Kind,
    values: Vec<Value>,
) -> Query<'static, Postgres, PgArguments> {
    match kind {
        Kind::Text => query.bind(values.into_iter().map(text).collect::<Vec<_>>()),
        Kind::Id => query.bind(values.into_iter().map(uuid).collect::<Vec<_>>()),
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
        Some(Value::Uuid(_) | Value::Null) | None => Kind::Id,
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

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(of: &[i64]) -> Vec<Vec<Value>> {
        of.iter().map(|number| vec![Value::Text(number.to_string()), Value::Int(*number)]).collect()
    }

    #[test]
    fn tables_are_written_together_and_none_of_them_twice_in_one_statement() {
        let parts = [(&PERSON, rows(&[1])), (&ALIAS, rows(&[1])), (&EPOCH, rows(&[1])), (&LEAF, rows(&[1]))];
        let written: Vec<Vec<&str>> =
            statements(parts.into_iter()).iter().map(|one| one.tables.iter().copied().collect()).collect();
        assert_eq!(written, [vec!["alias", "person"], vec!["audit_leaf", "person"]]);
    }

    #[test]
    fn a_row_that_comes_again_waits_for_the_next_statement() {
        let lengths: Vec<usize> = rounds(rows(&[1, 2, 1, 1, 3]), SETTING.key).iter().map(Vec::len).collect();
        assert_eq!(lengths, [2, 1, 2]);
    }

    #[test]
    fn arrays_are_numbered_through_all_that_is_written_together() {
        let parts = [(&LOG, rows(&[1])), (&SETTING, rows(&[1])), (&SIGN_IN_ENDED, rows(&[1]))];
        let together = statements(parts.into_iter()).remove(0).text();
        assert!(
            together.starts_with("WITH w1 AS (INSERT INTO log (name) SELECT * FROM unnest($1::text[])"),
            "{together}"
        );
        assert!(
            together.contains("w2 AS (INSERT INTO setting (name, value) SELECT * FROM unnest($2::text[], $3::text[])")
        );
        assert!(
            together.ends_with(
                "DELETE FROM sign_in USING unnest($4::bytea[]) AS ended (key) WHERE sign_in.key = ended.key"
            )
        );
    }
}
