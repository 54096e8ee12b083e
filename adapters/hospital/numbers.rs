//! Is there an individual number (個人番号) anywhere in the document (S-66)? Then it is refused, and no digit is told.

use super::attachment;
use super::hl7v2::times;
use crate::json::{Node, Tree};
use musubi_core::adapter::Profile;
use musubi_core::japan::my_number;

/// The name under which a tree of XML keeps packed bytes.
pub(super) const BASE64: &str = "#base64";

/// The first value that holds one. `exempt` tells, by the names that lead to a value, which are ids and addresses of the
/// document itself and of nobody.
pub(super) fn individual_number<'t>(
    tree: &'t Tree<'_>,
    profile: &Profile,
    exempt: fn(&[&str]) -> bool,
) -> Option<Node<'t>> {
    let mut path = Vec::new();
    find(tree.root(), &mut path, profile, exempt)
}

fn find<'t>(
    node: Node<'t>,
    path: &mut Vec<&'t str>,
    profile: &Profile,
    exempt: fn(&[&str]) -> bool,
) -> Option<Node<'t>> {
    if node.is_leaf() {
        return (holds_one(node.text(), path, exempt) && !is_declared(path, profile)).then_some(node);
    }
    node.named_children().find_map(|(name, child)| {
        path.extend(name);
        let found = find(child, path, profile, exempt);
        if name.is_some() {
            path.pop();
        }
        found
    })
}

/// A place that the profile declares to hold identifiers of twelve digits (`Patient.identifier.value`).
fn is_declared(path: &[&str], profile: &Profile) -> bool {
    let inner = path.iter().rposition(|name| *name == "resource").map_or(0, |at| at + 1);
    let place = path.get(inner..).unwrap_or_default().join(".");
    profile.twelve_digit_columns.iter().any(|column| column.split_once('.').is_some_and(|(_, rest)| rest == place))
}

fn holds_one(text: &str, path: &[&str], exempt: fn(&[&str]) -> bool) -> bool {
    let name = path.last().copied().unwrap_or_default();
    if name == "data" || name == BASE64 {
        return attachment::text(text).is_some_and(|text| my_number::contains(&text));
    }
    if !my_number::may_contain(text) || exempt(path) || text.starts_with("urn:") {
        return false;
    }
    if name == "@value" && times::read(text).is_ok() {
        // A date and time has twelve digits as well, to the minute or with its zone.
        return false;
    }
    my_number::contains(text)
}
