//! Ids of a document and its resources, from the hash of what the document says.

use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

/// Where the ids of one document come from.
pub(super) struct Ids {
    view: Option<[u8; 32]>,
    /// Those of the resources that are known to be wanted, each worked out once.
    resources: Vec<Uuid>,
}

impl Ids {
    /// Ids of what names no resource of its own.
    pub(super) const fn blank() -> Self {
        Ids { view: None, resources: Vec::new() }
    }

    /// The ids of the document whose view has this hash and that has so many resources.
    pub(super) fn of(view: [u8; 32], resources: usize) -> Self {
        let mut ids = Ids { view: Some(view), resources: Vec::new() };
        let beginning = ids.beginning(b"resource");
        ids.resources = (0..resources).map(|number| derived(beginning.clone(), number)).collect();
        ids
    }

    /// The id of the n-th resource. Number 0 is the Composition.
    pub(super) fn resource(&self, number: usize) -> Uuid {
        self.resources.get(number).copied().unwrap_or_else(|| self.derived(b"resource", number))
    }

    /// The id of the Bundle.
    pub(super) fn bundle(&self) -> Uuid {
        self.derived(b"bundle", 0)
    }

    /// The hash as far as it is the same for all ids of a kind; none where ids are only numbers.
    fn beginning(&self, kind: &[u8]) -> Option<Sha256> {
        let hash = Sha256::new_with_prefix(b"musubi fhir document v1\0");
        Some(hash.chain_update(kind).chain_update(self.view?))
    }

    fn derived(&self, kind: &[u8], number: usize) -> Uuid {
        derived(self.beginning(kind), number)
    }
}

fn derived(beginning: Option<Sha256>, number: usize) -> Uuid {
    let Some(hash) = beginning else {
        return Uuid::from_u128(u128::try_from(number).unwrap_or(u128::MAX));
    };
    let digest: [u8; 32] = hash.chain_update(u64::try_from(number).unwrap_or(u64::MAX).to_be_bytes()).finalize().into();
    let mut bytes = [0; 16];
    for (byte, from) in bytes.iter_mut().zip(digest) {
        *byte = from;
    }
    Builder::from_custom_bytes(bytes).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_follow_from_the_view_alone() {
        let (one, same, other) = (Ids::of([1; 32], 0), Ids::of([1; 32], 9), Ids::of([2; 32], 9));
        assert_eq!(one.resource(3), same.resource(3));
        assert_ne!(one.resource(3), other.resource(3));
        assert_ne!(one.resource(0), one.bundle());
        assert_eq!(one.bundle().get_version_num(), 8);
    }
}
