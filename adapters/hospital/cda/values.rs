//! Data types of CDA as values of the record (`formats/hospital.md` 3.2 and 3.3).

use super::tree::Words;
use crate::hospital::absence;
use crate::hospital::hl7v2::types;
use crate::json::Node;
use musubi_core::adapter::Profile;
use musubi_core::japan;
use musubi_proto::v1 as proto;
use proto::{NameRepresentation, NameUse};

/// Numbers that a hospital gives to its patients: this and its ten digits.
pub(super) const PATIENT_NUMBER: &str = "1.2.392.100495.20.3.51.1";
/// Ten digits of a medical institution.
pub(super) const INSTITUTION: &str = "1.2.392.100495.20.3.23";

/// Does a value say that it is absent, and why? One that is there all the same holds ([`contradicts`]).
pub(super) fn is_null(node: Node<'_>) -> bool {
    !node.peek("@nullFlavor").is_empty() && !holds(node)
}

/// Does a value say that it is absent, and is it there?
pub(super) fn contradicts(node: Node<'_>) -> bool {
    !node.peek("@nullFlavor").is_empty() && holds(node)
}

/// Why a value is not there, where it is not and a reason stands there.
pub(super) fn absent(node: Node<'_>) -> Option<&'static str> {
    Some(node).filter(|node| is_null(*node)).and_then(|node| absence::of_flavor(node.peek("@nullFlavor")))
}

/// Does a statement say that something is not so?
pub(super) fn is_denied(statement: Node<'_>) -> bool {
    statement.peek("@negationInd") == "true"
}

/// Was a statement made by mistake (ActStatus)?
pub(super) fn is_nullified(statement: Node<'_>) -> bool {
    statement.first("statusCode").is_some_and(|status| status.peek("@code") == "nullified")
}

fn holds(node: Node<'_>) -> bool {
    ["@code", "@value", "@extension", "#text"].iter().any(|name| !node.peek(name).is_empty())
}

/// An identifier (II).
pub(super) struct Identifier {
    pub(super) value: String,
    pub(super) issuer: String,
    pub(super) own: bool,
}

/// Reads an identifier. It is the sender's own when its root is the sender's number or one of the roots given; any other
/// authority stays below the sender's id.
pub(super) fn identifier(node: Node<'_>, path: &'static str, profile: &Profile, own: &[&str]) -> Option<Identifier> {
    let (root, extension) = (node.take("@root", path), node.take("@extension", path).trim());
    let named = node.take("@assigningAuthorityName", path);
    let agency = profile.agency.as_str();
    let below = named.strip_prefix(agency).is_some_and(|rest| rest.starts_with('/'));
    if root.is_empty() && !extension.is_empty() && (below || profile.knows_sender(named)) {
        // A number without an OID: its authority has a name alone.
        let issuer = if below { named } else { agency }.to_owned();
        return Some(Identifier { value: extension.to_owned(), issuer, own: !below });
    }
    let (value, authority) = if extension.is_empty() { (root, "") } else { (extension, root) };
    if value.is_empty() || is_null(node) {
        return None;
    }
    let digits = authority.strip_prefix(PATIENT_NUMBER);
    let is_own = !authority.is_empty()
        && (own.contains(&authority)
            || digits.is_some_and(|digits| agency.strip_prefix("MED-") == Some(digits))
            || profile.knows_sender(authority)
            || digits.is_some_and(|digits| profile.knows_sender(digits)));
    let issuer = if is_own {
        agency.to_owned()
    } else {
        format!("{agency}/{}", if authority.is_empty() { "uuid" } else { authority })
    };
    Some(Identifier { value: value.to_owned(), issuer, own: is_own })
}

/// The agency that the ids of an organisation name.
pub(super) fn agency(organization: Node<'_>, path: &'static str) -> Option<String> {
    organization.all("id").find_map(|id| {
        let (root, extension) = (id.peek("@root"), id.peek("@extension"));
        let named = extension.strip_prefix("urn:musubi:agency:").map(str::to_owned);
        let number = || (root == INSTITUTION && extension.len() == 10).then(|| format!("MED-{extension}"));
        let found = named.or_else(number)?;
        id.take("@root", path);
        id.take("@extension", path);
        Some(found)
    })
}

/// A code system as the record names it.
pub(super) fn system(oid: &str) -> String {
    let table = oid.strip_prefix("2.16.840.1.113883.12.").and_then(|table| table.parse::<u16>().ok());
    if let Some(table) = table.filter(|table| *table < 10_000) {
        return format!("HL7{table:04}");
    }
    match oid {
        "2.16.840.1.113883.6.1" => types::LOINC.to_owned(),
        "2.16.840.1.113883.6.3" | "2.16.840.1.113883.6.3.1" => "I10".to_owned(),
        "1.2.392.200119.4.504" => "JC10".to_owned(),
        other => other.to_owned(),
    }
}

/// A coded value (CD, CE). One without a code is its translation, or the words that it refers to.
pub(super) fn coded(node: Option<Node<'_>>, path: &'static str, words: &Words) -> Option<proto::Coded> {
    let node = node?;
    let mut coded = one(node, path);
    if coded.code.is_empty() {
        coded = node.first("translation").map(|other| one(other, path)).unwrap_or_default();
    }
    if coded.text.is_empty() {
        coded.text = node.first("originalText").map(|text| told(text, path, words)).unwrap_or_default();
    }
    (!coded.code.is_empty() || !coded.text.is_empty()).then_some(coded)
}

/// Blanks around a code are none of it: its type (cs) collapses them.
fn one(node: Node<'_>, path: &'static str) -> proto::Coded {
    proto::Coded {
        system: system(node.take("@codeSystem", path).trim()),
        code: node.take("@code", path).trim().to_owned(),
        text: node.take("@displayName", path).to_owned(),
    }
}

/// What else is said of a coded value beside what was chosen of it: the same in other systems, and what its author wrote
/// where that is not what its code displays.
pub(super) fn translations(node: Option<Node<'_>>, chosen: &proto::Coded, path: &'static str) -> Vec<proto::Coded> {
    let Some(node) = node else { return Vec::new() };
    let own_words = |node: Node<'_>| {
        let text = node.first("originalText").map_or("", |text| text.take("#text", path)).to_owned();
        proto::Coded { text, ..proto::Coded::default() }
    };
    let others = node.all("translation").map(|other| match one(other, path) {
        coded if coded.code.is_empty() && coded.text.is_empty() => own_words(other),
        coded => coded,
    });
    let told = |coded: &proto::Coded| !coded.code.is_empty() || !coded.text.is_empty() && coded.text != chosen.text;
    let is_chosen =
        |coded: &proto::Coded| !coded.code.is_empty() && (&coded.system, &coded.code) == (&chosen.system, &chosen.code);
    let is_said = |coded: &proto::Coded| is_chosen(coded) && (coded.text.is_empty() || coded.text == chosen.text);
    others.chain([own_words(node)]).filter(|coded| told(coded) && !is_said(coded)).collect()
}

/// Every code of a coded value, for what it tells beyond its field.
pub(super) fn codes(node: Option<Node<'_>>) -> Vec<(String, String)> {
    let Some(node) = node else { return Vec::new() };
    let all = std::iter::once(node).chain(node.all("translation"));
    all.map(|one| (system(one.peek("@codeSystem").trim()), one.peek("@code").trim().to_owned())).collect()
}

/// The words of a text (ED, ST): its own, or those of the narrative to which it refers.
pub(super) fn told(node: Node<'_>, path: &'static str, words: &Words) -> String {
    let own = node.take("#text", path);
    if !own.is_empty() {
        return own.to_owned();
    }
    let reference = node.first("reference").map_or("", |reference| reference.take("@value", path));
    reference.strip_prefix('#').and_then(|id| words.get(id, node)).cloned().unwrap_or_default()
}

/// All words of an element whose parts may stand in any order: a name or an address in one piece.
fn pieces(node: Node<'_>, names: &[&str], path: &'static str) -> Vec<String> {
    let all = names.iter().flat_map(|name| node.all(name));
    all.map(|part| part.take("#text", path).trim().to_owned()).filter(|part| !part.is_empty()).collect()
}

/// A name (PN), in the representation that its use tells (IDE, SYL, ABC).
pub(super) fn name(node: Node<'_>, path: &'static str) -> Option<proto::HumanName> {
    if is_null(node) {
        return None;
    }
    let family = pieces(node, &["family"], path).join(" ");
    let given = pieces(node, &["given"], path).join(" ");
    let whole = node.take("#text", path).to_owned();
    let unsplit = family.is_empty() || given.is_empty();
    let text = match (whole.is_empty(), unsplit) {
        (false, _) => whole,
        (true, true) => format!("{family}{given}"),
        (true, false) => format!("{family} {given}"),
    };
    if text.is_empty() {
        return None;
    }
    let uses = node.take("@use", path);
    let mut words = uses.split_whitespace();
    let representation = words.clone().find_map(|word| match word {
        "IDE" => Some(NameRepresentation::Ideographic),
        "SYL" => Some(NameRepresentation::Phonetic),
        "ABC" => Some(NameRepresentation::Alphabetic),
        _ => None,
    });
    let representation = representation.unwrap_or_else(|| types::representation("", &text));
    let provisional = japan::names::is_provisional(&text) || types::has_placeholder(&text);
    let usage = match words.find(|word| matches!(*word, "L" | "C" | "P" | "OR" | "A")) {
        _ if provisional => NameUse::Provisional,
        Some("P" | "A") => NameUse::Nickname,
        Some(_) => NameUse::Legal,
        None => NameUse::Unspecified,
    };
    let (family, given) = if unsplit { (String::new(), String::new()) } else { (family, given) };
    Some(proto::HumanName { representation: representation.into(), r#use: usage.into(), text, family, given })
}

/// An address (AD), also one that is a single text.
pub(super) fn address(node: Node<'_>) -> Option<proto::Address> {
    const PATH: &str = "person_details.addresses";
    if is_null(node) {
        return None;
    }
    let part = |name: &'static str| pieces(node, &[name], PATH).join(" ");
    let usage = match node.take("@use", PATH) {
        "H" | "HP" | "HV" => "home",
        "WP" => "work",
        "TMP" => "stay",
        _ => "",
    };
    let whole = node.take("#text", PATH).to_owned();
    let (mut prefecture, mut city) = (part("state"), part("city"));
    let mut line = pieces(node, &["streetAddressLine", "houseNumber", "streetName"], PATH).join(" ");
    let text = if whole.is_empty() { [&*prefecture, &*city, &*line].concat() } else { whole };
    if prefecture.is_empty() && city.is_empty() {
        let parts = types::split_address(&text).unwrap_or(("", "", ""));
        if !parts.0.is_empty() {
            (prefecture, city, line) = (parts.0.to_owned(), parts.1.to_owned(), parts.2.to_owned());
        }
    }
    let postal_code = types::postal_code(&part("postalCode"));
    if text.is_empty() && postal_code.is_empty() {
        return None;
    }
    let (municipality, period) = (String::new(), None);
    Some(proto::Address { r#use: usage.to_owned(), postal_code, prefecture, city, municipality, line, text, period })
}

/// A telephone number or another way to reach somebody (TEL).
pub(super) fn contact(node: Node<'_>, path: &'static str) -> Option<proto::Contact> {
    let (written, usage) = (node.take("@value", path), node.take("@use", path));
    let (scheme, value) = written.split_once(':').unwrap_or(("tel", written));
    let value = value.trim();
    if value.is_empty() || is_null(node) {
        return None;
    }
    let system = match (scheme, usage) {
        ("mailto", _) => "email",
        ("fax", _) => "fax",
        (_, "MC") => "mobile",
        _ => "phone",
    };
    let usage = match usage {
        "H" | "HP" | "HV" => "home",
        "WP" => "work",
        "EC" => "emergency",
        _ => "other",
    };
    Some(proto::Contact { system: system.to_owned(), r#use: usage.to_owned(), value: value.to_owned() })
}

/// The value of an observation, by its type.
#[derive(Default)]
pub(super) struct Measured {
    pub(super) quantity: Option<proto::Quantity>,
    pub(super) coded: Option<proto::Coded>,
    pub(super) text: String,
}

impl Measured {
    pub(super) fn is_empty(&self) -> bool {
        self.quantity.is_none() && self.coded.is_none() && self.text.is_empty()
    }
}

/// Reads `value`, whose `xsi:type` says what it is; a prefix in it counts for nothing.
pub(super) fn measured(node: Node<'_>, path: &'static str, words: &Words) -> Measured {
    let kind = node.take("@xsi:type", path);
    let kind = kind.rsplit(':').next().unwrap_or(kind);
    let mut measured = Measured::default();
    match kind {
        "PQ" | "INT" | "REAL" | "MO" => measured.quantity = quantity(node, path, ""),
        "IVL_PQ" | "IVL_INT" | "IVL_REAL" => {
            let [low, high] = ["low", "high"].map(|name| node.first(name).filter(|end| !is_null(*end)));
            let comparator =
                |end: Node<'_>, open, closed| if end.peek("@inclusive") == "false" { open } else { closed };
            match (low, high) {
                (Some(low), None) => measured.quantity = quantity(low, path, comparator(low, ">", ">=")),
                (None, Some(high)) => measured.quantity = quantity(high, path, comparator(high, "<", "<=")),
                _ => measured.text = both(node, ["low", "high"], " - ", path),
            }
        }
        "IVL_TS" => measured.text = both(node, ["low", "high"], " - ", path),
        "RTO" | "RTO_PQ_PQ" | "RTO_INT_INT" => measured.text = both(node, ["numerator", "denominator"], "/", path),
        "CD" | "CE" | "CV" | "CO" | "CS" => measured.coded = coded(Some(node), path, words),
        "TS" | "BL" => node.take("@value", path).clone_into(&mut measured.text),
        _ => measured.text = told(node, path, words),
    }
    measured
}

/// Two values as they are written, where both are there: the record has no type for them.
fn both(node: Node<'_>, names: [&str; 2], between: &str, path: &'static str) -> String {
    let written = |name| {
        let value = node.first(name).filter(|value| !is_null(*value))?;
        let (number, unit) = (value.take("@value", path), value.take("@unit", path));
        let unit = if matches!(unit, "" | "1") { String::new() } else { format!(" {unit}") };
        (!number.is_empty()).then(|| format!("{number}{unit}"))
    };
    match names.map(written) {
        [Some(one), Some(other)] => [one, other].join(between),
        _ => String::new(),
    }
}

fn quantity(node: Node<'_>, path: &'static str, comparator: &str) -> Option<proto::Quantity> {
    let value = types::number(node.take("@value", path))?;
    let unit = types::unit_named(node.take("@unit", path));
    let unit = if unit == "1" { String::new() } else { unit };
    Some(proto::Quantity { value, unit, comparator: comparator.to_owned() })
}
