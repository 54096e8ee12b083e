//! `musubi client`: an agency's side of every call, over mutual TLS with the agency's own certificate.
//!
//! Results go to standard output, as text for people or with `--json` as JSON; diagnostics go to standard error, one a
//! line. Whoever runs it reads what the agency may see, so nothing but the results of a call says anything of a person.

mod acknowledgement;
mod cases;
pub(super) mod connection;
mod consent;
mod emergency;
mod explain;
mod family;
mod ground;
mod person;
mod receive;
mod refer;
mod show;
mod statement;
mod submit;
mod work;

pub use connection::{ConnectionFile, FOLDER_CA, FOLDER_CERTIFICATE, FOLDER_CONNECTION, FOLDER_CRL, FOLDER_KEY};

use super::{Exit, Failure, Terminal};
use crate::agency_client::AgencyClient;
use clap::{Args, Subcommand};
use std::io;
use tonic::Status;

/// Arguments of `musubi client`.
#[derive(Args, Debug)]
#[command(after_help = "\
A person is written ISSUER#IDENTIFIER (a hospital's patient number: MED-4810700122#00012345), as Musubi's id, or as \
NAME@YYYY-MM-DD; with a role before it where one is asked for: mother=…, child=…, guardian=…, other=….
A person or a free text may be @FILE: what stands on a command line can be read by others on the same machine.
対象者は「発行者#番号」「MusubiのID」「氏名@生年月日」で指定し、役割は mother= child= guardian= other= で前に付けます。\
氏名や自由記載は @FILE でファイルから読めます。")]
pub struct Arguments {
    #[command(flatten)]
    connection: connection::Connection,
    /// Id of the member of staff who acts, from the agency's register (操作する職員のID)
    #[arg(
        long,
        global = true,
        help_heading = "Every call (共通)",
        env = "MUSUBI_STAFF",
        value_name = "ID",
        default_value = "",
        hide_default_value = true
    )]
    staff: String,
    /// Print results as JSON (結果をJSONで出力する)
    #[arg(long, global = true, help_heading = "Every call (共通)")]
    json: bool,
    #[command(subcommand)]
    call: Call,
}

#[derive(Debug, Subcommand)]
enum Call {
    /// Hand in messages and files (メッセージやファイルを提出する)
    Submit(submit::Arguments),
    /// Ask for the cases that a ground opens (根拠に基づきケースを照会する)
    Cases(cases::CasesArguments),
    /// Read what the agency may see of one person (1人について閲覧できる記録を読む)
    Record(cases::RecordArguments),
    /// Fetch what was sent to the agency into a folder (届いたものをフォルダに受け取る)
    Receive(receive::Arguments),
    /// Ask another agency to act for a family (他機関へ紹介・連携を依頼する)
    Refer(refer::ReferArguments),
    /// Take the next step of a referral, or see where it stands (紹介を次の段階へ進める、または確認する)
    Step(refer::StepArguments),
    /// Record what a person permits, objects to, or is protected by (同意・撤回・異議・支援措置を記録する)
    #[command(subcommand)]
    Consent(consent::Arguments),
    /// Ask for, assert and answer grounds in law (法令上の根拠を求める・主張する・回答する)
    #[command(subcommand)]
    Ground(ground::Arguments),
    /// Record who holds authority over a child (親権・監護の状況を記録する)
    Custody(family::Custody),
    /// A form was defective: its permits are unverified from now on (様式の不備により同意を未確認とする)
    WithdrawForm(family::WithdrawForm),
    /// Why something was shown, and what would open the rest (提供の理由を確かめる)
    #[command(subcommand)]
    Explain(explain::Arguments),
    /// Break the glass in an emergency, in two steps (緊急閲覧)
    #[command(subcommand)]
    Emergency(emergency::Arguments),
    /// See and answer what waits for a person (対応待ちの用件を見る・回答する)
    #[command(subcommand)]
    Work(work::Arguments),
    /// See who was shown a person's data (誰に何を見せたかの記録を見る)
    Statement(statement::Arguments),
}

/// What every call needs.
struct Calling<'t, 'w> {
    client: AgencyClient,
    staff: String,
    json: bool,
    terminal: &'t mut Terminal<'w>,
}

/// Why a call did not come to its end.
enum Stopped {
    /// On this side.
    Here(Failure),
    /// The hub refused, or could not be reached.
    Hub(Status),
}

impl From<Failure> for Stopped {
    fn from(failure: Failure) -> Self {
        Stopped::Here(failure)
    }
}

impl From<io::Error> for Stopped {
    fn from(error: io::Error) -> Self {
        Stopped::Here(Failure::Output(error))
    }
}

impl From<Status> for Stopped {
    fn from(status: Status) -> Self {
        Stopped::Hub(status)
    }
}

/// Connects, calls, prints.
pub(super) fn run(arguments: &Arguments, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    let fault = |error: io::Error| Failure::Fault(format!("the runtime does not start: {error}"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(fault)?;
    let ended = runtime.block_on(async {
        let client = arguments.connection.open(terminal)?;
        let (staff, json) = (arguments.staff.clone(), arguments.json);
        arguments.call.run(Calling { client, staff, json, terminal }).await
    });
    match ended {
        Ok(exit) => Ok(exit),
        Err(Stopped::Here(failure)) => Err(failure),
        Err(Stopped::Hub(status)) => {
            for line in show::status_lines(&status) {
                writeln!(terminal.err, "{line}")?;
            }
            Ok(Exit::Refused)
        }
    }
}

impl Call {
    async fn run(&self, calling: Calling<'_, '_>) -> Result<Exit, Stopped> {
        match self {
            Call::Submit(arguments) => submit::run(arguments, calling).await,
            Call::Cases(arguments) => cases::search(arguments, calling).await,
            Call::Record(arguments) => cases::record(arguments, calling).await,
            Call::Receive(arguments) => receive::run(arguments, calling).await,
            Call::Refer(arguments) => refer::refer(arguments, calling).await,
            Call::Step(arguments) => refer::step(arguments, calling).await,
            Call::Consent(arguments) => consent::run(arguments, calling).await,
            Call::Ground(arguments) => ground::run(arguments, calling).await,
            Call::Custody(arguments) => family::custody(arguments, calling).await,
            Call::WithdrawForm(arguments) => family::withdraw_form(arguments, calling).await,
            Call::Explain(arguments) => explain::run(arguments, calling).await,
            Call::Emergency(arguments) => emergency::run(arguments, calling).await,
            Call::Work(arguments) => work::run(arguments, calling).await,
            Call::Statement(arguments) => statement::run(arguments, calling).await,
        }
    }
}

#[cfg(test)]
mod tests;
