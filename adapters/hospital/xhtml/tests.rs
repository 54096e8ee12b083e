//! What is kept of mark-up, by examples and whatever it is.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use super::*;
use proptest::prelude::*;
use proptest::sample::select;

fn read(source: &str) -> Element {
    xml::read_text(source, &Limits::CLINICAL, |_| false).unwrap()
}

fn kept_of(source: &str) -> String {
    kept(&read(&format!("<text>{source}</text>")))
}

#[test]
fn a_table_and_a_list_are_kept_and_plain_paragraphs_need_not_be() {
    let table = "<table border='1' ID='t'><caption>体重</caption><thead><tr><th colspan='2' styleCode='x'>日</th></tr></thead>\
                 <tbody>\n <tr><td>1日</td><td rowspan='0'>2486 g</td></tr></tbody></table>";
    assert_eq!(
        kept_of(table),
        "<table><caption>体重</caption><thead><tr><th colspan=\"2\">日</th></tr></thead><tbody><tr><td>1日</td>\
         <td>2486 g</td></tr></tbody></table>"
    );
    let list =
        "<paragraph>経過</paragraph><list listType='ordered'><item>一 <content ID='a'>二</content></item></list>";
    assert_eq!(kept_of(list), "<p>経過</p><ol><li>一 二</li></ol>");
    assert_eq!(kept_of("10<sup>5</sup>個"), "10<sup>5</sup>個");
    assert_eq!(kept_of("<paragraph>経過は<br/>良好</paragraph>"), "");
}

#[test]
fn nothing_that_could_act_or_lead_away_is_kept_and_no_word_is_lost() {
    let hostile = "<list><item><linkHtml href='javascript:x'>こちら</linkHtml><script>alert(1)</script><img src='//x'/></item>\
                   </list><x:iframe xmlns:x='http://www.w3.org/1999/xhtml' src='y'>枠&lt;b&gt;</x:iframe>";
    assert_eq!(kept_of(hostile), "<ul><li>こちらalert(1)</li></ul>枠&lt;b&gt;");
}

#[test]
fn what_stands_where_it_may_not_is_put_where_it_may() {
    assert_eq!(kept_of("<list>一<caption>題</caption></list>"), "<ul><li>一</li><li>題</li></ul>");
    assert_eq!(kept_of("<table><tr><td/>x</tr></table>"), "<table><tbody><tr><td></td><td>x</td></tr></tbody></table>");
    assert_eq!(kept_of("<p>a<list><item>b</item></list>c</p>"), "a<ul><li>b</li></ul>c");
    assert_eq!(kept_of("<td>a</td><td>b</td><sub>c</sub>"), "a<br/>b<sub><br/>c</sub>");
}

#[test]
fn what_is_kept_is_written_as_cda() {
    let xhtml = "<p>経過</p><ol><li>一</li></ol><small>注</small>";
    assert_eq!(
        markup(xhtml, Form::Cda).unwrap().as_str(),
        "<cda:paragraph>経過</cda:paragraph><cda:list listType=\"ordered\"><cda:item>一</cda:item></cda:list>\
         <cda:footnote>注</cda:footnote>"
    );
    for none in ["", "<p>", "</div><div>", "<!DOCTYPE a>", "&x;", "<p> </p>"] {
        assert_eq!(markup(none, Form::Xhtml), None, "{none}");
    }
}

const NAMES: [&str; 24] = [
    "paragraph",
    "list",
    "item",
    "table",
    "caption",
    "thead",
    "tbody",
    "tfoot",
    "tr",
    "th",
    "td",
    "br",
    "sub",
    "sup",
    "footnote",
    "content",
    "linkHtml",
    "p",
    "ul",
    "ol",
    "li",
    "div",
    "script",
    "renderMultiMedia",
];
const ATTRIBUTES: [&str; 8] = [
    "",
    "colspan='2'",
    "rowspan='1000'",
    "colspan='1001'",
    "onload='x'",
    "href='javascript:x'",
    "listType='ordered'",
    "style='x'",
];
const TEXTS: [&str; 8] = ["語", " ", "\n", "二 語", "&lt;b&gt;", "&amp;", "\u{3000}", "'\"\u{202e}"];

fn part() -> impl Strategy<Value = String> {
    select(&TEXTS[..]).prop_map(str::to_owned).prop_recursive(6, 60, 5, |inner| {
        let inside = proptest::collection::vec(inner, 0..5);
        (select(&NAMES[..]), select(&ATTRIBUTES[..]), inside)
            .prop_map(|(name, attribute, inside)| format!("<{name} {attribute}>{}</{name}>", inside.concat()))
    })
}

/// Is every element one of XHTML that may stand where it stands, with no attribute but how far a cell reaches?
fn is_allowed(element: &Element, above: Option<Tag>) -> bool {
    element.children.iter().all(|child| {
        let tag = Tag::of(child);
        let is_own = tag.is_some_and(|tag| tag.names(Form::Xhtml).0 == child.name && tag.may_stand_in(above));
        let spans_alone = child.attributes.iter().all(|one| matches!(one.name.as_str(), "colspan" | "rowspan"));
        let is_cell = matches!(tag, Some(Tag::Cell | Tag::HeadCell));
        is_own && spans_alone && (is_cell || child.attributes.is_empty()) && is_allowed(child, tag)
    })
}

fn letters(element: &Element) -> String {
    crate::hospital::narrative::of(element).chars().filter(|letter| !letter.is_whitespace()).collect()
}

proptest! {
    #[test]
    fn whatever_is_read_what_is_kept_is_allowed_and_is_kept_again(parts in proptest::collection::vec(part(), 0..5)) {
        let source = read(&format!("<text>{}</text>", parts.concat()));
        let kept = kept(&source);
        let root = read(&format!("<div>{kept}</div>"));
        prop_assert!(is_allowed(&root, None), "{}", kept);
        if !kept.is_empty() {
            prop_assert_eq!(markup(&kept, Form::Xhtml).unwrap().into_string(), kept.clone());
            let hidden_shown = letters(&source).replace('\u{202e}', "\u{fffd}");
            prop_assert_eq!(letters(&root), hidden_shown, "no word is lost or added");
            let cda = markup(&kept, Form::Cda).unwrap();
            let cda = read(&format!("<text xmlns:cda='urn:hl7-org:v3'>{}</text>", cda.as_str()));
            prop_assert_eq!(super::kept(&cda), kept, "the same after it was CDA");
        }
    }
}
