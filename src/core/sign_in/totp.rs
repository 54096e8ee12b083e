//! The second factor: a code of six digits that an authenticator shows and that changes every 30 seconds (RFC 6238, over the
//! HMAC-SHA-1 of RFC 4226, which is what every authenticator knows).

use super::{base32, folded};
use crate::time::Time;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha1::Sha1;
use zeroize::Zeroizing;

/// Bytes of a secret (RFC 4226 section 4, R6).
const SECRET_BYTES: usize = 20;
/// Digits of a code.
pub const DIGITS: usize = 6;
/// Seconds for which a code is shown (RFC 6238 section 4).
const STEP_SECONDS: i64 = 30;
/// Steps before and after the present one that are taken too: clocks differ, and people type slowly (RFC 6238 section 5.2).
const DRIFT: u64 = 1;
/// RFC 4648 section 6.
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The number of a span of 30 seconds since 1970.
pub type Step = u64;

/// What the hub and somebody's authenticator both know.
#[derive(Clone, Serialize, Deserialize)]
#[serde(from = "[u8; SECRET_BYTES]", into = "[u8; SECRET_BYTES]")]
pub struct Secret(Zeroizing<[u8; SECRET_BYTES]>);

impl From<[u8; SECRET_BYTES]> for Secret {
    fn from(random: [u8; SECRET_BYTES]) -> Self {
        Secret(Zeroizing::new(random))
    }
}

impl From<Secret> for [u8; SECRET_BYTES] {
    fn from(secret: Secret) -> Self {
        *secret.0
    }
}

impl Secret {
    /// As an authenticator takes it, by hand or in a picture.
    pub fn base32(&self) -> String {
        base32(self.0.as_slice(), ALPHABET)
    }

    /// The step whose code this is, if it is one of now; none that is not newer than the last one used, so that a code which
    /// somebody looked over a shoulder opens nothing (RFC 6238 section 5.2).
    pub fn accepts(&self, typed: &str, now: Time, used: Option<Step>) -> Option<Step> {
        let typed = folded(typed);
        let well_formed = typed.len() == DIGITS && typed.bytes().all(|digit| digit.is_ascii_digit());
        let typed: u32 = if well_formed { typed.parse().ok()? } else { return None };
        let present = step_at(now);
        let steps = present.saturating_sub(DRIFT)..=present.saturating_add(DRIFT);
        // Each is computed whatever the one before says.
        let found = steps.filter(|step| self.code(*step) == typed).fold(None, |found, step| found.max(Some(step)));
        found.filter(|step| used.is_none_or(|used| *step > used))
    }

    /// The code of a step (RFC 4226 section 5.3).
    fn code(&self, step: Step) -> u32 {
        let Ok(mut mac) = <Hmac<Sha1> as KeyInit>::new_from_slice(self.0.as_slice()) else {
            unreachable!("HMAC takes a key of any length")
        };
        mac.update(&step.to_be_bytes());
        let hash: [u8; 20] = mac.finalize().into_bytes().into();
        let offset = usize::from(hash.last().map_or(0, |last| last & 0x0f));
        let four = hash.iter().skip(offset).take(4).fold(0, |value: u32, byte| value << 8 | u32::from(*byte));
        (four & 0x7fff_ffff) % 10_u32.pow(DIGITS as u32)
    }

    /// What an authenticator with this secret shows at a moment.
    #[cfg(test)]
    pub(super) fn shown_at(&self, now: Time) -> String {
        format!("{:0DIGITS$}", self.code(step_at(now)))
    }
}

fn step_at(now: Time) -> Step {
    u64::try_from(now.micros() / (STEP_SECONDS * 1_000_000)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;

    fn secret() -> Secret {
        Secret::from(*b"12345678901234567890")
    }

    fn at(seconds: i64) -> Time {
        Time::from_micros(seconds * 1_000_000)
    }

    #[test]
    fn s14_the_codes_are_those_of_rfc_6238() {
        // Appendix B, SHA1, the last six of its eight digits.
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(secret().shown_at(at(seconds)), code, "{seconds}");
        }
    }

    #[test]
    fn s14_a_secret_is_written_as_authenticators_read_it() {
        assert_eq!(secret().base32(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    }

    #[test]
    fn s14_a_code_is_taken_one_step_early_and_one_step_late_and_no_more() {
        let now = at(2_000_000_010);
        for (away, taken) in [(-60, false), (-30, true), (0, true), (30, true), (60, false)] {
            let code = secret().shown_at(at(2_000_000_010 + away));
            assert_eq!(secret().accepts(&code, now, None).is_some(), taken, "{away}");
        }
    }

    #[test]
    fn s14_a_code_that_was_used_is_not_taken_again_nor_one_before_it() {
        let now = at(2_000_000_010);
        let (before, code) = (secret().shown_at(at(1_999_999_980)), secret().shown_at(now));
        let used = secret().accepts(&code, now, None);
        assert!(used.is_some());
        assert_eq!(secret().accepts(&code, now, used), None);
        assert_eq!(secret().accepts(&before, now, used), None);
        let later = at(2_000_000_040);
        assert!(secret().accepts(&secret().shown_at(later), later, used).is_some());
    }

    #[test]
    fn a_code_is_read_as_people_type_it() {
        let now = at(2_000_000_000);
        for typed in ["279037", " 279 037 ", "２７９０３７", "279-037"] {
            assert!(secret().accepts(typed, now, None).is_some(), "{typed}");
        }
        for typed in ["", "27903", "2790370", "+79037", "27903a"] {
            assert_eq!(secret().accepts(typed, now, None), None, "{typed}");
        }
        assert_eq!(serde_json::from_str::<Secret>(&serde_json::to_string(&secret()).unwrap()).unwrap().0, secret().0);
    }
}
