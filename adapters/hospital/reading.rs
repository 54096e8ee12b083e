//! What the parts of a decoder share that reads a document as a tree: the document and its people, what was found wrong,
//! what was read.

use super::hl7v2::times::{NotADate, Stamp};
use super::keys;
use super::numbers;
use crate::json::{Fate, Node, Tree};
use musubi_core::adapter::{self, Diagnostic, Ledger, Profile, Severity};
use musubi_proto::v1 as proto;
use musubi_proto::{Labelled, category_numbers};
use proto::entry::Body;
use proto::{Category, Label, SubjectRole};
use std::collections::{BTreeMap, HashMap};

/// One resource of a document, or one contained in another.
pub(super) struct Resource<'t> {
    pub(super) node: Node<'t>,
    /// `Patient`, `Observation` …
    pub(super) kind: &'t str,
    /// The resource that contains it.
    pub(super) container: Option<usize>,
}

/// Somebody of whom the document speaks.
pub(super) struct Person<'t> {
    pub(super) subject: proto::Subject,
    /// The Patient that describes the person; none for one who is only named by an identifier.
    pub(super) patient: Option<Node<'t>>,
    /// The resource that describes the person.
    pub(super) resource: Option<usize>,
    pub(super) born: Option<Stamp>,
}

impl Person<'_> {
    /// Where the keys of all series of this person begin.
    pub(super) fn key(&self) -> &str {
        &self.subject.identifier
    }

    pub(super) fn role(&self) -> SubjectRole {
        self.subject.role()
    }
}

/// Reads a date of the format; the flag tells that a time stands there without a zone, where the format demands one.
pub(super) type Dates = fn(&str) -> Result<(Stamp, bool), NotADate>;

/// Reads one document or resource.
pub(super) struct Reading<'t> {
    pub(super) tree: &'t Tree<'t>,
    pub(super) profile: &'t Profile,
    dates: Dates,
    /// When the sender says that it sent.
    pub(super) sent: Option<Stamp>,
    pub(super) resources: Vec<Resource<'t>>,
    pub(super) people: Vec<Person<'t>>,
    /// Whom a resource is about that names nobody: the subject of the document, or its only patient.
    pub(super) usual: Option<usize>,
    pub(super) label: Label,
    pub(super) diagnostics: Vec<Diagnostic>,
    pub(super) entries: Vec<proto::Entry>,
    pub(super) urls: BTreeMap<String, usize>,
    /// People by issuer and number.
    pub(super) numbers: BTreeMap<(String, String), usize>,
    /// People by the resource to which they refer as themselves in another role.
    pub(super) linked: BTreeMap<usize, usize>,
    series: HashMap<&'static str, keys::Series>,
}

/// Diagnostics with a place of their own; a document of nothing but faults is told its first ones.
const DIAGNOSTICS_MAX: usize = 500;

impl<'t> Reading<'t> {
    pub(super) fn new(tree: &'t Tree<'t>, profile: &'t Profile, dates: Dates) -> Self {
        Reading {
            tree,
            profile,
            dates,
            sent: None,
            resources: Vec::new(),
            people: Vec::new(),
            usual: None,
            label: Label::Unspecified,
            diagnostics: Vec::new(),
            entries: Vec::new(),
            urls: BTreeMap::new(),
            numbers: BTreeMap::new(),
            linked: BTreeMap::new(),
            series: HashMap::new(),
        }
    }

    /// Refuses the document when it holds what looks like an individual number (S-66). `exempt` is that of
    /// [`numbers::individual_number`].
    pub(super) fn holds_individual_number(&mut self, exempt: fn(&[&str]) -> bool) -> bool {
        let Some(node) = numbers::individual_number(self.tree, self.profile, exempt) else { return false };
        self.error(
            "H009",
            node,
            "個人番号と思われる12桁の数字があるため、文書を受け取らず、保存もしていません。取り除いて送り直してください。",
            "What looks like an individual number was found; the document was neither taken nor kept. Remove it and send again.",
        );
        true
    }

    /// Notes something that refuses the document.
    pub(super) fn error(&mut self, code: &'static str, at: Node<'_>, ja: &'static str, en: &'static str) {
        self.note(Severity::Error, code, at, "", ja, en);
    }

    /// Notes that a member refuses the document; it need not be there.
    pub(super) fn error_at(
        &mut self,
        code: &'static str,
        at: Node<'_>,
        name: &str,
        ja: &'static str,
        en: &'static str,
    ) {
        self.note(Severity::Error, code, at, name, ja, en);
    }

    /// Refuses a document with a narrative of more than 5 MiB.
    pub(super) fn narrative_too_long(&mut self, narrative: Node<'_>) {
        self.error(
            "H007",
            narrative,
            "節の本文が5MiBを超えているため、文書を受け取れません。分けて送ってください。",
            "The words of this section have more than 5 MiB, so the document cannot be taken; send it in parts.",
        );
    }

    /// Notes something that was read all the same.
    pub(super) fn warning(&mut self, code: &'static str, at: Node<'_>, ja: &'static str, en: &'static str) {
        self.note(Severity::Warning, code, at, "", ja, en);
    }

    /// Notes that a member was read all the same; it need not be there.
    pub(super) fn warning_at(
        &mut self,
        code: &'static str,
        at: Node<'_>,
        name: &str,
        ja: &'static str,
        en: &'static str,
    ) {
        self.note(Severity::Warning, code, at, name, ja, en);
    }

    /// Notes something that is worth knowing.
    pub(super) fn information(&mut self, code: &'static str, at: Node<'_>, ja: &'static str, en: &'static str) {
        self.note(Severity::Information, code, at, "", ja, en);
    }

    fn note(
        &mut self,
        severity: Severity,
        code: &'static str,
        at: Node<'_>,
        name: &str,
        ja: &'static str,
        en: &'static str,
    ) {
        if self.diagnostics.len() >= DIAGNOSTICS_MAX && severity != Severity::Error {
            return;
        }
        let mut place = self.tree.place(at.get(name).unwrap_or(at));
        if !name.is_empty() && at.get(name).is_none() {
            place.push('.');
            place.push_str(name);
        }
        self.diagnostics.push(Diagnostic::new(severity, code, place, ja, en));
    }

    pub(super) fn failed(&self) -> bool {
        self.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// Reads a date; what is wrong with it is noted.
    pub(super) fn stamp(&mut self, node: Node<'_>, name: &str, path: &'static str) -> Option<Stamp> {
        let date = node.get(name)?;
        match (self.dates)(date.text()) {
            Ok((stamp, no_zone)) => {
                date.taken(path);
                if no_zone {
                    self.warning(
                        "H103",
                        date,
                        "時刻に時差の表記がないため、日本時間と読みました。",
                        "A time without a zone: read as Japan's.",
                    );
                }
                Some(stamp)
            }
            Err(NotADate::OtherForm) => {
                self.warning(
                    "H103",
                    date,
                    "日時の書き方が形式の定める形ではないため、値は原文のまま保管しました。",
                    "Not a date in the form of this format; kept in the raw document only.",
                );
                None
            }
            Err(NotADate::Impossible) => {
                self.error(
                    "H006",
                    date,
                    "存在しない日付または時刻です。正しい値で送り直してください。",
                    "This day or time does not exist; correct it and send again.",
                );
                None
            }
        }
    }

    /// An entry about a person, not yet added.
    pub(super) fn entry(
        &self,
        person: usize,
        key: String,
        of: Node<'_>,
        at: Option<Stamp>,
        body: Body,
    ) -> proto::Entry {
        let subject = self.people.get(person).map(|person| person.subject.clone());
        proto::Entry {
            source_key: key,
            subjects: subject.into_iter().collect(),
            occurred_at: at.or(self.sent).map(Stamp::date_time),
            source_path: self.tree.place(of),
            label: self.label.into(),
            body: Some(body),
            ..proto::Entry::default()
        }
    }

    /// Adds an entry; the second of one series in one document has a number behind its key.
    pub(super) fn push(&mut self, kind: &'static str, mut entry: proto::Entry) {
        entry.source_key = self.series.entry(kind).or_default().next(entry.source_key);
        self.entries.push(entry);
    }

    /// Adds relatives to the family of a person: each stands apart in a document, and together they are what is told.
    pub(super) fn relatives(&mut self, person: usize, node: Node<'_>, relatives: Vec<proto::Relative>) {
        let key = format!("{}/family", self.key(person));
        let of_person = self.entries.iter_mut().filter(|entry| entry.source_key == key);
        for body in of_person.filter_map(|entry| entry.body.as_mut()) {
            if let Body::Family(family) = body {
                return family.relatives.extend(relatives);
            }
        }
        let body = Body::Family(proto::Family { relatives, ..proto::Family::default() });
        let entry = self.entry(person, key, node, None, body);
        self.push("family", entry);
    }

    /// Adds an entry that says only what is new: what it leaves out stays as its series said before (2.5), so that a
    /// document may follow the message about the same stay.
    pub(super) fn update(&mut self, kind: &'static str, mut entry: proto::Entry) {
        entry.update = true;
        self.push(kind, entry);
    }

    /// The key of a person.
    pub(super) fn key(&self, person: usize) -> &str {
        self.people.get(person).map_or("", Person::key)
    }

    /// A withdrawal of what was sent before.
    pub(super) fn withdraw(
        &mut self,
        person: usize,
        key: String,
        node: Node<'_>,
        kind: &'static str,
        category: Category,
    ) {
        let body = proto::Withdrawal { body_kind: kind.to_owned(), reason: "deleted".to_owned() };
        let mut entry = self.entry(person, key, node, None, Body::Withdrawal(body));
        entry.raised = vec![category.into()];
        self.push("withdrawal", entry);
    }

    /// Adds a document that is shown whole. What it may tell is unknown: a narrative of a delivery, with the label V, until
    /// somebody has looked; besides, what it says itself and what stands beside it ([`Reading::weigh_papers`]).
    pub(super) fn paper(&mut self, person: usize, node: Node<'_>, key: &str, mut document: proto::Document) {
        let always = [Category::C01Identity, Category::C05Delivery, Category::C10Narrative].map(i32::from);
        document.categories.extend(always);
        let key = format!("{}/{key}", self.key(person));
        let mut entry = self.entry(person, key, node, None, Body::Document(document));
        entry.label = Label::V.into();
        self.push("document", entry);
    }

    /// Adds to each document what the entries beside it tell, as its words may say it too (`consent.md` section 2,
    /// principle 3): a narrative with the score of an EPDS needs C08. Who somebody is and how somebody is insured stand in
    /// the head of a document, and are no part of its words.
    pub(super) fn weigh_papers(&mut self) {
        let is_said = |entry: &&proto::Entry| {
            !matches!(
                entry.body,
                Some(
                    Body::PersonDetails(_)
                        | Body::ParentChild(_)
                        | Body::Family(_)
                        | Body::Coverage(_)
                        | Body::Document(_)
                )
            )
        };
        let beside = self.entries.iter().filter(is_said).fold(0, |bits, entry| bits | entry.told());
        for document in self.entries.iter_mut().filter_map(|entry| entry.body.as_mut()) {
            if let Body::Document(document) = document {
                document.categories.extend(category_numbers(beside));
                document.categories.sort_unstable();
                document.categories.dedup();
            }
        }
    }
}

/// What became of every value; `envelope` are names that hold a document together wherever they stand.
pub(super) fn account(tree: &Tree<'_>, diagnostics: &[Diagnostic], envelope: &[&str], ledger: &mut Ledger) {
    let refused = diagnostics.iter().find(|diagnostic| diagnostic.severity == Severity::Error);
    tree.leaves(|place, name, node| {
        let fate = match (refused, node.fate()) {
            (Some(refusal), _) => adapter::Fate::Refused(refusal.code.clone()),
            (None, Fate::Mapped(path)) => adapter::Fate::Mapped(path.into()),
            (None, Fate::Envelope) => adapter::Fate::Envelope,
            (None, Fate::Kept) => adapter::Fate::KeptRaw,
            (None, Fate::Untouched) if envelope.contains(&name) => adapter::Fate::Envelope,
            (None, Fate::Untouched) => adapter::Fate::KeptRaw,
        };
        ledger.note(1, place, fate);
    });
}
