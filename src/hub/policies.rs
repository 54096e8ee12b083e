//! Which policy was in force when: a delivery may wait from one to the next, and its audit entry then names both (F06).

use super::Refusal;
use super::ledger::leaf_of_hub;
use crate::digits::{hex, unhex};
use crate::entropy;
use crate::store::{Change, Keyring, Row, Store, StoreError};
use musubi_core::audit::AuditEntry;
use musubi_core::consent::{Policy, RaisedCodes};
use musubi_core::id::uuid_v7;
use musubi_core::reviewed::Reviewed;
use musubi_core::time::Time;

/// Setting of the store: the policy of the last start.
const CURRENT: &str = "policy_hash";
/// Setting of the store: the files of the last start, as JSON, so that the next policy can be compared with them.
const FILES: &str = "policy_files";
/// Setting of the store: the codes of the last start, for the same.
const CODES: &str = "policy_codes";
/// Most earlier policies that are remembered in memory: years of them.
const REMEMBERED: u64 = 64;

/// The policy of this process among those before it.
pub struct Policies {
    /// Counted up with each policy.
    pub epoch: u64,
    /// From when on the current one has been in force, where that is known.
    since: Option<Time>,
    /// Those before, the last first, with the moment of each.
    earlier: Vec<(Time, [u8; 32])>,
}

impl Policies {
    /// Reads them. A hub that writes puts its own on record first, where it is not that of the last start.
    pub(super) async fn read(
        store: &Store,
        keyring: &Keyring,
        reviewed: &Reviewed,
        now: Time,
    ) -> Result<Self, Refusal> {
        if store.writes() {
            record(store, keyring, reviewed, now).await?;
        }
        let epoch = store.policy_epoch().await?;
        let since = of_epoch(store, epoch).await?.map(|(since, _)| since);
        let mut earlier = Vec::new();
        for before in (epoch.saturating_sub(REMEMBERED)..epoch).rev() {
            match of_epoch(store, before).await? {
                Some(known) => earlier.push(known),
                None => break,
            }
        }
        Ok(Policies { epoch, since, earlier })
    }

    /// The policy that was in force at a moment, where it is not the current one.
    pub fn before(&self, at: Time) -> Option<[u8; 32]> {
        self.since.filter(|since| at < *since)?;
        self.earlier.iter().find(|(since, _)| *since <= at).map(|(_, hash)| *hash)
    }
}

/// Counts the epoch up when the files are not those of the last start, and keeps them for the next one.
async fn record(
    store: &Store,
    keyring: &Keyring,
    Reviewed { policy, codes, .. }: &Reviewed,
    now: Time,
) -> Result<(), Refusal> {
    let hash = hex(&policy.hash());
    let (before, mut rows) = (store.setting(CURRENT).await?, Vec::new());
    if before.as_deref() != Some(hash.as_str()) {
        let epoch = store.policy_epoch().await?.saturating_add(1);
        let files = serde_json::to_string(policy.files()).map_err(|_| Refusal::kept_changing())?;
        rows.push(Row::PolicyEpoch(epoch));
        rows.push(Row::Setting { name: name(epoch), value: format!("{} {hash}", now.micros()) });
        rows.push(Row::Setting { name: FILES.to_owned(), value: files });
        rows.push(Row::Setting { name: CURRENT.to_owned(), value: hash });
    }
    // They raise categories when something is taken in: no decision on what is there changes with them, and no epoch.
    if store.setting(CODES).await?.as_deref() != Some(codes.file()) {
        rows.push(Row::Setting { name: CODES.to_owned(), value: codes.file().to_owned() });
    }
    if rows.is_empty() {
        return Ok(());
    }
    let entry = AuditEntry {
        time: now.micros(),
        action: "load policy".to_owned(),
        policy_hash: policy.hash().to_vec(),
        policy_before: before.as_deref().and_then(unhex).unwrap_or_default(),
        note: format!("codes {}", hex(&codes.hash())),
        ..AuditEntry::default()
    };
    let leaves = vec![leaf_of_hub(keyring, uuid_v7(now, entropy::bytes()), &entry)];
    store.commit("load policy", Change { rows, leaves, ..Change::default() }).await?;
    Ok(())
}

/// The policy of the last start.
pub enum Last {
    /// There was no start before.
    None,
    /// This one. Of a start before the codes were kept too, they count as those of this program; the schedule always does.
    Known(Box<Reviewed>),
    /// One whose files are not kept, or that this program cannot read any more.
    Unknown,
}

impl Last {
    /// Reads it.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn read(store: &Store) -> Result<Self, StoreError> {
        let Some(hash) = store.setting(CURRENT).await? else { return Ok(Last::None) };
        let kept = store.setting(FILES).await?;
        let kept = kept.and_then(|text| serde_json::from_str::<[String; 3]>(&text).ok());
        let kept = kept.and_then(|[matrix, grounds, masks]| Policy::load(&matrix, &grounds, &masks).ok());
        let known = kept.into_iter().chain([Policy::reviewed()]).find(|policy| hex(&policy.hash()) == hash);
        let codes = store.setting(CODES).await?;
        let codes = codes.map_or_else(|| Some(RaisedCodes::reviewed()), |text| RaisedCodes::load(&text).ok());
        let known = known.zip(codes).map(|(policy, codes)| Reviewed { policy, codes, ..Reviewed::shipped() });
        Ok(known.map_or(Last::Unknown, |reviewed| Last::Known(Box::new(reviewed))))
    }
}

fn name(epoch: u64) -> String {
    format!("policy {epoch}")
}

async fn of_epoch(store: &Store, epoch: u64) -> Result<Option<(Time, [u8; 32])>, Refusal> {
    let Some(text) = store.setting(&name(epoch)).await? else { return Ok(None) };
    let read = text
        .split_once(' ')
        .and_then(|(since, hash)| Some((Time::from_micros(since.parse().ok()?), unhex(hash)?.try_into().ok()?)));
    Ok(read)
}
