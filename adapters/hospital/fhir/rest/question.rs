//! `Patient/$everything`: who is meant, and for which purpose and on which ground somebody asks.
//!
//! It comes as a Parameters resource in a body: a number or a name of a patient does not belong into an address, which
//! proxies and logs keep.

use super::Form;
use crate::hospital::fhir::read::{issuer_named, unescaped};
use crate::json::{Node, Tree};
use musubi_core::adapter::Diagnostic;
use musubi_core::agency::{AgencyId, Purpose};
use musubi_core::record::PersonKey;
use serde::{Deserialize, Serialize};

/// Longest body of a question, in bytes.
const BYTES_MAX: usize = 64 * 1024;

/// Most entries of a page that may be asked for.
const COUNT_MAX: usize = 1_000;

/// What may be asked with.
pub(super) const PARAMETERS: [(&str, &str); 7] = [
    ("purpose", "valueCode, required: P1 to P11"),
    ("identifier", "valueIdentifier; without a system it is the caller's own"),
    ("name", "valueString, with birthDate"),
    ("birthDate", "valueDate"),
    ("ground", "valueString: number of the request or case that is cited"),
    ("staff", "valueString: id of the member of staff who asks"),
    ("_count", "valueInteger: most entries of a page; without it the answer is whole"),
];

/// A question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// For what.
    pub purpose: Purpose,
    /// By issuer and identifier.
    pub key: Option<PersonKey>,
    /// Or by a name in either script.
    pub name: String,
    /// With the birth date, `YYYY-MM-DD`.
    pub birth_date: String,
    /// Number of the ground; empty when none is cited.
    pub ground: String,
    /// Who asks; empty for a machine.
    pub staff: String,
    /// Most entries of a page; 0 for the whole answer.
    pub count: usize,
}

/// Reads a question of an agency.
///
/// # Errors
/// When it is not one: everything that is wrong with it.
pub fn question(form: Form, bytes: &[u8], agency: &AgencyId) -> Result<Question, Vec<Diagnostic>> {
    if bytes.len() > BYTES_MAX {
        return Err(vec![Diagnostic::error(
            "H007",
            "Parameters",
            "照会が大きすぎます(64 KiBまで)。",
            "The question is too large (64 KiB at most).",
        )]);
    }
    let tree = form.read(bytes).map_err(|unread| vec![unread])?.named("Parameters");
    if tree.root().peek("resourceType") != "Parameters" {
        return Err(vec![Diagnostic::error(
            "H003",
            "resourceType",
            "照会はParametersリソースで送ってください。",
            "A question is sent as a Parameters resource.",
        )]);
    }
    let mut found = Vec::new();
    for parameter in tree.root().all("parameter") {
        if !PARAMETERS.iter().any(|(name, _)| *name == parameter.peek("name")) {
            found.push(Diagnostic::error(
                "H003",
                tree.place(parameter),
                "この照会にない項目です。使える項目は metadata にあります。",
                "Not a parameter of this question; metadata lists them.",
            ));
        }
    }
    let purpose = purpose(&tree);
    let key = named(tree.root(), "identifier")
        .and_then(|parameter| parameter.get("valueIdentifier"))
        .filter(|identifier| !identifier.peek("value").is_empty())
        .map(|identifier| PersonKey {
            issuer: issuer_named(identifier.peek("system"), agency),
            identifier: identifier.peek("value").to_owned(),
        });
    let text = |name, value| named(tree.root(), name).map_or("", |parameter| parameter.peek(value)).to_owned();
    let (name, birth_date) = (text("name", "valueString"), text("birthDate", "valueDate"));
    if key.is_none() && (name.is_empty() || birth_date.is_empty()) {
        found.push(Diagnostic::error(
            "H004",
            "Parameters.parameter",
            "identifier、または name と birthDate を指定してください。",
            "Give identifier, or name and birthDate.",
        ));
    }
    let count = named(tree.root(), "_count").map_or(Some(0), |parameter| count(parameter));
    if count.is_none() {
        found.push(Diagnostic::error(
            "H006",
            "Parameters.parameter",
            "_count は 1 から 1000 で指定してください。",
            "_count is 1 to 1000.",
        ));
    }
    match purpose {
        Ok(purpose) if found.is_empty() => {
            let (ground, staff) = (text("ground", "valueString"), text("staff", "valueString"));
            Ok(Question { purpose, key, name, birth_date, ground, staff, count: count.unwrap_or(0) })
        }
        Ok(_) => Err(found),
        Err(wrong) => Err(std::iter::once(wrong).chain(found).collect()),
    }
}

/// The value of the identifier that a condition (`If-None-Exist`) is about; nothing when it is about something else as well.
pub fn identifier_of_condition(query: &str) -> Option<String> {
    let token = query.strip_prefix("identifier=").filter(|rest| !rest.contains('&'))?;
    let token = unescaped(token);
    let value = token.rsplit_once('|').map_or(token.as_str(), |(_, value)| value);
    (!value.is_empty()).then(|| value.to_owned())
}

fn named<'n>(root: Node<'n>, name: &str) -> Option<Node<'n>> {
    root.all("parameter").find(|parameter| parameter.peek("name") == name)
}

/// The size of a page.
fn count(parameter: Node<'_>) -> Option<usize> {
    let written = ["valueInteger", "valuePositiveInt"].map(|name| parameter.peek(name)).concat();
    written.parse().ok().filter(|count| (1..=COUNT_MAX).contains(count))
}

fn purpose(tree: &Tree<'_>) -> Result<Purpose, Diagnostic> {
    let Some(parameter) = named(tree.root(), "purpose") else {
        return Err(Diagnostic::error(
            "H004",
            "Parameters.parameter",
            "purpose(利用目的、P1からP11)を指定してください。",
            "Give purpose, P1 to P11.",
        ));
    };
    let written = ["valueCode", "valueString"].map(|name| parameter.peek(name)).concat();
    written.parse().map_err(|_| {
        Diagnostic::error(
            "H006",
            tree.place(parameter),
            "利用目的は P1 から P11 で指定してください。",
            "A purpose is P1 to P11.",
        )
    })
}
