//! From bytes to a tree of elements, or a refusal.

use super::{Attribute, Element, Limits};
use quick_xml::XmlVersion;
use quick_xml::errors::{Error, IllFormedError};
use quick_xml::escape::EscapeError;
use quick_xml::events::{BytesDecl, BytesRef, BytesStart, Event};
use quick_xml::name::ResolveResult;
use quick_xml::reader::NsReader;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

/// Longest place, in bytes: deeper elements have the place of the last above them that fits.
const PLACE_BYTES_MAX: usize = 256;

/// Why a document was refused. Holds nothing of its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Not UTF-8, or UTF-8 with a byte order mark.
    NotUtf8,
    /// The declaration names another encoding.
    OtherEncoding,
    /// A DOCTYPE.
    Doctype,
    /// An entity that XML does not know by itself, or a character reference to no character.
    Entity,
    /// A processing instruction, or a declaration that is not the first thing.
    Instruction,
    /// A control character that XML does not allow.
    Control,
    /// It ends before its root does.
    Truncated,
    /// There is something beside the one root.
    BesideRoot,
    /// Not well-formed in another way.
    IllFormed,
    /// More bytes than allowed.
    TooLarge,
    /// Nested deeper than allowed.
    TooDeep,
    /// More elements than allowed.
    TooManyElements,
    /// More attributes, or more namespaces, than allowed.
    TooManyAttributes,
    /// A name, also of a namespace, longer than allowed.
    NameTooLong,
    /// The value of an attribute, or the character data of an element, longer than allowed.
    TextTooLong,
}

impl Fault {
    /// Is it a limit, not the form, that was violated?
    pub const fn is_limit(self) -> bool {
        matches!(
            self,
            Fault::TooLarge
                | Fault::TooDeep
                | Fault::TooManyElements
                | Fault::TooManyAttributes
                | Fault::NameTooLong
                | Fault::TextTooLong
        )
    }
}

/// What was refused, and the innermost element that was open then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Why.
    pub fault: Fault,
    /// `/CaseQueryRequest/Criteria`; `/` outside the root.
    pub place: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} at {}", self.fault, self.place)
    }
}

/// Reads a document in UTF-8 without byte order mark. `known` tells which names may stand in a place.
///
/// # Errors
/// At the first thing that is refused.
pub fn read(bytes: &[u8], limits: &Limits, known: fn(&str) -> bool) -> Result<Element, Refusal> {
    let outside = |fault| Refusal { fault, place: "/".to_owned() };
    if bytes.len() > limits.bytes {
        return Err(outside(Fault::TooLarge));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| outside(Fault::NotUtf8))?;
    if text.starts_with('\u{FEFF}') {
        return Err(outside(Fault::NotUtf8));
    }
    Tree::new(limits, known, true).read(text)
}

/// Reads a document that was decoded already; the encoding that it declares is not looked at.
///
/// # Errors
/// At the first thing that is refused.
pub fn read_text(text: &str, limits: &Limits, known: fn(&str) -> bool) -> Result<Element, Refusal> {
    if text.len() > limits.bytes {
        return Err(Refusal { fault: Fault::TooLarge, place: "/".to_owned() });
    }
    Tree::new(limits, known, false).read(text)
}

/// The tree as far as it was read.
struct Tree<'a> {
    limits: &'a Limits,
    known: fn(&str) -> bool,
    must_be_utf8: bool,
    open: Vec<Element>,
    root: Option<Element>,
    elements: usize,
    /// Each namespace once: a long name is not copied into every element.
    namespaces: BTreeSet<Arc<str>>,
    /// Has anything been read yet? A declaration stands first or nowhere.
    begun: bool,
}

impl<'a> Tree<'a> {
    fn new(limits: &'a Limits, known: fn(&str) -> bool, must_be_utf8: bool) -> Self {
        Tree {
            limits,
            known,
            must_be_utf8,
            open: Vec::new(),
            root: None,
            elements: 0,
            namespaces: BTreeSet::new(),
            begun: false,
        }
    }

    fn read(mut self, text: &str) -> Result<Element, Refusal> {
        let mut reader = NsReader::from_str(text);
        let config = reader.config_mut();
        config.expand_empty_elements = true;
        config.check_comments = true;
        loop {
            let step = match reader.read_event() {
                Ok(Event::Eof) => return self.finish(),
                Ok(event) => self.take(event, &reader),
                Err(error) => Err(fault_of(&error)),
            };
            if let Err(fault) = step {
                return Err(self.refusal(fault));
            }
            self.begun = true;
        }
    }

    fn refusal(&self, fault: Fault) -> Refusal {
        let place = self.open.last().map_or_else(|| "/".to_owned(), |element| element.place.clone());
        Refusal { fault, place }
    }

    fn finish(mut self) -> Result<Element, Refusal> {
        match (self.open.is_empty(), self.root.take()) {
            (true, Some(root)) => Ok(root),
            _ => Err(self.refusal(Fault::Truncated)),
        }
    }

    fn take(&mut self, event: Event<'_>, reader: &NsReader<&[u8]>) -> Result<(), Fault> {
        match event {
            Event::Start(start) => self.start(&start, reader),
            Event::End(_) => self.end(),
            Event::Text(text) => self.text(&text.xml10_content()),
            Event::CData(_) if self.open.is_empty() => Err(Fault::BesideRoot),
            Event::CData(text) => self.text(&text.xml10_content()),
            Event::GeneralRef(reference) => self.reference(&reference),
            Event::Decl(declaration) => self.declaration(&declaration),
            Event::DocType(_) => Err(Fault::Doctype),
            Event::PI(_) if self.limits.instructions => Ok(()),
            Event::PI(_) => Err(Fault::Instruction),
            Event::Comment(_) | Event::Empty(_) | Event::Eof => Ok(()),
        }
    }

    fn declaration(&self, declaration: &BytesDecl<'_>) -> Result<(), Fault> {
        if self.begun {
            return Err(Fault::Instruction);
        }
        match declaration.version() {
            Ok(version) if version == "1.0" => {}
            _ => return Err(Fault::IllFormed),
        }
        match declaration.encoding() {
            Some(Ok(encoding)) if self.must_be_utf8 && !encoding.eq_ignore_ascii_case("UTF-8") => {
                Err(Fault::OtherEncoding)
            }
            Some(Err(_)) => Err(Fault::IllFormed),
            _ => Ok(()),
        }
    }

    fn start(&mut self, start: &BytesStart<'_>, reader: &NsReader<&[u8]>) -> Result<(), Fault> {
        if self.open.is_empty() && self.root.is_some() {
            return Err(Fault::BesideRoot);
        }
        self.elements += 1;
        if self.elements > self.limits.elements {
            return Err(Fault::TooManyElements);
        }
        if self.open.len() >= self.limits.depth {
            return Err(Fault::TooDeep);
        }
        let name = start.name();
        if name.as_ref().len() > self.limits.name_bytes {
            return Err(Fault::NameTooLong);
        }
        let (namespace, local) = reader.resolver().resolve_element(name);
        let local: &str = local.as_ref();
        let element = Element {
            namespace: self.namespace(namespace)?,
            name: local.to_owned(),
            attributes: self.attributes(start, reader)?,
            children: Vec::new(),
            text: String::new(),
            at: self.open.last().map_or(0, |above| above.text.len()),
            place: self.place_of(local),
        };
        self.open.push(element);
        Ok(())
    }

    fn place_of(&self, name: &str) -> String {
        let shown = if (self.known)(name) { name } else { "*" };
        let above = self.open.last().map_or("", |element| element.place.as_str());
        if above.len() + shown.len() < PLACE_BYTES_MAX { format!("{above}/{shown}") } else { above.to_owned() }
    }

    fn namespace(&mut self, resolved: ResolveResult<'_>) -> Result<Option<Arc<str>>, Fault> {
        let namespace = match resolved {
            ResolveResult::Bound(namespace) => namespace,
            ResolveResult::Unbound => return Ok(None),
            ResolveResult::Unknown(_) => return Err(Fault::IllFormed),
        };
        let name: &str = namespace.as_ref();
        if name.len() > self.limits.name_bytes {
            return Err(Fault::NameTooLong);
        }
        if let Some(known) = self.namespaces.get(name) {
            return Ok(Some(Arc::clone(known)));
        }
        let name: Arc<str> = Arc::from(name);
        self.namespaces.insert(Arc::clone(&name));
        Ok(Some(name))
    }

    fn attributes(&mut self, start: &BytesStart<'_>, reader: &NsReader<&[u8]>) -> Result<Vec<Attribute>, Fault> {
        let mut attributes = Vec::new();
        for (count, attribute) in start.attributes().enumerate() {
            if count >= self.limits.attributes {
                return Err(Fault::TooManyAttributes);
            }
            let attribute = attribute.map_err(|_| Fault::IllFormed)?;
            if attribute.key.as_ref().len() > self.limits.name_bytes {
                return Err(Fault::NameTooLong);
            }
            if attribute.value.contains('<') {
                return Err(Fault::IllFormed);
            }
            if attribute.value.len() > self.limits.attribute_bytes {
                return Err(Fault::TextTooLong);
            }
            let value = attribute.normalized_value(XmlVersion::Explicit1_0).map_err(|error| fault_of(&error))?;
            allowed(&value)?;
            if attribute.key.as_namespace_binding().is_some() {
                continue;
            }
            let (namespace, name) = reader.resolver().resolve_attribute(attribute.key);
            let name: &str = name.as_ref();
            attributes.push(Attribute {
                namespace: self.namespace(namespace)?,
                name: name.to_owned(),
                value: value.into_owned(),
            });
        }
        Ok(attributes)
    }

    fn end(&mut self) -> Result<(), Fault> {
        let element = self.open.pop().ok_or(Fault::IllFormed)?;
        match self.open.last_mut() {
            Some(parent) => parent.children.push(element),
            None => self.root = Some(element),
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), Fault> {
        allowed(text)?;
        match self.open.last_mut() {
            Some(element) if element.text.len() + text.len() > self.limits.text_bytes => {
                return Err(Fault::TextTooLong);
            }
            Some(element) => element.text.push_str(text),
            None if text.chars().all(|letter| matches!(letter, ' ' | '\t' | '\r' | '\n')) => {}
            None => return Err(Fault::BesideRoot),
        }
        Ok(())
    }

    fn reference(&mut self, reference: &BytesRef<'_>) -> Result<(), Fault> {
        let letter = match reference.resolve_char_ref() {
            Ok(Some(letter)) => letter,
            Ok(None) => match reference.as_ref() {
                "amp" => '&',
                "lt" => '<',
                "gt" => '>',
                "quot" => '"',
                "apos" => '\'',
                _ => return Err(Fault::Entity),
            },
            Err(_) => return Err(Fault::Entity),
        };
        if self.open.is_empty() {
            return Err(Fault::BesideRoot);
        }
        self.text(letter.encode_utf8(&mut [0; 4]))
    }
}

/// Only the characters of XML 1.0.
fn allowed(text: &str) -> Result<(), Fault> {
    let forbidden = |letter: char| {
        let control = letter < ' ' && !matches!(letter, '\t' | '\n' | '\r');
        control || matches!(letter, '\u{FFFE}' | '\u{FFFF}')
    };
    if text.chars().any(forbidden) { Err(Fault::Control) } else { Ok(()) }
}

/// What a fault of the parser means here. What it says about the text is dropped.
fn fault_of(error: &Error) -> Fault {
    match error {
        Error::Syntax(_) => Fault::Truncated,
        Error::IllFormed(IllFormedError::UnclosedReference) => Fault::Entity,
        Error::Escape(EscapeError::UnrecognizedEntity(..) | EscapeError::InvalidCharRef(_)) => Fault::Entity,
        Error::Namespace(quick_xml::name::NamespaceError::TooManyBindings(_)) => Fault::TooManyAttributes,
        _ => Fault::IllFormed,
    }
}
