//! FHIR R4 in: a document Bundle, a collection or one resource, to a submission (`formats/hospital.md` 4).
//!
//! JSON and XML become the same tree; from there on there is one mapping.

mod birth;
mod bundle;
mod coverage;
mod names;
mod narratives;
mod notice;
mod outputs;
mod papers;
mod people;
mod plans;
mod pregnancy;
mod problems;
mod profile;
mod questionnaire;
mod referral;
mod relatives;
mod reports;
mod resources;
mod results;
mod screening;
mod stay;
mod treatment;
mod values;

pub(super) use names::known;
#[cfg(test)]
pub(super) use names::resources;
pub(super) use values::{agency, issuer_named, unescaped};

use crate::hospital::hl7v2::times::Stamp;
use crate::hospital::reading::{self, Reading};
use crate::json::{Node, Tree};
use bundle::Document;
use musubi_core::adapter::{Decoded, Item, Ledger, Profile};
use musubi_core::record::Submission;
use musubi_proto::v1 as proto;
use proto::Label;

/// Most entries of a Bundle (S-70).
pub(super) const ENTRIES_MAX: usize = 2_000;

/// Names whose values are ids and addresses of the document itself.
const IDS: [&str; 8] = ["id", "fullUrl", "reference", "url", "system", "profile", "versionId", "lastUpdated"];

/// The codes of a coding are words of its system.
pub(super) fn is_own_id(path: &[&str]) -> bool {
    path.ends_with(&["coding", "code"]) || path.last().is_some_and(|name| IDS.contains(name))
}

/// Reads a document that is a tree already. `bytes` are those it came from: their hash names what has no id of its own.
pub(super) fn decode(tree: Tree<'_>, bytes: &[u8], format: &'static str, profile: &Profile) -> Decoded {
    let kind = root_kind(tree.root());
    let tree = tree.named(kind.unwrap_or("resource"));
    let mut reading = Reading::new(&tree, profile, values::moment);
    let submission = match kind {
        Some(kind) => read(&mut reading, kind, bytes, format),
        None => {
            reading.error_at(
                "H001",
                tree.root(),
                "resourceType",
                "FHIRのリソースではありません(resourceTypeがないか不明です)。",
                "Not a resource of FHIR: resourceType is missing or unknown.",
            );
            None
        }
    };
    let diagnostics = std::mem::take(&mut reading.diagnostics);
    let mut ledger = Ledger::default();
    reading::account(&tree, &diagnostics, &ENVELOPE, &mut ledger);
    let item = Item::new(kind.unwrap_or("resource"), submission, diagnostics);
    Decoded { items: vec![item], diagnostics: Vec::new(), ledger }
}

/// The kind of the outermost resource, as FHIR spells it.
fn root_kind(root: Node<'_>) -> Option<&'static str> {
    let written = root.peek("resourceType");
    names::resource(written)
}

fn read<'t>(reading: &mut Reading<'t>, kind: &str, bytes: &[u8], format: &'static str) -> Option<Submission> {
    let tree = reading.tree;
    if reading.holds_individual_number(is_own_id) {
        return None;
    }
    reading.sent = sent(tree.root());
    check_instant(reading, tree.root(), "timestamp");
    gather(reading, kind);
    if reading.failed() {
        return None;
    }
    people::find(reading);
    let document = Document::of(reading);
    reading.usual = usual(reading);
    reading.label = label(reading, &document);
    bundle::check_kind(reading, &document);
    bundle::check_custodian(reading, &document);
    profile::check(reading, tree.root(), &document);
    narratives::check(reading, &document);
    oddities(reading, tree.root(), !tree.is_known());
    contents(reading, &document);
    people::warn_of_unlinked(reading);
    if reading.failed() {
        return None;
    }
    if reading.entries.is_empty() && reading.profile.archive_unknown {
        reading.warning(
            "H003",
            tree.root(),
            "記録に写せる内容がありません。原文のまま保管しました。",
            "Nothing in it goes into the record; it is kept as it came.",
        );
    } else if reading.entries.is_empty() {
        reading.error(
            "H003",
            tree.root(),
            "記録に写せる内容がありません。対応するリソースはREADMEの表にあります。",
            "Nothing in it goes into the record; the README lists the resources that do.",
        );
        return None;
    }
    check(reading, bytes, format)
}

/// When the sender says that it sent.
fn sent(root: Node<'_>) -> Option<Stamp> {
    let composition = root.first("entry").and_then(|entry| entry.get("resource"));
    let found = [values::stamp(root, "timestamp"), composition.and_then(|first| values::stamp(first, "date"))];
    let updated = || root.first("meta").and_then(|meta| values::stamp(meta, "lastUpdated"));
    found.into_iter().flatten().next().or_else(updated)
}

/// An instant is a whole date and time with its zone (`formats/hospital.md` 4.1).
fn check_instant(reading: &mut Reading<'_>, node: Node<'_>, name: &str) {
    let text = node.peek(name);
    let clock = text.split_once('T').map_or("", |(_, clock)| clock);
    let (time, zone) = clock.find(['Z', '+', '-']).and_then(|at| clock.split_at_checked(at)).unwrap_or((clock, ""));
    let is_whole = time.len() >= "00:00:00".len() && !zone.is_empty();
    if !text.is_empty() && !is_whole {
        reading.warning_at(
            "H103",
            node,
            name,
            "秒と時差まで書くべき日時です。書かれている精度で読みました。",
            "An instant needs its seconds and its zone; read as far as it goes.",
        );
    }
}

/// Puts every resource in its place.
fn gather(reading: &mut Reading<'_>, kind: &str) {
    let root = reading.tree.root();
    if kind != "Bundle" {
        reading.add(root, "", None);
        return;
    }
    if !matches!(root.envelope("type"), "document" | "collection") {
        reading.error_at(
            "H003",
            root,
            "type",
            "この種類のBundleは受け取れません。document、collection、または1つのリソースで送ってください。",
            "A Bundle of this type is not taken; send a document, a collection or a single resource.",
        );
        return;
    }
    if root.all("entry").nth(ENTRIES_MAX).is_some() {
        reading.error_at(
            "H007",
            root,
            "entry",
            "Bundleのエントリが多すぎます(2,000件まで)。分けて送ってください。",
            "The Bundle has too many entries (2,000 at most); send it in parts.",
        );
        return;
    }
    for entry in root.all("entry") {
        let url = entry.envelope("fullUrl");
        match entry.get("resource") {
            Some(resource) if names::resource(resource.peek("resourceType")).is_some_and(|kind| kind != "Bundle") => {
                reading.add(resource, url, None);
            }
            Some(resource) => reading.error(
                "H003",
                resource,
                "この種類のリソースはBundleの中に置けません。",
                "A resource of this type cannot stand in a Bundle.",
            ),
            None => reading.warning_at(
                "H008",
                entry,
                "resource",
                "エントリにリソースがありません。",
                "An entry holds no resource.",
            ),
        }
    }
    let first = reading.resources.first().map(|first| first.kind);
    if root.peek("type") == "document" && first != Some("Composition") {
        reading.error_at(
            "H008",
            root,
            "entry",
            "文書の先頭はCompositionでなければなりません。",
            "The first entry of a document must be its Composition.",
        );
    }
}

/// Whom a resource is about that names nobody.
fn usual(reading: &Reading<'_>) -> Option<usize> {
    let composition = reading.resources.first().filter(|first| first.kind == "Composition").map(|first| first.node);
    let subject = composition.and_then(|composition| reading.target(composition.get("subject"), 0));
    let named = reading.people.iter().position(|person| subject.is_some() && person.resource == subject);
    named.or_else(|| (reading.people.len() == 1).then_some(0))
}

/// The label of the whole document, which can only raise: R and V, and codes for a sensitive kind of information.
fn label(reading: &Reading<'_>, document: &Document<'_>) -> Label {
    const SENSITIVE: [&str; 12] =
        ["ETH", "GDIS", "HIV", "MST", "SCA", "SDV", "SEX", "SPI", "BH", "PSY", "STD", "42CFRPart2"];
    let labels = |node: Node<'_>| {
        let codings = node.all("meta").flat_map(|meta| meta.all("security"));
        let levels = codings.map(|coding| match coding.take("code", "label") {
            "V" => Label::V,
            "R" => Label::R,
            code if SENSITIVE.contains(&code) => Label::R,
            _ => Label::Unspecified,
        });
        levels.max().unwrap_or(Label::Unspecified)
    };
    let whole = document.composition.map_or(Label::Unspecified, |composition| {
        match composition.take("confidentiality", "label") {
            "V" => Label::V,
            "R" => Label::R,
            _ => Label::Unspecified,
        }
    });
    let resources = reading.resources.iter().map(|resource| labels(resource.node));
    resources.chain([labels(reading.tree.root()), whole]).max().unwrap_or(Label::Unspecified)
}

/// Reads each resource.
fn contents<'t>(reading: &mut Reading<'t>, document: &Document<'t>) {
    let mut collected = birth::Collected::default();
    let kinds: Vec<&str> = reading.resources.iter().map(|resource| resource.kind).collect();
    let of =
        |wanted: &'static str| kinds.iter().enumerate().filter(move |(_, kind)| **kind == wanted).map(|(at, _)| at);
    of("Patient").for_each(|number| people::patient(reading, number));
    of("RelatedPerson").for_each(|number| people::related(reading, number));
    of("Coverage").for_each(|number| coverage::read(reading, number));
    of("Patient").for_each(|number| coverage::of_patient(reading, number));
    notice::collect(reading, document);
    of("Encounter").for_each(|number| stay::encounter(reading, number, document));
    of("Condition").for_each(|number| problems::condition(reading, number, document));
    of("AllergyIntolerance").for_each(|number| problems::allergy(reading, number));
    let (told, others): (Vec<usize>, Vec<usize>) = (0..kinds.len()).partition(|number| document.is_taken(*number));
    told.into_iter().for_each(|number| notice::note(reading, number, document));
    let kinds = kinds.as_slice();
    let of = |wanted: &'static str| {
        others.iter().copied().filter(move |number| kinds.get(*number).is_some_and(|kind| *kind == wanted))
    };
    of("Observation").for_each(|number| results::read(reading, number, &mut collected));
    birth::finish(reading, collected);
    treatment::read(reading);
    of("DiagnosticReport").for_each(|number| reports::read(reading, number));
    of("ServiceRequest").for_each(|number| referral::request(reading, number));
    of("Task").for_each(|number| referral::task(reading, number));
    referral::of_document(reading, document);
    of("DocumentReference").for_each(|number| papers::reference(reading, number));
    papers::words(reading, document);
    of("Media").for_each(|number| papers::media(reading, number));
    of("QuestionnaireResponse").for_each(|number| questionnaire::read(reading, number));
    of("FamilyMemberHistory").for_each(|number| relatives::read(reading, number));
    for kind in ["CarePlan", "Goal", "EpisodeOfCare"] {
        of(kind).for_each(|number| plans::read(reading, number));
    }
    of("Consent").for_each(|number| consent(reading, number));
    narratives::fill(reading, document);
    outputs::read(reading);
}

/// A consent opens nothing by lying in a document: it is recorded through the service for consents, by staff.
fn consent(reading: &mut Reading<'_>, number: usize) {
    let Some(node) = reading.resources.get(number).map(|resource| resource.node) else { return };
    let deep =
        node.all("provision").flat_map(|base| base.all("provision")).any(|inner| inner.get("provision").is_some());
    if deep {
        reading.error_at(
            "H008",
            node,
            "provision",
            "同意の例外の中にさらに例外があるため、受け取れません。1段までにしてください。",
            "An exception within an exception of a consent cannot be taken; nest one level at most.",
        );
        return;
    }
    reading.warning(
        "H108",
        node,
        "文書の中の同意は、それだけでは効力を持ちません。同意の登録(Consents)で登録してください。原文のまま保管しました。",
        "A consent in a document has no effect by itself; record it through the Consents service. Kept in the raw document.",
    );
}

/// A clinical resource that says nothing which the record could hold.
fn unread(reading: &mut Reading<'_>, number: usize) {
    let Some(node) = reading.resources.get(number).map(|resource| resource.node) else { return };
    reading.information(
        "H003",
        node,
        "記録に写せる内容がないリソースです。原文のまま保管しました。",
        "A resource that says nothing for the record: it is kept in the raw document.",
    );
}

fn check(reading: &mut Reading<'_>, bytes: &[u8], format: &'static str) -> Option<Submission> {
    let root = reading.tree.root();
    reading.weigh_papers();
    let test = root
        .all("meta")
        .flat_map(|meta| meta.all("tag").chain(meta.all("security")))
        .any(|tag| tag.peek("code") == "HTEST");
    let message = proto::Submission {
        format: format.to_owned(),
        message_id: message_id(root, bytes),
        sent_at: Some(reading.sent.map_or_else(|| crate::hospital::received(reading.profile), Stamp::date_time)),
        entries: std::mem::take(&mut reading.entries),
        test,
        ..proto::Submission::default()
    };
    if message.entries.is_empty() {
        return Some(Submission::archived(message));
    }
    match Submission::check(message) {
        Ok(submission) => Some(submission),
        Err(faults) => {
            reading.diagnostics.extend(faults);
            None
        }
    }
}

/// Longest id that is kept as it stands.
const ID_BYTES_MAX: usize = 200;

/// The sender's id of the document; of a resource its id with its version. What has none is named by its hash, since the
/// same id with other contents would be refused (S-20).
fn message_id(root: Node<'_>, bytes: &[u8]) -> String {
    let identifier = root.first("identifier").filter(|_| root.peek("resourceType") == "Bundle");
    let named = identifier.map_or("", |id| id.envelope("value"));
    if let Some(id) = identifier {
        id.envelope("system");
    }
    if !named.is_empty() && named.len() <= ID_BYTES_MAX {
        return named.to_owned();
    }
    let version = root.first("meta").map_or("", |meta| meta.envelope("versionId"));
    let (kind, id) = (root.peek("resourceType"), root.peek("id"));
    if !version.is_empty() && !id.is_empty() && kind.len() + id.len() + version.len() < ID_BYTES_MAX {
        return format!("{kind}/{id}/{version}");
    }
    format!("{kind}/{}", crate::hospital::named_by_hash(bytes))
}

/// Names that hold a document together wherever they stand.
const ENVELOPE: [&str; 7] = ["resourceType", "id", "fullUrl", "reference", "profile", "versionId", "lastUpdated"];

/// Refuses what changes the meaning of where it stands in a way that nobody here knows (modifierExtension); warns of what FHIR
/// does not allow but nobody needs: empty values, and members that it does not know, one for each object.
fn oddities<'t>(reading: &mut Reading<'t>, node: Node<'t>, is_any_strange: bool) {
    if node.is_empty() {
        reading.warning(
            "H008",
            node,
            "空の値があります。値がない項目は書かないでください。",
            "An empty value; leave out what has none.",
        );
    }
    let mut is_told = !is_any_strange;
    for (name, child) in node.named_children() {
        if name == Some("modifierExtension") {
            reading.error(
                "H008",
                child,
                "意味を変える拡張(modifierExtension)を知らないため、受け取れません。",
                "An unknown modifierExtension changes the meaning of its resource; it cannot be taken.",
            );
        }
        if !is_told && child.is_strange() {
            is_told = true;
            reading.warning(
                "H104",
                child,
                "FHIRにない項目があります。原文のまま保管しました。",
                "A member that FHIR does not know; kept in the raw document only.",
            );
        }
        oddities(reading, child, is_any_strange);
    }
}
