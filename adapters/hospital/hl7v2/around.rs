//! What stands in a file around its messages: headers and trailers of batches, and lines that belong to nothing. None of it goes
//! into the record; it is searched for an individual number, since a file is kept as it came, and accounted for.

use super::charset::{self, Charset};
use super::escape;
use super::file::File;
use super::message::Delimiters;
use super::scan;
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

/// Refuses the whole of a file where an individual number stands around its messages.
pub fn search(bytes: &[u8], file: &mut File, profile: &Profile) {
    if let Some(place) = individual_number(bytes, file, profile) {
        file.diagnostics.push(scan::refusal(place));
    }
}

/// The place of the first individual number.
fn individual_number(bytes: &[u8], file: &File, profile: &Profile) -> Option<String> {
    let exempt = |written: &Written| {
        let id = IDS.contains(&&*written.field) && scan::begins_with_day(&written.text);
        id || profile.twelve_digit_columns.contains(&written.field)
    };
    let holds = |written: &Written| scan::in_text(&written.text, COMMENTS.contains(&&*written.field));
    written(bytes, file).find(|written| holds(written) && !exempt(written)).map(|written| written.place())
}

/// Accounts for each as part of item 0, the file itself.
pub(super) fn account(bytes: &[u8], file: &File, ledger: &mut Ledger) {
    for written in written(bytes, file).filter(|written| !written.text.is_empty()) {
        let fate = if written.field.is_empty() { Fate::KeptRaw } else { Fate::Envelope };
        ledger.note(0, &written.place(), fate);
    }
}

fn written<'f>(bytes: &'f [u8], file: &'f File) -> impl Iterator<Item = Written> + 'f {
    file.around.iter().flat_map(move |around| {
        let decoded = charset::decode(bytes.get(around.range.clone()).unwrap_or_default());
        let fields = match around.wraps {
            true => of_wrapper(&decoded.text, decoded.charset),
            false => vec![(String::new(), decoded.text.into_owned())],
        };
        fields.into_iter().map(|(field, text)| Written { field, line: around.number, text })
    })
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
