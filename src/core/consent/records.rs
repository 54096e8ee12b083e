//! The facts on file: consents, grounds, shields, seals, links, council cases, relations, break-glass.
//!
//! They are append-only: a change is a new record that `supersedes` the old one. Every interval is half-open, `[from, until)`;
//! who reads a date without a time stores [`Time::end_of`] it. What counts at a moment is what was recorded by then
//! (`recorded_at`), so a replay at an earlier moment gives the earlier answer (F04).

use super::words::GroundCode;
use crate::agency::{AgencyId, AgencyKind, Category, CategorySet, Purpose};
use crate::id::{FactId, MessageId, PersonId, ReferralId};
use crate::time::Time;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a consent record says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConsentKind {
    /// Opens (同意).
    Permit,
    /// Ends permits; defaults remain (同意の撤回).
    Withdrawal,
    /// Also suppresses defaults (異議).
    Objection,
    /// Ends an objection, by an explicit act (異議の取下げ).
    ObjectionLifted,
}

/// In what capacity the grantor acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Relationship {
    /// The subject herself, himself.
    Subject,
    /// Holder of parental authority (親権者).
    ParentalAuthority,
    /// Guardian (後見人).
    Guardian,
    /// Head of an institution (施設長).
    InstitutionHead,
    /// Director of a child guidance center (児童相談所長).
    CentreDirector,
    /// A court.
    Court,
    /// Anyone else, such as the grandmother; recorded, never effective.
    Other,
}

/// Whom a consent record is about, on the receiving side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grantee {
    /// One agency.
    Agency(AgencyId),
    /// Every agency of a kind.
    Kind(AgencyKind),
    /// Whoever is assigned for this service.
    Provider {
        /// The service of the assignment.
        service: String,
    },
    /// Everyone. Only an objection, a withdrawal or its lifting may say so.
    Everyone,
}

/// Which categories a consent record covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// These.
    Named(CategorySet),
    /// "All". In a permit: the ordinary ones, without those that must be named. In an objection or withdrawal: every one.
    All,
}

/// State of a consent record as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Not signed yet.
    Draft,
    /// In use.
    Active,
    /// Not proven; never effective (E15).
    Unverified,
    /// Over.
    Ended,
    /// Never should have been.
    EnteredInError,
}

/// How a consent record reached the one who entered it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// A form on paper.
    Paper,
    /// Said face to face or by telephone.
    Spoken,
    /// Signed electronically.
    Electronic,
}

/// What proves a consent record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    /// Form id.
    pub form: String,
    /// Version of the form.
    pub form_version: String,
    /// Language that was shown (BCP 47).
    pub language: String,
    /// SHA-256 of the scan, in hexadecimal.
    #[serde(default)]
    pub scan_sha256: Option<String>,
    /// Staff id of the witness.
    #[serde(default)]
    pub witness: Option<String>,
    /// How it came.
    pub channel: Channel,
}

impl Proof {
    /// Said face to face or by telephone, to the officer who records it.
    pub fn spoken() -> Self {
        Proof {
            form: String::new(),
            form_version: String::new(),
            language: "ja".to_owned(),
            scan_sha256: None,
            witness: None,
            channel: Channel::Spoken,
        }
    }

    /// Is there something besides the word of the one who typed it in (E15)?
    pub fn stands(&self) -> bool {
        let filled = |text: &Option<String>| text.as_deref().is_some_and(|text| !text.trim().is_empty());
        self.channel == Channel::Electronic || filled(&self.scan_sha256) || filled(&self.witness)
    }
}

/// Consent, withdrawal, objection or its lifting (`consent.md` section 3.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Consent {
    /// This record.
    pub id: FactId,
    /// 1 for the first of a chain.
    pub version: u32,
    /// The record that this one replaces: an older version, the permit that is withdrawn, the objection that is lifted.
    #[serde(default)]
    pub supersedes: Option<FactId>,
    /// What it says.
    pub kind: ConsentKind,
    /// Exactly one person.
    pub subject: PersonId,
    /// Who gave it, when that person is known.
    #[serde(default)]
    pub grantor: Option<PersonId>,
    /// In what capacity.
    pub relationship: Relationship,
    /// Evidence of that capacity (戸籍, court order …).
    #[serde(default)]
    pub authority: String,
    /// For whom.
    pub grantee: Grantee,
    /// What.
    pub categories: Scope,
    /// What for. A permit lists them; an objection or withdrawal without any means every purpose.
    pub purposes: Vec<Purpose>,
    /// From.
    pub valid_from: Time,
    /// Until, exclusive. A permit needs one.
    #[serde(default)]
    pub valid_until: Option<Time>,
    /// When it was recorded.
    pub recorded_at: Time,
    /// What proves it.
    pub evidence: Proof,
    /// State.
    pub status: Status,
    /// What was said about recipients and the consequences of refusal.
    pub explanation_given: String,
}

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

/// Emergency access (緊急閲覧) by one member of staff to one subject (`consent.md` section 7).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BreakGlass {
    /// This record.
    pub id: FactId,
    /// The subject.
    pub subject: PersonId,
    /// The agency.
    pub agency: AgencyId,
    /// Staff id.
    pub staff_id: String,
    /// Code of the reason.
    pub reason_code: String,
    /// The reason in words, 20 characters at least.
    pub reason: String,
    /// Required evidence by its name in the registry (L08).
    #[serde(default)]
    pub evidence: BTreeMap<String, String>,
    /// First step.
    pub asked_at: Time,
    /// Second step; access begins here.
    #[serde(default)]
    pub confirmed_at: Option<Time>,
    /// When it was ended before its time.
    #[serde(default)]
    pub ended_at: Option<Time>,
}

impl BreakGlass {
    /// Longest access, in minutes: 4 hours.
    pub const MINUTES_MAX: i64 = 4 * 60;
    /// Shortest reason, in characters.
    pub const REASON_MIN: usize = 20;

    /// When it ends by itself; `None` before the second step.
    pub fn ends(&self) -> Option<Time> {
        let end = self.confirmed_at?.plus_minutes(Self::MINUTES_MAX);
        Some(self.ended_at.map_or(end, |ended| ended.min(end)))
    }

    /// Does it live at this moment, for this member of staff?
    pub fn live(&self, agency: &AgencyId, staff_id: &str, now: Time) -> bool {
        let begun = self.confirmed_at.filter(|confirmed| *confirmed >= self.asked_at);
        let Some(begun) = begun else { return false };
        &self.agency == agency
            && self.staff_id == staff_id
            && self.reason.trim().chars().count() >= Self::REASON_MIN
            && within(now, begun, self.ends())
    }
}

/// Half-open: `from <= now < until`.
pub(crate) fn within(now: Time, from: Time, until: Option<Time>) -> bool {
    from <= now && until.is_none_or(|until| now < until)
}
