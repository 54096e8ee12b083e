//! The schedule as a reviewed file, `policy/retention.toml`.

use crate::agency::{Category, CategorySet};
use crate::consent::explain::Change;
use crate::id::Municipality;
use crate::time::Day;
use jiff::ToSpan;
use serde::Deserialize;
use std::collections::BTreeSet;

/// The format that this program reads.
const FORMAT: u32 = 1;

/// How long what is kept of which category (保存期間表).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    rules: Vec<KeepingRule>,
}

/// One line of the schedule.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeepingRule {
    /// Its code.
    pub code: String,
    /// Japanese label.
    pub label: String,
    /// Entries that tell any of these.
    pub categories: CategorySet,
    /// Also what was done about the persons: facts on file, work, referrals, releases.
    #[serde(default)]
    pub acts: bool,
    /// From when the years count.
    pub counted: Counted,
    /// So many.
    pub years: i16,
    /// Law or guideline.
    pub basis: String,
    /// "read" when the source was read, "general knowledge" when a lawyer must check it.
    pub checked: String,
    /// In English.
    pub note: String,
    /// Where a municipality keeps it longer.
    #[serde(default)]
    pub longer: Vec<Longer>,
}

/// From when the years of a rule count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Counted {
    /// From the birth of the youngest child whom the entry is about; from the entry, where no birth is known.
    Birth,
    /// From the day of the entry.
    Entry,
}

/// A municipality's own, longer period.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Longer {
    /// Which.
    pub municipality: Municipality,
    /// Years.
    pub years: i16,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: u32,
    effective: String,
    #[serde(rename = "source")]
    _source: String,
    rule: Vec<KeepingRule>,
}

/// Why a schedule was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleFault {
    /// Not the form that is expected.
    #[error("retention.toml: {0}")]
    Form(String),
    /// Something is not right at a place.
    #[error("retention.toml: {0}")]
    At(String),
}

impl Schedule {
    /// The reviewed schedule that is part of this program.
    pub fn reviewed() -> Self {
        Schedule::load(include_str!("../../../policy/retention.toml"))
            .expect("the reviewed file is part of the program, and a test loads it")
    }

    /// Reads and checks the file.
    ///
    /// # Errors
    /// When a category stands in no rule, a code stands there twice, a period is none or is shortened, or nothing says how long
    /// acts are kept.
    pub fn load(text: &str) -> Result<Self, ScheduleFault> {
        let file: File = toml::from_str(text).map_err(|error| ScheduleFault::Form(error.to_string()))?;
        let at = |place: &str| Err(ScheduleFault::At(place.to_owned()));
        if file.format != FORMAT {
            return at("format is not one that this program reads");
        }
        if file.effective.parse::<Day>().is_err() {
            return at("effective is not a date");
        }
        let codes: BTreeSet<&str> = file.rule.iter().map(|rule| rule.code.as_str()).collect();
        if codes.len() != file.rule.len() {
            return at("a code stands there twice");
        }
        for rule in &file.rule {
            if rule.years < 1 || rule.longer.iter().any(|longer| longer.years < rule.years) {
                return at(&format!("rule {}: years below 1, or shortened for a municipality", rule.code));
            }
        }
        let covered = file.rule.iter().fold(CategorySet::EMPTY, |all, rule| all.union(rule.categories));
        if let Some(category) = Category::ALL.iter().find(|category| !covered.has(**category)) {
            return at(&format!("no rule says how long {category} is kept"));
        }
        if !file.rule.iter().any(|rule| rule.acts && rule.counted == Counted::Entry) {
            return at("no rule says how long acts are kept");
        }
        Ok(Schedule { rules: file.rule })
    }

    /// What another schedule says otherwise. It shows nobody anything, and so opens nothing.
    pub fn diff(&self, new: &Schedule) -> Vec<Change> {
        let rule = |schedule: &Schedule, code: &str| {
            let found = schedule.rules.iter().find(|rule| rule.code == code);
            found.map_or_else(|| "none".to_owned(), KeepingRule::in_words)
        };
        let codes: BTreeSet<&String> = self.rules.iter().chain(&new.rules).map(|rule| &rule.code).collect();
        let changes = codes.into_iter().map(|code| Change {
            place: format!("retention {code}"),
            old: rule(self, code),
            new: rule(new, code),
            opens: false,
        });
        changes.filter(|change| change.old != change.new).collect()
    }

    /// Its rules.
    pub fn rules(&self) -> &[KeepingRule] {
        &self.rules
    }
}

impl KeepingRule {
    /// What decides: of what, how long, from when, and where longer.
    fn in_words(&self) -> String {
        let categories: Vec<&str> = self.categories.iter().map(Category::word).collect();
        let acts = if self.acts { " and acts" } else { "" };
        let from = match self.counted {
            Counted::Birth => "birth",
            Counted::Entry => "entry",
        };
        let longer = self.longer.iter().map(|own| format!(", {} years in {}", own.years, own.municipality));
        format!("{}{acts} {} years from {from}{}", categories.join(" "), self.years, longer.collect::<String>())
    }

    /// The first day on which what began on a day need not be kept any more, where these municipalities keep it.
    pub(super) fn free_on(&self, from: Day, municipalities: &BTreeSet<Municipality>) -> Day {
        let own = self.longer.iter().filter(|longer| municipalities.contains(&longer.municipality));
        let years = own.map(|longer| longer.years).fold(self.years, i16::max);
        // Who was born on 29 February comes of age with the end of the 28th.
        let turned = from.saturating_add(i32::from(years).years());
        if turned.day() == from.day() { turned } else { turned.tomorrow().unwrap_or(turned) }
    }
}
