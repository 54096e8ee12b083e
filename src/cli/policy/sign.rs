//! The signatures of two officers under a policy that opens more than the one before (S-43).

use super::explain::differences;
use super::files;
use crate::cli::secret;
use crate::cli::{Exit, Failure, Terminal};
use crate::config::signature_file;
use clap::Args;
use musubi_core::audit::LogKey;
use musubi_core::consent::widening::{Office, Succession};
use std::path::PathBuf;

/// Arguments of `musubi policy key`.
#[derive(Args, Debug)]
pub(super) struct Key {
    /// The office: privacy or legal
    #[arg(long = "as", value_name = "OFFICE")]
    office: Office,
    /// The file to write; keep it apart from the hub
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
}

/// Arguments of `musubi policy sign`.
#[derive(Args, Debug)]
pub(super) struct Sign {
    /// Folder with the new policy; the signature is written into it
    new: PathBuf,
    /// The office: privacy or legal
    #[arg(long = "as", value_name = "OFFICE")]
    office: Office,
    /// The officer's secret, as `musubi policy key` made it
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Folder with the policy that the hub ran with last; without it the one inside this program
    #[arg(long, value_name = "FOLDER")]
    against: Option<PathBuf>,
}

/// Makes the secret of an officer, and prints the public key for the hub's settings.
pub(super) fn make_key(arguments: &Key, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    let key = LogKey::from_bytes(arguments.office.word(), &*secret::make(&arguments.to)?);
    writeln!(terminal.out, "{}", key.verifier())?;
    Ok(Exit::Success)
}

/// Prints what changes, and signs that.
pub(super) fn sign(arguments: &Sign, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    let old = files::reviewed(arguments.against.as_deref(), terminal)?;
    let new = files::reviewed(Some(&arguments.new), terminal)?;
    let secret = secret::read(&arguments.key, "musubi policy key", terminal)?;
    differences(&old, &new, terminal)?;
    let note = Succession::new(&old, &new).sign(&LogKey::from_bytes(arguments.office.word(), &secret));
    let file = signature_file(&arguments.new, arguments.office);
    std::fs::write(&file, note.to_string())?;
    writeln!(terminal.out, "signed: {} / 署名しました", file.display())?;
    Ok(Exit::Success)
}
