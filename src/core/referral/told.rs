//! A referral and where it stands, as an entry of the record: for the party that did not make it or take the last step.

use super::{Outcome, Referral, State};
use crate::adapter::Diagnostic;
use crate::agency::AgencyId;
use crate::id::PersonId;
use crate::record::{PersonKey, Submission};
use crate::time::Time;
use musubi_proto::v1 as proto;
use proto::entry::Body;

impl Referral {
    /// The other one of the two parties.
    pub fn other_party(&self, one: &AgencyId) -> &AgencyId {
        if *one == self.to { &self.from } else { &self.to }
    }

    /// What the other party is told of the step that this one took. `number` is that by which the two know the referral.
    ///
    /// # Errors
    /// When it would not be taken, because it names nobody.
    pub fn told(&self, number: &str, by: &AgencyId, persons: &[PersonId]) -> Result<Submission, Vec<Diagnostic>> {
        let (note, scheduled_for, reports) = match &self.state {
            State::Closed(Outcome::Declined { reason }) => (reason.as_str(), None, &[][..]),
            State::Closed(Outcome::Completed { report, entries }) => (report.as_str(), None, entries.as_slice()),
            State::Scheduled { at, .. } => ("", Some(*at), &[][..]),
            _ => ("", None, &[][..]),
        };
        // Where the step came in a message without words, there are none.
        let note = if *note == format!("message {number}") { "" } else { note };
        let step = proto::ReferralStep {
            referral_id: number.to_owned(),
            state: self.state.to_string(),
            at: Some(in_japan(self.changed_at)),
            by_agency: by.to_string(),
            to_agency: self.other_party(by).to_string(),
            note: note.to_owned(),
            scheduled_for: scheduled_for.map(in_japan),
            report_entries: reports.iter().map(ToString::to_string).collect(),
            ..proto::ReferralStep::default()
        };
        self.said(&format!("referral/{number}/{}", self.state), &Body::ReferralStep(step), persons)
    }

    /// What the agency that is asked is told of the referral itself. `number` is that by which the two know it.
    ///
    /// # Errors
    /// When it would not be taken, because it names nobody.
    pub fn asks(&self, number: &str, persons: &[PersonId]) -> Result<Submission, Vec<Diagnostic>> {
        let referral = proto::Referral {
            referral_id: number.to_owned(),
            kind: self.kind.clone(),
            from: self.from.to_string(),
            to: self.to.to_string(),
            reason: self.reason.clone(),
            requested_at: Some(in_japan(self.changed_at)),
            reply_by: self.reply_by.map(in_japan),
            responsibility_moves: self.is_transfer().then_some(true),
            ..proto::Referral::default()
        };
        self.said(&format!("referral/{number}"), &Body::Referral(referral), persons)
    }

    fn said(&self, key: &str, body: &Body, persons: &[PersonId]) -> Result<Submission, Vec<Diagnostic>> {
        let entries = persons.iter().map(|person| {
            let PersonKey { issuer, identifier } = PersonKey::known(*person);
            proto::Entry {
                source_key: key.to_owned(),
                subjects: vec![proto::Subject { issuer, identifier, ..proto::Subject::default() }],
                occurred_at: Some(in_japan(self.changed_at)),
                body: Some(body.clone()),
                ..proto::Entry::default()
            }
        });
        Submission::check(proto::Submission {
            format: "grpc".to_owned(),
            message_id: format!("{} {}", self.id, self.state),
            entries: entries.collect(),
            ..proto::Submission::default()
        })
    }
}

/// To the second, as a document of FHIR can say it.
fn in_japan(at: Time) -> proto::DateTime {
    let at = at.japan();
    proto::DateTime {
        date: Some(proto::Date {
            year: i32::from(at.year()),
            month: Some(i32::from(at.month())),
            day: Some(i32::from(at.day())),
        }),
        hour: Some(i32::from(at.hour())),
        minute: Some(i32::from(at.minute())),
        second: Some(i32::from(at.second())),
    }
}
