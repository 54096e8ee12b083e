//! The tables, and for each the statements that write many rows at once. Five sizes, so that every statement is a constant;
//! places that are left over stay NULL and are passed over, so that a batch takes one statement and not one of each size.

use crate::store::sql::table::Table;
use crate::store::sql::value::Value;
use sqlx::{Error, SqliteConnection};

/// How many rows the statements of a table take at most.
const SIZES: [usize; 5] = [1, 4, 16, 64, 256];

macro_rules! many {
    ($head:literal, $row:literal, $tail:literal) => {
        [
            concat!($head, $row, $tail),
            concat!($head, four!($row), $tail),
            concat!($head, sixteen!($row), $tail),
            concat!($head, sixty_four!($row), $tail),
            concat!($head, two_hundred_fifty_six!($row), $tail),
        ]
    };
}

/// Inserts the rows that are there: the first column of no table may be NULL.
macro_rules! insert {
    ($into:literal, $row:literal, $tail:literal) => {
        [
            concat!($into, " SELECT * FROM (VALUES ", $row, ") WHERE column1 IS NOT NULL", $tail),
            concat!($into, " SELECT * FROM (VALUES ", four!($row), ") WHERE column1 IS NOT NULL", $tail),
            concat!($into, " SELECT * FROM (VALUES ", sixteen!($row), ") WHERE column1 IS NOT NULL", $tail),
            concat!($into, " SELECT * FROM (VALUES ", sixty_four!($row), ") WHERE column1 IS NOT NULL", $tail),
            concat!(
                $into,
                " SELECT * FROM (VALUES ",
                two_hundred_fifty_six!($row),
                ") WHERE column1 IS NOT NULL",
                $tail
            ),
        ]
    };
}

const LOG: [&str; 5] = insert!("INSERT INTO log (name)", "(?)", " ON CONFLICT DO NOTHING");
const SETTING: [&str; 5] =
    insert!("INSERT INTO setting (name, value)", "(?,?)", " ON CONFLICT (name) DO UPDATE SET value = excluded.value");
const AGENCY: [&str; 5] = insert!(
    "INSERT INTO agency (id, kind, name, municipality, active, profile)",
    "(?,?,?,?,?,?)",
    " ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, name = excluded.name, municipality = excluded.municipality,
      active = excluded.active, profile = excluded.profile"
);
const STAFF: [&str; 5] = insert!(
    "INSERT INTO staff (agency, staff_id, role, active)",
    "(?,?,?,?)",
    " ON CONFLICT (agency, staff_id) DO UPDATE SET role = excluded.role, active = excluded.active"
);
const PERSON: [&str; 5] = insert!("INSERT INTO person (id, municipality, epoch, key, joined_into)", "(?,?,?,?,?)", "");
const ALIAS: [&str; 5] =
    insert!("INSERT INTO alias (blind, person, municipality)", "(?,?,?)", " ON CONFLICT DO NOTHING");
const PERSON_INDEX: [&str; 5] =
    insert!("INSERT INTO person_index (blind, person, municipality)", "(?,?,?)", " ON CONFLICT DO NOTHING");
const MESSAGE: [&str; 5] = insert!(
    "INSERT INTO message (municipality, id, agency, key, content, format, received_at, test, repeats, answer, raw)",
    "(?,?,?,?,?,?,?,?,?,?,?)",
    ""
);
const ENTRIES: [&str; 5] = insert!(
    "INSERT INTO entries (municipality, id, message, sequence, persons, contained, body)",
    "(?,?,?,?,?,?,?)",
    ""
);
const FACT: [&str; 5] = insert!(
    "INSERT INTO fact (municipality, id, kind, recipient, recorded_at, superseded_at, superseded_by, persons, body)",
    "(?,?,?,?,?,?,?,?,?)",
    ""
);
const SUPERSEDED: [&str; 5] = many!(
    "UPDATE fact SET superseded_at = new.column3, superseded_by = new.column4 FROM (VALUES ",
    "(?,?,?,?)",
    ") AS new WHERE fact.municipality = new.column1 AND fact.id = new.column2"
);
const REFERRAL: [&str; 5] = insert!(
    "INSERT INTO referral (municipality, id, version, state, sender, receiver, updated_at, persons, body)",
    "(?,?,?,?,?,?,?,?,?)",
    " ON CONFLICT (municipality, id) DO UPDATE SET version = excluded.version, state = excluded.state,
      sender = excluded.sender, receiver = excluded.receiver, updated_at = excluded.updated_at,
      persons = excluded.persons, body = excluded.body"
);
const DELIVERY: [&str; 5] = insert!(
    "INSERT INTO delivery (municipality, id, recipient, purpose, format, message, entries, state, attempts, created_at,
     next_at, reason, sequence, persons)",
    "(?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
    " ON CONFLICT (municipality, id) DO UPDATE SET state = excluded.state, attempts = excluded.attempts,
      next_at = excluded.next_at, reason = excluded.reason"
);
const WORK_ITEM: [&str; 5] = insert!(
    "INSERT INTO work_item (municipality, id, owner, kind, open, created_at, due_at, answered_at, version, persons, body)",
    "(?,?,?,?,?,?,?,?,?,?,?)",
    " ON CONFLICT (municipality, id) DO UPDATE SET owner = excluded.owner, kind = excluded.kind, open = excluded.open,
      due_at = excluded.due_at, answered_at = excluded.answered_at, version = excluded.version,
      persons = excluded.persons, body = excluded.body"
);
const RELEASE: [&str; 5] = insert!(
    "INSERT INTO release (municipality, id, recipient, purpose, decided_at, policy_hash, delivery, query, persons, detail)",
    "(?,?,?,?,?,?,?,?,?,?)",
    ""
);
const SIGN_IN: [&str; 5] = insert!(
    "INSERT INTO sign_in (key, kind, agency, version, ends_at, body)",
    "(?,?,?,?,?,?)",
    " ON CONFLICT (key) DO UPDATE SET version = excluded.version, ends_at = excluded.ends_at, body = excluded.body"
);
const SIGN_IN_ENDED: [&str; 5] = many!("DELETE FROM sign_in WHERE key IN (VALUES ", "(?)", ")");
const CONCERNED: [&str; 5] =
    insert!("INSERT INTO concerned (person, of, municipality, id)", "(?,?,?,?)", " ON CONFLICT DO NOTHING");
const LEAF: [&str; 5] = insert!("INSERT INTO audit_leaf (log, idx, id, hash, chain, entry)", "(?,?,?,?,?,?)", "");
const LEAF_PERSON: [&str; 5] =
    insert!("INSERT INTO leaf_person (person, log, idx)", "(?,?,?)", " ON CONFLICT DO NOTHING");
const EPOCH: [&str; 5] = many!(
    "UPDATE person SET epoch = epoch + new.column2 FROM (VALUES ",
    "(?,?)",
    ") AS new WHERE person.id = new.column1"
);
const CHECKPOINT: [&str; 5] =
    insert!("INSERT INTO checkpoint (log, size, root, frontier, chain, note)", "(?,?,?,?,?,?)", "");

const fn statements(table: Table) -> &'static [&'static str; 5] {
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
    }
}

/// Writes rows in as few statements as there are.
pub(in crate::store) async fn write(
    to: &mut SqliteConnection,
    table: Table,
    rows: Vec<Vec<Value>>,
) -> Result<(), Error> {
    let mut rows = rows.into_iter();
    while rows.len() > 0 {
        let (statement, size) = statement(table, rows.len());
        let values = rows.by_ref().take(size).flatten();
        values.fold(sqlx::query(statement), super::bind).execute(&mut *to).await?;
    }
    Ok(())
}

/// The smallest statement that takes so many rows, or the largest, and how many it takes.
fn statement(table: Table, rows: usize) -> (&'static str, usize) {
    let [.., largest] = statements(table);
    let [.., most] = SIZES;
    let mut sized = statements(table).iter().zip(SIZES);
    sized.find(|(_, size)| *size >= rows).map_or((largest, most), |(statement, size)| (statement, size))
}
