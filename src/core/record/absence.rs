//! Why a field has no value, where its source says so in so many words (`formats/hospital.md` 3.3).

use super::kind_of;
use crate::adapter::Diagnostic;
use crate::agency::CategorySet;
use musubi_proto::v1 as proto;
use musubi_proto::{Labelled, category_numbers, is_part_of, needs_of};

/// The reasons: those of FHIR's data-absent-reason, and what HL7's NullFlavor adds. What is masked has none: that it exists
/// is not to be known.
const REASONS: [&str; 12] = [
    "unknown",
    "asked-unknown",
    "asked-declined",
    "temp-unknown",
    "not-asked",
    "not-performed",
    "not-applicable",
    "unsupported",
    "error",
    "no-information",
    "not-present",
    "other",
];

/// What a field would need, had it a value: nothing where the schema has no such field, and where it would tell where
/// somebody is.
fn needed(entry: &proto::Entry, field: &str) -> CategorySet {
    let kind = entry.body.as_ref().map_or("", kind_of);
    CategorySet::from_bits(needs_of(kind, field).unwrap_or_default())
}

/// Says of each field without a value what it would need, whatever the sender wrote there.
pub(crate) fn attribute(entry: &mut proto::Entry) {
    let mut absent = std::mem::take(&mut entry.absent);
    for absence in &mut absent {
        absence.categories = category_numbers(needed(entry, &absence.field).bits()).collect();
    }
    entry.absent = absent;
}

/// Has this field of the body a value?
fn has_value(entry: &proto::Entry, field: &str) -> bool {
    let field = [entry.body.as_ref().map_or("", kind_of), ".", field].concat();
    let mut found = false;
    entry.leaves(&mut String::new(), &mut |path, _| found |= is_part_of(path, &field));
    found
}

/// Once an update is completed: what has no value still says why, what was filled from before says nothing more.
pub(super) fn complete(entry: &mut proto::Entry, before: &proto::Entry) {
    let told: Vec<String> = entry.absent.iter().map(|absence| absence.field.clone()).collect();
    entry.absent.extend(before.absent.iter().filter(|absence| !told.contains(&absence.field)).cloned());
    let mut absent = std::mem::take(&mut entry.absent);
    absent.retain(|absence| !has_value(entry, &absence.field));
    entry.absent = absent;
}

/// Each names a field of its body that has no value, once, and one of the known reasons.
pub(super) fn check(entry: &proto::Entry, index: usize) -> Vec<Diagnostic> {
    let faulty = |(n, absence): &(usize, &proto::Absence)| {
        let twice = entry.absent.iter().take(*n).any(|other| other.field == absence.field);
        twice
            || !REASONS.contains(&absence.reason.as_str())
            || needed(entry, &absence.field) == CategorySet::EMPTY
            || has_value(entry, &absence.field)
    };
    let told = |(n, _): (usize, &proto::Absence)| {
        Diagnostic::error(
            "M114",
            format!("entries[{index}].absent[{n}]"),
            "値のない理由(absent)は、この記録の値のない項目の名前と、定められた理由を一度だけ書いてください。",
            "What says why there is no value (absent) names a field of this body that has none, once, and a known reason.",
        )
    };
    entry.absent.iter().enumerate().filter(faulty).map(told).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proto::entry::Body;

    fn entry(body: Body, absent: &[(&str, &str)]) -> proto::Entry {
        let absence = |(field, reason): &(&str, &str)| proto::Absence {
            field: (*field).to_owned(),
            reason: (*reason).to_owned(),
            ..proto::Absence::default()
        };
        proto::Entry { body: Some(body), absent: absent.iter().map(absence).collect(), ..proto::Entry::default() }
    }

    fn newborn(weight: Option<&str>, absent: &[(&str, &str)]) -> proto::Entry {
        let weight = weight.map(|value| proto::Quantity { value: value.to_owned(), ..proto::Quantity::default() });
        entry(Body::Newborn(proto::Newborn { birth_weight: weight, ..proto::Newborn::default() }), absent)
    }

    #[test]
    fn what_says_why_a_field_has_no_value_needs_all_that_the_field_needs() {
        let (mut compared, mut kept_back) = (0, 0);
        for row in musubi_proto::dictionary() {
            let Some((kind, below)) = row.path.split_once('.').filter(|(kind, _)| !kind.ends_with("[]")) else {
                continue;
            };
            let field = below.split(['.', '[']).next().unwrap_or_default();
            match needs_of(kind, field) {
                Some(bits) => assert_eq!(bits & row.bits, row.bits, "{}", row.path),
                None => kept_back += 1,
            }
            compared += 1;
        }
        assert!(compared > 300 && kept_back > 10, "{compared} leaves, {kept_back} of fields that nobody may name");
        assert_eq!(needs_of("person_details", "addresses"), None, "where somebody is");
        assert_eq!(needs_of("document", "content"), None, "the document's own set decides");
        assert_eq!(needs_of("newborn", "birth"), None, "no field");
    }

    #[test]
    fn only_a_field_of_the_body_without_a_value_may_be_named_once_and_with_a_known_reason() {
        let faults = |entry: proto::Entry| check(&entry, 0).into_iter().map(|fault| fault.place).collect::<Vec<_>>();
        assert!(faults(newborn(None, &[("birth_weight", "unknown"), ("apgar_1", "not-performed")])).is_empty());
        for wrong in [("weight", "unknown"), ("birth_weight", "masked"), ("birth_weight", "")] {
            assert_eq!(faults(newborn(None, &[wrong])), ["entries[0].absent[0]"], "{wrong:?}");
        }
        let twice = newborn(None, &[("birth_weight", "unknown"), ("birth_weight", "error")]);
        assert_eq!(faults(twice), ["entries[0].absent[1]"]);
        assert_eq!(faults(newborn(Some("2486"), &[("birth_weight", "unknown")])), ["entries[0].absent[0]"]);
    }

    #[test]
    fn an_update_says_why_until_there_is_a_value() {
        let named = |entry: &proto::Entry| entry.absent.iter().map(|absence| absence.field.clone()).collect::<Vec<_>>();
        let before = newborn(None, &[("birth_weight", "unknown"), ("apgar_1", "not-asked")]);
        let mut weighed = newborn(Some("2486"), &[]);
        complete(&mut weighed, &before);
        assert_eq!(named(&weighed), ["apgar_1"]);
        let mut silent = newborn(None, &[("apgar_1", "unknown")]);
        complete(&mut silent, &before);
        assert_eq!(named(&silent), ["apgar_1", "birth_weight"]);
        assert_eq!(silent.absent.first().map(|absence| absence.reason.as_str()), Some("unknown"));
    }
}
