//! Orders of the operator to a hub that runs: files in the folder `orders` of its data folder, which only the hub's own
//! user may enter. A suspension takes effect within a second and needs no authority (S-09).

use crate::ca::secret_folder;
use crate::digits::hex;
use crate::edge::tls::ServerTls;
use crate::entropy;
use crate::hub::enrol::Enrolment;
use crate::hub::recipients::RecipientOrder;
use crate::hub::sign_in::Officer;
use crate::hub::{Hub, Refusal};
use musubi_core::id::{DeliveryId, PersonId};
use musubi_verify::whole::{self, Readers};
use serde::{Deserialize, Serialize};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Folder of the orders, in the data folder.
const ORDERS: &str = "orders";
/// Between two looks into it.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Longest order, in bytes.
const ORDER_BYTES_MAX: u64 = 1024 * 1024;

/// What the operator may order.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// A change of the register.
    Register(Enrolment),
    /// That a dead letter is sent again.
    Replay(DeliveryId),
    /// A change of who can open backups.
    Recipients(RecipientOrder),
    /// That the keys of a person be destroyed: asked for by one operator, done when another asks too.
    Destroy(PersonId),
    /// Somebody who keeps the staff of an agency: proposed by one operator, confirmed by another.
    Officer(Officer),
}

impl What {
    /// Has the hub do it.
    ///
    /// # Errors
    /// When the hub refuses.
    pub async fn carry_out(self, hub: &Hub, by: &str) -> Result<(), Refusal> {
        match self {
            What::Register(enrolment) => hub.enrol(enrolment, by).await,
            What::Recipients(order) => hub.change_recipients(order, by).await,
            What::Destroy(person) => hub.destroy(person, by).await,
            What::Officer(officer) => hub.order_officer(officer, by).await,
            What::Replay(id) => hub.replay_by_operator(id, by, false).await.map(drop),
        }
    }
}

/// An order with its giver.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// What is to be done.
    pub what: What,
    /// Who orders it: a name of the operator's, for the audit log.
    pub by: String,
}

/// What became of an order that was left for a running hub.
#[derive(Debug, PartialEq, Eq)]
pub enum Fate {
    /// The hub has carried it out.
    Done,
    /// The hub refused, with its words.
    Refused(String),
    /// Nobody has looked at it in time; it is taken back.
    Unread,
}

/// Carries out what is found, in the order of its names, until told to stop.
pub async fn carry_out(hub: Hub, data: PathBuf, tls: [Arc<ServerTls>; 2], stop: CancellationToken) {
    let folder = data.join(ORDERS);
    while stop.run_until_cancelled(tokio::time::sleep(LOOK_EVERY)).await.is_some() {
        for path in waiting(&folder) {
            let answer = path.with_extension("refused");
            if let Err(words) = one(&hub, &path, &tls).await {
                tracing::error!(%words, "an order of the operator was refused");
                fs::write(&answer, words).ok();
            }
            if let Err(error) = fs::remove_file(&path) {
                tracing::error!(kind = %error.kind(), "an order cannot be taken away");
            }
        }
    }
}

fn waiting(folder: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(folder).into_iter().flatten().flatten().map(|file| file.path());
    let mut orders: Vec<PathBuf> = files.filter(|path| path.extension().is_some_and(|e| e == "json")).collect();
    orders.sort();
    orders
}

async fn one(hub: &Hub, path: &Path, tls: &[Arc<ServerTls>; 2]) -> Result<(), String> {
    let unreadable = |error: io::Error| format!("the order cannot be read: {}", error.kind());
    if fs::metadata(path).map_err(unreadable)?.len() > ORDER_BYTES_MAX {
        return Err("the order is longer than 1 MiB".to_owned());
    }
    let text = fs::read(path).map_err(unreadable)?;
    let Order { what, by } = serde_json::from_slice(&text)
        .map_err(|error| format!("the order is not of its form (line {}, column {})", error.line(), error.column()))?;
    let suspended = match &what {
        What::Register(Enrolment::Suspend(agency)) => Some(agency.clone()),
        _ => None,
    };
    what.carry_out(hub, &by).await.map_err(|refusal| refusal.to_string())?;
    if let Some(agency) = suspended {
        let cut: usize = tls.iter().map(|listener| listener.connections().cut_agency(&agency)).sum();
        tracing::warn!(%agency, connections = cut, "an agency was suspended");
    }
    Ok(())
}

/// Leaves an order for the hub that runs on a data folder, and waits for it to be carried out.
///
/// # Errors
/// When the file cannot be written.
pub async fn leave(data: &Path, order: &Order, patience: Duration) -> io::Result<Fate> {
    let folder = data.join(ORDERS);
    secret_folder(&folder).map_err(io::Error::other)?;
    let name = hex(&entropy::bytes::<8>());
    let path = folder.join(format!("{name}.json"));
    whole::put(&path, &serde_json::to_vec(order).map_err(io::Error::other)?, Readers::Owner)?;
    let refused = path.with_extension("refused");
    let gone = async {
        while path.exists() {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    if tokio::time::timeout(patience, gone).await.is_err() {
        fs::remove_file(&path)?;
        return Ok(Fate::Unread);
    }
    match fs::read_to_string(&refused) {
        Ok(words) => {
            fs::remove_file(&refused)?;
            Ok(Fate::Refused(words))
        }
        Err(_) => Ok(Fate::Done),
    }
}
