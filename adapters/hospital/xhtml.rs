//! What is kept of the mark-up of a narrative: its paragraphs, lists and tables, without anything that could act, lead away or
//! hide (`formats/hospital.md` 3.4).
//!
//! A narrative of CDA and one of XHTML are read alike, and what is kept can be written as either. Whatever is read, what is
//! kept is well-formed, holds only the elements of [`Tag`] in places where they may stand, and every word of the narrative.

use crate::markup::Markup;
use crate::xml::{self, Element, Limits, Piece};

/// An element that is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tag {
    Paragraph,
    List,
    OrderedList,
    Item,
    Table,
    Caption,
    Head,
    Foot,
    Body,
    Row,
    HeadCell,
    Cell,
    Break,
    Sub,
    Sup,
    Footnote,
}

/// How what is kept is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// XHTML, without the `div` around it.
    Xhtml,
    /// CDA, with the prefix of the documents that are written here.
    Cda,
}

/// Largest number of columns or rows over which a cell may reach.
const SPAN_MAX: u16 = 1000;

/// The narrative as XHTML, where it has a table, a list or raised letters, which its text loses; else nothing.
pub(crate) fn kept(narrative: &Element) -> String {
    let mut writing = Writing::new(Form::Xhtml);
    writing.inside(narrative, None, false);
    if writing.is_structured { writing.out.into_string() } else { String::new() }
}

/// XHTML of the record, whoever wrote it, stripped again and in this form. `None` where it is none or says nothing.
pub(crate) fn markup(xhtml: &str, form: Form) -> Option<Markup> {
    if xhtml.is_empty() {
        return None;
    }
    let whole = ["<div>", xhtml, "</div>"].concat();
    let root = xml::read_text(&whole, &Limits::CLINICAL, |_| false).ok()?;
    let mut writing = Writing::new(form);
    writing.inside(&root, None, false);
    Some(writing.out).filter(|out| !out.is_empty())
}

/// Lines of text as paragraphs, for what stands beside what was kept.
pub(crate) fn paragraphs(text: &str) -> Markup {
    Markup::all(text.lines().map(|line| Markup::element("p", Markup::text(line))))
}

impl Tag {
    /// The tag of an element; `None` of one whose words alone are kept.
    fn of(element: &Element) -> Option<Self> {
        Some(match element.name.as_str() {
            "list" if element.attribute("listType") == Some("ordered") => Tag::OrderedList,
            "ul" | "list" => Tag::List,
            "ol" => Tag::OrderedList,
            "li" | "item" => Tag::Item,
            "table" => Tag::Table,
            "caption" => Tag::Caption,
            "thead" => Tag::Head,
            "tfoot" => Tag::Foot,
            "tbody" => Tag::Body,
            "tr" => Tag::Row,
            "th" => Tag::HeadCell,
            "td" => Tag::Cell,
            "br" => Tag::Break,
            "sub" => Tag::Sub,
            "sup" => Tag::Sup,
            "footnote" | "small" => Tag::Footnote,
            name if super::narrative::is_block(name) => Tag::Paragraph,
            _ => return None,
        })
    }

    /// What stands between the angle brackets at its beginning, and at its end.
    const fn names(self, form: Form) -> (&'static str, &'static str) {
        match (self, form) {
            (Tag::Paragraph, Form::Xhtml) => ("p", "p"),
            (Tag::Paragraph, Form::Cda) => ("cda:paragraph", "cda:paragraph"),
            (Tag::List, Form::Xhtml) => ("ul", "ul"),
            (Tag::List, Form::Cda) => ("cda:list", "cda:list"),
            (Tag::OrderedList, Form::Xhtml) => ("ol", "ol"),
            (Tag::OrderedList, Form::Cda) => ("cda:list listType=\"ordered\"", "cda:list"),
            (Tag::Item, Form::Xhtml) => ("li", "li"),
            (Tag::Item, Form::Cda) => ("cda:item", "cda:item"),
            (Tag::Table, Form::Xhtml) => ("table", "table"),
            (Tag::Table, Form::Cda) => ("cda:table", "cda:table"),
            (Tag::Caption, Form::Xhtml) => ("caption", "caption"),
            (Tag::Caption, Form::Cda) => ("cda:caption", "cda:caption"),
            (Tag::Head, Form::Xhtml) => ("thead", "thead"),
            (Tag::Head, Form::Cda) => ("cda:thead", "cda:thead"),
            (Tag::Foot, Form::Xhtml) => ("tfoot", "tfoot"),
            (Tag::Foot, Form::Cda) => ("cda:tfoot", "cda:tfoot"),
            (Tag::Body, Form::Xhtml) => ("tbody", "tbody"),
            (Tag::Body, Form::Cda) => ("cda:tbody", "cda:tbody"),
            (Tag::Row, Form::Xhtml) => ("tr", "tr"),
            (Tag::Row, Form::Cda) => ("cda:tr", "cda:tr"),
            (Tag::HeadCell, Form::Xhtml) => ("th", "th"),
            (Tag::HeadCell, Form::Cda) => ("cda:th", "cda:th"),
            (Tag::Cell, Form::Xhtml) => ("td", "td"),
            (Tag::Cell, Form::Cda) => ("cda:td", "cda:td"),
            (Tag::Break, Form::Xhtml) => ("br", "br"),
            (Tag::Break, Form::Cda) => ("cda:br", "cda:br"),
            (Tag::Sub, Form::Xhtml) => ("sub", "sub"),
            (Tag::Sub, Form::Cda) => ("cda:sub", "cda:sub"),
            (Tag::Sup, Form::Xhtml) => ("sup", "sup"),
            (Tag::Sup, Form::Cda) => ("cda:sup", "cda:sup"),
            (Tag::Footnote, Form::Xhtml) => ("small", "small"),
            (Tag::Footnote, Form::Cda) => ("cda:footnote", "cda:footnote"),
        }
    }

    /// Does it stand within a line?
    const fn is_inline(self) -> bool {
        matches!(self, Tag::Break | Tag::Sub | Tag::Sup | Tag::Footnote)
    }

    /// May it stand directly in this? Nothing is the narrative itself.
    const fn may_stand_in(self, above: Option<Tag>) -> bool {
        match (above, self) {
            (Some(Tag::List | Tag::OrderedList), inner) => matches!(inner, Tag::Item),
            (Some(Tag::Table), inner) => matches!(inner, Tag::Caption | Tag::Head | Tag::Foot | Tag::Body),
            (Some(Tag::Head | Tag::Foot | Tag::Body), inner) => matches!(inner, Tag::Row),
            (Some(Tag::Row), inner) => matches!(inner, Tag::HeadCell | Tag::Cell),
            (Some(Tag::Sub | Tag::Sup | Tag::Footnote | Tag::Caption | Tag::Paragraph), inner) => inner.is_inline(),
            (None | Some(Tag::Item | Tag::HeadCell | Tag::Cell | Tag::Break), inner) => !matches!(
                inner,
                Tag::Item | Tag::Caption | Tag::Head | Tag::Foot | Tag::Body | Tag::Row | Tag::HeadCell | Tag::Cell
            ),
        }
    }

    /// What is put around anything else that stands in it, so that it may stand there.
    const fn wraps(self) -> Option<Tag> {
        match self {
            Tag::List | Tag::OrderedList => Some(Tag::Item),
            Tag::Table => Some(Tag::Body),
            Tag::Head | Tag::Foot | Tag::Body => Some(Tag::Row),
            Tag::Row => Some(Tag::Cell),
            _ => None,
        }
    }
}

struct Writing {
    form: Form,
    out: Markup,
    /// Is there something that a text loses?
    is_structured: bool,
    /// Would a blank here be one too many?
    blank: bool,
    /// Is nothing on the line yet?
    fresh: bool,
    /// Do the next words stand on another line?
    broken: bool,
}

impl Writing {
    fn new(form: Form) -> Self {
        let (out, is_structured) = (Markup::default(), false);
        Writing { form, out, is_structured, blank: true, fresh: true, broken: false }
    }

    /// What is in an element that was written as `above`.
    fn inside(&mut self, element: &Element, above: Option<Tag>, in_cell: bool) {
        for piece in element.pieces() {
            match piece {
                Piece::Text(words) if is_blank(words) && above.and_then(Tag::wraps).is_some() => {}
                Piece::Text(words) => self.wrapped(above, &mut |writing| writing.words(words)),
                Piece::Element(inner) => self.element(inner, above, in_cell),
            }
        }
    }

    fn element(&mut self, element: &Element, above: Option<Tag>, in_cell: bool) {
        let tag = Tag::of(element);
        if tag == Some(Tag::Break) {
            if above.and_then(Tag::wraps).is_none() {
                self.new_line();
            }
            return self.inside(element, above, in_cell);
        }
        let is_cell = matches!(tag, Some(Tag::Cell | Tag::HeadCell));
        // An empty cell keeps the others of its row in their columns.
        let is_of_row = is_cell && above == Some(Tag::Row);
        if !is_of_row && !says(element) {
            return;
        }
        let Some(tag) = tag else { return self.inside(element, above, in_cell) };
        // A table within a cell is its words: CDA has none there.
        let is_lost = in_cell && tag == Tag::Table || holds_only_lines(tag) && has_block(element);
        match above.and_then(Tag::wraps) {
            _ if tag.may_stand_in(above) && !is_lost => self.within(tag, &spans(element, tag), &mut |writing| {
                writing.inside(element, Some(tag), in_cell || is_cell);
            }),
            Some(around) => {
                let is_cell = around == Tag::Cell;
                self.within(around, &[], &mut |writing| writing.element(element, Some(around), in_cell || is_cell));
            }
            None => {
                self.break_line();
                self.inside(element, above, in_cell);
                self.break_line();
            }
        }
    }

    /// Writes something for which there may have to be an element around it.
    fn wrapped(&mut self, above: Option<Tag>, write: &mut dyn FnMut(&mut Self)) {
        match above.and_then(Tag::wraps) {
            Some(around) => self.within(around, &[], &mut |writing| writing.wrapped(Some(around), write)),
            None => write(self),
        }
    }

    fn within(&mut self, tag: Tag, spans: &[(&'static str, u16)], write: &mut dyn FnMut(&mut Self)) {
        let (begin, end) = tag.names(self.form);
        self.is_structured |=
            matches!(tag, Tag::List | Tag::OrderedList | Tag::Table | Tag::Sub | Tag::Sup | Tag::Footnote);
        if !tag.is_inline() {
            self.start_line();
        }
        self.out.begin(begin, spans);
        write(self);
        self.out.end(end);
        if !tag.is_inline() {
            self.start_line();
        }
    }

    const fn start_line(&mut self) {
        (self.blank, self.fresh, self.broken) = (true, true, false);
    }

    const fn break_line(&mut self) {
        self.broken |= !self.fresh;
    }

    fn new_line(&mut self) {
        self.out.empty(Tag::Break.names(self.form).0);
        self.start_line();
    }

    /// White space of the source is one blank.
    fn words(&mut self, words: &str) {
        for (number, word) in words.split([' ', '\n', '\r', '\t']).enumerate() {
            if number > 0 && !self.blank && !self.broken {
                self.out.say(" ");
                self.blank = true;
            }
            if !word.is_empty() {
                if self.broken {
                    self.new_line();
                }
                self.out.say(word);
                (self.blank, self.fresh) = (false, false);
            }
        }
    }
}

/// Elements that hold nothing but what stands within a line.
const fn holds_only_lines(tag: Tag) -> bool {
    matches!(tag, Tag::Paragraph | Tag::Sub | Tag::Sup | Tag::Footnote)
}

/// How far a cell reaches.
fn spans(element: &Element, tag: Tag) -> Vec<(&'static str, u16)> {
    if !matches!(tag, Tag::Cell | Tag::HeadCell) {
        return Vec::new();
    }
    let number = |name: &'static str| {
        let written = element.attribute(name)?.trim().parse().ok()?;
        (2..=SPAN_MAX).contains(&written).then_some((name, written))
    };
    ["colspan", "rowspan"].into_iter().filter_map(number).collect()
}

fn has_block(element: &Element) -> bool {
    element.children.iter().any(|child| Tag::of(child).is_some_and(|tag| !tag.is_inline()) || has_block(child))
}

/// Are there words anywhere in it?
pub(super) fn says(element: &Element) -> bool {
    !is_blank(&element.text) || element.children.iter().any(says)
}

/// Is there nothing but white space of XML?
pub(super) fn is_blank(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'))
}

#[cfg(test)]
mod tests;
