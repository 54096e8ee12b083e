//! A document once it was read: a tree that knows where each value stands and what became of it.

use crate::digits::push_number;
use std::borrow::Cow;
use std::cell::Cell;
use std::collections::HashSet;
use std::fmt;

/// A value and all that is in it. Shows nothing of itself in logs.
pub struct Node<'a> {
    /// What it is.
    pub value: Value<'a>,
    /// Its number in the order of the document; those of what is in it follow.
    number: u32,
    /// Is it a member under a name that the format does not know?
    strange: bool,
    fate: Cell<Fate>,
}

/// What a value is.
pub enum Value<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Flag(bool),
    /// As it was written.
    Number(Cow<'a, str>),
    /// With its escapes undone.
    Text(Cow<'a, str>),
    /// In order.
    List(Vec<Node<'a>>),
    /// In order; each name stands once.
    Object(Vec<(Cow<'a, str>, Node<'a>)>),
}

/// Members of an object.
pub type Members<'a> = Vec<(Cow<'a, str>, Node<'a>)>;

/// Adds a member; several of one name become a list.
pub fn add<'a>(name: Cow<'a, str>, node: Node<'a>, members: &mut Members<'a>) {
    match members.iter_mut().find(|(known, _)| *known == name) {
        None => members.push((name, node)),
        Some((_, known)) => match &mut known.value {
            Value::List(items) => items.push(node),
            other => {
                let first = Node::new(std::mem::replace(other, Value::Null));
                *other = Value::List(vec![first, node]);
            }
        },
    }
}

/// Members of which several may have one name: those become a list.
pub fn gathered(all: Members<'_>) -> Members<'_> {
    if !names_repeat(&all) {
        return all;
    }
    let mut members = Members::new();
    all.into_iter().for_each(|(name, node)| add(name, node, &mut members));
    members
}

/// Does a name stand twice?
pub(super) fn names_repeat(members: &Members<'_>) -> bool {
    /// Up to so many it is quicker to compare each with each.
    const FEW: usize = 12;
    if members.len() <= FEW {
        let repeats = |(at, (name, _)): (usize, &(Cow<'_, str>, Node<'_>))| {
            members.iter().take(at).any(|(earlier, _)| earlier == name)
        };
        return members.iter().enumerate().any(repeats);
    }
    let mut seen = HashSet::new();
    members.iter().any(|(name, _)| !seen.insert(&**name))
}

/// What became of a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fate {
    /// Nobody asked for it.
    #[default]
    Untouched,
    /// It holds the document together: types, ids, references.
    Envelope,
    /// Read into this path of the record.
    Mapped(&'static str),
}

impl fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Node({})", self.number)
    }
}

impl<'a> Node<'a> {
    /// A value that stands nowhere yet.
    pub fn new(value: Value<'a>) -> Self {
        Node { value, number: 0, strange: false, fate: Cell::new(Fate::Untouched) }
    }

    /// A member of an object.
    pub fn get(&self, name: &str) -> Option<&Node<'a>> {
        let Value::Object(members) = &self.value else { return None };
        members.iter().find(|(known, _)| known == name).map(|(_, node)| node)
    }

    /// What a member holds: the items of its list, or the one value.
    pub fn all<'n>(&'n self, name: &str) -> impl Iterator<Item = &'n Node<'a>> + use<'n, 'a> {
        let found = self.get(name);
        let (one, many) = match found.map(|node| &node.value) {
            Some(Value::List(items)) => (None, items.as_slice()),
            Some(Value::Null) | None => (None, [].as_slice()),
            Some(_) => (found, [].as_slice()),
        };
        one.into_iter().chain(many)
    }

    /// The first of [`Node::all`].
    pub fn first(&self, name: &str) -> Option<&Node<'a>> {
        self.all(name).next()
    }

    /// The text of a text, number or flag; empty for anything else.
    pub fn text(&self) -> &str {
        match &self.value {
            Value::Text(text) | Value::Number(text) => text,
            Value::Flag(true) => "true",
            Value::Flag(false) => "false",
            Value::Null | Value::List(_) | Value::Object(_) => "",
        }
    }

    /// The text of a member, without noting that it was read.
    pub fn peek(&self, name: &str) -> &str {
        self.get(name).map_or("", Node::text)
    }

    /// The text of a member, noted as read into a path of the record.
    pub fn take(&self, name: &str, path: &'static str) -> &str {
        self.get(name).map_or("", |node| node.taken(path))
    }

    /// Its text, noted as read into a path of the record.
    pub fn taken(&self, path: &'static str) -> &str {
        self.fate.set(Fate::Mapped(path));
        self.text()
    }

    /// The text of a member that holds the document together.
    pub fn envelope(&self, name: &str) -> &str {
        self.get(name).map_or("", |node| {
            node.fate.set(Fate::Envelope);
            node.text()
        })
    }

    /// What became of it.
    pub fn fate(&self) -> Fate {
        self.fate.get()
    }

    /// Notes what became of it and of everything in it.
    pub fn settle(&self, fate: Fate) {
        self.fate.set(fate);
        self.children().for_each(|child| child.settle(fate));
    }

    /// The values directly in it.
    pub fn children(&self) -> impl Iterator<Item = &Node<'a>> {
        let (items, members) = match &self.value {
            Value::List(items) => (items.as_slice(), [].as_slice()),
            Value::Object(members) => ([].as_slice(), members.as_slice()),
            _ => ([].as_slice(), [].as_slice()),
        };
        items.iter().chain(members.iter().map(|(_, node)| node))
    }

    /// Is it a member under a name that the format does not know?
    pub fn is_strange(&self) -> bool {
        self.strange
    }

    /// Is it a text, a number or a flag?
    pub fn is_leaf(&self) -> bool {
        matches!(self.value, Value::Text(_) | Value::Number(_) | Value::Flag(_))
    }
}

/// A whole document, with the name of its root.
pub struct Tree<'a> {
    /// The outermost value.
    pub root: Node<'a>,
    name: &'static str,
    style: Style,
}

/// How places are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// FHIRPath: `Bundle.entry[3].resource`, counted from 0.
    Dots,
    /// XPath: `/ClinicalDocument/recordTarget[2]`, counted from 1.
    Slashes,
}

impl<'a> Tree<'a> {
    /// Numbers the values of a document. `known` tells which names may stand in a place; others are written `*`.
    pub fn new(mut root: Node<'a>, name: &'static str, known: fn(&str) -> bool, style: Style) -> Self {
        number(&mut root, known, &mut 0);
        Tree { root, name, style }
    }

    /// Where a value stands.
    pub fn place(&self, node: &Node<'_>) -> String {
        let mut place = self.start();
        let mut at = &self.root;
        while at.number < node.number {
            let Some(inner) = self.step(at, node.number, &mut place) else { break };
            at = inner;
        }
        place
    }

    /// The child in which the value of this number stands.
    fn step<'n>(&self, at: &'n Node<'a>, number: u32, place: &mut String) -> Option<&'n Node<'a>> {
        match &at.value {
            Value::List(items) => {
                let index = items.partition_point(|item| item.number <= number).checked_sub(1)?;
                self.push_index(index, place);
                items.get(index)
            }
            Value::Object(members) => {
                let index = members.partition_point(|(_, node)| node.number <= number).checked_sub(1)?;
                let (name, node) = members.get(index)?;
                self.push_name(name, node, place);
                Some(node)
            }
            _ => None,
        }
    }

    fn start(&self) -> String {
        let slash = if self.style == Style::Slashes { "/" } else { "" };
        [slash, self.name].concat()
    }

    fn push_name(&self, name: &str, node: &Node<'_>, place: &mut String) {
        place.push(if self.style == Style::Slashes { '/' } else { '.' });
        place.push_str(if node.strange { "*" } else { name });
    }

    fn push_index(&self, index: usize, place: &mut String) {
        let first = usize::from(self.style == Style::Slashes);
        place.push('[');
        push_number(index + first, place);
        place.push(']');
    }

    /// Every text, number and flag with its place and the innermost name in that, in the order of the document.
    pub fn leaves(&self, mut visit: impl FnMut(&str, &str, &Node<'a>)) {
        self.walk(&self.root, self.name, &mut self.start(), &mut visit);
    }

    fn walk(&self, node: &Node<'a>, name: &str, place: &mut String, visit: &mut impl FnMut(&str, &str, &Node<'a>)) {
        let length = place.len();
        match &node.value {
            Value::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.push_index(index, place);
                    self.walk(item, name, place, visit);
                    place.truncate(length);
                }
            }
            Value::Object(members) => {
                for (name, member) in members {
                    self.push_name(name, member, place);
                    self.walk(member, name, place, visit);
                    place.truncate(length);
                }
            }
            _ if node.is_leaf() => visit(place, name, node),
            _ => {}
        }
    }
}

/// Numbers a value and what is in it, and looks up each name once.
fn number(node: &mut Node<'_>, known: fn(&str) -> bool, next: &mut u32) {
    node.number = *next;
    *next = next.saturating_add(1);
    match &mut node.value {
        Value::List(items) => items.iter_mut().for_each(|item| number(item, known, next)),
        Value::Object(members) => {
            for (name, member) in members {
                member.strange = !known(name.strip_prefix('_').unwrap_or(name));
                number(member, known, next);
            }
        }
        _ => {}
    }
}
