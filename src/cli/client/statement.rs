//! `musubi client statement`: who was shown a person's data, when, and on which basis.

use super::person::{self, PersonArgument};
use super::show::{Shown, fields};
use super::{Calling, Exit, Stopped};
use crate::edge::grpc::client as grpc;
use clap::Args;
use serde_json::{Value, json};

/// Whose statement.
#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// Whose data (対象者)
    #[arg(value_name = "PERSON")]
    person: PersonArgument,
    /// Who asks to see it, where that is not the person (請求者)
    #[arg(long = "for", value_name = "PERSON")]
    requester: Option<PersonArgument>,
    /// In what capacity: parental_authority, guardian, court, other (続柄)
    #[arg(
        long = "as",
        value_name = "WORD",
        default_value = "other",
        hide_default_value = true,
        requires = "requester"
    )]
    relationship: String,
}

/// Asks for it and prints a line for each disclosure.
pub(super) async fn run(arguments: &Arguments, mut calling: Calling<'_, '_>) -> Result<Exit, Stopped> {
    let subject = Some(person::one(&arguments.person, calling.terminal)?);
    let requester = arguments.requester.as_ref().map(|named| person::one(named, calling.terminal)).transpose()?;
    let relationship = arguments.relationship.clone();
    let request = grpc::StatementRequest { staff_id: calling.staff.clone(), subject, requester, relationship };
    let answer = calling.client.audit().statement(request).await?.into_inner();
    calling.print_all(&answer.rows)?;
    Ok(Exit::Success)
}

impl Shown for grpc::StatementRow {
    fn json(&self) -> Value {
        json!({
            "recipient": self.recipient, "purpose": self.purpose, "shownAt": self.shown_at,
            "categories": self.categories, "bases": self.bases,
        })
    }

    fn lines(&self) -> Vec<String> {
        let (categories, bases) = (self.categories.join(" "), self.bases.join(" "));
        vec![fields(&[&self.shown_at, &self.recipient, &self.purpose, &bases, &categories])]
    }
}
