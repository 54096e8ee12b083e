//! An order of the operator: through the hub that runs on the data folder, or carried out there directly when none does.

use super::place::{Place, fault, wait};
use super::{Exit, Failure, Terminal};
use crate::clock::Clock;
use crate::config::Config;
use crate::orders::{Fate, Order, What, leave};
use crate::serve::{StartError, open_hub};
use crate::store::StoreError;
use clap::Args;
use std::sync::Arc;
use std::time::Duration;

/// Time for a running hub to carry out an order.
const PATIENCE: Duration = Duration::from_secs(10);

/// Which hub, and who orders.
#[derive(Debug, Args)]
pub(super) struct Ordered {
    #[command(flatten)]
    place: Place,
    /// Who orders it, for the audit log: an id, not a name
    #[arg(long, value_name = "STAFF_ID")]
    by: String,
}

impl Ordered {
    /// The hub's settings.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(super) fn config(&self) -> Result<Config, Failure> {
        self.place.config()
    }

    /// Who orders.
    pub(super) fn by(&self) -> &str {
        &self.by
    }
}

/// Has something done.
///
/// # Errors
/// When it was refused, or the data folder cannot be used.
pub(super) fn carry_out(ordered: &Ordered, what: What, terminal: &Terminal<'_>) -> Result<Exit, Failure> {
    let order = Order { what, by: ordered.by.clone() };
    match wait(done(&ordered.config()?, &order, Arc::clone(&terminal.clock)))? {
        Fate::Done => Ok(Exit::Success),
        Fate::Refused(words) => Err(Failure::Fault(words)),
        Fate::Unread => Err(Failure::Fault(
            "the running hub did not take the order; it was taken back / 稼働中のハブが応じないため取り消しました"
                .to_owned(),
        )),
    }
}

async fn done(config: &Config, order: &Order, clock: Arc<dyn Clock>) -> Result<Fate, Failure> {
    let hub = match open_hub(config, clock).await {
        Ok(hub) => hub,
        Err(StartError::Store(StoreError::Unavailable { at: "open folder", .. })) => {
            return leave(&config.data.folder, order, PATIENCE).await.map_err(Failure::Output);
        }
        Err(other) => return Err(fault(other)),
    };
    let done = order.what.clone().carry_out(&hub, &order.by).await;
    hub.store.close().await.map_err(fault)?;
    Ok(match done {
        Ok(()) => Fate::Done,
        Err(refusal) => Fate::Refused(refusal.to_string()),
    })
}
