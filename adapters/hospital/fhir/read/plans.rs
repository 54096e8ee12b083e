//! Care plans, goals and episodes of care: the record has no body for them, and keeps what they say as a document in words.

use super::values;
use crate::hospital::keys;
use crate::hospital::narrative;
use crate::hospital::reading::Reading;
use crate::json::Node;
use musubi_proto::v1 as proto;
use proto::Category;

/// A type of resource, who it is about, and its title where it has none.
struct Kept {
    resource: &'static str,
    subject: &'static str,
    title: &'static str,
}

const KEPT: [Kept; 3] = [
    Kept { resource: "CarePlan", subject: "subject", title: "計画" },
    Kept { resource: "Goal", subject: "subject", title: "目標" },
    Kept { resource: "EpisodeOfCare", subject: "patient", title: "継続的な支援" },
];

/// Where the words go.
const PATH: &str = "document.content";

pub(super) fn read(reading: &mut Reading<'_>, number: usize) {
    let Some((node, kind)) = reading.resources.get(number).map(|resource| (resource.node, resource.kind)) else {
        return;
    };
    let Some(kept) = KEPT.iter().find(|kept| kept.resource == kind) else { return };
    let text = words(node);
    if text.is_empty() {
        super::unread(reading, number);
        return;
    }
    let Some(person) = reading.person(number, kept.subject) else { return };
    let title = Some(node.take("title", "document.title")).filter(|title| !title.is_empty()).unwrap_or(kept.title);
    let told = reading.number_of(node);
    let name = keys::name(told, title);
    let key = format!("document/{kind}/{name}");
    let status = [node.take("status", PATH), node.take("lifecycleStatus", PATH)];
    if status.contains(&"entered-in-error") {
        let key = format!("{}/{key}", reading.key(person));
        reading.withdraw(person, key, node, "document", Category::C10Narrative);
        return;
    }
    let document = proto::Document {
        title: title.to_owned(),
        media_type: "text/plain".to_owned(),
        content: text.into_bytes(),
        ..proto::Document::default()
    };
    reading.paper(person, node, &key, document);
}

/// What it says in its members; its narrative beside them, unless that was made of them.
fn words(node: Node<'_>) -> String {
    let concept = |one: Node<'_>| values::words(Some(one), PATH);
    let mut lines: Vec<String> = node.all("type").map(concept).collect();
    lines.extend(
        node.all("description").map(|said| if said.is_leaf() { said.taken(PATH).to_owned() } else { concept(said) }),
    );
    for detail in node.all("activity").flat_map(|activity| activity.all("detail")) {
        lines.push(values::words(detail.first("code"), PATH));
        lines.push(detail.take("description", PATH).to_owned());
    }
    lines.extend(node.all("addresses").map(|problem| problem.take("display", PATH).to_owned()));
    lines.push(node.take("statusReason", PATH).to_owned());
    lines.extend(node.all("note").map(|note| note.take("text", PATH).to_owned()));
    let told =
        node.first("text").filter(|told| lines.iter().all(String::is_empty) || told.peek("status") != "generated");
    lines.extend(told.and_then(|told| told.get("div")).map(|div| narrative::plain(div.taken(PATH))));
    lines.retain(|line| !line.is_empty());
    lines.join("\n")
}
