//! Insurance: Coverage of JP Core; the way back from `coverage.rs` above.

use super::super::coverage::{EXTENSION, PUBLIC_EXPENSE};
use super::values;
use crate::hospital::raise;
use crate::hospital::reading::Reading;
use musubi_core::japan::codes;
use musubi_proto::v1 as proto;
use proto::entry::Body;

/// Reads one Coverage.
pub(super) fn read(reading: &mut Reading<'_>, number: usize) {
    const PATH: &str = "coverage";
    let Some(node) = reading.resources.get(number).map(|resource| resource.node) else { return };
    let Some(person) = reading.person(number, "beneficiary") else { return };
    let extension = |name: &str| {
        let url = format!("{EXTENSION}{name}");
        let found = node.all("extension").find(|extension| extension.peek("url") == url);
        found.map(|extension| {
            extension.envelope("url");
            extension.take("valueString", PATH).to_owned()
        })
    };
    let (symbol, member) = (extension("InsuredPersonSymbol"), extension("InsuredPersonNumber"));
    let branch = extension("InsuredPersonSubNumber").unwrap_or_else(|| node.take("dependent", PATH).to_owned());
    let payer = node.first("payor").map(|payor| reading.follow(Some(payor), number).unwrap_or(payor));
    let written = payer.and_then(|payer| payer.first("identifier")).map(|id| id.take("value", PATH).to_owned());
    let written = written.unwrap_or_default();
    let number_of_payer = codes::insurer(&written).unwrap_or_else(|_| written.clone());
    let kind = values::coding(node.first("type"), PATH);
    // The number of who pays a public expense begins with the number of its law.
    let kinds = values::codes(node.first("type"));
    let public = kinds.iter().any(|(system, code)| (&**system, &**code) == PUBLIC_EXPENSE);
    let law = number_of_payer.get(..2).unwrap_or_default().to_owned();
    let (insurer, public_expense_number) =
        if public { (String::new(), number_of_payer) } else { (number_of_payer, String::new()) };
    let body = Body::Coverage(proto::Coverage {
        r#type: kind,
        insurer,
        symbol: symbol.unwrap_or_default(),
        number: member.unwrap_or_else(|| node.take("subscriberId", PATH).to_owned()),
        branch,
        period: node.first("period").map(|period| values::span(period, PATH)),
        relationship: values::coding(node.first("relationship"), PATH).map(|coding| coding.code).unwrap_or_default(),
        public_expense_number,
    });
    let told = match reading.number_of(node) {
        id if id.is_empty() || id.len() > 100 => format!("{}", reading.entries.len()),
        id => id,
    };
    let mut entry = reading.entry(person, format!("{}/coverage/{told}", reading.key(person)), node, None, body);
    if public {
        raise::by_codes(&mut entry, [("public-expense", law.as_str())]);
    }
    reading.push("coverage", entry);
}
