//! The tags that the schema knows, and what in encoded bytes is not among them.

use std::collections::BTreeSet;

/// The fields of one message, by ascending number.
#[derive(Debug)]
pub struct Tags(pub &'static [Tag]);

/// One field.
#[derive(Debug)]
pub struct Tag {
    /// Its number.
    pub number: u32,
    /// What is inside.
    pub inside: Inside,
}

/// What is inside a field.
#[derive(Debug)]
pub enum Inside {
    /// A scalar or an enum.
    Leaf,
    /// A message.
    Message(&'static Tags),
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

    /// The number of the next field, and its bytes where it may hold a message.
    fn field(&mut self, depth: u32) -> Option<(u32, &'a [u8])> {
        const NONE: &[u8] = &[];
        let key = self.varint()?;
        let number = u32::try_from(key >> 3).ok()?;
        let bytes = match key & 7 {
            0 => self.varint().map(|_| NONE)?,
            1 => self.take(8).map(|_| NONE)?,
            2 => {
                let length = usize::try_from(self.varint()?).ok()?;
                self.take(length)?
            }
            // A group, which the schema has none of.
            3 => self.group(number, depth).map(|()| NONE)?,
            5 => self.take(4).map(|_| NONE)?,
            _ => return None,
        };
        Some((number, bytes))
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
    walk(known, bytes, &mut Vec::new(), &mut found);
    found.into_iter().collect()
}

fn walk(known: &Tags, bytes: &[u8], path: &mut Vec<u32>, found: &mut BTreeSet<String>) {
    let mut reader = Reader(bytes);
    while !reader.0.is_empty() {
        let Some((number, bytes)) = reader.field(0) else { return };
        let tag = known.0.binary_search_by_key(&number, |tag| tag.number).ok().and_then(|index| known.0.get(index));
        path.push(number);
        match tag.map(|tag| &tag.inside) {
            None => drop(found.insert(path.iter().map(u32::to_string).collect::<Vec<_>>().join("."))),
            Some(Inside::Message(inner)) => walk(inner, bytes, path, found),
            Some(Inside::Leaf) => {}
        }
        path.pop();
    }
}
