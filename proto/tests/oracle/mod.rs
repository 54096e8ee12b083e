//! A second projection, slow and written apart from the first: by reflection, with sets of names instead of bits.

use std::collections::BTreeSet;

use musubi_proto::Mask;
use prost_reflect::{
    DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, OneofDescriptor, ReflectMessage, Value,
};

type Names = BTreeSet<String>;

/// What a recipient sees, by name.
pub(crate) struct Seen {
    full: Names,
    generalised: Names,
}

impl Seen {
    /// The names behind a mask.
    pub(crate) fn new(pool: &DescriptorPool, mask: Mask) -> Self {
        let full = names_of(pool, mask.full);
        let generalised = names_of(pool, mask.general).union(&full).cloned().collect();
        Self { full, generalised }
    }
}

fn names_of(pool: &DescriptorPool, bits: u32) -> Names {
    let category = pool.get_enum_by_name("musubi.v1.Category").unwrap();
    let named = category.values().filter(|value| value.number() > 0 && (bits >> (value.number() - 1)) & 1 == 1);
    let mut names: Names = named.map(|value| value.name().to_owned()).collect();
    if bits >> 31 == 1 {
        names.insert("whereabouts".to_owned());
    }
    names
}

fn option(pool: &DescriptorPool, options: &DynamicMessage, name: &str) -> Value {
    options
        .get_extension(&pool.all_extensions().find(|e| e.full_name() == format!("musubi.v1.{name}")).unwrap())
        .into_owned()
}

fn flag(pool: &DescriptorPool, options: &DynamicMessage, name: &str) -> bool {
    option(pool, options, name).as_bool().unwrap()
}

/// The names of a list of categories; what is no category is seen by nobody.
fn categories(pool: &DescriptorPool, list: &Value) -> Names {
    let category = pool.get_enum_by_name("musubi.v1.Category").unwrap();
    let name = |value: &Value| match value.as_enum_number().unwrap() {
        0 => "nobody".to_owned(),
        number => category.get_value(number).map_or("nobody".to_owned(), |value| value.name().to_owned()),
    };
    list.as_list().unwrap().iter().map(name).collect()
}

/// Whether a message of this kind is one value.
pub(crate) fn is_value(pool: &DescriptorPool, kind: &MessageDescriptor) -> bool {
    kind.package_name() == "google.protobuf" || flag(pool, &kind.options(), "value")
}

/// Whether a field is structural, by its label or because it holds the set of its message.
pub(crate) fn is_structural(pool: &DescriptorPool, field: &FieldDescriptor) -> bool {
    let options = field.parent_message().options();
    let holds_set = |name| option(pool, &options, name).as_str() == Some(field.name());
    flag(pool, &field.options(), "structural") || holds_set("raised") || holds_set("opaque")
}

/// What is left of a message; nothing if no fact is.
pub(crate) fn project(
    pool: &DescriptorPool,
    message: &DynamicMessage,
    above: &Names,
    seen: &Seen,
) -> Option<DynamicMessage> {
    let kind = message.descriptor();
    let options = kind.options();
    let mut within = above.clone();
    within.extend(categories(pool, &option(pool, &options, "gate")));
    if let Some(name) = option(pool, &options, "raised").as_str().filter(|name| !name.is_empty()) {
        within.extend(categories(pool, &message.get_field_by_name(name).unwrap()));
    }
    if let Some(name) = option(pool, &options, "opaque").as_str().filter(|name| !name.is_empty()) {
        let set = categories(pool, &message.get_field_by_name(name).unwrap());
        within.extend(if set.is_empty() { Names::from(["nobody".to_owned()]) } else { set });
    }
    let default = categories(pool, &option(pool, &options, "default_category"));
    let mut left = DynamicMessage::new(kind.clone());
    let mut facts = BTreeSet::new();
    for (field, value) in message.fields() {
        let kept = if is_structural(pool, &field) {
            Some(value.clone())
        } else {
            let kept = fact(pool, &field, value, (&within, &default), seen);
            if kept.is_some() {
                facts.insert(field.number());
            }
            kept
        };
        if let Some(kept) = kept {
            left.set_field(&field, kept);
        }
    }
    let is_essential = |oneof: &OneofDescriptor| flag(pool, &oneof.options(), "essential");
    let lacks = kind.oneofs().filter(is_essential).any(|o| !o.fields().any(|field| facts.contains(&field.number())));
    (!facts.is_empty() && !lacks).then_some(left)
}

fn fact(
    pool: &DescriptorPool,
    field: &FieldDescriptor,
    value: &Value,
    (within, default): (&Names, &Names),
    seen: &Seen,
) -> Option<Value> {
    let options = field.options();
    let own = categories(pool, &option(pool, &options, "category"));
    let mut need: Names = within.union(&own).cloned().collect();
    if flag(pool, &options, "whereabouts") {
        need.insert("whereabouts".to_owned());
    }
    if let Kind::Message(kind) = field.kind()
        && !is_value(pool, &kind)
    {
        return match value {
            Value::List(list) => {
                let one = |value: &Value| project(pool, value.as_message().unwrap(), &need, seen).map(Value::Message);
                let list: Vec<Value> = list.iter().filter_map(one).collect();
                (!list.is_empty()).then_some(Value::List(list))
            }
            value => project(pool, value.as_message().unwrap(), &need, seen).map(Value::Message),
        };
    }
    if own.is_empty() {
        need.extend(default.iter().cloned());
    }
    let visible = if flag(pool, &options, "general") { &seen.generalised } else { &seen.full };
    need.is_subset(visible).then(|| value.clone())
}
