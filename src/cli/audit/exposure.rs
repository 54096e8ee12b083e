//! `musubi audit exposure`: what an agency was shown in an interval, for the report of a breach.

use super::hub;
use crate::cli::place::{Place, fault, wait};
use crate::cli::{Exit, Failure, Terminal};
use crate::hub::exposure::Exposed;
use clap::Args;
use musubi_adapters::wording::dates;
use musubi_core::agency::{AgencyId, Category};
use musubi_core::id::PersonId;
use musubi_core::time::{Day, Time};
use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;

/// Arguments of `musubi audit exposure`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    place: Place,
    /// The agency at which data may have leaked
    #[arg(value_parser = agency_of)]
    agency: AgencyId,
    /// From when on: a day in Japan, or a moment as 2026-10-30T11:05:00+09:00
    #[arg(long, value_name = "WHEN", value_parser = beginning_of)]
    from: Time,
    /// Until when: the end of a day in Japan, or a moment
    #[arg(long, value_name = "WHEN", value_parser = end_of)]
    until: Time,
}

fn agency_of(text: &str) -> Result<AgencyId, String> {
    AgencyId::new(text).map_err(|error| error.to_string())
}

fn beginning_of(text: &str) -> Result<Time, String> {
    moment(text, Time::start_of)
}

fn end_of(text: &str) -> Result<Time, String> {
    moment(text, Time::end_of)
}

fn moment(text: &str, of_day: fn(Day) -> Time) -> Result<Time, String> {
    let day = || text.parse().ok().map(of_day);
    let wrong = "a day as 2026-10-30, or a moment as 2026-10-30T11:05:00+09:00 / 日付か日時で指定してください";
    Time::parse_rfc3339(text).or_else(day).ok_or_else(|| wrong.to_owned())
}

/// Prints it.
///
/// # Errors
/// When the data folder cannot be read.
pub(super) fn run(arguments: &Arguments, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    let config = arguments.place.config()?;
    let clock = Arc::clone(&terminal.clock);
    let exposed = wait(async {
        let hub = hub(&config, clock).await?;
        hub.exposed_to(&arguments.agency, (arguments.from, arguments.until)).await.map_err(fault)
    })?;
    print(&mut terminal.out, &exposed)?;
    Ok(Exit::Success)
}

/// A line for each person, then of how many something of each category was shown.
fn print(out: &mut dyn Write, exposed: &BTreeMap<PersonId, Exposed>) -> std::io::Result<()> {
    writeln!(out, "| 本人 | 区分 | 最初 | 最後 | 回数 |\n|---|---|---|---|---|")?;
    for (person, Exposed { categories, shown: (first, last), releases, unreadable }) in exposed {
        let mut words: Vec<String> = categories.iter().map(|one| format!("{one} {}", one.japanese())).collect();
        words.extend(unreadable.then(|| "鍵の破棄により不明 / unknown, keys destroyed".to_owned()));
        let (first, last) = (dates::japanese_time(*first), dates::japanese_time(*last));
        writeln!(out, "| {person} | {} | {first} | {last} | {releases} |", words.join("、"))?;
    }
    for category in Category::ALL {
        let count = exposed.values().filter(|one| one.categories.has(*category)).count();
        if count > 0 {
            writeln!(out, "{category} {}: {count}人", category.japanese())?;
        }
    }
    writeln!(out, "{}人", exposed.len())
}
