//! What is too big to be read (`security.md` S-70).

/// Limits of one format. Reading stops at the first that is exceeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most bytes of the document; checked before anything is read.
    pub bytes: usize,
    /// Deepest nesting; the root is at depth 1.
    pub depth: usize,
    /// Most elements.
    pub elements: usize,
    /// Most attributes of one element, declarations of namespaces among them.
    pub attributes: usize,
    /// Most declarations of namespaces in scope.
    pub namespaces: usize,
    /// Longest name of an element or attribute, with its prefix, in bytes.
    pub name_bytes: usize,
    /// Longest value of an attribute, in bytes.
    pub attribute_bytes: usize,
    /// Longest character data of an element, in bytes.
    pub text_bytes: usize,
    /// Are processing instructions passed over? They are never followed; a format without any refuses them.
    pub instructions: bool,
}

/// Most elements of a document of any format: a year of a large hospital stay has some ten thousand.
const ELEMENTS_MAX: usize = 200_000;
/// Most attributes of one element.
const ATTRIBUTES_MAX: usize = 256;
/// Most declarations of namespaces in scope; a document of CDA has three.
const NAMESPACES_MAX: usize = 50;
/// Longest name; the longest of any format here has 36 bytes.
const NAME_BYTES_MAX: usize = 256;
/// Longest value of an attribute.
const ATTRIBUTE_BYTES_MAX: usize = 1024 * 1024;
/// Longest character data of an element.
const TEXT_BYTES_MAX: usize = 8 * 1024 * 1024;

impl Limits {
    /// Case exchange of child guidance centers: a flat format, so little depth is needed.
    pub const CASE_EXCHANGE: Limits = Limits {
        bytes: 5 * 1024 * 1024,
        depth: 32,
        elements: ELEMENTS_MAX,
        attributes: ATTRIBUTES_MAX,
        namespaces: NAMESPACES_MAX,
        name_bytes: NAME_BYTES_MAX,
        attribute_bytes: ATTRIBUTE_BYTES_MAX,
        text_bytes: TEXT_BYTES_MAX,
        instructions: false,
    };

    /// FHIR in XML: its values, attachments too, are attributes.
    pub const FHIR: Limits = Limits { attribute_bytes: 14 * 1024 * 1024, ..Limits::CLINICAL };

    /// Clinical documents (CDA). They may name a style sheet, which is not fetched.
    pub const CLINICAL: Limits = Limits {
        bytes: 20 * 1024 * 1024,
        depth: 128,
        elements: ELEMENTS_MAX,
        attributes: ATTRIBUTES_MAX,
        namespaces: NAMESPACES_MAX,
        name_bytes: NAME_BYTES_MAX,
        attribute_bytes: ATTRIBUTE_BYTES_MAX,
        text_bytes: TEXT_BYTES_MAX,
        instructions: true,
    };
}
