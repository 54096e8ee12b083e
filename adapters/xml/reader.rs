//! From bytes to a tree of elements, or a refusal.

use super::{Build, Element, Elements, Limits};
use crate::seek::seek;
use musubi_core::japan::my_number;
use quick_xml::XmlVersion;
use quick_xml::errors::{Error, IllFormedError};
use quick_xml::escape::EscapeError;
use quick_xml::events::attributes::{Attribute, Attributes};
use quick_xml::events::{BytesDecl, BytesRef, BytesStart, Event};
use quick_xml::name::{NamespaceResolver, ResolveResult};
use quick_xml::reader::Reader;
use std::borrow::Cow;
use std::fmt;

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
    /// A comment or instruction holds what looks like an individual number (S-66): no value has it, but the document is kept as it came.
    IndividualNumber,
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
    Reading::new(text, limits, known, true, Elements::new(known)).all().map(Elements::finish)
}

/// Reads a document that was decoded already; the encoding that it declares is not looked at.
///
/// # Errors
/// At the first thing that is refused.
pub fn read_text(text: &str, limits: &Limits, known: fn(&str) -> bool) -> Result<Element, Refusal> {
    build(text, limits, known, Elements::new(known)).map(Elements::finish)
}

/// As [`read_text`], but what is made of the document is the builder's: it has seen a whole root when it comes back.
///
/// # Errors
/// At the first thing that is refused.
pub fn build<'t, B: Build<'t>>(
    text: &'t str,
    limits: &Limits,
    known: fn(&str) -> bool,
    builder: B,
) -> Result<B, Refusal> {
    if text.len() > limits.bytes {
        return Err(Refusal { fault: Fault::TooLarge, place: "/".to_owned() });
    }
    Reading::new(text, limits, known, false, builder).all()
}

/// Longest place, in bytes: deeper elements have the place of the last above them that fits.
const PLACE_BYTES_MAX: usize = 256;

/// The place of an element below another. Its name is shown if the format knows it.
pub(super) fn place_below(above: &str, name: &str, known: fn(&str) -> bool) -> String {
    let shown = if known(name) { name } else { "*" };
    if above.len() + shown.len() < PLACE_BYTES_MAX { [above, "/", shown].concat() } else { above.to_owned() }
}

/// A document as far as it was read.
struct Reading<'t, 'l, B> {
    text: &'t str,
    limits: &'l Limits,
    known: fn(&str) -> bool,
    must_be_utf8: bool,
    builder: B,
    open: Vec<Open<'t>>,
    elements: usize,
    namespaces: NamespaceResolver,
    /// Declarations of namespaces that are in scope.
    declared: usize,
    /// Has anything been read yet? A declaration stands first or nowhere.
    begun: bool,
}

/// An element that is open.
struct Open<'t> {
    name: &'t str,
    /// Bytes of its character data.
    text: usize,
    /// How many namespaces it declares; `None` of one that may declare none.
    declares: Option<usize>,
}

impl<'t, 'l, B: Build<'t>> Reading<'t, 'l, B> {
    fn new(text: &'t str, limits: &'l Limits, known: fn(&str) -> bool, must_be_utf8: bool, builder: B) -> Self {
        let (open, namespaces) = (Vec::new(), NamespaceResolver::default());
        let (elements, declared, begun) = (0, 0, false);
        Reading { text, limits, known, must_be_utf8, builder, open, elements, namespaces, declared, begun }
    }

    fn all(mut self) -> Result<B, Refusal> {
        let mut reader = Reader::from_str(self.text);
        let config = reader.config_mut();
        config.expand_empty_elements = true;
        config.check_comments = true;
        loop {
            let step = match reader.read_event() {
                Ok(Event::Eof) if self.open.is_empty() && self.elements > 0 => return Ok(self.builder),
                Ok(Event::Eof) => Err(Fault::Truncated),
                Ok(Event::Start(start)) => self.start(&start, reader.buffer_position()),
                Ok(event) => self.take(event),
                Err(error) => Err(fault_of(&error)),
            };
            if let Err(fault) = step {
                return Err(self.refusal(fault));
            }
            self.begun = true;
        }
    }

    fn refusal(&self, fault: Fault) -> Refusal {
        let below = |place: String, open: &Open<'_>| place_below(&place, open.name, self.known);
        let place = self.open.iter().fold(String::new(), below);
        Refusal { fault, place: if place.is_empty() { "/".to_owned() } else { place } }
    }

    fn take(&mut self, event: Event<'t>) -> Result<(), Fault> {
        match event {
            Event::End(_) => self.end(),
            Event::Text(text) => self.text(text.xml10_content()),
            Event::CData(_) if self.open.is_empty() => Err(Fault::BesideRoot),
            Event::CData(text) => self.text(text.xml10_content()),
            Event::GeneralRef(reference) => self.reference(&reference),
            Event::Decl(declaration) => self.declaration(&declaration),
            Event::DocType(_) => Err(Fault::Doctype),
            Event::PI(_) if !self.limits.instructions => Err(Fault::Instruction),
            Event::PI(said) if my_number::contains(&said) => Err(Fault::IndividualNumber),
            Event::Comment(said) if my_number::contains(&said) => Err(Fault::IndividualNumber),
            Event::PI(_) | Event::Comment(_) | Event::Start(_) | Event::Empty(_) | Event::Eof => Ok(()),
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

    /// `after` is where the tag ended.
    fn start(&mut self, start: &BytesStart<'t>, after: u64) -> Result<(), Fault> {
        if self.open.is_empty() && self.elements > 0 {
            return Err(Fault::BesideRoot);
        }
        self.elements += 1;
        if self.elements > self.limits.elements {
            return Err(Fault::TooManyElements);
        }
        if self.open.len() >= self.limits.depth {
            return Err(Fault::TooDeep);
        }
        if start.name().as_ref().len() > self.limits.name_bytes {
            return Err(Fault::NameTooLong);
        }
        let tag = self.tag(start, after).ok_or(Fault::IllFormed)?;
        let length = start.name().as_ref().len();
        // Most elements declare nothing, and their attributes need not be looked through for it.
        let may_declare = tag.len() > length && tag.contains("xmlns");
        if may_declare {
            self.namespaces.push(start).map_err(|error| fault_of(&error.into()))?;
        }
        let (namespace, local) = self.namespaces.resolve_element(start.name());
        let namespace = name_of(&namespace, self.limits)?;
        let name = tag.get(length - local.as_ref().len()..length).unwrap_or_default();
        self.builder.start(namespace, name);
        let declares = self.attributes(tag, length)?;
        self.declared += declares;
        if self.declared > self.limits.namespaces {
            return Err(Fault::TooManyAttributes);
        }
        self.open.push(Open { name, text: 0, declares: may_declare.then_some(declares) });
        Ok(())
    }

    /// What stands in a tag, as long as the text lives: the library lends it for the time of the event alone.
    fn tag(&self, start: &BytesStart<'_>, after: u64) -> Option<&'t str> {
        let before_end = self.text.get(..usize::try_from(after).ok()?)?.strip_suffix('>')?;
        let whole = before_end.strip_suffix('/').filter(|rest| rest.ends_with(&**start)).unwrap_or(before_end);
        whole.get(whole.len().checked_sub(start.len())?..).filter(|tag| *tag == &**start)
    }

    /// Returns how many of them declare a namespace.
    fn attributes(&mut self, tag: &'t str, name_length: usize) -> Result<usize, Fault> {
        let mut declared = 0;
        for (count, attribute) in Attributes::new(tag, name_length).enumerate() {
            if count >= self.limits.attributes {
                return Err(Fault::TooManyAttributes);
            }
            let attribute = attribute.map_err(|_| Fault::IllFormed)?;
            if attribute.key.as_ref().len() > self.limits.name_bytes {
                return Err(Fault::NameTooLong);
            }
            let key = attribute.key;
            let value = self.value(attribute)?;
            if key.as_namespace_binding().is_some() {
                declared += 1;
                continue;
            }
            let (namespace, name) = self.namespaces.resolve_attribute(key);
            self.builder.attribute(name_of(&namespace, self.limits)?, name.into_inner(), value);
        }
        Ok(declared)
    }

    /// What an attribute says; nearly always just what is written.
    fn value(&self, attribute: Attribute<'t>) -> Result<Cow<'t, str>, Fault> {
        let is_plain = seek(attribute.value.as_bytes(), |byte| {
            (byte < b' ') | (byte == b'&') | (byte == b'<') | (byte == FIRST_OF_NONE)
        })
        .is_none();
        if !is_plain && attribute.value.contains('<') {
            return Err(Fault::IllFormed);
        }
        if attribute.value.len() > self.limits.attribute_bytes {
            return Err(Fault::TextTooLong);
        }
        if is_plain {
            return Ok(attribute.value);
        }
        let value = attribute.normalized_value(XmlVersion::Explicit1_0).map_err(|error| fault_of(&error))?;
        allowed(&value)?;
        Ok(value)
    }

    fn end(&mut self) -> Result<(), Fault> {
        let open = self.open.pop().ok_or(Fault::IllFormed)?;
        if let Some(declared) = open.declares {
            self.namespaces.pop();
            self.declared -= declared;
        }
        self.builder.end();
        Ok(())
    }

    fn text(&mut self, text: Cow<'t, str>) -> Result<(), Fault> {
        allowed(&text)?;
        match self.open.last_mut() {
            Some(open) if open.text + text.len() > self.limits.text_bytes => return Err(Fault::TextTooLong),
            Some(open) => {
                open.text += text.len();
                self.builder.text(text);
            }
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
        self.text(Cow::Owned(letter.to_string()))
    }
}

fn name_of<'n>(resolved: &ResolveResult<'n>, limits: &Limits) -> Result<Option<&'n str>, Fault> {
    match resolved {
        ResolveResult::Bound(namespace) if namespace.as_ref().len() > limits.name_bytes => Err(Fault::NameTooLong),
        ResolveResult::Bound(namespace) => Ok(Some(namespace.into_inner())),
        ResolveResult::Unbound => Ok(None),
        ResolveResult::Unknown(_) => Err(Fault::IllFormed),
    }
}

/// The two that are no characters of XML begin with this byte, and few others do.
const FIRST_OF_NONE: u8 = 0xEF;

/// Only the characters of XML 1.0.
fn allowed(text: &str) -> Result<(), Fault> {
    if seek(text.as_bytes(), |byte| (byte < b' ') | (byte == FIRST_OF_NONE)).is_none() {
        return Ok(());
    }
    let control = |byte: u8| byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r');
    let has_none = text.contains(['\u{FFFE}', '\u{FFFF}']);
    if text.bytes().any(control) || has_none { Err(Fault::Control) } else { Ok(()) }
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
