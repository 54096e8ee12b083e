//! The password (NIST SP 800-63B section 5.1.1): long enough, not the person's own names, no rule of which signs it must hold, no
//! day on which it ends. Kept as Argon2id (RFC 9106).

use super::folded;
use crate::adapter::Text;
use argon2::{Algorithm, Argon2, Params, Version};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

/// Fewest characters. Eight would do beside a second factor (SP 800-63B); twelve is a short sentence.
const LENGTH_MIN: usize = 12;
/// Most characters: room for a sentence, and a bound on what is hashed.
const LENGTH_MAX: usize = 128;
/// Fewest different characters: "aaaaaaaaaaaa" is long.
const DIFFERENT_MIN: usize = 5;
/// Names shorter than this are part of too many words, unless they are written in kanji or kana.
const NAME_MIN: usize = 4;

/// KiB of memory that one password takes to check, passes and lanes: RFC 9106 section 4, second choice, on one thread.
const MEMORY_KIB: u32 = 64 * 1024;
const PASSES: u32 = 3;
const LANES: u32 = 1;
const HASH_BYTES: usize = 32;

/// Random bytes beside a password, other ones for each.
pub type Salt = [u8; 16];

/// A password as it was typed, in one of the forms that Unicode has for it.
pub struct Password(Zeroizing<String>);

/// Why a password is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weak {
    /// Fewer than 12 characters.
    Short,
    /// More than 128 characters.
    Long,
    /// Few different characters, or one after another as the alphabet or the digits go.
    Plain,
    /// It holds the person's or the agency's name or id.
    Named,
}

impl Weak {
    /// What to tell the person.
    pub fn text(self) -> Text {
        match self {
            Weak::Short => Text::new(
                "パスワードは12文字以上にしてください。短い文にすると覚えやすくなります。",
                "Choose a password of 12 characters or more; a short sentence is easy to remember.",
            ),
            Weak::Long => Text::new("パスワードは128文字までです。", "A password has 128 characters at most."),
            Weak::Plain => Text::new(
                "同じ文字の繰返しや、123…のような並びは推測されやすいため使えません。",
                "The same characters again and again, or a row like 123…, are easily guessed. Choose another.",
            ),
            Weak::Named => Text::new(
                "氏名・職員ID・機関名・機関IDを含むパスワードは使えません。",
                "A password may not hold your name or staff id, nor the name or id of the agency.",
            ),
        }
    }
}

impl Password {
    /// What somebody types to be let in: it is compared, and no rule is asked.
    pub fn typed(typed: &str) -> Self {
        Password(Zeroizing::new(typed.nfkc().take(LENGTH_MAX + 1).collect()))
    }

    /// A new password of somebody who has these names and ids.
    ///
    /// # Errors
    /// When it is one that is easily guessed.
    pub fn chosen<'a>(typed: &str, names: impl IntoIterator<Item = &'a str>) -> Result<Self, Weak> {
        let password = Password::typed(typed);
        let letters: Vec<char> = password.0.chars().collect();
        if letters.len() < LENGTH_MIN {
            return Err(Weak::Short);
        }
        if letters.len() > LENGTH_MAX {
            return Err(Weak::Long);
        }
        if is_plain(&letters) {
            return Err(Weak::Plain);
        }
        let typed = folded(&password.0);
        let mut parts = names.into_iter().flat_map(|name| std::iter::once(name).chain(name.split_whitespace()));
        if parts.any(|name| is_in(&folded(name), &typed)) { Err(Weak::Named) } else { Ok(password) }
    }
}

/// Few different characters, or each the next one after the last.
fn is_plain(letters: &[char]) -> bool {
    let mut different = letters.to_vec();
    different.sort_unstable();
    different.dedup();
    let next = |pair: &[char]| matches!(pair, [one, other] if u32::from(*one).abs_diff(u32::from(*other)) == 1);
    let rows = letters.windows(2).filter(|pair| next(pair)).count();
    different.len() < DIFFERENT_MIN || rows * 4 >= letters.len() * 3
}

fn is_in(name: &str, password: &str) -> bool {
    let telling = name.chars().count() >= NAME_MIN || (!name.is_ascii() && name.chars().count() >= 2);
    telling && password.contains(name)
}

/// What is kept of a password. Its cost stands beside it, so that a later one may be dearer.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PasswordHash {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    salt: Salt,
    hash: [u8; HASH_BYTES],
}

impl PasswordHash {
    /// Of a new password. Takes 64 MiB of memory and a good part of a second of one core.
    pub fn new(password: &Password, salt: Salt) -> Self {
        let mut new = PasswordHash::of_nobody();
        new.salt = salt;
        new.hash = new.compute(password).unwrap_or_default();
        new
    }

    /// What is compared with where there is no account: it is the work of any other, and no password has it.
    pub fn of_nobody() -> Self {
        let (salt, hash) = (Salt::default(), [0; HASH_BYTES]);
        PasswordHash { memory_kib: MEMORY_KIB, passes: PASSES, lanes: LANES, salt, hash }
    }

    /// Is it the hash of this password? As dear as [`PasswordHash::new`], whatever the answer.
    pub fn is_of(&self, password: &Password) -> bool {
        let nobody = self.hash == [0; HASH_BYTES];
        self.compute(password).is_some_and(|hash| bool::from(hash.ct_eq(&self.hash))) && !nobody
    }

    /// `None` for a cost that nobody could have set.
    fn compute(&self, password: &Password) -> Option<[u8; HASH_BYTES]> {
        let params = Params::new(self.memory_kib, self.passes, self.lanes, Some(HASH_BYTES)).ok()?;
        let mut hash = [0; HASH_BYTES];
        let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        argon.hash_password_into(password.0.as_bytes(), &self.salt, &mut hash).ok()?;
        Some(hash)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;

    fn chosen(typed: &str) -> Result<(), Weak> {
        let names = ["ooba", "OSC-482072", "汐音市こども家庭センター", "大場 しおり"];
        Password::chosen(typed, names).map(drop)
    }

    #[test]
    fn s14_a_password_is_long_and_nothing_else_is_asked_of_it() {
        assert_eq!(chosen("ame no furu hi"), Ok(()));
        assert_eq!(chosen("雨の降る日は家で本を読む"), Ok(()));
        assert_eq!(chosen("kirei na umi"), Ok(()));
        assert_eq!(chosen("kirei naumi"), Err(Weak::Short));
        assert_eq!(chosen(&"あめのふるひ、".repeat(18)), Ok(()));
        assert_eq!(chosen(&"あめのふるひに".repeat(19)), Err(Weak::Long));
    }

    #[test]
    fn s14_a_password_is_no_row_and_no_name_of_its_owner() {
        for plain in ["aaaaaaaaaaaa", "abababababab", "123456789012", "abcdefghijklm", "zyxwvutsrqpon"] {
            assert_eq!(chosen(plain), Err(Weak::Plain), "{plain}");
        }
        for named in ["Ooba wa koko ni iru", "osc482072 no heya", "私は大場と申します。よろしく", "ＯＯＢＡ wa koko ni"]
        {
            assert_eq!(chosen(named), Err(Weak::Named), "{named}");
        }
    }

    #[test]
    fn s14_a_hash_knows_its_own_password_alone() {
        let hash = PasswordHash::new(&Password::typed("ame no furu hi"), [7; 16]);
        let kept: PasswordHash = serde_json::from_str(&serde_json::to_string(&hash).unwrap()).unwrap();
        assert!(kept.is_of(&Password::typed("ａｍｅ no furu hi")), "a width is no other letter");
        assert!(!kept.is_of(&Password::typed("ame no furu hI")));
        assert_ne!(hash.hash, PasswordHash::new(&Password::typed("ame no furu hi"), [8; 16]).hash);
        assert!(!PasswordHash::of_nobody().is_of(&Password::typed("")));
    }

    #[test]
    fn s14_the_hash_is_argon2id_as_rfc_9106_has_it() {
        // As the reference implementation has it for this password and salt: Argon2id, t = 3, m = 65536, p = 1, 32 bytes.
        const HASH: &str = "c207f4b273a40c6daff4e4e09549029df281e1acf9e5817a89284d6a7a345309";
        let hash = PasswordHash::new(&Password::typed("correct horse battery"), *b"saltsaltsaltsalt").hash;
        assert_eq!(hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>(), HASH);
    }
}
