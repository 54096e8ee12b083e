//! FHIR in XML as the tree that its JSON would be: one mapping for both.

use crate::json::{Node, Value};
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

type Members = Vec<(Cow<'static, str>, Node<'static>)>;

fn text(text: String) -> Node<'static> {
    Node::new(Value::Text(Cow::Owned(text)))
}

/// The children of an element as members; of the same name they are a list.
fn contents(element: Element, members: &mut Members) {
    let words = element.value();
    if !words.is_empty() {
        // FHIR has no words outside a narrative: under a name that it does not know they are kept and told of.
        members.push((Cow::Borrowed("#text"), text(words.to_owned())));
    }
    for child in element.children {
        let foreign = !matches!(child.namespace.as_deref(), Some(FHIR | XHTML));
        let name = if foreign { format!(":{}", child.name) } else { child.name.clone() };
        member(name, child, members);
    }
}

fn member(name: String, mut element: Element, members: &mut Members) {
    if element.is(XHTML, "div") {
        let mut source = String::new();
        write(&element, &mut source);
        return add(name, text(source), members);
    }
    let inner_resource =
        element.children.first().is_some_and(|child| child.name.starts_with(|c: char| c.is_ascii_uppercase()));
    if inner_resource && element.children.len() == 1 {
        if let Some(node) = element.children.pop().and_then(resource) {
            add(name, node, members);
        }
        return;
    }
    let value = element.attribute("value").map(str::to_owned);
    let mut inner: Members = Vec::new();
    for known in ["id", "url"] {
        if let Some(value) = element.attribute(known) {
            inner.push((Cow::Borrowed(known), text(value.to_owned())));
        }
    }
    contents(element, &mut inner);
    let beside = value.is_some().then(|| format!("_{name}"));
    if let Some(value) = value {
        add(name.clone(), text(value), members);
    }
    match beside {
        Some(_) if inner.is_empty() => {}
        Some(beside) => add(beside, Node::new(Value::Object(inner)), members),
        None => add(name, Node::new(Value::Object(inner)), members),
    }
}

fn add(name: String, node: Node<'static>, members: &mut Members) {
    match members.iter_mut().find(|(known, _)| *known == name) {
        None => members.push((Cow::Owned(name), node)),
        Some((_, known)) => match &mut known.value {
            Value::List(items) => items.push(node),
            other => {
                let first = Node::new(std::mem::replace(other, Value::Null));
                *other = Value::List(vec![first, node]);
            }
        },
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
