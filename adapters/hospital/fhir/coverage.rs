//! Insurance (被保険者情報) as Coverage of JP Core (`formats/hospital.md` 4.2 and 4.3).

use super::clinical::Context;
use super::datatypes::{codeable, codeable_with, number, period};
use super::document::{Slot, author_of};
use super::json::{Json, list, object, word};
use musubi_proto::v1 as proto;

/// Symbol, number and branch number of the insured: this and `InsuredPersonSymbol`, `…Number`, `…SubNumber`.
pub(super) const EXTENSION: &str = "http://jpfhir.jp/fhir/core/Extension/StructureDefinition/JP_Coverage_";
/// Numbers of insurers, and of the insured (`"insurer","symbol","number","branch"`).
pub(super) const INSURER: &str = "http://jpfhir.jp/fhir/core/mhlw/IdSystem/InsurerNumber";
const INSURED: &str = "http://jpfhir.jp/fhir/core/IdSystem/JP_Coverage_id";
/// System and code of a public expense (公費) among the kinds of insurance (保険種別).
pub(super) const PUBLIC_EXPENSE: (&str, &str) = ("1.2.392.100495.20.2.61", "8");

/// The Coverage of a person.
pub(super) fn write(context: &mut Context<'_, '_>, entry: &proto::Entry, coverage: &proto::Coverage) -> Slot {
    let parts = [("Symbol", &coverage.symbol), ("Number", &coverage.number), ("SubNumber", &coverage.branch)];
    let parts = parts.into_iter().filter(|(_, text)| !text.trim().is_empty());
    let extensions = parts.map(|(name, text)| {
        let url = format!("{EXTENSION}InsuredPerson{name}");
        object([("url", url.into()), ("valueString", text.as_str().into())])
    });
    let members = vec![
        ("extension", list(extensions)),
        ("identifier", list([insured(coverage)])),
        ("status", word("active")),
        ("type", kind(coverage, author_of(entry))),
        ("beneficiary", context.subject.clone()),
        ("relationship", relationship(&coverage.relationship)),
        ("period", period(coverage.period.as_ref())),
        ("payor", list([payor(coverage)])),
    ];
    context.document.add("Coverage", members)
}

/// The number by which the same insurance is known again, where all of it is told.
fn insured(coverage: &proto::Coverage) -> Json {
    let proto::Coverage { insurer, symbol, number: member, branch, .. } = coverage;
    if insurer.is_empty() || member.is_empty() {
        return Json::Nothing;
    }
    number(Some(INSURED.to_owned()), &format!("\"{insurer}\",\"{symbol}\",\"{member}\",\"{branch}\""))
}

/// The kind as its source says it; besides, that it is a public expense.
fn kind(coverage: &proto::Coverage, author: &str) -> Json {
    let (system, code) = PUBLIC_EXPENSE;
    let public = proto::Coded { system: system.to_owned(), code: code.to_owned(), text: String::new() };
    let is_public = !coverage.public_expense_number.is_empty();
    match &coverage.r#type {
        Some(kind) if is_public && (&*kind.system, &*kind.code) != PUBLIC_EXPENSE => {
            codeable_with(kind, &[public], author)
        }
        Some(kind) => codeable(kind, author),
        None if is_public => codeable(&public, author),
        None => Json::Nothing,
    }
}

/// A relationship has the code of its source alone.
fn relationship(code: &str) -> Json {
    let coded = proto::Coded { code: code.to_owned(), ..proto::Coded::default() };
    if code.is_empty() { Json::Nothing } else { codeable(&coded, "") }
}

/// Who pays is required: where no number of one is told, that is said.
fn payor(coverage: &proto::Coverage) -> Json {
    let payer = if coverage.insurer.is_empty() { &coverage.public_expense_number } else { &coverage.insurer };
    let identifier = number(Some(INSURER.to_owned()), payer);
    let unknown = if identifier.is_nothing() { word("不明") } else { Json::Nothing };
    object([("type", word("Organization")), ("identifier", identifier), ("display", unknown)])
}
