//! `musubi agency`: who takes part. Changes go to the hub that runs on the data folder, or are made there directly when
//! none does.

use super::order::{Ordered, carry_out};
use super::place::{Place, fault, wait};
use super::{Exit, Failure, Terminal};
use crate::config::Config;
use crate::entropy;
use crate::hub::enrol::Enrolment;
use crate::hub::register::{Agency, AgencySettings};
use crate::hub::sign_in;
use crate::orders::What;
use crate::store::{Settings, Store};
use clap::{Args, Subcommand};
use musubi_core::agency::{AgencyId, AgencyKind, Role};
use musubi_core::id::Municipality;
use musubi_core::sign_in::{Half, Terms};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

/// Longest file of an agency, in bytes.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// Arguments of `musubi agency`.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: AgencyCommand,
}

#[derive(Debug, Subcommand)]
enum AgencyCommand {
    /// List agencies and their staff (機関と職員の一覧)
    List {
        #[command(flatten)]
        place: Place,
    },
    /// Register an agency, or change it as a whole (機関の登録・変更)
    Add(Add),
    /// Shut an agency out at once, whatever its certificate says (緊急停止)
    Suspend(Named),
    /// Let a suspended agency in again (停止の解除)
    Resume(Named),
    /// Register a member of staff, or take one off (職員の登録・抹消)
    Staff(Staff),
    /// Enrol somebody who keeps the staff of an agency: one operator proposes, another confirms, each hands over half of a one-time
    /// code (職員管理者の登録)
    Officer(Officer),
}

#[derive(Debug, Args)]
struct Add {
    #[command(flatten)]
    order: Ordered,
    /// The id in its certificate, for example MED-4810700122
    #[arg(long, value_parser = |id: &str| AgencyId::new(id))]
    id: AgencyId,
    /// OSC, MED, PHO, CGC, PRV or MUN
    #[arg(long, value_parser = |kind: &str| kind.parse::<AgencyKind>())]
    kind: AgencyKind,
    /// Its name
    #[arg(long)]
    name: String,
    /// Code of the municipality that it belongs to
    #[arg(long, value_parser = |code: &str| Municipality::new(code))]
    municipality: Municipality,
    /// JSON with its profile, subscriptions and area
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct Named {
    #[command(flatten)]
    order: Ordered,
    /// The agency
    #[arg(value_parser = |id: &str| AgencyId::new(id))]
    id: AgencyId,
}

#[derive(Debug, Args)]
struct Staff {
    #[command(flatten)]
    order: Ordered,
    /// The agency
    #[arg(value_parser = |id: &str| AgencyId::new(id))]
    id: AgencyId,
    /// As the agency numbers its staff
    staff_id: String,
    /// phn, midwife, social_worker, child_welfare_officer, physician, nurse, clerk, provider_staff, legal_officer,
    /// privacy_officer or auditor
    #[arg(long, value_parser = |role: &str| role.parse::<Role>(), required_unless_present = "remove")]
    role: Option<Role>,
    /// The person leaves
    #[arg(long, conflicts_with = "role")]
    remove: bool,
}

#[derive(Debug, Args)]
struct Officer {
    #[command(flatten)]
    order: Ordered,
    /// The agency
    #[arg(value_parser = |id: &str| AgencyId::new(id))]
    id: AgencyId,
    /// As the agency numbers its staff
    staff_id: String,
    /// The person's name
    #[arg(long, required_unless_present = "confirm")]
    name: Option<String>,
    /// What the person is at work, as for `staff`
    #[arg(long, value_parser = |role: &str| role.parse::<Role>(), required_unless_present = "confirm")]
    role: Option<Role>,
    /// Confirm what another operator proposed
    #[arg(long, conflicts_with_all = ["name", "role"])]
    confirm: bool,
}

/// Lists agencies or changes one.
///
/// # Errors
/// When the data folder cannot be used.
pub fn run(arguments: &Arguments, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    let (order, what) = match &arguments.command {
        AgencyCommand::List { place } => return list(&place.config()?, terminal),
        AgencyCommand::Add(add) => (&add.order, Enrolment::Agency(Box::new(agency(add, terminal)?))),
        AgencyCommand::Suspend(named) => (&named.order, Enrolment::Suspend(named.id.clone())),
        AgencyCommand::Resume(named) => (&named.order, Enrolment::Resume(named.id.clone())),
        AgencyCommand::Officer(officer) => return order_officer(officer, terminal),
        AgencyCommand::Staff(staff) => {
            if staff.role == Some(Role::System) {
                return Err(Failure::Usage(
                    "`system` is the role of machines / system は職員の役割ではありません".to_owned(),
                ));
            }
            let (agency, staff_id) = (staff.id.clone(), staff.staff_id.clone());
            (&staff.order, Enrolment::Staff { agency, staff_id, role: staff.role })
        }
    };
    carry_out(order, What::Register(what), terminal)
}

/// Has the hub take the order, and only then prints the half of the code, of which it knows the hash alone.
fn order_officer(officer: &Officer, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    let half = Half::from_random(entropy::bytes());
    let terms = officer.name.clone().zip(officer.role).map(|(name, role)| Terms {
        staff_id: officer.staff_id.clone(),
        name,
        role,
        keeper: true,
    });
    let (agency, staff_id) = (officer.id.clone(), officer.staff_id.clone());
    let what = What::Officer(sign_in::Officer { agency, terms, staff_id, half: half.hash() });
    let exit = carry_out(&officer.order, what, terminal)?;
    writeln!(terminal.out, "{half}")?;
    writeln!(
        terminal.out,
        "Half of the one-time code: hand it over in person, it is good for 24 hours. / 登録用コードの半分です。本人に直接渡してください(24時間有効)。"
    )?;
    Ok(exit)
}

/// The agency as the arguments say. An agency that is changed keeps its staff: the hub that is asked adds it.
fn agency(add: &Add, terminal: &mut Terminal<'_>) -> Result<Agency, Failure> {
    let settings = match &add.settings {
        None => AgencySettings::default(),
        Some(path) => serde_json::from_slice(&terminal.read(path, FILE_BYTES_MAX)?)
            .map_err(|error| Failure::Fault(format!("{} line {}: {error}", path.display(), error.line())))?,
    };
    Ok(Agency {
        id: add.id.clone(),
        kind: add.kind,
        name: add.name.clone(),
        municipality: add.municipality.clone(),
        active: true,
        settings,
        staff: wait(staff_on_file(&add.order.config()?, &add.id))?,
    })
}

async fn staff_on_file(config: &Config, id: &AgencyId) -> Result<BTreeMap<String, Role>, Failure> {
    if !config.data.is_there() {
        return Ok(BTreeMap::new());
    }
    let store = reading(config).await?;
    let staff = store.staff(id).await.map_err(fault)?;
    Ok(staff.into_iter().filter(|one| one.active).map(|one| (one.actor.staff_id, one.actor.role)).collect())
}

async fn reading(config: &Config) -> Result<Store, Failure> {
    let location = config.data.location().map_err(fault)?;
    Store::open_reading_at(&location, Settings::default()).await.map_err(fault)
}

fn list(config: &Config, terminal: &mut Terminal<'_>) -> Result<Exit, Failure> {
    let lines = wait(async {
        let store = reading(config).await?;
        let mut lines = Vec::new();
        for agency in store.agencies().await.map_err(fault)? {
            let state = if agency.active { "active" } else { "suspended" };
            lines.push(format!("{} {} {} {state} {}", agency.id, agency.kind, agency.municipality, agency.name));
            for staff in store.staff(&agency.id).await.map_err(fault)?.into_iter().filter(|staff| staff.active) {
                lines.push(format!("  {} {}", staff.actor.staff_id, staff.actor.role));
            }
        }
        Ok(lines)
    })?;
    lines.iter().try_for_each(|line| writeln!(terminal.out, "{line}"))?;
    Ok(Exit::Success)
}
