//! The resources of a document and its people: what a reference leads to, and whom a resource is about.

use super::values::{self, Identifier};
use crate::hospital::reading::{Person, Reading, Resource};
use crate::json::Node;
use musubi_proto::v1 as proto;
use proto::SubjectRole;

impl<'t> Reading<'t> {
    /// Adds a resource under its address, and what it contains.
    pub(super) fn add(&mut self, node: Node<'t>, url: &str, container: Option<usize>) {
        let (kind, id) = (node.envelope("resourceType"), node.envelope("id"));
        let number = self.resources.len();
        self.resources.push(Resource { node, kind, container });
        match container {
            Some(outer) => _ = self.urls.entry(format!("{outer}#{id}")).or_insert(number),
            None => {
                // What has no address is found by none: a reference may name somebody without one.
                let own = (!id.is_empty()).then(|| [kind, "/", id].concat());
                for url in [Some(url.to_owned()).filter(|url| !url.is_empty()), own].into_iter().flatten() {
                    self.urls.entry(url).or_insert(number);
                }
            }
        }
        if container.is_none() {
            node.all("contained").for_each(|inner| self.add(inner, "", Some(number)));
        }
    }

    /// The resource to which a reference points: one contained beside it, or one of the document. Nothing is fetched.
    pub(super) fn target(&self, reference: Option<Node<'_>>, from: usize) -> Option<usize> {
        let text = reference?.envelope("reference");
        if let Some(id) = text.strip_prefix('#') {
            let outer = self.resources.get(from).and_then(|resource| resource.container).unwrap_or(from);
            return self.urls.get(&format!("{outer}#{id}")).copied();
        }
        let unversioned = text.split("/_history/").next().unwrap_or(text);
        let short = || {
            let mut parts = unversioned.rsplit('/');
            let (id, kind) = (parts.next()?, parts.next()?);
            Some([kind, "/", id].concat())
        };
        let relative = || self.urls.get(&short()?).copied().filter(|_| !unversioned.contains("://"));
        self.urls.get(unversioned).copied().or_else(relative)
    }

    /// The node of [`Reading::target`].
    pub(super) fn follow(&self, reference: Option<Node<'_>>, from: usize) -> Option<Node<'t>> {
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
        let number = (id.issuer.clone(), id.value.clone());
        if let Some(known) = self.numbers.get(&number) {
            return *known;
        }
        self.numbers.insert(number, self.people.len());
        let role = SubjectRole::OtherPerson.into();
        let subject = proto::Subject { role, issuer: id.issuer, identifier: id.value };
        self.people.push(Person { subject, patient: None, resource: None, born: None });
        self.people.len() - 1
    }

    /// The number that the sender gave to a resource; empty when it gave none.
    pub(super) fn number_of(&self, node: Node<'_>) -> String {
        let first = node.all("identifier").find(|id| !id.peek("value").is_empty());
        first.map_or("", |id| id.take("value", "source_key")).to_owned()
    }
}
