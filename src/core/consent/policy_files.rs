//! The three files as they are written, and the checks that turn them into a policy.

use super::grantor::Capacity;
use super::policy::{Adjustment, Column, GroundEntry, KINDS, PURPOSES, PolicyFault, StatuteVersion};
use super::records::Relationship;
use super::words::{Cell, Condition, GroundCode, Nature};
use crate::agency::{AgencyKind, Category, CategorySet, Purpose};
use crate::time::Day;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

pub(super) const MATRIX: &str = "matrix.toml";
pub(super) const GROUNDS: &str = "grounds.toml";
pub(super) const MASKS: &str = "masks.toml";

/// The format that this program reads.
const FORMAT: u32 = 1;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MatrixFile {
    pub(super) format: u32,
    pub(super) effective: String,
    #[serde(rename = "source")]
    pub(super) _source: String,
    pub(super) allowed: BTreeMap<AgencyKind, Vec<Purpose>>,
    pub(super) column: Vec<ColumnFile>,
    #[serde(default)]
    pub(super) adjustment: Vec<AdjustmentFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ColumnFile {
    pub(super) recipient: AgencyKind,
    pub(super) purpose: Purpose,
    #[serde(rename = "label")]
    pub(super) _label: String,
    #[serde(default, rename = "note")]
    pub(super) _note: String,
    pub(super) cells: BTreeMap<Category, Cell>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AdjustmentFile {
    pub(super) label: String,
    pub(super) when: Option<Condition>,
    pub(super) unless: Option<Condition>,
    #[serde(default)]
    pub(super) recipients: Vec<AgencyKind>,
    #[serde(default)]
    pub(super) purposes: Vec<Purpose>,
    pub(super) categories: Option<CategorySet>,
    pub(super) from: Option<Cell>,
    pub(super) to: Cell,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GroundsFile {
    pub(super) format: u32,
    pub(super) effective: String,
    #[serde(rename = "source")]
    pub(super) _source: String,
    pub(super) ground: Vec<GroundFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GroundFile {
    pub(super) code: GroundCode,
    pub(super) label: String,
    pub(super) statute: String,
    pub(super) nature: Nature,
    pub(super) disclosers: Vec<AgencyKind>,
    pub(super) recipients: Vec<AgencyKind>,
    #[serde(default)]
    pub(super) members: bool,
    pub(super) mask: CategorySet,
    #[serde(default)]
    pub(super) explicit: CategorySet,
    pub(super) evidence: Vec<String>,
    pub(super) days_max: Option<u16>,
    pub(super) checked: String,
    pub(super) note: String,
    pub(super) version: Vec<VersionFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct VersionFile {
    pub(super) from: String,
    pub(super) until: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MasksFile {
    pub(super) format: u32,
    pub(super) effective: String,
    #[serde(rename = "source")]
    pub(super) _source: String,
    pub(super) must_be_named: CategorySet,
    pub(super) own_pregnancy: CategorySet,
    pub(super) emergencies_weekly_max: u16,
    #[serde(default = "no_basis_days")]
    pub(super) no_basis_days: u16,
    pub(super) emergency: Vec<EmergencyFile>,
    pub(super) capacity: Vec<CapacityFile>,
}

/// Files from before it was a matter of policy name none.
const fn no_basis_days() -> u16 {
    30
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EmergencyFile {
    pub(super) recipient: AgencyKind,
    #[serde(rename = "label")]
    pub(super) _label: String,
    pub(super) mask: CategorySet,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CapacityFile {
    pub(super) from: String,
    #[serde(rename = "label")]
    pub(super) _label: String,
    pub(super) majority: u8,
    pub(super) maturity: u8,
    pub(super) joint_custody_one_suffices: bool,
    pub(super) protective_grantors: Vec<Relationship>,
}

pub(super) fn read<T: for<'de> Deserialize<'de>>(file: &'static str, text: &str) -> Result<T, PolicyFault> {
    toml::from_str(text).map_err(|error| PolicyFault::Form { file, problem: error.to_string() })
}

pub(super) fn header(file: &'static str, format: u32, effective: &str) -> Result<Day, PolicyFault> {
    if format != FORMAT {
        return Err(PolicyFault::Forbidden { file, place: format!("format {format}") });
    }
    day(file, "effective", effective)
}

pub(super) fn day(file: &'static str, place: &str, text: &str) -> Result<Day, PolicyFault> {
    text.parse().map_err(|_| PolicyFault::Dates { file, place: place.to_owned() })
}

pub(super) fn columns(file: &MatrixFile) -> Result<[[Option<Column>; PURPOSES]; KINDS], PolicyFault> {
    let mut all = [[None; PURPOSES]; KINDS];
    for column in &file.column {
        let (kind, purpose) = (column.recipient, column.purpose);
        let place = format!("{kind}/{purpose}");
        if !file.allowed.get(&kind).is_some_and(|allowed| allowed.contains(&purpose)) {
            return Err(PolicyFault::Forbidden { file: MATRIX, place });
        }
        let slot = all.get_mut(kind as usize).and_then(|of_kind| of_kind.get_mut(purpose as usize));
        let Some(slot) = slot else { return Err(PolicyFault::Forbidden { file: MATRIX, place }) };
        if slot.is_some() {
            return Err(PolicyFault::Twice { file: MATRIX, place });
        }
        let mut cells = [Cell::Never; Category::ALL.len()];
        for (cell, category) in cells.iter_mut().zip(Category::ALL) {
            let missing = || PolicyFault::Missing { file: MATRIX, place: format!("{place} {category}") };
            *cell = *column.cells.get(category).ok_or_else(missing)?;
        }
        *slot = Some(cells);
    }
    for kind in AgencyKind::ALL {
        let missing = |place| PolicyFault::Missing { file: MATRIX, place };
        let allowed = file.allowed.get(kind).ok_or_else(|| missing(format!("allowed.{kind}")))?;
        for purpose in allowed {
            if matches!(purpose, Purpose::P10 | Purpose::P12) {
                return Err(PolicyFault::Forbidden { file: MATRIX, place: format!("{kind}/{purpose}") });
            }
            let column = all.get(*kind as usize).and_then(|of_kind| of_kind.get(*purpose as usize));
            column.copied().flatten().ok_or_else(|| missing(format!("{kind}/{purpose}")))?;
        }
    }
    Ok(all)
}

pub(super) fn adjustment(file: AdjustmentFile) -> Result<Adjustment, PolicyFault> {
    let (condition, when) = match (file.when, file.unless) {
        (Some(condition), None) => (condition, true),
        (None, Some(condition)) => (condition, false),
        _ => return Err(PolicyFault::Missing { file: MATRIX, place: "adjustment: one of when, unless".to_owned() }),
    };
    Ok(Adjustment {
        label: file.label,
        condition,
        when,
        recipients: file.recipients,
        purposes: file.purposes,
        categories: file.categories.unwrap_or(CategorySet::ALL),
        from: file.from,
        to: file.to,
    })
}

pub(super) fn registry(files: Vec<GroundFile>) -> Result<BTreeMap<GroundCode, GroundEntry>, PolicyFault> {
    let mut all = BTreeMap::new();
    for file in files {
        let code = file.code;
        let entry = ground(file)?;
        if all.insert(code, entry).is_some() {
            return Err(PolicyFault::Twice { file: GROUNDS, place: code.to_string() });
        }
    }
    match GroundCode::ALL.iter().find(|code| !all.contains_key(code)) {
        Some(code) => Err(PolicyFault::Missing { file: GROUNDS, place: code.to_string() }),
        None => Ok(all),
    }
}

pub(super) fn ground(file: GroundFile) -> Result<GroundEntry, PolicyFault> {
    let place = file.code.to_string();
    let mut versions: Vec<StatuteVersion> = Vec::new();
    for version in &file.version {
        let from = day(GROUNDS, &place, &version.from)?;
        let until = version.until.as_deref().map(|until| day(GROUNDS, &place, until)).transpose()?;
        let follows = versions.last().is_none_or(|last| last.until.is_some_and(|end| end < from));
        if !follows || until.is_some_and(|until| until < from) {
            return Err(PolicyFault::Dates { file: GROUNDS, place });
        }
        versions.push(StatuteVersion { from, until });
    }
    if versions.is_empty() {
        return Err(PolicyFault::Missing { file: GROUNDS, place: format!("{place} version") });
    }
    let notifier = file.mask.has(Category::C20);
    if notifier || !file.explicit.minus(file.mask).is_empty() {
        return Err(PolicyFault::Forbidden { file: GROUNDS, place: format!("{place} mask") });
    }
    Ok(GroundEntry {
        code: file.code,
        label: file.label,
        statute: file.statute,
        versions,
        nature: file.nature,
        disclosers: file.disclosers,
        recipients: file.recipients,
        members: file.members,
        mask: file.mask,
        explicit: file.explicit,
        evidence: file.evidence,
        days_max: file.days_max,
        checked: file.checked,
        note: file.note,
    })
}

pub(super) fn emergency(files: &[EmergencyFile]) -> Result<[CategorySet; KINDS], PolicyFault> {
    let mut all = [CategorySet::EMPTY; KINDS];
    for (slot, kind) in all.iter_mut().zip(AgencyKind::ALL) {
        let mut of_kind = files.iter().filter(|file| file.recipient == *kind);
        let place = format!("emergency {kind}");
        let Some(file) = of_kind.next() else { return Err(PolicyFault::Missing { file: MASKS, place }) };
        if of_kind.next().is_some() {
            return Err(PolicyFault::Twice { file: MASKS, place });
        }
        if file.mask.has(Category::C20) {
            return Err(PolicyFault::Forbidden { file: MASKS, place });
        }
        *slot = file.mask;
    }
    Ok(all)
}

pub(super) fn capacity(files: Vec<CapacityFile>) -> Result<Vec<Capacity>, PolicyFault> {
    let mut all: Vec<Capacity> = Vec::new();
    for file in files {
        let from = day(MASKS, "capacity", &file.from)?;
        if all.last().is_some_and(|last| last.from >= from) {
            return Err(PolicyFault::Dates { file: MASKS, place: "capacity".to_owned() });
        }
        if file.maturity > file.majority {
            return Err(PolicyFault::Forbidden { file: MASKS, place: "capacity.maturity".to_owned() });
        }
        all.push(Capacity {
            from,
            majority: file.majority,
            maturity: file.maturity,
            joint_custody_one_suffices: file.joint_custody_one_suffices,
            protective_grantors: file.protective_grantors,
        });
    }
    if all.is_empty() {
        return Err(PolicyFault::Missing { file: MASKS, place: "capacity".to_owned() });
    }
    Ok(all)
}

pub(super) fn hash(files: [&str; 3]) -> [u8; 32] {
    let mut sha = Sha256::new();
    for file in files {
        sha.update((file.len() as u64).to_be_bytes());
        sha.update(file.as_bytes());
    }
    sha.finalize().into()
}
