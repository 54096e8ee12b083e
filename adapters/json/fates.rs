//! What became of the values of a document.

use std::cell::RefCell;

/// What became of a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fate {
    /// Nobody asked for it.
    #[default]
    Untouched,
    /// It holds the document together: types, ids, references.
    Envelope,
    /// It says something that the record has no place for: it stays in the raw document, whatever it is called.
    Kept,
    /// Read into this path of the record.
    Mapped(&'static str),
}

/// The paths of the record to which the values of one document went, each once: a value keeps the number of its fate.
#[derive(Default)]
pub(super) struct Fates(RefCell<Vec<&'static str>>);

/// Numbers below the first path.
const ENVELOPE: u16 = 1;
const KEPT: u16 = 2;
const PATHS: usize = 3;

impl Fates {
    /// The number of a fate. A program has far fewer paths than there are numbers.
    pub(super) fn number(&self, fate: Fate) -> u16 {
        match fate {
            Fate::Untouched => 0,
            Fate::Envelope => ENVELOPE,
            Fate::Kept => KEPT,
            Fate::Mapped(path) => {
                let mut known = self.0.borrow_mut();
                // What was told last is nearly always told again.
                let at = known.iter().rposition(|known| std::ptr::eq(*known, path)).unwrap_or_else(|| {
                    known.push(path);
                    known.len() - 1
                });
                u16::try_from(at + PATHS).unwrap_or(ENVELOPE)
            }
        }
    }

    /// The fate of a number.
    pub(super) fn of(&self, number: u16) -> Fate {
        match number {
            0 => Fate::Untouched,
            ENVELOPE => Fate::Envelope,
            KEPT => Fate::Kept,
            path => self.0.borrow().get(usize::from(path) - PATHS).map_or(Fate::Untouched, |path| Fate::Mapped(path)),
        }
    }
}
