//! What codes tell beyond the field in which they stand: `policy/codes.toml` (`consent.md` section 2, principle 5).

use musubi_core::agency::{Category, CategorySet};
use musubi_core::consent::RaisedCodes;
use musubi_proto::v1 as proto;
use proto::entry::Body;
use std::sync::LazyLock;

/// The reviewed table, a constant of the program.
static TABLE: LazyLock<RaisedCodes> = LazyLock::new(RaisedCodes::reviewed);

/// Raises an entry by the codes of one item, each with its system. One known code is enough; when none is known the
/// item gets C10 and the label V besides its container's category.
pub(super) fn by_codes<'c>(entry: &mut proto::Entry, codes: impl IntoIterator<Item = (&'c str, &'c str)>) {
    let mut raised = None::<CategorySet>;
    for (system, code) in codes.into_iter().filter(|(_, code)| !code.is_empty()) {
        if let Some(more) = TABLE.raised(system, code) {
            raised = Some(raised.unwrap_or(CategorySet::from_bits(0)).union(more));
        }
    }
    if raised.is_none() {
        entry.label = proto::Label::V.into();
    }
    by(entry, raised.unwrap_or(CategorySet::from_bits(0).with(Category::C10)));
}

/// Raises an entry by the codes that answer an observation (`F53.0` as what was found), where they are known to tell something.
/// How well the item is known is asked of its own code alone.
pub(super) fn by_answer<'c>(entry: &mut proto::Entry, codes: impl IntoIterator<Item = (&'c str, &'c str)>) {
    for (system, code) in codes.into_iter().filter(|(_, code)| !code.is_empty()) {
        if let Some(more) = TABLE.raised(system, code) {
            by(entry, more);
        }
    }
}

/// Raises an entry by the names of a ward or department, which are no codes.
pub(super) fn by_place(entry: &mut proto::Entry, ward: &str, department: &str) {
    for (system, name) in [("ward", ward), ("department", department)] {
        if let Some(more) = TABLE.raised(system, name).filter(|_| !name.is_empty()) {
            by(entry, more);
        }
    }
}

/// What a public expense tells by the law under which it is paid: the first two digits of the number of who pays it. Any other
/// entry stays as it is.
pub(super) fn by_law(entry: &mut proto::Entry) {
    let Some(Body::Coverage(coverage)) = &entry.body else { return };
    let number = coverage.public_expense_number.clone();
    if !number.is_empty() {
        by_codes(entry, [("public-expense", number.get(..2).unwrap_or_default())]);
    }
}

/// Free text is a narrative besides what its container tells (`consent.md` section 2, principle 4).
pub(super) fn narrative(entry: &mut proto::Entry) {
    by(entry, CategorySet::from_bits(0).with(Category::C10));
}

/// What was given to a child against an illness belongs to its check-ups (`consent.md` section 2: vaccination is C09).
pub(super) fn child_checks(entry: &mut proto::Entry) {
    by(entry, CategorySet::from_bits(0).with(Category::C09));
}

/// What is told of relatives belongs to the circumstances of the family.
pub(super) fn family(entry: &mut proto::Entry) {
    by(entry, CategorySet::from_bits(0).with(Category::C11));
}

/// Dispositions (table 0112) that tell of a death: the notice is restricted.
pub(super) fn tells_death(code: &str) -> bool {
    matches!(code.parse::<u8>(), Ok(20..=29 | 40..=42))
}

fn by(entry: &mut proto::Entry, more: CategorySet) {
    for bit in (0..32).filter(|bit| more.bits() >> bit & 1 == 1) {
        if !entry.raised.contains(&(bit + 1)) {
            entry.raised.push(bit + 1);
        }
    }
}
