//! What the rules look at: a use of care, the approval behind it, and what the hub knows beside them.

use super::policy::Income;
use crate::days;
use crate::id::Municipality;
use crate::time::{Day, Time};
use serde::{Deserialize, Serialize};

/// Kind of care (利用種別).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Stay in a facility (宿泊型).
    Stay,
    /// Day use, individual (デイサービス・個別).
    Day,
    /// Day use in a group (デイサービス・集団).
    DayGroup,
    /// Short day use (短時間).
    DayShort,
    /// Visit at home (アウトリーチ).
    Visit,
}

/// A number that is not the code of any kind of care.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a kind of care: 1 stay, 2 day, 3 group, 4 short, 5 visit")]
pub struct KindUnknown;

impl Kind {
    /// From the code of layout PV02.
    ///
    /// # Errors
    /// When the number is none of 1 to 5.
    pub const fn from_code(code: i32) -> Result<Self, KindUnknown> {
        match code {
            1 => Ok(Kind::Stay),
            2 => Ok(Kind::Day),
            3 => Ok(Kind::DayGroup),
            4 => Ok(Kind::DayShort),
            5 => Ok(Kind::Visit),
            _ => Err(KindUnknown),
        }
    }
}

/// How a use ended (実施結果).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Done.
    Done,
    /// Cancelled by the user.
    Cancelled,
    /// Cancelled by the user on the same day.
    CancelledSameDay,
    /// She did not come.
    NoShow,
    /// Stopped because somebody fell ill.
    Stopped,
    /// Cancelled by the provider.
    ProviderCancelled,
}

impl Status {
    /// From the code of layout PV02.
    pub const fn from_code(code: i32) -> Option<Self> {
        match code {
            1 => Some(Status::Done),
            2 => Some(Status::Cancelled),
            3 => Some(Status::CancelledSameDay),
            4 => Some(Status::NoShow),
            5 => Some(Status::Stopped),
            6 => Some(Status::ProviderCancelled),
            _ => None,
        }
    }

    /// Was care given, in whole or in part? Only then units are used and staffing is looked at.
    pub const fn delivered(self) -> bool {
        matches!(self, Status::Done | Status::Stopped)
    }
}

/// Profession of a member of staff (担当者職種).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StaffRole {
    /// Midwife (助産師).
    Midwife,
    /// Public health nurse (保健師).
    Phn,
    /// Nurse (看護師).
    Nurse,
    /// Physician (医師).
    Physician,
    /// Psychologist (心理職).
    Psychologist,
    /// Childcare worker (保育士).
    Childcare,
    /// Dietitian (栄養士).
    Dietitian,
    /// Somebody else.
    Other,
}

impl StaffRole {
    /// From the code of layout PV02; a number that it does not know is somebody else.
    pub const fn from_code(code: i32) -> Self {
        match code {
            1 => StaffRole::Midwife,
            2 => StaffRole::Phn,
            3 => StaffRole::Nurse,
            4 => StaffRole::Physician,
            5 => StaffRole::Psychologist,
            6 => StaffRole::Childcare,
            7 => StaffRole::Dietitian,
            _ => StaffRole::Other,
        }
    }

    /// One of those of whom at least one must be there at all times (enforcement rule 7-4).
    pub const fn may_hold_the_watch(self) -> bool {
        matches!(self, StaffRole::Midwife | StaffRole::Phn | StaffRole::Nurse)
    }
}

/// Who the care is for (対象区分).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// Mother and infant.
    MotherInfant,
    /// The mother alone.
    #[serde(rename = "mother")]
    MotherOnly,
    /// Father and infant.
    FatherInfant,
    /// After a loss of pregnancy; there is no child.
    #[serde(rename = "loss")]
    LossOfPregnancy,
}

impl Subject {
    /// From the code of layout PV01.
    pub const fn from_code(code: i32) -> Option<Self> {
        match code {
            1 => Some(Subject::MotherInfant),
            2 => Some(Subject::MotherOnly),
            3 => Some(Subject::FatherInfant),
            4 => Some(Subject::LossOfPregnancy),
            _ => None,
        }
    }

    /// Is a child expected to come along?
    pub const fn with_infant(self) -> bool {
        matches!(self, Subject::MotherInfant | Subject::FatherInfant)
    }
}

/// A member of staff who took part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaffMember {
    /// Profession.
    pub role: StaffRole,
    /// Does the report name the person? The name itself is not needed here.
    pub named: bool,
}

/// A shift of the watch (夜間配置).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shift {
    /// Profession.
    pub role: StaffRole,
    /// Begins.
    pub from: Time,
    /// Ends; not included.
    pub to: Time,
}

/// Edinburgh Postnatal Depression Scale, as far as the rules look at it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Epds {
    /// Scores of the items in order, `None` where one was not answered.
    pub items: Vec<Option<u32>>,
    /// Total as reported.
    pub total: Option<u32>,
}

impl Epds {
    /// Number of items of the scale.
    pub const ITEMS: usize = 10;
    /// Highest score of an item.
    pub const ITEM_MAX: u32 = 3;
    /// Cut-off in Japan.
    pub const CUT_OFF: u32 = 9;

    /// Sum of the items, when all ten were answered.
    pub fn sum(&self) -> Option<u32> {
        if self.items.len() == Self::ITEMS { self.items.iter().copied().sum() } else { None }
    }

    /// Could this total come from these items? Items that were not answered leave room, never a share.
    pub fn total_fits(&self) -> bool {
        let Some(total) = self.total else { return true };
        let known: u32 = self.items.iter().flatten().fold(0, |sum, item| sum.saturating_add(*item));
        let answered = self.items.iter().flatten().count();
        let open = u32::try_from(Self::ITEMS.saturating_sub(answered)).unwrap_or(0);
        (known..=known.saturating_add(open * Self::ITEM_MAX)).contains(&total)
    }

    /// At or above the cut-off, or a thought of self-harm.
    pub fn needs_attention(&self) -> bool {
        let total = self.total.max(self.sum());
        let self_harm = self.items.get(Self::ITEMS - 1).copied().flatten();
        total.is_some_and(|total| total >= Self::CUT_OFF) || self_harm.is_some_and(|score| score > 0)
    }
}

/// What a report says about one child.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InfantReport {
    /// The child's key between municipality and provider.
    pub key: String,
    /// Birth order among multiples.
    #[serde(default)]
    pub birth_order: Option<u32>,
}

/// One use of postnatal care as a provider reports it (実施報告).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CareUse {
    /// The provider's own id of the record.
    pub record_id: String,
    /// Revision of it.
    pub revision: u32,
    /// The municipality that pays.
    pub municipality: Municipality,
    /// Number of the approval.
    pub approval_no: String,
    /// The provider.
    pub provider: String,
    /// Its facility.
    pub facility: String,
    /// Kind of care.
    pub kind: Kind,
    /// Begins.
    pub start: Time,
    /// Ends.
    pub end: Time,
    /// Days as reported.
    #[serde(default)]
    pub days: Option<u32>,
    /// Nights as reported.
    #[serde(default)]
    pub nights: Option<u32>,
    /// How it ended.
    pub status: Status,
    /// Who took part.
    #[serde(default)]
    pub staff: Vec<StaffMember>,
    /// Who held the watch.
    #[serde(default)]
    pub night_staff: Vec<Shift>,
    /// Is any care recorded, of mother or child?
    #[serde(default)]
    pub care_recorded: bool,
    /// The children, one each.
    #[serde(default)]
    pub infants: Vec<InfantReport>,
    /// Scale filled in during the use.
    #[serde(default)]
    pub epds: Option<Epds>,
    /// Minutes in which mother and child were apart (児の預かり).
    #[serde(default)]
    pub separated_minutes: Option<u32>,
    /// Minutes between two checks of the sleeping child.
    #[serde(default)]
    pub sleep_check_interval_min: Option<u32>,
    /// Need of support: 1 none, 2 watch, 3 contact the municipality, 4 urgent.
    #[serde(default)]
    pub followup: Option<u32>,
    /// Income class, where the report names one.
    #[serde(default)]
    pub income: Option<Income>,
    /// What the user paid, after tickets.
    pub user_fee: u32,
    /// What tickets took off.
    pub reduction: u32,
}

impl CareUse {
    /// Do two uses share a moment?
    pub fn overlaps(&self, other: &CareUse) -> bool {
        self.start < other.end && other.start < self.end
    }

    /// Is it the same record, in whatever revision?
    pub fn same_record(&self, other: &CareUse) -> bool {
        self.provider == other.provider && self.record_id == other.record_id
    }
}

/// A child named in an approval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovedInfant {
    /// The child's key between municipality and provider.
    pub key: String,
    /// Day of birth.
    #[serde(with = "days")]
    pub birth_date: Day,
}

/// An approval as the provider holds it (利用承認), in its latest revision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// Its number.
    pub approval_no: String,
    /// The municipality that gave it.
    pub municipality: Municipality,
    /// The provider that it names.
    pub provider: String,
    /// Who the care is for.
    pub subject: Subject,
    /// Kinds approved.
    pub kinds: Vec<Kind>,
    /// First day.
    #[serde(with = "days")]
    pub from: Day,
    /// Last day.
    #[serde(with = "days")]
    pub to: Day,
    /// Day of the delivery, or of the loss.
    #[serde(with = "days")]
    pub birth_date: Day,
    /// Days of gestation at birth.
    #[serde(default)]
    pub gestation_days: Option<u16>,
    /// The children.
    pub infants: Vec<ApprovedInfant>,
    /// Income class on the day of the approval.
    pub income: Income,
    /// Units left at this revision, over all providers.
    pub units_left: u32,
    /// Reduced units left at this revision.
    pub reductions_left: u32,
    /// The day of this revision: own uses from that day on are taken off what it says is left.
    #[serde(with = "days")]
    pub revised_on: Day,
    /// May the limit be passed?
    #[serde(default)]
    pub extension: bool,
    /// Is an extension asked for and not yet decided?
    #[serde(default)]
    pub extension_pending: bool,
}

impl Approval {
    /// Children beyond the first.
    pub fn extra_children(&self) -> u32 {
        u32::try_from(self.infants.len().saturating_sub(1)).unwrap_or(u32::MAX)
    }
}

/// Capacity of a facility (定員, layout PV06).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capacity {
    /// Mothers staying at one time.
    pub stay: u32,
    /// Mothers in day use at one time.
    pub day: u32,
}

impl Capacity {
    /// What the ministry's slides of 2015 call usual; exceeding it is a warning only.
    pub const USUAL: Capacity = Capacity { stay: 6, day: 20 };
}

/// When somebody else is in the facility; who it is does not matter here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Occupancy {
    /// Kind of her use.
    pub kind: Kind,
    /// Begins.
    pub start: Time,
    /// Ends.
    pub end: Time,
}

/// What the hub knows beside the report.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CareContext {
    /// Where the report stands (`row 12`); every diagnostic's place begins with it.
    pub place: String,
    /// The approval with that number, held by this provider for this person.
    pub approval: Option<Approval>,
    /// Uses of this mother at this provider that were accepted. An earlier revision of the report itself is left aside.
    #[serde(default)]
    pub own_uses: Vec<CareUse>,
    /// Accepted uses of others at the same facility.
    #[serde(default)]
    pub facility_uses: Vec<Occupancy>,
    /// Capacity that the provider notified, if it did.
    #[serde(default)]
    pub capacity: Option<Capacity>,
    /// Kinds that the provider is contracted for; `None` when no contract is on file.
    #[serde(default)]
    pub contracted: Option<Vec<Kind>>,
}

impl CareContext {
    /// Accepted uses of this mother other than this report in an earlier revision.
    pub(super) fn others<'a>(&'a self, report: &'a CareUse) -> impl Iterator<Item = &'a CareUse> {
        self.own_uses.iter().filter(move |other| !other.same_record(report))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epds_total_is_never_made_from_part_of_the_items() {
        let mut epds = Epds { items: vec![Some(1); 9], total: None };
        epds.items.push(None);
        assert_eq!(epds.sum(), None);
        epds.total = Some(12);
        assert!(epds.total_fits());
        epds.total = Some(13);
        assert!(!epds.total_fits());
        epds.total = Some(8);
        assert!(!epds.total_fits());
    }

    #[test]
    fn item_ten_alone_needs_attention() {
        let mut items = vec![Some(0); 9];
        items.push(Some(1));
        assert!(Epds { items, total: Some(1) }.needs_attention());
        assert!(Epds { items: Vec::new(), total: Some(9) }.needs_attention());
        assert!(!Epds { items: Vec::new(), total: Some(8) }.needs_attention());
    }
}
