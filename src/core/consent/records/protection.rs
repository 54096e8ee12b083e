//! What hides somebody from somebody: shields, seals, links to a perpetrator.

use crate::agency::AgencyId;
use crate::id::{FactId, PersonId};
use crate::time::Time;
use serde::{Deserialize, Serialize};

/// Address shield (支援措置). Its end warns and does not lift it: only [`Shield::lifted_at`] does (F11).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shield {
    /// This record.
    pub id: FactId,
    /// The shielded person; each member of a household has a record.
    pub subject: PersonId,
    /// From.
    pub since: Time,
    /// When it expires, exclusive.
    pub until: Time,
    /// Agencies that may know, besides child guidance centers and the center of residence or stay.
    #[serde(default)]
    pub allowed: Vec<AgencyId>,
    /// When it was recorded.
    pub recorded_at: Time,
    /// When an officer lifted it, or decided against renewal.
    #[serde(default)]
    pub lifted_at: Option<Time>,
}

/// What a shield does at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShieldState {
    /// Not begun, or lifted.
    Off,
    /// In force.
    InForce,
    /// Past its end, renewal not decided: in force, and an officer is alerted.
    ExpiredPending,
}

impl Shield {
    /// Its state at a moment.
    pub fn state(&self, now: Time) -> ShieldState {
        if self.recorded_at > now || self.since > now || self.lifted_at.is_some_and(|lifted| lifted <= now) {
            ShieldState::Off
        } else if self.until <= now {
            ShieldState::ExpiredPending
        } else {
            ShieldState::InForce
        }
    }

    /// Is it in force, expired or not?
    pub fn on(&self, now: Time) -> bool {
        self.state(now) != ShieldState::Off
    }

    /// Does it protect less than the one whose place it takes: is it lifted, does it begin later or end earlier, or may more
    /// agencies know? One person may not bring that about alone (S-58); whatever protects as much or more is done at once.
    pub fn is_weaker_than(&self, before: &Shield) -> bool {
        let lifted = self.lifted_at.is_some_and(|end| before.lifted_at.is_none_or(|earlier| end < earlier));
        let more_may_know = self.allowed.iter().any(|agency| !before.allowed.contains(agency));
        lifted || more_may_know || self.since > before.since || self.until < before.until
    }
}

/// Seal (封印): special adoption, order of a court.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seal {
    /// This record.
    pub id: FactId,
    /// The sealed person.
    pub subject: PersonId,
    /// Agencies on the seal list.
    #[serde(default)]
    pub allowed: Vec<AgencyId>,
    /// From.
    pub since: Time,
    /// When it was recorded.
    pub recorded_at: Time,
    /// When it was lifted.
    #[serde(default)]
    pub lifted_at: Option<Time>,
}

impl Seal {
    /// Is it in force?
    pub fn on(&self, now: Time) -> bool {
        self.recorded_at <= now && self.since <= now && self.lifted_at.is_none_or(|lifted| lifted > now)
    }
}

/// An agency where the perpetrator works, or that is close to him (加害者関係先).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PerpetratorLink {
    /// This record.
    pub id: FactId,
    /// The person to protect.
    pub subject: PersonId,
    /// The agency.
    pub agency: AgencyId,
    /// From.
    pub since: Time,
    /// When it was recorded.
    pub recorded_at: Time,
    /// When it was lifted.
    #[serde(default)]
    pub lifted_at: Option<Time>,
}

impl PerpetratorLink {
    /// Is it in force?
    pub fn on(&self, now: Time) -> bool {
        self.recorded_at <= now && self.since <= now && self.lifted_at.is_none_or(|lifted| lifted > now)
    }
}
