//! `musubi store recipients`: who can open backups. One operator proposes a change, another approves it (S-55).

use super::reading;
use crate::cli::order::{Ordered, carry_out};
use crate::cli::place::{Place, fault, wait};
use crate::cli::{Exit, Failure, Terminal};
use crate::config::Config;
use crate::hub::recipients::{RecipientOrder, Recipients};
use crate::orders::What;
use crate::store::Recipient;
use clap::{Args, Subcommand};
use musubi_core::sealing::{NotARecipient, RecipientKey};
use musubi_core::time::Time;

/// Arguments of `musubi store recipients`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List them, and what waits for a second operator (一覧)
    List {
        #[command(flatten)]
        place: Place,
    },
    /// Propose that somebody be added (追加の提案)
    Add {
        #[command(flatten)]
        order: Ordered,
        /// Who that is, or where the secret lies
        #[arg(long)]
        name: String,
        /// What `musubi store key` printed
        #[arg(value_parser = key_of)]
        key: RecipientKey,
    },
    /// Propose that somebody be taken off the list (削除の提案)
    Remove {
        #[command(flatten)]
        order: Ordered,
        #[arg(value_parser = key_of)]
        key: RecipientKey,
    },
    /// Approve, within a day, what another operator proposed about a key (別の担当者による承認)
    Approve {
        #[command(flatten)]
        order: Ordered,
        #[arg(value_parser = key_of)]
        key: RecipientKey,
    },
}

fn key_of(text: &str) -> Result<RecipientKey, NotARecipient> {
    RecipientKey::parse(text)
}

pub(super) fn run(arguments: &Arguments, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    let (order, what) = match &arguments.command {
        Command::List { place } => return list(&place.config()?, terminal).map(|()| Exit::Success),
        Command::Add { order, name, key } => (order, RecipientOrder::Add(Recipient { name: name.clone(), key: *key })),
        Command::Remove { order, key } => (order, RecipientOrder::Remove(*key)),
        Command::Approve { order, key } => (order, RecipientOrder::Approve(*key)),
    };
    carry_out(order, What::Recipients(what), terminal)
}

/// Prints who can open backups, and what is proposed.
pub(super) fn list(config: &Config, terminal: &mut Terminal<'_>) -> Result<(), Failure> {
    let recipients = wait(async { Recipients::read(&reading(config).await?).await.map_err(fault) })?;
    for Recipient { name, key } in &recipients.listed {
        writeln!(terminal.out, "recipient {key} {name}")?;
    }
    for proposal in &recipients.proposed {
        let Recipient { name, key } = &proposal.recipient;
        let (what, until) = (if proposal.adds { "add" } else { "remove" }, Time::from_micros(proposal.until));
        writeln!(terminal.out, "proposed {what} {key} {name} (by {}, until {})", proposal.by, until.rfc3339())?;
    }
    Ok(())
}
