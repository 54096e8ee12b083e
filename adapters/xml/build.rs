//! What is made of a document while it is read: a tree of elements, or what a format makes of it without one.

use super::reader::place_below;
use super::{Attribute, Element};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Is told a document piece by piece, in order. What it is told was checked.
pub trait Build<'t> {
    /// An element begins.
    fn start(&mut self, namespace: Option<&str>, name: &'t str);
    /// An attribute of the element that began last; declarations of namespaces are none.
    fn attribute(&mut self, namespace: Option<&str>, name: &'t str, value: Cow<'t, str>);
    /// Character data of the innermost element that is open; there may be several in a row.
    fn text(&mut self, text: Cow<'t, str>);
    /// The innermost element that is open ends.
    fn end(&mut self);
}

/// Builds the tree of elements.
pub struct Elements {
    known: fn(&str) -> bool,
    /// The elements that are open, below what will hold the root.
    open: Vec<Element>,
    above: Element,
    /// Each namespace once: a long name is not copied into every element.
    namespaces: BTreeSet<Arc<str>>,
}

impl Elements {
    /// With nothing in it yet. `known` tells which names may stand in a place.
    pub fn new(known: fn(&str) -> bool) -> Self {
        let above = Element {
            namespace: None,
            name: String::new(),
            attributes: Vec::new(),
            children: Vec::new(),
            text: String::new(),
            at: 0,
            place: String::new(),
        };
        Elements { known, open: Vec::new(), above, namespaces: BTreeSet::new() }
    }

    /// The root, once it has ended; an element without a name before it has begun.
    pub fn finish(mut self) -> Element {
        self.above.children.pop().unwrap_or(self.above)
    }

    fn innermost(&mut self) -> &mut Element {
        self.open.last_mut().unwrap_or(&mut self.above)
    }

    fn namespace(&mut self, name: Option<&str>) -> Option<Arc<str>> {
        let name = name?;
        if let Some(known) = self.namespaces.get(name) {
            return Some(Arc::clone(known));
        }
        let name: Arc<str> = Arc::from(name);
        self.namespaces.insert(Arc::clone(&name));
        Some(name)
    }
}

impl<'t> Build<'t> for Elements {
    fn start(&mut self, namespace: Option<&str>, name: &'t str) {
        let namespace = self.namespace(namespace);
        let known = self.known;
        let above = self.innermost();
        let (at, place) = (above.text.len(), place_below(&above.place, name, known));
        let (attributes, children, text) = (Vec::new(), Vec::new(), String::new());
        self.open.push(Element { namespace, name: name.to_owned(), attributes, children, text, at, place });
    }

    fn attribute(&mut self, namespace: Option<&str>, name: &'t str, value: Cow<'t, str>) {
        let namespace = self.namespace(namespace);
        let attribute = Attribute { namespace, name: name.to_owned(), value: value.into_owned() };
        self.innermost().attributes.push(attribute);
    }

    fn text(&mut self, text: Cow<'t, str>) {
        self.innermost().text.push_str(&text);
    }

    fn end(&mut self) {
        if let Some(ended) = self.open.pop() {
            self.innermost().children.push(ended);
        }
    }
}
