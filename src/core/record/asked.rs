//! What a message says of referrals, for their loop: numbers, states, and why a step was taken. The words of a referral stay in
//! the record, which goes out through a release.

use super::{PersonKey, SharedRecord, Submission, moment};
use crate::agency::AgencyId;
use crate::time::Time;
use musubi_proto::v1::entry::Body;

/// What a referral is that does not say what it asks for.
const INFORMATION: &str = "information";

/// A referral as its sender wrote it (`formats/hospital.md` 2.10).
#[derive(Clone, PartialEq, Eq)]
pub struct Asked {
    /// Whom it is about.
    pub person: PersonKey,
    /// The sender's number of it (RF1-6).
    pub number: String,
    /// Who is asked, as the sender names it.
    pub to: String,
    /// One of the kinds of referral.
    pub kind: String,
    /// Until when an answer is expected.
    pub reply_by: Option<Time>,
}

/// A step of a referral's loop as its sender wrote it.
#[derive(Clone, PartialEq, Eq)]
pub struct Stepped {
    /// Whom the sender names as the person of the referral.
    pub person: PersonKey,
    /// The number of the referral.
    pub number: String,
    /// `received`, `accepted`, `declined`, `cancel_asked` …
    pub state: String,
    /// What the sender says of it: its reason, or its report.
    pub note: String,
    /// Entries come with it that report it.
    pub reports: bool,
}

impl Submission {
    /// Does it refer somebody, or say what became of a referral?
    pub fn is_of_referrals(&self) -> bool {
        self.kinds().iter().any(|kind| matches!(*kind, "referral" | "referral_step"))
    }

    /// The referrals in it.
    pub fn referrals(&self) -> Vec<Asked> {
        let entries = self.message().entries.iter();
        let asked = entries.filter_map(|entry| match (&entry.body, entry.subjects.first()) {
            (Some(Body::Referral(referral)), Some(subject)) => Some(Asked {
                person: PersonKey { issuer: subject.issuer.clone(), identifier: subject.identifier.clone() },
                number: referral.referral_id.clone(),
                to: referral.to.clone(),
                kind: if referral.kind.is_empty() { INFORMATION } else { &referral.kind }.to_owned(),
                reply_by: referral.reply_by.as_ref().and_then(moment),
            }),
            _ => None,
        });
        asked.collect()
    }

    /// The steps of referrals in it.
    pub fn referral_steps(&self) -> Vec<Stepped> {
        let entries = self.message().entries.iter();
        let steps = entries.filter_map(|entry| match (&entry.body, entry.subjects.first()) {
            (Some(Body::ReferralStep(step)), Some(subject)) => {
                let person = PersonKey { issuer: subject.issuer.clone(), identifier: subject.identifier.clone() };
                let (number, state, note) = (step.referral_id.clone(), step.state.clone(), step.note.clone());
                Some(Stepped { person, number, state, note, reports: !step.report_entries.is_empty() })
            }
            _ => None,
        });
        steps.collect()
    }
}

impl SharedRecord {
    /// The numbers by which an agency referred somebody of this record to others.
    pub fn referral_numbers_of<'r>(&'r self, author: &'r AgencyId) -> impl Iterator<Item = &'r str> {
        self.entries().iter().filter_map(move |entry| match &entry.message().body {
            Some(Body::Referral(referral)) if entry.author().as_ref() == Some(author) => Some(&*referral.referral_id),
            _ => None,
        })
    }
}
