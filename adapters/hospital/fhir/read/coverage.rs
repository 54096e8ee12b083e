//! Insurance: Coverage of JP Core; the way back from `coverage.rs` above. JP-CLINS has it in one number of the Patient.

use super::super::coverage::{EXTENSION, INSURER, PUBLIC_EXPENSE};
use super::values;
use crate::hospital::reading::Reading;
use crate::hospital::{keys, raise};
use crate::json::Node;
use musubi_core::japan::codes;
use musubi_proto::v1 as proto;
use proto::Category;
use proto::entry::Body;

const PATH: &str = "coverage";
/// The insured-person identifier (被保険者個人識別子) of JP-CLINS: it stands among the numbers of a Patient and is insurance.
const MEMBER: &str = "http://jpfhir.jp/fhir/clins/Idsystem/JP_Insurance_memberID";
/// Systems of the number of who pays a public expense: earlier documents number a Coverage by parts.
const PAYER: [&str; 2] =
    ["http://jpfhir.jp/fhir/core/mhlw/IdSystem/PublicPayerNumber", "urn:oid:1.2.392.100495.20.3.71"];
/// Systems of the number of an insurer.
const INSURERS: [&str; 2] = [INSURER, "urn:oid:1.2.392.100495.20.3.61"];
/// Systems of the symbol, of the number, and of who receives a public expense.
const SYMBOL: [&str; 2] =
    ["http://jpfhir.jp/fhir/core/mhlw/IdSystem/InsuredPersonSymbol", "urn:oid:1.2.392.100495.20.3.62"];
const NUMBER: [&str; 4] = [
    "http://jpfhir.jp/fhir/core/mhlw/IdSystem/InsuredPersonNumber",
    "urn:oid:1.2.392.100495.20.3.63",
    "http://jpfhir.jp/fhir/core/mhlw/IdSystem/PublicInsuredPersonNumber",
    "urn:oid:1.2.392.100495.20.3.72",
];

/// Is it a number of an insurance, and of nobody?
pub(super) fn is_of_insurance(identifier: Node<'_>) -> bool {
    identifier.peek("system") == MEMBER
}

/// Reads one Coverage.
pub(super) fn read(reading: &mut Reading<'_>, number: usize) {
    let Some(node) = reading.resources.get(number).map(|resource| resource.node) else { return };
    let Some(person) = reading.person(number, "beneficiary") else { return };
    let coverage = coverage(reading, number, node);
    let told = match reading.number_of(node) {
        id if keys::is_number(&id) => id,
        _ => keys::insurance(&coverage),
    };
    if matches!(node.take("status", PATH), "entered-in-error" | "cancelled") {
        let key = format!("{}/coverage/{told}", reading.key(person));
        return reading.withdraw(person, key, node, PATH, Category::C03Insurance);
    }
    push(reading, person, node, &told, coverage);
}

/// The insurance of a Patient of JP-CLINS, where no Coverage says it too.
pub(super) fn of_patient(reading: &mut Reading<'_>, number: usize) {
    let Some(person) = reading.people.iter().position(|person| person.resource == Some(number)) else { return };
    let Some(node) = reading.resources.get(number).map(|resource| resource.node) else { return };
    for identifier in node.all("identifier").filter(|identifier| is_of_insurance(*identifier)) {
        let Some([insurer, symbol, number, branch]) = in_one(identifier.take("value", PATH)) else { continue };
        identifier.take("system", PATH);
        let insurer = codes::insurer(&insurer).unwrap_or(insurer);
        let coverage = proto::Coverage { insurer, symbol, number, branch, ..proto::Coverage::default() };
        let told = keys::insurance(&coverage);
        let said =
            |entry: &proto::Entry| matches!(&entry.body, Some(Body::Coverage(one)) if keys::insurance(one) == told);
        if !reading.entries.iter().any(said) {
            push(reading, person, identifier, &told, coverage);
        }
    }
}

fn push(reading: &mut Reading<'_>, person: usize, node: Node<'_>, told: &str, coverage: proto::Coverage) {
    let key = format!("{}/coverage/{told}", reading.key(person));
    let mut entry = reading.entry(person, key, node, None, Body::Coverage(coverage));
    raise::by_law(&mut entry);
    reading.push(PATH, entry);
}

fn coverage(reading: &Reading<'_>, number: usize, node: Node<'_>) -> proto::Coverage {
    let extension = |name: &str| {
        let url = format!("{EXTENSION}{name}");
        let found = node.all("extension").find(|extension| extension.peek("url") == url);
        found.map_or("", |extension| {
            extension.envelope("url");
            extension.take("valueString", PATH)
        })
    };
    let numbered = |systems: &[&str]| {
        let found = node.all("identifier").find(|id| systems.contains(&uri(id.peek("system")).as_str()));
        found.map_or("", |id| {
            id.take("system", PATH);
            id.take("value", PATH)
        })
    };
    let [of_insurer, of_symbol, of_number, of_branch] = whole(node).unwrap_or_default();
    let first =
        |all: &[&str]| all.iter().find(|text| !text.is_empty()).map(|text| (*text).to_owned()).unwrap_or_default();
    let payer = node.first("payor").map(|payor| reading.follow(Some(payor), number).unwrap_or(payor));
    let known = |id: &Node<'_>| INSURERS.contains(&uri(id.peek("system")).as_str());
    let payer = payer.and_then(|payer| payer.all("identifier").find(known).or_else(|| payer.first("identifier")));
    let written = payer.map_or("", |id| id.take("value", PATH));
    let public_payer = numbered(&PAYER);
    let written = first(&[written, public_payer, numbered(&INSURERS), &of_insurer]);
    let payer = codes::insurer(&written).unwrap_or(written);
    let is_public = !public_payer.is_empty()
        || values::codes(node.first("type")).iter().any(|(system, code)| (&**system, &**code) == PUBLIC_EXPENSE);
    let (insurer, public_expense_number) = if is_public { (String::new(), payer) } else { (payer, String::new()) };
    proto::Coverage {
        r#type: values::coding(node.first("type"), PATH),
        insurer,
        symbol: first(&[extension("InsuredPersonSymbol"), numbered(&SYMBOL), &of_symbol]),
        number: first(&[
            extension("InsuredPersonNumber"),
            numbered(&NUMBER),
            &of_number,
            node.take("subscriberId", PATH),
        ]),
        branch: first(&[extension("InsuredPersonSubNumber"), &of_branch, node.take("dependent", PATH)]),
        period: node.first("period").map(|period| values::span(period, PATH)),
        relationship: values::coding(node.first("relationship"), PATH).map(|coding| coding.code).unwrap_or_default(),
        public_expense_number,
    }
}

/// A system as a URI: an OID stands there with different schemes.
fn uri(system: &str) -> String {
    let oid = system.strip_prefix("OID:").or_else(|| system.strip_prefix("urn:oid:"));
    oid.map_or_else(|| system.to_owned(), |oid| format!("urn:oid:{oid}"))
}

/// All numbers of a Coverage, where one text holds them.
fn whole(node: Node<'_>) -> Option<[String; 4]> {
    let texts = node.all("identifier").map(|id| id.peek("value")).chain([node.peek("subscriberId")]);
    texts.into_iter().find_map(in_one)
}

/// Insurer, symbol, number and branch in one text: `"insurer","symbol","number","branch"` of JP Core, which leaves out the
/// insurer in older documents, or `insurer:symbol:number:branch` of JP-CLINS.
fn in_one(text: &str) -> Option<[String; 4]> {
    let quoted = text.trim().strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    let parts: Vec<String> = match quoted {
        Some(quoted) => quoted.split("\",\"").map(str::to_owned).collect(),
        None => text.split(':').map(str::to_owned).collect(),
    };
    let insurer =
        parts.first().is_some_and(|first| first.len() == 8 && first.bytes().all(|byte| byte.is_ascii_digit()));
    match (quoted.is_some(), parts.len()) {
        (true, 4) => parts.try_into().ok(),
        (false, 4) if insurer => parts.try_into().ok(),
        (true, 2 | 3) => {
            let mut parts = parts.into_iter();
            let mut next = || parts.next().unwrap_or_default();
            Some([String::new(), next(), next(), next()])
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_of_an_insurance_are_read_from_one_text() {
        let told = |text: &str| in_one(text).map(|parts| parts.join("|"));
        assert_eq!(
            told("\"00012345\",\"１２－３４\",\"５６７８\",\"00\"").as_deref(),
            Some("00012345|１２－３４|５６７８|00")
        );
        assert_eq!(told("\"１２－３４\",\"５６７８\",\"００\"").as_deref(), Some("|１２－３４|５６７８|００"));
        assert_eq!(told("\"１２－３４\",\"５６７８\"").as_deref(), Some("|１２－３４|５６７８|"));
        assert_eq!(told("00012345:あいう:１８７:05").as_deref(), Some("00012345|あいう|１８７|05"));
        for other in ["12-34567", "12:34:56:78", "\"5678\""] {
            assert_eq!(told(other), None, "{other}");
        }
    }
}
