//! Reads the labels of a schema, and refuses a schema that leaves open what a field tells.

use std::collections::BTreeMap;

use prost_reflect::{
    DescriptorPool, DynamicMessage, ExtensionDescriptor, FieldDescriptor, Kind, MessageDescriptor, OneofDescriptor,
};

/// The bit of a mask that stands for whereabouts.
const WHEREABOUTS: u32 = 1 << 31;
/// Messages from outside that are one value each.
const FOREIGN_VALUES: [&str; 2] = ["google.protobuf.Timestamp", "google.protobuf.Duration"];

/// What the walk from the root found.
pub(crate) struct Model {
    /// The entry.
    pub(crate) root: MessageDescriptor,
    /// Every message that is projected field by field, by full name.
    pub(crate) messages: BTreeMap<String, Message>,
    /// Every message that is one value, by full name.
    pub(crate) values: BTreeMap<String, MessageDescriptor>,
}

/// A message with its labels.
pub(crate) struct Message {
    pub(crate) descriptor: MessageDescriptor,
    /// Bits that everything inside needs.
    pub(crate) gate: u32,
    /// The field whose set decides over the whole message.
    pub(crate) opaque: Option<String>,
    /// The field whose set is needed in addition.
    pub(crate) raised: Option<String>,
    /// The oneof without which nothing stays.
    pub(crate) essential: Option<String>,
    pub(crate) fields: Vec<Field>,
}

/// A field with its label.
pub(crate) struct Field {
    pub(crate) descriptor: FieldDescriptor,
    pub(crate) label: Label,
    pub(crate) whereabouts: bool,
}

/// What a field tells.
#[derive(Clone, Copy)]
pub(crate) enum Label {
    /// A fact, with the bits it needs.
    Fact { bits: u32, general: bool },
    /// Nothing by itself.
    Structural,
    /// A message of its own, whose fields need these bits in addition.
    Child { bits: u32 },
}

/// Walks from the message named `root` and returns its labels, or every fault with the field and the mend.
pub(crate) fn read(pool: &DescriptorPool, root: &str) -> Result<Model, Vec<String>> {
    let root = pool.get_message_by_name(root).ok_or_else(|| vec![format!("{root}: there is no such message")])?;
    let options = Options::find(pool)?;
    let model = Model { root: root.clone(), messages: BTreeMap::new(), values: BTreeMap::new() };
    let mut walk = Walk { options, model, above: Vec::new(), faults: Vec::new() };
    walk.message(&root);
    if walk.faults.is_empty() {
        walk.refuse_messages_without_facts();
    }
    if walk.faults.is_empty() { Ok(walk.model) } else { Err(walk.faults) }
}

/// The options of `options.proto`, as found in the pool.
struct Options {
    category: ExtensionDescriptor,
    general: ExtensionDescriptor,
    whereabouts: ExtensionDescriptor,
    structural: ExtensionDescriptor,
    default_category: ExtensionDescriptor,
    gate: ExtensionDescriptor,
    opaque: ExtensionDescriptor,
    raised: ExtensionDescriptor,
    value: ExtensionDescriptor,
    essential: ExtensionDescriptor,
}

impl Options {
    fn find(pool: &DescriptorPool) -> Result<Self, Vec<String>> {
        let named = |name: &str| {
            let full = format!("musubi.v1.{name}");
            let found = pool.all_extensions().find(|extension| extension.full_name() == full);
            found.ok_or_else(|| vec![format!("{full}: the schema does not import musubi/v1/options.proto")])
        };
        Ok(Self {
            category: named("category")?,
            general: named("general")?,
            whereabouts: named("whereabouts")?,
            structural: named("structural")?,
            default_category: named("default_category")?,
            gate: named("gate")?,
            opaque: named("opaque")?,
            raised: named("raised")?,
            value: named("value")?,
            essential: named("essential")?,
        })
    }
}

fn flag(options: &DynamicMessage, option: &ExtensionDescriptor) -> bool {
    options.get_extension(option).as_bool().unwrap_or(false)
}

fn text(options: &DynamicMessage, option: &ExtensionDescriptor) -> Option<String> {
    options.get_extension(option).as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// The bits of a set of categories; `None` if one of them is no category.
fn bits(options: &DynamicMessage, option: &ExtensionDescriptor) -> Option<u32> {
    let value = options.get_extension(option);
    let numbers = value.as_list()?.iter().map(|value| value.as_enum_number());
    numbers
        .map(|number| number.filter(|n| (1..=20).contains(n)).map(|n| 1 << (n - 1)))
        .try_fold(0, |all, bit| Some(all | bit?))
}

struct Walk {
    options: Options,
    model: Model,
    /// The messages that lead to the present one.
    above: Vec<String>,
    faults: Vec<String>,
}

impl Walk {
    fn fault(&mut self, place: &str, what: &str) {
        self.faults.push(format!("{place}: {what}"));
    }

    fn message(&mut self, descriptor: &MessageDescriptor) {
        let name = descriptor.full_name().to_owned();
        if self.above.contains(&name) {
            return self.fault(&name, "contains itself; write the inner one as a message of its own");
        }
        if self.model.messages.contains_key(&name) {
            return;
        }
        self.above.push(name.clone());
        let options = descriptor.options();
        let gate = self.categories(&name, &options, &self.options.gate.clone());
        let default = self.categories(&name, &options, &self.options.default_category.clone());
        let opaque = self.set_field(descriptor, &options, &self.options.opaque.clone());
        let raised = self.set_field(descriptor, &options, &self.options.raised.clone());
        let essential = descriptor.oneofs().find(|oneof| self.is_essential(oneof)).map(|oneof| oneof.name().to_owned());
        let mut message =
            Message { descriptor: descriptor.clone(), gate, opaque, raised, essential, fields: Vec::new() };
        for field in descriptor.fields() {
            let label = self.label(&message, default, &field);
            let whereabouts = flag(&field.options(), &self.options.whereabouts);
            message.fields.push(Field { descriptor: field, label, whereabouts });
        }
        self.above.pop();
        self.model.messages.insert(name, message);
    }

    fn is_essential(&self, oneof: &OneofDescriptor) -> bool {
        flag(&oneof.options(), &self.options.essential)
    }

    fn categories(&mut self, place: &str, options: &DynamicMessage, option: &ExtensionDescriptor) -> u32 {
        bits(options, option).unwrap_or_else(|| {
            let what = format!("({}) names CATEGORY_UNSPECIFIED; write one of C01 to C20", option.name());
            self.fault(place, &what);
            0
        })
    }

    /// The field that an `opaque` or `raised` option names: it must be a repeated `Category`.
    fn set_field(
        &mut self,
        message: &MessageDescriptor,
        options: &DynamicMessage,
        option: &ExtensionDescriptor,
    ) -> Option<String> {
        let name = text(options, option)?;
        let is_set = message.get_field_by_name(&name).is_some_and(|field| {
            field.is_list() && matches!(field.kind(), Kind::Enum(kind) if kind.full_name() == "musubi.v1.Category")
        });
        if !is_set {
            let what = format!("({}) names `{name}`; write `repeated Category {name}` in the message", option.name());
            self.fault(message.full_name(), &what);
        }
        Some(name)
    }

    fn label(&mut self, message: &Message, default: u32, field: &FieldDescriptor) -> Label {
        let place = field.full_name().to_owned();
        let options = field.options();
        let own = self.categories(&place, &options, &self.options.category.clone());
        let whereabouts = if flag(&options, &self.options.whereabouts) { WHEREABOUTS } else { 0 };
        let general = flag(&options, &self.options.general);
        let structural = flag(&options, &self.options.structural);
        if field.is_map() {
            self.fault(&place, "is a map, whose order is not fixed; write a repeated message");
            return Label::Structural;
        }
        if field.is_group() {
            self.fault(&place, "is a group; write a message");
            return Label::Structural;
        }
        if let Kind::Message(kind) = field.kind()
            && !self.is_value(&kind)
        {
            if structural || general {
                self.fault(&place, "is a message of its own; label its fields, or mark its type with (value)");
            }
            self.message(&kind);
            return Label::Child { bits: own | whereabouts };
        }
        let is_set = [&message.opaque, &message.raised].into_iter().flatten().any(|name| name == field.name());
        if structural || (is_set && own == 0) {
            if own != 0 || general || whereabouts != 0 {
                self.fault(&place, "is structural and yet tells something; write either (structural) or a category");
            }
            return Label::Structural;
        }
        let category = if own == 0 { default } else { own };
        if category == 0 && message.opaque.is_none() {
            self.fault(
                &place,
                "has no category; write [(category) = C…], or (structural) if it tells nothing by itself",
            );
        }
        if !field.supports_presence() && !field.is_list() && !matches!(field.kind(), Kind::String | Kind::Bytes) {
            self.fault(&place, "cannot be absent; write `optional`: 0 and unknown must differ");
        }
        Label::Fact { bits: category | whereabouts, general }
    }

    fn is_value(&mut self, message: &MessageDescriptor) -> bool {
        let marked = flag(&message.options(), &self.options.value);
        if !marked && !FOREIGN_VALUES.contains(&message.full_name()) {
            return false;
        }
        self.value(message);
        true
    }

    /// Takes in a value and the values inside it.
    fn value(&mut self, message: &MessageDescriptor) {
        let name = message.full_name().to_owned();
        if self.model.values.insert(name, message.clone()).is_some() {
            return;
        }
        for field in message.fields() {
            if field.is_map() {
                self.fault(field.full_name(), "is a map, whose order is not fixed; write a repeated message");
            } else if field.is_group() {
                self.fault(field.full_name(), "is a group; write a message");
            } else if let Kind::Message(inner) = field.kind()
                && !self.is_value(&inner)
            {
                self.fault(field.full_name(), "is inside a value; mark its type with (value) too");
            }
        }
    }

    /// A message without a fact would never survive a projection.
    fn refuse_messages_without_facts(&mut self) {
        for (name, message) in &self.model.messages {
            if message.fields.iter().all(|field| matches!(field.label, Label::Structural)) {
                self.faults.push(format!("{name}: has no fact and would never stay; mark it with (value)"));
            }
        }
    }
}
