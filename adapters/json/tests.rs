#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::tree::Kind;
use super::*;
use proptest::prelude::*;

const SMALL: Limits = Limits { bytes: 64, depth: 3, values: 5 };

fn known(name: &str) -> bool {
    matches!(name, "entry" | "name")
}

fn clinical(text: &str) -> Result<Tree<'_>, Refusal> {
    read(text.as_bytes(), &Limits::CLINICAL, known)
}

fn fault(text: &str) -> Fault {
    clinical(text).map(|_| ()).unwrap_err().fault
}

fn small(text: &str) -> Result<(), Fault> {
    read(text.as_bytes(), &SMALL, known).map(|_| ()).map_err(|refusal| refusal.fault)
}

/// The library's value of the same document.
fn shown(node: Node<'_>) -> serde_json::Value {
    match node.kind() {
        Kind::Null => serde_json::Value::Null,
        Kind::Yes => true.into(),
        Kind::No => false.into(),
        Kind::Number => serde_json::from_str(node.text()).unwrap(),
        Kind::Text | Kind::OwnText => node.text().into(),
        Kind::List => node.children().map(shown).collect(),
        Kind::Object => node.members().map(|(name, node)| (name.to_owned(), shown(node))).collect(),
    }
}

#[test]
fn a_number_keeps_its_decimal_text() {
    let tree = clinical("{\"a\":[8.50,-0,1e3,0.10]}").unwrap();
    let texts: Vec<&str> = tree.root().all("a").map(Node::text).collect();
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
    let tree = clinical("\"\\u6e4a\\ud842\\udfb7\\n\\/é\"").unwrap();
    assert_eq!(tree.root().text(), "湊𠮷\n/é");
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
    let refused = |bytes: &[u8]| read(bytes, &SMALL, known).map(|_| ()).unwrap_err();
    assert_eq!(refused(b"{\n\"a\":\n?}"), Refusal { fault: Fault::IllFormed, line: 3 });
    assert_eq!(refused(b"\xFF").fault, Fault::NotUtf8);
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
    let tree = clinical("{\"entry\":[{},{\"name\":[{\"山田\":1}]}],\"_name\":2}").unwrap().named("Bundle");
    let mut places = Vec::new();
    tree.leaves(|place, _, node| {
        assert_eq!(place, tree.place(node));
        places.push(place.to_owned());
    });
    assert_eq!(places, ["Bundle.entry[1].name[0].*", "Bundle._name"]);
    assert_eq!(tree.place(tree.root()), "Bundle");
}

#[test]
fn members_of_one_name_become_a_list_where_the_first_stood() {
    let mut growing = Growing::new("");
    let text = |text: &str| Leaf::Text(text.to_owned().into());
    growing.open_object("");
    growing.leaf("@id", text("0"));
    let contents = growing.mark();
    for (name, word) in [("name", "a"), ("entry", "b"), ("name", "c"), ("other", "d"), ("name", "e")] {
        growing.open_object(name);
        growing.leaf("#text", text(word));
        growing.close_gathered();
    }
    growing.leaf_at(contents, "#text", text("own"));
    growing.close_gathered();
    let tree = growing.finish(known, Style::Slashes).named("Root");
    let mut found = Vec::new();
    tree.leaves(|place, _, node| {
        assert_eq!(place, tree.place(node));
        found.push(format!("{place}={}", node.text()));
    });
    let expected = ["/*=0", "/*=own", "/name[1]/*=a", "/name[2]/*=c", "/name[3]/*=e", "/entry/*=b", "/*/*=d"];
    assert_eq!(found, expected.map(|place| format!("/Root{place}")));
}

#[test]
fn what_is_forgotten_leaves_no_trace() {
    let source = "1";
    let mut growing = Growing::new(source);
    growing.open_object("");
    for added in 0..3 {
        let mark = growing.mark();
        growing.open_object("entry");
        growing.leaf("name", Leaf::Number(source));
        growing.leaf("name", Leaf::Text("2".to_owned().into()));
        growing.close_gathered();
        if added < 2 {
            growing.forget_since(mark);
        }
    }
    growing.close_gathered();
    let tree = growing.finish(known, Style::Dots);
    assert_eq!(shown(tree.root()), serde_json::json!({"entry": {"name": [1, "2"]}}));
}

#[test]
fn a_document_has_no_more_names_than_there_are_numbers_for_them() {
    let named =
        |names: usize| format!("{{{}}}", (0..names).map(|n| format!("\"k{n}\":0")).collect::<Vec<_>>().join(","));
    let most = usize::from(u16::MAX);
    assert!(clinical(&named(most)).is_ok());
    assert_eq!(fault(&format!("[{},0]", named(most + 1))), Fault::TooMany);
    assert_eq!(fault(&named(most + 1)), Fault::TooMany);
}

proptest! {
    #[test]
    fn members_are_gathered_as_a_slow_reader_would(names in proptest::collection::vec("[a-c]", 0..12), cut in 0_usize..12) {
        let text = |text: String| Leaf::Text(text.into());
        let mut growing = Growing::new("");
        growing.open_object("");
        let mut mark = growing.mark();
        for (number, name) in names.iter().enumerate() {
            growing.leaf(name.clone(), text(number.to_string()));
            if number < cut {
                mark = growing.mark();
            }
        }
        growing.leaf_at(mark, "#", text("between".to_owned()));
        growing.close_gathered();
        let tree = growing.finish(known, Style::Dots);
        let mut expected: Vec<(&str, Vec<String>)> = Vec::new();
        let mut all: Vec<(&str, String)> = names.iter().enumerate().map(|(n, name)| (&**name, n.to_string())).collect();
        all.insert(cut.min(all.len()), ("#", "between".to_owned()));
        for (name, value) in all {
            match expected.iter_mut().find(|(known, _)| *known == name) {
                Some((_, values)) => values.push(value),
                None => expected.push((name, vec![value])),
            }
        }
        let found: Vec<(&str, Vec<String>)> = tree
            .root()
            .members()
            .map(|(name, _)| (name, tree.root().all(name).map(|node| node.text().to_owned()).collect()))
            .collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn what_it_reads_is_what_the_library_reads(text in "[\\[\\]{}:,\"\\\\a1.e\\- tu0]{0,24}") {
        let ours = clinical(&text);
        match (serde_json::from_str::<serde_json::Value>(&text), ours) {
            (Ok(value), Ok(tree)) => prop_assert_eq!(value, shown(tree.root())),
            (Err(_), Ok(_)) => prop_assert!(text.contains('e'), "only a number out of range"),
            (Ok(_), Err(refusal)) => prop_assert_eq!(refusal.fault, Fault::Twice),
            (Err(_), Err(_)) => {}
        }
    }
}
