//! The body: what its sections say in words and in entries, or the one document that it is.

use super::header::{Document, Told};
use super::tree::Words;
use super::{entries, values};
use crate::hospital::attachment;
use crate::hospital::numbers::BASE64;
use crate::hospital::reading::Reading;
use crate::json::Node;
use musubi_proto::v1 as proto;
use proto::Category;
use proto::entry::Body;

/// What a section is, by its LOINC code, or else by its title.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    AdmissionDiagnosis,
    DischargeDiagnosis,
    Problems,
    Course,
    Instructions,
    Newborn,
    Allergies,
    /// What relatives had.
    Family,
    /// Insurance.
    Payers,
    /// Medications, procedures, immunisations: only as words.
    Words,
    /// Observations, or a section that is not known.
    Other,
}

impl Kind {
    /// Does it hold diagnoses?
    pub(super) fn is_of_diagnoses(self) -> bool {
        matches!(self, Kind::AdmissionDiagnosis | Kind::DischargeDiagnosis | Kind::Problems)
    }
}

fn kind(section: Node<'_>) -> (Kind, bool) {
    let code = section.first("code").map_or("", |code| code.peek("@code"));
    let kind = match code {
        "46241-6" | "42347-5" => Kind::AdmissionDiagnosis,
        "11535-2" | "C-CDAV2-DDN" => Kind::DischargeDiagnosis,
        "11450-4" | "51848-0" | "11348-0" => Kind::Problems,
        "8648-8" => Kind::Course,
        "8653-8" | "69730-0" => Kind::Instructions,
        "57075-4" => Kind::Newborn,
        "48765-2" => Kind::Allergies,
        "10157-6" => Kind::Family,
        "48768-6" => Kind::Payers,
        "10183-2" | "75311-1" | "10160-0" | "47519-4" | "11369-6" | "29549-3" | "46264-8" | "18776-5" => Kind::Words,
        _ => Kind::Other,
    };
    if kind != Kind::Other {
        return (kind, false);
    }
    let title = section.first("title").map_or("", |title| title.peek("#text"));
    let by_title = match title.trim() {
        "入院時診断" => Kind::AdmissionDiagnosis,
        "退院時診断" => Kind::DischargeDiagnosis,
        "入院中経過" | "入院経過" => Kind::Course,
        "退院時方針" | "退院時指導" => Kind::Instructions,
        "保険・公費情報" => Kind::Payers,
        _ => return (Kind::Other, false),
    };
    (by_title, true)
}

/// Every section with those in it.
pub(super) fn all(root: Node<'_>) -> Vec<Node<'_>> {
    fn below<'n>(above: Node<'n>, found: &mut Vec<Node<'n>>) {
        for section in above.all("component").flat_map(|component| component.all("section")) {
            found.push(section);
            below(section, found);
        }
    }
    let mut found = Vec::new();
    let bodies = root.all("component").flat_map(|component| component.all("structuredBody"));
    bodies.for_each(|body| below(body, &mut found));
    found
}

/// Reads every section. Returns what they say of the stay.
pub(super) fn read(reading: &mut Reading<'_>, patient: usize, document: &Document<'_>, words: &Words) -> Told {
    let mut told = Told::default();
    let mut collected = entries::Collected::of(&document.series);
    for section in all(reading.tree.root()) {
        let (kind, by_title) = kind(section);
        if by_title {
            reading.warning_at(
                "H104",
                section,
                "title",
                "節の題で種類を判別しました(matched-by-text)。",
                "The section was recognised by its title (matched-by-text).",
            );
        }
        let text = || section.first("text").map_or("", |text| text.peek("#text")).to_owned();
        match kind {
            Kind::Course if told.course.is_empty() => told.course = text(),
            Kind::Instructions if told.instructions.is_empty() => told.instructions = text(),
            _ => {}
        }
        entries::read(reading, patient, section, kind, words, &mut collected);
    }
    if document.is_discharge() {
        told.reason = words_of(reading.tree.root(), &["18776-5"], "discharge_notice.request");
    }
    entries::finish(reading, collected);
    told
}

/// The words of the first section with one of these codes.
pub(super) fn words_of(root: Node<'_>, codes: &[&str], path: &'static str) -> String {
    let mut sections = all(root).into_iter();
    let found = sections.find(|section| section.first("code").is_some_and(|code| codes.contains(&code.peek("@code"))));
    found.and_then(|section| section.first("text")).map_or("", |text| text.take("#text", path)).to_owned()
}

/// What can only be shown whole: the words of all sections, or a body that is one document.
pub(super) fn papers(reading: &mut Reading<'_>, patient: usize, document: &Document<'_>) {
    let root = reading.tree.root();
    let mut text = String::new();
    for section in all(root) {
        let words = section.first("text").map_or("", |text| text.take("#text", "document.content"));
        if words.is_empty() {
            continue;
        }
        let title = section.first("title").map_or("", |title| title.take("#text", "document.content"));
        for line in [title, words].into_iter().filter(|line| !line.is_empty()) {
            text.push_str(line);
            text.push('\n');
        }
    }
    if !text.is_empty() {
        paper(reading, patient, document, root, ("text/plain", text.into_bytes()));
    }
    for body in root.all("component").filter_map(|component| component.first("nonXMLBody")) {
        unstructured(reading, patient, document, body);
    }
}

fn paper(
    reading: &mut Reading<'_>,
    patient: usize,
    document: &Document<'_>,
    node: Node<'_>,
    (media_type, content): (&str, Vec<u8>),
) {
    let paper = proto::Document {
        categories: insurance(reading),
        title: document.title.clone(),
        media_type: media_type.to_owned(),
        content,
        r#type: Some(document.kind.clone()),
    };
    let series: String = document.series.chars().take(120).collect();
    reading.paper(patient, node, &format!("document/{series}"), paper);
}

/// What a narrative tells that has a section about insurance; of a public expense also the economic situation.
fn insurance(reading: &Reading<'_>) -> Vec<i32> {
    let payers = |section: &Node<'_>| kind(*section).0 == Kind::Payers && section.first("text").is_some();
    if !all(reading.tree.root()).iter().any(payers) {
        return Vec::new();
    }
    let is_public = |entry: &proto::Entry| matches!(&entry.body, Some(Body::Coverage(one)) if !one.public_expense_number.is_empty());
    let economic = reading.entries.iter().any(is_public).then_some(Category::C12Economic);
    [Category::C03Insurance].into_iter().chain(economic).map(i32::from).collect()
}

/// A body that is one document: packed, in words, or elsewhere, where it is never looked for.
fn unstructured(reading: &mut Reading<'_>, patient: usize, document: &Document<'_>, body: Node<'_>) {
    let Some(text) = body.first("text") else { return };
    let media_type = text.take("@mediaType", "document.media_type");
    if let Some(packed) = text.get(BASE64) {
        match attachment::attachment(media_type, packed.text(), attachment::BYTES_MAX) {
            Ok((kind, bytes)) => {
                packed.taken("document.content");
                paper(reading, patient, document, body, (kind, bytes));
            }
            Err(fault) => reading.error(fault.code(), text, fault.ja(), fault.en()),
        }
        return;
    }
    let words = text.take("#text", "document.content");
    if !words.is_empty() {
        return paper(reading, patient, document, body, ("text/plain", words.as_bytes().to_vec()));
    }
    if values::is_null(text) || text.first("reference").is_some() {
        reading.warning(
            "H104",
            text,
            "本文が別の場所にあるため、受け取れたのは見出しだけです。本文を文書に入れて送ってください。",
            "The body is elsewhere, so only the header was taken; send it within the document.",
        );
    }
}
