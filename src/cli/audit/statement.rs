//! `musubi audit statement`: who was shown a person's data.

use super::hub;
use crate::cli::Failure;
use crate::cli::place::fault;
use crate::clock::Clock;
use crate::config::Config;
use crate::hub::persons::Named;
use crate::hub::statement::Disclosure;
use musubi_adapters::wording::{codes, dates};
use musubi_core::record::PersonKey;
use std::collections::BTreeSet;
use std::io::Write;
use std::sync::Arc;

pub(super) async fn statement(
    config: &Config,
    key: PersonKey,
    clock: Arc<dyn Clock>,
) -> Result<Vec<Disclosure>, Failure> {
    let named = Named { key: Some(key), ..Named::default() };
    hub(config, clock).await?.statement_on_file(&named).await.map_err(fault)
}

/// A table with one line for each disclosure, oldest first.
pub(super) fn print_statement(out: &mut dyn Write, disclosures: &[Disclosure]) -> std::io::Result<()> {
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
