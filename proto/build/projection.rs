//! Writes `Labelled` for every message: what may stay, and what each leaf needs.

use std::fmt::{Result, Write};

use prost_reflect::OneofDescriptor;

use crate::labels::{Field, Label, Message, Model};
use crate::names;

/// Writes the projection of every message.
pub(crate) fn write(text: &mut String, model: &Model) -> Result {
    writeln!(text, "use ::musubi_proto::support::*;")?;
    for message in model.messages.values() {
        writeln!(text, "impl Labelled for {} {{", names::message(&message.descriptor))?;
        write_project(text, message)?;
        write_leaves(text, message)?;
        write_told(text, message)?;
        writeln!(text, "}}")?;
    }
    Ok(())
}

/// What everything in the message needs: what is needed above, its gate, and the sets that travel in it.
fn write_within(text: &mut String, message: &Message) -> Result {
    write!(text, "        let within = {}", with("above", message.gate))?;
    if let Some(raised) = &message.raised {
        write!(text, " | raised_bits(&self.{})", names::member(raised))?;
    }
    if let Some(opaque) = &message.opaque {
        write!(text, " | opaque_bits(&self.{})", names::member(opaque))?;
    }
    writeln!(text, ";")
}

fn plain(message: &Message) -> impl Iterator<Item = &Field> {
    message.fields.iter().filter(|field| names::real_oneof(&field.descriptor).is_none())
}

fn members<'a>(message: &'a Message, oneof: &OneofDescriptor) -> impl Iterator<Item = &'a Field> {
    let name = oneof.name().to_owned();
    message.fields.iter().filter(move |field| names::real_oneof(&field.descriptor).is_some_and(|o| o.name() == name))
}

fn oneofs(message: &Message) -> impl Iterator<Item = OneofDescriptor> {
    message.descriptor.oneofs().filter(|oneof| !oneof.is_synthetic())
}

/// `name` with these bits added.
fn with(name: &str, bits: u32) -> String {
    if bits == 0 { name.to_owned() } else { format!("{name} | {bits:#x}") }
}

/// The bits of a leaf, or what the leaves of a message need in addition.
fn bits(label: Label) -> String {
    match label {
        Label::Fact { bits, .. } | Label::Child { bits } => with("within", bits),
        Label::Structural => "within".to_owned(),
    }
}

fn need(label: Label) -> String {
    match label {
        Label::Fact { general: true, .. } => format!("Need::general({})", bits(label)),
        Label::Fact { general: false, .. } => format!("Need::full({})", bits(label)),
        Label::Structural => format!("Need::structural({})", bits(label)),
        Label::Child { .. } => bits(label),
    }
}

fn write_project(text: &mut String, message: &Message) -> Result {
    writeln!(text, "    fn project_within(&mut self, mask: Mask, above: u32) -> bool {{")?;
    write_within(text, message)?;
    writeln!(text, "        let mut fact = false;")?;
    for field in plain(message) {
        let name = names::member(field.descriptor.name());
        let need = need(field.label);
        match field.label {
            Label::Structural => {}
            Label::Fact { .. } => writeln!(text, "        fact |= keep(&mut self.{name}, mask.shows({need}));")?,
            Label::Child { .. } if field.descriptor.is_list() => {
                writeln!(text, "        fact |= keep_children(&mut self.{name}, mask, {need});")?;
            }
            Label::Child { .. } => writeln!(text, "        fact |= keep_child(&mut self.{name}, mask, {need});")?,
        }
    }
    for oneof in oneofs(message) {
        write_project_oneof(text, message, &oneof)?;
    }
    writeln!(text, "        if !fact {{ *self = Self::default(); }}\n        fact\n    }}")
}

fn write_project_oneof(text: &mut String, message: &Message, oneof: &OneofDescriptor) -> Result {
    let name = names::member(oneof.name());
    let path = names::oneof(oneof);
    writeln!(text, "        let (stays, tells) = match &mut self.{name} {{\n            None => (false, false),")?;
    for field in members(message, oneof) {
        let variant = names::variant(&field.descriptor);
        let need = need(field.label);
        match field.label {
            Label::Structural => writeln!(text, "            Some({path}::{variant}(_)) => (true, false),")?,
            Label::Fact { .. } => {
                writeln!(text, "            Some({path}::{variant}(_)) => both(mask.shows({need})),")?
            }
            Label::Child { .. } => writeln!(
                text,
                "            Some({path}::{variant}(child)) => both(child.project_within(mask, {need})),"
            )?,
        }
    }
    writeln!(text, "        }};\n        if !stays {{ self.{name} = None; }}\n        fact |= tells;")?;
    if message.essential.as_deref() == Some(oneof.name()) {
        writeln!(text, "        fact &= tells;")?;
    }
    Ok(())
}

fn write_leaves(text: &mut String, message: &Message) -> Result {
    writeln!(text, "    fn leaves_within(&self, above: u32, path: &mut String, see: &mut dyn FnMut(&str, Need)) {{")?;
    write_within(text, message)?;
    for field in plain(message) {
        let shown = field.descriptor.name();
        let name = names::member(shown);
        let need = need(field.label);
        let helper = match field.label {
            Label::Child { .. } if field.descriptor.is_list() => "show_children",
            Label::Child { .. } => "show_child",
            Label::Fact { .. } | Label::Structural => "show",
        };
        writeln!(text, "        {helper}(&self.{name}, {need}, {shown:?}, path, see);")?;
    }
    for oneof in oneofs(message) {
        let path = names::oneof(&oneof);
        writeln!(text, "        match &self.{} {{\n            None => {{}}", names::member(oneof.name()))?;
        for field in members(message, &oneof) {
            let shown = field.descriptor.name();
            let variant = names::variant(&field.descriptor);
            let need = need(field.label);
            let (binding, helper) = match field.label {
                Label::Child { .. } => ("child", "show_one(child, "),
                Label::Fact { .. } | Label::Structural => ("_", "show_leaf("),
            };
            writeln!(text, "            Some({path}::{variant}({binding})) => {helper}{need}, {shown:?}, path, see),")?;
        }
        writeln!(text, "        }}")?;
    }
    writeln!(text, "    }}")
}

fn write_told(text: &mut String, message: &Message) -> Result {
    writeln!(text, "    fn told_within(&self, above: u32) -> u32 {{")?;
    write_within(text, message)?;
    writeln!(text, "        let mut told = 0;")?;
    for field in plain(message) {
        let name = names::member(field.descriptor.name());
        let bits = bits(field.label);
        let helper = match field.label {
            Label::Child { .. } if field.descriptor.is_list() => "told_by_children",
            Label::Child { .. } => "told_by_child",
            Label::Fact { .. } | Label::Structural => "told_by",
        };
        writeln!(text, "        told |= {helper}(&self.{name}, {bits});")?;
    }
    for oneof in oneofs(message) {
        let path = names::oneof(&oneof);
        writeln!(text, "        told |= match &self.{} {{\n            None => 0,", names::member(oneof.name()))?;
        for field in members(message, &oneof) {
            let variant = names::variant(&field.descriptor);
            let bits = bits(field.label);
            match field.label {
                Label::Child { .. } => {
                    writeln!(text, "            Some({path}::{variant}(child)) => child.told_within({bits}),")?
                }
                Label::Fact { .. } | Label::Structural => {
                    writeln!(text, "            Some({path}::{variant}(_)) => {bits},")?
                }
            }
        }
        writeln!(text, "        }};")?;
    }
    writeln!(text, "        told\n    }}")
}
