//! `musubi client custody` and `musubi client withdraw-form`: who may consent for a child, and forms that turned out to be
//! defective.

use super::person::{self, PersonArgument};
use super::show::{Shown, fields, plain};
use super::{Calling, Exit, Stopped};
use crate::edge::grpc::client as grpc;
use clap::Args;
use serde_json::{Value, json};

/// Custody of a child.
#[derive(Args, Debug)]
pub(super) struct Custody {
    /// The child (児)
    #[arg(long, value_name = "PERSON")]
    person: PersonArgument,
    /// ordinary, joint or protective (親権の状況)
    #[arg(value_name = "WORD")]
    custody: String,
    /// Grantor in a conflict of interest, several times (利益相反のある同意・申出者)
    #[arg(long = "conflict", value_name = "PERSON")]
    conflicts: Vec<PersonArgument>,
}

/// A version of a form.
#[derive(Args, Debug)]
pub(super) struct WithdrawForm {
    /// Id of the form (様式の番号)
    #[arg(value_name = "FORM")]
    form: String,
    /// Version of the form (様式の版)
    #[arg(value_name = "VERSION")]
    form_version: String,
}

/// Records custody and prints the receipt.
pub(super) async fn custody(arguments: &Custody, mut calling: Calling<'_, '_>) -> Result<Exit, Stopped> {
    let request = grpc::RecordCustodyRequest {
        staff_id: calling.staff.clone(),
        subject: Some(person::one(&arguments.person, calling.terminal)?),
        custody: arguments.custody.clone(),
        conflicts: person::all(&arguments.conflicts, calling.terminal)?,
    };
    let receipt = calling.client.consents().record_custody(request).await?.into_inner();
    calling.print(&receipt)?;
    Ok(Exit::Success)
}

/// Withdraws a form and prints what was released under it.
pub(super) async fn withdraw_form(arguments: &WithdrawForm, mut calling: Calling<'_, '_>) -> Result<Exit, Stopped> {
    let (form_id, form_version) = (arguments.form.clone(), arguments.form_version.clone());
    let request = grpc::WithdrawFormRequest { staff_id: calling.staff.clone(), form_id, form_version };
    let answer = calling.client.consents().withdraw_form(request).await?.into_inner();
    calling.print(&answer)?;
    Ok(Exit::Success)
}

impl Shown for grpc::WithdrawFormAnswer {
    fn json(&self) -> Value {
        json!({ "permits": self.permits, "released": self.released })
    }

    fn lines(&self) -> Vec<String> {
        let mut lines = vec![fields(&["unverified", &self.permits.to_string()])];
        lines.extend(self.released.iter().map(|row| fields(&["released", &plain(row)])));
        lines
    }
}
