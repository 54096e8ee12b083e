//! The rows of the store, as they are written and read. Whatever says something about a person is sealed before it comes here.

mod delivery;

pub use delivery::{DeliveryRow, DeliveryStage, DeliveryState};

use musubi_core::agency::{Actor, AgencyId, AgencyKind, Purpose};
use musubi_core::audit::LeafHash;
use musubi_core::id::{
    DeliveryId, EntryId, FactId, MessageId, Municipality, PersonId, ReferralId, ReleaseId, WorkItemId,
};
use musubi_core::sealing::{Aad, Blind, Sealed, WrappedKey};
use musubi_core::time::Time;
use uuid::Uuid;

/// One row to write. Rows that may change are written whole: a later row of the same id takes the place of the earlier.
#[derive(Clone, Debug)]
pub enum Row {
    /// An agency, new or changed.
    Agency(AgencyRow),
    /// A member of an agency's staff, new or changed.
    Staff(StaffRow),
    /// A person not seen before.
    Person(PersonRow),
    /// An identifier that names a person. Refused when it already names another.
    Alias(AliasRow),
    /// A value under which a person can be suggested.
    Index(IndexRow),
    /// Two persons are one. Both epochs are incremented.
    Join {
        /// Becomes part of `into`; must not be part of another already.
        person: PersonId,
        /// The person that stays.
        into: PersonId,
    },
    /// A join is undone. Both epochs are incremented.
    Part {
        /// Was joined, and is on its own again.
        person: PersonId,
    },
    /// Increments the epoch of a person, for a change that is no fact and yet bears on decisions.
    Epoch(PersonId),
    /// Destroys a person's data key; everything sealed under it is unreadable from then on (S-52), and nothing finds the person.
    DestroyKey {
        /// Whose.
        person: PersonId,
        /// When, for the list of tombstones that a restore applies.
        at: Time,
        /// Order of receipt of the last entries that were looked at: later ones about the person refuse the change. `None` where
        /// the key must go whatever there is.
        seen: Option<i64>,
    },
    /// Entries of one message. Never changed.
    Entries(EntriesRow),
    /// A fact that decisions rest on. Increments the epoch of each of its persons.
    Fact(FactRow),
    /// A fact no longer holds. Increments the epoch of each of its persons.
    Superseded {
        /// Which.
        fact: FactId,
        /// From when on.
        at: Time,
        /// By which newer fact, where one takes its place.
        by: Option<FactId>,
    },
    /// A referral, new or at its next step.
    Referral(ReferralRow),
    /// A delivery, new or in its next state.
    Delivery(DeliveryRow),
    /// A work item, new or answered.
    WorkItem(WorkItemRow),
    /// A release. Never changed.
    Release(ReleaseRow),
    /// Something that the sign-in keeps, new or changed.
    SignIn(SignInRow),
    /// It has ended and is taken away.
    SignInEnded(Blind),
    /// What a witness signed under a checkpoint. Never changed; refused when it is there.
    Cosignature(CosignatureRow),
    /// The epoch of the policy, after its files changed.
    PolicyEpoch(u64),
    /// A setting of the hub that must survive a restart: never personal data.
    Setting {
        /// Its name.
        name: String,
        /// Its value.
        value: String,
    },
}

/// An agency of the register.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgencyRow {
    /// Id, as in its certificate.
    pub id: AgencyId,
    /// Kind.
    pub kind: AgencyKind,
    /// Name.
    pub name: String,
    /// The municipality that registered it.
    pub municipality: Municipality,
    /// Not revoked and not suspended.
    pub active: bool,
    /// Its profile, JSON.
    pub profile: String,
}

/// A member of staff, as the agency registered them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaffRow {
    /// The agency.
    pub agency: AgencyId,
    /// Staff id and role.
    pub actor: Actor,
    /// May act now.
    pub active: bool,
}

/// What the sign-in of the console keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum SignInKind {
    /// The account of a member of staff.
    Account = 1,
    /// Who is signed in.
    Session = 2,
    /// What was tried in vain, of an account or from a source.
    Attempts = 3,
}

impl SignInKind {
    /// Every kind.
    pub const ALL: [SignInKind; 3] = [SignInKind::Account, SignInKind::Session, SignInKind::Attempts];
}

/// A row of the sign-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignInRow {
    /// Of whom or of what, blinded.
    pub key: Blind,
    /// What it is.
    pub kind: SignInKind,
    /// At which agency.
    pub agency: AgencyId,
    /// 1 for the first, one more for each change.
    pub version: u64,
    /// When it ends by itself, and may be taken away.
    pub ends_at: Option<Time>,
    /// What it says.
    pub body: Sealed,
}

impl SignInRow {
    /// Table name for the additional data of a sealed body.
    pub const TABLE: &'static str = "sign_in";
}

/// A person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonRow {
    /// Id.
    pub id: PersonId,
    /// Responsible municipality.
    pub municipality: Municipality,
    /// Grows with every change that decisions about this person rest on. 0 when new.
    pub epoch: u64,
    /// The person's data key; `None` once it was destroyed.
    pub key: Option<WrappedKey>,
    /// The person that this one turned out to be. `None` when new.
    pub joined_into: Option<PersonId>,
}

/// An identifier of a person, blinded: issuer and value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AliasRow {
    /// Issuer and identifier, blinded.
    pub blind: Blind,
    /// Whom it names.
    pub person: PersonId,
    /// Where the person is kept.
    pub municipality: Municipality,
}

/// A value under which a person can be suggested, blinded: kana and birth date, birth date and sex …
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexRow {
    /// Field and normalised value, blinded.
    pub blind: Blind,
    /// Who has that value.
    pub person: PersonId,
    /// Where the person is kept.
    pub municipality: Municipality,
}

/// A person to whom a row belongs, and as what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Concerned {
    /// The person.
    pub person: PersonId,
    /// Role code, as the schema numbers it; 0 where there is none.
    pub role: u8,
}

impl From<PersonId> for Concerned {
    fn from(person: PersonId) -> Self {
        Concerned { person, role: 0 }
    }
}

/// A row that says something sealed for those whom it concerns.
pub trait SealedRow {
    /// The place that it is bound to.
    fn place(&self) -> Aad<'static>;
    /// Whom it concerns.
    fn concerned(&self) -> &[Concerned];
    /// What it says.
    fn sealed(&self) -> &Sealed;
}

macro_rules! sealed_rows {
    ($($row:ident: $table:literal, $says:ident $(, $version:ident)?;)+) => {$(
        impl SealedRow for $row {
            fn place(&self) -> Aad<'static> {
                sealed_rows!(@ $table, self $(, $version)?)
            }

            fn concerned(&self) -> &[Concerned] {
                &self.persons
            }

            fn sealed(&self) -> &Sealed {
                &self.$says
            }
        }
    )+};
    (@ $table:literal, $row:ident) => { Aad::row($table, $row.id.0) };
    (@ $table:literal, $row:ident, $version:ident) => { Aad::version($table, $row.id.0, $row.$version) };
}

sealed_rows! {
    FactRow: "fact", body;
    ReferralRow: "referral", body, version;
    WorkItemRow: "work_item", body, version;
    ReleaseRow: "release", detail;
}

/// A message that was received and answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageRow {
    /// Responsible municipality.
    pub municipality: Municipality,
    /// Id.
    pub id: MessageId,
    /// Who sent it.
    pub agency: AgencyId,
    /// Channel class and message id, blinded.
    pub key: Blind,
    /// Hash of its bytes; `None` when not even that may be kept (S-20).
    pub content: Option<[u8; 32]>,
    /// Name of the format.
    pub format: String,
    /// When it came.
    pub received_at: Time,
    /// It was sent as a test and has no effect.
    pub test: bool,
    /// Its acknowledgement is repeated when it comes again; false for one that was refused (S-20, S-21).
    pub repeats: bool,
    /// The acknowledgement, byte for byte.
    pub answer: Vec<u8>,
    /// Its bytes, sealed; `None` when none may be kept (S-20).
    pub raw: Option<Sealed>,
}

/// Immutable entries of the shared record that came one after another in a message and concern the same persons: one row,
/// for they are written, read and made unreadable together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntriesRow {
    /// Responsible municipality.
    pub municipality: Municipality,
    /// Id: that of the first of them.
    pub id: EntryId,
    /// The message that brought them.
    pub message: MessageId,
    /// Order of receipt. The store numbers; what is handed in is not looked at.
    pub sequence: i64,
    /// Whom they concern.
    pub persons: Vec<Concerned>,
    /// What they are, in their order.
    pub contained: Vec<Contained>,
    /// The entries.
    pub body: Sealed,
}

impl EntriesRow {
    /// Table name for the additional data of sealed entries.
    pub const TABLE: &'static str = "entries";
}

/// One of the entries of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contained {
    /// Its id.
    pub id: EntryId,
    /// Number of its kind, as `core::record` numbers them.
    pub kind: u8,
}

/// Kinds of fact that decisions rest on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum FactKind {
    /// Consent (同意).
    Consent = 1,
    /// Objection.
    Objection = 2,
    /// Ground in law (法的根拠).
    Ground = 3,
    /// Address shield (支援措置).
    Shield = 4,
    /// Seal: special adoption, court.
    Seal = 5,
    /// An agency stands close to a perpetrator.
    PerpetratorLink = 6,
    /// Case of the council (要対協).
    CouncilCase = 7,
    /// Relation that a purpose needs: residence, assignment, episode of care.
    Relation = 8,
    /// Break-glass record.
    BreakGlass = 9,
    /// Approval or standing approval by a source.
    Approval = 10,
    /// Custody, conflict of interest, age band.
    Standing = 11,
    /// A person's answer where a release was held.
    Weighing = 12,
    /// An officer's order that nothing be destroyed (保全). No decision rests on it.
    LegalHold = 13,
    /// A question under a ground that nothing has answered yet. No decision rests on it.
    Question = 14,
}

impl FactKind {
    /// Every kind.
    pub const ALL: [FactKind; 14] = [
        FactKind::Consent,
        FactKind::Objection,
        FactKind::Ground,
        FactKind::Shield,
        FactKind::Seal,
        FactKind::PerpetratorLink,
        FactKind::CouncilCase,
        FactKind::Relation,
        FactKind::BreakGlass,
        FactKind::Approval,
        FactKind::Standing,
        FactKind::Weighing,
        FactKind::LegalHold,
        FactKind::Question,
    ];
}

/// A fact that decisions rest on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FactRow {
    /// Responsible municipality.
    pub municipality: Municipality,
    /// Id.
    pub id: FactId,
    /// Kind.
    pub kind: FactKind,
    /// The agency that it favours or bars, where it names one.
    pub recipient: Option<AgencyId>,
    /// From when on the hub knows it.
    pub recorded_at: Time,
    /// When it ceased to hold; `None` while it does.
    pub superseded_at: Option<Time>,
    /// What took its place.
    pub superseded_by: Option<FactId>,
    /// Whom it concerns; none for a fact about agencies alone.
    pub persons: Vec<Concerned>,
    /// The fact, JSON.
    pub body: Sealed,
}

/// A referral at one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReferralRow {
    /// Responsible municipality.
    pub municipality: Municipality,
    /// Id.
    pub id: ReferralId,
    /// 1 for the first step, one more for each.
    pub version: u64,
    /// State, as `core::referral` names it.
    pub state: String,
    /// Who referred.
    pub from: AgencyId,
    /// Who was asked.
    pub to: AgencyId,
    /// When this step was recorded.
    pub updated_at: Time,
    /// Whom it concerns.
    pub persons: Vec<Concerned>,
    /// The referral.
    pub body: Sealed,
}

/// A question that waits for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkItemRow {
    /// Responsible municipality.
    pub municipality: Municipality,
    /// Id.
    pub id: WorkItemId,
    /// Who must answer.
    pub owner: AgencyId,
    /// Kind, a code.
    pub kind: String,
    /// Nobody has answered yet.
    pub open: bool,
    /// When it was asked.
    pub created_at: Time,
    /// Until when.
    pub due_at: Option<Time>,
    /// When it was answered.
    pub answered_at: Option<Time>,
    /// The version under which `body` is sealed.
    pub version: u64,
    /// Whom it concerns.
    pub persons: Vec<Concerned>,
    /// Question and, once there, answer.
    pub body: Sealed,
}

/// What one recipient was shown at one moment, or that it was shown nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReleaseRow {
    /// Responsible municipality.
    pub municipality: Municipality,
    /// Id.
    pub id: ReleaseId,
    /// To whom.
    pub recipient: AgencyId,
    /// For what; the first where there are two, all stand in `detail`.
    pub purpose: Purpose,
    /// When.
    pub decided_at: Time,
    /// Under which policy files.
    pub policy_hash: [u8; 32],
    /// The delivery that it served.
    pub delivery: Option<DeliveryId>,
    /// Or the query.
    pub query: Option<Uuid>,
    /// Whose data.
    pub persons: Vec<Concerned>,
    /// Masks of the items, rules, bases.
    pub detail: Sealed,
}

/// A log: one for each municipality and one for the hub itself (S-30).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Log {
    /// What concerns persons and agencies of a municipality.
    Municipality(Municipality),
    /// What concerns the hub: keys, policy, commands.
    Hub,
}

impl Log {
    /// The log's name: the municipality's code, or `hub`.
    pub fn name(&self) -> &str {
        match self {
            Log::Municipality(code) => code.as_str(),
            Log::Hub => "hub",
        }
    }

    /// Reads a name. `None` when it is neither.
    pub fn parse(name: &str) -> Option<Self> {
        if name == "hub" {
            return Some(Log::Hub);
        }
        Municipality::try_from(name.to_owned()).ok().map(Log::Municipality)
    }
}

/// A leaf as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeafRow {
    /// The log.
    pub log: Log,
    /// Its place in the log.
    pub index: u64,
    /// Its id: the row in the additional data of `entry`.
    pub id: Uuid,
    /// Its hash.
    pub hash: LeafHash,
    /// Salt and entry, sealed.
    pub entry: Sealed,
}

/// A checkpoint as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckpointRow {
    /// The log.
    pub log: Log,
    /// How many leaves it covers.
    pub size: u64,
    /// The root over them.
    pub root: [u8; 32],
    /// The signed note; empty when the store has no signer.
    pub note: String,
}

/// What a witness outside signed under a checkpoint (S-35).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CosignatureRow {
    /// The log.
    pub log: Log,
    /// How many leaves the checkpoint covers.
    pub size: u64,
    /// Name and id of the witness's key.
    pub witness: String,
    /// When it signed, by its own clock.
    pub at: Time,
    /// The signature line of the note, without its end.
    pub line: String,
}
