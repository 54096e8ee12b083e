//! The body: what its sections say in words and in entries, or the one document that it is.

use super::guide::{self, Guide};
use super::header::{Document, Said, Told};
use super::tree::Words;
use super::{entries, values};
use crate::hospital::attachment;
use crate::hospital::hl7v2::types;
use crate::hospital::numbers::BASE64;
use crate::hospital::reading::Reading;
use crate::hospital::xhtml;
use crate::json::Node;
use musubi_core::adapter::{LocalCode, Profile};
use musubi_proto::v1 as proto;
use proto::Category;
use proto::entry::Body;

/// What is read of a section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    AdmissionDiagnosis,
    DischargeDiagnosis,
    /// What is there now.
    Problems,
    /// What somebody thinks that there is.
    Assessment,
    /// What is over.
    PastIllnesses,
    Course,
    Instructions,
    Newborn,
    Allergies,
    /// What relatives had.
    Family,
    /// Insurance.
    Payers,
    /// The pregnancy of the mother.
    Pregnancy,
    /// Her delivery.
    Delivery,
    /// Medications, procedures, immunisations: only as words.
    Words,
    /// Observations, or a section that is not known.
    Other,
}

impl Kind {
    /// Does it hold diagnoses?
    pub(super) fn is_of_diagnoses(self) -> bool {
        matches!(
            self,
            Kind::AdmissionDiagnosis
                | Kind::DischargeDiagnosis
                | Kind::Problems
                | Kind::Assessment
                | Kind::PastIllnesses
        )
    }
}

/// What the LOINC code of a section means; `None` of a code that is not in the table.
fn kind(loinc: &str) -> Option<Kind> {
    Some(match loinc {
        "46241-6" | "42347-5" => Kind::AdmissionDiagnosis,
        "11535-2" | "C-CDAV2-DDN" => Kind::DischargeDiagnosis,
        "11450-4" => Kind::Problems,
        "51848-0" => Kind::Assessment,
        "11348-0" => Kind::PastIllnesses,
        "8648-8" => Kind::Course,
        "8653-8" | "69730-0" => Kind::Instructions,
        "57075-4" => Kind::Newborn,
        "48765-2" => Kind::Allergies,
        "10157-6" => Kind::Family,
        "48768-6" => Kind::Payers,
        "10183-2" | "75311-1" | "10160-0" | "47519-4" | "11369-6" | "29549-3" | "46264-8" | PLAN => Kind::Words,
        "10162-6" | "57060-6" | "57073-9" => Kind::Pregnancy,
        "57074-7" => Kind::Delivery,
        "10184-0" | "11493-4" | "30954-2" | "8716-3" | "29762-2" | "10164-2" | "57059-8" | REASON => Kind::Other,
        _ => return None,
    })
}

/// What a hospital asks for, or plans.
pub(super) const PLAN: &str = "18776-5";
/// Why somebody is referred.
pub(super) const REASON: &str = "42349-1";

/// Titles of sections whose codes belong to who wrote them. The codes of the Japanese discharge summary (HS032) could not be
/// had.
const TITLES: [(&str, &str); 14] = [
    ("入院時診断", "46241-6"),
    ("退院時診断", "11535-2"),
    ("入院中経過", "8648-8"),
    ("入院経過", "8648-8"),
    ("退院時方針", "8653-8"),
    ("退院時指導", "8653-8"),
    ("依頼事項", PLAN),
    ("紹介目的", REASON),
    ("アレルギー", "48765-2"),
    ("アレルギー・不耐性反応", "48765-2"),
    ("既往歴", "11348-0"),
    ("家族歴", "10157-6"),
    ("退院時処方", "10183-2"),
    ("保険・公費情報", "48768-6"),
];

/// A section, and what it is.
#[derive(Clone, Copy)]
pub(super) struct Section<'t> {
    pub(super) node: Node<'t>,
    /// The LOINC code that it has, or that its own code, its template or its title means.
    pub(super) loinc: &'t str,
    pub(super) kind: Kind,
    /// Was it known by its title alone?
    by_title: bool,
}

impl<'t> Section<'t> {
    fn of(node: Node<'t>, guide: Guide, profile: &'t Profile) -> Self {
        let code = node.first("code");
        let codes = || code.into_iter().chain(code.into_iter().flat_map(|code| code.all("translation")));
        let own = |code: Node<'t>| {
            let is_it =
                |local: &&LocalCode| local.code == code.peek("@code") && local.system == code.peek("@codeSystem");
            profile.section_codes.iter().find(is_it).map(|local| local.loinc.as_str())
        };
        let known = || codes().map(|code| code.peek("@code")).find(|code| kind(code).is_some());
        let by_code = codes().find_map(own).or_else(known);
        if let Some(loinc) = by_code.or_else(|| guide.section(node)) {
            return Section { node, loinc, kind: kind(loinc).unwrap_or(Kind::Other), by_title: false };
        }
        let title = types::compact(node.first("title").map_or("", |title| title.peek("#text")));
        let titled = TITLES.iter().find(|(known, _)| *known == title);
        let loinc = titled.map_or("", |(_, loinc)| *loinc);
        Section { node, loinc, kind: kind(loinc).unwrap_or(Kind::Other), by_title: titled.is_some() }
    }

    /// What it says.
    fn said(&self, path: &'static str, words: &Words) -> Said {
        let Some(text) = self.words() else { return Said::default() };
        Said { text: text.take("#text", path).to_owned(), xhtml: words.xhtml(text).to_owned() }
    }

    /// Its words.
    fn words(&self) -> Option<Node<'t>> {
        self.node.first("text")
    }
}

/// Every section with those in it.
pub(super) fn all<'t>(root: Node<'t>, guide: Guide, profile: &'t Profile) -> Vec<Section<'t>> {
    fn below<'t>(above: Node<'t>, guide: Guide, profile: &'t Profile, found: &mut Vec<Section<'t>>) {
        for section in above.all("component").flat_map(|component| component.all("section")) {
            found.push(Section::of(section, guide, profile));
            below(section, guide, profile, found);
        }
    }
    let mut found = Vec::new();
    let bodies = root.all("component").flat_map(|component| component.all("structuredBody"));
    bodies.for_each(|body| below(body, guide, profile, &mut found));
    found
}

/// Reads every section. Returns what they say of the stay.
pub(super) fn read<'t>(reading: &mut Reading<'t>, patient: usize, document: &Document<'t>, words: &Words) -> Told {
    let mut told = Told::default();
    let mut collected = entries::Collected::of(&document.series);
    for section in &document.sections {
        if section.by_title {
            reading.warning_at(
                "H104",
                section.node,
                "title",
                "節の題で種類を判別しました(matched-by-text)。",
                "The section was recognised by its title (matched-by-text).",
            );
        }
        match section.kind {
            Kind::Course if told.course.text.is_empty() => {
                told.course = section.said("discharge_notice.course", words);
            }
            Kind::Instructions if told.instructions.text.is_empty() => {
                told.instructions = section.said("discharge_notice.instructions", words);
            }
            _ => {}
        }
        entries::read(reading, patient, section, words, &mut collected);
    }
    if document.is(guide::Kind::Discharge) {
        told.request = words_of(document, PLAN, "discharge_notice.request", words);
    }
    entries::finish(reading, collected);
    told
}

/// The words of the first section of this code.
pub(super) fn words_of(document: &Document<'_>, loinc: &str, path: &'static str, words: &Words) -> Said {
    let found = document.sections.iter().find(|section| section.loinc == loinc);
    found.map(|section| section.said(path, words)).unwrap_or_default()
}

/// What can only be shown whole: the words of all sections, or a body that is one document.
pub(super) fn papers(reading: &mut Reading<'_>, patient: usize, document: &Document<'_>, words: &Words) {
    let root = reading.tree.root();
    let (mut text, mut xhtml, mut is_marked) = (String::new(), String::new(), false);
    for section in &document.sections {
        let said = section.said("document.content", words);
        if said.text.is_empty() {
            continue;
        }
        let title = section.node.first("title").map_or("", |title| title.take("#text", "document.content"));
        for line in [title, &said.text].into_iter().filter(|line| !line.is_empty()) {
            text.push_str(line);
            text.push('\n');
        }
        is_marked |= !said.xhtml.is_empty();
        xhtml.push_str(xhtml::paragraphs(title).as_str());
        if said.xhtml.is_empty() {
            xhtml.push_str(xhtml::paragraphs(&said.text).as_str());
        } else {
            xhtml.push_str(&said.xhtml);
        }
    }
    if !text.is_empty() {
        let xhtml = if is_marked { xhtml } else { String::new() };
        paper(reading, patient, document, root, ("", ("text/plain", text.into_bytes(), xhtml)));
    }
    for body in root.all("component").filter_map(|component| component.first("nonXMLBody")) {
        unstructured(reading, patient, document, body);
    }
    pictures(reading, patient, document);
}

/// What is packed beside the words of a section (observationMedia): each is a document. What is elsewhere is never looked for.
fn pictures(reading: &mut Reading<'_>, patient: usize, document: &Document<'_>) {
    let entries = document.sections.iter().flat_map(|section| section.node.all("entry"));
    let packed = entries.filter_map(|entry| entry.first("observationMedia")?.first("value"));
    for (value, number) in packed.filter(|value| value.get(BASE64).is_some()).zip(1..) {
        let media_type = value.take("@mediaType", "document.media_type");
        match attachment::attachment(media_type, value.peek(BASE64), attachment::BYTES_MAX) {
            Ok((kind, bytes)) => {
                value.take(BASE64, "document.content");
                let picture = (kind, bytes, String::new());
                paper(reading, patient, document, value, (&format!("/media/{number}"), picture));
            }
            Err(_) => reading.warning(
                "H104",
                value,
                "添付(observationMedia)の種類または大きさが、受け取れるものと違います。原文のまま保管しました。",
                "The kind or size of what is packed here (observationMedia) is none that is read: kept in the raw document only.",
            ),
        }
    }
}

fn paper(
    reading: &mut Reading<'_>,
    patient: usize,
    document: &Document<'_>,
    node: Node<'_>,
    (suffix, (media_type, content, xhtml)): (&str, (&str, Vec<u8>, String)),
) {
    let paper = proto::Document {
        categories: insurance(reading, document),
        title: document.title.clone(),
        media_type: media_type.to_owned(),
        content,
        r#type: Some(document.code.clone()),
        xhtml,
    };
    let series: String = document.series.chars().take(120).collect();
    reading.paper(patient, node, &format!("document/{series}{suffix}"), paper);
}

/// What a narrative tells that has a section about insurance; of a public expense also the economic situation.
fn insurance(reading: &Reading<'_>, document: &Document<'_>) -> Vec<i32> {
    let payers = |section: &Section<'_>| section.kind == Kind::Payers && section.words().is_some();
    if !document.sections.iter().any(payers) {
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
                paper(reading, patient, document, body, ("", (kind, bytes, String::new())));
            }
            Err(fault) => reading.error(fault.code(), text, fault.ja(), fault.en()),
        }
        return;
    }
    let words = text.take("#text", "document.content");
    if !words.is_empty() {
        let told = ("text/plain", words.as_bytes().to_vec(), String::new());
        return paper(reading, patient, document, body, ("", told));
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
