//! A council case as an entry of the record, for the coordinating center to write (要保護児童対策地域協議会).

use crate::adapter::Diagnostic;
use crate::agency::AgencyId;
use crate::id::PersonId;
use crate::record::{PersonKey, SubjectRole, Submission};
use crate::time::Time;
use musubi_proto::v1 as proto;

/// The entry of a case that is opened for these persons.
///
/// # Errors
/// When an entry of the record would not be taken.
pub fn council_submission(
    number: &str,
    lead: &AgencyId,
    members: &[AgencyId],
    persons: &[(PersonId, SubjectRole)],
    now: Time,
) -> Result<Submission, Vec<Diagnostic>> {
    let day = now.day();
    let opened_on = proto::Date {
        year: i32::from(day.year()),
        month: Some(i32::from(day.month())),
        day: Some(i32::from(day.day())),
    };
    let body = proto::CouncilCase {
        case_id: number.to_owned(),
        opened_on: Some(opened_on),
        lead_agency: lead.to_string(),
        members: members.iter().map(ToString::to_string).collect(),
        ..proto::CouncilCase::default()
    };
    let subjects = persons.iter().map(|(person, role)| {
        let key = PersonKey::known(*person);
        let role = match role {
            SubjectRole::Mother => proto::SubjectRole::Mother,
            SubjectRole::Child => proto::SubjectRole::Child,
            SubjectRole::Guardian => proto::SubjectRole::Guardian,
            SubjectRole::Other => proto::SubjectRole::OtherPerson,
        };
        proto::Subject { role: role as i32, issuer: key.issuer, identifier: key.identifier }
    });
    Submission::check(proto::Submission {
        format: "grpc".to_owned(),
        message_id: number.to_owned(),
        entries: vec![proto::Entry {
            source_key: format!("council:{number}"),
            subjects: subjects.collect(),
            body: Some(proto::entry::Body::CouncilCase(body)),
            ..proto::Entry::default()
        }],
        ..proto::Submission::default()
    })
}
