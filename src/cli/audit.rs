//! `musubi audit`: does the log still say what was written, and who was shown a person's data. Reads the data folder, while
//! its hub runs or not.

use super::place::{Place, fault, wait};
use super::{Exit, Failure, Terminal};
use crate::clock::Clock;
use crate::config::Config;
use crate::entropy;
use crate::hub::Hub;
use crate::hub::persons::Named;
use crate::hub::statement::Disclosure;
use crate::serve::policy;
use crate::store::{KEYS, Keyring, LeafDraft, LeafRow, Location, Log, Settings, Store, Verdict};
use clap::{Args, Subcommand};
use musubi_adapters::wording::{codes, dates};
use musubi_core::audit::SaltedEntry;
use musubi_core::id::PersonId;
use musubi_core::record::PersonKey;
use musubi_core::sealing::{Aad, DataKey, DoesNotOpen};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::sync::Arc;

/// Arguments of `musubi audit`.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: AuditCommand,
}

#[derive(Debug, Subcommand)]
enum AuditCommand {
    /// Check every log from its first line to its last (監査ログの検証)
    Verify {
        #[command(flatten)]
        place: Place,
    },
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

/// Verifies, or prints a statement.
///
/// # Errors
/// When the data folder cannot be read.
pub fn run(arguments: &Arguments, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    match &arguments.command {
        AuditCommand::Verify { place } => {
            let verdicts = wait(verify(&place.config()?))?;
            for (log, verdict) in &verdicts {
                print_verdict(&mut terminal.out, log, verdict)?;
            }
            let well = verdicts.iter().all(|(_, verdict)| verdict.fault.is_none());
            Ok(if well { Exit::Success } else { Exit::Refused })
        }
        AuditCommand::Statement { place, issuer, identifier } => {
            let key = PersonKey { issuer: issuer.clone(), identifier: identifier.clone() };
            let config = place.config()?;
            let disclosures = wait(statement(&config, key, Arc::clone(&terminal.clock)))?;
            print_statement(&mut terminal.out, &disclosures)?;
            Ok(Exit::Success)
        }
    }
}

async fn open(config: &Config) -> Result<(Store, Keyring), Failure> {
    let folder = &config.data.folder;
    let missing = || Failure::Fault(format!("{}: no hub's data / ハブのデータがありません", folder.display()));
    if !config.data.database().exists() || !folder.join(KEYS).exists() {
        return Err(missing());
    }
    let keyring = Keyring::open(folder, &config.hub.origin, &mut entropy::fill).map_err(fault)?;
    let settings = Settings { hub: config.hub.origin.clone(), ..Settings::default() };
    Ok((Store::open_reading_at(&Location::Folder(folder.clone()), settings).await.map_err(fault)?, keyring))
}

async fn verify(config: &Config) -> Result<Vec<(Log, Verdict)>, Failure> {
    let (store, keyring) = open(config).await?;
    let verifier = keyring.signing.verifier();
    let mut verdicts = Vec::new();
    for (log, _) in store.logs().await.map_err(fault)? {
        let extent = store.extent(&log).await.map_err(fault)?;
        let opener = Opener::read(&store, &keyring, &log).await?;
        let verdict = store.verify_log(extent, Some(&verifier), &|leaf| opener.open(leaf)).await.map_err(fault)?;
        verdicts.push((log, verdict));
    }
    Ok(verdicts)
}

/// The keys that open the entries of one log.
struct Opener<'k> {
    hub: &'k DataKey,
    keys: BTreeMap<PersonId, DataKey>,
    of: BTreeMap<u64, Vec<PersonId>>,
}

impl<'k> Opener<'k> {
    async fn read(store: &Store, keyring: &'k Keyring, log: &Log) -> Result<Self, Failure> {
        let mut of: BTreeMap<u64, Vec<PersonId>> = BTreeMap::new();
        for (index, person) in store.leaf_persons(log).await.map_err(fault)? {
            of.entry(index).or_default().push(person);
        }
        let persons: BTreeSet<PersonId> = of.values().flatten().copied().collect();
        let persons: Vec<PersonId> = persons.into_iter().collect();
        let rows = store.persons(&persons).await.map_err(fault)?.into_iter();
        let keys = rows.filter_map(|row| {
            let wrapped = row.key.as_ref()?;
            Some((row.id, keyring.key_encryption.unwrap(row.id.0, wrapped).ok()?))
        });
        Ok(Opener { hub: &keyring.hub, keys: keys.collect(), of })
    }

    /// `None` when the keys of everybody whom it concerns were destroyed.
    fn open(&self, leaf: &LeafRow) -> Result<Option<SaltedEntry>, DoesNotOpen> {
        let aad = Aad::row(LeafDraft::TABLE, leaf.id);
        if let Ok(plain) = self.hub.open(&aad, &leaf.entry) {
            return Ok(Some(SaltedEntry::from_bytes(plain)));
        }
        let persons = self.of.get(&leaf.index).ok_or(DoesNotOpen)?;
        let held: Vec<_> = persons.iter().filter_map(|person| Some((*person, self.keys.get(person)?))).collect();
        if held.is_empty() {
            return Ok(None);
        }
        let opened = held.into_iter().find_map(|(person, key)| key.open_for(person, &aad, &leaf.entry).ok());
        opened.map(|plain| Some(SaltedEntry::from_bytes(plain))).ok_or(DoesNotOpen)
    }
}

fn print_verdict(out: &mut dyn Write, log: &Log, verdict: &Verdict) -> std::io::Result<()> {
    let Verdict { leaves, opened, checkpoints, fault } = verdict;
    let name = log.name();
    match fault {
        None => writeln!(out, "ok    {name} {leaves} entries, {opened} opened, {checkpoints} checkpoints / 改ざんなし"),
        Some(fault) => writeln!(out, "fault {name} index {}: {} / 書かれたままではありません", fault.index, fault.kind),
    }
}

async fn statement(config: &Config, key: PersonKey, clock: Arc<dyn Clock>) -> Result<Vec<Disclosure>, Failure> {
    let (store, keyring) = open(config).await?;
    let (policy, codes) = policy(config.policy.folder.as_deref()).map_err(fault)?;
    let hub = Hub::open(store, keyring, policy, codes, clock).await.map_err(fault)?;
    let named = Named { key: Some(key), ..Named::default() };
    hub.statement_on_file(&named).await.map_err(fault)
}

/// A table with one line for each disclosure, oldest first.
fn print_statement(out: &mut dyn Write, disclosures: &[Disclosure]) -> std::io::Result<()> {
    writeln!(out, "| 日時 | 開示先 | 目的 | 区分 | 根拠 |\n|---|---|---|---|---|")?;
    for one in disclosures {
        let categories: Vec<String> = one.categories.iter().map(|c| format!("{c} {}", c.japanese())).collect();
        let bases: BTreeSet<String> = one.bases.iter().map(|rule| codes::basis(rule)).collect();
        let bases: Vec<String> = bases.into_iter().collect();
        writeln!(
            out,
            "| {} | {} | {} | {} | {} |",
            dates::japanese_time(one.shown_at),
            one.recipient,
            codes::word(codes::PURPOSE, one.purpose.word()),
            categories.join("、"),
            bases.join("、"),
        )?;
    }
    writeln!(out, "{}件", disclosures.len())
}
