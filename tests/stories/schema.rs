//! Records of every kind that the schema has, made from its descriptors: every text in them is a word of its own.

use crate::histories::Dice;
use prost::Message;
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, FieldDescriptorProto, FileDescriptorSet};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// How every such word begins.
pub(crate) const BIRD: &str = "Kanaria-";
/// Messages in one another, at most.
const DEPTH: usize = 6;
/// What says who may decide, who has died, where a person is kept and whether she hides: facts of decisions, and no mere content.
const DECIDES: [&str; 7] =
    ["withdrawal", "personDetails", "councilCase", "referral", "referralStep", "careApproval", "parentChild"];

/// The messages of the schema.
pub(crate) struct Schema {
    messages: BTreeMap<String, DescriptorProto>,
    enums: BTreeMap<String, Vec<String>>,
    words: u64,
}

/// A text at one leaf of a body: where it stands in the JSON of the schema.
pub(crate) struct Leaf {
    pub(crate) body: String,
    pub(crate) path: Vec<(String, bool)>,
}

impl Schema {
    #[expect(clippy::disallowed_methods, reason = "a descriptor is no record")]
    pub(crate) fn read() -> Schema {
        let set = FileDescriptorSet::decode(musubi::edge::grpc::DESCRIPTORS).unwrap();
        let ours: Vec<_> = set.file.into_iter().filter(|file| file.package() == "musubi.v1").collect();
        let enums = ours.iter().flat_map(|file| &file.enum_type).map(|one| {
            let values = one.value.iter().filter(|value| value.number() > 0);
            (format!(".musubi.v1.{}", one.name()), values.map(|value| value.name().to_owned()).collect())
        });
        let enums = enums.collect();
        let messages = ours.into_iter().flat_map(|file| file.message_type);
        let messages = messages.map(|one| (format!(".musubi.v1.{}", one.name()), one)).collect();
        Schema { messages, enums, words: 0 }
    }

    fn bodies(&self) -> impl Iterator<Item = (&FieldDescriptorProto, &DescriptorProto)> {
        let bodies = self.messages[".musubi.v1.Entry"].field.iter().filter(|field| field.oneof_index.is_some());
        bodies.filter_map(|field| Some((field, self.messages.get(field.type_name())?)))
    }

    /// Every leaf of every body that holds text.
    pub(crate) fn leaves(&self) -> Vec<Leaf> {
        let mut leaves = Vec::new();
        for (field, message) in self.bodies() {
            self.below(message, &mut Vec::new(), &mut |path| {
                leaves.push(Leaf { body: field.json_name().to_owned(), path: path.to_vec() });
            });
        }
        leaves
    }

    fn below(
        &self,
        message: &DescriptorProto,
        path: &mut Vec<(String, bool)>,
        found: &mut impl FnMut(&[(String, bool)]),
    ) {
        for field in &message.field {
            path.push((field.json_name().to_owned(), field.label() == Label::Repeated));
            match (field.r#type(), self.messages.get(field.type_name())) {
                (Type::String, _) => found(path),
                (Type::Message, Some(inner)) if path.len() < DEPTH => self.below(inner, path, found),
                _ => {}
            }
            path.pop();
        }
    }

    /// A body at random, with its name; about one person, whose role it fits.
    pub(crate) fn body(&mut self, dice: &mut Dice) -> (String, Value) {
        let content = |name: &str| !DECIDES.contains(&name);
        let bodies: Vec<(String, DescriptorProto)> = self
            .bodies()
            .filter(|(field, _)| content(field.json_name()))
            .map(|(field, message)| (field.json_name().to_owned(), message.clone()))
            .collect();
        let (name, message) = &bodies[dice.below(bodies.len() as u64) as usize];
        (name.clone(), self.message(message, 1, dice))
    }

    /// Another content for a body of this name.
    pub(crate) fn content(&mut self, body: &str, dice: &mut Dice) -> Value {
        let message = self.bodies().find(|(field, _)| field.json_name() == body).map(|(_, message)| message.clone());
        self.message(&message.unwrap(), 1, dice)
    }

    fn message(&mut self, message: &DescriptorProto, depth: usize, dice: &mut Dice) -> Value {
        if message.name() == "Date" {
            return json!({"year": 2026, "month": 1 + dice.below(10), "day": 1 + dice.below(28)});
        }
        let mut filled = Map::new();
        for field in &message.field {
            if dice.below(3) == 0 {
                continue;
            }
            if let Some(value) = self.field(field, depth, dice) {
                let repeated = field.label() == Label::Repeated;
                let value = if repeated { Value::Array(vec![value]) } else { value };
                filled.insert(field.json_name().to_owned(), value);
            }
        }
        Value::Object(filled)
    }

    fn field(&mut self, field: &FieldDescriptorProto, depth: usize, dice: &mut Dice) -> Option<Value> {
        Some(match field.r#type() {
            Type::String => {
                self.words += 1;
                json!(format!("{BIRD}{:05}", self.words))
            }
            Type::Bool => json!(dice.below(2) == 0),
            Type::Double | Type::Float | Type::Int32 | Type::Uint32 => json!(dice.below(12)),
            Type::Enum => {
                let values = self.enums.get(field.type_name()).filter(|values| !values.is_empty())?;
                json!(values[dice.below(values.len() as u64) as usize])
            }
            Type::Message if depth < DEPTH => {
                let inner = self.messages.get(field.type_name())?.clone();
                self.message(&inner, depth + 1, dice)
            }
            _ => return None,
        })
    }
}
