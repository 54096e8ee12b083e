//! The tables as text. Of a structure, `= Patient : DomainResource` (what it is and what it is derived from) or `= ADDRESS < Patient`
//! (what is demanded besides of a Patient that claims the address), then a line for each element:
//!
//! ```text
//! contact.gender 0..1 code {administrative-gender}
//! link.other 1..1 Reference(Patient,RelatedPerson)
//! url 1..1 uri = "http://example.jp"
//! ```
//!
//! path, cardinality, types (whereto a reference leads in round brackets, a profile of the type in angular ones, `@` and a path for
//! the type of another element), the value set where it is required, the value where it is fixed. A rule without a type has `-`; one
//! for the extensions of an address has it behind `extension`. Of a value set, `* NAME SYSTEM CODE CODE …`.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::Definitions;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt::{self, Display, Formatter};

/// Where the structures of HL7 stand; in the tables they are named without it.
const HL7: &str = "http://hl7.org/fhir/StructureDefinition/";

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Structure {
    /// What it is derived from, or for what its rules are.
    pub(super) base: String,
    pub(super) is_rules: bool,
    pub(super) elements: Vec<Element>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Element {
    pub(super) path: String,
    pub(super) min: usize,
    pub(super) max: Option<usize>,
    pub(super) kinds: Vec<Kind>,
    pub(super) set: Option<String>,
    pub(super) fixed: Option<Value>,
}

/// A type that an element may have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Kind {
    pub(super) code: String,
    pub(super) targets: Vec<String>,
    pub(super) profiles: Vec<String>,
}

/// A name without what is the same for all of HL7's.
pub(super) fn short(address: &str) -> &str {
    let address = address.split('|').next().unwrap_or(address);
    address.strip_prefix(HL7).unwrap_or(address)
}

impl Element {
    /// The members that it may be, each with its type.
    pub(super) fn names(&self, name: &str) -> Vec<(String, &Kind)> {
        let Some(name) = name.strip_suffix("[x]") else {
            return self.kinds.iter().take(1).map(|kind| (name.to_owned(), kind)).collect();
        };
        self.kinds.iter().map(|kind| (format!("{name}{}", capitalised(&kind.code)), kind)).collect()
    }

    pub(super) fn is_list(&self) -> bool {
        self.max.is_none_or(|max| max > 1)
    }

    pub(super) fn cardinality(&self) -> String {
        format!("{}..{}", self.min, self.max.map_or("*".to_owned(), |max| max.to_string()))
    }
}

impl Kind {
    pub(super) fn is_primitive(&self) -> bool {
        self.code.starts_with(|letter: char| letter.is_ascii_lowercase())
    }
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

impl Definitions {
    /// The tables of this folder.
    pub(in crate::hospital::fhir) fn of_the_tables() -> Self {
        let mut definitions = Definitions::read(include_str!("r4.txt"));
        let japan = Definitions::read(include_str!("japan.txt"));
        definitions.structures.extend(japan.structures);
        definitions
    }

    /// Reads a table.
    pub(super) fn read(table: &str) -> Self {
        let mut definitions = Definitions::default();
        let mut last = String::new();
        for line in table.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let words: Vec<&str> = line.split_whitespace().collect();
            match words.as_slice() {
                ["=", name, rest @ ..] => {
                    let (is_rules, base) = (rest.first() == Some(&"<"), rest.get(1).copied().unwrap_or_default());
                    last = (*name).to_owned();
                    let structure = Structure { base: base.to_owned(), is_rules, elements: Vec::new() };
                    definitions.structures.insert(last.clone(), structure);
                }
                ["*", set, system, codes @ ..] => {
                    let of_system = definitions.sets.entry((*set).to_owned()).or_default();
                    let codes: BTreeSet<String> = codes.iter().map(|code| (*code).to_owned()).collect();
                    of_system.insert((*system).to_owned(), codes);
                }
                _ => {
                    let element = element(line).unwrap_or_else(|| panic!("no line of a table: {line}"));
                    definitions.structures.get_mut(&last).expect("a structure stands above").elements.push(element);
                }
            }
        }
        definitions
    }
}

fn element(line: &str) -> Option<Element> {
    let (line, fixed) = line.split_once(" = ").map_or((line, None), |(line, fixed)| (line, Some(fixed)));
    let mut words = line.split_whitespace();
    let (path, cardinality, kinds) = (words.next()?, words.next()?, words.next()?);
    let (min, max) = cardinality.split_once("..")?;
    let kinds = kinds.split('|').filter(|kind| *kind != "-").map(kind).collect();
    let set = words.next().map(|set| set.trim_matches(['{', '}']).to_owned());
    let fixed = fixed.map(|fixed| serde_json::from_str(fixed).unwrap());
    Some(Element { path: path.to_owned(), min: min.parse().ok()?, max: max.parse().ok(), kinds, set, fixed })
}

fn kind(written: &str) -> Kind {
    let list = |text: &str| text.split(',').map(str::to_owned).collect();
    let (rest, profiles) = written
        .split_once('<')
        .map_or((written, Vec::new()), |(rest, profiles)| (rest, list(profiles.trim_end_matches('>'))));
    let (code, targets) =
        rest.split_once('(').map_or((rest, Vec::new()), |(code, targets)| (code, list(targets.trim_end_matches(')'))));
    Kind { code: code.to_owned(), targets, profiles }
}

impl Display for Definitions {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        for (name, structure) in &self.structures {
            let sign = if structure.is_rules { '<' } else { ':' };
            let base = if structure.base.is_empty() { String::new() } else { format!(" {sign} {}", structure.base) };
            writeln!(out, "\n= {name}{base}")?;
            for element in &structure.elements {
                writeln!(out, "{element}")?;
            }
        }
        writeln!(out)?;
        for (set, systems) in &self.sets {
            for (system, codes) in systems {
                let codes: Vec<&str> = codes.iter().map(String::as_str).collect();
                writeln!(out, "* {set} {system} {}", codes.join(" "))?;
            }
        }
        Ok(())
    }
}

impl Display for Element {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let kinds: Vec<String> = self.kinds.iter().map(Kind::to_string).collect();
        let kinds = if kinds.is_empty() { "-".to_owned() } else { kinds.join("|") };
        write!(out, "{} {} {kinds}", self.path, self.cardinality())?;
        self.set.iter().try_for_each(|set| write!(out, " {{{set}}}"))?;
        self.fixed.iter().try_for_each(|fixed| write!(out, " = {fixed}"))
    }
}

impl Display for Kind {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.code)?;
        for (list, open, close) in [(&self.targets, '(', ')'), (&self.profiles, '<', '>')] {
            if !list.is_empty() {
                write!(out, "{open}{}{close}", list.join(","))?;
            }
        }
        Ok(())
    }
}
