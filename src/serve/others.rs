//! What other hubs on the same database do is seen here: within a second an agency that one of them suspended is shut out by
//! all (S-09), and a hub whose policy is no longer the newest says that it is not ready.

use crate::edge::tls::ServerTls;
use crate::hub::Hub;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Looks until told to stop. A store of one hub has nothing to look for.
pub(super) async fn see(hub: Hub, tls: [Arc<ServerTls>; 2], stop: CancellationToken) {
    if !hub.store.is_shared() {
        return;
    }
    while stop.run_until_cancelled(tokio::time::sleep(LOOK_EVERY)).await.is_some() {
        match hub.catch_up().await {
            Ok(suspended) => {
                for agency in suspended {
                    let cut: usize = tls.iter().map(|listener| listener.connections().cut_agency(&agency)).sum();
                    tracing::warn!(%agency, connections = cut, "an agency was suspended by another hub");
                }
            }
            Err(refusal) => tracing::error!(%refusal, "what other hubs changed is not seen"),
        }
    }
}
