//! A document against the structure of section 6: what must be there, what may be there, and nothing else.

use super::{NAMESPACE, SCHEMA_VERSION, names};
use crate::xml::{Element, Fault, Limits, Refusal, read};
use musubi_core::adapter::Diagnostic;
use musubi_core::id::MessageId;
use musubi_core::japan::{Problem, my_number};

/// Longest text (section 6).
const TEXT_LENGTH_MAX: usize = 4_000;

/// Reads the XML, looks for individual numbers, and checks namespace and version of the root.
pub(super) fn read_document(bytes: &[u8]) -> Result<Element, Diagnostic> {
    let root = read(bytes, &Limits::CASE_EXCHANGE, names::is_known).map_err(refused)?;
    if let Some(place) = individual_number(&root) {
        return Err(Problem::MyNumberFound.at(place));
    }
    if root.namespace.as_deref() != Some(NAMESPACE) {
        return Err(unknown(root.place));
    }
    let version = root.attribute("schemaVersion").unwrap_or_default();
    let major = |version: &str| version.split('.').next().map(str::to_owned);
    if version.is_empty() || major(version) != major(SCHEMA_VERSION) {
        return Err(Diagnostic::error(
            "CG-E003",
            root.place_of("@schemaVersion"),
            "schemaVersionがないか、対応していない版です。1.0で送ってください。",
            "schemaVersion is missing or of a version that is not read. Send 1.0.",
        ));
    }
    Ok(root)
}

fn refused(refusal: Refusal) -> Diagnostic {
    let Refusal { fault, place } = refusal;
    if fault.is_limit() {
        return Diagnostic::error(
            "CG-E002",
            place,
            "大きさ、深さ、要素数のいずれかが上限を超えています。分けて送ってください。",
            "Over a limit of size, depth or number of elements. Send it in parts.",
        );
    }
    if fault == Fault::IndividualNumber {
        return Problem::MyNumberFound.at(place);
    }
    let (ja, en) = match fault {
        Fault::Doctype | Fault::Entity | Fault::Instruction => (
            "DTD、実体参照、処理命令は使えません。取り除いて送ってください。",
            "DTD, entities and processing instructions are not accepted. Remove them.",
        ),
        Fault::NotUtf8 | Fault::OtherEncoding => {
            ("BOMなしのUTF-8で送ってください。", "Send UTF-8 without byte order mark.")
        }
        Fault::Truncated => ("文書が途中で終わっています。", "The document ends before its root does."),
        _ => ("整形式のXMLではありません。", "Not well-formed XML with one root."),
    };
    Diagnostic::error("CG-E001", place, ja, en)
}

/// The place of what looks like an individual number. A UUID as message id is none, whatever its digits.
fn individual_number(element: &Element) -> Option<String> {
    let in_attribute = element.attributes.iter().any(|attribute| {
        let is_uuid = attribute.name == "messageID" && MessageId::parse(&attribute.value).is_some();
        !is_uuid && my_number::contains(&attribute.value)
    });
    if in_attribute || my_number::contains(&element.text) {
        return Some(element.place.clone());
    }
    element.children.iter().find_map(individual_number)
}

fn unknown(place: impl Into<String>) -> Diagnostic {
    Diagnostic::error(
        "CG-E004",
        place,
        "この場所に置けない要素または属性です。様式の構造を確認してください。",
        "An element or attribute that may not stand here. See the structure of the format.",
    )
}

/// An element while it is read, and where its faults go.
pub(super) struct Form<'a> {
    pub(super) element: &'a Element,
}

/// Faults of one document, in the order in which they were found.
pub(super) type Faults = Vec<Diagnostic>;

impl<'a> Form<'a> {
    /// Opens an element that holds these others and these attributes. `Extension` may stand in any.
    pub(super) fn open(element: &'a Element, children: &[&str], attributes: &[&str], faults: &mut Faults) -> Self {
        for child in &element.children {
            if !child.is(NAMESPACE, "Extension") {
                let allowed = child.namespace == element.namespace && children.contains(&child.name.as_str());
                if !allowed {
                    faults.push(unknown(child.place.clone()));
                }
            } else if !child.children.iter().all(is_foreign) || !child.value().is_empty() {
                faults.push(unknown(child.place.clone()));
            }
        }
        if !element.value().is_empty() && !children.is_empty() {
            faults.push(unknown(element.place.clone()));
        }
        check_attributes(element, attributes, faults);
        Form { element }
    }

    /// The only child of this name; its absence is a fault with this code.
    pub(super) fn required(&self, name: &'a str, code: &'static str, faults: &mut Faults) -> Option<&'a Element> {
        let found = self.optional(name, faults);
        if found.is_none() {
            faults.push(Diagnostic::error(
                code,
                self.element.place_of(name),
                "必須の要素がないか、空です。",
                "A required element is missing or empty.",
            ));
        }
        found
    }

    /// The only child of this name, if there is one.
    pub(super) fn optional(&self, name: &'a str, faults: &mut Faults) -> Option<&'a Element> {
        let mut all = self.element.all(name);
        let first = all.next();
        if all.next().is_some() {
            faults.push(Diagnostic::error(
                "CG-E004",
                self.element.place_of(name),
                "1回だけ置ける要素が2回以上あります。",
                "An element that may stand once stands more than once.",
            ));
        }
        first
    }

    /// Text of the only child of this name; without text it is missing.
    pub(super) fn text(&self, name: &'a str, code: &'static str, faults: &mut Faults) -> Option<&'a str> {
        let element = self.required(name, code, faults)?;
        let value = leaf(element, &[], faults)?;
        if value.is_empty() {
            faults.push(Diagnostic::error(
                code,
                element.place.clone(),
                "必須の要素がないか、空です。",
                "A required element is missing or empty.",
            ));
            return None;
        }
        Some(value)
    }

    /// Text of the only child of this name, if there is one with text.
    pub(super) fn text_if(&self, name: &'a str, faults: &mut Faults) -> Option<&'a str> {
        let element = self.optional(name, faults)?;
        leaf(element, &[], faults).filter(|value| !value.is_empty())
    }
}

/// The text of an element that holds nothing else.
pub(super) fn leaf<'a>(element: &'a Element, attributes: &[&str], faults: &mut Faults) -> Option<&'a str> {
    check_attributes(element, attributes, faults);
    if let Some(child) = element.children.first() {
        faults.push(unknown(child.place.clone()));
        return None;
    }
    let value = element.value();
    let control = value.chars().any(|letter| letter.is_control() && letter != '\n');
    if control || value.chars().count() > TEXT_LENGTH_MAX {
        faults.push(Diagnostic::error(
            "CG-E004",
            element.place.clone(),
            "制御文字を含むか、4,000文字を超えています。",
            "Holds control characters or more than 4,000 characters.",
        ));
        return None;
    }
    Some(value)
}

fn check_attributes(element: &Element, allowed: &[&str], faults: &mut Faults) {
    let strange = element
        .attributes
        .iter()
        .any(|attribute| attribute.namespace.is_some() || !allowed.contains(&attribute.name.as_str()));
    if strange {
        faults.push(unknown(element.place_of("@*")));
    }
}

/// Neither it nor anything in it is of our namespace.
fn is_foreign(element: &Element) -> bool {
    element.namespace.as_deref() != Some(NAMESPACE) && element.children.iter().all(is_foreign)
}
