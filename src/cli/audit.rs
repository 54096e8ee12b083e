//! `musubi audit`: does the log still say what was written, how do others check that, and who was shown a person's data. Reads
//! the data folder, while its hub runs or not, or a copy of a log where there is neither.

mod cosigned;
mod exposure;
mod prove;
mod statement;
pub(super) mod verify;

use super::place::{Place, fault, wait};
use super::{Exit, Failure, Terminal};
use crate::clock::Clock;
use crate::config::Config;
use crate::entropy;
use crate::hub::Hub;
use crate::serve::{reviewed, witnesses};
use crate::store::{KEYS, Keyring, Log, Settings, Store};
use clap::{Args, Subcommand};
use musubi_core::audit::{LogVerifier, SignedNote};
use musubi_core::record::PersonKey;
use std::path::Path;
use std::sync::Arc;

/// No signed checkpoint is longer, however many witnesses sign it.
const NOTE_BYTES_MAX: u64 = 64 * 1024;

/// Arguments of `musubi audit`.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: AuditCommand,
}

#[derive(Debug, Subcommand)]
enum AuditCommand {
    /// Check every log from its first line to its last, or a copy of one (監査ログの検証)
    Verify(verify::Arguments),
    /// Prove that an entry stands in a log, or that a log only grew (監査ログの証明)
    Prove(prove::Proof),
    /// Write a copy of a log that is checked without a hub: hashes and signatures, nothing of what it says (監査ログの写し)
    Export(prove::Export),
    /// Print the public key under which others check receipts, checkpoints and proofs (公開鍵)
    Key {
        #[command(flatten)]
        place: Place,
    },
    /// How far each log is cosigned by the witnesses of the settings, and how many entries are not (証人の署名の状況)
    Witnesses {
        #[command(flatten)]
        place: Place,
    },
    /// Whose data of which categories an agency was shown in an interval: for the report of a breach there (漏えい等報告)
    Exposure(exposure::Arguments),
    /// Who was shown a person's data, when, on which basis (開示記録)
    Statement {
        #[command(flatten)]
        place: Place,
        /// Who issued the person's identifier: a municipality's code, an agency's id
        issuer: String,
        /// The identifier
        identifier: String,
    },
}

/// Verifies, proves, copies, or prints a statement.
///
/// # Errors
/// When the data folder or the copy cannot be read.
pub fn run(arguments: &Arguments, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    match &arguments.command {
        AuditCommand::Verify(arguments) => verify::run(arguments, terminal),
        AuditCommand::Witnesses { place } => cosigned::list(place, terminal),
        AuditCommand::Exposure(arguments) => exposure::run(arguments, terminal),
        AuditCommand::Prove(arguments) => prove::prove(arguments, terminal),
        AuditCommand::Export(arguments) => prove::export(arguments, terminal),
        AuditCommand::Key { place } => {
            let (_, keyring) = wait(open(&place.config()?))?;
            writeln!(terminal.out, "{}", keyring.signing.verifier())?;
            Ok(Exit::Success)
        }
        AuditCommand::Statement { place, issuer, identifier } => {
            let key = PersonKey { issuer: issuer.clone(), identifier: identifier.clone() };
            let config = place.config()?;
            let disclosures = wait(statement::statement(&config, key, Arc::clone(&terminal.clock)))?;
            statement::print_statement(&mut terminal.out, &disclosures)?;
            Ok(Exit::Success)
        }
    }
}

fn log_of(name: &str) -> Result<Log, String> {
    Log::parse(name).ok_or_else(|| "a municipality's code, or `hub`".to_owned())
}

fn key_of(text: &str) -> Result<LogVerifier, String> {
    LogVerifier::parse(text).map_err(|error| error.to_string())
}

/// A signed checkpoint from a file.
fn read_note(terminal: &mut Terminal<'_>, path: &Path) -> Result<SignedNote, Failure> {
    let bytes = terminal.read(path, NOTE_BYTES_MAX)?;
    let note = std::str::from_utf8(&bytes).ok().and_then(|text| SignedNote::parse(text).ok());
    note.ok_or_else(|| {
        Failure::Fault(format!("{}: not a signed checkpoint / 署名された記録ではありません", path.display()))
    })
}

/// A hub over the data as it lies there, whether it runs or not: to read.
pub(super) async fn hub(config: &Config, clock: Arc<dyn Clock>) -> Result<Hub, Failure> {
    let (store, keyring) = open(config).await?;
    let reviewed = reviewed(config.policy.folder.as_deref()).map_err(fault)?;
    let hub = Hub::open(store, keyring, reviewed, clock).await.map_err(fault)?;
    hub.is_witnessed_by(witnesses(config));
    Ok(hub)
}

async fn open(config: &Config) -> Result<(Store, Keyring), Failure> {
    let folder = &config.data.folder;
    let missing = || Failure::Fault(format!("{}: no hub's data / ハブのデータがありません", folder.display()));
    if !config.data.is_there() || !folder.join(KEYS).exists() {
        return Err(missing());
    }
    let keyring = Keyring::open(folder, &config.hub.origin, &mut entropy::fill).map_err(fault)?;
    let settings = Settings { hub: config.hub.origin.clone(), ..Settings::default() };
    Ok((Store::open_reading_at(&config.data.location().map_err(fault)?, settings).await.map_err(fault)?, keyring))
}
