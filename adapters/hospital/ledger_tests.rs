//! The ledger of every document has a line for each value of it, read or refused: counted by another reader, in what others
//! wrote and in documents of no sense.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::cda::Cda;
use super::fhir::{FhirJson, FhirXml};
use crate::testing::{corpus, leaves, now};
use musubi_core::adapter::{Adapter, Profile};
use musubi_core::agency::AgencyId;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;
use serde_json::Value;

/// How many lines a ledger has; `None` for what is not read at all: that has no item and no ledger.
fn lines(adapter: &dyn Adapter, bytes: &[u8]) -> Option<usize> {
    let profile = Profile::offline(AgencyId::new("MED-4810700122").unwrap(), now());
    let decoded = adapter.decode(bytes, &profile);
    (!decoded.items.is_empty()).then(|| decoded.ledger.lines().count())
}

/// Counts the values of each file of a part of the corpus that is read. Returns how many files are.
fn count_files(part: &str, adapter: &dyn Adapter, values_of: fn(&str) -> Option<usize>) -> Option<usize> {
    let (mut files, mut all) = (0, 0);
    for path in corpus(part)? {
        let bytes = std::fs::read(&path).unwrap();
        let text = std::str::from_utf8(bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&bytes)).ok();
        let lines = lines(adapter, &bytes);
        if let Some((lines, values)) = lines.and_then(|lines| Some((lines, values_of(text?)?))) {
            assert_eq!(lines, values, "{}", path.display());
            (files, all) = (files + 1, all + values);
        }
    }
    println!("{all} values of {files} files in {}", adapter.name());
    Some(files)
}

#[test]
fn every_value_of_a_fhir_file_has_a_line_in_its_ledger() {
    let values_of = |text: &str| serde_json::from_str::<Value>(text).ok().map(|value| leaves(&value));
    let Some(files) = count_files("hospital/fhir", &FhirJson, values_of) else { return };
    assert!(files > 50, "few files were counted");
}

#[test]
fn every_value_of_a_fhir_file_in_xml_has_a_line_in_its_ledger() {
    let Some(files) = count_files("hospital/fhir", &FhirXml, |text| Some(Counted::read(text)?.values_of_fhir())) else {
        return;
    };
    assert!(files > 5, "few files were counted");
}

#[test]
fn every_value_of_a_cda_file_has_a_line_in_its_ledger() {
    let Some(files) = count_files("hospital/cda", &Cda, |text| Some(Counted::read(text)?.values_of_cda(false))) else {
        return;
    };
    assert!(files > 50, "few files were counted");
}

/// An element of which is known how much is in it.
#[derive(Default)]
struct Counted {
    /// With its prefix.
    name: String,
    attributes: Vec<(String, String)>,
    text: String,
    children: Vec<Counted>,
}

impl Counted {
    /// The root of a document; `None` when it is none.
    fn read(document: &str) -> Option<Counted> {
        let mut reader = Reader::from_str(document);
        reader.config_mut().expand_empty_elements = true;
        let mut open = vec![Counted::default()];
        loop {
            match reader.read_event().ok()? {
                Event::Eof => return open.pop()?.children.pop(),
                Event::Start(start) => open.push(Counted::opened(&start)),
                Event::End(_) => {
                    let ended = open.pop()?;
                    open.last_mut()?.children.push(ended);
                }
                Event::Text(text) => open.last_mut()?.text.push_str(&text),
                Event::CData(text) => open.last_mut()?.text.push_str(&text),
                Event::GeneralRef(name) => match name.resolve_char_ref().ok()? {
                    Some(letter) => open.last_mut()?.text.push(letter),
                    None => open.last_mut()?.text.push_str(&name),
                },
                _ => {}
            }
        }
    }

    fn opened(start: &BytesStart<'_>) -> Counted {
        let attributes = start.attributes().map(Result::unwrap);
        let attributes = attributes.map(|one| (one.key.as_ref().to_owned(), one.value.into_owned()));
        let attributes = attributes.filter(|(name, _)| name != "xmlns" && !name.starts_with("xmlns:")).collect();
        Counted { name: start.name().as_ref().to_owned(), attributes, ..Counted::default() }
    }

    fn local_name(&self) -> &str {
        self.name.rsplit(':').next().unwrap()
    }

    fn has(&self, attribute: &str) -> bool {
        self.attributes.iter().any(|(name, _)| name == attribute)
    }

    fn has_text(&self) -> bool {
        self.text.contains(|letter| !matches!(letter, ' ' | '\t' | '\r' | '\n'))
    }

    fn has_words(&self) -> bool {
        self.has_text() || self.children.iter().any(Counted::has_words)
    }

    fn attributes_within(&self) -> usize {
        self.attributes.len() + self.children.iter().map(Counted::attributes_within).sum::<usize>()
    }

    /// Attributes and texts; the words of a narrative are one.
    fn values_of_cda(&self, within_text: bool) -> usize {
        let is_text = !within_text && self.local_name() == "text";
        let refers = |child: &Counted| matches!(child.local_name(), "reference" | "thumbnail");
        let is_packed = self.attributes.iter().any(|(name, value)| name == "representation" && value == "B64")
            && !self.text.trim().is_empty();
        let has_mark_up = !self.children.iter().all(refers);
        if is_text && !is_packed && (has_mark_up || self.children.is_empty() && !self.has("mediaType")) {
            return self.attributes_within() + usize::from(self.has_words());
        }
        let inside = self.children.iter().map(|child| child.values_of_cda(within_text || is_text));
        self.values_beside(inside.sum())
    }

    /// Attributes and texts; a narrative is one, and so is the name of a resource.
    fn values_of_fhir(&self) -> usize {
        1 + self.values_beside(self.children.iter().map(Counted::values_of_element).sum())
    }

    fn values_of_element(&self) -> usize {
        if self.local_name() == "div" {
            return 1;
        }
        self.values_beside(match self.children.as_slice() {
            [resource] if resource.name.starts_with(|letter: char| letter.is_ascii_uppercase()) => {
                resource.values_of_fhir()
            }
            children => children.iter().map(Counted::values_of_element).sum(),
        })
    }

    fn values_beside(&self, inside: usize) -> usize {
        self.attributes.len() + usize::from(self.has_text()) + inside
    }
}

const OF_CDA: [&str; 10] =
    ["text", "section", "component", "value", "reference", "paragraph", "content", "x:text", "sdtc:id", "other"];
const OF_FHIR: [&str; 8] = ["name", "text", "contained", "Patient", "x:Patient", "h:div", "h:p", "other"];
const ATTRIBUTES: [&str; 9] = [
    "value='1'",
    "id='2'",
    "url='3'",
    "ID='4'",
    "x:id='5'",
    "other=''",
    "mediaType='text/plain'",
    "representation='B64'",
    "xsi:schemaLocation='6'",
];
const TEXTS: [&str; 8] = ["語", " ", "\n", "\u{a0}", "&#x3000;", "&amp;", "<!-- - -->", "<![CDATA[ <a> ]]>"];

/// A part of a document that nobody would write, of elements with these names.
fn part(names: &'static [&'static str]) -> impl Strategy<Value = String> {
    select(&TEXTS[..]).prop_map(str::to_owned).prop_recursive(5, 40, 4, move |inner| {
        let attributes = subsequence(&ATTRIBUTES[..], 0..4);
        let inside = proptest::collection::vec(inner, 0..4);
        (select(names), attributes, inside).prop_map(|(name, attributes, inside)| {
            format!("<{name} {}>{}</{name}>", attributes.join(" "), inside.concat())
        })
    })
}

/// Such parts within a root.
fn document(root: &str, namespace: &str, parts: &[String]) -> String {
    format!(
        "<{root} xmlns='{namespace}' xmlns:sdtc='urn:hl7-org:sdtc' xmlns:h='http://www.w3.org/1999/xhtml' xmlns:x='urn:x' \
         xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'>{}</{root}>",
        parts.concat()
    )
}

proptest! {
    #[test]
    fn every_value_of_any_cda_has_a_line_in_its_ledger(parts in proptest::collection::vec(part(&OF_CDA), 0..6)) {
        let document = document("ClinicalDocument", "urn:hl7-org:v3", &parts);
        let values = Counted::read(&document).unwrap().values_of_cda(false);
        prop_assert_eq!(lines(&Cda, document.as_bytes()).unwrap(), values, "{}", document);
    }

    #[test]
    fn every_value_of_any_fhir_in_xml_has_a_line_in_its_ledger(parts in proptest::collection::vec(part(&OF_FHIR), 0..6)) {
        let document = document("Patient", "http://hl7.org/fhir", &parts);
        let values = Counted::read(&document).unwrap().values_of_fhir();
        prop_assert_eq!(lines(&FhirXml, document.as_bytes()).unwrap(), values, "{}", document);
    }
}
