//! From a document to a submission: the header first, then its people, its stay, its sections.

use super::guide::Kind;
use super::header::{self, Document};
use super::{coverage, people, referral, sections, tree, values};
use crate::hospital::hl7v2::times::{self, NotADate, Stamp};
use crate::hospital::reading::{self, Reading};
use crate::hospital::report;
use crate::json::Fate;
use musubi_core::adapter::{Decoded, Diagnostic, Item, Ledger, Profile};
use musubi_core::record::Submission;
use musubi_proto::v1 as proto;
use proto::entry::Body;

/// Names whose values are ids of the document's own parts.
const IDS: [&str; 5] = ["@root", "@codeSystem", "@schemaLocation", "@ID", "@xsi:schemaLocation"];
/// Elements whose ids number a statement, a document or an organisation, never a person.
const NUMBERED: [&str; 14] = [
    "ClinicalDocument",
    "act",
    "encounter",
    "observation",
    "organizer",
    "procedure",
    "substanceAdministration",
    "supply",
    "section",
    "encompassingEncounter",
    "parentDocument",
    "order",
    "externalDocument",
    "setId",
];

fn is_own_id(path: &[&str]) -> bool {
    match path {
        [.., last] if IDS.contains(last) => true,
        ["id", "@extension"] => true,
        [.., of, "id", "@extension"] => NUMBERED.contains(of) || of.ends_with("Organization"),
        [.., "setId", "@extension"] | [.., "reference", "@value"] => true,
        _ => false,
    }
}
/// Names that hold a document together wherever they stand.
const ENVELOPE: [&str; 9] = [
    "@root",
    "@classCode",
    "@moodCode",
    "@typeCode",
    "@contextControlCode",
    "@xsi:type",
    "@codeSystemName",
    "@ID",
    "@determinerCode",
];

/// Reads a document.
pub(super) fn decode(document: tree::Read<'_>, bytes: &[u8], profile: &Profile) -> Decoded {
    let tree::Read { tree, words, name, is_cda, doubtful, is_bare, too_long } = document;
    if !is_cda {
        return Decoded::refused(Diagnostic::error(
            "H001",
            format!("/{}", if tree::known(name) { name } else { "*" }),
            "CDAの文書ではありません。ルート要素は名前空間urn:hl7-org:v3のClinicalDocumentです。",
            "Not a CDA document: its root is ClinicalDocument of the namespace urn:hl7-org:v3.",
        ));
    }
    let mut reading = Reading::new(&tree, profile, date);
    if is_bare {
        reading.warning(
            "H105",
            tree.root(),
            "名前空間の宣言がない文書です。送信元の設定に従い、CDA(urn:hl7-org:v3)として読みました。",
            "The document declares no namespace; read as CDA (urn:hl7-org:v3), as the profile of its sender allows.",
        );
    }
    if let Some(narrative) = too_long.and_then(|number| tree.node(number)) {
        reading.narrative_too_long(narrative);
    }
    let submission = read(&mut reading, &words, &doubtful, bytes);
    let diagnostics = std::mem::take(&mut reading.diagnostics);
    let mut ledger = Ledger::default();
    reading::account(&tree, &diagnostics, &ENVELOPE, &mut ledger);
    let item = Item::new("ClinicalDocument", submission, diagnostics);
    Decoded { items: vec![item], diagnostics: Vec::new(), ledger }
}

/// Reads a date (TS). The first day of the year 1 stands in some exports for none.
fn date(text: &str) -> Result<(Stamp, bool), NotADate> {
    if text.starts_with("00010101") {
        return Err(NotADate::OtherForm);
    }
    times::read(text).map(|read| (read.0, false))
}

fn read(reading: &mut Reading<'_>, words: &tree::Words, doubtful: &[usize], bytes: &[u8]) -> Option<Submission> {
    if reading.holds_individual_number(is_own_id) {
        return None;
    }
    let document = header::read(reading, words);
    let patient = document.as_ref().and_then(|_| people::patient(reading, words));
    let (document, patient) = (document?, patient?);
    if reading.failed() {
        return None;
    }
    oddities(reading, words, doubtful);
    let noted = reading.diagnostics.len();
    people::participants(reading, patient, words);
    coverage::holders(reading, patient);
    let told = sections::read(reading, patient, &document, words);
    header::stay(reading, patient, &document, told, words);
    referral::read(reading, patient, &document, words);
    people::warn_of_unlinked(reading, patient);
    let is_paper_alone = document.is(Kind::Unknown);
    if is_paper_alone {
        reading.diagnostics.truncate(noted);
    }
    sections::papers(reading, patient, &document, words);
    if is_paper_alone {
        keep_paper(reading, patient);
    }
    if reading.failed() {
        return None;
    }
    check(reading, &document, bytes)
}

/// Of a document whose kind nobody knows only what its patient is called and the document itself are kept: what its sections mean
/// there is unknown. They were read all the same, so that the document is guarded by everything that its words may tell.
fn keep_paper(reading: &mut Reading<'_>, patient: usize) {
    /// Fields of what is kept.
    const KEPT: [&str; 7] = ["document", "person_details", "subjects", "label", "message_id", "sent_at", "absent"];
    reading.weigh_papers();
    let subject = reading.people.get(patient).map(|person| person.subject.clone());
    reading.entries.retain(|entry| match &entry.body {
        Some(Body::Document(_)) => true,
        body => matches!(body, Some(Body::PersonDetails(_))) && entry.subjects.first() == subject.as_ref(),
    });
    reading.tree.leaves(|_, _, node| {
        if let Fate::Mapped(path) = node.fate()
            && !KEPT.contains(&path.split('.').next().unwrap_or(path))
        {
            node.settle(Fate::Untouched);
        }
    });
}

/// Warns of what contradicts itself or leads nowhere (`formats/hospital.md` 3.3 and 3.4).
fn oddities<'t>(reading: &mut Reading<'t>, words: &tree::Words, doubtful: &[usize]) {
    let tree = reading.tree;
    for node in doubtful.iter().filter_map(|number| tree.node(*number)) {
        if values::contradicts(node) {
            reading.warning(
                "H008",
                node,
                "値があるのに、値がない理由(nullFlavor)も書かれています。値を採りました。",
                "There is a value and a reason why there is none (nullFlavor); the value was taken.",
            );
        }
        let leads_to = node.peek("@value").strip_prefix('#').filter(|id| !id.is_empty());
        if leads_to.is_some_and(|id| words.get(id, node).is_none()) {
            reading.warning(
                "H104",
                node,
                "参照先の文(ID)が本文にありません。項目だけを読みました。",
                "No words of the document have the ID to which this refers; the entry was read without them.",
            );
        }
    }
}

fn check(reading: &mut Reading<'_>, document: &Document<'_>, bytes: &[u8]) -> Option<Submission> {
    /// Longest id that is kept as it stands.
    const ID_BYTES_MAX: usize = 200;
    let named = document.id.len() <= ID_BYTES_MAX;
    reading.weigh_papers();
    // A consultation note as a whole is the report.
    if report::name_all(&mut reading.entries).is_err() {
        let root = reading.tree.root();
        reading.error(
            "H007",
            root,
            "報告が大きすぎます。分けて送ってください。",
            "The report is too large; send it in parts.",
        );
        return None;
    }
    let message = proto::Submission {
        format: "cda".to_owned(),
        message_id: if named { document.id.clone() } else { crate::hospital::named_by_hash(bytes) },
        sent_at: Some(reading.sent.map_or_else(|| crate::hospital::received(reading.profile), Stamp::date_time)),
        entries: std::mem::take(&mut reading.entries),
        replaces: document.replaces,
        ..proto::Submission::default()
    };
    match Submission::check(message) {
        Ok(submission) => Some(submission),
        Err(faults) => {
            reading.diagnostics.extend(faults);
            None
        }
    }
}
