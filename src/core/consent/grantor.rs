//! Who can consent or object, for whom, and until when (`consent.md` section 3.2).

use super::policy::Policy;
use super::records::{Consent, ConsentKind, Relationship, Status};
use super::view::SubjectFacts;
use crate::agency::{Category, CategorySet};
use crate::id::PersonId;
use crate::time::{Day, Time};
use jiff::ToSpan;
use serde::{Deserialize, Serialize};

/// Age bands, with their date of effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capacity {
    /// In effect from.
    pub from: Day,
    /// Full age (成年).
    pub majority: u8,
    /// From this age a minor consents and objects for herself.
    pub maturity: u8,
    /// One of two holders of joint parental authority suffices (E09).
    pub joint_custody_one_suffices: bool,
    /// Who consents for a child under protective custody (E12).
    pub protective_grantors: Vec<Relationship>,
}

/// What counts when a policy says nothing; a loaded policy always does.
pub(crate) static STRICTEST: Capacity = Capacity {
    from: Day::MIN,
    majority: 18,
    maturity: 18,
    joint_custody_one_suffices: false,
    protective_grantors: Vec::new(),
};

/// Who holds authority over a child.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Custody {
    /// Its parent or parents, or guardian.
    #[default]
    Ordinary,
    /// Both parents after a divorce (離婚後の共同親権).
    Joint,
    /// A child guidance center or institution; authority of the parents is suspended (一時保護・親権停止).
    Protective,
}

/// What a consent record is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// It has no effect.
    Void,
    /// A person must look: it is neither followed nor ignored.
    Doubtful,
    /// It has effect.
    Effective,
}

/// What a record is worth for one category at one moment.
pub(crate) fn standing(
    policy: &Policy,
    record: &Consent,
    category: Category,
    subject: &SubjectFacts,
    now: Time,
) -> Standing {
    let opens = matches!(record.kind, ConsentKind::Permit | ConsentKind::ObjectionLifted);
    if record.status != Status::Active || opens && !record.evidence.stands() {
        return Standing::Void;
    }
    if opens && subject.died_at.is_some_and(|died| died <= now) {
        return Standing::Void;
    }
    let capacity = policy.capacity(now.day());
    let case = Case { capacity, record, subject, now, own: policy.own_pregnancy.has(category) };
    let standing = if opens { case.opening() } else { case.closing() };
    let conflict = record.grantor.is_some_and(|grantor| subject.conflicts.contains(&grantor));
    if conflict { standing.min(Standing::Doubtful) } else { standing }
}

impl Policy {
    /// When a permit that somebody else gave for a child ends because the child comes of age (E11); `None` for one that the subject
    /// gave herself, and where no birth date is known.
    pub fn outgrown(&self, permit: &Consent, born: Option<Day>, now: Time) -> Option<Time> {
        let by_another = !matches!(permit.relationship, Relationship::Subject | Relationship::Court);
        born.filter(|_| by_another).map(|born| birthday(born, self.capacity(now.day()).majority))
    }
}

/// What becomes of a request to see what is held about a subject (開示請求, APPI 76).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// It may be answered.
    Answer,
    /// A person decides. Until then the answer has the form of "nothing is held" (存否応答拒否, APPI 78).
    Review,
}

/// May this person have what is held about the subject, in these categories, without a person looking (E05, E14)?
///
/// Who speaks for herself may. A parent or guardian may for a child below the age of maturity, but not when concerns, violence,
/// reproductive matters or a notifier are among what is held, when anybody is noted to be in conflict, nor under protective custody.
pub fn access(
    policy: &Policy,
    subject: &SubjectFacts,
    capacity: Relationship,
    asker: Option<PersonId>,
    held: CategorySet,
    now: Time,
) -> Access {
    let band = band(policy.capacity(now.day()), subject.birth_date, now);
    let alive = subject.died_at.is_none_or(|died| died > now);
    let guarded = [Category::C13, Category::C14, Category::C19, Category::C20].into_iter().collect();
    let plain = subject.conflicts.is_empty() && subject.custody != Custody::Protective && held.and(guarded).is_empty();
    let may = match capacity {
        Relationship::Subject => band != Band::Child,
        Relationship::ParentalAuthority | Relationship::Guardian => asker.is_some() && band == Band::Child && plain,
        _ => false,
    };
    if may && alive { Access::Answer } else { Access::Review }
}

/// Where the subject stands in age.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Band {
    Unknown,
    Child,
    Mature,
    Adult,
}

fn band(capacity: &Capacity, birth_date: Option<Day>, at: Time) -> Band {
    match birth_date {
        None => Band::Unknown,
        Some(born) if at >= birthday(born, capacity.majority) => Band::Adult,
        Some(born) if at >= birthday(born, capacity.maturity) => Band::Mature,
        Some(_) => Band::Child,
    }
}

struct Case<'a> {
    capacity: &'a Capacity,
    record: &'a Consent,
    subject: &'a SubjectFacts,
    now: Time,
    /// The category belongs to the subject's own pregnancy.
    own: bool,
}

impl Case<'_> {
    fn band(&self, at: Time) -> Band {
        band(self.capacity, self.subject.birth_date, at)
    }

    /// A permit, or the lifting of an objection.
    fn opening(&self) -> Standing {
        let signed = self.record.valid_from.min(self.record.recorded_at);
        match self.record.relationship {
            Relationship::Other => Standing::Void,
            Relationship::Court => Standing::Effective,
            Relationship::Subject => match self.band(signed) {
                Band::Child => Standing::Doubtful,
                Band::Unknown | Band::Mature | Band::Adult => Standing::Effective,
            },
            Relationship::ParentalAuthority | Relationship::Guardian => self.for_a_child(signed),
            in_charge @ (Relationship::InstitutionHead | Relationship::CentreDirector) => {
                let minor = matches!(self.band(self.now), Band::Child | Band::Mature);
                let in_charge = self.capacity.protective_grantors.contains(&in_charge);
                if minor && in_charge && self.subject.custody == Custody::Protective {
                    Standing::Effective
                } else {
                    Standing::Void
                }
            }
        }
    }

    /// A parent or guardian opens for a child.
    fn for_a_child(&self, signed: Time) -> Standing {
        match self.band(self.now) {
            Band::Unknown => Standing::Doubtful,
            // What was granted for the minor ends at the eighteenth birthday; a guardian of an adult is looked at (E11).
            Band::Adult => match (self.record.relationship, self.band(signed)) {
                (Relationship::Guardian, Band::Adult) => Standing::Doubtful,
                _ => Standing::Void,
            },
            _ if self.subject.custody == Custody::Protective => {
                let named = self.capacity.protective_grantors.contains(&self.record.relationship);
                if named { Standing::Effective } else { Standing::Void }
            }
            Band::Mature if self.own => Standing::Void,
            Band::Mature => Standing::Doubtful,
            Band::Child if self.subject.custody == Custody::Joint && !self.capacity.joint_custody_one_suffices => {
                Standing::Doubtful
            }
            Band::Child => Standing::Effective,
        }
    }

    /// An objection or a withdrawal: in doubt a person looks.
    fn closing(&self) -> Standing {
        match self.record.relationship {
            Relationship::Other => Standing::Void,
            Relationship::Court => Standing::Effective,
            Relationship::Subject => match self.band(self.now) {
                Band::Child => Standing::Doubtful,
                Band::Unknown | Band::Mature | Band::Adult => Standing::Effective,
            },
            Relationship::ParentalAuthority | Relationship::Guardian => self.against_for_a_child(),
            Relationship::InstitutionHead | Relationship::CentreDirector => {
                if self.subject.custody == Custody::Protective { Standing::Effective } else { Standing::Doubtful }
            }
        }
    }

    fn against_for_a_child(&self) -> Standing {
        match self.band(self.now) {
            Band::Unknown => Standing::Doubtful,
            // Said while the subject was a minor, it stays until it is lifted.
            Band::Adult => match (self.band(self.record.recorded_at), self.record.relationship) {
                (Band::Adult, Relationship::Guardian) => Standing::Doubtful,
                (Band::Adult, _) => Standing::Void,
                _ => Standing::Effective,
            },
            Band::Mature if self.own => Standing::Void,
            Band::Mature => Standing::Doubtful,
            _ if self.subject.custody == Custody::Protective => Standing::Doubtful,
            _ => Standing::Effective,
        }
    }
}

/// 00:00 Asia/Tokyo of the day on which this age is reached; one born on 29 February reaches it on 1 March in common years.
pub(crate) fn birthday(born: Day, age: u8) -> Time {
    let day = born.saturating_add(i32::from(age).years());
    let day = if day.day() == born.day() { day } else { day.tomorrow().unwrap_or(Day::MAX) };
    Time::start_of(day)
}
