//! Messages and the entries that they brought.

use super::{by_id, of_persons};
use crate::store::sql::columns::{Columns, FromColumns};
use crate::store::sql::value::{Sql, Statement};
use crate::store::write::model::stored_answer;
use crate::store::{EntriesRow, MessageRow, Store, StoreError, StoredAnswer};
use musubi_core::agency::AgencyId;
use musubi_core::id::{EntryId, MessageId, Municipality, PersonId};
use musubi_core::sealing::{Blind, Sealed};

const ANSWER: &str = "SELECT id, content, received_at, answer FROM message
    WHERE key = $1 AND repeats = 1 AND agency = $2 ORDER BY received_at DESC LIMIT 1";
const MESSAGE: &str = by_id!("message");
const OF_MESSAGE: &str = "SELECT * FROM entries WHERE municipality = $1 AND message = $2 ORDER BY sequence";
const IN_MUNICIPALITY: &str = "SELECT * FROM message WHERE municipality = $1 AND id < $2 ORDER BY id DESC LIMIT +$3";
const OF_PERSONS: Statement = of_persons!("entries", "1");

impl FromColumns for StoredAnswer {
    const TABLE: &'static str = "message";

    fn read(row: &Columns<'_>) -> Result<Self, StoreError> {
        stored_answer(row)
    }
}

impl FromColumns for MessageRow {
    const TABLE: &'static str = "message";

    fn read(row: &Columns<'_>) -> Result<Self, StoreError> {
        Ok(MessageRow {
            municipality: row.checked("municipality")?,
            id: MessageId(row.uuid("id")?),
            agency: row.checked("agency")?,
            key: row.blind("key")?,
            content: row.hash_if_any("content")?,
            format: row.plain("format")?,
            received_at: row.time("received_at")?,
            test: row.flag("test")?,
            repeats: row.flag("repeats")?,
            answer: row.plain("answer")?,
            raw: row.plain::<Option<Vec<u8>>>("raw")?.map(Sealed::from_stored),
        })
    }
}

impl FromColumns for EntriesRow {
    const TABLE: &'static str = EntriesRow::TABLE;

    fn read(row: &Columns<'_>) -> Result<Self, StoreError> {
        Ok(EntriesRow {
            municipality: row.checked("municipality")?,
            id: EntryId(row.uuid("id")?),
            message: MessageId(row.uuid("message")?),
            sequence: row.plain("sequence")?,
            persons: row.persons()?,
            contained: row.contained()?,
            body: row.sealed("body")?,
        })
    }
}

impl Store {
    /// The acknowledgement that a message of this key got, the newest if there are several (S-20). Messages that do
    /// not repeat are not looked at.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn message_answer(&self, agency: &AgencyId, key: Blind) -> Result<Option<StoredAnswer>, StoreError> {
        self.one("message answer", Sql::new(ANSWER).bind(key).bind(agency)).await
    }

    /// One message.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn message(&self, id: MessageId) -> Result<Option<MessageRow>, StoreError> {
        self.one("message", Sql::new(MESSAGE).bind(id.0)).await
    }

    /// Messages of a municipality before one of them, the latest first.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn messages_in(
        &self,
        municipality: &Municipality,
        before: MessageId,
        limit: u32,
    ) -> Result<Vec<MessageRow>, StoreError> {
        let question = Sql::new(IN_MUNICIPALITY).bind(municipality).bind(before.0).bind(limit);
        self.all("messages of municipality", question).await
    }

    /// The entries that a message brought, in order of receipt.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn entries_of_message(
        &self,
        municipality: &Municipality,
        message: MessageId,
    ) -> Result<Vec<EntriesRow>, StoreError> {
        self.all("entries of message", Sql::new(OF_MESSAGE).bind(municipality).bind(message.0)).await
    }

    /// The entries that concern any of these persons, each once, in order of receipt.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn entries_of(&self, persons: &[PersonId]) -> Result<Vec<EntriesRow>, StoreError> {
        self.concerning("entries of persons", OF_PERSONS, persons, |row: &EntriesRow| row.sequence).await
    }
}
