//! Elements to bytes, every text escaped.

use crate::markup::Markup;

/// Writes a document of one namespace: UTF-8 without byte order mark, two spaces for each depth, so that the same
/// content is the same bytes.
#[must_use]
pub struct Writer {
    out: String,
    prefix: &'static str,
    open: Vec<&'static str>,
}

impl Writer {
    /// Begins a document with its root.
    pub fn new(
        prefix: &'static str,
        namespace: &'static str,
        root: &'static str,
        attributes: &[(&'static str, &str)],
    ) -> Self {
        let out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned();
        let mut writer = Writer { out, prefix, open: Vec::new() };
        writer.tag(root);
        writer.out.push_str(" xmlns:");
        writer.out.push_str(prefix);
        writer.attribute("", namespace);
        writer.attributes(attributes);
        writer.out.push_str(">\n");
        writer.open.push(root);
        writer
    }

    /// Opens an element that holds others.
    pub fn open(&mut self, name: &'static str) {
        self.tag(name);
        self.out.push_str(">\n");
        self.open.push(name);
    }

    /// Opens an element with attributes that holds others.
    pub fn open_with(&mut self, name: &'static str, attributes: &[(&'static str, &str)]) {
        self.tag(name);
        self.attributes(attributes);
        self.out.push_str(">\n");
        self.open.push(name);
    }

    /// An element that has attributes alone.
    pub fn empty(&mut self, name: &'static str, attributes: &[(&'static str, &str)]) {
        self.tag(name);
        self.attributes(attributes);
        self.out.push_str("/>\n");
    }

    /// Closes the innermost open element.
    pub fn close(&mut self) {
        if let Some(name) = self.open.pop() {
            self.indent();
            self.end_tag(name);
        }
    }

    /// An element that holds text.
    pub fn leaf(&mut self, name: &'static str, text: &str) {
        self.leaf_with(name, &[], text);
    }

    /// An element that holds text, unless there is none.
    pub fn leaf_if(&mut self, name: &'static str, text: &str) {
        if !text.is_empty() {
            self.leaf(name, text);
        }
    }

    /// An element with attributes that holds text.
    pub fn leaf_with(&mut self, name: &'static str, attributes: &[(&'static str, &str)], text: &str) {
        self.tag(name);
        self.attributes(attributes);
        self.out.push('>');
        escape(text, &mut self.out);
        self.end_tag(name);
    }

    /// An element that holds mark-up with names of its own, and not a blank more.
    pub fn leaf_marked(&mut self, name: &'static str, markup: &Markup) {
        self.tag(name);
        self.out.push('>');
        self.out.push_str(markup.as_str());
        self.end_tag(name);
    }

    /// The document, with everything closed that is still open.
    pub fn finish(mut self) -> Vec<u8> {
        while !self.open.is_empty() {
            self.close();
        }
        self.out.into_bytes()
    }

    fn indent(&mut self) {
        for _ in &self.open {
            self.out.push_str("  ");
        }
    }

    fn tag(&mut self, name: &'static str) {
        self.indent();
        self.out.push('<');
        self.name(name);
    }

    /// The name with the prefix of the document; one that has a prefix of its own keeps it.
    fn name(&mut self, name: &str) {
        if !name.contains(':') {
            self.out.push_str(self.prefix);
            self.out.push(':');
        }
        self.out.push_str(name);
    }

    fn end_tag(&mut self, name: &'static str) {
        self.out.push_str("</");
        self.name(name);
        self.out.push_str(">\n");
    }

    fn attributes(&mut self, attributes: &[(&'static str, &str)]) {
        for (name, value) in attributes {
            self.out.push(' ');
            self.attribute(name, value);
        }
    }

    fn attribute(&mut self, name: &str, value: &str) {
        self.out.push_str(name);
        self.out.push_str("=\"");
        for line in value.split(['\n', '\t']).enumerate() {
            if line.0 > 0 {
                self.out.push(' ');
            }
            escape(line.1, &mut self.out);
        }
        self.out.push('"');
    }
}

/// Escapes what XML reserves; drops what XML cannot carry, control characters above all.
pub(crate) fn escape(text: &str, out: &mut String) {
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\n' | '\t' => out.push(letter),
            '\u{FFFE}' | '\u{FFFF}' => {}
            letter if letter.is_control() => {}
            letter => out.push(letter),
        }
    }
}
