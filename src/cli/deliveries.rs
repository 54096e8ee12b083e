//! `musubi deliveries`: what waits, what was given up, and to send it again. Reads the data folder; what changes something goes
//! to the hub that runs there, or is done directly when none does.

use super::order::{Ordered, carry_out};
use super::place::{Place, fault, wait};
use super::{Exit, Failure, Terminal};
use crate::clock::Clock;
use crate::config::Config;
use crate::entropy;
use crate::hub::Hub;
use crate::hub::dead_letters::Replay;
use crate::orders::What;
use crate::serve::reviewed;
use crate::store::{DeliveryRow, DeliveryState, Keyring, Settings, Store};
use clap::{Args, Subcommand};
use musubi_core::id::DeliveryId;
use musubi_core::time::Time;
use std::io::Write;
use std::sync::Arc;

/// Most deliveries of one state in a list.
const LISTED_MAX: u32 = 10_000;
/// States of deliveries with which something is still to be done.
const UNDONE: [DeliveryState; 6] = [
    DeliveryState::Waiting,
    DeliveryState::Released,
    DeliveryState::Held,
    DeliveryState::Dead,
    DeliveryState::Ambiguous,
    DeliveryState::Rejected,
];

/// Arguments of `musubi deliveries`.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: DeliveriesCommand,
}

#[derive(Debug, Subcommand)]
enum DeliveriesCommand {
    /// List what waits and what was given up, one a line: id, state, recipient, purpose, channel, attempts, reason, next (一覧)
    #[command(after_help = "\
States: received (in custody, waits for a basis), committed (waits for its first attempt), released (decided, and nothing of it has \
left), sent (leaving or gone, not answered), failed-transient (is tried again), failed-ambiguous (nobody knows whether it arrived), \
rejected and dead (a person must look); acknowledged and suppressed ones are not listed.")]
    List {
        #[command(flatten)]
        place: Place,
        /// Only what no further attempt is made of
        #[arg(long)]
        dead: bool,
    },
    /// Say everything about one delivery but what it says (詳細)
    Show {
        #[command(flatten)]
        place: Place,
        #[arg(value_parser = id_of)]
        id: DeliveryId,
    },
    /// Send one again that was given up (再送)
    Replay {
        #[command(flatten)]
        order: Ordered,
        #[arg(value_parser = id_of)]
        id: DeliveryId,
        /// Send nothing; say what would be shown more or less than the last time, what would be handed over, and how that differs
        #[arg(long)]
        dry_run: bool,
    },
}

fn id_of(text: &str) -> Result<DeliveryId, String> {
    DeliveryId::parse(text).ok_or_else(|| "the id of a delivery, as `musubi deliveries list` prints it".to_owned())
}

/// Lists, shows, or sends again.
///
/// # Errors
/// When the data folder cannot be used, or there is no such delivery.
pub fn run(arguments: &Arguments, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    match &arguments.command {
        DeliveriesCommand::List { place, dead } => {
            let rows = wait(listed(&place.config()?, *dead))?;
            rows.iter().try_for_each(|row| line(&mut terminal.out, row))?;
        }
        DeliveriesCommand::Show { place, id } => {
            let row = wait(one(&place.config()?, *id))?;
            show(&mut terminal.out, &row)?;
        }
        DeliveriesCommand::Replay { order, id, dry_run: true } => {
            let config = order.config()?;
            let replay = wait(compare(&config, *id, order.by(), Arc::clone(&terminal.clock)))?;
            compared(&mut terminal.out, &replay)?;
        }
        DeliveriesCommand::Replay { order, id, dry_run: false } => {
            return carry_out(order, What::Replay(*id), terminal);
        }
    }
    Ok(Exit::Success)
}

async fn reading(config: &Config) -> Result<Store, Failure> {
    let settings = Settings { hub: config.hub.origin.clone(), ..Settings::default() };
    Store::open_reading_at(&config.data.location().map_err(fault)?, settings).await.map_err(fault)
}

async fn listed(config: &Config, dead: bool) -> Result<Vec<DeliveryRow>, Failure> {
    let store = reading(config).await?;
    let mut rows = Vec::new();
    for state in UNDONE.into_iter().filter(|state| !dead || state.is_dead_letter()) {
        rows.extend(store.deliveries_in(state, LISTED_MAX).await.map_err(fault)?);
    }
    rows.sort_by_key(|row| row.sequence);
    Ok(rows)
}

async fn one(config: &Config, id: DeliveryId) -> Result<DeliveryRow, Failure> {
    let row = reading(config).await?.delivery(id).await.map_err(fault)?;
    row.ok_or_else(|| Failure::Fault(format!("{id}: no such delivery / この番号の配信はありません")))
}

/// Decides on the data as it lies there, whether its hub runs or not; nothing is written.
async fn compare(config: &Config, id: DeliveryId, by: &str, clock: Arc<dyn Clock>) -> Result<Replay, Failure> {
    let store = reading(config).await?;
    let keyring = Keyring::open(&config.data.folder, &config.hub.origin, &mut entropy::fill).map_err(fault)?;
    let reviewed = reviewed(config.policy.folder.as_deref()).map_err(fault)?;
    let hub = Hub::open(store, keyring, reviewed, clock).await.map_err(fault)?;
    hub.replay_by_operator(id, by, true).await.map_err(fault)
}

fn line(out: &mut dyn Write, row: &DeliveryRow) -> std::io::Result<()> {
    let reason = if row.reason.is_empty() { "-" } else { &row.reason };
    let (stage, next) = (row.stage(), next(row));
    let DeliveryRow { id, recipient, purpose, format, attempts, .. } = row;
    writeln!(out, "{id} {stage} {recipient} {purpose} {format} {attempts} {reason} {next}")
}

/// When it is tried next, or must have been looked at; `-` where nothing happens by itself.
fn next(row: &DeliveryRow) -> String {
    let by_itself = !row.format.starts_with("receive:") || row.state.is_dead_letter();
    let waits = matches!(row.state, DeliveryState::Waiting | DeliveryState::Released) || row.state.is_dead_letter();
    if by_itself && waits { row.next_at.rfc3339() } else { "-".to_owned() }
}

fn show(out: &mut dyn Write, row: &DeliveryRow) -> std::io::Result<()> {
    writeln!(out, "id          {}", row.id)?;
    writeln!(out, "state       {}", row.stage())?;
    writeln!(out, "recipient   {}", row.recipient)?;
    writeln!(out, "purpose     {}", row.purpose)?;
    writeln!(out, "channel     {}", row.format)?;
    writeln!(out, "municipality {}", row.municipality)?;
    writeln!(out, "message     {}", row.message.map_or_else(|| "-".to_owned(), |id| id.to_string()))?;
    writeln!(out, "attempts    {}", row.attempts)?;
    writeln!(out, "reason      {}", if row.reason.is_empty() { "-" } else { &row.reason })?;
    writeln!(out, "created     {}", row.created_at.rfc3339())?;
    writeln!(out, "released    {}", moment(row.released_at))?;
    writeln!(out, "sent        {}", moment(row.sent_at))?;
    writeln!(out, "{:<12}{}", if row.state.is_dead_letter() { "look by" } else { "next" }, next(row))
}

fn moment(time: Option<Time>) -> String {
    time.map_or_else(|| "-".to_owned(), Time::rfc3339)
}

fn compared(out: &mut dyn Write, replay: &Replay) -> std::io::Result<()> {
    for entry in &replay.changed {
        let words = |sign: char, set: musubi_core::agency::CategorySet| -> Vec<String> {
            set.iter().map(|category| format!("{sign}{category}")).collect()
        };
        let said = [words('+', entry.more), words('-', entry.less)].concat().join(" ");
        writeln!(out, "entry {} {said}", entry.entry)?;
    }
    for (format, bytes) in &replay.outputs {
        writeln!(out, "output {format} {bytes} bytes")?;
    }
    for output in replay.compared.iter().flatten() {
        let ((now, before), (more, less)) = (output.bytes, output.lines);
        let length = |bytes: Option<usize>| bytes.map_or_else(|| "-".to_owned(), |bytes| bytes.to_string());
        writeln!(out, "differs {} {} -> {} bytes, lines +{more} -{less}", output.format, length(before), length(now))?;
    }
    if replay.compared.is_none() {
        writeln!(out, "the last outputs cannot be made again as they were / 前回の出力は再現できません")?;
    }
    let said = match (replay.outputs.is_empty(), replay.changed.is_empty()) {
        (true, _) => "nothing of it may be seen by now: it would be suppressed / 現在は開示できる内容がありません",
        (false, true) => "the same would be shown as the last time / 前回と同じ内容が開示されます",
        (false, false) => "other things would be shown than the last time / 前回と異なる内容が開示されます",
    };
    writeln!(out, "{said}")
}
