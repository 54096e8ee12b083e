//! What every entry must be, whatever format it came from.

use super::{absence, kind_of};
use crate::adapter::Diagnostic;
use musubi_proto::v1 as proto;
use proto::SubjectRole as Role;
use proto::entry::Body;

/// Longest identifier and source key, in bytes.
pub(super) const KEY_LENGTH_MAX: usize = 200;
/// Most subjects of one entry.
pub(super) const SUBJECTS_MAX: usize = 8;

/// Checks one entry of a submission; `index` is its position, from 0. An empty list means that it may be taken.
pub fn check_entry(entry: &proto::Entry, index: usize) -> Vec<Diagnostic> {
    let mut faults = Vec::new();
    let place = |field: &str| format!("entries[{index}].{field}");
    let Some(body) = &entry.body else {
        faults.push(Diagnostic::error(
            "M102",
            place("body"),
            "記録の内容(body)がありません。",
            "The entry has no body; set exactly one.",
        ));
        return faults;
    };
    if entry.source_key.is_empty() || entry.source_key.len() > KEY_LENGTH_MAX {
        faults.push(Diagnostic::error(
            "M103",
            place("source_key"),
            "記録の系列を示すキー(source_key)は1から200バイトで必要です。",
            "The key of the series (source_key) is required, 1 to 200 bytes.",
        ));
    }
    if entry.subjects.is_empty() || entry.subjects.len() > SUBJECTS_MAX {
        faults.push(Diagnostic::error(
            "M104",
            place("subjects"),
            "対象者は1人以上8人以下で必要です。",
            "An entry needs at least one subject and at most eight.",
        ));
    }
    for (n, subject) in entry.subjects.iter().enumerate() {
        let bad = |text: &str| text.is_empty() || text.len() > KEY_LENGTH_MAX;
        if bad(&subject.issuer) || bad(&subject.identifier) {
            faults.push(Diagnostic::error(
                "M105",
                format!("{}[{n}]", place("subjects")),
                "対象者には発行者と識別子が必要です(各200バイト以内)。",
                "A subject needs an issuer and an identifier, at most 200 bytes each.",
            ));
        }
    }
    if !subjects_fit(body, &entry.subjects) {
        faults.push(Diagnostic::error(
            "M106",
            place("subjects"),
            "対象者の役割が記録の種類に合いません(分娩は母のみ、新生児は児のみ、親子関係は母または父と児の2人)。",
            "The subjects do not fit the kind of entry: a delivery has the mother alone, a newborn the child alone, a parent-child link two persons.",
        ));
    }
    faults.extend(absence::check(entry, index));
    faults.extend(musubi_proto::unknown_enums(entry).iter().map(|path| {
        Diagnostic::error(
            "M107",
            place(path),
            "この項目の番号は定義されていません。一覧にある値を送ってください。",
            "This field holds a number that is none of its values; send one that the schema lists.",
        )
    }));
    faults
}

/// `delivery` has the mother alone, `newborn` the child alone, `parent_child` a parent and a child (`design.md`
/// section 4): a newborn's values are never attributed to the mother.
fn subjects_fit(body: &Body, subjects: &[proto::Subject]) -> bool {
    let roles = || subjects.iter().map(proto::Subject::role);
    match kind_of(body) {
        "delivery" => roles().eq([Role::Mother]),
        "newborn" | "infant_check" => roles().eq([Role::Child]),
        "parent_child" => subjects.len() == 2 && roles().filter(|role| *role == Role::Child).count() == 1,
        _ => true,
    }
}
