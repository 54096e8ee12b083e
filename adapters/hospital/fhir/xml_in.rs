//! FHIR in XML as the tree that its JSON would be: one mapping for both.

use crate::json::{Growing, Leaf, Style, Tree};
use crate::xml::{Element, Piece};
use std::borrow::Cow;

const FHIR: &str = "http://hl7.org/fhir";
const XHTML: &str = "http://www.w3.org/1999/xhtml";
const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";
/// One name for all that FHIR does not know: no document can have more names than FHIR.
const UNKNOWN: &str = ":";

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
    resource_of(element, growing);
    growing.close_gathered();
}

fn resource_of(element: Element, growing: &mut Growing<'static>) {
    text("resourceType", element.name.clone(), growing);
    attributes(&element, &[], growing);
    contents(element, growing);
}

fn text(name: impl Into<Cow<'static, str>>, text: String, growing: &mut Growing<'static>) {
    growing.leaf(name, Leaf::Text(Cow::Owned(text)));
}

/// The attributes of an element as members: those that FHIR has there, and under a name that it does not know all others,
/// which are kept and told of. Where a schema lies is of no account (`formats/hospital.md` 3.1).
fn attributes(element: &Element, of_fhir: &[&'static str], growing: &mut Growing<'static>) {
    for attribute in &element.attributes {
        let name = match attribute.namespace.as_deref() {
            None if attribute.name == "value" && of_fhir.contains(&"value") => continue,
            None => of_fhir.iter().copied().find(|known| *known == attribute.name),
            Some(XSI) => Some("xsi:schemaLocation").filter(|_| attribute.name == "schemaLocation"),
            Some(_) => None,
        };
        text(name.unwrap_or(UNKNOWN), attribute.value.clone(), growing);
    }
}

/// The children of an element as members; of the same name they are a list.
fn contents(element: Element, growing: &mut Growing<'static>) {
    words(&element, growing);
    for child in element.children {
        let own = matches!(child.namespace.as_deref(), Some(FHIR | XHTML)) && super::read::known(&child.name);
        let name = if own { Cow::Owned(child.name.clone()) } else { Cow::Borrowed(UNKNOWN) };
        member(name, child, growing);
    }
}

/// FHIR has no words outside a narrative: under a name that it does not know they are kept and told of.
fn words(element: &Element, growing: &mut Growing<'static>) {
    if element.text.contains(|letter| !matches!(letter, ' ' | '\t' | '\r' | '\n')) {
        text("#text", element.value().to_owned(), growing);
    }
}

fn member(name: Cow<'static, str>, mut element: Element, growing: &mut Growing<'static>) {
    if element.is(XHTML, "div") {
        let mut source = String::new();
        write(&element, &mut source);
        return text(name, source, growing);
    }
    if let [child] = element.children.as_slice()
        && child.namespace.as_deref() == Some(FHIR)
        && child.name.starts_with(|letter: char| letter.is_ascii_uppercase())
        && let Some(child) = element.children.pop()
    {
        growing.open_object(name);
        // What holds a resource has nothing of its own in JSON.
        attributes(&element, &[], growing);
        words(&element, growing);
        resource_of(child, growing);
        growing.close_gathered();
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
    attributes(&element, &["id", "url", "value"], growing);
    contents(element, growing);
    let is_empty = growing.is_bare();
    growing.close_gathered();
    if is_beside && is_empty {
        growing.forget_since(before);
    }
}

/// A narrative as it would stand in JSON. Names that could not stand there have another, and their attributes none.
fn write(element: &Element, out: &mut String) {
    let plain = |name: &str| name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let name = if plain(&element.name) { element.name.as_str() } else { "span" };
    out.push('<');
    out.push_str(name);
    for attribute in element.attributes.iter().filter(|own| own.namespace.is_none() && plain(&own.name)) {
        out.push(' ');
        out.push_str(&attribute.name);
        out.push_str("=\"");
        crate::xml::escape(&attribute.value, out);
        out.push('"');
    }
    out.push('>');
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
