//! One case as a count sees it.

use super::words::{AgeBand, Dimension, NOT_STATED, Population};
use crate::cases::{CaseCategory, CaseSeverity, ReporterRoute, Urgency};
use crate::id::PersonId;
use crate::record::SharedRecord;
use crate::signals::{self, Dated};
use crate::time::Day;
use musubi_proto::v1 as proto;
use proto::SubjectRole as Role;
use proto::entry::Body;

/// Status of a case that is no longer one.
const CLOSED: &str = "Closed";

/// The open case of one child or one pregnant woman: words of closed sets, and nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CountedCase {
    /// Who it is about.
    pub population: Population,
    /// Its category.
    pub category: Option<CaseCategory>,
    /// Age of the child.
    pub age: Option<AgeBand>,
    /// Severity.
    pub severity: Option<CaseSeverity>,
    /// Urgency.
    pub urgency: Option<Urgency>,
    /// How the notification came.
    pub route: Option<ReporterRoute>,
}

impl CountedCase {
    /// How a person counts: by the open case (要保護児童等のケース) that was recorded last, where several authorities have one. A
    /// child counts as the subject of its own case alone, and a woman as long as the case is that of a specified pregnant woman,
    /// so that siblings are one case each (`formats/child_guidance.md` 7.4). Ages are those of `day`.
    pub fn of(record: &SharedRecord, person: PersonId, day: Day) -> Option<Self> {
        let dated: Vec<Dated<'_>> = record.entries().iter().filter_map(|entry| Dated::of(entry.message())).collect();
        let open = dated.iter().filter_map(|entry| {
            let Body::WelfareCase(case) = entry.body else { return None };
            let population = population(case);
            let subject = (person, population.role());
            (case.status != CLOSED && entry.persons.contains(&subject)).then_some((entry, population, case))
        });
        let (_, population, case) = open.max_by_key(|(entry, ..)| (entry.recorded_at, entry.id))?;
        Some(CountedCase {
            population,
            category: case.category.parse().ok(),
            age: signals::birth_date(&dated, person).map(|born| AgeBand::on(day, born)),
            severity: case.severity.parse().ok(),
            urgency: case.urgency.parse().ok(),
            route: case.reporter_route.parse().ok(),
        })
    }

    /// The word by which it counts in a dimension.
    pub(super) fn word(&self, dimension: Dimension) -> &'static str {
        let word = match dimension {
            Dimension::Category => self.category.map(CaseCategory::word),
            Dimension::Age => self.age.map(AgeBand::word),
            Dimension::Severity => self.severity.map(CaseSeverity::word),
            Dimension::Urgency => self.urgency.map(Urgency::word),
            Dimension::Route => self.route.map(ReporterRoute::word),
        };
        word.unwrap_or(NOT_STATED)
    }
}

fn population(case: &proto::WelfareCase) -> Population {
    let pregnant = case.category == CaseCategory::SpecifiedPregnantWoman.word();
    if pregnant { Population::PregnantWoman } else { Population::Child }
}

impl Population {
    /// As what its case names a person.
    const fn role(self) -> Role {
        match self {
            Population::Child => Role::Child,
            Population::PregnantWoman => Role::Mother,
        }
    }
}
