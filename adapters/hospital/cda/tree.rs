//! The document as a tree: elements and attributes as members, the words of a narrative as plain text.

use crate::hospital::narrative;
use crate::hospital::numbers::BASE64;
use crate::json::{self, Members, Node, Value};
use crate::xml::Element;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// The namespace of CDA.
pub(super) const V3: &str = "urn:hl7-org:v3";
const SDTC: &str = "urn:hl7-org:sdtc";
const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// Names of elements and attributes of CDA, separated by white space.
static NAMES: LazyLock<BTreeSet<&'static str>> =
    LazyLock::new(|| include_str!("element_names.txt").split_whitespace().collect());

/// The name of what CDA does not know.
const UNKNOWN: &str = ":";

/// Is it a name of CDA, or one that this tree gives itself?
pub(super) fn known(name: &str) -> bool {
    let bare = name.strip_prefix("sdtc:").or(name.strip_prefix("@xsi:").and(Some("@type"))).unwrap_or(name);
    NAMES.contains(bare) || bare == "ClinicalDocument" || bare.starts_with('#')
}

/// Most bytes of words that are kept for references: elements with an `ID` may stand within each other.
const WORDS_BYTES_MAX: usize = 20 * 1024 * 1024;

/// The words of elements that have an `ID`, for the references to them.
#[derive(Default)]
pub(super) struct Words {
    by_id: BTreeMap<String, String>,
    bytes: usize,
}

impl Words {
    /// The words of the element with this id.
    pub(super) fn get(&self, id: &str) -> Option<&String> {
        self.by_id.get(id)
    }

    fn collect(&mut self, element: &Element) {
        if let Some(id) = element.attribute("ID").filter(|_| self.bytes < WORDS_BYTES_MAX) {
            let told = narrative::of(element);
            self.bytes += told.len();
            self.by_id.entry(id.to_owned()).or_insert(told);
        }
        element.children.iter().for_each(|child| self.collect(child));
    }
}

/// An element with all that is in it.
pub(super) fn node(element: &Element, words: &mut Words) -> Node<'static> {
    let mut members: Members<'static> = Vec::new();
    for attribute in &element.attributes {
        let name = match attribute.namespace.as_deref() {
            None => format!("@{}", attribute.name),
            Some(XSI) => format!("@xsi:{}", attribute.name),
            Some(_) => UNKNOWN.to_owned(),
        };
        json::add(name, text(&attribute.value), &mut members);
    }
    let packed = element.attribute("representation") == Some("B64");
    let own = element.value();
    if packed && !own.is_empty() {
        json::add(BASE64.to_owned(), text(own), &mut members);
    } else if is_narrative(element) {
        words.collect(element);
        let told = narrative::of(element);
        if !told.is_empty() {
            json::add("#text".to_owned(), text(&told), &mut members);
        }
        return Node::new(Value::Object(members));
    } else if !own.is_empty() {
        json::add("#text".to_owned(), text(own), &mut members);
    }
    for child in &element.children {
        let name = match child.namespace.as_deref() {
            Some(V3) if known(&child.name) => child.name.clone(),
            Some(SDTC) if known(&child.name) => format!("sdtc:{}", child.name),
            // One name for all that is unknown: no document can have more names than CDA.
            _ => UNKNOWN.to_owned(),
        };
        json::add(name, node(child, words), &mut members);
    }
    Node::new(Value::Object(members))
}

fn text(text: &str) -> Node<'static> {
    Node::new(Value::Text(Cow::Owned(text.to_owned())))
}

/// The narrative of a section: a `text` with mark-up or words in it, not a reference to words elsewhere.
fn is_narrative(element: &Element) -> bool {
    element.name == "text"
        && !element.children.iter().all(|child| matches!(child.name.as_str(), "reference" | "thumbnail"))
        || element.name == "text" && element.children.is_empty() && element.attribute("mediaType").is_none()
}
