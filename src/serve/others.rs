//! What other hubs on the same database do, or left undone, is seen here: within a second an agency that one of them suspended is shut out by
//! all (S-09), a contradiction that a witness showed to one closes all (S-38), and a hub whose policy is no longer the newest says that it is
//! not ready.

use crate::delivery::CHANNELS;
use crate::edge::tls::ServerTls;
use crate::hub::Hub;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Looks after which deliveries that another hub left are taken over.
const LOOKS_TO_TAKE_OVER: u32 = 20;

/// Looks until told to stop. A store of one hub has nothing to look for.
pub(super) async fn see(hub: Hub, tls: [Arc<ServerTls>; 2], stop: CancellationToken) {
    if !hub.store.is_shared() {
        return;
    }
    let mut looks = 0_u32;
    while stop.run_until_cancelled(tokio::time::sleep(LOOK_EVERY)).await.is_some() {
        looks = looks.wrapping_add(1);
        if looks.is_multiple_of(LOOKS_TO_TAKE_OVER)
            && let Err(refusal) = hub.deliver_unfinished_again(&CHANNELS).await
        {
            tracing::error!(%refusal, "what another hub left is not taken over");
        }
        if let Err(refusal) = hub.close_where_contradicted().await {
            tracing::error!(%refusal, "whether another hub was closed is not seen");
        }
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
