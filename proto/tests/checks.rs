//! The build refuses a schema that leaves open what a field tells, and says where and how to mend it.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

#[expect(dead_code, reason = "the build also writes code from what is read here")]
#[path = "../build/labels.rs"]
mod labels;

fn faults(file: &str) -> Vec<String> {
    let mut compiler = protox::Compiler::new(["."]).unwrap();
    compiler.include_imports(true).open_file(format!("tests/schemas/{file}.proto")).unwrap();
    labels::read(&compiler.descriptor_pool(), "bad.Entry").err().unwrap_or_default()
}

#[track_caller]
fn refuses(file: &str, place: &str, mend: &str) {
    let faults = faults(file);
    assert_eq!(faults.len(), 1, "{file}: {faults:?}");
    let fault = faults.first().unwrap();
    assert!(fault.starts_with(&format!("{place}: ")), "{fault} does not name {place}");
    assert!(fault.contains(mend), "{fault} does not say {mend}");
}

#[test]
fn a_leaf_without_a_category_is_refused() {
    refuses("no_category", "bad.Entry.address", "write [(category) = C…]");
}

#[test]
fn a_map_is_refused() {
    refuses("map_field", "bad.Entry.notes", "write a repeated message");
}

#[test]
fn a_group_is_refused() {
    refuses("group", "bad.Entry.notes", "write a message");
}

#[test]
fn a_number_a_bool_or_an_enum_that_cannot_be_absent_is_refused() {
    refuses("implicit_number", "bad.Entry.income", "write `optional`");
    refuses("implicit_bool", "bad.Entry.exempt", "write `optional`");
    refuses("implicit_enum", "bad.Entry.tier", "write `optional`");
}

#[test]
fn a_category_that_says_nothing_is_refused() {
    let faults = faults("unspecified_category");
    assert!(faults.iter().any(|fault| fault.contains("bad.Entry.name: (category) names CATEGORY_UNSPECIFIED")));
}

#[test]
fn a_structural_field_that_tells_something_is_refused() {
    refuses("structural_with_category", "bad.Entry.id", "write either (structural) or a category");
}

#[test]
fn a_message_that_would_never_stay_is_refused() {
    refuses("without_fact", "bad.Link", "mark it with (value)");
}

#[test]
fn a_message_inside_itself_is_refused() {
    refuses("recursion", "bad.Entry", "contains itself");
}

#[test]
fn a_set_that_is_not_in_the_message_is_refused() {
    refuses("set_field", "bad.Entry", "write `repeated Category raised`");
}

#[test]
fn a_message_inside_a_value_must_be_a_value() {
    refuses("message_in_value", "bad.Date.year", "mark its type with (value) too");
}

#[test]
fn a_misspelt_category_is_refused_by_the_compiler_with_its_place() {
    let mut compiler = protox::Compiler::new(["."]).unwrap();
    let error = compiler.open_file("tests/schemas/misspelt.proto").unwrap_err();
    assert!(format!("{error:?}").contains("C01_IDENTTY"));
}
