//! A document once it was read.

use std::fmt;
use std::sync::Arc;

/// An element with all that is in it. Shows only its name in logs.
#[derive(Clone, PartialEq, Eq)]
pub struct Element {
    /// Namespace, if any.
    pub namespace: Option<Arc<str>>,
    /// Name without prefix.
    pub name: String,
    /// Attributes in the order of the document, without the declarations of namespaces.
    pub attributes: Vec<Attribute>,
    /// Child elements in order.
    pub children: Vec<Element>,
    /// The character data directly in it, joined; not trimmed.
    pub text: String,
    /// Where in the character data of the element above it stands, in bytes.
    pub at: usize,
    /// Where it is, for diagnostics; below a certain length the place of an element above it.
    pub place: String,
}

/// A part of what is in an element, in the order of the document.
#[derive(Clone, Copy)]
pub enum Piece<'a> {
    /// Character data.
    Text(&'a str),
    /// An element.
    Element(&'a Element),
}

/// An attribute.
#[derive(Clone, PartialEq, Eq)]
pub struct Attribute {
    /// Namespace, if its name has a prefix.
    pub namespace: Option<Arc<str>>,
    /// Name without prefix.
    pub name: String,
    /// Its value, normalised.
    pub value: String,
}

impl fmt::Debug for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Element({})", self.place)
    }
}

impl fmt::Debug for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Attribute")
    }
}

impl Element {
    /// Is it this element of this namespace?
    pub fn is(&self, namespace: &str, name: &str) -> bool {
        self.name == name && self.namespace.as_deref() == Some(namespace)
    }

    /// Its children of this name and of its own namespace.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |child| child.name == name && child.namespace == self.namespace)
    }

    /// The first child of this name and of its own namespace.
    pub fn child<'a>(&'a self, name: &'a str) -> Option<&'a Element> {
        self.all(name).next()
    }

    /// The value of an attribute without namespace.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|attribute| attribute.namespace.is_none() && attribute.name == name);
        found.map(|attribute| attribute.value.as_str())
    }

    /// Its character data without white space around it.
    pub fn value(&self) -> &str {
        self.text.trim()
    }

    /// Character data and elements in the order of the document.
    pub fn pieces(&self) -> Vec<Piece<'_>> {
        let mut pieces = Vec::with_capacity(self.children.len() * 2 + 1);
        let mut from = 0;
        for child in &self.children {
            pieces.push(Piece::Text(self.text.get(from..child.at).unwrap_or_default()));
            pieces.push(Piece::Element(child));
            from = child.at;
        }
        pieces.push(Piece::Text(self.text.get(from..).unwrap_or_default()));
        pieces
    }

    /// The place of one of its attributes or children.
    pub fn place_of(&self, name: &str) -> String {
        format!("{}/{name}", self.place)
    }
}
