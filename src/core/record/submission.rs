//! What an agency sent: checked, then attributed to persons.

use super::absence;
use super::check::check_entry;
use super::{SharedEntry, SubjectRole, kind_of, reports};
use crate::adapter::Diagnostic;
use crate::agency::{AgencyId, AgencyKind};
use crate::id::{EntryId, MessageId, Municipality, PersonId};
use crate::time::Time;
use musubi_proto::v1 as proto;
use prost::Message as _;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;

/// Most entries of one submission.
const ENTRIES_MAX: usize = 2_000;
/// Most persons that one submission names.
const PEOPLE_MAX: usize = 64;

/// What one agency sent at once: one message, or one row of a file (送信).
#[derive(Clone)]
pub struct Submission {
    message: proto::Submission,
}

/// A person as an agency names one. Shows nothing of itself in logs.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PersonKey {
    /// Who issued the identifier.
    pub issuer: String,
    /// The identifier.
    pub identifier: String,
}

impl PersonKey {
    /// Issuer of the ids that Musubi itself gives.
    pub const MUSUBI: &'static str = "musubi";

    /// A person by Musubi's own id: for the officers of a center, who are shown it.
    pub fn known(person: PersonId) -> Self {
        PersonKey { issuer: Self::MUSUBI.to_owned(), identifier: person.to_string() }
    }

    /// The id, if it is one that Musubi gave.
    pub fn as_known(&self) -> Option<PersonId> {
        if self.issuer == Self::MUSUBI { PersonId::parse(&self.identifier) } else { None }
    }
}

impl fmt::Debug for PersonKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PersonKey")
    }
}

impl fmt::Debug for Submission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Submission({} entries)", self.message.entries.len())
    }
}

/// The envelope of a submission: nothing that tells about a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubmissionHeader {
    /// `hl7v2`, `ph05`, `grpc` …
    pub format: String,
    /// The sender's id of it.
    pub message_id: String,
    /// The sender's revision of it; 0 where the format has none.
    pub revision: u32,
    /// The municipality that it names.
    pub municipality: Option<Municipality>,
    /// Not for the production record.
    pub test: bool,
    /// The consent or ground that it cites; empty when none.
    pub basis: String,
}

/// What the hub knows of a submission when it takes custody.
pub struct Attribution<'a> {
    /// The agency that sent it.
    pub author: &'a AgencyId,
    /// Its kind.
    pub author_kind: AgencyKind,
    /// Musubi's id of the message.
    pub message: MessageId,
    /// The responsible municipality.
    pub municipality: &'a Municipality,
    /// The moment of custody.
    pub recorded_at: Time,
    /// Who is who.
    pub person: &'a dyn Fn(&PersonKey) -> Option<PersonId>,
    /// Ids for the entries.
    pub entry_id: &'a mut dyn FnMut() -> EntryId,
}

impl Submission {
    /// Checks what a format or an agency gave.
    ///
    /// # Errors
    /// One diagnostic for each fault, with its place in the submission.
    pub fn check(mut message: proto::Submission) -> Result<Self, Vec<Diagnostic>> {
        let mut faults = Vec::new();
        if message.entries.is_empty() {
            faults.push(Diagnostic::error(
                "M101",
                "entries",
                "記録が1件もありません。",
                "There is no entry in this submission; send at least one.",
            ));
        }
        faults.extend(too_large(&message));
        if !faults.is_empty() {
            return Err(faults);
        }
        for (index, entry) in message.entries.iter().enumerate() {
            faults.extend(check_entry(entry, index));
        }
        faults.extend(reports::check(&message.entries));
        for entry in &mut message.entries {
            entry.roles = entry.subjects.iter().map(|s| s.role).collect();
        }
        if faults.is_empty() { Ok(Submission { message }) } else { Err(faults) }
    }

    /// A message of which nothing goes into the record: its envelope alone, so that its bytes can be kept and acknowledged.
    #[must_use]
    pub fn archived(message: proto::Submission) -> Self {
        Submission { message: proto::Submission { entries: Vec::new(), ..message } }
    }

    /// Is there nothing in it for the record?
    pub fn is_archived(&self) -> bool {
        self.message.entries.is_empty()
    }

    pub(crate) fn message(&self) -> &proto::Submission {
        &self.message
    }

    pub(super) fn message_mut(&mut self) -> &mut proto::Submission {
        &mut self.message
    }

    /// The envelope.
    pub fn header(&self) -> SubmissionHeader {
        SubmissionHeader {
            format: self.message.format.clone(),
            message_id: self.message.message_id.clone(),
            revision: u32::try_from(self.message.revision).unwrap_or(0),
            municipality: Municipality::new(self.message.municipality.clone()).ok(),
            test: self.message.test,
            basis: self.message.basis.clone(),
        }
    }

    /// Every person that it names, once, with the first role.
    pub fn people(&self) -> Vec<(PersonKey, SubjectRole)> {
        let mut people: Vec<(PersonKey, SubjectRole)> = Vec::new();
        let mut seen = BTreeSet::new();
        for subject in self.message.entries.iter().flat_map(|entry| &entry.subjects) {
            if seen.insert((&subject.issuer, &subject.identifier)) {
                let key = PersonKey { issuer: subject.issuer.clone(), identifier: subject.identifier.clone() };
                people.push((key, SubjectRole::of(subject.role())));
            }
        }
        people
    }

    /// Does its source say that its document takes the place of an earlier one?
    pub fn replaces(&self) -> bool {
        self.message.replaces
    }

    /// The kinds of its bodies, in order.
    pub fn kinds(&self) -> Vec<&'static str> {
        self.message.entries.iter().filter_map(|entry| entry.body.as_ref().map(kind_of)).collect()
    }

    /// Persons whose source asks that whereabouts be withheld (不開示): each opens a shield.
    pub fn shields_asked(&self) -> Vec<PersonKey> {
        let asks = |entry: &&proto::Entry| matches!(&entry.body, Some(proto::entry::Body::PersonDetails(details)) if details.not_disclosed == Some(true));
        let named = self.message.entries.iter().filter(asks).filter_map(|entry| entry.subjects.first());
        named.map(|s| PersonKey { issuer: s.issuer.clone(), identifier: s.identifier.clone() }).collect()
    }

    /// Identifiers of which the sender says that they are one person: the one that stays, and the one that it retired. Of
    /// its own only: the retired one has the issuer of the one that stays.
    pub fn merged(&self) -> Vec<(PersonKey, PersonKey)> {
        let mut merged = Vec::new();
        for entry in &self.message.entries {
            let (Some(proto::entry::Body::PersonDetails(details)), Some(stays)) = (&entry.body, entry.subjects.first())
            else {
                continue;
            };
            let own = details.former_identifiers.iter().filter(|retired| retired.issuer == stays.issuer);
            merged.extend(own.map(|retired| {
                let key = |issuer: &str, identifier: &str| PersonKey {
                    issuer: issuer.to_owned(),
                    identifier: identifier.to_owned(),
                };
                (key(&stays.issuer, &stays.identifier), key(&retired.issuer, &retired.value))
            }));
        }
        merged
    }

    /// The municipality of the first address that names one.
    pub fn municipality_of_address(&self) -> Option<Municipality> {
        let addresses = self.message.entries.iter().filter_map(|entry| match &entry.body {
            Some(proto::entry::Body::PersonDetails(details)) => Some(&details.addresses),
            _ => None,
        });
        addresses.flatten().find_map(|address| Municipality::new(address.municipality.clone()).ok())
    }

    /// Makes entries of it: who is who, who wrote it, when it came. Whatever the sender wrote into the fields of the hub is
    /// gone. A person that cannot be named is left out of an entry, and an entry without a person does not come to be.
    pub fn attribute(self, hub: Attribution<'_>) -> Vec<SharedEntry> {
        let Attribution { author, author_kind, message, municipality, recorded_at, person, entry_id } = hub;
        let sent_at = self.message.sent_at;
        // Both are set: what a sender wrote there itself counts for nothing.
        let (author, author_of_protection) = match author_kind {
            AgencyKind::Cgc => (String::new(), author.to_string()),
            _ => (author.to_string(), String::new()),
        };
        let (municipality, source_message) = (municipality.to_string(), message.to_string());
        let mut entries = Vec::with_capacity(self.message.entries.len());
        let mut named = Named::default();
        for mut entry in self.message.entries {
            let (mut ids, mut roles) = (Vec::with_capacity(1), Vec::with_capacity(1));
            for subject in &entry.subjects {
                if let Some(id) = named.id(subject, person) {
                    ids.push(id);
                    roles.push(subject.role);
                }
            }
            if ids.is_empty() {
                continue;
            }
            entry.person_ids = ids;
            entry.roles = roles;
            entry.id = entry_id().to_string();
            (entry.author, entry.author_of_protection) = (author.clone(), author_of_protection.clone());
            entry.municipality.clone_from(&municipality);
            entry.recorded_at_micros = recorded_at.micros();
            entry.source_message.clone_from(&source_message);
            entry.source_time = sent_at;
            absence::attribute(&mut entry);
            entries.push(entry);
        }
        reports::name(&mut entries);
        entries.into_iter().map(SharedEntry::new).collect()
    }

    /// The record as JSON of the schema, for `musubi convert --to record`: a release to the author of the file, who
    /// holds the file already.
    pub fn to_author_json(&self) -> String {
        serde_json::to_string_pretty(&self.message).unwrap_or_default()
    }

    /// The same as bytes of the schema: what its author handed in, to be kept sealed.
    pub fn to_author_bytes(&self) -> Vec<u8> {
        self.message.encode_to_vec()
    }
}

/// The ids of those whom a submission names: a few persons, each in many entries.
#[derive(Default)]
struct Named(Vec<(PersonKey, Option<String>)>);

impl Named {
    fn id(&mut self, subject: &proto::Subject, person: &dyn Fn(&PersonKey) -> Option<PersonId>) -> Option<String> {
        let is_known =
            |(key, _): &&(PersonKey, _)| key.issuer == subject.issuer && key.identifier == subject.identifier;
        if let Some((_, id)) = self.0.iter().find(is_known) {
            return id.clone();
        }
        let key = PersonKey { issuer: subject.issuer.clone(), identifier: subject.identifier.clone() };
        let id = person(&key).map(|id| id.to_string());
        self.0.push((key, id.clone()));
        id
    }
}

/// More than one submission may hold. Then nothing in it is looked at.
fn too_large(message: &proto::Submission) -> Vec<Diagnostic> {
    let mut faults = Vec::new();
    if message.entries.len() > ENTRIES_MAX {
        faults.push(Diagnostic::error(
            "M108",
            "entries",
            "1回の送信の記録は2,000件までです。分けて送ってください。",
            "A submission holds at most 2,000 entries; send it in parts.",
        ));
    }
    let subjects = message.entries.iter().flat_map(|entry| &entry.subjects);
    let people: BTreeSet<(&str, &str)> = subjects.map(|s| (&*s.issuer, &*s.identifier)).collect();
    if people.len() > PEOPLE_MAX {
        faults.push(Diagnostic::error(
            "M109",
            "entries",
            "1回の送信の対象者は64人までです。分けて送ってください。",
            "A submission names at most 64 persons; send it in parts.",
        ));
    }
    faults
}

#[cfg(test)]
mod tests;
