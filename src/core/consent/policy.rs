//! The three reviewed data files: matrix, grounds, masks. Read, checked as a whole, then used.

use super::grantor::{Capacity, STRICTEST};
use super::words::{Cell, Condition, GroundCode, Nature};
use crate::agency::{AgencyKind, Category, CategorySet, Purpose};
use crate::time::Day;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

const KINDS: usize = AgencyKind::ALL.len();
const PURPOSES: usize = Purpose::ALL.len();
const CATEGORIES: usize = Category::ALL.len();

/// The format that this program reads.
const FORMAT: u32 = 1;

/// The twenty cells of one kind and purpose.
pub(crate) type Column = [Cell; CATEGORIES];

/// The policy in force. Immutable; a change is another policy with another hash.
#[derive(Clone, Debug)]
pub struct Policy {
    columns: [[Option<Column>; PURPOSES]; KINDS],
    /// Notes of the matrix, in the order in which they apply.
    pub adjustments: Vec<Adjustment>,
    grounds: BTreeMap<GroundCode, GroundEntry>,
    emergency: [CategorySet; KINDS],
    /// Categories that a permit must name; "all" never means them.
    pub must_be_named: CategorySet,
    /// What the parents of a pregnant minor cannot consent to in her place.
    pub own_pregnancy: CategorySet,
    capacity: Vec<Capacity>,
    effective: Day,
    hash: [u8; 32],
}

/// A note of the matrix: a cell that depends on a circumstance.
#[derive(Clone, Debug)]
pub struct Adjustment {
    /// Japanese label.
    pub label: String,
    /// The circumstance.
    pub condition: Condition,
    /// Applies when the circumstance holds (`when`), or when it does not (`unless`).
    pub when: bool,
    /// The kinds concerned; empty: every kind.
    pub recipients: Vec<AgencyKind>,
    /// The purposes concerned; empty: every purpose.
    pub purposes: Vec<Purpose>,
    /// The categories concerned.
    pub categories: CategorySet,
    /// Only cells of this value.
    pub from: Option<Cell>,
    /// The value that the cell takes.
    pub to: Cell,
}

impl Adjustment {
    /// Is this column concerned?
    pub fn concerns(&self, kind: AgencyKind, purpose: Purpose) -> bool {
        (self.recipients.is_empty() || self.recipients.contains(&kind))
            && (self.purposes.is_empty() || self.purposes.contains(&purpose))
    }
}

/// A version of a statute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatuteVersion {
    /// In force from.
    pub from: Day,
    /// The last day in force.
    pub until: Option<Day>,
}

/// One ground of the registry.
#[derive(Clone, Debug)]
pub struct GroundEntry {
    /// Its code.
    pub code: GroundCode,
    /// Japanese label.
    pub label: String,
    /// The statute.
    pub statute: String,
    /// Its versions, by date of effect.
    pub versions: Vec<StatuteVersion>,
    /// What it does.
    pub nature: Nature,
    /// Who may disclose under it.
    pub disclosers: Vec<AgencyKind>,
    /// Who may receive under it.
    pub recipients: Vec<AgencyKind>,
    /// Recipients must be listed members of the council case.
    pub members: bool,
    /// What it can open.
    pub mask: CategorySet,
    /// What only an approval of this very request opens.
    pub explicit: CategorySet,
    /// What must be recorded with the assertion.
    pub evidence: Vec<String>,
    /// Longest period in days.
    pub days_max: Option<u16>,
    /// "read" when the article was read, "general knowledge" when a lawyer must check it.
    pub checked: String,
    /// In English.
    pub note: String,
}

impl GroundEntry {
    /// The version of the statute that is in force on a day, by its date of effect; empty before the first.
    pub fn version_on(&self, day: Day) -> String {
        let in_force = self.versions.iter().filter(|version| version.from <= day).max_by_key(|version| version.from);
        in_force.map(|version| version.from.to_string()).unwrap_or_default()
    }
}

/// Why a policy was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyFault {
    /// Not the form that is expected.
    #[error("{file}: {problem}")]
    Form {
        /// Which file.
        file: &'static str,
        /// What the reader says.
        problem: String,
    },
    /// A date is wrong or in the wrong order.
    #[error("{file}: {place}: not a date, or dates in the wrong order")]
    Dates {
        /// Which file.
        file: &'static str,
        /// Where.
        place: String,
    },
    /// Something is missing.
    #[error("{file}: {place} is missing")]
    Missing {
        /// Which file.
        file: &'static str,
        /// What.
        place: String,
    },
    /// Something stands there twice.
    #[error("{file}: {place} stands there twice")]
    Twice {
        /// Which file.
        file: &'static str,
        /// What.
        place: String,
    },
    /// Something that cannot be.
    #[error("{file}: {place} is not allowed")]
    Forbidden {
        /// Which file.
        file: &'static str,
        /// What.
        place: String,
    },
}

const MATRIX: &str = "matrix.toml";
const GROUNDS: &str = "grounds.toml";
const MASKS: &str = "masks.toml";

impl Policy {
    /// The reviewed policy that is part of this program.
    pub fn reviewed() -> Self {
        Policy::load(
            include_str!("../../../policy/matrix.toml"),
            include_str!("../../../policy/grounds.toml"),
            include_str!("../../../policy/masks.toml"),
        )
        .expect("the reviewed files are part of the program, and a test loads them")
    }

    /// Reads and checks the three files.
    ///
    /// # Errors
    /// When a cell is missing, a column stands there twice, a ground or word is unknown, or dates are not in order.
    pub fn load(matrix: &str, grounds: &str, masks: &str) -> Result<Self, PolicyFault> {
        let matrix_file: MatrixFile = read(MATRIX, matrix)?;
        let grounds_file: GroundsFile = read(GROUNDS, grounds)?;
        let masks_file: MasksFile = read(MASKS, masks)?;
        let effective = [
            header(MATRIX, matrix_file.format, &matrix_file.effective)?,
            header(GROUNDS, grounds_file.format, &grounds_file.effective)?,
            header(MASKS, masks_file.format, &masks_file.effective)?,
        ];
        Ok(Policy {
            columns: columns(&matrix_file)?,
            adjustments: matrix_file.adjustment.into_iter().map(adjustment).collect::<Result<_, _>>()?,
            grounds: registry(grounds_file.ground)?,
            emergency: emergency(&masks_file.emergency)?,
            must_be_named: masks_file.must_be_named,
            own_pregnancy: masks_file.own_pregnancy,
            capacity: capacity(masks_file.capacity)?,
            effective: effective.into_iter().fold(Day::MIN, Day::max),
            hash: hash([matrix, grounds, masks]),
        })
    }

    /// SHA-256 over the three files, each with its length before it.
    pub fn hash(&self) -> [u8; 32] {
        self.hash
    }

    /// The day from which all three files are in effect.
    pub fn effective(&self) -> Day {
        self.effective
    }

    /// May this kind name this purpose?
    pub fn allows(&self, kind: AgencyKind, purpose: Purpose) -> bool {
        self.column(kind, purpose).is_some()
    }

    /// The purposes that this kind may name.
    pub fn purposes(&self, kind: AgencyKind) -> impl Iterator<Item = Purpose> {
        Purpose::ALL.iter().copied().filter(move |purpose| self.allows(kind, *purpose))
    }

    /// The cell as it stands in the matrix, before adjustments. `None` when the purpose is not allowed.
    pub fn cell(&self, kind: AgencyKind, purpose: Purpose, category: Category) -> Option<Cell> {
        self.column(kind, purpose).and_then(|column| column.get(category as usize)).copied()
    }

    /// The registry's entry of a ground.
    pub fn ground(&self, code: GroundCode) -> Option<&GroundEntry> {
        self.grounds.get(&code)
    }

    /// The whole registry.
    pub fn grounds(&self) -> impl Iterator<Item = &GroundEntry> {
        self.grounds.values()
    }

    /// What break-glass shows to a kind.
    pub fn emergency(&self, kind: AgencyKind) -> CategorySet {
        self.emergency.get(kind as usize).copied().unwrap_or_default()
    }

    /// The age bands in effect on a day: the last that has begun, else the first.
    pub fn capacity(&self, day: Day) -> &Capacity {
        let begun = self.capacity.iter().rev().find(|band| band.from <= day);
        begun.or(self.capacity.first()).unwrap_or(&STRICTEST)
    }

    pub(crate) fn capacities(&self) -> &[Capacity] {
        &self.capacity
    }

    pub(crate) fn column(&self, kind: AgencyKind, purpose: Purpose) -> Option<&Column> {
        self.columns.get(kind as usize)?.get(purpose as usize)?.as_ref()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MatrixFile {
    format: u32,
    effective: String,
    #[serde(rename = "source")]
    _source: String,
    allowed: BTreeMap<AgencyKind, Vec<Purpose>>,
    column: Vec<ColumnFile>,
    #[serde(default)]
    adjustment: Vec<AdjustmentFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ColumnFile {
    recipient: AgencyKind,
    purpose: Purpose,
    #[serde(rename = "label")]
    _label: String,
    #[serde(default, rename = "note")]
    _note: String,
    cells: BTreeMap<Category, Cell>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AdjustmentFile {
    label: String,
    when: Option<Condition>,
    unless: Option<Condition>,
    #[serde(default)]
    recipients: Vec<AgencyKind>,
    #[serde(default)]
    purposes: Vec<Purpose>,
    categories: Option<CategorySet>,
    from: Option<Cell>,
    to: Cell,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GroundsFile {
    format: u32,
    effective: String,
    #[serde(rename = "source")]
    _source: String,
    ground: Vec<GroundFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GroundFile {
    code: GroundCode,
    label: String,
    statute: String,
    nature: Nature,
    disclosers: Vec<AgencyKind>,
    recipients: Vec<AgencyKind>,
    #[serde(default)]
    members: bool,
    mask: CategorySet,
    #[serde(default)]
    explicit: CategorySet,
    evidence: Vec<String>,
    days_max: Option<u16>,
    checked: String,
    note: String,
    version: Vec<VersionFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct VersionFile {
    from: String,
    until: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MasksFile {
    format: u32,
    effective: String,
    #[serde(rename = "source")]
    _source: String,
    must_be_named: CategorySet,
    own_pregnancy: CategorySet,
    emergency: Vec<EmergencyFile>,
    capacity: Vec<CapacityFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EmergencyFile {
    recipient: AgencyKind,
    #[serde(rename = "label")]
    _label: String,
    mask: CategorySet,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CapacityFile {
    from: String,
    #[serde(rename = "label")]
    _label: String,
    majority: u8,
    maturity: u8,
    joint_custody_one_suffices: bool,
    protective_grantors: Vec<super::records::Relationship>,
}

fn read<T: for<'de> Deserialize<'de>>(file: &'static str, text: &str) -> Result<T, PolicyFault> {
    toml::from_str(text).map_err(|error| PolicyFault::Form { file, problem: error.to_string() })
}

fn header(file: &'static str, format: u32, effective: &str) -> Result<Day, PolicyFault> {
    if format != FORMAT {
        return Err(PolicyFault::Forbidden { file, place: format!("format {format}") });
    }
    day(file, "effective", effective)
}

fn day(file: &'static str, place: &str, text: &str) -> Result<Day, PolicyFault> {
    text.parse().map_err(|_| PolicyFault::Dates { file, place: place.to_owned() })
}

fn columns(file: &MatrixFile) -> Result<[[Option<Column>; PURPOSES]; KINDS], PolicyFault> {
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
        let mut cells = [Cell::Never; CATEGORIES];
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

fn adjustment(file: AdjustmentFile) -> Result<Adjustment, PolicyFault> {
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

fn registry(files: Vec<GroundFile>) -> Result<BTreeMap<GroundCode, GroundEntry>, PolicyFault> {
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

fn ground(file: GroundFile) -> Result<GroundEntry, PolicyFault> {
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

fn emergency(files: &[EmergencyFile]) -> Result<[CategorySet; KINDS], PolicyFault> {
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

fn capacity(files: Vec<CapacityFile>) -> Result<Vec<Capacity>, PolicyFault> {
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

fn hash(files: [&str; 3]) -> [u8; 32] {
    let mut sha = Sha256::new();
    for file in files {
        sha.update((file.len() as u64).to_be_bytes());
        sha.update(file.as_bytes());
    }
    sha.finalize().into()
}
