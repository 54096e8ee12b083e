//! The search for letters that are seldom: marks to escape, control characters.

/// Where the first byte stands that is wanted. Sixteen at a time are asked, which the compiler makes one question of when it is
/// put with `|` and not with `||`.
#[inline]
pub(crate) fn seek(bytes: &[u8], wanted: impl Fn(u8) -> bool) -> Option<usize> {
    const STEP: usize = 16;
    let (steps, _) = bytes.as_chunks::<STEP>();
    let none = |step: &&[u8; STEP]| step.map(|byte| u8::from(wanted(byte))) == [0; STEP];
    let passed = steps.iter().take_while(none).count() * STEP;
    let rest = bytes.get(passed..).unwrap_or_default();
    rest.iter().position(|byte| wanted(*byte)).map(|at| passed + at)
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
    }
}
