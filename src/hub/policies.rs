//! Which policy was in force when: a delivery may wait from one to the next, and its audit entry then names both (F06).

use super::Refusal;
use crate::digits::{hex, unhex};
use crate::store::{Change, Row, Store};
use musubi_core::consent::Policy;
use musubi_core::time::Time;

/// Setting of the store: the policy of the last start.
const CURRENT: &str = "policy_hash";
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
    /// Reads them, and counts the epoch up when the files are not those of the last start.
    pub(super) async fn read(store: &Store, policy: &Policy, now: Time) -> Result<Self, Refusal> {
        let hash = hex(&policy.hash());
        let mut epoch = store.policy_epoch().await?;
        if store.setting(CURRENT).await?.as_deref() != Some(hash.as_str()) {
            epoch += 1;
            let began = Row::Setting { name: name(epoch), value: format!("{} {hash}", now.micros()) };
            let rows = vec![Row::PolicyEpoch(epoch), Row::Setting { name: CURRENT.to_owned(), value: hash }, began];
            store.commit("load policy", Change { rows, ..Change::default() }).await?;
        }
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
