//! A document once it was read: values that know where each stands and what became of it.
//!
//! A document of a megabyte has forty thousand values. They lie in one row, each as large as six numbers; what they say stays
//! where the document says it.

use super::fates::{Fate, Fates};
use super::grow::Growing;
use crate::digits::push_number;
use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;

/// A whole document, with the name of its root.
pub struct Tree<'a> {
    pub(super) slots: Vec<Slot>,
    /// What is in the lists, list by list.
    pub(super) items: Vec<u32>,
    pub(super) names: Vec<Name<'a>>,
    /// The document.
    pub(super) source: &'a str,
    /// Texts that do not stand in the document as they are meant.
    pub(super) own: String,
    pub(super) fates: Fates,
    pub(super) name: &'static str,
    pub(super) style: Style,
}

/// How places are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// FHIRPath: `Bundle.entry[3].resource`, counted from 0.
    Dots,
    /// XPath: `/ClinicalDocument/recordTarget[2]`, counted from 1.
    Slashes,
}

/// A name of members.
pub(super) struct Name<'a> {
    pub(super) text: Cow<'a, str>,
    /// Does the format not know it?
    pub(super) strange: bool,
}

/// One value. What the numbers are depends on its kind.
pub(super) struct Slot {
    pub(super) kind: Kind,
    /// Where its text begins; the first of its members; where its items begin.
    pub(super) start: u32,
    /// Bytes of its text; how many items it has.
    pub(super) count: u32,
    /// The member behind it.
    pub(super) next: u32,
    /// What it stands in.
    pub(super) above: u32,
    /// Its name, where it is a member.
    pub(super) name: u16,
    pub(super) fate: Cell<u16>,
}

/// No value: the root stands in nothing and behind nothing.
pub(super) const NONE: u32 = u32::MAX;

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Null,
    No,
    Yes,
    Number,
    Text,
    /// A text that stands beside the document.
    OwnText,
    List,
    Object,
}

impl<'a> Tree<'a> {
    /// A document that holds nothing.
    pub fn nothing() -> Self {
        let mut growing = Growing::new("");
        growing.leaf("", super::Leaf::Null);
        growing.finish(|_| false, Style::Dots)
    }

    /// The same, its outermost value under this name.
    #[must_use]
    pub fn named(self, name: &'static str) -> Self {
        Tree { name, ..self }
    }

    /// Does the format know every name in it?
    pub fn is_known(&self) -> bool {
        !self.names.iter().any(|name| name.strange)
    }

    /// The outermost value.
    pub fn root(&self) -> Node<'_> {
        Node { tree: self, at: 0 }
    }

    /// The value of this number ([`Node::number`]).
    pub fn node(&self, number: usize) -> Option<Node<'_>> {
        let at = u32::try_from(number).ok().filter(|_| number < self.slots.len())?;
        Some(Node { tree: self, at })
    }

    pub(super) fn slot(&self, at: u32) -> Option<&Slot> {
        self.slots.get(usize::try_from(at).ok()?)
    }

    fn name_of(&self, slot: &Slot) -> Option<&Name<'a>> {
        self.names.get(usize::from(slot.name))
    }

    fn items_of(&self, slot: &Slot) -> &[u32] {
        let start = slot.start as usize;
        if slot.kind == Kind::List { self.items.get(start..start + slot.count as usize) } else { None }
            .unwrap_or_default()
    }

    /// Where a value stands.
    pub fn place(&self, node: Node<'_>) -> String {
        let mut steps = Vec::new();
        let mut at = node.at;
        while let Some(slot) = self.slot(at).filter(|slot| slot.above != NONE) {
            steps.push(at);
            at = slot.above;
        }
        let mut place = self.start();
        let mut above = self.slot(0);
        for step in steps.into_iter().rev() {
            let (Some(outer), Some(inner)) = (above, self.slot(step)) else { break };
            match self.items_of(outer).binary_search(&step) {
                Ok(index) => self.push_index(index, &mut place),
                Err(_) => self.push_name(inner, &mut place),
            }
            above = Some(inner);
        }
        place
    }

    fn start(&self) -> String {
        let slash = if self.style == Style::Slashes { "/" } else { "" };
        [slash, self.name].concat()
    }

    fn push_name(&self, member: &Slot, place: &mut String) {
        place.push(if self.style == Style::Slashes { '/' } else { '.' });
        let known = self.name_of(member).filter(|name| !name.strange);
        place.push_str(known.map_or("*", |name| &name.text));
    }

    fn push_index(&self, index: usize, place: &mut String) {
        let first = usize::from(self.style == Style::Slashes);
        place.push('[');
        push_number(index + first, place);
        place.push(']');
    }

    /// Every text, number and flag with its place and the innermost name in that, in the order of the document.
    pub fn leaves<'t>(&'t self, mut visit: impl FnMut(&str, &str, Node<'t>)) {
        self.walk(self.root(), self.name, &mut self.start(), &mut visit);
    }

    fn walk<'t>(
        &'t self,
        node: Node<'t>,
        name: &str,
        place: &mut String,
        visit: &mut impl FnMut(&str, &str, Node<'t>),
    ) {
        let length = place.len();
        let Some(slot) = self.slot(node.at) else { return };
        match slot.kind {
            Kind::List => {
                for (index, item) in self.items_of(slot).iter().enumerate() {
                    self.push_index(index, place);
                    self.walk(Node { at: *item, ..node }, name, place, visit);
                    place.truncate(length);
                }
            }
            Kind::Object => {
                for (name, member) in node.members() {
                    if let Some(slot) = self.slot(member.at) {
                        self.push_name(slot, place);
                    }
                    self.walk(member, name, place, visit);
                    place.truncate(length);
                }
            }
            Kind::Null => {}
            _ => visit(place, name, node),
        }
    }
}

/// A value of a document, and all that is in it. Shows nothing of itself in logs.
#[derive(Clone, Copy)]
pub struct Node<'t> {
    tree: &'t Tree<'t>,
    at: u32,
}

impl fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Node({})", self.at)
    }
}

/// The values in an object, with their names.
pub struct Inside<'t> {
    tree: &'t Tree<'t>,
    next: u32,
}

impl<'t> Iterator for Inside<'t> {
    type Item = (&'t str, Node<'t>);

    fn next(&mut self) -> Option<Self::Item> {
        let slot = self.tree.slot(self.next)?;
        let node = Node { tree: self.tree, at: self.next };
        self.next = slot.next;
        Some((self.tree.name_of(slot).map_or("", |name| &name.text), node))
    }
}

impl<'t> Node<'t> {
    fn slot(self) -> Option<&'t Slot> {
        self.tree.slot(self.at)
    }

    pub(super) fn kind(self) -> Kind {
        self.slot().map_or(Kind::Null, |slot| slot.kind)
    }

    /// The members of an object with their names, in order; nothing of anything else.
    pub fn members(self) -> Inside<'t> {
        let first = self.slot().filter(|slot| slot.kind == Kind::Object).map_or(NONE, |slot| slot.start);
        Inside { tree: self.tree, next: first }
    }

    /// A member of an object.
    pub fn get(self, name: &str) -> Option<Node<'t>> {
        self.members().find(|(known, _)| *known == name).map(|(_, node)| node)
    }

    /// The items of a list, in order; nothing of anything else.
    fn items(self) -> impl Iterator<Item = Node<'t>> + use<'t> {
        let items = self.slot().map_or([].as_slice(), |slot| self.tree.items_of(slot));
        items.iter().map(move |at| Node { at: *at, ..self })
    }

    /// What a member holds: the items of its list, or the one value.
    pub fn all(self, name: &str) -> impl Iterator<Item = Node<'t>> + use<'t> {
        let found = self.get(name);
        let list = found.filter(|node| node.kind() == Kind::List);
        let one = found.filter(|node| !matches!(node.kind(), Kind::List | Kind::Null));
        one.into_iter().chain(list.into_iter().flat_map(Node::items))
    }

    /// The first of [`Node::all`].
    pub fn first(self, name: &str) -> Option<Node<'t>> {
        self.all(name).next()
    }

    /// The text of a text, number or flag; empty for anything else.
    pub fn text(self) -> &'t str {
        let Some(slot) = self.slot() else { return "" };
        let range = slot.start as usize..slot.start as usize + slot.count as usize;
        match slot.kind {
            Kind::Text | Kind::Number => self.tree.source.get(range).unwrap_or_default(),
            Kind::OwnText => self.tree.own.get(range).unwrap_or_default(),
            Kind::Yes => "true",
            Kind::No => "false",
            Kind::Null | Kind::List | Kind::Object => "",
        }
    }

    /// The text of a member, without noting that it was read.
    pub fn peek(self, name: &str) -> &'t str {
        self.get(name).map_or("", Node::text)
    }

    /// The text of a member, noted as read into a path of the record.
    pub fn take(self, name: &str, path: &'static str) -> &'t str {
        self.get(name).map_or("", |node| node.taken(path))
    }

    /// Its text, noted as read into a path of the record.
    pub fn taken(self, path: &'static str) -> &'t str {
        self.note(Fate::Mapped(path));
        self.text()
    }

    /// The text of a member that holds the document together.
    pub fn envelope(self, name: &str) -> &'t str {
        self.get(name).map_or("", |node| {
            node.note(Fate::Envelope);
            node.text()
        })
    }

    fn note(self, fate: Fate) {
        if let Some(slot) = self.slot() {
            slot.fate.set(self.tree.fates.number(fate));
        }
    }

    /// Which of the values of its document it is, as [`Growing::values`] counted those before it.
    pub fn number(self) -> usize {
        self.at as usize
    }

    /// What became of it.
    pub fn fate(self) -> Fate {
        self.slot().map_or(Fate::Untouched, |slot| self.tree.fates.of(slot.fate.get()))
    }

    /// Notes what became of it and of everything in it.
    pub fn settle(self, fate: Fate) {
        self.note(fate);
        self.children().for_each(|child| child.settle(fate));
    }

    /// The values directly in it.
    pub fn children(self) -> impl Iterator<Item = Node<'t>> + use<'t> {
        self.named_children().map(|(_, node)| node)
    }

    /// The values directly in it; with their names, where it is an object.
    pub fn named_children(self) -> impl Iterator<Item = (Option<&'t str>, Node<'t>)> + use<'t> {
        let members = self.members().map(|(name, node)| (Some(name), node));
        self.items().map(|node| (None, node)).chain(members)
    }

    /// Is it a member under a name that the format does not know?
    pub fn is_strange(self) -> bool {
        let is_member = |slot: &&Slot| self.tree.slot(slot.above).is_some_and(|above| above.kind == Kind::Object);
        let name = self.slot().filter(is_member).and_then(|slot| self.tree.name_of(slot));
        name.is_some_and(|name| name.strange)
    }

    /// Is it a text, a number or a flag?
    pub fn is_leaf(self) -> bool {
        !matches!(self.kind(), Kind::Null | Kind::List | Kind::Object)
    }

    /// Is it an object?
    pub fn is_object(self) -> bool {
        self.kind() == Kind::Object
    }

    /// Is it a text, a list or an object with nothing in it?
    pub fn is_empty(self) -> bool {
        match self.kind() {
            Kind::Text | Kind::OwnText => self.text().is_empty(),
            Kind::List | Kind::Object => self.children().next().is_none(),
            Kind::Null | Kind::Yes | Kind::No | Kind::Number => false,
        }
    }
}
