//! Who takes part: agencies, their kinds, the purposes they may name, the staff that acts, and data categories.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A closed set of words: an enum with one spelling for each value, read and written the same everywhere.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $word)] $variant),+ }

        impl $name {
            /// Every value, in the order of the specification.
            pub const ALL: &'static [$name] = &[$($name::$variant),+];

            /// The one spelling of this value.
            pub const fn word(self) -> &'static str {
                match self { $($name::$variant => $word),+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.word())
            }
        }

        impl FromStr for $name {
            type Err = UnknownWord;

            fn from_str(text: &str) -> Result<Self, UnknownWord> {
                match text { $($word => Ok($name::$variant),)+ _ => Err(UnknownWord(stringify!($name))) }
            }
        }
    };
}

/// A word that is not in its closed set. Names the set, never the word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not one of the values of {0}")]
pub struct UnknownWord(pub &'static str);

pub(crate) use words;

words! {
    /// Agency kind (`consent.md` section 2).
    AgencyKind {
        /// One-stop center (こども家庭センター).
        Osc = "OSC",
        /// Hospital, clinic, midwifery home (医療機関).
        Med = "MED",
        /// Public health office or center (保健所・保健センター).
        Pho = "PHO",
        /// Child guidance center (児童相談所).
        Cgc = "CGC",
        /// Contracted provider (委託事業者).
        Prv = "PRV",
        /// Other municipality (他の市区町村).
        Mun = "MUN",
    }
}

words! {
    /// Purpose of a recipient (`consent.md` section 2).
    Purpose {
        /// Care and guidance.
        P1 = "P1",
        /// Discharge coordination.
        P2 = "P2",
        /// Continuous grasp of all pregnant and postpartum women.
        P3 = "P3",
        /// Assessment and support plan.
        P4 = "P4",
        /// Child protection.
        P5 = "P5",
        /// Council case conference.
        P6 = "P6",
        /// Contracted service.
        P7 = "P7",
        /// Billing.
        P8 = "P8",
        /// Transfer between municipalities, or birth away from home (里帰り).
        P9 = "P9",
        /// Subject access.
        P10 = "P10",
        /// Emergency.
        P11 = "P11",
        /// Statistics, never personal output.
        P12 = "P12",
    }
}

words! {
    /// Role of a member of staff; the set is closed (`security.md` S-13).
    Role {
        /// Public health nurse (保健師).
        Phn = "phn",
        /// Midwife (助産師).
        Midwife = "midwife",
        /// Social worker (社会福祉士).
        SocialWorker = "social_worker",
        /// Child-welfare officer (児童福祉司).
        ChildWelfareOfficer = "child_welfare_officer",
        /// Physician (医師).
        Physician = "physician",
        /// Nurse (看護師).
        Nurse = "nurse",
        /// Clerk (事務職員).
        Clerk = "clerk",
        /// Staff of a contracted provider.
        ProviderStaff = "provider_staff",
        /// Legal officer.
        LegalOfficer = "legal_officer",
        /// Privacy officer (個人情報保護担当).
        PrivacyOfficer = "privacy_officer",
        /// Auditor.
        Auditor = "auditor",
        /// A machine-to-machine call; cannot act for P5, P6, P10 or P11 (S-12).
        System = "system",
    }
}

words! {
    /// Data category (`consent.md` section 2). The bit of a category in a [`CategorySet`] is its number less one.
    Category {
        /// Identity.
        C01 = "C01",
        /// Address, contact, whereabouts.
        C02 = "C02",
        /// Insurance and subsidy ids.
        C03 = "C03",
        /// Pregnancy course.
        C04 = "C04",
        /// Delivery and maternal discharge.
        C05 = "C05",
        /// Newborn.
        C06 = "C06",
        /// Postpartum body.
        C07 = "C07",
        /// Maternal mental health.
        C08 = "C08",
        /// Infant and child checks.
        C09 = "C09",
        /// Home-visit and consultation notes.
        C10 = "C10",
        /// Family situation.
        C11 = "C11",
        /// Economic situation.
        C12 = "C12",
        /// Child-protection concern.
        C13 = "C13",
        /// Violence and safety.
        C14 = "C14",
        /// Support plan.
        C15 = "C15",
        /// Referral status.
        C16 = "C16",
        /// Care-delivery report.
        C17 = "C17",
        /// Billing.
        C18 = "C18",
        /// Reproductive-sensitive.
        C19 = "C19",
        /// Notifier identity.
        C20 = "C20",
    }
}

impl Category {
    /// This category's bit.
    pub const fn bit(self) -> u32 {
        1 << self as u32
    }

    /// The Japanese label that officers read.
    pub const fn japanese(self) -> &'static str {
        match self {
            Category::C01 => "本人情報",
            Category::C02 => "住所・連絡先・所在",
            Category::C03 => "保険・公費番号",
            Category::C04 => "妊娠経過",
            Category::C05 => "分娩・退院(母)",
            Category::C06 => "新生児",
            Category::C07 => "産後の身体",
            Category::C08 => "母のこころ",
            Category::C09 => "乳幼児健診",
            Category::C10 => "訪問・相談記録",
            Category::C11 => "家庭の状況",
            Category::C12 => "経済状況",
            Category::C13 => "要保護・要支援",
            Category::C14 => "暴力・安全",
            Category::C15 => "サポートプラン",
            Category::C16 => "紹介・連携の状況",
            Category::C17 => "ケア実施報告",
            Category::C18 => "請求",
            Category::C19 => "性・生殖に関する要配慮",
            Category::C20 => "通告者",
        }
    }
}

/// A set of categories in one machine word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct CategorySet(u32);

impl CategorySet {
    /// No category.
    pub const EMPTY: CategorySet = CategorySet(0);
    /// All twenty.
    pub const ALL: CategorySet = CategorySet((1 << 20) - 1);

    /// From bits; bits above C20 are dropped.
    pub const fn from_bits(bits: u32) -> Self {
        CategorySet(bits & Self::ALL.0)
    }

    /// The bits.
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Is this category in the set?
    pub const fn has(self, category: Category) -> bool {
        self.0 & category.bit() != 0
    }

    /// The set with one more.
    #[must_use]
    pub const fn with(self, category: Category) -> Self {
        CategorySet(self.0 | category.bit())
    }

    /// In either.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        CategorySet(self.0 | other.0)
    }

    /// In both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        CategorySet(self.0 & other.0)
    }

    /// In this and not in the other.
    #[must_use]
    pub const fn minus(self, other: Self) -> Self {
        CategorySet(self.0 & !other.0)
    }

    /// Is it empty?
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The members in order.
    pub fn iter(self) -> impl Iterator<Item = Category> {
        Category::ALL.iter().copied().filter(move |c| self.has(*c))
    }
}

impl FromIterator<Category> for CategorySet {
    fn from_iter<I: IntoIterator<Item = Category>>(all: I) -> Self {
        all.into_iter().fold(CategorySet::EMPTY, CategorySet::with)
    }
}

impl Serialize for CategorySet {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for CategorySet {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Vec::<Category>::deserialize(deserializer)?.into_iter().collect())
    }
}

/// Identity of an agency: what stands behind `urn:musubi:agency:` in its certificate (`security.md` S-03).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AgencyId(String);

/// Not an agency id: `[A-Za-z0-9][A-Za-z0-9.-]{0,63}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an agency id: letters, digits, '.' and '-', at most 64, the first a letter or digit")]
pub struct NotAnAgencyId;

impl AgencyId {
    /// Longest id, in characters (S-03).
    pub const LENGTH_MAX: usize = 64;
    /// What stands before the id in a certificate's SAN URI.
    pub const URN: &'static str = "urn:musubi:agency:";

    /// Checks the form of S-03.
    pub fn new(id: impl Into<String>) -> Result<Self, NotAnAgencyId> {
        let id = id.into();
        let first = id.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric());
        let rest = id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-');
        if first && rest && id.len() <= Self::LENGTH_MAX { Ok(AgencyId(id)) } else { Err(NotAnAgencyId) }
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AgencyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for AgencyId {
    type Error = NotAnAgencyId;

    fn try_from(id: String) -> Result<Self, NotAnAgencyId> {
        AgencyId::new(id)
    }
}

impl From<AgencyId> for String {
    fn from(id: AgencyId) -> String {
        id.0
    }
}

/// Who acts within an agency (`security.md` S-12). The role comes from the agency's staff register in the hub.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// Staff id as the agency issues it; `system` for machine-to-machine calls.
    pub staff_id: String,
    /// Role from the register.
    pub role: Role,
}

impl Actor {
    /// A machine-to-machine call.
    pub fn system() -> Self {
        Actor { staff_id: "system".to_owned(), role: Role::System }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agency_id_has_the_form_of_s03() {
        assert!(AgencyId::new("MED-4810700122").is_ok());
        for wrong in ["", "-a", ".a", "a b", "a/b", "あ", &"a".repeat(65)] {
            assert_eq!(AgencyId::new(wrong), Err(NotAnAgencyId), "{wrong}");
        }
    }

    #[test]
    fn category_sets_round_trip_through_their_members() {
        let set: CategorySet = [Category::C01, Category::C20].into_iter().collect();
        assert_eq!(set.bits(), 1 | 1 << 19);
        assert_eq!(set.iter().collect::<CategorySet>(), set);
        assert_eq!(CategorySet::from_bits(u32::MAX), CategorySet::ALL);
    }

    #[test]
    fn words_are_read_as_they_are_written() {
        for purpose in Purpose::ALL {
            assert_eq!(purpose.word().parse::<Purpose>(), Ok(*purpose));
        }
    }
}
