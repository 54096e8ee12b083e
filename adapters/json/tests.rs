#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::*;
use proptest::prelude::*;

const SMALL: Limits = Limits { bytes: 64, depth: 3, values: 5 };

fn fault(text: &str) -> Fault {
    read(text.as_bytes(), &Limits::CLINICAL).unwrap_err().fault
}

fn small(text: &str) -> Result<(), Fault> {
    read(text.as_bytes(), &SMALL).map(|_| ()).map_err(|refusal| refusal.fault)
}

/// The library's value of the same document.
fn shown(node: &Node<'_>) -> serde_json::Value {
    match &node.value {
        Value::Null => serde_json::Value::Null,
        Value::Flag(flag) => (*flag).into(),
        Value::Number(number) => serde_json::from_str(number).unwrap(),
        Value::Text(text) => (&**text).into(),
        Value::List(items) => items.iter().map(shown).collect(),
        Value::Object(members) => members.iter().map(|(name, node)| (name.to_string(), shown(node))).collect(),
    }
}

#[test]
fn a_number_keeps_its_decimal_text() {
    let root = read(b"{\"a\":[8.50,-0,1e3,0.10]}", &Limits::CLINICAL).unwrap();
    let texts: Vec<&str> = root.all("a").map(Node::text).collect();
    assert_eq!(texts, ["8.50", "-0", "1e3", "0.10"]);
}

#[test]
fn a_member_that_stands_twice_refuses_the_document() {
    assert_eq!(fault("{\"a\":1,\"a\":1}"), Fault::Twice);
    assert_eq!(fault("{\"a\":1,\"\\u0061\":1}"), Fault::Twice);
    let many: Vec<String> = (0..40).map(|n| format!("\"k{n}\":1")).collect();
    assert_eq!(fault(&format!("{{{},\"k7\":1}}", many.join(","))), Fault::Twice);
}

#[test]
fn escapes_are_undone_and_broken_ones_refused() {
    let root = read("\"\\u6e4a\\ud842\\udfb7\\n\\/é\"".as_bytes(), &Limits::CLINICAL).unwrap();
    assert_eq!(root.text(), "湊𠮷\n/é");
    for text in ["\"\\ud842\"", "\"\\udfb7\"", "\"\\u0000\"", "\"a\nb\"", "\"\\ud842\\u0041\""] {
        assert_eq!(fault(text), Fault::Control, "{text}");
    }
    assert_eq!(fault("\"\\x\""), Fault::IllFormed);
}

#[test]
fn what_is_no_json_is_refused_with_its_line() {
    for text in ["{a:1}", "[1,]", "{\"a\":1,}", "01", "+1", "nul1", "[1 2]", "1 1", "'a'", "//x\n1"] {
        assert_eq!(fault(text), Fault::IllFormed, "{text}");
    }
    assert_eq!(read(b"{\n\"a\":\n?}", &SMALL).unwrap_err(), Refusal { fault: Fault::IllFormed, line: 3 });
    assert_eq!(read(b"\xFF", &SMALL).unwrap_err().fault, Fault::NotUtf8);
    assert!(small("\u{FEFF}{}").is_ok());
}

#[test]
fn a_document_that_ends_early_is_refused_wherever_it_is_cut() {
    let whole = "{\"a\":[1.5,true,null,\"x\\n\"],\"b\":{\"c\":-2}}";
    for end in 0..whole.len() {
        assert_eq!(fault(whole.get(..end).unwrap()), Fault::Truncated, "cut at {end}");
    }
}

#[test]
fn size_depth_and_values_are_limited() {
    let sized = |bytes: usize| format!("\"{}\"", "x".repeat(bytes - 2));
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let valued = |values: usize| format!("[{}]", vec!["0"; values - 1].join(","));
    for (make, limit, over) in [
        (&sized as &dyn Fn(usize) -> String, SMALL.bytes, Fault::TooLarge),
        (&nested, SMALL.depth, Fault::TooDeep),
        (&valued, SMALL.values, Fault::TooMany),
    ] {
        assert_eq!(small(&make(limit - 1)), Ok(()));
        assert_eq!(small(&make(limit)), Ok(()));
        assert_eq!(small(&make(limit + 1)), Err(over));
    }
    assert_eq!(fault(&"[".repeat(100_000)), Fault::TooDeep);
}

#[test]
fn a_place_is_a_path_of_known_names() {
    let known = |name: &str| matches!(name, "entry" | "name");
    let root = read("{\"entry\":[{},{\"name\":[{\"山田\":1}]}],\"_name\":2}".as_bytes(), &Limits::CLINICAL).unwrap();
    let tree = Tree::new(root, "Bundle", known, Style::Dots);
    let mut places = Vec::new();
    tree.leaves(|place, _, node| {
        assert_eq!(place, tree.place(node));
        places.push(place.to_owned());
    });
    assert_eq!(places, ["Bundle.entry[1].name[0].*", "Bundle._name"]);
    assert_eq!(tree.place(&tree.root), "Bundle");
}

proptest! {
    #[test]
    fn what_it_reads_is_what_the_library_reads(text in "[\\[\\]{}:,\"\\\\a1.e\\- tu0]{0,24}") {
        let ours = read(text.as_bytes(), &Limits::CLINICAL);
        match (serde_json::from_str::<serde_json::Value>(&text), ours) {
            (Ok(value), Ok(node)) => prop_assert_eq!(value, shown(&node)),
            (Err(_), Ok(_)) => prop_assert!(text.contains('e'), "only a number out of range"),
            (Ok(_), Err(refusal)) => prop_assert_eq!(refusal.fault, Fault::Twice),
            (Err(_), Err(_)) => {}
        }
    }
}
