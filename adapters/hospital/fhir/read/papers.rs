//! What can only be shown whole: attachments, and what a document tells in words.

use super::super::datatypes::CATEGORY;
use super::bundle::Document;
use super::values;
use crate::hospital::keys;
use crate::hospital::reading::Reading;
use crate::hospital::{attachment, narrative, xhtml};
use crate::json::Node;
use musubi_proto::v1 as proto;
use proto::Category;

/// A DocumentReference with its attachments. An address is kept, never fetched (S-72).
pub(super) fn reference(reading: &mut Reading<'_>, number: usize) {
    let Some(node) = reading.resources.get(number).map(|resource| resource.node) else { return };
    let attachments: Vec<_> = node.all("content").flat_map(|content| content.all("attachment")).collect();
    if !is_wrong(node) && attachments.iter().all(|one| one.get("data").is_none()) {
        return;
    }
    let Some(person) = reading.person(number, "subject") else { return };
    let kind = values::coding(node.first("type"), "document.type");
    let told = reading.number_of(node);
    attached(reading, person, node, &attachments, (kind, &told));
}

/// A Media with its picture in it. An address is kept, never fetched (S-72).
pub(super) fn media(reading: &mut Reading<'_>, number: usize) {
    let Some(node) = reading.resources.get(number).map(|resource| resource.node) else { return };
    let Some(content) = node.first("content").filter(|content| content.get("data").is_some()) else {
        super::unread(reading, number);
        return;
    };
    let Some(person) = reading.person(number, "subject") else { return };
    let kind = values::coding(node.first("view").or_else(|| node.first("modality")), "document.type");
    let told = reading.number_of(node);
    attached(reading, person, node, &[content], (kind, &told));
}

/// The attachments of a resource, each a document of this kind; `told` is the sender's number of the resource.
pub(super) fn attached(
    reading: &mut Reading<'_>,
    person: usize,
    node: Node<'_>,
    attachments: &[Node<'_>],
    (kind, told): (Option<proto::Coded>, &str),
) {
    let categories = categories(node);
    let is_wrong = is_wrong(node);
    for one in attachments {
        let written = one.take("contentType", "document.media_type");
        let title = [one.take("title", "document.title"), node.take("description", "document.title")];
        let title = title.into_iter().find(|title| !title.is_empty()).unwrap_or_default();
        let name = format!("document/{}", keys::name(told.to_owned(), title));
        if is_wrong {
            let key = format!("{}/{name}", reading.key(person));
            reading.withdraw(person, key, node, "document", Category::C10Narrative);
            continue;
        }
        let Some(content) = one.get("data") else { continue };
        let (media_type, bytes) = match attachment::attachment(written, content.text(), attachment::BYTES_MAX) {
            Ok(read) => read,
            Err(fault) => {
                reading.error(fault.code(), content, fault.ja(), fault.en());
                continue;
            }
        };
        content.taken("document.content");
        let document = proto::Document {
            categories: categories.clone(),
            title: title.to_owned(),
            media_type: media_type.to_owned(),
            content: bytes,
            r#type: kind.clone(),
            ..proto::Document::default()
        };
        reading.paper(person, node, &name, document);
    }
}

/// Was it, or what it refers to, put down by mistake?
fn is_wrong(node: Node<'_>) -> bool {
    [node.peek("status"), node.peek("docStatus")].contains(&"entered-in-error")
}

/// What a document tells, as far as its sender says so.
fn categories(node: Node<'_>) -> Vec<i32> {
    let codings = node.all("securityLabel").flat_map(|label| label.all("coding"));
    let own = codings.filter(|coding| coding.peek("system") == CATEGORY);
    let told = own
        .filter_map(|coding| coding.take("code", "document.categories").parse::<musubi_core::agency::Category>().ok());
    told.map(|category| category as i32 + 1).collect()
}

/// The words of a document's sections, unless they only repeat what its resources say.
pub(super) fn words(reading: &mut Reading<'_>, document: &Document<'_>) {
    let (Some(composition), Some(person)) = (document.composition, reading.usual) else { return };
    let mut said = Said::default();
    composition.all("section").for_each(|section| said.add(section));
    if said.text.is_empty() {
        return;
    }
    let name = document.kind.as_ref().map(|kind| kind.code.clone()).unwrap_or_default();
    let paper = proto::Document {
        categories: Vec::new(),
        title: composition.take("title", "document.title").to_owned(),
        media_type: "text/plain".to_owned(),
        content: said.text.into_bytes(),
        r#type: document.kind.clone(),
        xhtml: if said.is_marked { said.xhtml } else { String::new() },
    };
    let event = document.event().map_or("", |event| event.peek("end"));
    reading.paper(person, composition, &format!("document/{name}/{}", event.get(..10).unwrap_or(event)), paper);
}

/// What sections say in words.
#[derive(Default)]
struct Said {
    text: String,
    xhtml: String,
    /// Does the text lose something?
    is_marked: bool,
}

impl Said {
    /// Adds the words of a section and of those in it.
    fn add(&mut self, section: Node<'_>) {
        let told = section.first("text").filter(|told| told.peek("status") != "generated");
        let read = told.and_then(|told| told.get("div")).and_then(|div| narrative::read(div.taken("document.content")));
        let words = read.as_ref().map(narrative::of).unwrap_or_default();
        if !words.is_empty() {
            let title = section.take("title", "document.content");
            for line in [title, &words] {
                self.text.push_str(line);
                self.text.push('\n');
            }
            let kept = read.as_ref().map(xhtml::kept).unwrap_or_default();
            self.is_marked |= !kept.is_empty();
            self.xhtml.push_str(xhtml::paragraphs(title).as_str());
            let plain = || xhtml::paragraphs(&words).as_str().to_owned();
            self.xhtml.push_str(&if kept.is_empty() { plain() } else { kept });
        }
        section.all("section").for_each(|inner| self.add(inner));
    }
}
