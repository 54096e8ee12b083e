//! FHIR in XML as the tree that its JSON would be: one mapping for both.

use crate::json::{self, Members, Node, Value};
use crate::xml::{Element, Piece};
use std::borrow::Cow;

const FHIR: &str = "http://hl7.org/fhir";
const XHTML: &str = "http://www.w3.org/1999/xhtml";

/// The resource that an element is; `None` when it is none of FHIR's.
pub(super) fn resource(element: Element) -> Option<Node<'static>> {
    if element.namespace.as_deref() != Some(FHIR) {
        return None;
    }
    let mut members = vec![(Cow::Borrowed("resourceType"), text(element.name.clone()))];
    contents(element, &mut members);
    Some(Node::new(Value::Object(members)))
}

fn text(text: String) -> Node<'static> {
    Node::new(Value::Text(Cow::Owned(text)))
}

/// The children of an element as members; of the same name they are a list.
fn contents(element: Element, members: &mut Members<'static>) {
    let words = element.value();
    if !words.is_empty() {
        // FHIR has no words outside a narrative: under a name that it does not know they are kept and told of.
        members.push((Cow::Borrowed("#text"), text(words.to_owned())));
    }
    for child in element.children {
        let own = matches!(child.namespace.as_deref(), Some(FHIR | XHTML)) && super::read::known(&child.name);
        // One name for all that is unknown: no document can have more names than FHIR.
        let name = if own { Cow::Owned(child.name.clone()) } else { Cow::Borrowed(":") };
        member(name, child, members);
    }
}

fn member(name: Cow<'static, str>, mut element: Element, members: &mut Members<'static>) {
    if element.is(XHTML, "div") {
        let mut source = String::new();
        write(&element, &mut source);
        return json::add(name, text(source), members);
    }
    let inner_resource =
        element.children.first().is_some_and(|child| child.name.starts_with(|c: char| c.is_ascii_uppercase()));
    if inner_resource && element.children.len() == 1 {
        if let Some(node) = element.children.pop().and_then(resource) {
            json::add(name, node, members);
        }
        return;
    }
    let value = element.attribute("value").map(str::to_owned);
    let mut inner: Members<'static> = Vec::new();
    for known in ["id", "url"] {
        if let Some(value) = element.attribute(known) {
            inner.push((Cow::Borrowed(known), text(value.to_owned())));
        }
    }
    contents(element, &mut inner);
    let beside = value.is_some().then(|| Cow::Owned(format!("_{name}")));
    if let Some(value) = value {
        json::add(name.clone(), text(value), members);
    }
    match beside {
        Some(_) if inner.is_empty() => {}
        Some(beside) => json::add(beside, Node::new(Value::Object(inner)), members),
        None => json::add(name, Node::new(Value::Object(inner)), members),
    }
}

/// A narrative as it would stand in JSON, without attributes: of it only the words are read.
fn write(element: &Element, out: &mut String) {
    let known = element.name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let name = if known { element.name.as_str() } else { "span" };
    for mark in ["<", name, ">"] {
        out.push_str(mark);
    }
    for piece in element.pieces() {
        match piece {
            Piece::Text(text) => crate::xml::escape(text, out),
            Piece::Element(inner) => write(inner, out),
        }
    }
    for mark in ["</", name, ">"] {
        out.push_str(mark);
    }
}
