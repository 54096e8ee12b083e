//! The search for bytes that are seldom: separators, marks to escape, control characters.

/// Bytes that are asked at once. The compiler makes one question of them, when what is wanted is put with `|` and not with `||`.
const STEP: usize = 16;

/// Where the first byte stands that is wanted.
#[inline]
pub(crate) fn seek(bytes: &[u8], wanted: impl Fn(u8) -> bool) -> Option<usize> {
    places(bytes, wanted).next()
}

/// Where each byte stands that is wanted.
#[inline]
pub(crate) fn places(bytes: &[u8], wanted: impl Fn(u8) -> bool) -> impl Iterator<Item = usize> {
    let (steps, rest) = bytes.as_chunks::<STEP>();
    let (mut steps, mut rest) = (steps.iter(), Some(rest));
    // Where the step begins, and one mark for each byte of it that is wanted and was not told yet.
    let (mut start, mut marks, mut next) = (0, 0_u128, 0);
    std::iter::from_fn(move || {
        while marks == 0 {
            start = next;
            next += STEP;
            marks = match steps.next() {
                Some(step) => marks_of(step, &wanted),
                None => marks_at_the_end(rest.take()?, &wanted),
            };
        }
        let at = start + marks.trailing_zeros() as usize / 8;
        marks &= marks - 1;
        Some(at)
    })
}

#[inline]
fn marks_of(step: &[u8; STEP], wanted: &impl Fn(u8) -> bool) -> u128 {
    u128::from_le_bytes(step.map(|byte| u8::from(wanted(byte))))
}

/// As if the last step were whole.
#[inline]
fn marks_at_the_end(rest: &[u8], wanted: &impl Fn(u8) -> bool) -> u128 {
    let mut step = [0; STEP];
    step.iter_mut().zip(rest).for_each(|(byte, from)| *byte = *from);
    let within = (1_u128 << (8 * rest.len())).wrapping_sub(1);
    marks_of(&step, wanted) & within
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_first_is_found_wherever_it_stands(text in "[ab]{0,80}") {
            prop_assert_eq!(seek(text.as_bytes(), |byte| byte == b'b'), text.find('b'));
        }

        #[test]
        fn all_are_found_in_order(bytes in proptest::collection::vec(0..3_u8, 0..80), wanted in 0..3_u8) {
            let found: Vec<usize> = places(&bytes, |byte| byte == wanted).collect();
            let expected = bytes.iter().enumerate().filter(|(_, byte)| **byte == wanted).map(|(at, _)| at);
            prop_assert_eq!(found, expected.collect::<Vec<_>>());
        }
    }
}
