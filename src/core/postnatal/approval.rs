//! An approval of care between the rules and the record: what the center decides becomes an entry, and what the record
//! holds becomes what a report is checked against.

use super::care::{Approval, ApprovedInfant, Kind, Subject};
use super::policy::Income;
use crate::adapter::Diagnostic;
use crate::agency::AgencyId;
use crate::id::{Municipality, PersonId};
use crate::record::{PersonKey, SharedRecord, Submission};
use crate::time::{Day, Time};
use musubi_proto::v1 as proto;
use proto::SubjectRole as Role;
use proto::entry::Body;
use std::collections::BTreeMap;

/// What a center decides about an application for care (利用承認, layout PV01).
#[derive(Clone, Debug)]
pub struct ApprovalTerms {
    /// Its number.
    pub number: String,
    /// Kinds of care.
    pub kinds: Vec<Kind>,
    /// First day.
    pub from: Day,
    /// Last day.
    pub until: Day,
    /// Units left at this revision, over all providers.
    pub units: u32,
    /// Reduced units left at this revision.
    pub reductions: u32,
    /// Income class on the day of the approval.
    pub income: Income,
    /// The service comes to the home.
    pub outreach: bool,
    /// Number of the extension, where the limit may be passed.
    pub extension: Option<String>,
}

impl ApprovalTerms {
    /// The key of a child between municipality and provider, by birth order from 0.
    pub fn child_key(&self, index: usize) -> String {
        format!("{}-c{}", self.number, index + 1)
    }

    /// As an entry about mother and children, for the center to write. The children are named by their keys.
    ///
    /// # Errors
    /// When an entry of the record would not be taken.
    pub fn submission(
        &self,
        mother: &PersonKey,
        provider: &AgencyId,
        record: &SharedRecord,
        now: Time,
    ) -> Result<Submission, Vec<Diagnostic>> {
        let infants = children(record)
            .into_values()
            .enumerate()
            .map(|(index, birth)| proto::ApprovedInfant { key: self.child_key(index), birth_date: Some(date(birth)) });
        let infants: Vec<proto::ApprovedInfant> = infants.collect();
        let body = proto::CareApproval {
            approval_number: self.number.clone(),
            kinds: self.kinds.iter().map(|kind| word(*kind).to_owned()).collect(),
            from: Some(date(self.from)),
            until: Some(date(self.until)),
            units: i32::try_from(self.units).ok(),
            units_left: i32::try_from(self.units).ok(),
            extension_number: self.extension.clone().unwrap_or_default(),
            extended: Some(self.extension.is_some()),
            income_class: income_word(self.income).to_owned(),
            fee_tier: income_word(self.income).to_owned(),
            reductions_left: i32::try_from(self.reductions).ok(),
            provider: provider.to_string(),
            birth_date: infants.first().and_then(|infant| infant.birth_date),
            infant_count: i32::try_from(infants.len()).ok(),
            subject_kind: if infants.is_empty() { "mother" } else { "mother_infant" }.to_owned(),
            revised_on: Some(date(now.day())),
            infants,
            ..proto::CareApproval::default()
        };
        let subject = |role: Role, identifier: &str| proto::Subject {
            role: role as i32,
            issuer: mother.issuer.clone(),
            identifier: identifier.to_owned(),
        };
        let mut subjects = vec![subject(Role::Mother, &mother.identifier)];
        subjects.extend(body.infants.iter().map(|infant| subject(Role::Child, &infant.key)));
        Submission::check(proto::Submission {
            format: "grpc".to_owned(),
            message_id: self.number.clone(),
            entries: vec![proto::Entry {
                source_key: format!("approval:{}", self.number),
                subjects,
                body: Some(Body::CareApproval(body)),
                ..proto::Entry::default()
            }],
            ..proto::Submission::default()
        })
    }
}

/// The children in a record, with their birth dates.
pub fn children(record: &SharedRecord) -> BTreeMap<PersonId, Day> {
    let mut children = BTreeMap::new();
    for entry in record.entries() {
        let child = entry.persons().into_iter().find(|(_, role)| *role == crate::record::SubjectRole::Child);
        let born = match &entry.message().body {
            Some(Body::PersonDetails(details)) => details.birth_date.as_ref().and_then(day),
            _ => None,
        };
        if let (Some((child, _)), Some(born)) = (child, born) {
            children.insert(child, born);
        }
    }
    children
}

/// The approval of a number, in its latest revision, as the municipality's center wrote it. What anybody else wrote is no
/// approval.
pub fn approval_in(
    record: &SharedRecord,
    number: &str,
    municipality: &Municipality,
    center: &AgencyId,
) -> Option<Approval> {
    let by_center = record.entries().iter().filter(|entry| entry.author().as_ref() == Some(center));
    let mut bodies = by_center.filter_map(|entry| match &entry.message().body {
        Some(Body::CareApproval(body)) if body.approval_number == number => Some(body),
        _ => None,
    });
    let body = bodies.next_back()?;
    let born = body.birth_date.as_ref().and_then(day)?;
    let count = |units: Option<i32>| units.and_then(|units| u32::try_from(units).ok()).unwrap_or(0);
    Some(Approval {
        approval_no: body.approval_number.clone(),
        municipality: municipality.clone(),
        provider: body.provider.clone(),
        subject: if body.subject_kind == "mother" { Subject::MotherOnly } else { Subject::MotherInfant },
        kinds: body.kinds.iter().filter_map(|kind| kind_of(kind)).collect(),
        from: body.from.as_ref().and_then(day)?,
        to: body.until.as_ref().and_then(day)?,
        birth_date: born,
        gestation_days: None,
        infants: body
            .infants
            .iter()
            .filter_map(|infant| {
                Some(ApprovedInfant { key: infant.key.clone(), birth_date: infant.birth_date.as_ref().and_then(day)? })
            })
            .collect(),
        income: income_of(&body.income_class)?,
        units_left: count(body.units_left),
        reductions_left: count(body.reductions_left),
        revised_on: body.revised_on.as_ref().and_then(day)?,
        extension: body.extended == Some(true),
        extension_pending: false,
    })
}

const KINDS: [(Kind, &str); 5] = [
    (Kind::Stay, "stay"),
    (Kind::Day, "day"),
    (Kind::DayGroup, "day_group"),
    (Kind::DayShort, "day_short"),
    (Kind::Visit, "visit"),
];

const INCOMES: [(Income, &str); 3] =
    [(Income::Welfare, "welfare"), (Income::Nontaxed, "nontaxed"), (Income::Taxed, "taxed")];

/// The word of the schema for a kind of care.
pub fn word(kind: Kind) -> &'static str {
    KINDS.iter().find(|(known, _)| *known == kind).map_or("", |(_, word)| word)
}

/// The kind of care that a word of the schema names.
pub fn kind_of(word: &str) -> Option<Kind> {
    KINDS.iter().find(|(_, known)| *known == word).map(|(kind, _)| *kind)
}

fn income_word(income: Income) -> &'static str {
    INCOMES.iter().find(|(known, _)| *known == income).map_or("", |(_, word)| word)
}

/// The income class that a word of the schema names.
pub fn income_of(word: &str) -> Option<Income> {
    INCOMES.iter().find(|(_, known)| *known == word).map(|(income, _)| *income)
}

/// A day as the schema writes it.
pub(crate) fn date(day: Day) -> proto::Date {
    proto::Date { year: i32::from(day.year()), month: Some(i32::from(day.month())), day: Some(i32::from(day.day())) }
}

pub(super) fn day(date: &proto::Date) -> Option<Day> {
    let part = |part: Option<i32>| i8::try_from(part?).ok();
    Day::new(i16::try_from(date.year).ok()?, part(date.month)?, part(date.day)?).ok()
}
