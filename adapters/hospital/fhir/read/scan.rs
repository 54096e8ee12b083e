//! Is there an individual number (個人番号) anywhere in the document (S-66)? Then it is refused, and no digit is told.

use super::papers::base64_text;
use crate::json::{Node, Tree};
use musubi_core::adapter::Profile;
use musubi_core::japan::my_number;

/// Fewer bytes hold no twelve digits.
const SHORTEST: usize = 12;

/// Names whose values are ids and addresses of the document itself.
const IDS: [&str; 8] = ["id", "fullUrl", "reference", "url", "system", "profile", "versionId", "lastUpdated"];

/// The first value that holds one.
pub(super) fn individual_number<'t>(tree: &'t Tree<'_>, profile: &Profile) -> Option<&'t Node<'t>> {
    let mut path = Vec::new();
    find(&tree.root, &mut path, profile)
}

fn find<'t>(node: &'t Node<'_>, path: &mut Vec<&'t str>, profile: &Profile) -> Option<&'t Node<'t>> {
    if let crate::json::Value::Object(members) = &node.value {
        for (name, member) in members {
            path.push(name);
            let found = find(member, path, profile);
            path.pop();
            if found.is_some() {
                return found;
            }
        }
        return None;
    }
    if node.is_leaf() {
        return (holds_one(node.text(), path) && !is_declared(path, profile)).then_some(node);
    }
    node.children().find_map(|child| find(child, path, profile))
}

/// A place that the profile declares to hold identifiers of twelve digits (`Patient.identifier.value`).
fn is_declared(path: &[&str], profile: &Profile) -> bool {
    let inner = path.iter().rposition(|name| *name == "resource").map_or(0, |at| at + 1);
    let place = path.get(inner..).unwrap_or_default().join(".");
    profile.twelve_digit_columns.iter().any(|column| column.split_once('.').is_some_and(|(_, rest)| rest == place))
}

fn holds_one(text: &str, path: &[&str]) -> bool {
    let name = path.last().copied().unwrap_or_default();
    if text.len() < SHORTEST || IDS.contains(&name) || text.starts_with("urn:") {
        return false;
    }
    if name == "data" {
        return base64_text(text).is_some_and(|text| my_number::contains(&text));
    }
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let others = !text.is_ascii() && text.chars().any(|letter| !letter.is_ascii() && letter.is_numeric());
    (digits >= SHORTEST || others) && my_number::contains(text)
}
