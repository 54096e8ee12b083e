//! Several hubs on one database: what one keeps in memory, another may have changed.

use super::{Hub, Refusal};
use crate::digits::{hex, unhex};
use crate::entropy;
use crate::hub::refusal::RefusalKind;
use crate::store::{Change, Row, StoreError};
use musubi_core::adapter::Diagnostic;
use musubi_core::agency::AgencyId;
use musubi_core::audit::{LeafHash, Receipt};
use musubi_core::sealing::{Aad, WrappedKey};
use std::sync::atomic::Ordering;
use uuid::Uuid;

/// Setting of the store: by what a hub knows that its keys are those of this store.
const KEYS: &str = "keyring";

impl Hub {
    /// Sees what other hubs have changed since the last look: the register, and whether the policy is still this hub's.
    /// Returns the agencies that were suspended meanwhile.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn catch_up(&self) -> Result<Vec<AgencyId>, Refusal> {
        let newer = self.store.policy_epoch().await? != self.policies.epoch;
        if newer && !self.outdated.swap(true, Ordering::Relaxed) {
            tracing::error!(
                "another hub decides by another policy: this one releases nothing until it is started anew"
            );
        }
        self.register.catch_up(&self.store).await
    }

    /// Does this hub still decide by the policy that the store knows? If not, it can release nothing.
    pub fn is_current(&self) -> bool {
        !self.outdated.load(Ordering::Relaxed)
    }

    /// Refuses to work with keys that are not those of the store: a second hub whose keys were made anew would seal what
    /// the first cannot open.
    ///
    /// # Errors
    /// When the keys are others, or the store fails.
    pub async fn recognise_keys(&self) -> Result<(), Refusal> {
        let keys = &self.keyring;
        let known = Receipt { origin: KEYS.to_owned(), index: 0, leaf: LeafHash(keys.blind.blind(KEYS, "").0) };
        let known = hex(&known.sign(&keys.signing).signature);
        match self.store.setting(KEYS).await? {
            Some(text) if self.are_those(&text, &known) => Ok(()),
            Some(_) => Err(other_keys()),
            None => {
                let wrapped = keys.key_encryption.wrap(entropy::bytes(), Uuid::nil(), &keys.hub);
                let value = format!("{known} {}", hex(wrapped.as_bytes()));
                let rows = vec![Row::Setting { name: KEYS.to_owned(), value }];
                match self.store.commit("recognise keys", Change { rows, ..Change::default() }).await {
                    // A log that does not verify has been told of; the store stays readable.
                    Ok(_) | Err(StoreError::Tampered(_)) => Ok(()),
                    Err(error) => Err(error.into()),
                }
            }
        }
    }

    /// The signing and the blind key make the first part; the key-encryption key opens the second, which is the hub's key.
    fn are_those(&self, text: &str, known: &str) -> bool {
        let keys = &self.keyring;
        let Some((first, wrapped)) = text.split_once(' ') else { return false };
        let wrapped = unhex(wrapped).map(WrappedKey::from_stored);
        let hub = wrapped.and_then(|wrapped| keys.key_encryption.unwrap(Uuid::nil(), &wrapped).ok());
        let aad = Aad::row(KEYS, Uuid::nil());
        first == known && hub.is_some_and(|hub| hub.open(&aad, &keys.hub.seal(entropy::bytes(), &aad, b"")).is_ok())
    }
}

fn other_keys() -> Refusal {
    Refusal::new(
        RefusalKind::Conflict,
        Diagnostic::error(
            "M820",
            "data.folder",
            "鍵フォルダの鍵がこのデータベースのものではありません。最初のハブの鍵フォルダを複製してください",
            "the keys in the data folder are not those of this database; copy the folder `keys` of the hub that made it",
        ),
    )
}
