//! A release to the author of a file, without a store: what `musubi convert` gives back to the one who holds the file.

use super::{Released, release};
use crate::agency::{Actor, AgencyId, AgencyKind, Purpose};
use crate::consent::{Facts, Policy, Request, SubjectFacts};
use crate::id::{EntryId, MessageId, Municipality, PersonId, uuid_v7};
use crate::record::{Attribution, PersonKey, SharedRecord, Submission};
use crate::time::Time;
use std::collections::BTreeMap;

/// Releases submissions to their own author by the ordinary decision, which is T1 for each category of each entry. Pure:
/// ids are counted from one, so the same submissions, author and moment give the same release.
///
/// Nothing is on file here, so no seal, shield or revocation can be known. The hub has facts and does not use this.
pub fn release_to_author(submissions: Vec<Submission>, author: &AgencyId, policy: &Policy, now: Time) -> Released {
    let mut ids = Counted { now, given: 0 };
    let mut people: BTreeMap<PersonKey, PersonId> = BTreeMap::new();
    let mut entries = Vec::new();
    for submission in submissions {
        let header = submission.header();
        let named = header.municipality.or_else(|| submission.municipality_of_address());
        let municipality = named.unwrap_or_else(Municipality::unassigned);
        let message = MessageId(ids.next());
        for (key, _) in submission.people() {
            people.entry(key).or_insert_with(|| PersonId(ids.next()));
        }
        entries.extend(submission.attribute(Attribution {
            author,
            author_kind: AUTHOR_KIND,
            message,
            municipality: &municipality,
            recorded_at: now,
            person: &|key| people.get(key).copied(),
            entry_id: &mut || EntryId(ids.next()),
        }));
    }
    let request = Request {
        recipient: author.clone(),
        kind: AUTHOR_KIND,
        purpose: AUTHOR_PURPOSE,
        actor: Actor::system(),
        municipality: None,
        cited_ground: None,
    };
    let subjects = people.values().map(|person| (*person, SubjectFacts::default())).collect();
    let facts = Facts { recipient_active: true, subjects, ..Facts::default() };
    release(SharedRecord::as_sent(entries), &request, &facts, policy, now)
}

/// T1 asks neither kind nor purpose, but the gates before it want a purpose that the kind may name.
const AUTHOR_KIND: AgencyKind = AgencyKind::Med;
const AUTHOR_PURPOSE: Purpose = Purpose::P1;

/// Ids in the order in which they are asked for.
struct Counted {
    now: Time,
    given: u64,
}

impl Counted {
    fn next(&mut self) -> uuid::Uuid {
        self.given += 1;
        let mut random = [0; 10];
        random[2..].copy_from_slice(&self.given.to_be_bytes());
        uuid_v7(self.now, random)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;
    use musubi_proto::Random;
    use musubi_proto::v1 as proto;
    use std::collections::BTreeSet;

    fn subject(role: proto::SubjectRole, identifier: &str) -> proto::Subject {
        let (issuer, identifier) = ("MED-4810700122".to_owned(), identifier.to_owned());
        proto::Subject { role: role.into(), issuer, identifier }
    }

    fn entry(role: proto::SubjectRole, key: &str, body: proto::entry::Body) -> proto::Entry {
        let subjects = vec![subject(role, key)];
        proto::Entry { source_key: "person".to_owned(), subjects, body: Some(body), ..proto::Entry::default() }
    }

    #[test]
    fn an_author_gets_all_of_its_own_submission_and_nothing_is_withheld() {
        let author = AgencyId::new("MED-4810700122").unwrap();
        let policy = Policy::reviewed();
        for seed in 0..50 {
            let details = || proto::entry::Body::PersonDetails(proto::PersonDetails::seeded(seed));
            let concern = proto::entry::Body::Concern(proto::Concern::seeded(seed));
            let message = proto::Submission {
                entries: vec![
                    entry(proto::SubjectRole::Mother, "1", details()),
                    entry(proto::SubjectRole::Child, "2", details()),
                    entry(proto::SubjectRole::Child, "2", concern.clone()),
                ],
                ..proto::Submission::default()
            };
            let submission = Submission::check(message).unwrap();
            let now = Time::MIN.plus_days(20_000);
            let released = release_to_author(vec![submission], &author, &policy, now);
            assert_eq!(released.withheld(), []);
            assert_eq!(released.record().entries.len(), 3, "seed {seed}");
            assert_eq!(released.record().entries[2].body, Some(concern));
            let entries = released.record().entries.iter();
            let ids = entries.flat_map(|entry| entry.person_ids.iter().chain([&entry.id])).collect::<BTreeSet<_>>();
            assert_eq!(ids.len(), 5, "three entries about two persons");
        }
    }
}
