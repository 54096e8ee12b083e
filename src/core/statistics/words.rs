//! What cases are counted by: closed sets of words (`formats/child_guidance.md` section 3).

use crate::agency::{UnknownWord, words};
use crate::cases::{CaseCategory, CaseSeverity, ReporterRoute, Urgency};
use crate::japan::one_year::{fiscal_year, school_cohort};
use crate::signals::whole_years;
use crate::time::Day;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Where a case does not say, in each dimension.
pub const NOT_STATED: &str = "NotStated";
/// School years of primary school (小学校), the first of lower secondary school (中学校), and the last that is compulsory.
const PRIMARY_YEARS: i16 = 6;
const LOWER_SECONDARY_FROM: i16 = PRIMARY_YEARS + 1;
const COMPULSORY_YEARS: i16 = 9;
/// Fiscal years from that of a birth to the first at school.
const BEFORE_SCHOOL_YEARS: i16 = 7;

words! {
    /// Who is counted. A child and a woman before birth are never added up: much is said of the one alone.
    Population {
        /// Children in need of protection or support, each once (要保護児童・要支援児童).
        Child = "Child",
        /// Specified pregnant women, each once (特定妊婦).
        PregnantWoman = "PregnantWoman",
    }
}

words! {
    /// What cases are counted by.
    Dimension {
        /// Category of the case.
        Category = "CategoryCode",
        /// Age on the last day that counts.
        Age = "AgeBand",
        /// Severity, JP5.
        Severity = "AbuseNeglectSeverityCode",
        /// Urgency.
        Urgency = "UrgencyCode",
        /// How the notification came.
        Route = "ReporterRouteCode",
    }
}

words! {
    /// Age as the national statistics band it.
    AgeBand {
        /// Below three years.
        UnderThree = "UnderThree",
        /// From three years to school.
        Preschool = "Preschool",
        /// Primary school.
        Primary = "Primary",
        /// Lower secondary school.
        LowerSecondary = "LowerSecondary",
        /// Upper secondary school, and others of that age.
        UpperSecondary = "UpperSecondary",
    }
}

impl Population {
    /// The tables of it. Two that shared a dimension would have to withhold the same of it.
    pub(super) const fn tables(self) -> &'static [[Option<Dimension>; 2]] {
        match self {
            Population::Child => &[
                [Some(Dimension::Category), Some(Dimension::Age)],
                [Some(Dimension::Severity), Some(Dimension::Urgency)],
                [Some(Dimension::Route), None],
            ],
            Population::PregnantWoman => &[[Some(Dimension::Urgency), None], [Some(Dimension::Route), None]],
        }
    }
}

impl Dimension {
    /// Its words in their order; where a case does not say comes last.
    pub fn values(self) -> Vec<&'static str> {
        fn all<T: Copy>(values: &[T], word: fn(T) -> &'static str) -> Vec<&'static str> {
            values.iter().map(|value| word(*value)).chain([NOT_STATED]).collect()
        }
        match self {
            Dimension::Category => {
                all(&[CaseCategory::InNeedOfProtection, CaseCategory::InNeedOfSupport], CaseCategory::word)
            }
            Dimension::Age => all(AgeBand::ALL, AgeBand::word),
            Dimension::Severity => all(CaseSeverity::ALL, CaseSeverity::word),
            Dimension::Urgency => all(Urgency::ALL, Urgency::word),
            Dimension::Route => all(ReporterRoute::ALL, ReporterRoute::word),
        }
    }
}

impl AgeBand {
    /// The band of a child on a day. School begins in the April after the sixth birthday (School Education Act art. 17).
    pub fn on(day: Day, born: Day) -> Self {
        let school_year = fiscal_year(day) - school_cohort(born) - BEFORE_SCHOOL_YEARS + 1;
        match school_year {
            _ if whole_years(born, day) < 3 => AgeBand::UnderThree,
            ..=0 => AgeBand::Preschool,
            1..=PRIMARY_YEARS => AgeBand::Primary,
            LOWER_SECONDARY_FROM..=COMPULSORY_YEARS => AgeBand::LowerSecondary,
            _ => AgeBand::UpperSecondary,
        }
    }
}
