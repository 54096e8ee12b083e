//! A document as XML: the same tree that is written as JSON. Its members stand in the order of FHIR, which XML demands.

use super::ids::Ids;
use super::json::Json;

/// The whole document, written into a text of about this length.
pub(super) fn write(document: &Json, ids: &Ids, about: usize) -> String {
    let mut out = String::with_capacity(about);
    out.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    resource(document, " xmlns=\"http://hl7.org/fhir\"", ids, &mut out);
    out.push('\n');
    out
}

fn resource(value: &Json, attributes: &str, ids: &Ids, out: &mut String) {
    let Json::Object(members) = value else { return };
    let kind = members.iter().find(|(name, _)| *name == "resourceType");
    let Some((_, Json::Word(kind))) = kind else { return };
    open(kind, attributes, out);
    out.push('>');
    children(members, ids, out);
    close(kind, out);
}

fn children(members: &[(&'static str, Json)], ids: &Ids, out: &mut String) {
    let of = |wanted: &str| members.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value);
    for (name, value) in members.iter().filter(|(name, _)| *name != "resourceType") {
        match name.strip_prefix('_') {
            // What is said of a value that is not there: an element without one.
            Some(name) if of(name).is_none() => member(name, value, None, ids, out),
            Some(_) => {}
            None => member(name, value, of(&["_", name].concat()), ids, out),
        }
    }
}

fn member(name: &str, value: &Json, beside: Option<&Json>, ids: &Ids, out: &mut String) {
    match value {
        Json::Nothing => {}
        Json::List(items) => items.iter().for_each(|item| member(name, item, None, ids, out)),
        Json::Stamp(value) => member(name, value, beside, ids, out),
        Json::Text(text) if name == "div" => out.push_str(text),
        Json::Object(members) if members.iter().any(|(name, _)| *name == "resourceType") => {
            open(name, "", out);
            out.push_str(">\n");
            resource(value, "", ids, out);
            close(name, out);
        }
        Json::Object(members) => {
            open(name, "", out);
            let url = members.iter().find(|(inner, _)| *inner == "url" && name == "extension").map(|(_, url)| url);
            if let Some(url) = url {
                attribute("url", &url.plain(ids), out);
            }
            out.push('>');
            let inner: Vec<_> = members.iter().filter(|(inner, _)| url.is_none() || *inner != "url").cloned().collect();
            children(&inner, ids, out);
            close(name, out);
        }
        Json::Reference(number) => {
            open(name, "", out);
            out.push('>');
            member("reference", &Json::Place(*number), None, ids, out);
            close(name, out);
        }
        leaf => {
            open(name, "", out);
            attribute("value", &leaf.plain(ids), out);
            match beside {
                Some(Json::Object(members)) => {
                    out.push('>');
                    children(members, ids, out);
                    close(name, out);
                }
                _ => out.push_str("/>"),
            }
        }
    }
}

fn open(name: &str, attributes: &str, out: &mut String) {
    for piece in ["<", name, attributes] {
        out.push_str(piece);
    }
}

fn close(name: &str, out: &mut String) {
    for piece in ["</", name, ">"] {
        out.push_str(piece);
    }
}

/// Line ends and tabs as references: a reader would make blanks of them.
fn attribute(name: &str, value: &str, out: &mut String) {
    for piece in [" ", name, "=\""] {
        out.push_str(piece);
    }
    let mut rest = value;
    while let Some(at) = rest.find(['\n', '\r', '\t']) {
        let (plain, from) = rest.split_at(at);
        crate::xml::escape(plain, out);
        out.push_str(match from.as_bytes().first() {
            Some(b'\n') => "&#10;",
            Some(b'\r') => "&#13;",
            _ => "&#9;",
        });
        rest = from.get(1..).unwrap_or_default();
    }
    crate::xml::escape(rest, out);
    out.push('"');
}
