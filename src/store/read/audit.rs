//! The audit logs.

use super::{OpenLeaf, Verdict};
use crate::store::sql::columns::{Columns, FromColumns};
use crate::store::sql::value::{Sql, Statement};
use crate::store::write::logs::ChainedLeaf;
use crate::store::{CheckpointRow, CosignatureRow, Fault, LeafRow, Log, Store, StoreError};
use musubi_core::audit::{Checkpoint, Frontier, LeafHash, LogVerifier};
use musubi_core::id::PersonId;
use musubi_verify::{Claim, FaultKind, Line, Walk, Wrong};
use uuid::Uuid;

const LOGS: &str = "SELECT name, (SELECT max(idx) + 1 FROM audit_leaf WHERE log = name) AS size FROM log ORDER BY name";
const SIZE: &str =
    "SELECT name, (SELECT max(idx) + 1 FROM audit_leaf WHERE log = name) AS size FROM log WHERE name = $1";
const LEAVES: &str = "SELECT * FROM audit_leaf WHERE log = $1 AND idx >= $2 AND idx < $3 ORDER BY idx";
const PAGE: &str = "SELECT * FROM audit_leaf WHERE log = $1 AND idx >= $2 AND idx < $3 ORDER BY idx LIMIT 1000";
const HASHES: &str = "SELECT id, hash FROM audit_leaf WHERE log = $1 AND idx >= $2 AND idx < $3 ORDER BY idx";
const OF_PERSONS: Statement = Statement::each(
    concat!(
        "SELECT leaf.* FROM (SELECT DISTINCT log, idx FROM leaf_person WHERE person IN ",
        listed!(),
        ") AS of CROSS JOIN audit_leaf AS leaf ON leaf.log = of.log AND leaf.idx = of.idx"
    ),
    "SELECT leaf.* FROM (SELECT DISTINCT log, idx FROM leaf_person WHERE person = ANY($1)) AS of
     JOIN audit_leaf AS leaf ON leaf.log = of.log AND leaf.idx = of.idx",
);
const PERSONS: &str = "SELECT idx, person FROM leaf_person WHERE log = $1 ORDER BY idx, person";
const LAST_CHECKPOINT: &str = "SELECT * FROM checkpoint WHERE log = $1 ORDER BY size DESC LIMIT 1";
const CHECKPOINTS: &str = "SELECT * FROM checkpoint WHERE log = $1 ORDER BY size";
const CHECKPOINT: &str = "SELECT * FROM checkpoint WHERE log = $1 AND size = $2";
const COSIGNATURES: &str = "SELECT * FROM cosignature WHERE log = $1 ORDER BY size, witness";
const OF_CHECKPOINT: &str = "SELECT * FROM cosignature WHERE log = $1 AND size = $2 ORDER BY witness";
const LAST_OF_WITNESS: &str = "SELECT * FROM cosignature WHERE log = $1 AND witness = $2 ORDER BY size DESC LIMIT 1";
const LAST_COSIGNED: &str = "SELECT * FROM checkpoint WHERE log = $1 AND size =
    (SELECT max(size) FROM cosignature WHERE log = $1)";

/// A log's name as the database has it.
fn log_of(row: &Columns<'_>, column: &'static str) -> Result<Log, StoreError> {
    let wrong = || StoreError::Corrupt { table: row.table, column, key: Uuid::nil() };
    Log::parse(row.plain(column)?).ok_or_else(wrong)
}

impl FromColumns for LeafRow {
    const TABLE: &'static str = "audit_leaf";

    fn read(row: &Columns<'_>) -> Result<Self, StoreError> {
        Ok(LeafRow {
            log: log_of(row, "log")?,
            index: row.number("idx")?,
            id: row.uuid("id")?,
            hash: LeafHash(row.hash("hash")?),
            entry: row.sealed("entry")?,
        })
    }
}

impl FromColumns for CheckpointRow {
    const TABLE: &'static str = "checkpoint";

    fn read(row: &Columns<'_>) -> Result<Self, StoreError> {
        let (size, root) = (row.number("size")?, row.hash("root")?);
        Ok(CheckpointRow { log: log_of(row, "log")?, size, root, note: row.plain("note")? })
    }
}

impl FromColumns for CosignatureRow {
    const TABLE: &'static str = "cosignature";

    fn read(row: &Columns<'_>) -> Result<Self, StoreError> {
        let (log, size, witness) = (log_of(row, "log")?, row.number("size")?, row.plain("witness")?);
        Ok(CosignatureRow { log, size, witness, at: row.time("at")?, line: row.plain("line")? })
    }
}

/// The right edge that is stored beside a checkpoint.
struct Edge(Frontier);

impl FromColumns for Edge {
    const TABLE: &'static str = CheckpointRow::TABLE;

    fn read(row: &Columns<'_>) -> Result<Self, StoreError> {
        let edge = Frontier::from_bytes(row.number("size")?, row.plain("frontier")?);
        edge.map(Edge).ok_or_else(|| row.wrong("frontier"))
    }
}

/// A log and its size.
struct Sized(Log, u64);

impl FromColumns for Sized {
    const TABLE: &'static str = "log";

    fn read(row: &Columns<'_>) -> Result<Self, StoreError> {
        let size: Option<i64> = row.plain("size")?;
        Ok(Sized(log_of(row, "name")?, size.and_then(|size| size.try_into().ok()).unwrap_or(0)))
    }
}

/// A leaf and one whom it concerns.
struct LeafPerson(u64, PersonId);

impl FromColumns for LeafPerson {
    const TABLE: &'static str = "leaf_person";

    fn read(row: &Columns<'_>) -> Result<Self, StoreError> {
        Ok(LeafPerson(row.number("idx")?, PersonId(row.uuid("person")?)))
    }
}

impl FromColumns for LeafHash {
    const TABLE: &'static str = "audit_leaf";

    fn read(row: &Columns<'_>) -> Result<Self, StoreError> {
        row.hash("hash").map(LeafHash)
    }
}

impl Store {
    /// Every log and its size.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn logs(&self) -> Result<Vec<(Log, u64)>, StoreError> {
        let found: Vec<Sized> = self.all("logs", Sql::new(LOGS)).await?;
        Ok(found.into_iter().map(|Sized(log, size)| (log, size)).collect())
    }

    /// Leaves of a log with `from <= index < to`, in order.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn leaves(&self, log: &Log, from: u64, to: u64) -> Result<Vec<LeafRow>, StoreError> {
        self.all("leaves", Sql::new(LEAVES).bind(log.name()).bind(from).bind(to)).await
    }

    /// The hashes of the first `size` leaves of a log, for proofs.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn leaf_hashes(&self, log: &Log, size: u64) -> Result<Vec<LeafHash>, StoreError> {
        self.leaf_hashes_from(log, 0, size).await
    }

    /// The hashes of the leaves of a log with `from <= index < to`.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn leaf_hashes_from(&self, log: &Log, from: u64, to: u64) -> Result<Vec<LeafHash>, StoreError> {
        self.all("leaf hashes", Sql::new(HASHES).bind(log.name()).bind(from).bind(to)).await
    }

    /// The leaves that concern any of these persons, by log and index, each once.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn leaves_of(&self, persons: &[PersonId]) -> Result<Vec<LeafRow>, StoreError> {
        let mut found: Vec<LeafRow> = self.among("leaves of persons", OF_PERSONS, persons).await?;
        found.sort_unstable_by(|one, next| (&one.log, one.index).cmp(&(&next.log, next.index)));
        found.dedup_by(|one, next| one.log == next.log && one.index == next.index);
        Ok(found)
    }

    /// Whom each leaf of a log concerns, by index: whose keys open it.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn leaf_persons(&self, log: &Log) -> Result<Vec<(u64, PersonId)>, StoreError> {
        let found: Vec<LeafPerson> = self.all("persons of leaves", Sql::new(PERSONS).bind(log.name())).await?;
        Ok(found.into_iter().map(|LeafPerson(index, person)| (index, person)).collect())
    }

    /// The last checkpoint of a log.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn last_checkpoint(&self, log: &Log) -> Result<Option<CheckpointRow>, StoreError> {
        self.one("last checkpoint", Sql::new(LAST_CHECKPOINT).bind(log.name())).await
    }

    /// The checkpoint of a log when it had so many leaves.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn checkpoint_of(&self, log: &Log, size: u64) -> Result<Option<CheckpointRow>, StoreError> {
        self.one("checkpoint", Sql::new(CHECKPOINT).bind(log.name()).bind(size)).await
    }

    /// The right edge of a log when it had as many leaves as a checkpoint covers.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn edge_of(&self, log: &Log, size: u64) -> Result<Option<Frontier>, StoreError> {
        let found: Option<Edge> = self.one("edge of a log", Sql::new(CHECKPOINT).bind(log.name()).bind(size)).await?;
        Ok(found.map(|Edge(frontier)| frontier))
    }

    /// The last checkpoint of a log that a witness signed.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn last_cosigned(&self, log: &Log) -> Result<Option<CheckpointRow>, StoreError> {
        self.one("last cosigned checkpoint", Sql::new(LAST_COSIGNED).bind(log.name())).await
    }

    /// What one witness signed last of a log. `witness` is the name and id of its key.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn last_of_witness(&self, log: &Log, witness: &str) -> Result<Option<CosignatureRow>, StoreError> {
        self.one("last of a witness", Sql::new(LAST_OF_WITNESS).bind(log.name()).bind(witness)).await
    }

    /// What witnesses signed under the checkpoints of a log, by size and witness.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn cosignatures(&self, log: &Log) -> Result<Vec<CosignatureRow>, StoreError> {
        self.all("cosignatures", Sql::new(COSIGNATURES).bind(log.name())).await
    }

    /// The note of a checkpoint with what witnesses signed under it.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn cosigned_note(&self, checkpoint: &CheckpointRow) -> Result<String, StoreError> {
        let question = Sql::new(OF_CHECKPOINT).bind(checkpoint.log.name()).bind(checkpoint.size);
        let signed: Vec<CosignatureRow> = self.all("cosignatures", question).await?;
        Ok(signed.into_iter().fold(checkpoint.note.clone(), |note, row| note + &row.line + "\n"))
    }

    /// How far a log reaches at this moment.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn extent(&self, log: &Log) -> Result<Extent, StoreError> {
        // Checkpoints first: each covers leaves that were there before it.
        let checkpoints = self.all("checkpoints", Sql::new(CHECKPOINTS).bind(log.name())).await?;
        let sized: Option<Sized> = self.one("log", Sql::new(SIZE).bind(log.name())).await?;
        Ok(Extent {
            log: log.clone(),
            size: sized.map_or(0, |Sized(_, size)| size),
            checkpoints,
            elsewhere: Vec::new(),
        })
    }

    /// Verifies a log as far as it reached: order, chain, roots at every checkpoint, the signatures under them, and, where
    /// `open` gives back the plain entry, that it is the one of the leaf. `open` returns `None` for an entry whose keys
    /// were destroyed, and an error for one that should open and does not.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn verify_log(
        &self,
        extent: Extent,
        key: Option<&LogVerifier>,
        open: &OpenLeaf<'_>,
    ) -> Result<Verdict, StoreError> {
        let (log, size) = (extent.log.clone(), extent.size);
        let mut walk = Walk::new(self.origin(&log), key, extent.claims());
        let mut opened = 0;
        let seen = loop {
            let page = self.page(&log, walk.size(), size).await?;
            if page.is_empty() {
                break walk.end();
            }
            let seen = page.iter().try_for_each(|leaf| {
                walk.step(&leaf.line())?;
                opened += u64::from(is_of(&leaf.leaf, open)?);
                Ok(())
            });
            if seen.is_err() {
                break seen;
            }
        };
        let fault = seen.err().map(|wrong| Fault::of(&log, wrong));
        Ok(Verdict { leaves: walk.size(), opened, checkpoints: walk.checkpoints(), fault })
    }

    /// Lines of a log with `from <= index < to`, in order, as many as are read at once: for a copy.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn lines(&self, log: &Log, from: u64, to: u64) -> Result<Vec<Line>, StoreError> {
        Ok(self.page(log, from, to).await?.iter().map(ChainedLeaf::line).collect())
    }

    async fn page(&self, log: &Log, from: u64, to: u64) -> Result<Vec<ChainedLeaf>, StoreError> {
        self.all("lines of a log", Sql::new(PAGE).bind(log.name()).bind(from).bind(to)).await
    }
}

/// How far a log reached at one moment, to be verified as far as that. It is read before whatever opens the entries, so that a hub
/// that goes on writing is not taken for one that wrote something else.
pub struct Extent {
    log: Log,
    size: u64,
    /// Smallest first.
    checkpoints: Vec<CheckpointRow>,
    elsewhere: Vec<Claim>,
}

impl Extent {
    /// How many leaves there were.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The checkpoints beside the log, smallest first.
    pub fn checkpoints(&self) -> &[CheckpointRow] {
        &self.checkpoints
    }

    /// To be held against this one too, which was kept where whoever changes the log does not reach. Its signature has been
    /// checked.
    #[must_use]
    pub fn against(mut self, checkpoint: &Checkpoint) -> Self {
        self.elsewhere.push(Claim::elsewhere(checkpoint));
        self
    }

    fn claims(self) -> Vec<Claim> {
        let beside = self.checkpoints.into_iter().map(|row| Claim::beside(row.size, row.root, row.note));
        beside.chain(self.elsewhere).collect()
    }
}

/// Is the opened entry the one of the leaf? True where it opened.
fn is_of(leaf: &LeafRow, open: &OpenLeaf<'_>) -> Result<bool, Wrong> {
    match open(leaf) {
        Ok(Some(entry)) if entry.leaf() == leaf.hash => Ok(true),
        Ok(None) => Ok(false),
        _ => Err(Wrong { index: leaf.index, kind: FaultKind::Entry }),
    }
}
