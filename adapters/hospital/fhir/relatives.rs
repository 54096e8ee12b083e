//! The family of a person (家族の状況): relatives as RelatedPerson, the rest in words.

use super::clinical::Context;
use super::datatypes::{address, codeable, contact, human_name};
use super::document::{Slot, author_of};
use super::json::{Json, list};
use musubi_proto::v1 as proto;

/// A RelatedPerson for each relative of whom FHIR can say something.
pub(super) fn write(context: &mut Context<'_, '_>, entry: &proto::Entry, family: &proto::Family) -> Vec<Slot> {
    let mut slots = Vec::new();
    for relative in &family.relatives {
        let relationship = relative.relationship.as_ref().map(|code| codeable(code, author_of(entry)));
        let told = [
            ("relationship", list([Json::from(relationship)])),
            ("name", list(relative.names.iter().map(human_name))),
            ("telecom", list(relative.contacts.iter().map(contact))),
            ("address", list(relative.addresses.iter().map(address))),
        ];
        if told.iter().any(|(_, said)| !said.is_nothing()) {
            let patient = ("patient", context.subject.clone());
            slots.push(context.document.add("RelatedPerson", std::iter::once(patient).chain(told)));
        }
    }
    slots
}

/// Do the resources of a family say all that is told of it?
pub(super) fn say_all(family: &proto::Family) -> bool {
    let relatives =
        family.relatives.iter().map(|one| proto::Relative { lives_together: None, ..one.clone() }).collect();
    *family == proto::Family { relatives, ..proto::Family::default() }
}
