//! What every format promises: bytes to submissions, what was released to bytes, and an account of both.

mod ledger;

pub use ledger::{Fate, Ledger, LedgerLine};

use crate::agency::AgencyId;
use crate::id::Municipality;
use crate::record::Submission;
use crate::release::Released;
use crate::time::Time;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;

/// A format, in one or both directions. Pure: the same bytes and profile give the same result.
pub trait Adapter: Sync {
    /// The name on the command line: `hl7v2`, `ph05`, `notice-html` …
    fn name(&self) -> &'static str;

    /// What it is, in Japanese and English.
    fn title(&self) -> Text;

    /// Which way it goes.
    fn direction(&self) -> Direction;

    /// Could these bytes be this format? Used for `auto` only; the first adapter of the list that says yes is taken.
    fn recognises(&self, _bytes: &[u8]) -> bool {
        false
    }

    /// An empty file to fill in, where people write this format by hand.
    fn template(&self) -> Option<Vec<u8>> {
        None
    }

    /// Reads a whole message or file. Total: every input gives an answer, and no error text holds a value.
    fn decode(&self, _bytes: &[u8], _profile: &Profile) -> Decoded {
        Decoded::refused(Diagnostic::error(
            "M001",
            self.name(),
            "この形式は受信に対応していません。",
            "This format cannot be read, only written.",
        ))
    }

    /// Writes what was released for one recipient, in the recipient's format.
    ///
    /// # Errors
    /// When the release holds nothing that this format can say, or the format is only read.
    fn encode(&self, _released: &Released, _profile: &Profile) -> Result<Vec<u8>, EncodeError> {
        Err(EncodeError::Unsupported)
    }
}

/// Which way a format goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Read only.
    In,
    /// Written only.
    Out,
    /// Read and written.
    Both,
}

/// One sentence in both languages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    /// Japanese.
    pub ja: Cow<'static, str>,
    /// English.
    pub en: Cow<'static, str>,
}

impl Text {
    /// Both sentences.
    pub fn new(ja: impl Into<Cow<'static, str>>, en: impl Into<Cow<'static, str>>) -> Self {
        Text { ja: ja.into(), en: en.into() }
    }
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Information,
    /// Accepted; the raw value is kept.
    Warning,
    /// Held for a person (`JP-Q…`, `PV-Q…`).
    Hold,
    /// Refused: the message, the row or the field named by the place.
    Error,
}

/// What is wrong, where, and how to mend it. Never a value from the input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnostic {
    /// Code of the format's document: `H004`, `JP-E602`, `PV-E201` …
    pub code: Cow<'static, str>,
    /// How bad it is.
    pub severity: Severity,
    /// `PID-5.1`, `/ClinicalDocument/recordTarget`, `row 12, 体重`.
    pub place: String,
    /// What is wrong and the mend.
    pub text: Text,
}

impl Diagnostic {
    /// With a severity.
    pub fn new(
        severity: Severity,
        code: impl Into<Cow<'static, str>>,
        place: impl Into<String>,
        ja: impl Into<Cow<'static, str>>,
        en: impl Into<Cow<'static, str>>,
    ) -> Self {
        Diagnostic { code: code.into(), severity, place: place.into(), text: Text::new(ja, en) }
    }

    /// Something that is refused.
    pub fn error(
        code: impl Into<Cow<'static, str>>,
        place: impl Into<String>,
        ja: impl Into<Cow<'static, str>>,
        en: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::new(Severity::Error, code, place, ja, en)
    }

    /// Something that is accepted with a warning.
    pub fn warning(
        code: impl Into<Cow<'static, str>>,
        place: impl Into<String>,
        ja: impl Into<Cow<'static, str>>,
        en: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::new(Severity::Warning, code, place, ja, en)
    }
}

impl fmt::Display for Diagnostic {
    /// One line, as `musubi convert` prints it: `error H004 PID-3 …`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Information => "info",
            Severity::Warning => "warning",
            Severity::Hold => "hold",
            Severity::Error => "error",
        };
        write!(f, "{severity} {} {} {} / {}", self.code, self.place, self.text.ja, self.text.en)
    }
}

/// What reading a message or file gave.
#[derive(Debug, Default)]
pub struct Decoded {
    /// One for each message or row, in order.
    pub items: Vec<Item>,
    /// About the file as a whole. An error here means that nothing of it was taken.
    pub diagnostics: Vec<Diagnostic>,
    /// What became of every field.
    pub ledger: Ledger,
}

/// One message or row.
#[derive(Debug)]
pub struct Item {
    /// `message 1`, `row 12`.
    pub place: String,
    /// What was read; `None` when it was refused. Then `diagnostics` holds at least one error.
    pub submission: Option<Submission>,
    /// About this item.
    pub diagnostics: Vec<Diagnostic>,
    /// What it raises although it was refused.
    pub concern: RaisedConcern,
}

/// A concern (心配な様子) that stands in something which was refused for another fault. A child may be in danger whether or not a
/// fee is missing beside it, so that the concern goes its own way.
#[derive(Debug, Default)]
pub enum RaisedConcern {
    /// There is none, or it was read with the rest.
    #[default]
    None,
    /// It could be read, and is offered alone.
    Alone(Box<Submission>),
    /// There is one, and it cannot be taken: somebody must ask.
    Unreadable,
}

impl Item {
    /// What was read, or that it was refused.
    pub fn new(place: impl Into<String>, submission: Option<Submission>, diagnostics: Vec<Diagnostic>) -> Self {
        Item { place: place.into(), submission, diagnostics, concern: RaisedConcern::None }
    }
}

impl Decoded {
    /// Does anything in it raise a concern, whether it can be taken or not?
    pub fn raises_concern(&self) -> bool {
        self.items.iter().any(|item| {
            !matches!(item.concern, RaisedConcern::None)
                || item.submission.as_ref().is_some_and(Submission::raises_concern)
        })
    }

    /// Nothing was taken, for this reason.
    pub fn refused(diagnostic: Diagnostic) -> Self {
        Decoded { items: Vec::new(), diagnostics: vec![diagnostic], ledger: Ledger::default() }
    }

    /// Items that were taken.
    pub fn taken(&self) -> usize {
        self.items.iter().filter(|item| item.submission.is_some()).count()
    }

    /// Items (or the whole file) that were refused.
    pub fn refused_count(&self) -> usize {
        let whole = self.diagnostics.iter().any(|d| d.severity == Severity::Error);
        self.items.len() - self.taken() + usize::from(whole && self.items.is_empty())
    }

    /// Every diagnostic, the file's first.
    pub fn all_diagnostics(&self) -> impl Iterator<Item = &Diagnostic> {
        self.diagnostics.iter().chain(self.items.iter().flat_map(|item| &item.diagnostics))
    }
}

/// Why a release could not be written in a format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// The format is only read.
    #[error("this format cannot be written")]
    Unsupported,
    /// Nothing in the release that this format can say.
    #[error("nothing in this release that the format can say")]
    NothingToSay,
}

/// How one agency deviates from its format (`design.md` section 5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// The agency that sends or receives.
    pub agency: AgencyId,
    /// Names that may stand in MSH-4, a CDA custodian, a FHIR Organization, a file's sender (S-04). The agency id always may.
    #[serde(default)]
    pub sender_names: Vec<String>,
    /// Names of its systems that may stand in MSH-3; where none is listed, any may (`formats/hospital.md` 2.7).
    #[serde(default)]
    pub sending_applications: Vec<String>,
    /// Municipality for what names none.
    #[serde(default)]
    pub default_municipality: Option<Municipality>,
    /// Declared character set of files (`utf-8`, `cp932`).
    #[serde(default)]
    pub charset: Option<String>,
    /// Area code for phone numbers without one.
    #[serde(default)]
    pub area_code: Option<String>,
    /// Accept an MLLP block without its start byte.
    #[serde(default)]
    pub lenient_framing: bool,
    /// Commit acknowledgements of MLLP release 2 beside the answers (`formats/hospital.md` 2.3).
    #[serde(default)]
    pub mllp_release_2: bool,
    /// Take the messages of a batch whose count is wrong; without it the whole batch is refused.
    #[serde(default)]
    pub accept_partial: bool,
    /// Keep HL7 v2 messages of an event that nobody reads, and acknowledge them; without it they are refused.
    #[serde(default)]
    pub archive_unknown: bool,
    /// The identifier of a child's mother stands in NK1-33 of the relative `MTH` (`formats/hospital.md` 2.12).
    #[serde(default)]
    pub mother_in_nk1: bool,
    /// Where IN1 has symbol, number and branch of the insured, for a sender that writes them elsewhere than in IN1-10 and 11.
    #[serde(default)]
    pub insured_in: Option<InsuredIn>,
    /// Local observation codes: (system, code) to the LOINC code of the concept.
    #[serde(default)]
    pub observation_codes: Vec<LocalCode>,
    /// What the codes of its departments stand for (PV1-10): what is not listed is the name itself.
    #[serde(default)]
    pub departments: Vec<LocalName>,
    /// Local codes of sections of CDA documents: (system, code) to the LOINC code of the section (`formats/hospital.md` 3.4).
    #[serde(default)]
    pub section_codes: Vec<LocalCode>,
    /// Read a CDA document whose root is in no namespace (`formats/hospital.md` 3.1).
    #[serde(default)]
    pub cda_without_namespace: bool,
    /// Columns declared to hold 12-digit identifiers, which are not individual numbers (`formats/common_japan.md` 7.4 c).
    #[serde(default)]
    pub twelve_digit_columns: Vec<String>,
    /// Results of this agency with these codes are work that the municipality commissioned (postpartum check-ups).
    #[serde(default)]
    pub commissioned_codes: Vec<String>,
    /// Any name may stand for the agency. For conversions offline, where no connection says who sends: it cannot be
    /// written in a profile's file, and no connection's profile has it.
    #[serde(skip)]
    pub any_sender: bool,
    /// The moment of receipt (or of the conversion).
    #[serde(skip, default = "Profile::unset")]
    pub now: Time,
}

/// A peer's own code and its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocalName {
    /// As the peer writes it.
    pub code: String,
    /// What it is called.
    pub name: String,
}

/// Where a peer writes what its insurers know an insured person by (記号・番号・枝番): sources of HL7 v2 differ (2.10).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InsuredIn {
    /// 記号
    pub symbol: FieldPart,
    /// 番号
    pub number: FieldPart,
    /// 枝番, where the peer writes it.
    #[serde(default)]
    pub branch: Option<FieldPart>,
}

/// A part of a field of a segment: `10`, its second repetition `10~2`, the third component of that `10~2.3`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FieldPart {
    /// From 1.
    pub field: u8,
    /// From 1.
    pub repetition: u8,
    /// From 1.
    pub component: u8,
}

impl TryFrom<String> for FieldPart {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let (rest, component) = text.split_once('.').unwrap_or((&text, "1"));
        let (field, repetition) = rest.split_once('~').unwrap_or((rest, "1"));
        let read = |number: &str| number.parse().ok().filter(|number| *number > 0);
        match (read(field), read(repetition), read(component)) {
            (Some(field), Some(repetition), Some(component)) => Ok(FieldPart { field, repetition, component }),
            _ => Err("a part of a field is written as 10, 10~2 or 10~2.3"),
        }
    }
}

impl From<FieldPart> for String {
    fn from(FieldPart { field, repetition, component }: FieldPart) -> Self {
        format!("{field}~{repetition}.{component}")
    }
}

/// One line of a peer's local code table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocalCode {
    /// The peer's code system as it writes it.
    pub system: String,
    /// The peer's code.
    pub code: String,
    /// The LOINC code of the concept or the section; `EPDS-1` to `EPDS-10` for an item of the EPDS, `DELIVERY-caesarean` and
    /// the like for a procedure that is a way of giving birth: those have none.
    pub loinc: String,
}

impl Profile {
    fn unset() -> Time {
        Time::MIN
    }

    /// A profile without deviations.
    pub fn plain(agency: AgencyId, now: Time) -> Self {
        Profile {
            agency,
            sender_names: Vec::new(),
            sending_applications: Vec::new(),
            default_municipality: None,
            charset: None,
            area_code: None,
            lenient_framing: false,
            mllp_release_2: false,
            accept_partial: false,
            archive_unknown: false,
            mother_in_nk1: false,
            insured_in: None,
            observation_codes: Vec::new(),
            departments: Vec::new(),
            section_codes: Vec::new(),
            cda_without_namespace: false,
            twelve_digit_columns: Vec::new(),
            commissioned_codes: Vec::new(),
            any_sender: false,
            now,
        }
    }

    /// A profile for a file of which nobody knows who sent it: [`Profile::plain`] that takes any sender's name.
    pub fn offline(agency: AgencyId, now: Time) -> Self {
        Profile { any_sender: true, ..Profile::plain(agency, now) }
    }

    /// May this name stand for the agency in a message?
    pub fn knows_sender(&self, name: &str) -> bool {
        self.any_sender || name == self.agency.as_str() || self.sender_names.iter().any(|known| known == name)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;

    #[test]
    fn a_part_of_a_field_is_written_with_its_repetition_and_component() {
        for (text, [field, repetition, component]) in
            [("10", [10, 1, 1]), ("10~2", [10, 2, 1]), ("11.3", [11, 1, 3]), ("10~2.3", [10, 2, 3])]
        {
            let read = FieldPart::try_from(text.to_owned()).unwrap();
            assert_eq!(read, FieldPart { field, repetition, component }, "{text}");
            assert_eq!(FieldPart::try_from(String::from(read)).unwrap(), read);
        }
        for other in ["", "0", "10~0", "10.", "x", "10~2~3", "300", "10.2~3"] {
            assert!(FieldPart::try_from(other.to_owned()).is_err(), "{other}");
        }
    }
}
