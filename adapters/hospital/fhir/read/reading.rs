//! What the parts of the decoder share: the document, its resources and people, what was found wrong, what was read.

use super::values::{self, Identifier};
use crate::hospital::hl7v2::times::{NotADate, Stamp};
use crate::json::{Node, Tree};
use musubi_core::adapter::{Diagnostic, Profile, Severity};
use musubi_proto::v1 as proto;
use proto::entry::Body;
use proto::{Label, SubjectRole};
use std::collections::BTreeMap;

/// One resource of a document, or one contained in another.
pub(super) struct Resource<'t> {
    pub(super) node: &'t Node<'t>,
    /// `Patient`, `Observation` …
    pub(super) kind: &'t str,
    /// The resource that contains it.
    container: Option<usize>,
}

/// Somebody of whom the document speaks.
pub(super) struct Person<'t> {
    pub(super) subject: proto::Subject,
    /// The Patient that describes the person; none for one who is only named by an identifier.
    pub(super) patient: Option<&'t Node<'t>>,
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

/// Reads one document or resource.
pub(super) struct Reading<'t> {
    pub(super) tree: &'t Tree<'t>,
    pub(super) profile: &'t Profile,
    /// When the sender says that it sent.
    pub(super) sent: Option<Stamp>,
    pub(super) resources: Vec<Resource<'t>>,
    pub(super) people: Vec<Person<'t>>,
    /// Whom a resource is about that names nobody: the subject of the document, or its only patient.
    pub(super) usual: Option<usize>,
    pub(super) label: Label,
    pub(super) diagnostics: Vec<Diagnostic>,
    pub(super) entries: Vec<proto::Entry>,
    urls: BTreeMap<String, usize>,
    seen: BTreeMap<(&'static str, String), u32>,
}

/// Diagnostics with a place of their own; a document of nothing but faults is told its first ones.
const DIAGNOSTICS_MAX: usize = 500;

impl<'t> Reading<'t> {
    pub(super) fn new(tree: &'t Tree<'t>, profile: &'t Profile) -> Self {
        Reading {
            tree,
            profile,
            sent: None,
            resources: Vec::new(),
            people: Vec::new(),
            usual: None,
            label: Label::Unspecified,
            diagnostics: Vec::new(),
            entries: Vec::new(),
            urls: BTreeMap::new(),
            seen: BTreeMap::new(),
        }
    }

    /// Notes something that refuses the document.
    pub(super) fn error(&mut self, code: &'static str, at: &Node<'_>, ja: &'static str, en: &'static str) {
        self.note(Severity::Error, code, at, "", ja, en);
    }

    /// Notes that a member refuses the document; it need not be there.
    pub(super) fn error_at(
        &mut self,
        code: &'static str,
        at: &Node<'_>,
        name: &str,
        ja: &'static str,
        en: &'static str,
    ) {
        self.note(Severity::Error, code, at, name, ja, en);
    }

    /// Notes something that was read all the same.
    pub(super) fn warning(&mut self, code: &'static str, at: &Node<'_>, ja: &'static str, en: &'static str) {
        self.note(Severity::Warning, code, at, "", ja, en);
    }

    /// Notes that a member was read all the same; it need not be there.
    pub(super) fn warning_at(
        &mut self,
        code: &'static str,
        at: &Node<'_>,
        name: &str,
        ja: &'static str,
        en: &'static str,
    ) {
        self.note(Severity::Warning, code, at, name, ja, en);
    }

    /// Notes something that is worth knowing.
    pub(super) fn information(&mut self, code: &'static str, at: &Node<'_>, ja: &'static str, en: &'static str) {
        self.note(Severity::Information, code, at, "", ja, en);
    }

    fn note(
        &mut self,
        severity: Severity,
        code: &'static str,
        at: &Node<'_>,
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

    /// Adds a resource under its address, and what it contains.
    pub(super) fn add(&mut self, node: &'t Node<'t>, url: &str, container: Option<usize>) {
        let (kind, id) = (node.envelope("resourceType"), node.envelope("id"));
        let number = self.resources.len();
        self.resources.push(Resource { node, kind, container });
        match container {
            Some(outer) => _ = self.urls.entry(format!("{outer}#{id}")).or_insert(number),
            None => {
                for url in [url.to_owned(), format!("{kind}/{id}")] {
                    self.urls.entry(url).or_insert(number);
                }
            }
        }
        if container.is_none() {
            node.all("contained").for_each(|inner| self.add(inner, "", Some(number)));
        }
    }

    /// The resource to which a reference points: one contained beside it, or one of the document. Nothing is fetched.
    pub(super) fn target(&self, reference: Option<&Node<'_>>, from: usize) -> Option<usize> {
        let text = reference?.envelope("reference");
        if let Some(id) = text.strip_prefix('#') {
            let outer = self.resources.get(from).and_then(|resource| resource.container).unwrap_or(from);
            return self.urls.get(&format!("{outer}#{id}")).copied();
        }
        let unversioned = text.split("/_history/").next().unwrap_or(text);
        let short = || {
            let mut parts = unversioned.rsplit('/');
            let (id, kind) = (parts.next()?, parts.next()?);
            Some(format!("{kind}/{id}"))
        };
        let relative = || self.urls.get(&short()?).copied().filter(|_| !unversioned.contains("://"));
        self.urls.get(unversioned).copied().or_else(relative)
    }

    /// The node of [`Reading::target`].
    pub(super) fn follow(&self, reference: Option<&Node<'_>>, from: usize) -> Option<&'t Node<'t>> {
        self.target(reference, from).and_then(|number| self.resources.get(number)).map(|resource| resource.node)
    }

    /// Whom a resource is about, by its member of this name. Nobody: the reason is noted.
    pub(super) fn person(&mut self, number: usize, name: &str) -> Option<usize> {
        let node = self.resources.get(number)?.node;
        let Some(reference) = node.get(name) else {
            if let Some(outer) = self.resources.get(number).and_then(|resource| resource.container) {
                let name = ["subject", "patient"].into_iter().find(|name| self.names(outer, name));
                return self.person(outer, name.unwrap_or("subject"));
            }
            if self.usual.is_none() {
                self.error_at(
                    "H005",
                    node,
                    name,
                    "誰についての情報か分かりません。対象者を書いてください。",
                    "It does not say whom it is about; name the subject.",
                );
            }
            return self.usual;
        };
        let target = self.target(Some(reference), number);
        let known = |wanted: usize| self.people.iter().position(|person| person.resource == Some(wanted));
        if let Some(person) = target.and_then(known) {
            return Some(person);
        }
        if let Some(id) = reference.first("identifier").and_then(|id| values::identifier(id, "subjects", self.profile))
        {
            return Some(self.named(id));
        }
        self.error(
            "H005",
            reference,
            "対象者を特定できません。患者(Patient)を同じBundleに入れるか、subject.identifierに患者番号を書いてください。",
            "The subject cannot be told; send the Patient in the same Bundle or its number in subject.identifier.",
        );
        None
    }

    fn names(&self, number: usize, name: &str) -> bool {
        self.resources.get(number).is_some_and(|resource| resource.node.get(name).is_some())
    }

    /// Somebody who is named by an identifier alone.
    pub(super) fn named(&mut self, id: Identifier) -> usize {
        let same = |person: &Person<'_>| {
            let all = || person.patient.into_iter().flat_map(|patient| patient.all("identifier"));
            let described = all().any(|known| {
                values::identifier(known, "person_details.identifiers", self.profile)
                    .is_some_and(|known| known.value == id.value && known.issuer == id.issuer)
            });
            described || (person.subject.identifier == id.value && person.subject.issuer == id.issuer)
        };
        if let Some(known) = self.people.iter().position(same) {
            return known;
        }
        let role = SubjectRole::OtherPerson.into();
        let subject = proto::Subject { role, issuer: id.issuer, identifier: id.value };
        self.people.push(Person { subject, patient: None, resource: None, born: None });
        self.people.len() - 1
    }

    /// Reads a date; what is wrong with it is noted.
    pub(super) fn stamp(&mut self, node: &Node<'_>, name: &str, path: &'static str) -> Option<Stamp> {
        let date = node.get(name)?;
        match values::moment(date.text()) {
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
                    "日時の書き方がFHIRの形(YYYY-MM-DD…)ではないため、値は原文のまま保管しました。",
                    "Not a date in the form of FHIR (YYYY-MM-DD…); kept in the raw document only.",
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
        of: &Node<'_>,
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
        let times = self.seen.entry((kind, entry.source_key.clone())).or_default();
        *times += 1;
        if *times > 1 {
            entry.source_key = format!("{}#{times}", entry.source_key);
        }
        self.entries.push(entry);
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

    /// The number that the sender gave to a resource; empty when it gave none.
    pub(super) fn number_of(&self, node: &Node<'_>) -> String {
        let first = node.all("identifier").find(|id| !id.peek("value").is_empty());
        first.map_or("", |id| id.take("value", "source_key")).to_owned()
    }

    /// A withdrawal of what was sent before.
    pub(super) fn withdraw(
        &mut self,
        person: usize,
        key: String,
        node: &Node<'_>,
        kind: &'static str,
        category: proto::Category,
    ) {
        let body = proto::Withdrawal { body_kind: kind.to_owned(), reason: "deleted".to_owned() };
        let mut entry = self.entry(person, key, node, None, Body::Withdrawal(body));
        entry.raised = vec![category.into()];
        self.push("withdrawal", entry);
    }
}
