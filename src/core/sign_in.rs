//! How people show who they are at the console (`security.md` S-14, S-15, S-18): who may have an account and how it comes
//! about, the password, the second factor, how often somebody may try, and how long a session lasts.
//!
//! Rules alone: the moment, the random bytes and what is on file are arguments.

mod account;
mod attempts;
mod one_time;
mod password;
mod session;
mod totp;

pub use account::{Account, By, EnrolFault, INVITED_MINUTES, Invitation, State, Terms};
pub use attempts::{ACCOUNT, Attempts, Bound, SOURCE};
pub use one_time::{Half, HalfHash};
pub use password::{Password, PasswordHash, Salt, Weak};
pub use session::{IDLE_MINUTES, PROVEN_MINUTES, Session, WHOLE_MINUTES};
pub use totp::{DIGITS, Secret, Step};

use crate::japan::text::key;

/// What was typed as code or name, to be compared: full-width letters as plain ones, and none of the blanks and hyphens that people
/// add to read it.
fn folded(typed: &str) -> String {
    key(typed).replace('-', "")
}

/// Letters for five bits each, the highest first; what is left at the end is filled with zeros.
fn base32(bytes: &[u8], alphabet: &[u8; 32]) -> String {
    let bit = |at: usize| bytes.get(at / 8).is_some_and(|byte| byte >> (7 - at % 8) & 1 == 1);
    let letter = |first: usize| (first..first + 5).fold(0, |value, at| value << 1 | usize::from(bit(at)));
    let letters = (0..bytes.len() * 8).step_by(5).map(letter);
    letters.filter_map(|value| alphabet.get(value)).map(|letter| char::from(*letter)).collect()
}
