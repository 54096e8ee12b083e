//! What stands in a file around its messages: headers and trailers of batches, and lines that belong to nothing. None of it goes
//! into the record; it is searched for an individual number, since a file is kept as it came, and accounted for.

use super::charset::{self, Charset};
use super::escape;
use super::file::{File, Line, Outside};
use super::message::Delimiters;
use super::{scan, transactions};
use musubi_core::adapter::{Fate, Ledger, Profile};

/// A field of a wrapper, or a line that belongs to nothing.
struct Written {
    /// `BHS-7`; empty for a line.
    field: String,
    /// Which line it stands in.
    line: usize,
    text: String,
}

impl Written {
    fn place(&self) -> String {
        let Written { field, line, .. } = self;
        if field.is_empty() { format!("line {line}") } else { format!("line {line}, {field}") }
    }
}

/// Free text: lines, and the comments of a batch or file.
const COMMENTS: [&str; 5] = ["", "FHS-10", "BHS-10", "BTS-2", "FTS-2"];
/// The sender's ids of a batch or file.
const IDS: [&str; 2] = ["FHS-11", "BHS-11"];

/// All that stands around the messages of a file, decoded once.
pub struct Around(Vec<Written>);

impl Around {
    /// Reads it.
    pub fn of(bytes: &[u8], file: &File) -> Self {
        Around(file.around.iter().flat_map(|line| written(bytes, line)).collect())
    }

    /// Refuses the whole of a file where an individual number stands around its messages.
    pub fn search(&self, file: &mut File, profile: &Profile) {
        let number = |written: &&Written| written.is_searched(profile) && written.holds_number();
        file.diagnostics.extend(self.0.iter().find(number).map(|written| scan::refusal(written.place())));
    }

    /// Accounts for each as part of item 0, the file itself.
    pub(super) fn account(&self, ledger: &mut Ledger) {
        for written in self.0.iter().filter(|written| !written.text.is_empty()) {
            let fate = if written.field.is_empty() { Fate::KeptRaw } else { Fate::Envelope };
            ledger.note(0, &written.place(), fate);
        }
    }
}

impl Written {
    fn holds_number(&self) -> bool {
        scan::in_text(&self.text, COMMENTS.contains(&&*self.field))
    }

    /// Not where the profile declares identifiers of twelve digits, and not the number of an order, a batch or a file.
    fn is_searched(&self, profile: &Profile) -> bool {
        let Written { field, text, .. } = self;
        let id = IDS.contains(&&**field) && scan::begins_with_day(text);
        let patient =
            field == transactions::PATIENT && profile.twelve_digit_columns.iter().any(|known| known == "PID-3");
        !(id || patient || field == transactions::ORDER || profile.twelve_digit_columns.contains(field))
    }
}

fn written(bytes: &[u8], line: &Line) -> Vec<Written> {
    let decoded = charset::decode(bytes.get(line.range.clone()).unwrap_or_default());
    let fields = match line.kind {
        Outside::Wrapper => of_wrapper(&decoded.text, decoded.charset),
        Outside::Record => transactions::fields(&decoded.text),
        Outside::Nothing => vec![(String::new(), decoded.text.into_owned())],
    };
    fields.into_iter().map(|(field, text)| Written { field, line: line.number, text }).collect()
}

/// The fields of a wrapper by name. In a header the separator itself is its first field, as in `MSH`; a name alone is one field.
fn of_wrapper(line: &str, charset: Charset) -> Vec<(String, String)> {
    let (name, rest) = line.split_at_checked(3).unwrap_or((line, ""));
    let Some(separator) = rest.chars().next() else { return vec![(name.to_owned(), name.to_owned())] };
    let delimiters = Delimiters::read(line).unwrap_or(Delimiters::USUAL);
    let itself = name.ends_with("HS").then(|| separator.to_string());
    let others = rest.split(separator).skip(1).map(|field| escape::undo(field, delimiters, charset).0.into_owned());
    let fields = (1..).zip(itself.into_iter().chain(others));
    fields.map(|(number, text)| (format!("{name}-{number}"), text)).collect()
}
