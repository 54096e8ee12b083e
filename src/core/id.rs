//! Identifiers that Musubi gives, and the municipality code.

use serde::{Deserialize, Serialize};
use std::fmt;
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// Reads the hyphenated form. `None` when the text is no UUID.
            pub fn parse(text: &str) -> Option<Self> {
                Uuid::try_parse(text).ok().map($name)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )+};
}

ids! {
    /// A person, as Musubi knows one (UUIDv7).
    PersonId,
    /// One immutable fact about a person (UUIDv7).
    EntryId,
    /// What one agency sent at once and was acknowledged for (UUIDv7).
    MessageId,
    /// A consent, objection, withdrawal, ground, shield, seal or link on file (UUIDv7).
    FactId,
    /// The intention to send an entry to a recipient (UUIDv7).
    DeliveryId,
    /// A question that waits for a person (UUIDv7).
    WorkItemId,
    /// A referral (UUIDv7).
    ReferralId,
    /// One release: what one recipient was shown at one moment (UUIDv7).
    ReleaseId,
}

/// A UUIDv7 of this moment, with randomness from the caller.
pub fn uuid_v7(now: crate::time::Time, random: [u8; 10]) -> Uuid {
    let millis = u64::try_from(now.micros() / 1000).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

/// Municipality code (全国地方公共団体コード): six digits, the last a check digit (JIS X 0401/0402).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Municipality(String);

/// Not a municipality code of six digits with a right check digit (`JP-E703`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a municipality code: six digits, the last a check digit (JP-E703)")]
pub struct NotAMunicipality;

impl Municipality {
    /// Where what has no responsible municipality yet is kept; not a real code.
    pub const UNASSIGNED: &'static str = "000000";

    /// Checks six digits and the check digit (`formats/common_japan.md` 7.1).
    pub fn new(code: impl Into<String>) -> Result<Self, NotAMunicipality> {
        let code = code.into();
        let digits: Vec<u32> = code.chars().filter_map(|c| c.to_digit(10)).collect();
        let &[a, b, c, d, e, check] = digits.as_slice() else { return Err(NotAMunicipality) };
        let sum = 6 * a + 5 * b + 4 * c + 3 * d + 2 * e;
        let right = (11 - sum % 11) % 10 == check;
        if code.len() == 6 && right { Ok(Municipality(code)) } else { Err(NotAMunicipality) }
    }

    /// The bucket for what nobody is responsible for yet.
    pub fn unassigned() -> Self {
        Municipality(Self::UNASSIGNED.to_owned())
    }

    /// The six digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Municipality {
    type Error = NotAMunicipality;

    fn try_from(code: String) -> Result<Self, NotAMunicipality> {
        if code == Self::UNASSIGNED { Ok(Self::unassigned()) } else { Municipality::new(code) }
    }
}

impl From<Municipality> for String {
    fn from(code: Municipality) -> String {
        code.0
    }
}

impl fmt::Display for Municipality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_digit_of_a_municipality_code_is_checked() {
        for right in ["011002", "011011", "130001", "480002", "482072", "483419"] {
            assert!(Municipality::new(right).is_ok(), "{right}");
        }
        for wrong in ["011003", "01100", "0110022", "０１１００２", "abcdef"] {
            assert_eq!(Municipality::new(wrong), Err(NotAMunicipality), "{wrong}");
        }
    }
}
