//! Values of CDA: codes and numbers, as far as they are some; else words.

use super::LOINC;
use crate::wording;
use crate::xml::Writer;
use musubi_proto::v1 as proto;

/// A coded value under a name, with its type where it stands for a value.
pub(super) fn coded(out: &mut Writer, name: &'static str, coded: &proto::Coded, kind: &str) {
    coded_with(out, name, coded, kind, &[]);
}

/// A coded value, and the same in other systems. The first of them that has words alone is what its author wrote.
pub(super) fn coded_with(
    out: &mut Writer,
    name: &'static str,
    coded: &proto::Coded,
    kind: &str,
    others: &[proto::Coded],
) {
    let (coded, others) = (&sayable(coded), others.iter().map(sayable).collect::<Vec<_>>());
    let system = system(&coded.system);
    let mut attributes = Vec::new();
    if !kind.is_empty() {
        attributes.push(("xsi:type", kind));
    }
    if coded.code.is_empty() {
        attributes.push(("nullFlavor", "OTH"));
    } else {
        attributes.push(("code", &coded.code));
        if let Some(system) = &system {
            attributes.push(("codeSystem", system));
        } else if !coded.system.is_empty() {
            attributes.push(("codeSystemName", &coded.system));
        }
    }
    if !coded.code.is_empty() && !coded.text.is_empty() {
        attributes.push(("displayName", &coded.text));
    }
    let words = if coded.code.is_empty() { Some(coded) } else { others.iter().find(|one| one.code.is_empty()) };
    let others = others.iter().filter(|one| words.is_none_or(|words| !std::ptr::eq(words, *one)));
    if words.is_none() && others.clone().next().is_none() {
        return out.empty(name, &attributes);
    }
    out.open_with(name, &attributes);
    words.iter().for_each(|words| out.leaf("originalText", &words.text));
    others.for_each(|one| self::coded(out, "translation", one, ""));
    out.close();
}

/// A code of CDA has no blanks: one that has some is words.
fn sayable(coded: &proto::Coded) -> proto::Coded {
    if is_code(&coded.code) || coded.code.is_empty() {
        return coded.clone();
    }
    let same = coded.code == coded.text || coded.text.is_empty();
    let text = if same { coded.code.clone() } else { format!("{} {}", coded.code, coded.text) };
    proto::Coded { text, ..proto::Coded::default() }
}

fn is_code(text: &str) -> bool {
    !text.is_empty() && !text.contains(char::is_whitespace)
}

/// The OID of a code system, where it has one.
fn system(name: &str) -> Option<String> {
    let is_oid = |text: &str| text.contains('.') && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let table = name.strip_prefix("HL7").and_then(|table| table.parse::<u16>().ok());
    Some(match name {
        "http://loinc.org" | "LN" => LOINC.to_owned(),
        "I10" | "ICD10" | "ICD-10" => "2.16.840.1.113883.6.3.1".to_owned(),
        "JC10" => "1.2.392.200119.4.504".to_owned(),
        _ if table.is_some() => format!("2.16.840.1.113883.12.{}", table.unwrap_or_default()),
        name if is_oid(name) => name.to_owned(),
        _ => return None,
    })
}

/// A number with its unit; what is none, or has blanks in its unit, in words.
pub(super) fn number(out: &mut Writer, value: &str, unit: &str, comparator: &str) {
    if !is_decimal(value) || !(unit.is_empty() || is_code(unit)) {
        let (value, unit, comparator) = (value.to_owned(), unit.to_owned(), comparator.to_owned());
        let words = wording::quantity(Some(&proto::Quantity { value, unit, comparator })).unwrap_or_default();
        return out.leaf_with("value", &[("xsi:type", "cda:ST")], &words);
    }
    let unit = if unit.is_empty() { "1" } else { unit };
    match comparator {
        "" => out.empty("value", &[("xsi:type", "cda:PQ"), ("value", value), ("unit", unit)]),
        sign => {
            let (name, inclusive) = match sign {
                "<" => ("high", "false"),
                "<=" => ("high", "true"),
                ">" => ("low", "false"),
                _ => ("low", "true"),
            };
            out.open_with("value", &[("xsi:type", "cda:IVL_PQ")]);
            out.empty(name, &[("value", value), ("unit", unit), ("inclusive", inclusive)]);
            out.close();
        }
    }
}

fn is_decimal(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    digits(whole) && digits(fraction) && unsigned.bytes().any(|byte| byte.is_ascii_digit())
}
