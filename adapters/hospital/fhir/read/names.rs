//! The names that FHIR itself gives to elements: only they may stand in a place, since any other name is text of the sender.

use fnv::FnvHashSet;
use std::sync::LazyLock;

/// Names of elements and resources of FHIR R4, separated by white space.
static NAMES: LazyLock<FnvHashSet<&'static str>> =
    LazyLock::new(|| include_str!("element_names.txt").split_whitespace().collect());

/// Is it a name of FHIR?
pub(in super::super) fn known(name: &str) -> bool {
    NAMES.contains(name)
}

/// The resource of this name. Resources alone begin with a capital letter.
pub(super) fn resource(name: &str) -> Option<&'static str> {
    NAMES.get(name).copied().filter(|known| known.starts_with(|letter: char| letter.is_ascii_uppercase()))
}

/// Every resource of FHIR.
#[cfg(test)]
pub(in super::super) fn resources() -> Vec<&'static str> {
    let mut all: Vec<&str> = NAMES.iter().copied().filter_map(resource).collect();
    all.sort_unstable();
    all
}
