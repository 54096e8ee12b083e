//! FHIR in XML as the tree that its JSON would be: one mapping for both.

use crate::json::{Growing, Leaf, Style, Tree};
use crate::xml::{Element, Piece};
use std::borrow::Cow;

const FHIR: &str = "http://hl7.org/fhir";
const XHTML: &str = "http://www.w3.org/1999/xhtml";

/// The resource that an element is; `None` when it is none of FHIR's.
pub(super) fn resource(element: Element) -> Option<Tree<'static>> {
    if element.namespace.as_deref() != Some(FHIR) {
        return None;
    }
    let mut growing = Growing::new("");
    inner(Cow::Borrowed(""), element, &mut growing);
    Some(growing.finish(super::read::known, Style::Dots))
}

/// A resource within another, or the outermost.
fn inner(name: Cow<'static, str>, element: Element, growing: &mut Growing<'static>) {
    growing.open_object(name);
    text("resourceType", element.name.clone(), growing);
    contents(element, growing);
    growing.close_gathered();
}

fn text(name: impl Into<Cow<'static, str>>, text: String, growing: &mut Growing<'static>) {
    growing.leaf(name, Leaf::Text(Cow::Owned(text)));
}

/// The children of an element as members; of the same name they are a list.
fn contents(element: Element, growing: &mut Growing<'static>) {
    let words = element.value();
    if !words.is_empty() {
        // FHIR has no words outside a narrative: under a name that it does not know they are kept and told of.
        text("#text", words.to_owned(), growing);
    }
    for child in element.children {
        let own = matches!(child.namespace.as_deref(), Some(FHIR | XHTML)) && super::read::known(&child.name);
        // One name for all that is unknown: no document can have more names than FHIR.
        let name = if own { Cow::Owned(child.name.clone()) } else { Cow::Borrowed(":") };
        member(name, child, growing);
    }
}

fn member(name: Cow<'static, str>, mut element: Element, growing: &mut Growing<'static>) {
    if element.is(XHTML, "div") {
        let mut source = String::new();
        write(&element, &mut source);
        return text(name, source, growing);
    }
    let holds_resource =
        element.children.first().is_some_and(|child| child.name.starts_with(|c: char| c.is_ascii_uppercase()));
    if holds_resource && element.children.len() == 1 {
        let of_fhir = |child: &Element| child.namespace.as_deref() == Some(FHIR);
        if let Some(child) = element.children.pop().filter(of_fhir) {
            inner(name, child, growing);
        }
        return;
    }
    let value = element.attribute("value").map(str::to_owned);
    let beside = value.is_some().then(|| Cow::Owned(format!("_{name}")));
    if let Some(value) = value {
        text(name.clone(), value, growing);
    }
    let before = growing.mark();
    let is_beside = beside.is_some();
    growing.open_object(beside.unwrap_or(name));
    for known in ["id", "url"] {
        if let Some(value) = element.attribute(known) {
            text(known, value.to_owned(), growing);
        }
    }
    contents(element, growing);
    let is_empty = growing.is_bare();
    growing.close_gathered();
    if is_beside && is_empty {
        growing.forget_since(before);
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
