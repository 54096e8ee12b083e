//! How the tree of a document grows: value by value, in the order of the document.

use super::fates::Fates;
use super::tree::{Kind, NONE, Name, Slot, Style, Tree};
use std::borrow::Cow;
use std::cell::Cell;
use std::collections::HashMap;

/// Most names of one document. FHIR has a few hundred; the numbers of names end there.
const NAMES_MAX: usize = u16::MAX as usize;

/// Names that are found at once.
const LATELY: usize = 128;

/// A value with nothing in it.
pub enum Leaf<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Flag(bool),
    /// As it was written.
    Number(&'a str),
    /// With its escapes undone.
    Text(Cow<'a, str>),
}

/// A tree that grows. Every value is added to the list or object that was opened last; the first is the root.
pub struct Growing<'a> {
    tree: Tree<'a>,
    open: Vec<Open>,
    /// Items of the lists that are open, those of the innermost last.
    items: Vec<u32>,
    numbers: HashMap<Cow<'a, str>, u16>,
    /// Names that were met lately: a document has few, again and again.
    lately: [u16; LATELY],
    /// For each name the object in which it was seen last.
    seen: Vec<u32>,
    full: bool,
}

/// A place in a tree that grows, within the innermost object.
#[derive(Clone, Copy)]
pub struct Mark {
    slots: usize,
    items: usize,
    own: usize,
    last: u32,
}

/// A list or an object that is open.
struct Open {
    at: u32,
    /// The last of its members.
    last: u32,
    /// Where its items begin.
    items: usize,
}

impl<'a> Growing<'a> {
    /// For a document of this text.
    pub fn new(source: &'a str) -> Self {
        let tree = Tree {
            slots: Vec::new(),
            items: Vec::new(),
            names: Vec::new(),
            source,
            own: String::new(),
            fates: Fates::default(),
            name: "",
            style: Style::Dots,
        };
        let (numbers, lately) = (HashMap::new(), [u16::MAX; LATELY]);
        Growing { tree, open: Vec::new(), items: Vec::new(), numbers, lately, seen: Vec::new(), full: false }
    }

    /// The tree. `known` tells which names may stand in a place; others are written `*`.
    pub fn finish(mut self, known: fn(&str) -> bool, style: Style) -> Tree<'a> {
        self.tree.style = style;
        for name in &mut self.tree.names {
            name.strange = !known(name.text.strip_prefix('_').unwrap_or(&name.text));
        }
        self.tree
    }

    /// How many values there are.
    pub fn values(&self) -> usize {
        self.tree.slots.len()
    }

    /// Are there more names than have numbers? Then the last ones have none of their own.
    pub fn is_full(&self) -> bool {
        self.full
    }

    /// Adds a value; the name counts within an object alone.
    pub fn leaf(&mut self, name: impl Into<Cow<'a, str>>, leaf: Leaf<'a>) {
        let (kind, start, count) = match leaf {
            Leaf::Null => (Kind::Null, 0, 0),
            Leaf::Flag(flag) => (if flag { Kind::Yes } else { Kind::No }, 0, 0),
            Leaf::Number(digits) => self.written(Kind::Number, digits),
            Leaf::Text(Cow::Borrowed(text)) => self.written(Kind::Text, text),
            Leaf::Text(Cow::Owned(text)) => self.kept(&text),
        };
        self.add(name.into(), kind, start, count);
    }

    /// A text that stands in the document; any other is kept beside it.
    fn written(&mut self, kind: Kind, text: &str) -> (Kind, u32, u32) {
        let start = text.as_ptr().addr().wrapping_sub(self.tree.source.as_ptr().addr());
        let stands = self.tree.source.get(start..start.saturating_add(text.len()));
        if stands.is_some_and(|found| std::ptr::eq(found, text)) {
            return (kind, number(start), number(text.len()));
        }
        self.kept(text)
    }

    fn kept(&mut self, text: &str) -> (Kind, u32, u32) {
        let start = self.tree.own.len();
        self.tree.own.push_str(text);
        (Kind::OwnText, number(start), number(text.len()))
    }

    /// Opens a list.
    pub fn open_list(&mut self, name: impl Into<Cow<'a, str>>) {
        self.nest(name.into(), Kind::List);
    }

    /// Opens an object.
    pub fn open_object(&mut self, name: impl Into<Cow<'a, str>>) {
        self.nest(name.into(), Kind::Object);
    }

    fn nest(&mut self, name: Cow<'a, str>, kind: Kind) {
        let at = self.add(name, kind, NONE, 0);
        self.open.push(Open { at, last: NONE, items: self.items.len() });
    }

    fn add(&mut self, name: Cow<'a, str>, kind: Kind, start: u32, count: u32) -> u32 {
        let at = number(self.tree.slots.len());
        let within = self.open.last().map_or(NONE, |open| open.at);
        let in_list = self.tree.slot(within).is_some_and(|slot| slot.kind == Kind::List);
        let name = if in_list || within == NONE { 0 } else { self.number_of(name) };
        self.tree.slots.push(Slot { kind, start, count, next: NONE, above: within, name, fate: Cell::new(0) });
        if in_list {
            self.items.push(at);
        } else if let Some(open) = self.open.last_mut() {
            let last = std::mem::replace(&mut open.last, at);
            self.follow(within, last, at);
        }
        at
    }

    /// Puts a member behind another; the first one behind its object.
    fn follow(&mut self, object: u32, last: u32, at: u32) {
        if let Some(slot) = self.slot(last) {
            slot.next = at;
        } else if let Some(slot) = self.slot(object) {
            slot.start = at;
        }
    }

    fn slot(&mut self, at: u32) -> Option<&mut Slot> {
        self.tree.slots.get_mut(usize::try_from(at).ok()?)
    }

    fn number_of(&mut self, name: Cow<'a, str>) -> u16 {
        let place = place_lately(&name);
        let number = self.lately.get(place).copied().unwrap_or(u16::MAX);
        if self.tree.names.get(usize::from(number)).is_some_and(|known| known.text == name) {
            return number;
        }
        let number = self.numbers.get(&name).copied().unwrap_or_else(|| self.new_number(name));
        if let Some(lately) = self.lately.get_mut(place) {
            *lately = number;
        }
        number
    }

    fn new_number(&mut self, name: Cow<'a, str>) -> u16 {
        let names = &mut self.tree.names;
        let Some(number) = u16::try_from(names.len()).ok().filter(|_| names.len() < NAMES_MAX) else {
            self.full = true;
            return u16::MAX;
        };
        names.push(Name { text: name.clone(), strange: false });
        self.seen.push(NONE);
        self.numbers.insert(name, number);
        number
    }

    /// The place behind what was added last.
    pub fn mark(&self) -> Mark {
        let last = self.open.last().map_or(NONE, |open| open.last);
        Mark { slots: self.tree.slots.len(), items: self.tree.items.len(), own: self.tree.own.len(), last }
    }

    /// Forgets everything that was added to the innermost object since.
    pub fn forget_since(&mut self, mark: Mark) {
        self.tree.slots.truncate(mark.slots);
        self.tree.items.truncate(mark.items);
        self.tree.own.truncate(mark.own);
        let Some(open) = self.open.last_mut() else { return };
        open.last = mark.last;
        let object = open.at;
        self.follow(object, mark.last, NONE);
    }

    /// Has nothing been added to the innermost object?
    pub fn is_bare(&self) -> bool {
        self.open.last().is_none_or(|open| open.last == NONE)
    }

    /// Adds a value to the innermost object at a place before its end.
    pub fn leaf_at(&mut self, mark: Mark, name: impl Into<Cow<'a, str>>, leaf: Leaf<'a>) {
        let Some(open) = self.open.last_mut() else { return };
        let (object, end) = (open.at, std::mem::replace(&mut open.last, mark.last));
        let before = if mark.last == NONE { object } else { mark.last };
        let behind = self.tree.slot(before).map_or(NONE, |slot| if before == object { slot.start } else { slot.next });
        self.leaf(name, leaf);
        let Some(open) = self.open.last_mut() else { return };
        let added = open.last;
        if behind != NONE {
            open.last = end;
            self.follow(object, added, behind);
        }
    }

    /// Closes the innermost list.
    pub fn close_list(&mut self) {
        let Some(open) = self.open.pop() else { return };
        let start = number(self.tree.items.len());
        self.tree.items.extend(self.items.drain(open.items..));
        let count = number(self.tree.items.len()) - start;
        if let Some(slot) = self.slot(open.at) {
            (slot.start, slot.count) = (start, count);
        }
    }

    /// Closes the innermost object. Returns whether each name stands in it once.
    pub fn close_object(&mut self) -> bool {
        let Some(open) = self.open.pop() else { return true };
        let mut once = true;
        let mut at = self.tree.slot(open.at).map_or(NONE, |slot| slot.start);
        while let Some(slot) = self.tree.slot(at) {
            if let Some(seen) = self.seen.get_mut(usize::from(slot.name)) {
                once &= std::mem::replace(seen, open.at) != open.at;
            }
            at = slot.next;
        }
        once
    }

    /// Closes the innermost object; members of one name become a list in the place of the first.
    pub fn close_gathered(&mut self) {
        let Some(object) = self.open.last().map(|open| open.at) else { return };
        if !self.close_object() {
            self.gather(object);
        }
    }

    /// An object in which a name stands more than once.
    fn gather(&mut self, object: u32) {
        let members: Vec<u32> = self.members_of(object);
        let mut named: HashMap<u16, Vec<u32>> = HashMap::new();
        for at in &members {
            if let Some(slot) = self.tree.slot(*at) {
                named.entry(slot.name).or_default().push(*at);
            }
        }
        let mut last = NONE;
        if let Some(slot) = self.slot(object) {
            slot.start = NONE;
        }
        for at in members {
            let Some(name) = self.tree.slot(at).map(|slot| slot.name) else { continue };
            let Some(of_name) = named.remove(&name) else { continue };
            let at = if of_name.len() == 1 { at } else { self.list_of(object, name, &of_name) };
            if let Some(slot) = self.slot(at) {
                slot.next = NONE;
            }
            self.follow(object, last, at);
            last = at;
        }
    }

    /// A list of members that have one name.
    fn list_of(&mut self, object: u32, name: u16, of_name: &[u32]) -> u32 {
        let (at, start) = (number(self.tree.slots.len()), number(self.tree.items.len()));
        self.tree.items.extend(of_name);
        let count = number(of_name.len());
        let fate = Cell::new(0);
        self.tree.slots.push(Slot { kind: Kind::List, start, count, next: NONE, above: object, name, fate });
        for item in of_name {
            if let Some(slot) = self.slot(*item) {
                (slot.above, slot.next) = (at, NONE);
            }
        }
        at
    }

    fn members_of(&self, object: u32) -> Vec<u32> {
        let first = self.tree.slot(object).map_or(NONE, |slot| slot.start);
        let next = |at: &u32| self.tree.slot(*at).map(|slot| slot.next).filter(|next| *next != NONE);
        std::iter::successors(Some(first).filter(|first| *first != NONE), next).collect()
    }
}

/// Where a name is looked for among those that were met lately: by its length and two of its letters.
fn place_lately(name: &str) -> usize {
    let (length, bytes) = (name.len(), name.as_bytes());
    let [middle, last] = [length / 2, length.saturating_sub(1)].map(|at| bytes.get(at).copied().map_or(0, usize::from));
    (length * 5 + middle * 3 + last) % LATELY
}

/// A document has at most some millions of bytes.
fn number(of: usize) -> u32 {
    u32::try_from(of).unwrap_or(NONE)
}
