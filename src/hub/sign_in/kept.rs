//! What the sign-in keeps in the store: sealed under the hub's key, found by a blinded key, changed only from where it was read.

use crate::entropy;
use crate::hub::{Hub, Refusal};
use crate::store::{Change, Expect, Row, SignInKind, SignInRow, StoreError};
use musubi_core::agency::AgencyId;
use musubi_core::sealing::{Aad, Blind};
use musubi_core::sign_in::{Account, Attempts, Session};
use musubi_core::time::Time;
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

/// Rows that are taken away at once.
const SWEPT_MAX: u32 = 500;

/// Something that is kept.
pub(super) trait Keepable: Serialize + DeserializeOwned {
    const KIND: SignInKind;
}

impl Keepable for Account {
    const KIND: SignInKind = SignInKind::Account;
}

impl Keepable for Session {
    const KIND: SignInKind = SignInKind::Session;
}

impl Keepable for Attempts {
    const KIND: SignInKind = SignInKind::Attempts;
}

/// As it was read.
pub(super) struct Kept<T> {
    key: Blind,
    version: u64,
    /// `None` when there is nothing yet.
    pub(super) value: Option<T>,
}

impl<T> Kept<T> {
    /// Nothing is kept under this key.
    pub(super) fn nothing(key: Blind) -> Self {
        Kept { key, version: 0, value: None }
    }
}

impl Hub {
    /// Reads what is kept under a key. What does not open lets nobody in.
    pub(super) async fn kept<T: Keepable>(&self, key: Blind) -> Result<Kept<T>, Refusal> {
        match self.store.sign_in(key).await? {
            Some(row) => Ok(Kept { key, version: row.version, value: Some(self.opened_sign_in(&row)?) }),
            None => Ok(Kept::nothing(key)),
        }
    }

    /// What a row says.
    pub(super) fn opened_sign_in<T: Keepable>(&self, row: &SignInRow) -> Result<T, Refusal> {
        let place = place(row.key, row.version);
        let opened = (row.kind == T::KIND).then(|| self.keyring.hub.open(&place, &row.body).ok()).flatten();
        let read = opened.and_then(|plain| serde_json::from_slice(&plain).ok());
        let (table, column, key) = (SignInRow::TABLE, "body", place.row);
        read.ok_or_else(|| StoreError::Corrupt { table, column, key }.into())
    }

    /// Writes a value in place of what was read, if nobody changed that meanwhile.
    pub(super) fn keep<T: Keepable>(
        &self,
        change: &mut Change,
        (agency, kept): (&AgencyId, &Kept<T>),
        value: &T,
        ends_at: Option<Time>,
    ) -> Result<(), Refusal> {
        let version = kept.version.saturating_add(1);
        let place = place(kept.key, version);
        let (table, column, key) = (SignInRow::TABLE, "body", place.row);
        let plain = serde_json::to_vec(value).map_err(|_| StoreError::Corrupt { table, column, key })?;
        let body = self.keyring.hub.seal(entropy::bytes(), &place, &plain);
        change.expect.push(Expect::SignIn { key: kept.key, version: kept.version });
        let row = SignInRow { key: kept.key, kind: T::KIND, agency: agency.clone(), version, ends_at, body };
        change.rows.push(Row::SignIn(row));
        Ok(())
    }

    /// Takes away what has ended: sessions, and tries that no longer count.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn sweep_sign_ins(&self) -> Result<(), Refusal> {
        let mut change = Change::default();
        for row in self.store.sign_ins_ended(self.now(), SWEPT_MAX).await? {
            change.expect.push(Expect::SignIn { key: row.key, version: row.version });
            change.rows.push(Row::SignInEnded(row.key));
        }
        if change.rows.is_empty() {
            return Ok(());
        }
        match self.store.commit("sweep sign-ins", change).await {
            // Somebody came back meanwhile: the next look finds the others.
            Ok(_) | Err(StoreError::Conflict(_)) => Ok(()),
            Err(other) => Err(other.into()),
        }
    }
}

/// A row opens under its own key and at its own version alone.
fn place(key: Blind, version: u64) -> Aad<'static> {
    let row = key.0.first_chunk().map_or(Uuid::nil(), |bytes| Uuid::from_bytes(*bytes));
    Aad::version(SignInRow::TABLE, row, version)
}
