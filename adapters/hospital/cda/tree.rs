//! The document as a tree: elements and attributes as members, the words of a narrative as plain text.

use crate::hospital::narrative::{self, NARRATIVE_BYTES_MAX};
use crate::hospital::numbers::BASE64;
use crate::hospital::xhtml::{self, is_blank, says};
use crate::json::{Growing, Leaf, Mark, Node, Style, Tree};
use crate::xml::{Build, Element, Elements};
use fnv::{FnvHashMap, FnvHashSet};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// The namespace of CDA.
pub(super) const V3: &str = "urn:hl7-org:v3";
const SDTC: &str = "urn:hl7-org:sdtc";
const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// Names of elements and attributes of CDA, those of attributes with `@` before them.
static NAMES: LazyLock<FnvHashSet<&'static str>> =
    LazyLock::new(|| include_str!("element_names.txt").split_whitespace().collect());

/// Names of attributes as they stand in a document, with their names in the tree.
static ATTRIBUTES: LazyLock<FnvHashMap<&'static str, &'static str>> =
    LazyLock::new(|| NAMES.iter().filter_map(|name| Some((name.strip_prefix('@')?, *name))).collect());

/// The name of what CDA does not know: one for all, so that no document can have more names than CDA. What an attribute is
/// called that CDA does not know stands behind it.
const UNKNOWN: &str = ":";

/// Attributes of the namespace of XML Schema.
const OF_SCHEMA: [(&str, &str); 3] =
    [("type", "@xsi:type"), ("schemaLocation", "@xsi:schemaLocation"), ("nil", "@xsi:nil")];

/// Is it a name of CDA?
pub(super) fn known(name: &str) -> bool {
    NAMES.contains(name)
}

/// A document that was read.
pub(super) struct Read<'t> {
    /// What it says.
    pub(super) tree: Tree<'t>,
    /// The words to which it refers.
    pub(super) words: Words,
    /// The name of its root.
    pub(super) name: &'t str,
    /// Is it one of CDA?
    pub(super) is_cda: bool,
    /// The numbers of elements that refer to words or say that they hold nothing, in order.
    pub(super) doubtful: Vec<usize>,
    /// Was it read as one though it is in no namespace?
    pub(super) is_bare: bool,
    /// The number of a narrative that is too long.
    pub(super) too_long: Option<usize>,
}

/// Most bytes of words that are kept for references: elements with an `ID` may stand within each other.
const WORDS_BYTES_MAX: usize = 20 * 1024 * 1024;

/// Most bytes of mark-up that are kept of a document: its texts say the same.
const XHTML_BYTES_MAX: usize = NARRATIVE_BYTES_MAX;

/// The words of elements that have an `ID`, for the references to them; and what of the mark-up of narratives is kept.
#[derive(Default)]
pub(super) struct Words {
    /// Each with the number of the `text` in which it stands: an id of one section may stand in another.
    by_id: BTreeMap<String, Vec<(usize, String)>>,
    bytes: usize,
    /// By the number of the `text`.
    marked: BTreeMap<usize, String>,
    marked_bytes: usize,
}

impl Words {
    /// The words of the element with this id: in the section of the value that refers to it, whose text stands before it, else in
    /// another.
    pub(super) fn get(&self, id: &str, from: Node<'_>) -> Option<&String> {
        let all = self.by_id.get(id)?;
        let before = all.iter().rev().find(|(text, _)| *text < from.number());
        before.or_else(|| all.first()).map(|(_, words)| words)
    }

    /// What is kept of the mark-up of a `text`; empty where its words lose nothing.
    pub(super) fn xhtml(&self, text: Node<'_>) -> &str {
        self.marked.get(&text.number()).map_or("", String::as_str)
    }

    fn keep(&mut self, number: usize, narrative: &Element) {
        let kept = xhtml::kept(narrative);
        if !kept.is_empty() && self.marked_bytes + kept.len() <= XHTML_BYTES_MAX {
            self.marked_bytes += kept.len();
            self.marked.insert(number, kept);
        }
    }

    fn collect(&mut self, number: usize, element: &Element) {
        if let Some(id) = element.attribute("ID").filter(|_| self.bytes < WORDS_BYTES_MAX) {
            let told = narrative::of(element);
            self.bytes += told.len();
            let all = self.by_id.entry(id.to_owned()).or_default();
            if all.last().is_none_or(|(text, _)| *text != number) {
                all.push((number, told));
            }
        }
        element.children.iter().for_each(|child| self.collect(number, child));
    }
}

/// Makes the tree while the document is read.
pub(super) struct Builder<'t> {
    growing: Growing<'t>,
    open: Vec<Open<'t>>,
    /// The elements of a `text` that is open: only when it ends it is clear whether it is a narrative.
    text: Option<Elements>,
    words: Words,
    name: &'t str,
    is_cda: bool,
    doubtful: Vec<usize>,
    /// May the document be in no namespace?
    may_be_bare: bool,
    is_bare: bool,
    too_long: Option<usize>,
}

/// An element that is open.
struct Open<'t> {
    number: usize,
    /// Behind its attributes.
    contents: Mark,
    /// Character data, without blanks before it.
    own: Cow<'t, str>,
    is_packed: bool,
    is_text: bool,
}

impl<'t> Builder<'t> {
    /// For a document of this text. Of one that may be bare, what is in no namespace is read as if it were in that of CDA.
    pub(super) fn new(text: &'t str, may_be_bare: bool) -> Self {
        Builder {
            growing: Growing::new(text),
            open: Vec::new(),
            text: None,
            words: Words::default(),
            name: "",
            is_cda: false,
            doubtful: Vec::new(),
            may_be_bare,
            is_bare: false,
            too_long: None,
        }
    }

    /// The tree of a document of which all was told.
    pub(super) fn finish(self) -> Read<'t> {
        // A name that the tree gives itself is none of the sender's.
        let known = |name: &str| !name.starts_with(UNKNOWN);
        let tree = self.growing.finish(known, Style::Slashes).named("ClinicalDocument");
        let Builder { words, name, is_cda, is_bare, doubtful, too_long, .. } = self;
        Read { tree, words, name, is_cda, doubtful, is_bare, too_long }
    }
}

impl<'t> Build<'t> for Builder<'t> {
    fn start(&mut self, namespace: Option<&str>, name: &'t str) {
        let is_text = name == "text" && self.text.is_none();
        if is_text {
            // No text of a narrative gets into a place.
            self.text = Some(Elements::new(|_| false));
        }
        if let Some(text) = &mut self.text {
            text.start(namespace, name);
        }
        if self.open.is_empty() {
            self.is_bare = self.may_be_bare && namespace.is_none();
            let is_cda = (self.is_bare || namespace == Some(V3)) && name == "ClinicalDocument";
            (self.name, self.is_cda) = (name, is_cda);
        }
        let number = self.growing.values();
        if name == "reference" {
            self.doubtful.push(number);
        }
        self.growing.open_object(element_name(namespace, Cow::Borrowed(name), self.is_bare));
        let contents = self.growing.mark();
        self.open.push(Open { number, contents, own: Cow::Borrowed(""), is_packed: false, is_text });
    }

    fn attribute(&mut self, namespace: Option<&str>, name: &'t str, value: Cow<'t, str>) {
        if let Some(text) = &mut self.text {
            text.attribute(namespace, name, value.clone());
        }
        let Some(open) = self.open.last_mut() else { return };
        if name == "nullFlavor" && self.doubtful.last() != Some(&open.number) {
            self.doubtful.push(open.number);
        }
        open.is_packed |= namespace.is_none() && name == "representation" && value == "B64";
        self.growing.leaf(attribute_name(namespace, name), Leaf::Text(value));
        open.contents = self.growing.mark();
    }

    fn text(&mut self, text: Cow<'t, str>) {
        if let Some(elements) = &mut self.text {
            elements.text(text.clone());
        }
        let Some(open) = self.open.last_mut() else { return };
        if !open.own.is_empty() {
            open.own.to_mut().push_str(&text);
        } else if !is_blank(&text) {
            open.own = text;
        }
    }

    fn end(&mut self) {
        if let Some(text) = &mut self.text {
            text.end();
        }
        let Some(open) = self.open.pop() else { return };
        let text = if open.is_text { self.text.take() } else { None };
        // Blanks of another kind than XML's are a value, though there are no words in it.
        let has_own = !open.own.is_empty();
        let own = trimmed(open.own);
        let is_packed = open.is_packed && !own.is_empty();
        let narrative = text.map(Elements::finish).filter(|text| !is_packed && is_narrative(text));
        let (says, own) = match narrative {
            Some(narrative) => {
                self.growing.forget_since(open.contents);
                keep_marks(&narrative, self.is_bare, &mut self.growing);
                self.doubtful.truncate(self.doubtful.partition_point(|number| *number <= open.number));
                self.words.collect(open.number, &narrative);
                self.words.keep(open.number, &narrative);
                let told = narrative::of(&narrative);
                if told.len() > NARRATIVE_BYTES_MAX {
                    self.too_long.get_or_insert(open.number);
                }
                (says(&narrative), Cow::Owned(told))
            }
            None => (has_own, own),
        };
        if says {
            let name = if is_packed { BASE64 } else { "#text" };
            self.growing.leaf_at(open.contents, name, Leaf::Text(own));
        }
        self.growing.close_gathered();
    }
}

fn element_name<'n>(namespace: Option<&str>, name: Cow<'n, str>, is_bare: bool) -> Cow<'n, str> {
    match namespace {
        Some(V3) if known(&name) => name,
        None if is_bare && known(&name) => name,
        Some(SDTC) if known(&name) => Cow::Owned(format!("sdtc:{name}")),
        _ => Cow::Borrowed(UNKNOWN),
    }
}

fn attribute_name(namespace: Option<&str>, name: &str) -> Cow<'static, str> {
    let known = match namespace {
        None => ATTRIBUTES.get(name).copied(),
        Some(XSI) => OF_SCHEMA.iter().find(|(known, _)| *known == name).map(|(_, name)| *name),
        Some(_) => Some(UNKNOWN),
    };
    known.map_or_else(|| Cow::Owned([UNKNOWN, name].concat()), Cow::Borrowed)
}

/// Keeps of a narrative, whose words are one text, the attributes of its mark-up: a link, a picture, an id.
fn keep_marks<'t>(element: &Element, is_bare: bool, growing: &mut Growing<'t>) {
    for child in &element.children {
        let before = growing.mark();
        growing.open_object(element_name(child.namespace.as_deref(), Cow::Owned(child.name.clone()), is_bare));
        for attribute in &child.attributes {
            let name = attribute_name(attribute.namespace.as_deref(), &attribute.name);
            growing.leaf(name, Leaf::Text(Cow::Owned(attribute.value.clone())));
        }
        keep_marks(child, is_bare, growing);
        let says_nothing = growing.is_bare();
        growing.close_gathered();
        if says_nothing {
            growing.forget_since(before);
        }
    }
}

fn trimmed(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
        Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
    }
}

/// The narrative of a section: a `text` with mark-up or words in it, not a reference to words elsewhere.
fn is_narrative(element: &Element) -> bool {
    !element.children.iter().all(|child| matches!(child.name.as_str(), "reference" | "thumbnail"))
        || element.children.is_empty() && element.attribute("mediaType").is_none()
}
