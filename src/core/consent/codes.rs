//! Codes that tell more than the field in which they stand: `policy/codes.toml`.

mod compare;

use super::policy::PolicyFault;
use crate::agency::CategorySet;
use crate::time::Day;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::collections::BTreeMap;

const FILE: &str = "codes.toml";
/// Characters of an ICD-10 category, which ranges compare.
const RANGE_CHARACTERS: usize = 3;

/// The table: code to the categories that it raises.
#[derive(Clone, Debug)]
pub struct RaisedCodes {
    systems: Vec<System>,
    file: String,
    hash: [u8; 32],
}

#[derive(Clone, Debug)]
struct System {
    names: Vec<String>,
    how: Match,
    codes: BTreeMap<String, CategorySet>,
    ranges: Vec<(String, String, CategorySet)>,
    otherwise: Option<CategorySet>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Match {
    Exact,
    Prefix,
    Contains,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CodesFile {
    format: u32,
    effective: String,
    #[serde(rename = "source")]
    _source: String,
    system: Vec<SystemFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SystemFile {
    label: String,
    names: Vec<String>,
    #[serde(rename = "match")]
    how: Match,
    otherwise: Option<CategorySet>,
    #[serde(default)]
    code: Vec<CodeFile>,
    #[serde(default)]
    range: Vec<RangeFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CodeFile {
    code: String,
    raises: CategorySet,
    #[serde(rename = "label")]
    _label: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RangeFile {
    from: String,
    to: String,
    raises: CategorySet,
    #[serde(rename = "label")]
    _label: String,
}

impl RaisedCodes {
    /// The reviewed table that is part of this program.
    pub fn reviewed() -> Self {
        RaisedCodes::load(include_str!("../../../policy/codes.toml"))
            .expect("the reviewed file is part of the program, and a test loads it")
    }

    /// Reads and checks the table.
    ///
    /// # Errors
    /// When it is not of its form, or a system or code stands there twice.
    pub fn load(text: &str) -> Result<Self, PolicyFault> {
        let file: CodesFile =
            toml::from_str(text).map_err(|error| PolicyFault::Form { file: FILE, problem: error.to_string() })?;
        if file.format != 1 {
            return Err(PolicyFault::Forbidden { file: FILE, place: format!("format {}", file.format) });
        }
        if file.effective.parse::<Day>().is_err() {
            return Err(PolicyFault::Dates { file: FILE, place: "effective".to_owned() });
        }
        let mut systems: Vec<System> = Vec::new();
        for system in file.system {
            let known = |name: &String| systems.iter().any(|other| other.names.contains(name));
            if let Some(twice) = system.names.iter().find(|name| known(name)) {
                return Err(PolicyFault::Twice { file: FILE, place: twice.clone() });
            }
            systems.push(System::read(system)?);
        }
        Ok(RaisedCodes { systems, file: text.to_owned(), hash: Sha256::digest(text.as_bytes()).into() })
    }

    /// The file as it was read.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// SHA-256 of the file.
    pub fn hash(&self) -> [u8; 32] {
        self.hash
    }

    /// The categories that a code raises, perhaps none. `None`: the code is unknown, and the item gets its container's
    /// category, C10 and label V.
    pub fn raised(&self, system: &str, code: &str) -> Option<CategorySet> {
        self.systems.iter().find(|known| known.names.iter().any(|name| name == system))?.raised(code)
    }
}

impl System {
    fn read(file: SystemFile) -> Result<Self, PolicyFault> {
        let mut codes = BTreeMap::new();
        for code in file.code {
            let key = key(file.how, &code.code).into_owned();
            if key.is_empty() || codes.insert(key, code.raises).is_some() {
                return Err(PolicyFault::Twice { file: FILE, place: format!("{} {}", file.label, code.code) });
            }
        }
        let mut ranges = Vec::new();
        for range in file.range {
            let characters = |text: &str| text.chars().count();
            let right = file.how == Match::Prefix
                && characters(&range.from) == RANGE_CHARACTERS
                && characters(&range.to) == RANGE_CHARACTERS
                && range.from <= range.to;
            if !right {
                let place = format!("{} {}-{}", file.label, range.from, range.to);
                return Err(PolicyFault::Forbidden { file: FILE, place });
            }
            ranges.push((range.from, range.to, range.raises));
        }
        Ok(System { names: file.names, how: file.how, codes, ranges, otherwise: file.otherwise })
    }

    fn raised(&self, code: &str) -> Option<CategorySet> {
        let code = key(self.how, code);
        let listed = match self.how {
            Match::Exact => self.codes.get(&*code).copied(),
            Match::Prefix => self.by_prefix(&code),
            Match::Contains => {
                let hits = self.codes.iter().filter(|(part, _)| code.contains(part.as_str()));
                hits.map(|(_, raises)| *raises).reduce(CategorySet::union)
            }
        };
        listed.or(self.otherwise)
    }

    /// The longest listed beginning, else the union of the ranges that hold the code.
    fn by_prefix(&self, code: &str) -> Option<CategorySet> {
        let beginnings = self.codes.iter().filter(|(beginning, _)| code.starts_with(beginning.as_str()));
        let longest = beginnings.max_by_key(|(beginning, _)| beginning.len()).map(|(_, raises)| *raises);
        let head: String = code.chars().take(RANGE_CHARACTERS).collect();
        let whole = head.chars().count() == RANGE_CHARACTERS;
        let holds = |(from, to, _): &&(String, String, CategorySet)| whole && *from <= head && head <= *to;
        longest.or_else(|| self.ranges.iter().filter(holds).map(|range| range.2).reduce(CategorySet::union))
    }
}

/// A code in the form in which it is compared.
fn key(how: Match, code: &str) -> Cow<'_, str> {
    let code = code.trim();
    match how {
        Match::Exact => Cow::Borrowed(code),
        Match::Prefix => Cow::Owned(code.chars().filter(|c| *c != '.').flat_map(char::to_uppercase).collect()),
        Match::Contains => Cow::Owned(code.to_lowercase()),
    }
}
