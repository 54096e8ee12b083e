//! Who belongs to whom: cases of the council and their members, relations between persons.

use super::within;
use crate::agency::AgencyId;
use crate::id::{FactId, PersonId, ReferralId};
use crate::time::Time;
use serde::{Deserialize, Serialize};

/// Membership on a council case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// The agency.
    pub agency: AgencyId,
    /// From.
    pub from: Time,
    /// Until, exclusive.
    #[serde(default)]
    pub until: Option<Time>,
}

/// A case of the local council (要保護児童対策地域協議会).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CouncilCase {
    /// This record.
    pub id: FactId,
    /// The records that this one takes the place of: the list of members before.
    #[serde(default)]
    pub supersedes: Vec<FactId>,
    /// Number of the case.
    pub number: String,
    /// Persons of the case.
    pub subjects: Vec<PersonId>,
    /// Members with their dates.
    pub members: Vec<Member>,
    /// When it was recorded.
    pub recorded_at: Time,
    /// When it was closed.
    #[serde(default)]
    pub closed_at: Option<Time>,
}

impl CouncilCase {
    /// Is it open?
    pub fn open(&self, now: Time) -> bool {
        self.recorded_at <= now && self.closed_at.is_none_or(|closed| closed > now)
    }

    /// Is this agency a listed member of the open case?
    pub fn has(&self, agency: &AgencyId, now: Time) -> bool {
        self.open(now) && self.members.iter().any(|m| &m.agency == agency && within(now, m.from, m.until))
    }
}

/// What ties an agency to a subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RelationKind {
    /// The subject lives in its municipality.
    Residence,
    /// The subject stays in its municipality for a while (里帰り, refuge).
    Stay,
    /// The subject lived in its municipality, or moves there.
    Move,
    /// A referral between it and another agency is open.
    OpenReferral(ReferralId),
    /// It was closed a short time ago: its party still hears how it ended, and nothing else.
    ClosedReferral(ReferralId),
    /// It cares for the subject.
    CareEpisode,
    /// The municipality assigned the subject to it.
    Assignment {
        /// The service.
        service: String,
        /// The service comes to the home.
        outreach: bool,
    },
    /// It is a member of the council on the case.
    Council,
}

/// A tie between an agency and a subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Relation {
    /// This record.
    pub id: FactId,
    /// The subject.
    pub subject: PersonId,
    /// The agency.
    pub agency: AgencyId,
    /// Of what kind.
    pub kind: RelationKind,
    /// From.
    pub from: Time,
    /// Until, exclusive.
    #[serde(default)]
    pub until: Option<Time>,
    /// When it was recorded.
    pub recorded_at: Time,
}

impl Relation {
    /// Does it live at this moment?
    pub fn live(&self, now: Time) -> bool {
        self.recorded_at <= now && within(now, self.from, self.until)
    }
}
