//! Questionnaires that somebody answered: the EPDS as a screening, any other as a document in words.

use super::screening::{self, Scores};
use crate::hospital::concepts::{self, Concept};
use crate::hospital::keys;
use crate::hospital::reading::Reading;
use crate::json::Node;
use musubi_core::adapter::Profile;
use musubi_proto::v1 as proto;
use proto::Category;

/// Extensions that say what an answer counts.
const SCORES: [&str; 2] =
    ["http://hl7.org/fhir/StructureDefinition/ordinalValue", "http://hl7.org/fhir/StructureDefinition/itemWeight"];

pub(super) fn read(reading: &mut Reading<'_>, number: usize) {
    let Some(node) = reading.resources.get(number).map(|resource| resource.node) else { return };
    let mut answered = Vec::new();
    node.all("item").for_each(|item| gather(item, &mut answered));
    if answered.is_empty() {
        super::unread(reading, number);
        return;
    }
    let Some(person) = reading.person(number, "subject") else { return };
    match scores(node, &answered, reading.profile) {
        Some(scores) => {
            let at = reading.stamp(node, "authored", "screening.answered_on");
            screening::epds(reading, person, node, (at, scores));
        }
        None => words(reading, person, node, &answered),
    }
}

/// The items that were answered, in the order of the form.
fn gather<'n>(item: Node<'n>, answered: &mut Vec<Node<'n>>) {
    if item.first("answer").is_some() {
        answered.push(item);
    }
    item.all("item").for_each(|inner| gather(inner, answered));
    item.all("answer").flat_map(|answer| answer.all("item")).for_each(|inner| gather(inner, answered));
}

/// The scores of an EPDS; nothing for another form, and for one whose answers do not say what they count.
fn scores(node: Node<'_>, answered: &[Node<'_>], profile: &Profile) -> Option<Scores> {
    let form = node.peek("questionnaire").to_ascii_lowercase();
    let named = ["epds", "71354-5", "99046-5"].iter().any(|name| form.contains(name));
    let mut scores = Scores::default();
    let mut found = false;
    for item in answered {
        let concept = by_link(item.peek("linkId"), profile).or_else(|| concepts::by_text(item.peek("text"), ""));
        let concept = concept.map(|known| known.concept).filter(|known| known.of_epds());
        let Some(concept) = concept.or_else(|| named.then(|| item_of_form(item.peek("linkId"))).flatten()) else {
            continue;
        };
        let answer = item.first("answer")?;
        let score = score(answer)?;
        found = true;
        match concept {
            Concept::EpdsItem(number) => match concepts::whole(&score, 3) {
                Some(value) => scores.items.push((number, value)),
                None => scores.impossible = true,
            },
            _ => {
                scores.total = concepts::whole(&score, 30);
                scores.impossible |= scores.total.is_none();
            }
        }
    }
    found.then_some(scores)
}

/// An item by its code: LOINC, or the peer's own.
fn by_link(link: &str, profile: &Profile) -> Option<concepts::Recognised> {
    let local = profile.observation_codes.iter().find(|local| local.code == link);
    concepts::known(local.map_or(link, |local| &*local.loinc))
}

/// The number of an item in a form that is an EPDS: the only digits of its link.
fn item_of_form(link: &str) -> Option<Concept> {
    let mut numbers = link.split(|letter: char| !letter.is_ascii_digit()).filter(|digits| !digits.is_empty());
    let item = numbers.next()?.parse().ok().filter(|item| (1..=10).contains(item))?;
    numbers.next().is_none().then_some(Concept::EpdsItem(item))
}

/// What an answer counts: a number, or the score that its coding carries.
fn score(answer: Node<'_>) -> Option<proto::Quantity> {
    const PATH: &str = "screening.items";
    let number =
        |node: Node<'_>, name| Some(node.take(name, PATH)).filter(|value| !value.is_empty()).map(ToOwned::to_owned);
    let coded = || {
        let extensions = answer.first("valueCoding")?.all("extension");
        let mut known = extensions.filter(|extension| SCORES.contains(&extension.peek("url")));
        known.next().and_then(|extension| number(extension, "valueDecimal"))
    };
    let value = number(answer, "valueInteger").or_else(|| number(answer, "valueDecimal")).or_else(coded)?;
    Some(proto::Quantity { value, ..proto::Quantity::default() })
}

/// Questions and answers, line by line. What they may tell is unknown: of the mind and of the family too.
fn words(reading: &mut Reading<'_>, person: usize, node: Node<'_>, answered: &[Node<'_>]) {
    let lines: Vec<String> = answered.iter().map(|item| line(*item)).collect();
    let told = reading.number_of(node);
    let form = node.take("questionnaire", "document.title");
    let name = keys::name(told, form.rsplit('/').next().unwrap_or_default());
    let key = format!("document/questionnaire/{name}");
    if node.peek("status") == "entered-in-error" {
        let key = format!("{}/{key}", reading.key(person));
        reading.withdraw(person, key, node, "document", Category::C08Mental);
        return;
    }
    let document = proto::Document {
        categories: [Category::C08Mental, Category::C11Family].map(i32::from).to_vec(),
        title: "質問票の回答".to_owned(),
        media_type: "text/plain".to_owned(),
        content: lines.join("\n").into_bytes(),
        ..proto::Document::default()
    };
    reading.paper(person, node, &key, document);
}

fn line(item: Node<'_>) -> String {
    const PATH: &str = "document.content";
    let question = [item.take("text", PATH), item.take("linkId", PATH)].into_iter().find(|text| !text.is_empty());
    let answers: Vec<String> = item.all("answer").map(|answer| answer_words(answer, PATH)).collect();
    format!("{}: {}", question.unwrap_or_default(), answers.join(", "))
}

/// An answer as it stands: the one member that begins with `value`.
fn answer_words(answer: Node<'_>, path: &'static str) -> String {
    for name in ["valueCoding", "valueQuantity", "valueReference", "valueAttachment"] {
        let Some(value) = answer.first(name) else { continue };
        let parts = ["display", "value", "unit", "title"].map(|part| value.take(part, path));
        let said: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        return if said.is_empty() { value.take("code", path).to_owned() } else { said.join(" ") };
    }
    let values = [
        "valueString",
        "valueInteger",
        "valueDecimal",
        "valueBoolean",
        "valueDate",
        "valueDateTime",
        "valueTime",
        "valueUri",
    ];
    values
        .into_iter()
        .map(|name| answer.take(name, path))
        .find(|value| !value.is_empty())
        .unwrap_or_default()
        .to_owned()
}
