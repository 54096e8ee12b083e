//! The narratives of a document: their limit, and what of them the texts of the record lose, tables, lists and raised letters, as
//! CDA keeps them (`formats/hospital.md` 3.1, 3.4 and 4.1).
//!
//! A text of the record and the narrative that says it stand in different places: an Observation and a cell of a table. They
//! belong together where they say the same words.

use super::bundle::Document;
use crate::hospital::narrative::{self, NARRATIVE_BYTES_MAX};
use crate::hospital::reading::Reading;
use crate::hospital::xhtml;
use crate::json::{Fate, Node};
use crate::xml::Element;
use musubi_proto::v1 as proto;
use proto::entry::Body;

/// Most bytes of mark-up that are kept of a document: its texts say the same.
const XHTML_BYTES_MAX: usize = NARRATIVE_BYTES_MAX;

/// Refuses a document with a narrative of too many words.
pub(super) fn check(reading: &mut Reading<'_>, document: &Document<'_>) {
    let own = reading.resources.iter().filter_map(|resource| div(resource.node));
    let mut all = own.chain(of_sections(document));
    let too_long = |div: &Node<'_>| {
        let source = div.text();
        source.len() > NARRATIVE_BYTES_MAX && narrative::plain(source).len() > NARRATIVE_BYTES_MAX
    };
    if let Some(div) = all.find(too_long) {
        reading.narrative_too_long(div);
    }
}

/// The narrative of a resource or a section.
pub(super) fn div<'t>(node: Node<'t>) -> Option<Node<'t>> {
    node.first("text").and_then(|text| text.get("div"))
}

/// The narratives of the sections of the Composition.
fn of_sections<'t>(document: &Document<'t>) -> Vec<Node<'t>> {
    fn below<'t>(node: Node<'t>, found: &mut Vec<Node<'t>>) {
        for section in node.all("section") {
            found.extend(div(section));
            below(section, found);
        }
    }
    let mut found = Vec::new();
    document.composition.into_iter().for_each(|composition| below(composition, &mut found));
    found
}

/// A narrative or a cell of it, of which the words lose something.
struct Marked<'t> {
    words: String,
    xhtml: String,
    div: Node<'t>,
}

/// Puts beside each text what it loses of the narrative that says it.
pub(super) fn fill(reading: &mut Reading<'_>, document: &Document<'_>) {
    let papers = reading.resources.iter().filter(|resource| resource.kind == "DocumentReference");
    let divs: Vec<Node<'_>> =
        of_sections(document).into_iter().chain(papers.filter_map(|paper| div(paper.node))).collect();
    let marked = marked(divs);
    if marked.is_empty() {
        return;
    }
    let told = |text: &str, kept: &mut String, path: &'static str| {
        let words = bare(text);
        let found = marked.iter().find(|one| one.words == words).filter(|_| kept.is_empty() && !words.is_empty());
        if let Some(found) = found {
            kept.clone_from(&found.xhtml);
            if found.div.fate() == Fate::Untouched {
                found.div.taken(path);
            }
        }
    };
    for body in reading.entries.iter_mut().filter_map(|entry| entry.body.as_mut()) {
        match body {
            Body::DischargeNotice(notice) => {
                told(&notice.course, &mut notice.course_xhtml, "discharge_notice.course_xhtml");
                told(&notice.instructions, &mut notice.instructions_xhtml, "discharge_notice.instructions_xhtml");
                told(&notice.request, &mut notice.request_xhtml, "discharge_notice.request_xhtml");
            }
            Body::Referral(referral) => told(&referral.reason, &mut referral.reason_xhtml, "referral.reason_xhtml"),
            Body::Document(proto::Document { media_type, content, xhtml, .. }) if media_type == "text/plain" => {
                told(&String::from_utf8_lossy(content), xhtml, "document.xhtml");
            }
            _ => {}
        }
    }
}

/// What of these narratives and their cells the words lose.
fn marked(divs: Vec<Node<'_>>) -> Vec<Marked<'_>> {
    fn cells<'e>(element: &'e Element, found: &mut Vec<&'e Element>) {
        for child in &element.children {
            if child.name == "td" {
                found.push(child);
            } else {
                cells(child, found);
            }
        }
    }
    let (mut all, mut bytes) = (Vec::new(), 0);
    for div in divs {
        let Some(root) = narrative::read(div.text()) else { continue };
        let mut parts = vec![&root];
        cells(&root, &mut parts);
        for part in parts {
            let xhtml = xhtml::kept(part);
            if !xhtml.is_empty() && bytes + xhtml.len() <= XHTML_BYTES_MAX {
                bytes += xhtml.len();
                all.push(Marked { words: bare(&narrative::of(part)), xhtml, div });
            }
        }
    }
    all
}

/// The letters of a text, without what sets them apart.
fn bare(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_whitespace()).collect()
}
