//! Who was shown a person's data, as AuditEvents: the statement of `consent.md` section 12 in the words of FHIR. Codes, agencies
//! and times alone; whose data they were is what was asked.

use super::Form;
use super::answer::bundle;
use crate::hospital::fhir::datatypes::{CATEGORY, PURPOSE, agency_identifiers, coding};
use crate::hospital::fhir::ids::Ids;
use crate::hospital::fhir::json::{Json, list, object, word};
use crate::hospital::fhir::read::{issuer_named, unescaped};
use musubi_core::adapter::Diagnostic;
use musubi_core::agency::{AgencyId, CategorySet, Purpose};
use musubi_core::record::PersonKey;
use musubi_core::time::Time;

/// One disclosure.
pub struct Disclosed {
    /// To whom.
    pub recipient: AgencyId,
    /// What for.
    pub purpose: Purpose,
    /// When.
    pub at: Time,
    /// Of which categories.
    pub categories: CategorySet,
    /// The rules that decided.
    pub bases: Vec<String>,
}

/// A question for the disclosures of one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    /// Whose data.
    pub subject: PersonKey,
    /// Who asks.
    pub staff: String,
}

/// What may be asked with.
pub(super) const PARAMETERS: [(&str, &str, &str); 2] = [
    ("patient.identifier", "token", "system|value of the person; required"),
    ("staff", "string", "id of the privacy officer or auditor who asks; required"),
];

/// Reads the body of `POST AuditEvent/_search` (`application/x-www-form-urlencoded`).
///
/// # Errors
/// When a parameter is not known, or the person is missing.
pub fn search(body: &[u8], agency: &AgencyId) -> Result<Search, Vec<Diagnostic>> {
    let text = String::from_utf8_lossy(body);
    let (mut subject, mut staff, mut found) = (None, String::new(), Vec::new());
    for pair in text.trim().split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = unescaped(&value.replace('+', " "));
        match &*unescaped(name) {
            "patient.identifier" | "patient:identifier" => {
                let (system, number) = value.split_once('|').unwrap_or(("", &value));
                let issuer = issuer_named(system, agency);
                subject = Some(PersonKey { issuer, identifier: number.to_owned() }).filter(|_| !number.is_empty());
            }
            "staff" => staff = value,
            _ => found.push(Diagnostic::error(
                "H003",
                "_search",
                "この検索にない項目です。patient.identifier と staff が使えます。",
                "Not a parameter of this search: patient.identifier and staff are.",
            )),
        }
    }
    match subject {
        Some(subject) if found.is_empty() => Ok(Search { subject, staff }),
        Some(_) => Err(found),
        None => {
            found.push(Diagnostic::error(
                "H004",
                "patient.identifier",
                "対象者の番号を patient.identifier=[system]|[value] で指定してください。",
                "Name the person: patient.identifier=[system]|[value].",
            ));
            Err(found)
        }
    }
}

/// The disclosures as a searchset.
pub fn audit_events(form: Form, disclosed: &[Disclosed]) -> Vec<u8> {
    let entries = disclosed.iter().map(|one| {
        let search = object([("mode", word("match"))]);
        object([("resource", event(one)), ("search", search)])
    });
    form.write(&bundle(list(entries), Json::Nothing), &Ids::blank())
}

fn event(one: &Disclosed) -> Json {
    let who = object([("identifier", first(agency_identifiers(one.recipient.as_str())))]);
    let recipient = object([("who", who), ("requestor", true.into())]);
    let gateway = object([("display", word("Musubi"))]);
    let labels = one.categories.iter().map(|category| coding(CATEGORY, category.word(), ""));
    let details = one.bases.iter().map(|rule| object([("type", word("rule")), ("valueString", rule.as_str().into())]));
    let purpose = object([("coding", list([coding(PURPOSE, one.purpose.word(), "")]))]);
    object([
        ("resourceType", word("AuditEvent")),
        ("type", coding("http://dicom.nema.org/resources/ontology/DCM", "110106", "Export")),
        ("action", word("R")),
        ("recorded", one.at.rfc3339().into()),
        ("outcome", word("0")),
        ("purposeOfEvent", list([purpose])),
        ("agent", list([recipient])),
        ("source", object([("observer", gateway)])),
        (
            "entity",
            list([object([
                ("role", coding("http://terminology.hl7.org/CodeSystem/object-role", "1", "Patient")),
                ("securityLabel", list(labels)),
                ("detail", list(details)),
            ])]),
        ),
    ])
}

fn first(all: Json) -> Json {
    match all {
        Json::List(items) => items.into_iter().next().unwrap_or_default(),
        other => other,
    }
}
