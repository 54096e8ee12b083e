//! The tags and enum numbers that the schema knows, and what in encoded bytes is not among them.

use std::collections::BTreeSet;

/// The fields of one message, by ascending number.
#[derive(Debug)]
pub struct Tags(pub &'static [Tag]);

/// One field.
#[derive(Debug)]
pub struct Tag {
    /// Its number.
    pub number: u32,
    /// Its name in the schema.
    pub name: &'static str,
    /// What is inside.
    pub inside: Inside,
}

/// What is inside a field.
#[derive(Debug)]
pub enum Inside {
    /// A scalar.
    Leaf,
    /// An enum with these numbers, ascending.
    Enum(&'static [i32]),
    /// A message.
    Message(&'static Tags),
}

/// One field as it stands in the bytes.
enum Raw<'a> {
    Varint(u64),
    Bytes(&'a [u8]),
    /// Eight or four bytes, or a group, which the schema has none of.
    Other,
}

/// How deep groups may nest; prost has the same limit.
const DEEPEST_GROUP: u32 = 100;

/// Reads varints, lengths and fields; `None` where the bytes are broken, which decoding reports.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let (first, rest) = self.0.split_first()?;
            self.0 = rest;
            value |= u64::from(first & 0x7f) << shift;
            if first & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn field(&mut self, depth: u32) -> Option<(u32, Raw<'a>)> {
        let key = self.varint()?;
        let number = u32::try_from(key >> 3).ok()?;
        let raw = match key & 7 {
            0 => Raw::Varint(self.varint()?),
            1 => self.take(8).map(|_| Raw::Other)?,
            2 => {
                let length = usize::try_from(self.varint()?).ok()?;
                Raw::Bytes(self.take(length)?)
            }
            3 => self.group(number, depth).map(|()| Raw::Other)?,
            5 => self.take(4).map(|_| Raw::Other)?,
            _ => return None,
        };
        Some((number, raw))
    }

    /// Skips a group up to its end.
    fn group(&mut self, number: u32, depth: u32) -> Option<()> {
        if depth == DEEPEST_GROUP {
            return None;
        }
        let end = u64::from(number) << 3 | 4;
        loop {
            let mut ahead = Reader(self.0);
            if ahead.varint()? == end {
                self.0 = ahead.0;
                return Some(());
            }
            self.field(depth + 1)?;
        }
    }
}

/// The tags that are not in the tables, as paths of numbers.
#[must_use]
pub fn strangers(known: &Tags, bytes: &[u8]) -> Vec<String> {
    let mut found = BTreeSet::new();
    walk(known, bytes, &mut Vec::new(), &mut |path, _, inside| {
        if inside.is_none() {
            let numbers: Vec<String> = path.iter().map(|(number, _)| number.to_string()).collect();
            found.insert(numbers.join("."));
        }
    });
    found.into_iter().collect()
}

/// The enum fields with a number that is not in the tables, as paths of names.
#[must_use]
pub fn unknown_enums(known: &Tags, bytes: &[u8]) -> Vec<String> {
    let mut found = BTreeSet::new();
    walk(known, bytes, &mut Vec::new(), &mut |path, raw, inside| {
        if let Some(Inside::Enum(numbers)) = inside
            && !is_known(numbers, raw)
        {
            let names: Vec<&str> = path.iter().map(|(_, name)| *name).collect();
            found.insert(names.join("."));
        }
    });
    found.into_iter().collect()
}

/// Whether all numbers in an enum field, packed or not, are known.
fn is_known(numbers: &[i32], raw: &Raw<'_>) -> bool {
    // An enum is 32 bits wide; what stands above is cut off, as decoding does.
    let known = |value: u64| numbers.binary_search(&(value as i32)).is_ok();
    match raw {
        Raw::Varint(value) => known(*value),
        Raw::Bytes(bytes) => {
            let mut reader = Reader(bytes);
            std::iter::from_fn(|| if reader.0.is_empty() { None } else { reader.varint() }).all(known)
        }
        Raw::Other => true,
    }
}

type Path = Vec<(u32, &'static str)>;

fn walk(known: &Tags, bytes: &[u8], path: &mut Path, see: &mut dyn FnMut(&Path, &Raw<'_>, Option<&Inside>)) {
    let mut reader = Reader(bytes);
    while !reader.0.is_empty() {
        let Some((number, raw)) = reader.field(0) else { return };
        let tag = known.0.binary_search_by_key(&number, |tag| tag.number).ok().and_then(|index| known.0.get(index));
        path.push((number, tag.map_or("", |tag| tag.name)));
        see(path, &raw, tag.map(|tag| &tag.inside));
        if let (Some(Inside::Message(inner)), Raw::Bytes(bytes)) = (tag.map(|tag| &tag.inside), &raw) {
            walk(inner, bytes, path, see);
        }
        path.pop();
    }
}
