//! `musubi load`: how many notices a hub that runs takes in a second, beside the bare commit of the same bytes on its store; how many
//! leave it; and what a question costs among few persons and among many.

use super::place::{Place, fault, wait};
use super::{Exit, Failure, Terminal};
use crate::agency_client::{AgencyClient, HubAddress};
use crate::ca::secret_folder;
use crate::clock::Clock;
use crate::config::Config;
use crate::hub::Hub;
use crate::load::outbound;
use crate::load::scale::{self, Sized};
use crate::load::{Edge, Generator, Load, LoadError, figure};
use crate::sample_city::{self, HOSPITAL, client_files};
use crate::serve::open_hub;
use clap::{Args, Subcommand, ValueEnum};
use musubi_core::agency::AgencyId;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Arguments of `musubi load`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// A development hub that runs, with the sample city
    #[command(flatten)]
    place: Place,
    /// gRPC and HTTPS of the hub, where its settings do not say it: `host:port`
    #[arg(long, value_name = "ADDRESS")]
    machines: Option<String>,
    /// MLLP of the hub, where its settings do not say it: `host:port`
    #[arg(long, value_name = "ADDRESS")]
    mllp: Option<String>,
    /// The edges to push over
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = [Over::Mllp, Over::Grpc])]
    over: Vec<Over>,
    /// Senders at once, one measurement for each number
    #[arg(long, value_delimiter = ',', default_values_t = [1, 8, 32, 128])]
    senders: Vec<usize>,
    /// Notices of each sender in a round
    #[arg(long, default_value_t = 50)]
    each: usize,
    /// Rounds; the median is printed
    #[arg(long, default_value_t = 5)]
    rounds: usize,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Fill a hub with each number of persons, and ask each in turn for the cases that are open to a child guidance center
    Cases {
        /// Folder for the hubs; one that is there and full is asked as it is
        #[arg(long, value_name = "DIR")]
        within: PathBuf,
        /// Persons of each hub, with five entries each
        #[arg(long, value_delimiter = ',', default_values_t = [10_000, 1_000_000])]
        persons: Vec<u64>,
        /// Cases that are open
        #[arg(long, default_value_t = 200)]
        cases: usize,
        /// Questions to each hub
        #[arg(long, default_value_t = 100)]
        rounds: usize,
    },
    /// Fill a hub with notices that wait for the center, and have them leave: fetched, and written into its folder
    Deliveries {
        /// Folder for the hub
        #[arg(long, value_name = "DIR")]
        within: PathBuf,
        /// Notices of a round
        #[arg(long, default_value_t = 1_000)]
        notices: u64,
        /// Rounds; the median is printed
        #[arg(long, default_value_t = 3)]
        rounds: usize,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Over {
    Mllp,
    Grpc,
}

/// Pushes, and prints a figure a line.
///
/// # Errors
/// When the hub cannot be reached, does not take a notice, or its store cannot be used.
pub fn run(arguments: &Arguments, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    match &arguments.command {
        Some(Command::Cases { within, persons, cases, rounds }) => {
            return ask(within, persons, (*cases, *rounds), terminal);
        }
        Some(Command::Deliveries { within, notices, rounds }) => return deliver(within, *notices, *rounds, terminal),
        None => {}
    }
    let config = arguments.place.config()?;
    let generator = generator(&config, arguments, terminal)?;
    let load = Load { senders: arguments.senders.clone(), each: arguments.each, rounds: arguments.rounds };
    for over in &arguments.over {
        let edge = match over {
            Over::Mllp => Edge::Mllp,
            Over::Grpc => Edge::Grpc,
        };
        for line in wait(async { generator.measure(edge, &load).await.map_err(fault) })? {
            writeln!(terminal.out, "{line}")?;
        }
    }
    Ok(Exit::Success)
}

fn ask(
    within: &Path,
    persons: &[u64],
    (cases, rounds): (usize, usize),
    terminal: &mut Terminal<'_>,
) -> Result<Exit, Failure> {
    let clock = Arc::clone(&terminal.clock);
    let lines = wait(async {
        let (mut hubs, mut lines) = (Vec::new(), Vec::new());
        for persons in persons.iter().copied() {
            let config = Config::development(&within.join(persons.to_string()));
            let sized = Sized { hub: sample_hub(&config, &clock).await?, persons };
            if let Some(rate) = sized.fill(cases as u64).await.map_err(fault)? {
                lines.push(figure(&format!("filled_{persons}"), rate, "notices/s", "five entries each, by the center"));
            }
            hubs.push(sized);
        }
        lines.extend(scale::ask(&hubs, cases, rounds).await.map_err(fault)?);
        for Sized { hub, .. } in hubs {
            hub.store.close().await.map_err(fault)?;
        }
        Ok(lines)
    })?;
    lines.iter().try_for_each(|line| writeln!(terminal.out, "{line}"))?;
    Ok(Exit::Success)
}

fn deliver(within: &Path, notices: u64, rounds: usize, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    let clock = Arc::clone(&terminal.clock);
    let lines = wait(async {
        let config = Config::development(within);
        let hub = sample_hub(&config, &clock).await?;
        let lines = outbound::measure(&hub, &config, notices, rounds).await.map_err(fault)?;
        hub.store.close().await.map_err(fault)?;
        Ok(lines)
    })?;
    lines.iter().try_for_each(|line| writeln!(terminal.out, "{line}"))?;
    Ok(Exit::Success)
}

/// A hub of the sample city in a folder of its own.
async fn sample_hub(config: &Config, clock: &Arc<dyn Clock>) -> Result<Hub, Failure> {
    secret_folder(&config.data.folder).map_err(fault)?;
    let hub = open_hub(config, Arc::clone(clock)).await.map_err(fault)?;
    sample_city::register(&hub).await.map_err(fault)?;
    Ok(hub)
}

fn generator(config: &Config, arguments: &Arguments, terminal: &Terminal<'_>) -> Result<Generator, Failure> {
    let said = |given: &Option<String>, own: std::net::SocketAddr| given.clone().unwrap_or_else(|| own.to_string());
    let hub = HubAddress {
        machines: said(&arguments.machines, config.listen.https),
        mllp: said(&arguments.mllp, config.listen.mllp),
        server_name: "localhost".to_owned(),
    };
    let (files, clock) = (client_files(config, HOSPITAL), Arc::clone(&terminal.clock));
    let location = config.data.location().map_err(fault)?;
    let open = move || {
        AgencyClient::open(&files, hub.clone(), Arc::clone(&clock))
            .map_err(|error| LoadError::NotTaken(error.to_string()))
    };
    Ok(Generator {
        hospital: Box::new(open),
        agency: AgencyId::new(HOSPITAL).map_err(fault)?,
        location,
        clock: Arc::clone(&terminal.clock),
    })
}
