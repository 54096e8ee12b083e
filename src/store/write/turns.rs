//! Whose turn it is. A batch first takes the locks of all that it may touch, in an order that is the same in every hub:
//! logs by name, then messages, rows of the sign-in and settings by key. Whoever holds a log's row appends to that log, so its indexes have no gaps. What is
//! read to judge a change is locked as it is read. Rows that nobody thought of are left to the database, which ends one of
//! two transactions that wait for each other; that one is tried again.

use crate::store::rows::{Log, Row};
use crate::store::sql::columns::Columns;
use crate::store::sql::connection::Connection;
use crate::store::sql::failure::Failure;
use crate::store::sql::table::Table;
use crate::store::sql::value::Sql;
use crate::store::write::logs::{Head, Numbers, State};
use crate::store::write::solitary::is_solitary;
use crate::store::{Change, Expect};
use musubi_core::id::Municipality;
use musubi_core::sealing::Blind;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

const LOGS: &str = "SELECT name, size, frontier, chain, covered FROM log WHERE name = ANY($1) ORDER BY name FOR UPDATE";
const EVERY_LOG: &str = "SELECT name, size, frontier, chain, covered FROM log ORDER BY name FOR UPDATE";
const KEYS: &str = "SELECT pg_advisory_xact_lock(key) FROM unnest($1) AS key";
const ALONE: &str = "SELECT pg_advisory_xact_lock($1)";
const ENTRIES: &str = "SELECT nextval('entries_sequence') AS number FROM generate_series(1, $1)";
const DELIVERIES: &str = "SELECT nextval('delivery_sequence') AS number FROM generate_series(1, $1)";

/// Lock of changes whose effect reaches persons that they do not name: joining and parting.
const JOINING: i64 = i64::from_be_bytes(*b"musubi j");

/// For what a turn is taken.
#[derive(Clone, Copy)]
pub(in crate::store) enum Turn<'a> {
    /// To write these changes.
    Changes(&'a [&'a Change]),
    /// To write checkpoints.
    EveryLog,
}

/// Takes the locks within a transaction, and reads the heads of the logs that are now this hub's to append to.
pub(in crate::store) async fn take(on: &mut Connection, state: &mut State, turn: Turn<'_>) -> Result<(), Failure> {
    let Turn::Changes(changes) = turn else {
        let heads = on.all(Sql::new(EVERY_LOG)).await?;
        return heads.iter().try_for_each(|row| take_over(state, &Columns { row, table: "log" }));
    };
    let names: BTreeSet<String> =
        changes.iter().flat_map(|change| logs(change)).map(|log| log.name().to_owned()).collect();
    take_logs(on, state, &names).await?;
    let keys: BTreeSet<i64> = changes.iter().flat_map(|change| keys(change)).collect();
    if !keys.is_empty() {
        on.all(Sql::new(KEYS).among(keys.into_iter())).await?;
    }
    let rows = || changes.iter().flat_map(|change| &change.rows);
    if rows().any(is_solitary) {
        on.all(Sql::new(ALONE).bind(JOINING)).await?;
    }
    let entries = rows().filter(|row| matches!(row, Row::Entries(_))).count();
    let deliveries = rows().filter(|row| matches!(row, Row::Delivery(_))).count();
    state.entries = numbers(on, ENTRIES, entries).await?;
    state.deliveries = numbers(on, DELIVERIES, deliveries).await?;
    Ok(())
}

/// Locks logs, new ones too.
async fn take_logs(on: &mut Connection, state: &mut State, names: &BTreeSet<String>) -> Result<(), Failure> {
    if names.is_empty() {
        return Ok(());
    }
    let question = || Sql::new(LOGS).among(names.iter().map(String::as_str));
    let mut heads = on.all(question()).await?;
    if heads.len() < names.len() {
        let rows = names.iter().map(|name| vec![name.as_str().into()]).collect();
        on.write(BTreeMap::from([(Table::Log, rows)])).await?;
        heads = on.all(question()).await?;
    }
    heads.iter().try_for_each(|row| take_over(state, &Columns { row, table: "log" }))
}

fn take_over(state: &mut State, row: &Columns<'_>) -> Result<(), Failure> {
    let (size, chain, covered) = (row.number("size")?, row.hash("chain")?, row.number("covered")?);
    let log = Log::parse(row.plain("name")?).ok_or_else(|| row.wrong("name"))?;
    let head = Head::from_parts(size, row.plain("frontier")?, chain, covered).ok_or_else(|| row.wrong("frontier"))?;
    state.take_over(log, head);
    Ok(())
}

async fn numbers(on: &mut Connection, statement: &'static str, count: usize) -> Result<Numbers, Failure> {
    if count == 0 {
        return Ok(Numbers::default());
    }
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let rows = on.all(Sql::new(statement).bind(count)).await?;
    let mut numbers: Vec<i64> = Vec::with_capacity(rows.len());
    for row in &rows {
        numbers.push(Columns { row, table: "sequence" }.plain("number")?);
    }
    numbers.sort_unstable();
    Ok(Numbers::Given(numbers.into()))
}

/// The logs that a change appends to, and those of the municipalities in whose rows it writes.
fn logs(change: &Change) -> Vec<Log> {
    let places = change.rows.iter().filter_map(municipality).chain(change.message.as_ref().map(|m| &m.municipality));
    let leaves = change.leaves.iter().map(|leaf| leaf.log.clone());
    leaves.chain(places.cloned().map(Log::Municipality)).collect()
}

fn municipality(row: &Row) -> Option<&Municipality> {
    match row {
        Row::Person(row) => Some(&row.municipality),
        Row::Alias(row) => Some(&row.municipality),
        Row::Index(row) => Some(&row.municipality),
        Row::Entries(row) => Some(&row.municipality),
        Row::Fact(row) => Some(&row.municipality),
        Row::Referral(row) => Some(&row.municipality),
        Row::Delivery(row) => Some(&row.municipality),
        Row::WorkItem(row) => Some(&row.municipality),
        Row::Release(row) => Some(&row.municipality),
        _ => None,
    }
}

/// A number for the key of a change's message, and for what it rests on of the sign-in and of settings, which may not be there yet. Two keys of one
/// number wait for each other, no more.
fn keys(change: &Change) -> impl Iterator<Item = i64> {
    let message = change.message.iter().filter(|message| message.repeats).map(|message| message.key);
    let expected = change.expect.iter().filter_map(|expect| match expect {
        Expect::SignIn { key, .. } => Some(*key),
        Expect::Setting { name, .. } => Some(Blind(Sha256::digest(name.as_bytes()).into())),
        _ => None,
    });
    message.chain(expected).filter_map(|key| key.0.first_chunk().map(|bytes| i64::from_be_bytes(*bytes)))
}
