//! What is written holds against the definitions of FHIR R4 that HL7 publishes, and against the rules of every profile that it
//! claims: members, cardinalities, types, fixed values, required codes, and whereto a reference may lead. Invariants (FHIRPath)
//! and slices but those of extensions are not looked at.
//!
//! Both stand here as tables, so that nothing need be fetched: `r4.txt` is condensed from HL7's definitions (`published.rs` says
//! how it is made anew), `japan.txt` says in our own words what the Japanese profiles demand that a document of ours claims.

mod published;
mod table;

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use table::{Element, Kind, Structure, short};

/// Structures by type or address, and value sets with their codes by system.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub(super) struct Definitions {
    structures: BTreeMap<String, Structure>,
    sets: BTreeMap<String, BTreeMap<String, BTreeSet<String>>>,
}

impl Definitions {
    /// What is wrong with a resource, and with those in it.
    pub(super) fn faults(&self, resource: &Value) -> Vec<String> {
        let entries = items(&resource["entry"]).iter();
        let placed = entries.filter(|entry| entry["fullUrl"].is_string());
        let kinds = placed.map(|entry| (text(&entry["fullUrl"]), text(&entry["resource"]["resourceType"]))).collect();
        let mut check = Check { definitions: self, kinds, faults: Vec::new() };
        check.resource(resource, text(&resource["resourceType"]));
        check.faults
    }

    /// The elements of a structure and of what it is derived from.
    fn elements<'d>(&'d self, name: &str) -> Vec<&'d Element> {
        let mut elements = Vec::new();
        let mut next = self.structures.get(name);
        while let Some(structure) = next {
            elements.extend(&structure.elements);
            next = self.structures.get(&structure.base).filter(|_| !structure.is_rules);
        }
        elements
    }

    /// The rules for what claims an address, if they are known.
    fn rules(&self, address: &str) -> Option<&Structure> {
        self.structures.get(short(address)).filter(|structure| structure.is_rules)
    }

    /// Is a code in a value set? The system counts where one is told.
    fn holds(&self, set: &str, system: &str, code: &str) -> bool {
        let systems = self.sets.get(set).into_iter().flatten();
        systems.filter(|(known, _)| system.is_empty() || *known == system).any(|(_, codes)| codes.contains(code))
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

struct Check<'d> {
    definitions: &'d Definitions,
    /// Types of resources by where they stand in the Bundle.
    kinds: BTreeMap<&'d str, &'d str>,
    faults: Vec<String>,
}

impl<'d> Check<'d> {
    fn fault(&mut self, place: &str, what: &str) {
        self.faults.push(format!("{place}: {what}"));
    }

    fn resource(&mut self, value: &'d Value, place: &str) {
        let kind = text(&value["resourceType"]);
        if !self.definitions.structures.contains_key(kind) {
            return self.fault(place, "no resource of the table");
        }
        self.typed(value, kind, place);
        for claimed in items(&value["meta"]["profile"]).iter().map(text) {
            match self.definitions.rules(claimed) {
                Some(rules) if rules.base == kind => self.claim(value, rules, place),
                Some(_) => self.fault(place, "claims a profile of another resource"),
                None => self.fault(place, "claims a profile of which the table has no rules"),
            }
        }
    }

    /// Holds an object against the elements of a type.
    fn typed(&mut self, value: &'d Value, kind: &str, place: &str) {
        let elements = self.definitions.elements(kind);
        self.object(value, &self.inner(&elements, "", ""), &elements, place);
    }

    /// The elements directly below a path of a type, each with its name; and those of the structure that stands there.
    fn inner(&self, all: &[&'d Element], path: &str, kind: &str) -> Vec<(&'d str, &'d Element)> {
        let inherited = self.definitions.elements(kind).into_iter().map(|one| (one.path.as_str(), one));
        all.iter().filter_map(|one| Some((below(&one.path, path)?, *one))).chain(inherited).collect()
    }

    /// Holds an object against elements; `all` are those of the type in which they stand.
    fn object(&mut self, value: &'d Value, elements: &[(&'d str, &'d Element)], all: &[&'d Element], place: &str) {
        let Some(members) = value.as_object().filter(|members| !members.is_empty()) else {
            return self.fault(place, "an object with something in it must stand here");
        };
        let mut known = BTreeSet::from(["resourceType".to_owned()]);
        for (name, element) in elements {
            let names = element.names(name);
            let stands = |name: &String| members.contains_key(name) || members.contains_key(&format!("_{name}"));
            let standing: Vec<_> = names.iter().filter(|(name, _)| stands(name)).collect();
            if standing.len() > 1 {
                self.fault(place, &format!("{name} stands in two types"));
            }
            let value = standing.first().and_then(|(name, _)| members.get(name));
            let count = value.and_then(Value::as_array).map_or(standing.len().min(1), Vec::len);
            self.count(element, name, count, place);
            if value.is_some_and(|value| value.is_array() != element.is_list()) {
                self.fault(place, &format!("{name} is a list where it must be none, or none where it must be one"));
            }
            for (name, kind) in &standing {
                let place = format!("{place}.{name}");
                for (number, value) in each(members.get(name)).enumerate() {
                    self.value(value, element, kind, all, &format!("{place}[{number}]"));
                }
                for beside in each(members.get(&format!("_{name}"))).filter(|beside| !beside.is_null()) {
                    self.typed(beside, "Element", &place);
                }
            }
            known.extend(names.iter().flat_map(|(name, _)| [name.clone(), format!("_{name}")]));
        }
        for member in members.keys().filter(|member| !known.contains(*member)) {
            self.fault(place, &format!("{member} is no member of it"));
        }
    }

    fn count(&mut self, element: &Element, name: &str, count: usize, place: &str) {
        if count < element.min || element.max.is_some_and(|max| count > max) {
            self.fault(place, &format!("{count} of {name}, but {}", element.cardinality()));
        }
    }

    /// Holds a value against its element, and what is in it against its type.
    fn value(&mut self, value: &'d Value, element: &'d Element, kind: &'d Kind, all: &[&'d Element], place: &str) {
        match kind.code.as_str() {
            code if code.starts_with('@') => {
                let path = code.trim_start_matches('@');
                self.object(value, &self.inner(all, path, "BackboneElement"), all, place);
            }
            "Resource" => self.resource(value, place),
            "BackboneElement" | "Element" => {
                self.object(value, &self.inner(all, &element.path, &kind.code), all, place)
            }
            code if kind.is_primitive() => self.primitive(value, code, place),
            code => self.typed(value, code, place),
        }
        self.said(value, element, kind, place);
    }

    /// What holds of a value whatever its type has in it: the rules of its extension or profile, its target, its codes.
    fn said(&mut self, value: &'d Value, element: &'d Element, kind: &'d Kind, place: &str) {
        if kind.code == "Extension" {
            match self.definitions.rules(text(&value["url"])) {
                Some(rules) => self.claim(value, rules, place),
                None => self.fault(place, "an extension of which the table has no rules"),
            }
        }
        for profile in &kind.profiles {
            match self.definitions.rules(profile) {
                Some(rules) => self.claim(value, rules, place),
                None => self.fault(place, &format!("the table has no rules of {profile}")),
            }
        }
        if kind.code == "Reference" {
            self.target(value, kind, place);
        }
        if element.fixed.as_ref().is_some_and(|wanted| !contains(value, wanted)) {
            self.fault(place, "not the fixed value");
        }
        if let Some(set) = &element.set {
            self.code(value, set, place);
        }
    }

    /// Holds a value against the rules of a profile, which say what more is demanded than its type demands.
    fn claim(&mut self, value: &'d Value, rules: &'d Structure, place: &str) {
        for element in &rules.elements {
            let (above, name) = element.path.rsplit_once('.').unwrap_or(("", &element.path));
            let mut within = vec![(value, place.to_owned())];
            for step in above.split('.').filter(|step| !step.is_empty()) {
                let inner = within.iter().flat_map(|(value, place)| {
                    each(value.get(step)).enumerate().map(move |(at, one)| (one, format!("{place}.{step}[{at}]")))
                });
                within = inner.collect();
            }
            for (value, place) in within {
                self.demanded(value, element, name, &place);
            }
        }
    }

    fn demanded(&mut self, value: &'d Value, element: &'d Element, name: &str, place: &str) {
        let (name, only) =
            name.split_once('<').map_or((name, None), |(name, url)| (name, Some(url.trim_end_matches('>'))));
        let members = value.as_object().into_iter().flatten();
        let choice = name.strip_suffix("[x]");
        let of_choice = |member: &str| {
            let kind = choice.and_then(|name| member.strip_prefix(name));
            kind.is_some_and(|kind| kind.starts_with(|letter: char| letter.is_ascii_uppercase()))
        };
        let standing = members.filter(|(member, _)| *member == name || of_choice(member));
        let mut found: Vec<(&str, &Value)> =
            standing.flat_map(|(member, value)| each(Some(value)).map(move |one| (member.as_str(), one))).collect();
        found.retain(|(_, one)| only.is_none_or(|url| short(text(&one["url"])) == short(url)));
        self.count(element, name, found.len(), place);
        let names = element.names(name);
        for (member, value) in found {
            let place = format!("{place}.{member}");
            match names.iter().find(|(known, _)| known == member) {
                Some((_, kind)) if only.is_none() => self.said(value, element, kind, &place),
                Some(_) => {}
                None => self.fault(&place, "not of a type that the profile allows"),
            }
        }
    }

    fn primitive(&mut self, value: &Value, code: &str, place: &str) {
        let right = match code {
            "boolean" => value.is_boolean(),
            "integer" => value.is_i64(),
            "unsignedInt" => value.is_u64(),
            "positiveInt" => value.as_u64().is_some_and(|number| number > 0),
            "decimal" => value.is_number(),
            "string" | "markdown" | "xhtml" => !text(value).trim().is_empty(),
            // There may be single blanks in a code.
            "code" => !text(value).is_empty() && text(value).trim() == text(value),
            _ => !text(value).is_empty() && !text(value).contains(' '),
        };
        if !right {
            self.fault(place, &format!("no {code}"));
        }
    }

    fn target(&mut self, value: &Value, kind: &Kind, place: &str) {
        let Some(found) = self.kinds.get(text(&value["reference"])) else { return };
        let allowed = |target: &String| target == found || target == "Resource";
        if !kind.targets.is_empty() && !kind.targets.iter().any(allowed) {
            self.fault(place, &format!("may not lead to {found}"));
        }
    }

    /// A code, a Coding, or a CodeableConcept one of whose codings is of the value set.
    fn code(&mut self, value: &Value, set: &str, place: &str) {
        let within = |coding: &Value| self.definitions.holds(set, text(&coding["system"]), text(&coding["code"]));
        let right = match (value.as_str(), value["coding"].as_array()) {
            (Some(code), _) => self.definitions.holds(set, "", code),
            (None, Some(codings)) => codings.iter().any(within),
            (None, None) if value["code"].is_null() => value["value"].is_string() || value["value"].is_number(),
            (None, None) => within(value),
        };
        if !right {
            self.fault(place, &format!("not of the value set {set}"));
        }
    }
}

/// The name of an element that stands directly below a path.
fn below<'e>(element: &'e str, path: &str) -> Option<&'e str> {
    let rest = if path.is_empty() { element } else { element.strip_prefix(path)?.strip_prefix('.')? };
    (!rest.contains('.')).then_some(rest)
}

/// The items of a list, or the one value.
fn each(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    let list = value.and_then(Value::as_array);
    let one = value.filter(|value| !value.is_array());
    list.into_iter().flatten().chain(one)
}

/// Is everything of a pattern in a value?
fn contains(value: &Value, pattern: &Value) -> bool {
    match (value, pattern) {
        (Value::Object(value), Value::Object(pattern)) => {
            pattern.iter().all(|(name, inner)| value.get(name).is_some_and(|value| contains(value, inner)))
        }
        (Value::Array(value), Value::Array(pattern)) => {
            pattern.iter().all(|inner| value.iter().any(|value| contains(value, inner)))
        }
        _ => value == pattern,
    }
}
