//! The table of raised categories.

use super::super::RaisedCodes;
use crate::agency::Category::{C08, C13, C14, C19};
use crate::agency::{Category, CategorySet};

fn set(categories: &[Category]) -> Option<CategorySet> {
    Some(categories.iter().copied().collect())
}

#[test]
fn a_code_raises_what_it_tells_beyond_its_field() {
    let codes = RaisedCodes::reviewed();
    for (system, code, raises) in [
        ("http://loinc.org", "99046-5", set(&[C08])),
        ("LN", "71354-5", set(&[C08])),
        ("LN", "11613-7", set(&[C19])),
        ("LN", "8339-4", set(&[])),
        ("I10", "F53.0", set(&[C08])),
        ("I10", "f530", set(&[C08])),
        ("I10", "O04", set(&[C19])),
        ("I10", "O04.9", set(&[C19])),
        ("I10", "O13", set(&[])),
        ("I10", "O98.1", set(&[C19])),
        ("I10", "O981", set(&[C19])),
        ("I10", "O99.3", set(&[C08])),
        ("I10", "Z34.9", set(&[])),
        ("I10", "Z35.1", set(&[C19])),
        ("I10", "B24", set(&[C19])),
        ("I10", "T74.1", set(&[C13, C14])),
        ("ward", "精神科病棟", set(&[C08])),
        ("department", "Psychiatry", set(&[C08])),
        ("ward", "3階東", set(&[])),
    ] {
        assert_eq!(codes.raised(system, code), raises, "{system} {code}");
    }
}

#[test]
fn an_unknown_code_and_an_unknown_system_are_unknown() {
    let codes = RaisedCodes::reviewed();
    for (system, code) in [("I10", "S06.5"), ("I10", "F"), ("I10", ""), ("LN", "1-1"), ("99Z", "F53"), ("", "")] {
        assert_eq!(codes.raised(system, code), None, "{system} {code}");
    }
}

#[test]
fn a_table_with_a_code_twice_is_refused() {
    let head = "format = 1\neffective = \"2026-04-01\"\nsource = \"\"\n";
    let system = "[[system]]\nlabel = \"x\"\nnames = [\"X\"]\nmatch = \"exact\"\n";
    let code = "{ code = \"1\", raises = [], label = \"\" }";
    assert!(RaisedCodes::load(&format!("{head}{system}code = [{code}]\n")).is_ok());
    assert!(RaisedCodes::load(&format!("{head}{system}code = [{code}, {code}]\n")).is_err());
    assert!(RaisedCodes::load(&format!("{head}{system}{system}")).is_err());
    assert!(
        RaisedCodes::load(&format!("{head}{system}code = [{{ code = \"1\", raises = [\"C21\"], label = \"\" }}]"))
            .is_err()
    );
}
