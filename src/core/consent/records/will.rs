//! What persons said: consents, refusals, objections.

use crate::agency::{AgencyId, AgencyKind, CategorySet, Purpose};
use crate::id::{FactId, PersonId};
use crate::time::Time;
use serde::{Deserialize, Serialize};

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
