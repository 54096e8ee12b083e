//! What a running hub does by itself: checkpoints every minute (S-33), and the time that the next start must not fall
//! behind (rule F05).

use crate::hub::held::HeldLooks;
use crate::hub::{Hub, Refusal};
use crate::store::{Change, Row};
use musubi_core::time::Time;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Between two checkpoints of a log that grows (S-33).
const CHECKPOINT_EVERY: Duration = Duration::from_secs(60);
/// Between two looks at what waits for a basis.
const HELD_EVERY: Duration = Duration::from_secs(60);
/// Setting of the store: the time of the last decision, in microseconds.
const LATEST: &str = "decided_until";

/// Writes checkpoints until told to stop.
pub(super) async fn checkpoints(hub: Hub, stop: CancellationToken) {
    while stop.run_until_cancelled(tokio::time::sleep(CHECKPOINT_EVERY)).await.is_some() {
        let done = async {
            hub.store.checkpoint().await?;
            remember(&hub).await
        };
        if let Err(refusal) = done.await {
            tracing::error!(%refusal, "no checkpoint was written");
        }
    }
}

/// Looks after what waits for a basis, at the start and every minute, until told to stop.
pub(super) async fn held(hub: Hub, stop: CancellationToken) {
    let mut looks = HeldLooks::default();
    loop {
        if let Err(refusal) = hub.look_after_held(&mut looks).await {
            tracing::error!(%refusal, "what waits for a basis is not looked at");
        }
        if stop.run_until_cancelled(tokio::time::sleep(HELD_EVERY)).await.is_none() {
            break;
        }
    }
}

/// Puts the time of decisions on file.
pub(super) async fn remember(hub: &Hub) -> Result<(), Refusal> {
    let rows = vec![Row::Setting { name: LATEST.to_owned(), value: hub.now().micros().to_string() }];
    hub.store.commit("remember the time", Change { rows, ..Change::default() }).await?;
    Ok(())
}

/// What had expired when the hub last ran stays expired.
pub(super) async fn not_before_the_last_run(hub: &Hub) -> Result<(), Refusal> {
    let latest = hub.store.setting(LATEST).await?;
    if let Some(micros) = latest.and_then(|text| text.parse::<i64>().ok()) {
        hub.clock.not_before(Time::from_micros(micros));
    }
    Ok(())
}
