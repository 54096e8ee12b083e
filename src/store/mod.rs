//! The store: the only SQL of the hub. Embedded SQLite for one hub, PostgreSQL for several; in each hub one writer that
//! commits groups of waiting changes together.
//!
//! The store never sees plaintext: bodies, raw bytes, facts and audit entries arrive sealed (S-50). A change is refused or
//! durable as a whole, with its audit leaves (S-30), and its caller hears of it only then (P1).
//!
//! **Reading before deciding.** Read the persons, with their epochs, first, then facts and entries; hand the epochs to
//! [`Store::commit`] as expectations. Whatever changed in between then refuses the change, and the caller decides again.

#[macro_use]
mod places;

mod backup;
mod bare;
mod engine;
mod error;
mod keys;
mod postgres;
mod read;
mod rows;
mod sql;
mod sqlite;
mod write;

pub use backup::{BackupError, Opening, Recipient, Sealing, back_up, restore};
pub use bare::Bare;
pub use error::{Conflict, Fault, StoreError, StoredAnswer};
pub use keys::{KEYS, KeyError, Keyring};
pub use musubi_verify::FaultKind;
pub use postgres::{Server, ServerError, grants};
pub use read::{Extent, OpenLeaf, Verdict};
pub use rows::*;

#[cfg(test)]
pub(crate) mod tests;

use engine::{Engine, Opened, reading_address};
use musubi_core::agency::AgencyId;
use musubi_core::audit::{Checkpoint, LeafHash, Receipt};
use musubi_core::id::{DeliveryId, FactId, MessageId, Municipality, PersonId, ReferralId, WorkItemId};
use musubi_core::sealing::{Blind, Sealed};
use musubi_core::time::Time;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use uuid::Uuid;

/// Everything that happens together or not at all.
#[derive(Default)]
pub struct Change {
    /// What must hold when it is written.
    pub expect: Vec<Expect>,
    /// What is written.
    pub rows: Vec<Row>,
    /// The message that is answered by it.
    pub message: Option<MessageDraft>,
    /// What the audit log says of it, in this order.
    pub leaves: Vec<LeafDraft>,
}

/// What a change rests on. When it does not hold, the change is refused and its caller decides again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expect {
    /// The person exists, with this epoch.
    Epoch {
        /// The person.
        person: PersonId,
        /// The epoch that was read.
        epoch: u64,
    },
    /// The policy has this epoch.
    PolicyEpoch(u64),
    /// The delivery stands where it was read.
    Delivery {
        /// Which.
        id: DeliveryId,
        /// State that was read.
        state: DeliveryState,
        /// Attempts that were read.
        attempts: u32,
    },
    /// The referral is at this version; 0 when it must not exist.
    ReferralVersion {
        /// Which.
        id: ReferralId,
        /// Version that was read.
        version: u64,
    },
    /// The work item has not been answered.
    WorkItemOpen {
        /// Which.
        id: WorkItemId,
    },
    /// The fact has not been superseded.
    FactHolds {
        /// Which.
        id: FactId,
    },
    /// The row of the sign-in is at this version; 0 when it must not exist.
    SignIn {
        /// Which.
        key: Blind,
        /// Version that was read.
        version: u64,
    },
    /// The setting says what was read; `None` when it must not be there.
    Setting {
        /// Its name.
        name: String,
        /// What was read.
        value: Option<String>,
    },
    /// The identifier names nobody yet.
    NoAlias {
        /// Issuer and identifier, blinded.
        blind: Blind,
    },
}

/// Makes an acknowledgement from the receipts of a change.
pub type MakeAnswer = Box<dyn Fn(&[Receipt]) -> Vec<u8> + Send + Sync>;

/// A message to be stored with its acknowledgement.
pub struct MessageDraft {
    /// Responsible municipality.
    pub municipality: Municipality,
    /// Id.
    pub id: MessageId,
    /// Who sent it.
    pub agency: AgencyId,
    /// Channel class and message id, blinded. One agency's key names one message; a part of a message has its own.
    pub key: Blind,
    /// Hash of its bytes; `None` when not even that may be kept (S-20).
    pub content: Option<[u8; 32]>,
    /// Name of the format.
    pub format: String,
    /// When it came.
    pub received_at: Time,
    /// It was sent as a test and has no effect.
    pub test: bool,
    /// Its acknowledgement is repeated when it comes again; false for one that is refused (S-20, S-21).
    pub repeats: bool,
    /// A message of this key received before this time is forgotten: control ids of v2 after 30 days (S-20).
    pub forget_before: Option<Time>,
    /// Its bytes, sealed; `None` when none may be kept (S-20).
    pub raw: Option<Sealed>,
    /// Makes the acknowledgement from the receipts of the change's leaves, in their order. Runs inside the batch, and
    /// again if the batch must be repeated; what it returned last is stored with the message, byte for byte (S-21).
    pub answer: MakeAnswer,
}

/// A line for an audit log.
#[derive(Clone, Debug)]
pub struct LeafDraft {
    /// The log.
    pub log: Log,
    /// Id of the row: what the sealed entry is bound to, with the table name [`LeafDraft::TABLE`].
    pub id: Uuid,
    /// Hash of salt and entry ([`musubi_core::audit::SaltedEntry::leaf`]).
    pub hash: LeafHash,
    /// Salt and entry, sealed under the keys of the persons concerned, or of the hub when there are none.
    pub entry: Sealed,
    /// Whom it concerns, for their statements.
    pub persons: Vec<PersonId>,
}

impl LeafDraft {
    /// Table name for the additional data of a sealed entry.
    pub const TABLE: &'static str = "audit_leaf";
}

/// A change that is durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    /// One for each leaf of the change, in its order.
    pub receipts: Vec<Receipt>,
    /// The acknowledgement of the change's message; empty when it had none.
    pub answer: Vec<u8>,
}

/// Signs a checkpoint: the note to store and show.
pub type SignCheckpoint = Arc<dyn Fn(&Checkpoint) -> String + Send + Sync>;

/// How a store is opened.
#[derive(Clone)]
pub struct Settings {
    /// The hub's name: the first part of each log's origin, `<hub>/<log>`. No spaces and no plus sign.
    pub hub: String,
    /// After how many leaves of a log a checkpoint is due (S-33).
    pub checkpoint_entries: u64,
    /// Signs checkpoints; without it their notes are empty.
    pub sign: Option<SignCheckpoint>,
}

impl Default for Settings {
    fn default() -> Self {
        Settings { hub: "musubi".to_owned(), checkpoint_entries: CHECKPOINT_ENTRIES, sign: None }
    }
}

/// Leaves of one log between two checkpoints (S-33).
pub const CHECKPOINT_ENTRIES: u64 = 1_000;
/// Name of the database in the data folder.
pub const DATABASE: &str = "hub.db";

/// Where a store is.
#[derive(Clone, Debug)]
pub enum Location {
    /// The embedded database, in the data folder of one hub.
    Folder(PathBuf),
    /// A PostgreSQL server, which several hubs share.
    Server(Server),
}

/// The store. Clones share one writer and one pool of readers.
#[derive(Clone)]
pub struct Store {
    inner: Engine,
}

impl Store {
    /// Opens or makes the store in a folder, with the default [`Settings`].
    ///
    /// # Errors
    /// See [`Store::open_with`].
    pub async fn open(folder: &Path) -> Result<Store, StoreError> {
        Store::open_with(folder, Settings::default()).await
    }

    /// Opens or makes the store in a folder, brings its tables up to date and verifies the logs since their last
    /// checkpoints (S-37). A log that does not verify leaves the store readable and closed for changes.
    ///
    /// # Errors
    /// When the folder cannot be used, another process has it open, or a migration fails.
    pub async fn open_with(folder: &Path, settings: Settings) -> Result<Store, StoreError> {
        Store::open_at(&Location::Folder(folder.to_owned()), settings).await
    }

    /// As [`Store::open_with`], wherever the store is.
    ///
    /// # Errors
    /// As [`Store::open_with`], and when the server cannot be reached.
    pub async fn open_at(location: &Location, settings: Settings) -> Result<Store, StoreError> {
        Ok(Store { inner: Engine::start(Opened::at(location).await?, settings).await? })
    }

    /// Opens an existing store to read it while a hub runs or not; every change is refused.
    ///
    /// # Errors
    /// When there is no database.
    pub async fn open_reading(folder: &Path) -> Result<Store, StoreError> {
        Store::open_reading_at(&Location::Folder(folder.to_owned()), Settings::default()).await
    }

    /// As [`Store::open_reading`], wherever the store is, with the hub's name, which the notes of its checkpoints are
    /// compared with.
    ///
    /// # Errors
    /// When there is no database.
    pub async fn open_reading_at(location: &Location, settings: Settings) -> Result<Store, StoreError> {
        Ok(Store { inner: Engine::reading(reading_address(location)?, settings).await? })
    }

    /// Do other hubs write here too?
    pub fn is_shared(&self) -> bool {
        self.inner.is_shared()
    }

    /// The faults found when the logs were verified at opening; with any, every change is refused.
    pub fn faults(&self) -> &[Fault] {
        self.inner.faults()
    }

    /// A log does not verify, or is not the one that a witness signed: every change is refused from now on, and no checkpoint is
    /// signed (S-37, S-38). The first fault stands.
    pub(crate) fn close_for_changes(&self, fault: Fault) {
        self.inner.close_for_changes(fault);
    }

    /// Why changes are refused: a fault that was found at opening, or since. `None` while they are taken.
    pub fn fault(&self) -> Option<&Fault> {
        self.inner.fault()
    }

    /// Did the disk fail, so that it is not known what was written? Then nothing is written any more until the hub is started
    /// anew and reads what is there (S-85).
    pub fn is_stopped(&self) -> bool {
        self.inner.stopped()
    }

    /// Writes a change together with whatever else is waiting, and returns when it is on disk.
    ///
    /// `name` says in logs and figures what was done, as "accept referral".
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when an expectation does not hold or something of the same key exists: nothing of the
    /// change was written, others in the same batch are not touched. [`StoreError::Unavailable`] when the database failed.
    pub async fn commit(&self, name: &'static str, change: Change) -> Result<Committed, StoreError> {
        self.inner.commit(name, change).await
    }

    /// Hands changes over one after another and waits for all of them: each is judged alone, and they share the wait for the
    /// disk. One answer for each, in their order, as [`Store::commit`] gives it.
    ///
    /// # Errors
    /// When the store takes no changes; some of them may be durable.
    pub async fn commit_each(
        &self,
        name: &'static str,
        changes: Vec<Change>,
    ) -> Result<Vec<Result<Committed, StoreError>>, StoreError> {
        self.inner.commit_each(name, changes).await
    }

    /// Writes a checkpoint of every log that has grown since its last, and returns them. Called every minute (S-33).
    ///
    /// # Errors
    /// As [`Store::commit`].
    pub async fn checkpoint(&self) -> Result<Vec<CheckpointRow>, StoreError> {
        self.inner.checkpoint().await
    }

    /// Was it opened to be written?
    pub fn writes(&self) -> bool {
        self.inner.writes()
    }

    /// Writes the last checkpoints, waits for what is being written, and closes. Later changes are refused.
    ///
    /// # Errors
    /// As [`Store::commit`].
    pub async fn close(&self) -> Result<(), StoreError> {
        self.inner.close().await
    }

    /// The origin of a log: `<hub>/<log>`.
    pub fn origin(&self, log: &Log) -> String {
        self.inner.origin(log)
    }
}
