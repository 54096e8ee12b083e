//! `musubi connect`: beside an old hospital system.

use super::client::connection::{Connection, FOLDER_CERTIFICATE, FOLDER_KEY};
use super::place::{fault, wait};
use super::serve::{interrupted, log_to_standard_error};
use super::{Exit, Failure, Terminal};
use crate::ca::{request_with_token, secret_folder, write_public, write_secret};
use crate::connect::check::{check, sources};
use crate::connect::{Counts, Hub, MutualTls, PATIENCE, Sources, Spool, Storage, start};
use crate::edge::tls::install_crypto;
use clap::{Args, Subcommand};
use musubi_core::agency::AgencyId;
use musubi_core::time::Day;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

/// Arguments of `musubi connect`.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    connection: Connection,
    #[command(subcommand)]
    call: Call,
}

#[derive(Debug, Subcommand)]
enum Call {
    /// Take messages and files, keep them on disk, and hand them to the hub until stopped (電文・ファイルを受けてハブへ送る)
    Run(RunArguments),
    /// Test both sides, and say which is wrong (接続を点検し、どちら側に原因があるかを示す)
    Test(TestArguments),
    /// Make a key, which stays here, and a request that proves the token of an invitation, which is read from the standard
    /// input (証明書の要求を作る)
    Request(RequestArguments),
    /// Say how much waits and how much was refused (送信待ちと受領拒否の件数)
    Status(SpoolArguments),
}

#[derive(Debug, Args)]
struct SpoolArguments {
    /// Where messages wait until the hub has them; for this program's user alone (保管先)
    #[arg(long, value_name = "DIR", default_value = "musubi-spool")]
    spool: PathBuf,
}

#[derive(Debug, Args)]
#[group(id = "source", required = true, multiple = true, args = ["listen", "folder", "ssmix2"])]
struct RunArguments {
    #[command(flatten)]
    spool: SpoolArguments,
    /// Take plain MLLP here; on loopback only (平文MLLPの受け口)
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// Take each file that is put into this folder; it is moved to sent/ (ファイルの受け口)
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
    /// Take what is in force in this SS-MIX2 standardised storage; it is only read (SS-MIX2標準化ストレージ)
    #[arg(long, value_name = "DIR")]
    ssmix2: Option<PathBuf>,
    /// Only what was sent to the storage on this day or later; today, when none is named (この日以降に保存されたもの)
    #[arg(long, value_name = "YYYY-MM-DD", requires = "ssmix2")]
    since: Option<Day>,
}

#[derive(Debug, Args)]
struct TestArguments {
    #[command(flatten)]
    spool: SpoolArguments,
    /// The address that messages will be taken at
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// The folder that files will be taken from
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
    /// The SS-MIX2 standardised storage that will be read
    #[arg(long, value_name = "DIR")]
    ssmix2: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct RequestArguments {
    /// The agency's id (機関ID)
    #[arg(long, value_name = "ID", value_parser = |id: &str| AgencyId::new(id))]
    id: AgencyId,
    /// The agency's folder: agency.key is made there, and agency.csr, which goes to the operator (機関のフォルダ)
    #[arg(long, value_name = "DIR")]
    folder: PathBuf,
}

/// Runs it.
pub(super) fn run(arguments: &Arguments, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    match &arguments.call {
        Call::Run(run) => connect(&arguments.connection, run, terminal),
        Call::Test(test) => tested(&arguments.connection, test, terminal),
        Call::Request(request) => requested(request, terminal),
        Call::Status(status) => counted(status, terminal),
    }
}

fn connect(connection: &Connection, run: &RunArguments, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    log_to_standard_error();
    install_crypto();
    let (files, address) = connection.resolve(terminal)?;
    let spool = Arc::new(Spool::open(&run.spool.spool).map_err(fault)?);
    let hub: Arc<dyn Hub> = Arc::new(MutualTls::new(files, address, Arc::clone(&terminal.clock)));
    let today = terminal.clock.now().day();
    let since = run.since.unwrap_or(today).to_string().replace('-', "");
    let tree = run.ssmix2.clone().map(|root| Storage { root, since });
    let sources = Sources { listen: run.listen, folder: run.folder.clone(), tree, patience: PATIENCE };
    wait(async {
        let running = start(sources, spool, hub).await.map_err(fault)?;
        if let Some(address) = running.listening {
            writeln!(terminal.out, "MLLP {address}")?;
        }
        writeln!(terminal.out, "The connector runs; stop with Ctrl-C / 稼働中(Ctrl-Cで停止)")?;
        terminal.out.flush()?;
        interrupted().await.map_err(Failure::Output)?;
        running.stop().await;
        Ok(Exit::Success)
    })
}

/// One line a step: `ok …`, or `wrong [side] …`.
fn tested(connection: &Connection, test: &TestArguments, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    install_crypto();
    let (files, address) = connection.resolve(terminal)?;
    let clock = Arc::clone(&terminal.clock);
    wait(async {
        let mut steps = sources(test.folder.as_deref(), test.ssmix2.as_deref());
        steps.extend(check(&files, &address, &test.spool.spool, test.listen, clock).await);
        for step in &steps {
            match &step.wrong {
                None => writeln!(terminal.out, "ok    {} / {}", step.what.ja, step.what.en)?,
                Some((side, found)) => {
                    let (what, side) = (&step.what, side.words());
                    writeln!(terminal.out, "wrong {} / {}: [{} / {}] {found}", what.ja, what.en, side.ja, side.en)?;
                }
            }
        }
        let well = steps.iter().all(|step| step.wrong.is_none());
        Ok(if well { Exit::Success } else { Exit::Refused })
    })
}

fn requested(arguments: &RequestArguments, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    writeln!(terminal.err, "Token of the invitation / 招待の符号:")?;
    // Not an argument: those stand in lists of processes (S-94).
    let mut token = String::new();
    terminal.input.read_line(&mut token)?;
    secret_folder(&arguments.folder).map_err(fault)?;
    let made = request_with_token(&arguments.id, &token).map_err(fault)?;
    write_secret(&arguments.folder.join(FOLDER_KEY), &made.key_pem).map_err(fault)?;
    let path = arguments.folder.join("agency.csr");
    write_public(&path, &made.request_pem).map_err(fault)?;
    writeln!(terminal.out, "{}", path.display())?;
    writeln!(
        terminal.out,
        "Send this file to the operator; put the certificate that comes back beside it as {FOLDER_CERTIFICATE} / このファイルを運用者へ送り、返ってきた証明書を {FOLDER_CERTIFICATE} として同じ場所に置いてください"
    )?;
    Ok(Exit::Success)
}

fn counted(arguments: &SpoolArguments, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    let counts = Spool::make(&arguments.spool).and_then(|()| Counts::of(&arguments.spool)).map_err(fault)?;
    writeln!(terminal.out, "{} waiting / 送信待ち, {} refused / 受領拒否", counts.waiting, counts.refused)?;
    if counts.deviations > 0 {
        writeln!(
            terminal.out,
            "H105: {} deviations from the framing, or lines outside messages, since the spool was made / 枠の乱れ、または電文に属さない行",
            counts.deviations
        )?;
    }
    Ok(if counts.refused == 0 { Exit::Success } else { Exit::Refused })
}
