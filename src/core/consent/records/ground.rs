//! Grounds in law, and what the holders of the data said of them.

use crate::agency::{AgencyId, Category, CategorySet};
use crate::consent::GroundCode;
use crate::id::{FactId, MessageId, PersonId};
use crate::time::Time;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A source's approval of what a ground asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// The agency that holds the data.
    pub source: AgencyId,
    /// What it approved.
    pub categories: CategorySet,
    /// When.
    pub approved_at: Time,
    /// Did the officer see the objections that were on file then?
    pub with_objection_in_view: bool,
}

/// A source's mark that a release would risk unjust harm (ただし書).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proviso {
    /// The agency that holds the data.
    pub source: AgencyId,
    /// When it was marked.
    pub noted_at: Time,
    /// When it was taken back.
    #[serde(default)]
    pub lifted_at: Option<Time>,
}

/// A source's refusal of what a ground asks for; what other sources hold is not touched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceRefusal {
    /// The agency that holds the data.
    pub source: AgencyId,
    /// What it refused.
    pub categories: CategorySet,
    /// When.
    pub refused_at: Time,
}

/// A source's approval in advance of every request of one recipient under one ground.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StandingApproval {
    /// This record.
    pub id: FactId,
    /// The agency that holds the data.
    pub source: AgencyId,
    /// For whom.
    pub recipient: AgencyId,
    /// Under which ground.
    pub code: GroundCode,
    /// What.
    pub categories: CategorySet,
    /// From.
    pub from: Time,
    /// Until, exclusive.
    #[serde(default)]
    pub until: Option<Time>,
    /// When it was recorded.
    pub recorded_at: Time,
}

/// How much an answer to a child guidance center may tell (`formats/child_guidance.md` 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Level {
    /// That a case exists.
    L0,
    /// And its dates.
    L1,
    /// And signals and contacts.
    L2,
    /// And all else released.
    L3,
}

impl Level {
    /// What an answer of this level may hold of what is released.
    pub fn categories(self) -> CategorySet {
        use Category::{C01, C04, C06, C07, C09, C10, C11, C13, C16};
        match self {
            Level::L0 | Level::L1 => [C01, C13].into_iter().collect(),
            Level::L2 => [C01, C04, C06, C07, C09, C10, C11, C13, C16].into_iter().collect(),
            Level::L3 => CategorySet::ALL,
        }
    }
}

/// A legal ground as a person asserted it. A fact, not a setting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ground {
    /// This record.
    pub id: FactId,
    /// The record that this one replaces.
    #[serde(default)]
    pub supersedes: Option<FactId>,
    /// Which.
    pub code: GroundCode,
    /// Version of the statute, by its date of effect (`2024-04-01`).
    pub statute_version: String,
    /// Number of the request or case, which a query cites.
    #[serde(default)]
    pub number: Option<String>,
    /// Who may receive under it.
    pub recipient: AgencyId,
    /// Who asserts it.
    pub asserting_agency: AgencyId,
    /// Staff id of the officer.
    pub asserting_officer: String,
    /// Persons covered.
    pub subjects: Vec<PersonId>,
    /// Categories asserted.
    pub categories: CategorySet,
    /// Why it is necessary.
    pub necessity: String,
    /// Required evidence by its name in the registry.
    pub evidence: BTreeMap<String, String>,
    /// From.
    pub from: Time,
    /// Until, exclusive. A ground without an end is refused, and opens nothing.
    pub until: Option<Time>,
    /// When it was recorded.
    pub recorded_at: Time,
    /// When it was ended before its time.
    #[serde(default)]
    pub ended_at: Option<Time>,
    /// Approvals, by source.
    #[serde(default)]
    pub approvals: Vec<Approval>,
    /// Marks of unjust harm, by source.
    #[serde(default)]
    pub provisos: Vec<Proviso>,
    /// Refusals, by source.
    #[serde(default)]
    pub refusals: Vec<SourceRefusal>,
    /// Covers the entries of this message only.
    #[serde(default)]
    pub message: Option<MessageId>,
    /// Covers entries of these authors only; empty means of every author.
    #[serde(default)]
    pub sources: Vec<AgencyId>,
    /// The limit that the holder wrote.
    #[serde(default)]
    pub level: Option<Level>,
}

impl Ground {
    /// The limit: the holder's, else L2 for L04 and L05, L3 for the others.
    pub fn level(&self) -> Level {
        let usual = if matches!(self.code, GroundCode::L04 | GroundCode::L05) { Level::L2 } else { Level::L3 };
        self.level.unwrap_or(usual)
    }

    /// What it asks of a source: the asserted categories without those that the source refused.
    pub fn asked_of(&self, source: &AgencyId) -> CategorySet {
        let refused = self.refusals.iter().filter(|refusal| refusal.source == *source);
        refused.fold(self.categories, |left, refusal| left.minus(refusal.categories))
    }

    /// Does it live at this moment?
    pub fn live(&self, now: Time) -> bool {
        let over = self.ended_at.is_some_and(|ended| ended <= now) || self.until.is_none_or(|until| until <= now);
        self.recorded_at <= now && self.from <= now && !over
    }
}
