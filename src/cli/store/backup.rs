//! Backups of the embedded database: the secret of a recipient, a sealed copy, a rehearsal of its restore, and the restore.

use super::{bury, compare, read_tombstones, reading, settings};
use crate::ca::secret_folder;
use crate::cli::audit::verify::{print_verdicts, verify, verify_here};
use crate::cli::place::{Place, fault, wait};
use crate::cli::secret;
use crate::cli::{Exit, Failure, Terminal};
use crate::config::{Config, StoreKind};
use crate::digits::hex;
use crate::entropy;
use crate::hub::recipients::Recipients;
use crate::store::{KEYS, Keyring, Location, Opening, Sealing, Store, back_up, restore};
use clap::Args;
use musubi_core::sealing::RecipientSecret;
use std::fs;
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
pub(super) struct Backup {
    #[command(flatten)]
    place: Place,
    /// The file to write; it must not be there
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct Rehearsal {
    #[command(flatten)]
    place: Place,
    /// The backup
    #[arg(long, value_name = "FILE")]
    from: PathBuf,
    /// The secret of one of its recipients
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct Restore {
    #[command(flatten)]
    place: Place,
    /// The backup
    #[arg(long, value_name = "FILE")]
    from: PathBuf,
    /// The secret of one of its recipients
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Put the database that is there aside
    #[arg(long)]
    replace: bool,
    /// What `musubi store tombstones` printed last; the database that is put aside is asked in any case
    #[arg(long, value_name = "FILE")]
    tombstones: Option<PathBuf>,
    /// What agencies were given, as `compare` takes it
    #[arg(long, value_name = "FILE")]
    receipts: Option<PathBuf>,
}

/// Writes a new secret, and prints the key that backups are sealed for.
pub(super) fn make_key(to: &Path, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    let key = RecipientSecret::from_random(*secret::make(to)?).key().map_err(fault)?;
    writeln!(terminal.out, "{key}")?;
    Ok(Exit::Success)
}

pub(super) fn back_up_here(arguments: &Backup, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    let config = embedded(&arguments.place)?;
    let keyring = keyring(&config)?;
    let (bytes, listed) = wait(async {
        let listed = Recipients::read(&reading(&config).await?).await.map_err(fault)?.listed;
        if listed.is_empty() {
            return Err(nobody_listed());
        }
        let sealing = Sealing { recipients: &listed, signing: &keyring.signing };
        Ok((back_up(&config.data.folder, &sealing, &arguments.to).await.map_err(fault)?, listed))
    })?;
    let names: Vec<&str> = listed.iter().map(|recipient| recipient.name.as_str()).collect();
    let (to, names) = (arguments.to.display(), names.join(", "));
    writeln!(terminal.out, "{to} {bytes} bytes, for {names} / バックアップしました（受取人 {names}）")?;
    Ok(Exit::Success)
}

fn nobody_listed() -> Failure {
    Failure::Fault(
        "no recipient is listed: nobody could open the backup; see `musubi store recipients` / \
         受取人が登録されていません。`musubi store recipients add` と `approve` で登録してください"
            .to_owned(),
    )
}

/// Opens the backup in a folder of its own, verifies every log under the hub's key, and takes the folder away again.
pub(super) fn rehearse(arguments: &Rehearsal, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    let (config, secret) = (embedded(&arguments.place)?, read_secret(&arguments.key, terminal)?);
    let keyring = keyring(&config)?;
    let folder = config.data.folder.join(format!("rehearsal-{}", hex(&entropy::bytes::<8>())));
    secret_folder(&folder).map_err(fault)?;
    let verdicts = wait(async {
        let opening = Opening { secret: &secret, hub: &keyring.signing.verifier() };
        restore(&arguments.from, &opening, &folder, false).map_err(fault)?;
        let store =
            Store::open_reading_at(&Location::Folder(folder.clone()), settings(&config)).await.map_err(fault)?;
        verify(&store, &keyring, None, &[]).await
    });
    fs::remove_dir_all(&folder).map_err(Failure::Output)?;
    let verified = print_verdicts(&verdicts?, &mut terminal.out)?;
    Ok(if verified { Exit::Success } else { Exit::Refused })
}

pub(super) fn put_back(arguments: &Restore, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    let (config, secret) = (embedded(&arguments.place)?, read_secret(&arguments.key, terminal)?);
    let opening = Opening { secret: &secret, hub: &keyring(&config)?.signing.verifier() };
    let mut buried = match &arguments.tombstones {
        Some(path) => read_tombstones(path, terminal)?,
        None => Vec::new(),
    };
    if config.data.is_there() {
        // A database that is broken cannot be asked; then the list that was kept must do.
        match wait(async { reading(&config).await?.tombstones().await.map_err(fault) }) {
            Ok(list) => buried.extend(list),
            Err(error) => writeln!(terminal.err, "{error}: tombstones are not read from it / 破棄一覧を読めません")?,
        }
    }
    let aside = restore(&arguments.from, &opening, &config.data.folder, arguments.replace).map_err(fault)?;
    if let Some(aside) = aside {
        writeln!(terminal.out, "aside {} / 退避しました", aside.display())?;
    }
    let count = bury(&config, &buried, terminal)?;
    writeln!(terminal.out, "restored; {count} keys destroyed again / 復元しました。鍵の破棄を{count}件再適用しました")?;
    // The list of recipients is that of the backup: whoever was taken off it since is on it again.
    super::recipients::list(&config, terminal)?;
    let verified = verify_here(&config, None, &[], &mut terminal.out)?;
    let compared = match &arguments.receipts {
        Some(receipts) => compare(&config, receipts, terminal)?,
        None => Exit::Success,
    };
    Ok(if verified { compared } else { Exit::Refused })
}

/// A server's database is copied with the server's own tools.
fn embedded(place: &Place) -> Result<Config, Failure> {
    let config = place.config()?;
    match config.data.store {
        StoreKind::Sqlite => Ok(config),
        StoreKind::Postgres => Err(Failure::Usage(
            "PostgreSQL is copied by pg_dump and restored by pg_restore: see docs/postgresql.md / \
             PostgreSQLはpg_dumpとpg_restoreで扱います（docs/postgresql.md）"
                .to_owned(),
        )),
    }
}

fn read_secret(path: &Path, terminal: &mut Terminal<'_>) -> Result<RecipientSecret, Failure> {
    Ok(RecipientSecret::from_random(*secret::read(path, "musubi store key", terminal)?))
}

/// The hub's own keys, which are there before a backup is written or put back.
fn keyring(config: &Config) -> Result<Keyring, Failure> {
    let folder = &config.data.folder;
    if !folder.join(KEYS).exists() {
        let text = "the keys of the hub are not here; put them back first / ハブの鍵がありません。先に戻してください";
        return Err(Failure::Fault(format!("{}: {text}", folder.join(KEYS).display())));
    }
    Keyring::open(folder, &config.hub.origin, &mut entropy::fill).map_err(fault)
}
