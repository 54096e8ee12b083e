//! HTML and XHTML by construction: markup is written by the program, and what a record says is only ever text (S-17).
//!
//! Tags and classes are `&'static str`, so nothing that was read can become one; text passes through the one escape.

use crate::seek::seek;
use std::borrow::Cow;

/// A piece of well-formed XHTML.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Markup(String);

impl Markup {
    /// Text, escaped. Line ends become line breaks.
    pub fn text(text: &str) -> Self {
        let mut out = String::with_capacity(text.len());
        write_text(text, &mut out);
        Markup(out)
    }

    /// An element around its contents.
    pub fn element(tag: &'static str, inner: Markup) -> Self {
        Markup(["<", tag, ">", &inner.0, "</", tag, ">"].concat())
    }

    /// An element with a class.
    pub fn classed(tag: &'static str, class: &'static str, inner: Markup) -> Self {
        Markup(format!("<{tag} class=\"{class}\">{}</{tag}>", inner.0))
    }

    /// The `div` that FHIR asks for around a narrative.
    pub fn narrative(inner: &Markup) -> Self {
        Markup(["<div xmlns=\"http://www.w3.org/1999/xhtml\">", &inner.0, "</div>"].concat())
    }

    /// Begins an element with attributes that are numbers; [`Markup::end`] ends it.
    pub(crate) fn begin(&mut self, tag: &'static str, numbers: &[(&'static str, u16)]) {
        self.0.push('<');
        self.0.push_str(tag);
        for (name, number) in numbers {
            self.0.push_str(&format!(" {name}=\"{number}\""));
        }
        self.0.push('>');
    }

    /// Ends an element.
    pub(crate) fn end(&mut self, tag: &'static str) {
        self.0.push_str("</");
        self.0.push_str(tag);
        self.0.push('>');
    }

    /// An element that holds nothing.
    pub(crate) fn empty(&mut self, tag: &'static str) {
        self.0.push('<');
        self.0.push_str(tag);
        self.0.push_str("/>");
    }

    /// Adds text, escaped.
    pub(crate) fn say(&mut self, text: &str) {
        write_text(text, &mut self.0);
    }

    /// What the program itself wrote: document type, style sheet.
    pub fn own(source: &'static str) -> Self {
        Markup(source.to_owned())
    }

    /// This, and after it the other.
    #[must_use]
    pub fn then(mut self, next: &Markup) -> Self {
        self.0.push_str(&next.0);
        self
    }

    /// Several, one after the other.
    pub fn all(pieces: impl IntoIterator<Item = Markup>) -> Self {
        pieces.into_iter().fold(Markup::default(), |done, piece| done.then(&piece))
    }

    /// A table of labels and values; nothing when there are no rows.
    pub fn table<'a>(rows: impl IntoIterator<Item = (&'a str, Markup)>) -> Self {
        Self::rows(0, rows, |value, out| out.push_str(&value.0))
    }

    /// A table of labels and texts; nothing when there are no rows.
    pub fn table_of_texts<'a>(rows: impl IntoIterator<Item = (&'a str, &'a str)> + Clone) -> Self {
        let length = rows.clone().into_iter().map(|(label, value)| ROW.len() + label.len() + value.len()).sum();
        Self::rows(length, rows, write_text)
    }

    /// `length` is about how long it becomes.
    fn rows<'a, V>(
        length: usize,
        rows: impl IntoIterator<Item = (&'a str, V)>,
        write: impl Fn(V, &mut String),
    ) -> Self {
        let mut out = String::with_capacity(length + "<table><tbody></tbody></table>".len());
        for (label, value) in rows {
            out.push_str(if out.is_empty() { "<table><tbody><tr><th>" } else { "<tr><th>" });
            write_text(label, &mut out);
            out.push_str("</th><td>");
            write(value, &mut out);
            out.push_str("</td></tr>");
        }
        if !out.is_empty() {
            out.push_str("</tbody></table>");
        }
        Markup(out)
    }

    /// Nothing was written.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The source text, to be written into another.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The source text.
    pub fn into_string(self) -> String {
        self.0
    }
}

/// What stands around the words of a row.
const ROW: &str = "<tr><th></th><td></td></tr>";

/// Text without what a reader cannot see and what turns the order of letters round: each such character shows as `�`,
/// so that two names which differ in it do not look alike. Variation selectors of kanji stay.
pub fn visible(text: &str) -> String {
    let lines = text.replace("\r\n", "\n").replace('\r', "\n");
    lines.chars().map(|letter| if is_hidden(letter) { char::REPLACEMENT_CHARACTER } else { letter }).collect()
}

/// Text, escaped, with line breaks for line ends.
fn write_text(text: &str, out: &mut String) {
    let seen = text.chars().any(is_hidden);
    let shown = if seen { Cow::Owned(visible(text)) } else { Cow::Borrowed(text) };
    escape(&shown, out);
}

const fn is_hidden(letter: char) -> bool {
    match letter {
        // Nearly all that is written: ASCII, kana, kanji.
        '\n' | '\t' | ' '..='~' | 'ぁ'..='ヿ' | '一'..='\u{9FFF}' => false,
        // Control characters, which XML cannot hold either.
        '\u{0}'..='\u{1F}' | '\u{7F}'..='\u{9F}' => true,
        // Soft hyphen, letters without a shape, zero width, bidi controls, line and paragraph separators.
        '\u{AD}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{180E}' | '\u{3164}' | '\u{FFA0}' => true,
        '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' => true,
        // Byte order mark, annotations, non-characters, tags.
        '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{FFFE}' | '\u{FFFF}' | '\u{E0000}'..='\u{E007F}' => true,
        _ => false,
    }
}

fn escape(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some(at) = seek(rest.as_bytes(), |byte| {
        (byte == b'&') | (byte == b'<') | (byte == b'>') | (byte == b'"') | (byte == b'\'') | (byte == b'\n')
    }) {
        let (plain, from) = rest.split_at(at);
        out.push_str(plain);
        let mut letters = from.chars();
        out.push_str(match letters.next() {
            Some('&') => "&amp;",
            Some('<') => "&lt;",
            Some('>') => "&gt;",
            Some('"') => "&quot;",
            Some('\n') => "<br/>",
            _ => "&#39;",
        });
        rest = letters.as_str();
    }
    out.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_never_becomes_markup() {
        let hostile = "<script>alert('1')</script>\" onload=\"&amp;";
        let written = Markup::element("td", Markup::text(hostile)).into_string();
        assert_eq!(written, "<td>&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&quot; onload=&quot;&amp;amp;</td>");
    }

    #[test]
    fn what_cannot_be_seen_is_shown_as_a_mark() {
        for hidden in ["\0", "\u{1b}", "\u{202e}", "\u{2066}", "\u{200b}", "\u{feff}", "\u{85}", "\u{e0041}"] {
            assert_eq!(
                visible(&format!("湊{hidden}")),
                "湊\u{fffd}",
                "{:x}",
                u32::from(hidden.chars().next().unwrap_or(' '))
            );
        }
        assert_eq!(visible("𠮷野 葛\u{e0100}城"), "𠮷野 葛\u{e0100}城");
        assert_eq!(Markup::text("一\r\n二").into_string(), "一<br/>二");
    }

    #[test]
    fn a_table_without_rows_leaves_no_trace() {
        assert!(Markup::table([]).is_empty());
    }
}
