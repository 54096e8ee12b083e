//! The hash of what a decision could read (`consent.md` section 10): kept with each decision, so that whoever decides it
//! again can say whether from the same facts.

use super::view::{Facts, SubjectFacts};
use serde::Serialize;
use sha2::{Digest, Sha256};

impl Facts {
    /// SHA-256 over every fact on file, whatever order they were read in.
    pub fn fingerprint(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update([u8::from(self.recipient_active)]);
        for (person, subject) in &self.subjects {
            hash.update(person.0.as_bytes());
            subject.add_to(&mut hash);
        }
        add(&mut hash, &self.grounds);
        add(&mut hash, &self.standing);
        add(&mut hash, &self.weighings);
        hash.finalize().into()
    }
}

impl SubjectFacts {
    fn add_to(&self, hash: &mut Sha256) {
        add(hash, &self.consents);
        add(hash, &self.shields);
        add(hash, &self.seals);
        add(hash, &self.perpetrator_links);
        add(hash, &self.relations);
        add(hash, &self.council_cases);
        add(hash, &self.break_glass);
        add(hash, &self.homes);
        add(hash, &self.conflicts);
        add(hash, &[(self.birth_date.map(|day| day.to_string()), self.died_at, self.custody)]);
    }
}

/// Adds a list, each item with its length, in an order of their own.
fn add<T: Serialize>(hash: &mut Sha256, list: &[T]) {
    let mut items: Vec<Vec<u8>> = list.iter().map(|item| serde_json::to_vec(item).unwrap_or_default()).collect();
    items.sort_unstable();
    hash.update((items.len() as u64).to_be_bytes());
    for item in items {
        hash.update((item.len() as u64).to_be_bytes());
        hash.update(item);
    }
}
