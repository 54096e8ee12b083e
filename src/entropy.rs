//! Randomness from the operating system. Nothing else in the hub draws any; the rules are given theirs as arguments.

/// Fills the buffer.
///
/// # Panics
/// When the operating system has no randomness to give. No key, nonce or identifier may be made without it, and no
/// input can bring it about.
#[expect(clippy::disallowed_methods, reason = "the one place that draws randomness")]
pub fn fill(buffer: &mut [u8]) {
    getrandom::fill(buffer).expect("the operating system gives randomness");
}

/// So many bytes.
///
/// # Panics
/// As [`fill`].
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut buffer = [0; N];
    fill(&mut buffer);
    buffer
}

#[cfg(test)]
mod tests {
    #[test]
    fn two_draws_differ() {
        assert_ne!(super::bytes::<16>(), super::bytes::<16>());
    }
}
