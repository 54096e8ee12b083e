//! Which guide to CDA a document follows, and what that says where the codes of the document do not (`formats/hospital.md` 3.2):
//! its templates first, then its typeId, then the realm for which it was written.

use super::sections::{PLAN, REASON};
use crate::json::Node;

/// What a document follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Guide {
    /// A Japanese specification.
    Japan,
    /// C-CDA: it numbers the templates of its sections, and a discharge summary has an encounter.
    Ccda,
}

/// What kind of document it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Discharge,
    Referral,
    /// Answers a referral.
    Consultation,
    /// Read for more than its words, beside those.
    Other,
    /// Kept as a document only.
    Unknown,
}

/// Root and extension of `typeId`: of the standard, and of the Japanese referral of 2010.
const STANDARD: (&str, &str) = ("2.16.840.1.113883.1.3", "POCD_HD000040");
const JAPANESE_REFERRAL: (&str, &str) = ("2.16.840.1.113883.2.2.3.2", "POCD_HD000040JP00");

/// Where the templates of HL7 Japan begin, and those of documents of C-CDA.
const OF_JAPAN: &str = "2.16.840.1.113883.2.2.";
const OF_CCDA: &str = "2.16.840.1.113883.10.20.22.1.";

/// Codes of kinds of documents (LOINC, JMIX).
const CODES: [(&str, Kind); 12] = [
    ("18842-5", Kind::Discharge),
    ("57058-0", Kind::Discharge),
    ("28655-9", Kind::Discharge),
    ("34105-7", Kind::Discharge),
    ("57133-1", Kind::Referral),
    ("MD0020730", Kind::Referral),
    ("11488-4", Kind::Consultation),
    ("34133-9", Kind::Other),
    ("57057-2", Kind::Other),
    ("57055-6", Kind::Other),
    ("18761-7", Kind::Other),
    ("11506-3", Kind::Other),
];

/// Templates of kinds of documents.
const TEMPLATES: [(&str, Kind); 7] = [
    ("2.16.840.1.113883.2.2.3.6.100", Kind::Referral),
    ("2.16.840.1.113883.10.20.22.1.8", Kind::Discharge),
    ("2.16.840.1.113883.10.20.22.1.14", Kind::Referral),
    ("2.16.840.1.113883.10.20.22.1.4", Kind::Consultation),
    ("2.16.840.1.113883.10.20.22.1.2", Kind::Other),
    ("2.16.840.1.113883.10.20.22.1.13", Kind::Other),
    ("2.16.840.1.113883.10.20.22.1.9", Kind::Other),
];

/// Templates of sections of C-CDA, each with the LOINC of what it holds; those for coded entries have `.1` behind them.
const SECTIONS: [(&str, &str); 18] = [
    ("2.16.840.1.113883.10.20.22.2.43", "46241-6"),
    ("2.16.840.1.113883.10.20.22.2.24", "11535-2"),
    ("2.16.840.1.113883.10.20.22.2.5", "11450-4"),
    ("2.16.840.1.113883.10.20.22.2.20", "11348-0"),
    ("1.3.6.1.4.1.19376.1.5.3.1.3.5", "8648-8"),
    ("2.16.840.1.113883.10.20.22.2.41", "8653-8"),
    ("2.16.840.1.113883.10.20.22.2.16", "11493-4"),
    ("2.16.840.1.113883.10.20.22.2.11", "10183-2"),
    ("2.16.840.1.113883.10.20.22.2.1", "10160-0"),
    ("2.16.840.1.113883.10.20.22.2.10", PLAN),
    ("1.3.6.1.4.1.19376.1.5.3.1.3.1", REASON),
    ("2.16.840.1.113883.10.20.22.2.6", "48765-2"),
    ("2.16.840.1.113883.10.20.22.2.7", "47519-4"),
    ("2.16.840.1.113883.10.20.22.2.4", "8716-3"),
    ("2.16.840.1.113883.10.20.22.2.17", "29762-2"),
    ("2.16.840.1.113883.10.20.22.2.2", "11369-6"),
    ("2.16.840.1.113883.10.20.22.2.15", "10157-6"),
    ("2.16.840.1.113883.10.20.22.2.18", "48768-6"),
];

impl Guide {
    /// The guide of the document of this root. What says nothing is Japanese, as its senders are.
    pub(super) fn of(root: Node<'_>) -> Self {
        let templates = || root.all("templateId").map(|template| template.peek("@root"));
        let realm = root.first("realmCode").map_or("", |realm| realm.envelope("@code"));
        if type_id(root) == Some(JAPANESE_REFERRAL) || templates().any(|template| template.starts_with(OF_JAPAN)) {
            Guide::Japan
        } else if realm == "US" || templates().any(|template| template.starts_with(OF_CCDA)) {
            Guide::Ccda
        } else {
            Guide::Japan
        }
    }

    /// The LOINC of a section by its template.
    pub(super) fn section(self, section: Node<'_>) -> Option<&'static str> {
        let templates =
            section.all("templateId").map(|template| template.peek("@root")).filter(|_| self == Guide::Ccda);
        let known = |root: &str| {
            let base = |known: &str| root == known || root.strip_suffix(".1") == Some(known);
            SECTIONS.iter().find(|(known, _)| base(known)).map(|(_, loinc)| *loinc)
        };
        templates.into_iter().find_map(known)
    }
}

/// The kind of a document by its code.
pub(super) fn by_code(code: &str) -> Option<Kind> {
    CODES.iter().find(|(known, _)| *known == code).map(|(_, kind)| *kind)
}

/// The kind of a document by its templates, else its typeId.
pub(super) fn by_template(root: Node<'_>) -> Option<Kind> {
    let known = |template: Node<'_>| TEMPLATES.iter().find(|(known, _)| *known == template.peek("@root"));
    let found = root.all("templateId").find_map(known).map(|(_, kind)| *kind);
    found.or_else(|| (type_id(root) == Some(JAPANESE_REFERRAL)).then_some(Kind::Referral))
}

/// Is the typeId one that is known?
pub(super) fn has_known_type(root: Node<'_>) -> bool {
    type_id(root).is_some_and(|told| [STANDARD, JAPANESE_REFERRAL].contains(&told))
}

fn type_id<'t>(root: Node<'t>) -> Option<(&'t str, &'t str)> {
    root.first("typeId").map(|id| (id.envelope("@root"), id.envelope("@extension")))
}
