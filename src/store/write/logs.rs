//! The heads of the audit logs: where the next leaf goes, and what the database must hold for that to be true.

use crate::store::rows::{CheckpointRow, LeafRow, Log};
use crate::store::sql::columns::{Columns, FromColumns};
use crate::store::sql::connection::Connection;
use crate::store::sql::failure::Failure;
use crate::store::sql::value::{Sql, Statement, Value, row};
use crate::store::{Fault, FaultKind, LeafDraft, Settings, StoreError};
use musubi_core::audit::{Checkpoint, Frontier, LeafHash, chain};
use musubi_verify::{CHAIN_START, Line, stored_hash};
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

const LOGS: Statement =
    Statement::each("SELECT name FROM log ORDER BY name", "SELECT name, size, chain FROM log ORDER BY name");
const LAST_CHECKPOINT: &str =
    "SELECT size, root, frontier, chain, note FROM checkpoint WHERE log = $1 ORDER BY size DESC LIMIT 1";
const TAIL: &str =
    "SELECT log, idx, id, hash, chain, entry FROM audit_leaf WHERE log = $1 AND idx >= $2 ORDER BY idx LIMIT 1000";
const SEQUENCES: &str = "SELECT coalesce((SELECT max(sequence) FROM entries), 0) AS entries,
    coalesce((SELECT max(sequence) FROM delivery), 0) AS deliveries";

/// A leaf with the chain value stored beside it.
pub(in crate::store) struct ChainedLeaf {
    pub(in crate::store) leaf: LeafRow,
    pub(in crate::store) chain: [u8; 32],
}

impl ChainedLeaf {
    /// Without what it says.
    pub(in crate::store) fn line(&self) -> Line {
        let LeafRow { index, id, hash, entry, .. } = &self.leaf;
        let stored = stored_hash(&[id.as_bytes(), entry.as_bytes()]);
        Line { index: *index, leaf: *hash, stored, chain: self.chain }
    }
}

impl FromColumns for ChainedLeaf {
    const TABLE: &'static str = "audit_leaf";

    fn read(row: &Columns<'_>) -> Result<Self, StoreError> {
        Ok(ChainedLeaf { leaf: LeafRow::read(row)?, chain: row.hash("chain")? })
    }
}

/// Where a log ends.
#[derive(Clone, Debug, Default)]
pub(in crate::store) struct Head {
    frontier: Frontier,
    chain: [u8; 32],
    /// How many leaves the last checkpoint covers.
    covered: u64,
}

impl Head {
    /// As it was stored; `None` when the parts do not make one.
    pub(in crate::store) fn from_parts(size: u64, frontier: &[u8], chain: [u8; 32], covered: u64) -> Option<Self> {
        let frontier = Frontier::from_bytes(size, frontier).filter(|_| covered <= size)?;
        Some(Head { frontier, chain, covered })
    }

    pub(in crate::store) fn size(&self) -> u64 {
        self.frontier.size()
    }

    fn push(&mut self, leaf: LeafHash, chain: [u8; 32]) {
        self.frontier.push(leaf);
        self.chain = chain;
    }
}

/// Numbers in the order of receipt.
#[derive(Clone, Debug)]
pub(in crate::store) enum Numbers {
    /// This writer alone numbers: those after the last.
    After(i64),
    /// The database numbers for several writers: those that it gave for the batch.
    Given(VecDeque<i64>),
}

impl Default for Numbers {
    fn default() -> Self {
        Numbers::After(0)
    }
}

impl Numbers {
    pub(super) fn take(&mut self) -> i64 {
        match self {
            Numbers::After(last) => {
                *last += 1;
                *last
            }
            Numbers::Given(numbers) => numbers.pop_front().unwrap_or_default(),
        }
    }
}

/// What the writer keeps in memory between batches. A batch works on a copy, which takes its place when it is durable.
#[derive(Clone, Debug, Default)]
pub(in crate::store) struct State {
    heads: HashMap<Log, Arc<Head>>,
    /// Sequence numbers for entries.
    pub(in crate::store) entries: Numbers,
    /// Sequence numbers for deliveries.
    pub(in crate::store) deliveries: Numbers,
}

impl State {
    /// Another writer may have appended since: the log stands where the database says.
    pub(in crate::store) fn take_over(&mut self, log: Log, head: Head) {
        self.heads.insert(log, Arc::new(head));
    }

    /// Where the logs end that are not as they were before: name, size, frontier, chain, leaves under a checkpoint.
    pub(super) fn moved_since(&self, before: &State) -> Vec<Vec<Value>> {
        let unmoved = |log: &Log, head: &Arc<Head>| before.heads.get(log).is_some_and(|old| Arc::ptr_eq(old, head));
        let moved = self.heads.iter().filter(|(log, head)| !unmoved(log, head));
        moved
            .map(|(log, head)| row![log.name(), head.size(), head.frontier.to_bytes(), head.chain, head.covered])
            .collect()
    }

    /// Is this the first that is heard of a log? It is known from then on.
    pub(in crate::store) fn is_new(&mut self, log: &Log) -> bool {
        if self.heads.contains_key(log) {
            return false;
        }
        self.heads.insert(log.clone(), Arc::default());
        true
    }

    /// Appends a leaf to its log. Returns its index and the row to write.
    pub(in crate::store) fn append(&mut self, draft: &LeafDraft) -> (u64, Vec<Value>) {
        let head = Arc::make_mut(self.heads.entry(draft.log.clone()).or_default());
        let index = head.size();
        let link = chain(&head.chain, draft.hash, &stored_hash(&[draft.id.as_bytes(), draft.entry.as_bytes()]));
        head.push(draft.hash, link);
        (index, row![draft.log.name(), index, draft.id, draft.hash.0, link, &draft.entry])
    }

    /// The checkpoints that are due when a log may grow by so many leaves without one, and the rows to write.
    pub(in crate::store) fn checkpoints(
        &mut self,
        settings: &Settings,
        uncovered_max: u64,
    ) -> Vec<(CheckpointRow, Vec<Value>)> {
        let due = |head: &Head| head.size() - head.covered > uncovered_max;
        let mut made = Vec::new();
        for (log, head) in self.heads.iter_mut().filter(|(_, head)| due(head)) {
            let head = Arc::make_mut(head);
            head.covered = head.size();
            made.push(checkpoint(log, head, settings));
        }
        made
    }
}

/// The origin of a log.
pub(in crate::store) fn origin(settings: &Settings, log: &Log) -> String {
    format!("{}/{}", settings.hub, log.name())
}

fn checkpoint(log: &Log, head: &Head, settings: &Settings) -> (CheckpointRow, Vec<Value>) {
    let (size, root) = (head.size(), head.frontier.root());
    let body = Checkpoint { origin: origin(settings, log), size, root, extensions: Vec::new() };
    let note = settings.sign.as_ref().map(|sign| sign(&body)).unwrap_or_default();
    let values = row![log.name(), size, root, head.frontier.to_bytes(), head.chain, note.as_str()];
    (CheckpointRow { log: log.clone(), size, root, note }, values)
}

/// Reads the heads and verifies each log from its last checkpoint on (S-37).
pub(in crate::store) async fn restore(from: &mut Connection) -> Result<(State, Vec<Fault>), Failure> {
    if let Connection::Sqlite(_) = from {
        let (mut state, faults) = tails(from).await?;
        for row in from.all(Sql::new(SEQUENCES)).await? {
            let columns = Columns { row: &row, table: "entries" };
            state.entries = Numbers::After(columns.plain("entries")?);
            state.deliveries = Numbers::After(columns.plain("deliveries")?);
        }
        return Ok((state, faults));
    }
    // Other hubs go on writing meanwhile: all questions look at one moment. What is read here is old at the next batch.
    from.execute(Sql::new("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")).await?;
    let (_, faults) = tails(from).await?;
    from.execute(Sql::new("COMMIT")).await?;
    Ok((State::default(), faults))
}

async fn tails(from: &mut Connection) -> Result<(State, Vec<Fault>), Failure> {
    let (mut state, mut faults) = (State::default(), Vec::new());
    for row in from.all(Sql::new(LOGS)).await? {
        let columns = Columns { row: &row, table: "log" };
        let log = Log::parse(columns.plain("name")?).ok_or_else(|| columns.wrong("name"))?;
        match tail(from, &log).await? {
            Ok(head) => {
                faults.extend(wrong_head(from, &columns, &log, &head)?);
                state.heads.insert(log, Arc::new(head));
            }
            Err(fault) => faults.push(fault),
        }
    }
    Ok((state, faults))
}

/// Where several hubs append, the head that they go by must be the one that the leaves make.
fn wrong_head(from: &Connection, stored: &Columns<'_>, log: &Log, head: &Head) -> Result<Option<Fault>, StoreError> {
    if let Connection::Sqlite(_) = from {
        return Ok(None);
    }
    let fault = |index, kind| Some(Fault { log: log.clone(), index, kind });
    let size: u64 = stored.number("size")?;
    if size != head.size() {
        return Ok(fault(size.min(head.size()), FaultKind::Missing));
    }
    Ok(if stored.hash("chain")? == head.chain { None } else { fault(size.saturating_sub(1), FaultKind::Chain) })
}

/// The head of one log, or where its tail is wrong.
async fn tail(from: &mut Connection, log: &Log) -> Result<Result<Head, Fault>, Failure> {
    let mut head = match last_checkpoint(from, log).await? {
        Ok(head) => head,
        Err(fault) => return Ok(Err(fault)),
    };
    loop {
        let rows = from.all(Sql::new(TAIL).bind(log.name()).bind(head.size())).await?;
        let leaves: Vec<ChainedLeaf> = crate::store::sql::columns::read_all(&rows)?;
        if leaves.is_empty() {
            break;
        }
        for leaf in leaves {
            if let Err(kind) = leaf.line().follows(&head.chain, head.size()) {
                return Ok(Err(Fault { log: log.clone(), index: head.size(), kind }));
            }
            head.push(leaf.leaf.hash, leaf.chain);
        }
    }
    Ok(Ok(head))
}

/// The head as the last checkpoint has it; the leaf before it must still stand there, with the same chain value.
async fn last_checkpoint(from: &mut Connection, log: &Log) -> Result<Result<Head, Fault>, Failure> {
    let rows = from.all(Sql::new(LAST_CHECKPOINT).bind(log.name())).await?;
    let Some(row) = rows.first() else { return Ok(Ok(Head { chain: CHAIN_START, ..Head::default() })) };
    let columns = Columns { row, table: "checkpoint" };
    let size: u64 = columns.number("size")?;
    let chain = columns.hash("chain")?;
    let fault = |kind| Ok(Err(Fault { log: log.clone(), index: size.saturating_sub(1), kind }));
    let frontier = Frontier::from_bytes(size, columns.plain("frontier")?);
    let Some(frontier) = frontier.filter(|frontier| columns.hash("root").is_ok_and(|root| root == frontier.root()))
    else {
        return fault(FaultKind::Root);
    };
    let before = from.all(Sql::new(TAIL).bind(log.name()).bind(size.saturating_sub(1))).await?;
    let before: Vec<ChainedLeaf> = crate::store::sql::columns::read_all(before.get(..1).unwrap_or_default())?;
    match before.first() {
        Some(last) if last.leaf.index + 1 != size => fault(FaultKind::Missing),
        None => fault(FaultKind::Missing),
        Some(last) if last.chain != chain => fault(FaultKind::Chain),
        Some(_) => Ok(Ok(Head { frontier, chain, covered: size })),
    }
}
