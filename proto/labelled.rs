//! What a leaf needs, what a recipient may see, and how the one is held against the other.

/// The bits of the twenty categories.
const CATEGORIES: u32 = (1 << 20) - 1;
/// A bit that no mask shows.
const NOBODY: u32 = 1 << 30;

/// What a recipient may see: bit n-1 stands for category Cnn, bit 31 for whereabouts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Mask {
    /// What may be seen as it is.
    pub full: u32,
    /// What may be seen in its generalised form.
    pub general: u32,
}

impl Mask {
    /// The bit of whereabouts.
    pub const WHEREABOUTS: u32 = 1 << 31;
    /// Everything.
    pub const ALL: Self = Self { full: CATEGORIES | Self::WHEREABOUTS, general: 0 };
    /// Nothing.
    pub const NONE: Self = Self { full: 0, general: 0 };

    /// Whether a leaf with this need may stay.
    #[must_use]
    pub const fn shows(self, need: Need) -> bool {
        let seen = if need.general { self.full | self.general } else { self.full };
        need.bits & !(seen & Self::ALL.full) == 0
    }
}

/// What a leaf needs in order to stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Need {
    /// Every one of these bits: its own, those of the gates above it, and those that were raised.
    pub bits: u32,
    /// It belongs to the generalised form.
    pub general: bool,
    /// It tells nothing by itself, and stays only beside a fact that stays.
    pub structural: bool,
}

impl Need {
    /// The need of a fact.
    #[must_use]
    pub const fn full(bits: u32) -> Self {
        Self { bits, general: false, structural: false }
    }

    /// The need of a fact in the generalised form.
    #[must_use]
    pub const fn general(bits: u32) -> Self {
        Self { bits, general: true, structural: false }
    }

    /// The need of a structural leaf.
    #[must_use]
    pub const fn structural(bits: u32) -> Self {
        Self { bits, general: false, structural: true }
    }

    /// Whether no mask shows it: a set of categories that says nothing, or a number that is no category.
    #[must_use]
    pub const fn is_for_nobody(self) -> bool {
        self.bits & NOBODY != 0
    }
}

/// A message whose every leaf says what it tells.
pub trait Labelled {
    /// Clears what the mask does not show. Returns whether a fact is left; if not, the message is empty.
    fn project(&mut self, mask: Mask) -> bool {
        self.project_within(mask, 0)
    }

    /// Shows every leaf that is set, with its path and its need.
    fn leaves(&self, path: &mut String, see: &mut dyn FnMut(&str, Need)) {
        self.leaves_within(0, path, see);
    }

    /// The bits that the leaves that are set need, all together.
    fn told(&self) -> u32 {
        self.told_within(0)
    }

    /// [`project`](Self::project) inside a message whose parts need `above` in addition.
    #[doc(hidden)]
    fn project_within(&mut self, mask: Mask, above: u32) -> bool;

    /// [`leaves`](Self::leaves) inside a message whose parts need `above` in addition.
    #[doc(hidden)]
    fn leaves_within(&self, above: u32, path: &mut String, see: &mut dyn FnMut(&str, Need));

    /// [`told`](Self::told) inside a message whose parts need `above` in addition.
    #[doc(hidden)]
    fn told_within(&self, above: u32) -> u32;
}

/// One leaf of the data dictionary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DictionaryRow {
    /// Where it is, `[]` after what may repeat.
    pub path: &'static str,
    /// Its type in the schema.
    pub kind: &'static str,
    /// What it needs, gates applied.
    pub bits: u32,
    /// `general`, `whereabouts`, `structural`, `raised` (a message above it may need more), `opaque` (a set that
    /// travels with it decides).
    pub flags: &'static str,
    /// The first line of its comment.
    pub comment: &'static str,
}

impl DictionaryRow {
    /// The categories it needs, as `C01 C13`.
    #[must_use]
    pub fn categories(&self) -> String {
        let set: Vec<String> = category_numbers(self.bits).map(|number| format!("C{number:02}")).collect();
        set.join(" ")
    }
}

/// The numbers of the categories in a set of bits, in order.
pub fn category_numbers(bits: u32) -> impl Iterator<Item = i32> {
    (1..=20).filter(move |number| bits >> (number - 1) & 1 == 1)
}

/// The bits of what was raised; a number that is no category is for nobody.
#[must_use]
pub fn raised_bits(categories: &[i32]) -> u32 {
    categories.iter().fold(0, |bits, number| match number {
        1..=20 => bits | (1 << (number - 1)),
        _ => bits | NOBODY,
    })
}

/// The bits of the set that decides over an opaque message; an empty set is for nobody.
#[must_use]
pub fn opaque_bits(categories: &[i32]) -> u32 {
    if categories.is_empty() { NOBODY } else { raised_bits(categories) }
}

/// Stays and tells, or neither.
#[must_use]
pub const fn both(stays: bool) -> (bool, bool) {
    (stays, stays)
}

/// Keeps or clears a leaf; returns whether something is left.
pub fn keep<T: Default + PartialEq>(leaf: &mut T, stays: bool) -> bool {
    if !stays {
        *leaf = T::default();
    }
    *leaf != T::default()
}

/// Projects a message inside another, and drops it if nothing is left.
pub fn keep_child<T: Labelled>(child: &mut Option<T>, mask: Mask, above: u32) -> bool {
    let stays = child.as_mut().is_some_and(|child| child.project_within(mask, above));
    if !stays {
        *child = None;
    }
    stays
}

/// Projects the messages of a list, and drops those of which nothing is left.
pub fn keep_children<T: Labelled>(children: &mut Vec<T>, mask: Mask, above: u32) -> bool {
    children.retain_mut(|child| child.project_within(mask, above));
    !children.is_empty()
}

/// The bits of a leaf that is set.
pub fn told_by<T: Default + PartialEq>(leaf: &T, bits: u32) -> u32 {
    if *leaf == T::default() { 0 } else { bits }
}

/// The bits of the leaves of a message inside another, if it is there.
pub fn told_by_child<T: Labelled>(child: &Option<T>, above: u32) -> u32 {
    child.as_ref().map_or(0, |child| child.told_within(above))
}

/// The bits of the leaves of the messages of a list.
pub fn told_by_children<T: Labelled>(children: &[T], above: u32) -> u32 {
    children.iter().fold(0, |told, child| told | child.told_within(above))
}

/// Runs `inside` with `name` added to the path.
fn at(name: &str, path: &mut String, inside: impl FnOnce(&mut String)) {
    let length = path.len();
    if length > 0 {
        path.push('.');
    }
    path.push_str(name);
    inside(path);
    path.truncate(length);
}

/// Shows a leaf if it is set.
pub fn show<T: Default + PartialEq>(
    leaf: &T,
    need: Need,
    name: &str,
    path: &mut String,
    see: &mut dyn FnMut(&str, Need),
) {
    if *leaf != T::default() {
        show_leaf(need, name, path, see);
    }
}

/// Shows a leaf.
pub fn show_leaf(need: Need, name: &str, path: &mut String, see: &mut dyn FnMut(&str, Need)) {
    at(name, path, |path| see(path, need));
}

/// Shows the leaves of a message inside another.
pub fn show_one<T: Labelled>(child: &T, above: u32, name: &str, path: &mut String, see: &mut dyn FnMut(&str, Need)) {
    at(name, path, |path| child.leaves_within(above, path, see));
}

/// Shows the leaves of a message inside another, if it is there.
pub fn show_child<T: Labelled>(
    child: &Option<T>,
    above: u32,
    name: &str,
    path: &mut String,
    see: &mut dyn FnMut(&str, Need),
) {
    if let Some(child) = child {
        show_one(child, above, name, path, see);
    }
}

/// Shows the leaves of the messages of a list.
pub fn show_children<T: Labelled>(
    children: &[T],
    above: u32,
    name: &str,
    path: &mut String,
    see: &mut dyn FnMut(&str, Need),
) {
    for (index, child) in children.iter().enumerate() {
        show_one(child, above, &format!("{name}[{index}]"), path, see);
    }
}
