//! The three reviewed data files: matrix, grounds, masks. Read, checked as a whole, then used.

use super::grantor::{Capacity, STRICTEST};
use super::policy_files::{self as files, GROUNDS, GroundsFile, MASKS, MATRIX, MasksFile, MatrixFile, header, read};
use super::words::{Cell, Condition, GroundCode, Nature};
use crate::agency::{AgencyKind, Category, CategorySet, Purpose};
use crate::time::Day;
use std::collections::BTreeMap;
use std::sync::Arc;

pub(super) const KINDS: usize = AgencyKind::ALL.len();
pub(super) const PURPOSES: usize = Purpose::ALL.len();
const CATEGORIES: usize = Category::ALL.len();

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
    emergencies_weekly_max: u16,
    no_basis_days: u16,
    /// Categories that a permit must name; "all" never means them.
    pub must_be_named: CategorySet,
    /// What the parents of a pregnant minor cannot consent to in her place.
    pub own_pregnancy: CategorySet,
    capacity: Vec<Capacity>,
    effective: Day,
    hash: [u8; 32],
    files: Arc<[String; 3]>,
}

/// A note of the matrix: a cell that depends on a circumstance.
#[derive(Clone, Debug, PartialEq, Eq)]
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
        if masks_file.no_basis_days == 0 {
            return Err(PolicyFault::Forbidden { file: MASKS, place: "no_basis_days = 0".to_owned() });
        }
        let effective = [
            header(MATRIX, matrix_file.format, &matrix_file.effective)?,
            header(GROUNDS, grounds_file.format, &grounds_file.effective)?,
            header(MASKS, masks_file.format, &masks_file.effective)?,
        ];
        Ok(Policy {
            columns: files::columns(&matrix_file)?,
            adjustments: matrix_file.adjustment.into_iter().map(files::adjustment).collect::<Result<_, _>>()?,
            grounds: files::registry(grounds_file.ground)?,
            emergency: files::emergency(&masks_file.emergency)?,
            must_be_named: masks_file.must_be_named,
            own_pregnancy: masks_file.own_pregnancy,
            emergencies_weekly_max: masks_file.emergencies_weekly_max,
            no_basis_days: masks_file.no_basis_days,
            capacity: files::capacity(masks_file.capacity)?,
            effective: effective.into_iter().fold(Day::MIN, Day::max),
            hash: files::hash([matrix, grounds, masks]),
            files: Arc::new([matrix, grounds, masks].map(str::to_owned)),
        })
    }

    /// SHA-256 over the three files, each with its length before it.
    pub fn hash(&self) -> [u8; 32] {
        self.hash
    }

    /// The three files as they were read: matrix, grounds, masks.
    pub fn files(&self) -> &[String; 3] {
        &self.files
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

    /// More break-glass of one agency within a week raise an alarm (S-62).
    pub fn emergencies_weekly_max(&self) -> usize {
        self.emergencies_weekly_max.into()
    }

    /// After how many days the author of something without a basis is told (section 5, flow 1).
    pub fn no_basis_days(&self) -> i64 {
        self.no_basis_days.into()
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
