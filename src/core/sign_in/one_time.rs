//! The one-time code by which somebody enrols. It comes in two halves, one from each of the two who enrolled the person: neither
//! of them can enrol alone in that person's name. Of a half only its hash is kept.

use super::{base32, folded};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;
use zeroize::Zeroizing;

/// Letters of a half: 60 bits, which nobody guesses in the day that it is good for.
const LETTERS: usize = 12;
/// Letters between two hyphens, as it is shown.
const GROUP: usize = 4;
/// Without letters that are taken for one another (Crockford's base 32).
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Half of a one-time code, to be handed over in person.
pub struct Half(Zeroizing<String>);

/// The hash of a half: what is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HalfHash([u8; 32]);

impl Half {
    /// From random bytes.
    pub fn from_random(random: [u8; 8]) -> Self {
        Half(Zeroizing::new(base32(&random, ALPHABET).chars().take(LETTERS).collect()))
    }

    /// What is kept of it.
    pub fn hash(&self) -> HalfHash {
        HalfHash::of(&self.0)
    }
}

impl fmt::Display for Half {
    /// In groups of four, to be read aloud or copied.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, letter) in self.0.chars().enumerate() {
            let between = if number > 0 && number % GROUP == 0 { "-" } else { "" };
            write!(f, "{between}{letter}")?;
        }
        Ok(())
    }
}

impl HalfHash {
    /// Of what was typed, with the letters that people take for others.
    pub fn typed(typed: &str) -> Self {
        let letter = |letter| match letter {
            'o' => '0',
            'i' | 'l' => '1',
            other => other.to_ascii_uppercase(),
        };
        HalfHash::of(&Zeroizing::new(folded(typed).chars().map(letter).collect::<String>()))
    }

    fn of(letters: &str) -> Self {
        HalfHash(Sha256::digest(format!("musubi one-time code\0{letters}")).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s14_a_half_is_known_again_however_people_type_it() {
        let half = Half::from_random([0x08, 0x42, 0x10, 0x84, 0x21, 0x08, 0x42, 0x10]);
        assert_eq!(half.to_string(), "1111-1111-1111");
        for typed in ["1111-1111-1111", "111111111111", " iLI1 1l1I 1111", "１１１１ー１１１１－１１１１"]
        {
            assert_eq!(HalfHash::typed(typed), half.hash(), "{typed}");
        }
        for typed in ["", "1111-1111-111", "1111-1111-1112", "1111-1111-1111-1"] {
            assert_ne!(HalfHash::typed(typed), half.hash(), "{typed}");
        }
    }

    #[test]
    fn two_halves_of_other_random_bytes_differ() {
        assert_ne!(Half::from_random([1; 8]).hash(), Half::from_random([2; 8]).hash());
        assert_eq!(Half::from_random([0xff; 8]).to_string(), "ZZZZ-ZZZZ-ZZZZ");
    }
}
