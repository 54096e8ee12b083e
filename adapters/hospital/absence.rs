//! Why a value is not there: HL7's NullFlavor, FHIR's data-absent-reason and the status of an OBX, as the record names them
//! (`formats/hospital.md` 3.3). What is masked (MSK, masked) has no name here: that it exists is not to be known.

use musubi_proto::v1 as proto;

/// FHIR's code system of reasons.
pub(super) const DATA_ABSENT_REASON: &str = "http://terminology.hl7.org/CodeSystem/data-absent-reason";
/// FHIR's extension for a primitive value that is not there.
pub(super) const DATA_ABSENT_EXTENSION: &str = "http://hl7.org/fhir/StructureDefinition/data-absent-reason";

/// The record's reason, the NullFlavor, FHIR's code. Of several with one flavour the first is read.
const REASONS: [(&str, &str, &str); 12] = [
    ("unknown", "UNK", "unknown"),
    ("asked-unknown", "ASKU", "asked-unknown"),
    ("asked-declined", "ASKU", "asked-declined"),
    ("temp-unknown", "NAV", "temp-unknown"),
    ("not-asked", "NASK", "not-asked"),
    ("not-applicable", "NA", "not-applicable"),
    ("no-information", "NI", "unknown"),
    ("not-performed", "NI", "not-performed"),
    ("unsupported", "NI", "unsupported"),
    ("error", "NI", "error"),
    ("not-present", "NP", "unknown"),
    ("other", "OTH", "unknown"),
];

/// The reason that a NullFlavor gives.
pub(super) fn of_flavor(flavor: &str) -> Option<&'static str> {
    REASONS.iter().find(|(_, of, _)| *of == flavor).map(|(reason, ..)| *reason)
}

/// The reason that FHIR's code gives.
pub(super) fn of_fhir(code: &str) -> Option<&'static str> {
    REASONS.iter().find(|(.., of)| *of == code).map(|(reason, ..)| *reason)
}

/// The reason that the status of a result gives (OBX-11, HL7 table 0085).
pub(super) fn of_status(status: &str) -> Option<&'static str> {
    match status {
        "N" => Some("not-asked"),
        "X" => Some("unknown"),
        _ => None,
    }
}

/// The NullFlavor of a reason.
pub(super) fn flavor(reason: &str) -> Option<&'static str> {
    REASONS.iter().find(|(of, ..)| *of == reason).map(|(_, flavor, _)| *flavor)
}

/// FHIR's code of a reason.
pub(super) fn fhir(reason: &str) -> Option<&'static str> {
    REASONS.iter().find(|(of, ..)| *of == reason).map(|(.., code)| *code)
}

/// A field without a value.
pub(super) fn of(field: &str, reason: &str) -> proto::Absence {
    proto::Absence { field: field.to_owned(), reason: reason.to_owned(), ..proto::Absence::default() }
}
