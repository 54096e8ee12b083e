//! Random records for property tests: the same seed gives the same record.

use pbjson_types::{Duration, Timestamp};

/// A message that can be made at random.
pub trait Random: Sized {
    /// Makes one.
    fn random(dice: &mut Dice) -> Self;

    /// Makes the one that belongs to this seed.
    #[must_use]
    fn seeded(seed: u64) -> Self {
        Self::random(&mut Dice::new(seed))
    }
}

/// A small source of numbers (SplitMix64). Not for secrets.
#[derive(Debug)]
pub struct Dice(u64);

impl Dice {
    /// Starts from a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub const fn uint64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 up to but without `limit`; 0 if the limit is 0.
    pub const fn below(&mut self, limit: u64) -> u64 {
        let number = self.uint64();
        if limit == 0 { 0 } else { number % limit }
    }

    /// True half of the time.
    pub const fn coin(&mut self) -> bool {
        self.uint64() & 1 == 1
    }

    /// One of these; 0 if there is none.
    pub fn pick(&mut self, choices: &[i32]) -> i32 {
        let index = self.below(choices.len() as u64);
        choices.iter().copied().nth(index as usize).unwrap_or_default()
    }

    /// A value in two of three cases.
    pub fn maybe<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        (self.below(3) > 0).then(|| make(self))
    }

    /// None, one or two values.
    pub fn few<T>(&mut self, mut make: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..self.below(3)).map(|_| make(self)).collect()
    }

    /// A number, often 0 and sometimes an extreme.
    pub const fn int32(&mut self) -> i32 {
        self.int64() as i32
    }

    /// A number, often 0 and sometimes an extreme.
    pub const fn uint32(&mut self) -> u32 {
        self.int64() as u32
    }

    /// A number, often 0 and sometimes an extreme.
    pub const fn int64(&mut self) -> i64 {
        match self.below(8) {
            0 | 1 => 0,
            2 => i64::MIN,
            3 => i64::MAX,
            4 => -1,
            _ => self.below(5_000) as i64,
        }
    }

    /// A finite number, often 0.
    pub fn double(&mut self) -> f64 {
        f64::from(self.int32() / 8) / 16.0
    }

    /// A finite number, often 0.
    pub fn float(&mut self) -> f32 {
        self.double() as f32
    }

    /// A text, sometimes empty, sometimes Japanese.
    pub fn text(&mut self) -> String {
        const WORDS: [&str; 6] = ["", "結", "ヤマダ　ハナコ", "2026-07-01", "a<b&\"c\"", "𠮷野家\n"];
        WORDS.get(self.below(8) as usize).map_or_else(|| format!("{:x}", self.uint64()), |word| (*word).to_owned())
    }

    /// A few bytes, sometimes none.
    pub fn bytes(&mut self) -> Vec<u8> {
        (0..self.below(9)).map(|_| self.uint64() as u8).collect()
    }
}

impl Random for Timestamp {
    fn random(dice: &mut Dice) -> Self {
        Self { seconds: dice.below(4_000_000_000) as i64, nanos: dice.below(1_000_000) as i32 * 1_000 }
    }
}

impl Random for Duration {
    fn random(dice: &mut Dice) -> Self {
        Self { seconds: dice.below(4_000_000) as i64, nanos: dice.below(1_000_000) as i32 * 1_000 }
    }
}
