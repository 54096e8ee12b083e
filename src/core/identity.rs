//! Is this the same person? Two descriptions in, a [`Comparison`] out (`formats/common_japan.md` section 8).
//!
//! A pure function of two descriptions. It proposes; who may join two persons, and when, is decided elsewhere (8.1).
//! The wide kanji key is not used, so that agreement in it alone counts as disagreement.

mod compare;
mod description;

pub use description::{BY_NAME, Description, Insurance, Name, search_terms, terms_of_question};

use crate::adapter::Text;
use crate::japan::Problem;

/// What the comparison of two descriptions says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Match {
    /// Not joined.
    No,
    /// Someone must decide.
    Review,
    /// The same person.
    Same,
}

/// Why two descriptions belong, or do not belong, to one person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// The birth dates agree.
    BirthDateAgrees,
    /// The birth dates differ in one digit, or day and month are exchanged.
    BirthDateNearly,
    /// The birth dates differ.
    BirthDateDiffers,
    /// The kana agree.
    KanaAgrees,
    /// The kana agree but for spelling.
    KanaNearly,
    /// The kana differ.
    KanaDiffers,
    /// The kana differ where all else agrees: an update of the reading (`JP-W501`).
    KanaChanged,
    /// The kanji agree, old and new forms taken together.
    KanjiAgrees,
    /// The kanji differ.
    KanjiDiffers,
    /// The given names differ although the birth dates agree.
    GivenNameDiffers,
    /// The family names differ, as after a marriage, and a link explains it.
    FamilyNameChanged,
    /// Same sex.
    SexAgrees,
    /// Another sex.
    SexDiffers,
    /// A telephone number agrees.
    PhoneAgrees,
    /// An address agrees.
    AddressAgrees,
    /// The municipality agrees.
    MunicipalityAgrees,
    /// The same mother.
    MotherAgrees,
    /// Another mother.
    MotherDiffers,
    /// The same place among the children of one birth.
    BirthOrderAgrees,
    /// Another place among the children of one birth.
    BirthOrderDiffers,
    /// Insurer, symbol, number, branch and birth date agree.
    InsuranceAgrees,
}

impl Reason {
    /// What it adds to the score.
    pub const fn points(self) -> i32 {
        match self {
            Reason::BirthDateAgrees => 6,
            Reason::KanaAgrees | Reason::MotherAgrees => 4,
            Reason::KanaNearly | Reason::KanjiAgrees | Reason::PhoneAgrees | Reason::AddressAgrees => 3,
            Reason::BirthOrderAgrees => 2,
            Reason::SexAgrees | Reason::MunicipalityAgrees => 1,
            Reason::BirthDateNearly | Reason::KanaChanged | Reason::FamilyNameChanged | Reason::InsuranceAgrees => 0,
            Reason::KanjiDiffers => -2,
            Reason::KanaDiffers => -4,
            Reason::SexDiffers => -5,
            Reason::GivenNameDiffers | Reason::MotherDiffers => -6,
            Reason::BirthDateDiffers => -8,
            Reason::BirthOrderDiffers => -10,
        }
    }

    /// For the officer who decides.
    pub fn text(self) -> Text {
        let (ja, en) = match self {
            Reason::BirthDateAgrees => ("生年月日が一致", "birth dates agree"),
            Reason::BirthDateNearly => ("生年月日がほぼ一致", "birth dates nearly agree"),
            Reason::BirthDateDiffers => ("生年月日が不一致", "birth dates differ"),
            Reason::KanaAgrees => ("カナ氏名が一致", "kana names agree"),
            Reason::KanaNearly => ("カナ氏名が表記ゆれの範囲で一致", "kana names agree but for spelling"),
            Reason::KanaDiffers => ("カナ氏名が不一致", "kana names differ"),
            Reason::KanaChanged => ("読みの変更とみられる", "the reading was probably changed"),
            Reason::KanjiAgrees => ("漢字氏名が一致（異体字を含む）", "kanji names agree, variants included"),
            Reason::KanjiDiffers => ("漢字氏名が不一致", "kanji names differ"),
            Reason::GivenNameDiffers => ("名が不一致", "given names differ"),
            Reason::FamilyNameChanged => ("姓の変更とみられる", "the family name was probably changed"),
            Reason::SexAgrees => ("性別が一致", "sex agrees"),
            Reason::SexDiffers => ("性別が不一致", "sex differs"),
            Reason::PhoneAgrees => ("電話番号が一致", "a telephone number agrees"),
            Reason::AddressAgrees => ("住所が一致", "an address agrees"),
            Reason::MunicipalityAgrees => ("市区町村が一致", "the municipality agrees"),
            Reason::MotherAgrees => ("母が一致", "same mother"),
            Reason::MotherDiffers => ("母が不一致", "another mother"),
            Reason::BirthOrderAgrees => ("出生順位が一致", "birth order agrees"),
            Reason::BirthOrderDiffers => ("出生順位が不一致", "birth order differs"),
            Reason::InsuranceAgrees => ("保険の記号・番号・枝番が一致", "insurance and branch agree"),
        };
        Text::new(ja, en)
    }
}

/// What forbids that two persons are joined without someone who decides (8.3 and 8.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Veto {
    /// Both have a birth order, and it differs.
    BirthOrderDiffers,
    /// Same mother, same birth date, other given names.
    TwinNamesDiffer,
    /// Perhaps twins, and neither birth order nor given name tells them apart.
    TwinsNotTold,
    /// One died before what the other is described by.
    DeceasedBefore,
    /// One is shielded.
    Shielded,
    /// Two official registers give another sex.
    SexDiffersInRegisters,
}

impl Veto {
    /// For the officer who decides.
    pub fn text(self) -> Text {
        let (ja, en) = match self {
            Veto::BirthOrderDiffers => ("出生順位が異なる", "birth orders differ"),
            Veto::TwinNamesDiffer => ("多胎で名が異なる", "twins with other given names"),
            Veto::TwinsNotTold => ("多胎の区別がつかない", "twins that nothing tells apart"),
            Veto::DeceasedBefore => ("出来事より前に死亡している", "died before the event"),
            Veto::Shielded => ("不開示の対象者", "shielded"),
            Veto::SexDiffersInRegisters => ("公的記録の性別が異なる", "official registers differ in sex"),
        };
        Text::new(ja, en)
    }
}

/// The result of a comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// What it says.
    pub outcome: Match,
    /// The sum of the points.
    pub score: i32,
    /// What agreed and what differed.
    pub reasons: Vec<Reason>,
    /// What forbids joining without someone who decides.
    pub vetoes: Vec<Veto>,
}

/// From this score on two descriptions are one person, unless something forbids it.
pub const SAME_FROM: i32 = 14;

/// From this score on someone must decide.
pub const REVIEW_FROM: i32 = 8;

impl Comparison {
    /// The question for the work list, when someone must decide: `JP-Q801`, or `JP-Q802` for twins.
    pub fn question(&self) -> Option<Problem> {
        let twins = [Veto::BirthOrderDiffers, Veto::TwinNamesDiffer, Veto::TwinsNotTold];
        match self.outcome {
            Match::Review if self.vetoes.iter().any(|veto| twins.contains(veto)) => Some(Problem::PerhapsTwin),
            Match::Review => Some(Problem::PerhapsSamePerson),
            Match::Same | Match::No => None,
        }
    }
}

/// Compares two descriptions. The order of the two does not matter.
pub fn compare(one: &Description, other: &Description) -> Comparison {
    let reasons = compare::reasons(one, other);
    let vetoes = compare::vetoes(one, other);
    let score = reasons.iter().map(|reason| reason.points()).sum();
    let insured = reasons.contains(&Reason::InsuranceAgrees);
    let contradicted = [Reason::GivenNameDiffers, Reason::SexDiffers, Reason::KanaDiffers, Reason::MotherDiffers]
        .iter()
        .any(|reason| reasons.contains(reason));
    let outcome = match score {
        _ if insured && !contradicted && vetoes.is_empty() => Match::Same,
        SAME_FROM.. if vetoes.is_empty() => Match::Same,
        REVIEW_FROM.. => Match::Review,
        _ if insured => Match::Review,
        _ => Match::No,
    };
    Comparison { outcome, score, reasons, vetoes }
}

#[cfg(test)]
mod tests;
