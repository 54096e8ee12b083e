//! Which concept an OBX is about: LOINC, then the peer's code table, then the exact display texts of 2.11.

use super::super::concepts::{self, Recognised};
use super::message::Segment;
use musubi_core::adapter::Profile;

/// Recognises OBX-3.
pub(super) fn recognise(obx: Segment<'_>, profile: &Profile) -> Option<Recognised> {
    let field = obx.field(3).first();
    let by_code = |from: usize| {
        let (code, system) = (field.component(from).text(), field.component(from + 2).text());
        concepts::by_code(&system, &code, profile)
    };
    by_code(1).or_else(|| by_code(4)).or_else(|| concepts::by_text(&field.component(2).text(), &obx.value(4)))
}
