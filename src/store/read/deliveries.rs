//! What waits to be sent, and what was shown.

use super::{by_id, of_persons};
use crate::store::sql::columns::{Columns, FromColumns};
use crate::store::sql::value::{Sql, Statement};
use crate::store::{DeliveryRow, DeliveryState, ReleaseRow, Store, StoreError};
use musubi_core::agency::AgencyId;
use musubi_core::id::{DeliveryId, FactId, MessageId, Municipality, PersonId, ReleaseId};
use musubi_core::time::Time;
use std::collections::BTreeSet;

/// `$4` names the destinations that are passed over, one a line.
const DUE: &str = "SELECT * FROM delivery WHERE state = $1 AND next_at <= $2
    AND instr($4, char(10) || recipient || ' ' || format || char(10)) = 0 ORDER BY next_at, sequence LIMIT +$3";
/// On a server, what is due and at which no other hub is, claimed for two minutes by the clock of the server. Who is still
/// at one by then says so in time. A claim of one's own is renewed when half of it has passed. No hub waits for another.
const CLAIM: &str = "WITH due AS (
        SELECT municipality, id, claimed_by = $5 AND claimed_until > clock_timestamp() + INTERVAL '1 minute' AS held
        FROM delivery WHERE state = $1 AND next_at <= $2
            AND (claimed_by IS NULL OR claimed_by = $5 OR claimed_until < clock_timestamp())
            AND strpos($4, chr(10) || recipient || ' ' || format || chr(10)) = 0
        ORDER BY next_at, sequence LIMIT $3 FOR UPDATE SKIP LOCKED),
    claimed AS (
        UPDATE delivery SET claimed_by = $5, claimed_until = clock_timestamp() + INTERVAL '2 minutes'
        FROM due WHERE delivery.municipality = due.municipality AND delivery.id = due.id AND due.held IS NOT TRUE
        RETURNING delivery.*)
    SELECT * FROM claimed UNION ALL
    SELECT delivery.* FROM delivery JOIN due ON delivery.municipality = due.municipality AND delivery.id = due.id
        WHERE due.held ORDER BY next_at, sequence";
/// Claims of one's own go on from now. What another hub has taken over stays with it.
const HOLD_ON: &str = "UPDATE delivery SET claimed_until = clock_timestamp() + INTERVAL '2 minutes'
    WHERE municipality IN (SELECT name FROM log) AND id = ANY($1) AND claimed_by = $2";
const ABANDONED: Statement = Statement::each(
    "SELECT * FROM delivery WHERE state = $1 AND format NOT LIKE 'receive:%' ORDER BY next_at, sequence LIMIT +$2",
    "SELECT * FROM delivery WHERE state = $1 AND format NOT LIKE 'receive:%'
     AND (claimed_until IS NULL OR claimed_until < clock_timestamp()) ORDER BY next_at, sequence LIMIT $2",
);
const NEXT: &str = "SELECT next_at FROM delivery WHERE state = $1 ORDER BY next_at LIMIT 1";
/// The oldest of each destination, as hubs count: what waits to be tried, and what was sent and not acknowledged.
const OLDEST: &str = "SELECT recipient, municipality, MIN(created_at) AS created_at FROM delivery
    WHERE state IN (1, 3) GROUP BY recipient, municipality";
const IN_STATE: &str = "SELECT * FROM delivery WHERE state = $1 ORDER BY next_at, sequence LIMIT +$2";
const HELD: &str =
    "SELECT * FROM delivery WHERE state = $1 AND (next_at, sequence) > ($2, $3) ORDER BY next_at, sequence LIMIT +$4";
const TO_AGENCY: &str = "SELECT * FROM delivery WHERE recipient = $1 AND sequence > $2 ORDER BY sequence LIMIT +$3";
// The states are spelt out for the partial index.
const TO_FETCH: &str = "SELECT * FROM delivery WHERE recipient = $1 AND sequence > $2 AND state IN (1, 3)
    ORDER BY sequence LIMIT +$3";
const DELIVERY: &str = by_id!("delivery");
const DELIVERIES_OF: Statement = of_persons!("delivery", "4");
const RELEASE: &str = by_id!("release");
const RELEASES_IN: &str = "SELECT * FROM release WHERE municipality = $1 AND id > $2 ORDER BY id LIMIT +$3";
const RELEASES_OF: Statement = of_persons!("release", "6");

impl FromColumns for DeliveryRow {
    const TABLE: &'static str = "delivery";

    fn read(row: &Columns<'_>) -> Result<Self, StoreError> {
        Ok(DeliveryRow {
            municipality: row.checked("municipality")?,
            id: DeliveryId(row.uuid("id")?),
            recipient: row.checked("recipient")?,
            purpose: row.parsed("purpose")?,
            format: row.plain("format")?,
            message: row.uuid_if_any("message")?.map(MessageId),
            entries: row.entries()?,
            question: row.uuid_if_any("question")?.map(FactId),
            state: row.code("state", &DeliveryState::ALL, |state| state as u8)?,
            attempts: row.number("attempts")?,
            created_at: row.time("created_at")?,
            next_at: row.time("next_at")?,
            released_at: row.time_if_any("released_at")?,
            sent_at: row.time_if_any("sent_at")?,
            reason: row.plain("reason")?,
            sequence: row.plain("sequence")?,
            persons: row.persons()?,
        })
    }
}

impl FromColumns for ReleaseRow {
    const TABLE: &'static str = "release";

    fn read(row: &Columns<'_>) -> Result<Self, StoreError> {
        Ok(ReleaseRow {
            municipality: row.checked("municipality")?,
            id: ReleaseId(row.uuid("id")?),
            recipient: row.checked("recipient")?,
            purpose: row.parsed("purpose")?,
            decided_at: row.time("decided_at")?,
            policy_hash: row.hash("policy_hash")?,
            delivery: row.uuid_if_any("delivery")?.map(DeliveryId),
            query: row.uuid_if_any("query")?,
            persons: row.persons()?,
            detail: row.sealed("detail")?,
        })
    }
}

/// When a delivery is due.
struct NextAt(Time);

impl FromColumns for NextAt {
    const TABLE: &'static str = "delivery";

    fn read(row: &Columns<'_>) -> Result<Self, StoreError> {
        row.time("next_at").map(NextAt)
    }
}

/// Since when something waits for a destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OldestRow {
    /// For whom.
    pub recipient: AgencyId,
    /// Of which municipality.
    pub municipality: Municipality,
    /// When the oldest was intended.
    pub created_at: Time,
}

impl FromColumns for OldestRow {
    const TABLE: &'static str = "delivery";

    fn read(row: &Columns<'_>) -> Result<Self, StoreError> {
        Ok(OldestRow {
            recipient: row.checked("recipient")?,
            municipality: row.checked("municipality")?,
            created_at: row.time("created_at")?,
        })
    }
}

impl Store {
    /// Waiting deliveries whose time has come, oldest first, but for those to the destinations, agency and channel, that are passed
    /// over. Where several hubs share the store, those that no other hub is at; they are this hub's for some minutes.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn deliveries_due(
        &self,
        now: Time,
        limit: u32,
        passed_over: &BTreeSet<(AgencyId, String)>,
    ) -> Result<Vec<DeliveryRow>, StoreError> {
        let mut names = "\n".to_owned();
        for (agency, channel) in passed_over {
            names.extend([agency.as_str(), " ", channel, "\n"]);
        }
        let question = |statement: &'static str| {
            Sql::new(statement).bind(DeliveryState::Waiting as u8).bind(now).bind(limit).bind(names)
        };
        let question = if self.is_shared() { question(CLAIM).bind(self.inner.holder()) } else { question(DUE) };
        self.all("deliveries due", question).await
    }

    /// This hub is still at these: no other takes them over for some minutes more. Where it is alone there is nothing to hold.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn hold_on_to(&self, deliveries: impl Iterator<Item = DeliveryId>) -> Result<(), StoreError> {
        let mut deliveries = deliveries.peekable();
        if !self.is_shared() || deliveries.peek().is_none() {
            return Ok(());
        }
        let question = Sql::new(HOLD_ON).among(deliveries.map(|id| id.0)).bind(self.inner.holder());
        self.all::<DeliveryRow>("hold on to deliveries", question).await.map(drop)
    }

    /// Deliveries that a hub sent by itself and at which nobody is any more: of the last run, or of a hub that went away.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn deliveries_abandoned(&self, limit: u32) -> Result<Vec<DeliveryRow>, StoreError> {
        let question = Sql::new(ABANDONED).bind(DeliveryState::Released as u8).bind(limit);
        self.all("deliveries abandoned", question).await
    }

    /// All deliveries that concern any of these persons, oldest first.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn deliveries_of(&self, persons: &[PersonId]) -> Result<Vec<DeliveryRow>, StoreError> {
        let order = |delivery: &DeliveryRow| delivery.sequence;
        self.concerning("deliveries of persons", DELIVERIES_OF, persons, order).await
    }

    /// Deliveries that are waiting, held or sent without acknowledgement and concern any of these persons, oldest
    /// first.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn deliveries_waiting_for(&self, persons: &[PersonId]) -> Result<Vec<DeliveryRow>, StoreError> {
        let mut found = self.deliveries_of(persons).await?;
        found.retain(|delivery| delivery.state.is_unfinished());
        Ok(found)
    }

    /// Deliveries to an agency after a sequence number, oldest first. Numbers have gaps: they are not for the
    /// recipient's eyes.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn deliveries_to(
        &self,
        recipient: &AgencyId,
        after: i64,
        limit: u32,
    ) -> Result<Vec<DeliveryRow>, StoreError> {
        self.all("deliveries to agency", Sql::new(TO_AGENCY).bind(recipient).bind(after).bind(limit)).await
    }

    /// Deliveries to an agency after a sequence number, oldest first, that wait, or were released and not acknowledged.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn deliveries_to_fetch(
        &self,
        recipient: &AgencyId,
        after: i64,
        limit: u32,
    ) -> Result<Vec<DeliveryRow>, StoreError> {
        let question = Sql::new(TO_FETCH).bind(recipient).bind(after).bind(limit);
        self.all("deliveries to fetch", question).await
    }

    /// Of each recipient, in each municipality, when the oldest delivery was intended that it does not have yet.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn oldest_undelivered(&self) -> Result<Vec<OldestRow>, StoreError> {
        self.all("oldest undelivered", Sql::new(OLDEST)).await
    }

    /// Deliveries in a state, oldest first: dead letters, for one.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn deliveries_in(&self, state: DeliveryState, limit: u32) -> Result<Vec<DeliveryRow>, StoreError> {
        self.all("deliveries in state", Sql::new(IN_STATE).bind(state as u8).bind(limit)).await
    }

    /// Deliveries that wait for a basis, after one of them, in the order in which their authors are told.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn deliveries_held(
        &self,
        (at, sequence): (Time, i64),
        limit: u32,
    ) -> Result<Vec<DeliveryRow>, StoreError> {
        let question = Sql::new(HELD).bind(DeliveryState::Held as u8).bind(at).bind(sequence).bind(limit);
        self.all("deliveries held", question).await
    }

    /// One delivery.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn delivery(&self, id: DeliveryId) -> Result<Option<DeliveryRow>, StoreError> {
        self.one("delivery", Sql::new(DELIVERY).bind(id.0)).await
    }

    /// When the next waiting delivery is due.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn next_delivery_at(&self) -> Result<Option<Time>, StoreError> {
        let next: Option<NextAt> = self.one("next delivery", Sql::new(NEXT).bind(DeliveryState::Waiting as u8)).await?;
        Ok(next.map(|next| next.0))
    }

    /// What was shown of any of these persons, oldest first (S-63).
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn releases_of(&self, persons: &[PersonId]) -> Result<Vec<ReleaseRow>, StoreError> {
        let order = |release: &ReleaseRow| (release.decided_at, release.id);
        self.concerning("releases of persons", RELEASES_OF, persons, order).await
    }

    /// Decisions on record in a municipality after one of them, in the order in which they were taken.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn releases_in(
        &self,
        municipality: &Municipality,
        after: ReleaseId,
        limit: u32,
    ) -> Result<Vec<ReleaseRow>, StoreError> {
        let question = Sql::new(RELEASES_IN).bind(municipality).bind(after.0).bind(limit);
        self.all("releases of municipality", question).await
    }

    /// One release.
    ///
    /// # Errors
    /// When the database fails or holds a row that cannot have been written.
    pub async fn release(&self, id: ReleaseId) -> Result<Option<ReleaseRow>, StoreError> {
        self.one("release", Sql::new(RELEASE).bind(id.0)).await
    }
}
