//! The words of a case and of a query (`formats/child_guidance.md` sections 1, 3 and 5).

use crate::agency::{Purpose, UnknownWord, words};
use crate::consent::GroundCode;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

words! {
    /// Category of a case.
    CaseCategory {
        /// Child in need of protection (要保護児童).
        InNeedOfProtection = "ChildInNeedOfProtection",
        /// Child in need of support (要支援児童).
        InNeedOfSupport = "ChildInNeedOfSupport",
        /// Specified pregnant woman (特定妊婦).
        SpecifiedPregnantWoman = "SpecifiedPregnantWoman",
    }
}

words! {
    /// Severity on the Japanese scale of five, JP5, the least first.
    CaseSeverity {
        /// 危惧あり.
        Concern = "Concern",
        /// 軽度.
        Minor = "Minor",
        /// 中度.
        Medium = "Medium",
        /// 重度.
        Severe = "Severe",
        /// 最重度: danger to life, not a death.
        Fatal = "Fatal",
    }
}

words! {
    /// Urgency (緊急度).
    Urgency {
        /// Emergency custody is considered.
        Aa = "AA",
        /// Intervention with separation.
        A = "A",
        /// Repeated intervention, continuous support.
        B = "B",
        /// Support at home.
        C = "C",
        /// None.
        N = "N",
    }
}

words! {
    /// How a notification came (児童相談の経路). Who made it is never counted.
    ReporterRoute {
        /// Family or relatives.
        Family = "Family",
        /// Neighbours or acquaintances.
        Neighbour = "Neighbour",
        /// The child.
        ChildSelf = "ChildSelf",
        /// Health center.
        HealthCentre = "HealthCentre",
        /// Child commissioner (児童委員).
        ChildCommissioner = "ChildCommissioner",
        /// Hospital, clinic or midwifery home.
        Medical = "Medical",
        /// Welfare facility.
        WelfareFacility = "WelfareFacility",
        /// Police.
        Police = "Police",
        /// School.
        School = "School",
        /// Board of education.
        EducationBoard = "EducationBoard",
        /// Prefecture or municipality.
        PrefOrMunicipality = "PrefOrMunicipality",
        /// Welfare office.
        WelfareOffice = "WelfareOffice",
        /// Another.
        Other = "Other",
    }
}

words! {
    /// Signal that may be asked for.
    SignalCode {
        /// Check-ups before birth were missed.
        MissedPrenatal = "MISSED_PRENATAL",
        /// A check-up of the child was missed.
        MissedInfantCheck = "MISSED_INFANT_CHECK",
        /// Nobody met the infant.
        UnmetInfant = "UNMET_INFANT",
        /// A birth without a notified pregnancy.
        UnnotifiedBirth = "UNNOTIFIED_BIRTH",
        /// The pregnancy was notified late.
        LateNotification = "LATE_NOTIFICATION",
        /// The mother is younger than twenty.
        YoungMother = "YOUNG_MOTHER",
        /// Violence between partners.
        Dv = "DV",
        /// There was a notification before.
        PreviousNotification = "PREVIOUS_NOTIFICATION",
        /// There is a case about a sibling.
        SiblingCase = "SIBLING_CASE",
        /// EPDS item 10.
        SelfHarm = "SELF_HARM",
        /// EPDS at or above the cut-off.
        EpdsHigh = "EPDS_HIGH",
        /// Moved, and nobody took the case over.
        MovedNoHandover = "MOVED_NO_HANDOVER",
        /// Nobody can reach the family.
        LossOfContact = "LOSS_OF_CONTACT",
    }
}

words! {
    /// The law that a query rests on (`LegalBasisCode`). CAPTA 5(4) is none: it only lifts secrecy (`CG-E303`).
    LegalBasis {
        /// CAPTA 13-4: material on request.
        CaptaRequest = "CAPA13-4",
        /// CWA 25-3: the local council.
        Council = "CWA25-3",
        /// CWA 21-10-5: information on a family that needs support; to one-stop centers only.
        SupportInformation = "CWA21-10-5",
        /// CWA 25: notification of a child in need of protection.
        ProtectionNotification = "CWA25",
        /// CAPTA 6: notification of abuse.
        AbuseNotification = "CAPA6",
        /// Consent; it opens records of a person, never a row of a list of cases.
        Consent = "Consent",
    }
}

impl LegalBasis {
    /// The ground of the registry.
    pub const fn ground(self) -> Option<GroundCode> {
        match self {
            LegalBasis::CaptaRequest => Some(GroundCode::L04),
            LegalBasis::Council => Some(GroundCode::L05),
            LegalBasis::SupportInformation => Some(GroundCode::L03),
            LegalBasis::ProtectionNotification | LegalBasis::AbuseNotification => Some(GroundCode::L01),
            LegalBasis::Consent => None,
        }
    }
}

words! {
    /// What a query is for (`PurposeCode`).
    QueryPurpose {
        /// Is the child safe?
        SafetyConfirmation = "SafetyConfirmation",
        /// Investigation.
        Investigation = "Investigation",
        /// Taking a case over.
        TransferHandover = "TransferHandover",
        /// Planning support.
        SupportPlanning = "SupportPlanning",
        /// Counts only.
        Statistics = "Statistics",
    }
}

impl QueryPurpose {
    /// The purpose of the decision: P6 for a member of the council, P5 otherwise; P12 for counts.
    pub const fn purpose(self, basis: Option<LegalBasis>) -> Purpose {
        match (self, basis) {
            (QueryPurpose::Statistics, _) => Purpose::P12,
            (_, Some(LegalBasis::Council)) => Purpose::P6,
            _ => Purpose::P5,
        }
    }
}

/// A signal as a criterion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SignalCriterion {
    /// This signal is raised.
    Raised(SignalCode),
    /// Nobody saw the child for so many days, as far as the release tells: `NOT_SEEN_DAYS(30)`.
    NotSeenDays(u32),
}

impl FromStr for SignalCriterion {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        let days = text.strip_prefix("NOT_SEEN_DAYS(").and_then(|rest| rest.strip_suffix(')'));
        match days {
            Some(days) => days.parse().map(SignalCriterion::NotSeenDays).map_err(|_| UnknownWord("SignalCode")),
            None => text.parse().map(SignalCriterion::Raised),
        }
    }
}

/// Visits with the result absent, refused or address unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnresponsiveVisits {
    /// So many.
    pub at_least: u32,
    /// In so many days before the query.
    pub within_days: u32,
}
