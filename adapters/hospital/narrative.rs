//! What a narrative says, as plain text: paragraphs and rows become lines, cells are set apart.

use crate::xml::{self, Element, Limits};

/// Most bytes that the words of one narrative have (`formats/hospital.md` 3.1).
pub(super) const NARRATIVE_BYTES_MAX: usize = 5 * 1024 * 1024;

/// The words of an XHTML `div`; nothing when it is not well-formed.
pub(crate) fn plain(source: &str) -> String {
    read(source).map(|root| of(&root)).unwrap_or_default()
}

/// An XHTML `div`; `None` when it is not well-formed.
pub(super) fn read(source: &str) -> Option<Element> {
    // Names do not matter: nothing of a narrative gets into a place.
    let known = |_: &str| false;
    xml::read_text(source, &Limits::CLINICAL, known).ok()
}

/// The words of a narrative that was read already.
pub(crate) fn of(root: &Element) -> String {
    let mut text = String::new();
    write(root, &mut text);
    let lines = text.lines().map(|line| line.trim_matches([' ', '\t', '\u{3000}'])).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join("\n")
}

/// Elements after which a line ends.
const BLOCKS: [&str; 20] = [
    "p",
    "div",
    "br",
    "tr",
    "li",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "caption",
    "paragraph",
    "list",
    "item",
    "table",
    "ul",
    "ol",
    "footnote",
    "renderMultiMedia",
];
/// Elements after which a cell ends.
const CELLS: [&str; 2] = ["td", "th"];

/// Does a line end after an element of this name?
pub(super) fn is_block(name: &str) -> bool {
    BLOCKS.contains(&name)
}

fn write(element: &Element, text: &mut String) {
    let block = is_block(&element.name);
    if block {
        text.push('\n');
    }
    for piece in element.pieces() {
        match piece {
            xml::Piece::Text(words) => push_words(words, text),
            xml::Piece::Element(inner) => write(inner, text),
        }
    }
    if block {
        text.push('\n');
    } else if CELLS.contains(&element.name.as_str()) {
        text.push('\t');
    }
}

/// White space of the source is one blank.
fn push_words(words: &str, text: &mut String) {
    for (number, word) in words.split([' ', '\n', '\r', '\t']).enumerate() {
        if number > 0 && !text.ends_with([' ', '\n', '\t']) {
            text.push(' ');
        }
        text.push_str(word);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_and_rows_become_lines() {
        let source = "<div xmlns=\"http://www.w3.org/1999/xhtml\"><p>退院 <b>連絡</b>\n です</p><table><tr><th>体重</th>\
                      <td>2486 g</td></tr></table>a<br/>b</div>";
        assert_eq!(plain(source), "退院 連絡 です\n体重\t2486 g\na\nb");
    }

    #[test]
    fn what_is_not_well_formed_says_nothing() {
        assert_eq!(plain("<div><p>"), "");
        assert_eq!(plain("<!DOCTYPE x><div>&x;</div>"), "");
    }
}
