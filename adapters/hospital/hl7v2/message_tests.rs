#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::*;
use proptest::prelude::*;

const TEXT: &str = "MSH|^~\\&|APP|FAC\rPID|1||123^^^HOSP&1.2&ISO^PI~456||山田^花子\r\nOBX|1|NM\n\nZZZ\r";

fn parsed(text: &str) -> Message<'_> {
    parse(text, Charset::Utf8).unwrap()
}

#[test]
fn segments_end_with_any_line_end_and_blank_lines_are_none() {
    let message = parsed(TEXT);
    let names: Vec<_> = message.segments().map(Segment::name).collect();
    assert_eq!(names, ["MSH", "PID", "OBX", "ZZZ"]);
    assert_eq!(message.segments().map(Segment::len).collect::<Vec<_>>(), [4, 5, 2, 0]);
}

#[test]
fn the_separator_is_the_first_field_of_the_header() {
    let message = parsed(TEXT);
    let header = message.first("MSH").unwrap();
    assert_eq!((header.field(1).raw(), header.field(2).raw(), &*header.value(3)), ("|", "^~\\&", "APP"));
    assert_eq!(header.field(2).repetitions().count(), 1);
}

#[test]
fn repetitions_components_and_subcomponents_are_found() {
    let message = parsed(TEXT);
    let field = message.first("PID").unwrap().field(3);
    let repetitions: Vec<_> = field.repetitions().collect();
    assert_eq!(repetitions.len(), 2);
    assert_eq!(field.component(4).component(2).text(), "1.2");
    assert_eq!(repetitions.get(1).unwrap().component(1).text(), "456");
    assert_eq!(field.component(9).raw(), "");
    assert!(message.first("PID").unwrap().field(40).is_empty());
}

#[test]
fn declared_delimiters_are_used_and_missing_ones_default() {
    let message = parsed("MSH^~|\\&^APP\rPID^1^^A~B|C");
    let field = message.first("PID").unwrap().field(3);
    assert_eq!(field.repetitions().count(), 2);
    assert_eq!(field.component(2).text(), "B");
    assert_eq!(parsed("MSH|^~}|APP").delimiters(), Delimiters { escape: b'}', ..Delimiters::USUAL });
    assert_eq!(parsed("MSH|^~\\&#|APP").delimiters(), Delimiters::USUAL);
    assert_eq!(parse("MSH||APP", Charset::Utf8).unwrap_err(), Malformed::NoEncodingCharacters);
    assert_eq!(parse("MSH", Charset::Utf8).unwrap_err(), Malformed::NoHeader);
    assert_eq!(parse("PID|1", Charset::Utf8).unwrap_err(), Malformed::NoHeader);
}

#[test]
fn the_explicit_delete_is_told_from_nothing_and_never_read_as_text() {
    let message = parsed("MSH|^~\\&|\rPID|1|\"\"|\"\"^a||x");
    let pid = message.first("PID").unwrap();
    assert!(pid.field(2).is_null() && !pid.field(2).says_something());
    assert_eq!(pid.field(2).text(), "");
    assert!(pid.field(3).component(1).is_null());
    assert!(pid.field(4).is_empty() && !pid.field(4).is_null());
}

#[test]
fn a_line_that_is_no_segment_has_no_name() {
    let message = parsed("MSH|^~\\&|\rOBX|1|TX|||line one\nline two|\n山田|x");
    assert_eq!(message.segments().map(Segment::name).collect::<Vec<_>>(), ["MSH", "OBX", "", ""]);
}

#[test]
fn the_number_of_segments_is_limited() {
    let text = |count: usize| format!("MSH|^~\\&|\r{}", "A\r".repeat(count - 1));
    assert!(parse(&text(SEGMENTS_MAX), Charset::Utf8).is_ok());
    assert_eq!(parse(&text(SEGMENTS_MAX + 1), Charset::Utf8).unwrap_err(), Malformed::TooMany);
}

#[test]
fn the_number_of_fields_is_limited() {
    let text = |count: usize| format!("MSH|^~\\&|\rZZZ{}", "|".repeat(count));
    assert!(parse(&text(FIELDS_MAX - 5), Charset::Utf8).is_ok());
    assert_eq!(parse(&text(FIELDS_MAX + 1), Charset::Utf8).unwrap_err(), Malformed::TooMany);
}

proptest! {
    #[test]
    fn any_text_is_parsed_without_a_panic_and_every_byte_is_somewhere(tail in "[ -~\r\n山^|~&\\\\]{0,80}") {
        let text = format!("MSH|^~\\&|{tail}");
        let message = parse(&text, Charset::Utf8).unwrap();
        for segment in message.segments() {
            let mut written = 0;
            for number in 0..=segment.len() {
                let field = segment.field(number);
                written += field.raw().len();
                for part in field.repetitions() {
                    let _ = (part.component(1).component(1).text(), part.parts().count());
                }
            }
            prop_assert!(written + segment.name().len() <= text.len());
        }
        let fields: usize = message.segments().map(|s| (0..=s.len()).map(|n| s.field(n).raw().len()).sum::<usize>()).sum();
        let separators = text.bytes().filter(|b| matches!(b, b'|')).count();
        prop_assert!(fields + separators <= text.len() + message.segments().count() + 1);
    }
}
