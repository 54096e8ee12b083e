//! What a person permitted, as far as what is shown rests on it: a Consent for each person, which names the recipient, the
//! purpose and the categories that it opened here. What else was permitted, or denied, nobody is told.

use super::datatypes::{CATEGORY, LOINC, PURPOSE, agency_identifiers, coding, concept};
use super::document::{Document, Slot};
use super::json::{Json, list, object, word};
use super::people::People;
use crate::family::Family;
use musubi_core::agency::CategorySet;
use musubi_core::consent::Rule;
use musubi_core::release::Released;

const SCOPE: &str = "http://terminology.hl7.org/CodeSystem/consentscope";
const ACT_CODE: &str = "http://terminology.hl7.org/CodeSystem/v3-ActCode";
const PARTICIPATION: &str = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType";

/// Writes them, each in its place.
pub(super) fn write(document: &mut Document, released: &Released, family: &Family<'_>, people: &People) -> Vec<Slot> {
    let numbered = family.people.iter().enumerate();
    let patients: Vec<_> = numbered.filter_map(|(at, one)| Some((one.id, people.patient(at)?))).collect();
    let mut written = Vec::new();
    for (person, patient) in patients {
        let opened = opened(released, person);
        if !opened.is_empty() {
            let members = permit(released, document.reference(patient), opened);
            written.push(document.add("Consent", members));
        }
    }
    written
}

/// What of a person is shown because of a permit.
fn opened(released: &Released, person: &str) -> CategorySet {
    let about = released.shown().iter().filter(|shown| shown.persons.iter().any(|one| one.to_string() == person));
    let rules = about.flat_map(|shown| &shown.rules);
    rules.filter(|(_, rule)| *rule == Rule::Consent).map(|(category, _)| *category).collect()
}

fn permit(released: &Released, patient: Json, opened: CategorySet) -> Vec<(&'static str, Json)> {
    let identifier = match agency_identifiers(released.recipient().as_str()) {
        Json::List(all) => all.into_iter().next().unwrap_or_default(),
        other => other,
    };
    let actor = object([
        ("role", concept(PARTICIPATION, "PRCP", "primary information recipient")),
        ("reference", object([("type", word("Organization")), ("identifier", identifier)])),
    ]);
    let provision = object([
        ("type", word("permit")),
        ("actor", list([actor])),
        ("purpose", list([coding(PURPOSE, released.purpose().word(), "")])),
        ("class", list(opened.iter().map(|category| coding(CATEGORY, category.word(), "")))),
    ]);
    vec![
        ("status", word("active")),
        ("scope", concept(SCOPE, "patient-privacy", "Privacy Consent")),
        ("category", list([concept(LOINC, "59284-0", "Consent Document")])),
        ("patient", patient),
        ("policyRule", concept(ACT_CODE, "OPTIN", "opt-in")),
        ("provision", provision),
    ]
}
