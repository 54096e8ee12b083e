//! `musubi load`: how many notices a hub that runs takes in a second, beside the bare commit of the same bytes on its store.

use super::place::{Place, fault, wait};
use super::{Exit, Failure, Terminal};
use crate::agency_client::{AgencyClient, HubAddress};
use crate::config::Config;
use crate::load::{Edge, Generator, Load, LoadError};
use crate::sample_city::{HOSPITAL, client_files};
use clap::{Args, ValueEnum};
use musubi_core::agency::AgencyId;
use std::sync::Arc;

/// Arguments of `musubi load`.
#[derive(Debug, Args)]
pub struct Arguments {
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
