#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::*;
use std::fmt::Write as _;

const SMALL: Limits = Limits {
    bytes: 4_096,
    depth: 4,
    elements: 6,
    attributes: 3,
    namespaces: 2,
    name_bytes: 8,
    attribute_bytes: 40,
    text_bytes: 4_096,
    instructions: false,
};

fn any(_: &str) -> bool {
    true
}

fn fault(text: &str) -> Fault {
    read(text.as_bytes(), &Limits::CASE_EXCHANGE, any).unwrap_err().fault
}

fn small(text: &str) -> Result<Element, Fault> {
    read(text.as_bytes(), &SMALL, any).map_err(|refusal| refusal.fault)
}

#[test]
fn elements_keep_names_namespaces_attributes_and_text() {
    let text = "<?xml version='1.0' encoding='utf-8'?>\n<!-- x --><a xmlns='urn:a' xmlns:b='urn:b' b:k='1' k='&lt;2&#x3042;'>\
                t<b:c/>&amp;<![CDATA[<raw>&]]></a>\n";
    let root = read(text.as_bytes(), &Limits::CASE_EXCHANGE, any).unwrap();
    assert!(root.is("urn:a", "a"));
    assert_eq!(root.attribute("k"), Some("<2あ"));
    assert_eq!(root.attributes.len(), 2, "declarations of namespaces are none");
    assert_eq!(root.value(), "t&<raw>&");
    assert!(root.children.first().unwrap().is("urn:b", "c"));
    assert!(root.child("c").is_none(), "of another namespace");
}

#[test]
fn entities_that_multiply_are_refused_at_the_doctype() {
    let mut bomb = "<!DOCTYPE lolz [<!ENTITY lol \"lol\">".to_owned();
    for n in 1..10 {
        write!(bomb, "<!ENTITY lol{n} \"{}\">", format!("&lol{};", n - 1).repeat(10)).unwrap();
    }
    bomb.push_str("]><a>&lol9;</a>");
    assert_eq!(fault(&bomb), Fault::Doctype);
    let quadratic = format!("<!DOCTYPE a [<!ENTITY x \"{}\">]><a>{}</a>", "x".repeat(50_000), "&x;".repeat(50_000));
    assert_eq!(fault(&quadratic), Fault::Doctype);
}

#[test]
fn external_entities_are_neither_fetched_nor_read() {
    for target in ["file:///etc/passwd", "http://127.0.0.1/x"] {
        let text = format!("<!DOCTYPE a [<!ENTITY x SYSTEM \"{target}\">]><a>&x;</a>");
        assert_eq!(fault(&text), Fault::Doctype);
    }
    assert_eq!(fault("<!DOCTYPE a PUBLIC \"p\" \"http://127.0.0.1/x.dtd\"><a/>"), Fault::Doctype);
    assert_eq!(fault("<a><!DOCTYPE b><b/></a>"), Fault::Doctype);
}

#[test]
fn only_the_five_entities_and_characters_are_known() {
    assert_eq!(fault("<a>&nbsp;</a>"), Fault::Entity);
    assert_eq!(fault("<a k='&nbsp;'/>"), Fault::Entity);
    assert_eq!(fault("<a>&#0;</a>"), Fault::Entity);
    assert_eq!(fault("<a>&#xD800;</a>"), Fault::Entity);
    assert_eq!(fault("<a>&#1;</a>"), Fault::Control);
    assert_eq!(fault("<a k='&#1;'/>"), Fault::Control);
    for none in ["&#xFFFE;", "&#xFFFF;"] {
        assert_eq!(fault(&format!("<a>{none}</a>")), Fault::Control);
        assert_eq!(fault(&format!("<a k='{none}'/>")), Fault::Control);
    }
    assert_eq!(fault("<a>\u{0}</a>"), Fault::Control);
    assert_eq!(small("<a>&lt;&gt;&amp;&quot;&apos;&#65;</a>").unwrap().text, "<>&\"'A");
}

#[test]
fn instructions_but_the_declaration_are_refused() {
    assert_eq!(fault("<?xml-stylesheet href='http://127.0.0.1/x.xsl'?><a/>"), Fault::Instruction);
    assert_eq!(fault("<a><?php x?></a>"), Fault::Instruction);
    assert_eq!(fault("<a/><?x y?>"), Fault::Instruction);
    assert_eq!(fault("<!-- x --><?xml version='1.0'?><a/>"), Fault::Instruction);
    assert_eq!(fault("<?xml version='1.1'?><a/>"), Fault::IllFormed);
}

#[test]
fn only_utf8_without_mark_is_read() {
    assert_eq!(fault("\u{FEFF}<a/>"), Fault::NotUtf8);
    assert_eq!(fault("<?xml version='1.0' encoding='UTF-7'?><a>+ADw-</a>"), Fault::OtherEncoding);
    assert_eq!(fault("<?xml version='1.0' encoding='Shift_JIS'?><a/>"), Fault::OtherEncoding);
    assert_eq!(fault("<?xml version='1.0' encoding='UTF-16'?><a/>"), Fault::OtherEncoding);
    let utf16: Vec<u8> = "\u{FEFF}<a/>".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(read(&utf16, &SMALL, any).unwrap_err().fault, Fault::NotUtf8);
    let without_mark: Vec<u8> = "<a/>".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(read(&without_mark, &SMALL, any).is_err());
    assert!(read_text("<?xml version='1.0' encoding='Shift_JIS'?><a/>", &SMALL, any).is_ok(), "decoded before");
}

#[test]
fn a_document_that_ends_early_is_refused_wherever_it_is_cut() {
    let whole = "<?xml version=\"1.0\"?><a xmlns=\"u\"><b k=\"1\">x&amp;</b><c><![CDATA[y]]></c></a>";
    assert!(small(whole).is_ok());
    for end in 0..whole.len() {
        assert!(small(whole.get(..end).unwrap()).is_err(), "cut at {end}");
    }
    assert_eq!(fault("<a><b>"), Fault::Truncated);
    assert_eq!(fault(""), Fault::Truncated);
}

#[test]
fn there_is_one_root_and_nothing_beside_it() {
    assert_eq!(fault("<a/><b/>"), Fault::BesideRoot);
    assert_eq!(fault("<a/>text"), Fault::BesideRoot);
    assert_eq!(fault("text<a/>"), Fault::BesideRoot);
    assert_eq!(fault("<a/>&amp;"), Fault::BesideRoot);
    assert_eq!(fault("<a/><![CDATA[x]]>"), Fault::BesideRoot);
    assert!(small(" <a/> \n<!-- x --> ").is_ok());
}

#[test]
fn what_is_not_well_formed_is_refused() {
    for text in [
        "<a></b>",
        "</a>",
        "<a k=1/>",
        "<a k='1' k='2'/>",
        "<x:a/>",
        "<a x:k='1'/>",
        "<a k='<'/>",
        "<a><!-- -- --></a>",
    ] {
        assert_eq!(fault(text), Fault::IllFormed, "{text}");
    }
}

#[test]
fn the_depth_is_limited() {
    let nested = |depth: usize| format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
    assert!(small(&nested(SMALL.depth - 1)).is_ok());
    assert!(small(&nested(SMALL.depth)).is_ok());
    assert_eq!(small(&nested(SMALL.depth + 1)), Err(Fault::TooDeep));
    assert_eq!(fault(&"<a>".repeat(100_000)), Fault::TooDeep);
}

#[test]
fn the_size_is_limited_before_anything_is_read() {
    let sized = |bytes: usize| format!("<a>{}</a>", "x".repeat(bytes - 7));
    assert!(small(&sized(SMALL.bytes - 1)).is_ok());
    assert!(small(&sized(SMALL.bytes)).is_ok());
    assert_eq!(small(&sized(SMALL.bytes + 1)), Err(Fault::TooLarge));
    let mut hostile = "<!DOCTYPE a>".to_owned();
    hostile.push_str(&"x".repeat(SMALL.bytes));
    assert_eq!(small(&hostile), Err(Fault::TooLarge));
}

#[test]
fn elements_attributes_and_names_are_limited() {
    let elements = |count: usize| format!("<a>{}</a>", "<b/>".repeat(count - 1));
    assert!(small(&elements(SMALL.elements - 1)).is_ok());
    assert!(small(&elements(SMALL.elements)).is_ok());
    assert_eq!(small(&elements(SMALL.elements + 1)), Err(Fault::TooManyElements));
    let attributes = |count: usize| {
        let all: Vec<String> = (0..count).map(|n| format!("k{n}='1'")).collect();
        format!("<a {}/>", all.join(" "))
    };
    assert!(small(&attributes(SMALL.attributes - 1)).is_ok());
    assert!(small(&attributes(SMALL.attributes)).is_ok());
    assert_eq!(small(&attributes(SMALL.attributes + 1)), Err(Fault::TooManyAttributes));
    let declarations: Vec<String> = (0..300).map(|n| format!("xmlns:n{n}='urn:{n}'")).collect();
    assert_eq!(fault(&format!("<a {}/>", declarations.join(" "))), Fault::TooManyAttributes);
    assert!(small(&format!("<{}/>", "a".repeat(SMALL.name_bytes))).is_ok());
    assert_eq!(small(&format!("<{}/>", "a".repeat(SMALL.name_bytes + 1))), Err(Fault::NameTooLong));
    assert_eq!(small(&format!("<a xmlns='{}'/>", "u".repeat(SMALL.name_bytes + 1))), Err(Fault::NameTooLong));
    assert_eq!(small(&format!("<a {}='1'/>", "k".repeat(SMALL.name_bytes + 1))), Err(Fault::NameTooLong));
}

#[test]
fn a_place_is_a_path_of_known_names_alone() {
    let known = |name: &str| matches!(name, "a" | "b");
    let refusal = read("<a><b><山田><?x?></山田></b></a>".as_bytes(), &SMALL, known).unwrap_err();
    assert_eq!(refusal, Refusal { fault: Fault::Instruction, place: "/a/b/*".to_owned() });
    assert_eq!(refusal.to_string(), "Instruction at /a/b/*");
    let deep = format!("{}<?x?>", format!("<{}>", "a".repeat(60)).repeat(20));
    let refusal = read(deep.as_bytes(), &Limits::CASE_EXCHANGE, any).unwrap_err();
    assert!(refusal.place.len() <= 256, "a place stays short");
}

#[test]
fn what_is_written_is_read_again() {
    let text = "<&>\"'\n行\u{7}\u{85}\u{0}末";
    let mut writer = Writer::new("p", "urn:p", "root", &[("version", "1\n<0>\"")]);
    writer.open("list");
    writer.leaf_with("item", &[("k", "a&b")], text);
    writer.leaf_if("none", "");
    let bytes = writer.finish();
    let root = read(&bytes, &Limits::CASE_EXCHANGE, any).unwrap();
    assert!(root.is("urn:p", "root"));
    assert_eq!(root.attribute("version"), Some("1 <0>\""));
    let item = root.child("list").unwrap().child("item").unwrap();
    assert_eq!((item.value(), item.attribute("k")), ("<&>\"'\n行末", Some("a&b")), "control characters are dropped");
}

#[test]
fn values_and_character_data_are_limited() {
    let limits = Limits { text_bytes: 10, ..SMALL };
    let read_so = |text: String| read(text.as_bytes(), &limits, any).map(|_| ()).map_err(|refusal| refusal.fault);
    let value = |length: usize| format!("<a k='{}'/>", "x".repeat(length));
    let text = |length: usize| format!("<a>{}<b/>{}</a>", "x".repeat(length - 4), "x".repeat(4));
    assert_eq!((read_so(value(39)), read_so(value(40))), (Ok(()), Ok(())));
    assert_eq!(read_so(value(41)), Err(Fault::TextTooLong));
    assert_eq!((read_so(text(9)), read_so(text(10))), (Ok(()), Ok(())));
    assert_eq!(read_so(text(11)), Err(Fault::TextTooLong));
}

#[test]
fn an_instruction_is_passed_over_only_where_the_format_may_have_one() {
    let styled = "<?xml version='1.0'?><?xml-stylesheet href='http://127.0.0.1/x.xsl'?><a/>";
    assert!(read(styled.as_bytes(), &Limits::CLINICAL, any).is_ok());
    assert_eq!(fault(styled), Fault::Instruction);
}

#[test]
fn text_and_elements_keep_their_order() {
    let root = read("<a>x<b>y</b>z<c/></a>".as_bytes(), &SMALL, any).unwrap();
    let shown: Vec<&str> = root
        .pieces()
        .into_iter()
        .map(|piece| match piece {
            Piece::Text(text) => text,
            Piece::Element(element) => &element.name,
        })
        .collect();
    assert_eq!(shown, ["x", "b", "z", "c", ""]);
}

#[test]
fn s66_an_individual_number_in_a_comment_or_an_instruction_refuses_the_document() {
    // Put together here, so that no such number stands in the tree.
    let number = ["12345678901", "8"].concat();
    let grouped = [&number[..4], &number[4..8], &number[8..]].join(" ");
    for comment in [format!("<!-- {number} -->"), format!("<!--番号{grouped}-->")] {
        for text in [format!("{comment}<a/>"), format!("<a>{comment}</a>"), format!("<a/>{comment}")] {
            assert_eq!(fault(&text), Fault::IndividualNumber);
        }
    }
    assert!(small("<!-- 20261030110530 --><a/>").is_ok(), "a date and time is none");
    let instructed = format!("<?style {number}?><a/>");
    assert_eq!(fault(&instructed), Fault::Instruction, "none is taken there");
    let clinical = Limits { instructions: true, ..SMALL };
    assert_eq!(read(instructed.as_bytes(), &clinical, any).unwrap_err().fault, Fault::IndividualNumber);
}
