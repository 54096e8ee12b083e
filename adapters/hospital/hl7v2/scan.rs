//! Is there an individual number (個人番号) anywhere in the message (S-66)? Then it is refused, and no digit is told.

use super::message::{Field, Message, Part, Segment};
use super::times;
use base64::Engine as _;
use musubi_core::adapter::{Diagnostic, Profile};
use musubi_core::japan::my_number;

/// The first field that holds one: its segment and number.
pub(super) fn individual_number<'m>(message: &'m Message<'m>, profile: &Profile) -> Option<(Segment<'m>, usize)> {
    let escape = char::from(message.delimiters().escape);
    message.segments().find_map(|segment| {
        let suspect = |number: &usize| {
            segment.bytes_of(*number) >= SHORTEST && {
                let field = segment.field(*number);
                // An escape may stand for digits.
                (my_number::may_contain(field.raw()) || field.raw().contains(escape) || is_attachment(segment, *number))
                    && !exempt(segment, *number, profile)
                    && holds_one(segment, *number, field)
            }
        };
        segment.numbers().find(suspect).map(|number| (segment, number))
    })
}

/// H009: at this place.
pub(super) fn refusal(place: String) -> Diagnostic {
    Diagnostic::error(
        "H009",
        place,
        "個人番号と思われる12桁の数字があるため、電文を受け取らず、保存もしていません。取り除いて送り直してください。",
        "What looks like an individual number was found; the message was neither taken nor kept. Remove it and send again.",
    )
}

/// Bytes of the shortest field that can hold twelve digits: none are fewer bytes than digits, whether they are written, escaped
/// or packed.
const SHORTEST: usize = 12;

/// Numbers that systems give to orders and specimens (type EI): nobody's own.
const NUMBERS_OF_ORDERS: [(&str, usize); 7] =
    [("ORC", 2), ("ORC", 3), ("ORC", 4), ("OBR", 2), ("OBR", 3), ("SPM", 2), ("OBX", 21)];
/// Codes of what is ordered or observed (types CE and CWE): words of the system beside them.
const CODES: [(&str, usize); 2] = [("OBR", 4), ("OBX", 3)];

/// Is this component the code of a system that is named beside it?
fn is_code(segment: Segment<'_>, number: usize, component: usize) -> bool {
    let system = |at: usize| !segment.field(number).component(at).text().is_empty();
    CODES.contains(&(segment.name(), number)) && matches!(component, 1 | 4) && system(component + 2)
}

/// A place that the profile declares to hold identifiers of twelve digits (`PID-3`), the number of an order, or of the
/// message itself.
fn exempt(segment: Segment<'_>, number: usize, profile: &Profile) -> bool {
    let own = segment.name() == "MSH" && number == 10 && begins_with_day(segment.field(number).raw());
    let columns = &profile.twelve_digit_columns;
    let of_order = NUMBERS_OF_ORDERS.contains(&(segment.name(), number));
    own || of_order || (!columns.is_empty() && columns.contains(&format!("{}-{number}", segment.name())))
}

pub(super) fn begins_with_day(text: &str) -> bool {
    text.get(..8).is_some_and(|day| times::read(day).is_ok())
}

/// OBX-5 with an encapsulated document.
fn is_attachment(segment: Segment<'_>, number: usize) -> bool {
    number == 5 && segment.name() == "OBX" && &*segment.value(2) == "ED"
}

fn holds_one(segment: Segment<'_>, number: usize, field: Field<'_>) -> bool {
    let value = segment.name() == "OBX" && number == 5;
    let value_type = segment.value(2);
    let text = value && !matches!(&*value_type, "TS" | "DT" | "TM" | "DTM");
    let free = text || segment.name() == "NTE" || segment.name().is_empty() || (segment.name() == "PID" && number <= 4);
    if is_attachment(segment, number) {
        return field.repetitions().any(|repetition| in_attachment(repetition.component(5)));
    }
    let mut parts = field.repetitions().flat_map(|repetition| (1..).zip(repetition.parts()));
    parts.any(|(at, part)| !is_code(segment, number, at) && in_component(part, free))
}

/// In a component or one of its subcomponents. A date and time has twelve digits as well, to the minute or with its
/// zone, and where no free text stands it is one.
fn in_component(part: Part<'_>, free: bool) -> bool {
    part.parts().any(|part| in_text(&part.text(), free))
}

/// In a text whose escapes are undone; `free` as above.
pub(super) fn in_text(text: &str, free: bool) -> bool {
    let moment = !free && times::read(text).is_ok();
    !moment && my_number::contains(text)
}

/// In an attachment (ED) that is text once its Base64 is undone.
fn in_attachment(part: Part<'_>) -> bool {
    let packed: Vec<u8> = part.raw().bytes().filter(u8::is_ascii_graphic).collect();
    let bytes = base64::engine::general_purpose::STANDARD.decode(packed).unwrap_or_default();
    std::str::from_utf8(&bytes).is_ok_and(my_number::contains)
}

#[cfg(test)]
mod tests {
    use super::super::charset::Charset;
    use super::super::message::parse;
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_field_that_is_spared_the_search_holds_one(field in r"[0-9⅒㍢¼XE.spk\\]{0,12}", value_type in "ED|ST|TX|TS") {
            let text = format!("MSH|^~\\&|A\rOBX|1|{value_type}|x||{field}");
            let message = parse(&text, Charset::Utf8).map_err(|_| TestCaseError::fail("a message"))?;
            let obx = message.first("OBX").ok_or_else(|| TestCaseError::fail("a segment"))?;
            prop_assert!(field.len() >= SHORTEST || !holds_one(obx, 5, obx.field(5)));
        }
    }
}
