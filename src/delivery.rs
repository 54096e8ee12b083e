//! Deliveries that the hub makes by itself: into folders. What waits to be fetched is not touched here.
//!
//! The queue holds intentions; each attempt is decided at that moment, its release put on record, and only then
//! written. A folder that is gone, or hangs, holds up nobody but its own recipient.

mod folder;

use crate::hub::register::Agency;
use crate::hub::{Hub, Refusal};
use crate::store::{DeliveryRow, DeliveryState};
use musubi_core::agency::AgencyId;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Channels that this serves.
const FOLDER: &str = "folder:";
/// Between two looks at the queue. Short, because the clock of decisions may be moved by hand.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// Deliveries of one look.
const DUE_MAX: u32 = 256;
/// Most that are looked at, when recipients who hang have so many waiting.
const DUE_MOST: u32 = 65_536;
/// Time for a folder to take one delivery. After that its recipient counts as hanging until the write returns.
const WRITE_MAX: Duration = Duration::from_secs(30);
/// Minutes after which a recipient who is suspended, or no longer subscribes, is looked at again.
const AGAIN_MINUTES: i64 = 10;

/// Serves the queue of one hub.
pub struct Deliverer {
    hub: Hub,
    data: PathBuf,
}

impl Deliverer {
    /// Folders that are not absolute are taken from `data`.
    pub fn new(hub: Hub, data: PathBuf) -> Self {
        Deliverer { hub, data }
    }

    /// Delivers until told to stop; what is being written then is finished.
    pub async fn run(self, stop: CancellationToken) {
        if let Err(refusal) = self.hub.deliver_unfinished_again(FOLDER).await {
            tracing::error!(%refusal, "deliveries of the last run are not looked at");
        }
        let deliverer = Arc::new(self);
        let (mut at_work, mut busy) = (JoinSet::new(), BTreeSet::new());
        loop {
            while let Some(Ok(done)) = at_work.try_join_next() {
                busy.remove(&done);
            }
            match deliverer.due(&busy).await {
                Ok(due) => {
                    for (recipient, rows) in due {
                        busy.insert(recipient.clone());
                        let deliverer = Arc::clone(&deliverer);
                        at_work.spawn(async move {
                            deliverer.all_to(rows).await;
                            recipient
                        });
                    }
                }
                Err(refusal) => tracing::error!(%refusal, "the queue of deliveries cannot be read"),
            }
            tokio::select! {
                () = stop.cancelled() => break,
                () = deliverer.hub.deliveries.notified() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
                Some(Ok(done)) = at_work.join_next() => { busy.remove(&done); }
            }
        }
        let finished = async { while at_work.join_next().await.is_some() {} };
        tokio::time::timeout(WRITE_MAX, finished).await.ok();
    }

    /// What is due, by recipient, oldest first; not for those who are busy.
    async fn due(&self, busy: &BTreeSet<AgencyId>) -> Result<BTreeMap<AgencyId, Vec<DeliveryRow>>, Refusal> {
        let mut limit = DUE_MAX;
        loop {
            let rows = self.hub.store.deliveries_due(self.hub.now(), limit).await?;
            let all = rows.len() < limit as usize;
            let mut due: BTreeMap<AgencyId, Vec<DeliveryRow>> = BTreeMap::new();
            for row in rows.into_iter().filter(|row| row.format.starts_with(FOLDER) && !busy.contains(&row.recipient)) {
                due.entry(row.recipient.clone()).or_default().push(row);
            }
            if all || !due.is_empty() || limit >= DUE_MOST {
                return Ok(due);
            }
            limit = limit.saturating_mul(4);
        }
    }

    async fn all_to(&self, rows: Vec<DeliveryRow>) {
        for row in rows {
            if let Err(refusal) = self.one(&row).await {
                self.hub.delivery_unreadable(&row, &refusal).await;
            }
        }
    }

    async fn one(&self, row: &DeliveryRow) -> Result<(), Refusal> {
        let now = self.hub.now();
        let recipient = self.hub.register.agency(&row.recipient).filter(|agency| agency.active);
        let Some(folder) = recipient.and_then(|agency| self.folder(&agency, row)) else {
            return self.hub.delivery_waits(row, now.plus_minutes(AGAIN_MINUTES)).await;
        };
        if let Some(earlier) = self.hub.delivered_before(row).await? {
            // One that is due is taken first at the next look, and what follows it then.
            let until =
                if earlier.state == DeliveryState::Sent { now.plus_minutes(1) } else { earlier.next_at.max(now) };
            return self.hub.delivery_waits(row, until).await;
        }
        let probed = folder.clone();
        let answers = tokio::task::spawn_blocking(move || folder::answers(&probed));
        if !matches!(tokio::time::timeout(WRITE_MAX, answers).await, Ok(Ok(true))) {
            return self.hub.delivery_unreachable(row, "folder").await;
        }
        let Some(ready) = self.hub.release_delivery(row, &[]).await? else { return Ok(()) };
        let sent = ready.delivery.clone();
        let name = sent.id.to_string();
        let writing = tokio::task::spawn_blocking(move || folder::put(&folder, &name, &ready.renderings));
        match tokio::time::timeout(WRITE_MAX, writing).await {
            Ok(Ok(Ok(()))) => self.hub.delivery_done(&sent).await,
            Ok(Ok(Err(error))) => {
                tracing::warn!(agency = %sent.recipient, delivery = %sent.id, kind = %error.kind(), "not delivered");
                self.hub.delivery_failed(&sent, "folder").await
            }
            Ok(Err(_)) | Err(_) => {
                tracing::error!(agency = %sent.recipient, delivery = %sent.id, "the folder does not answer");
                self.hub.delivery_failed(&sent, "folder-hangs").await
            }
        }
    }

    fn folder(&self, recipient: &Agency, row: &DeliveryRow) -> Option<PathBuf> {
        let wanted = recipient.settings.subscriptions.iter();
        let found = wanted.filter(|wanted| wanted.purpose == row.purpose).find(|wanted| wanted.channel() == row.format);
        found.and_then(|subscription| subscription.folder.as_ref()).map(|folder| self.data.join(folder))
    }
}
