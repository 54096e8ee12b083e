//! `musubi retention`: what need not be kept any more, and its destruction by two operators (保存期間と破棄).

use super::audit;
use super::order::{Ordered, carry_out};
use super::place::{Place, fault, wait};
use super::{Exit, Failure, Terminal};
use crate::hub::retention::Retained;
use crate::orders::What;
use clap::{Args, Subcommand};
use musubi_core::id::PersonId;
use musubi_core::retention::{Schedule, Verdict};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Arguments of `musubi retention`.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List what is past its schedule and held by nothing, since when and by which rule: ids, nobody's name (保存期間の過ぎた記録)
    Due {
        #[command(flatten)]
        place: Place,
    },
    /// Ask that the keys of a person, and of all who share a row with that person, be destroyed; done when a second operator asks within a day (鍵の破棄。担当者2人が必要)
    Destroy {
        #[command(flatten)]
        order: Ordered,
        /// The id that `due` printed
        #[arg(value_parser = id_of)]
        person: PersonId,
    },
}

fn id_of(text: &str) -> Result<PersonId, String> {
    PersonId::parse(text).ok_or_else(|| "an id that `musubi retention due` printed".to_owned())
}

/// Lists, or destroys.
///
/// # Errors
/// When the store cannot be used, or the hub refuses.
pub fn run(arguments: &Arguments, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    match &arguments.command {
        Command::Due { place } => due(place, terminal),
        Command::Destroy { order, person } => {
            let done = carry_out(order, What::Destroy(*person), terminal)?;
            writeln!(
                terminal.out,
                "asked for, or done: `musubi retention due` tells / 受け付けました。`musubi retention due` で確認できます"
            )?;
            Ok(done)
        }
    }
}

fn due(place: &Place, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    let config = place.config()?;
    let clock = Arc::clone(&terminal.clock);
    let (all, schedule) = wait(async {
        let hub = audit::hub(&config, clock).await?;
        Ok((hub.retained().await.map_err(fault)?, hub.schedule.clone()))
    })?;
    print(&all, &schedule, terminal)?;
    Ok(Exit::Success)
}

/// A line for each that is due, then how many are not, and why.
fn print(all: &[Retained], schedule: &Schedule, terminal: &mut Terminal<'_>) -> Result<(), Failure> {
    let label = |code: &str| schedule.rules().iter().find(|rule| rule.code == code).map_or("", |rule| &rule.label);
    let mut others: BTreeMap<String, usize> = BTreeMap::new();
    for Retained { persons, verdict, proposed } in all {
        match verdict {
            Verdict::Due { since, rule } => {
                let first = persons.first().map(ToString::to_string).unwrap_or_default();
                let (count, label) = (persons.len(), label(rule));
                write!(terminal.out, "due {since} {rule} {label}: {first} ({count} ids)")?;
                if let Some((by, until)) = proposed {
                    write!(terminal.out, ", proposed by {by} until {}", until.rfc3339())?;
                }
                writeln!(terminal.out)?;
            }
            Verdict::Kept { rule, .. } => *others.entry(format!("kept {rule} {}", label(rule))).or_default() += 1,
            Verdict::Held(holds) => {
                for hold in holds {
                    *others.entry(format!("held {hold}")).or_default() += 1;
                }
            }
        }
    }
    for (why, count) in others {
        writeln!(terminal.out, "{why}: {count}")?;
    }
    Ok(())
}
