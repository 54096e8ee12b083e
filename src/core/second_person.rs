//! What one person may not do alone: another approves it within a day, or it is as if it had never been asked for (S-58).

use crate::time::Time;
use serde::{Deserialize, Serialize};

/// Days that a proposal waits for a second person.
pub const PROPOSAL_DAYS: i64 = 1;

/// Whose hand it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hand {
    /// Staff id at the agency.
    pub staff_id: String,
    /// SHA-256 of the certificate whose system named the person, in hexadecimal; none where the person signed in. Who holds a
    /// system can name anybody, so that two names from one certificate are one hand.
    pub certificate: Option<String>,
}

/// Something that waits for a second person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proposal {
    /// Who proposed it.
    pub by: Hand,
    /// Why.
    pub reason: String,
    /// Until when another may approve it, inclusive.
    pub until: Time,
}

/// Why an approval does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotApproved {
    /// Nobody approved it within a day.
    Lapsed,
    /// Who proposed it.
    SamePerson,
    /// The system of who proposed it.
    SameCertificate,
}

impl Proposal {
    /// Made now.
    pub fn new(by: Hand, reason: &str, now: Time) -> Self {
        Proposal { by, reason: reason.to_owned(), until: now.plus_days(PROPOSAL_DAYS) }
    }

    /// Is nobody left who could approve it?
    pub fn has_lapsed(&self, now: Time) -> bool {
        self.until < now
    }

    /// May this hand approve it?
    ///
    /// # Errors
    /// When it has lapsed, or the hand is that of who proposed it.
    pub fn approved_by(&self, other: &Hand, now: Time) -> Result<(), NotApproved> {
        if self.has_lapsed(now) {
            Err(NotApproved::Lapsed)
        } else if self.by.staff_id.eq_ignore_ascii_case(&other.staff_id) {
            Err(NotApproved::SamePerson)
        } else if self.by.certificate.is_some() && self.by.certificate == other.certificate {
            Err(NotApproved::SameCertificate)
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hand(staff_id: &str, certificate: Option<&str>) -> Hand {
        Hand { staff_id: staff_id.to_owned(), certificate: certificate.map(str::to_owned) }
    }

    #[test]
    fn s58_another_person_approves_by_another_certificate_or_sign_in_within_a_day() {
        let now = Time::MIN;
        let by_system = Proposal::new(hand("ooba", Some("a1")), "", now);
        assert_eq!(by_system.approved_by(&hand("fukatsu", None), now), Ok(()));
        assert_eq!(by_system.approved_by(&hand("fukatsu", Some("b2")), now.plus_days(1)), Ok(()));
        assert_eq!(by_system.approved_by(&hand("OOBA", None), now), Err(NotApproved::SamePerson));
        assert_eq!(by_system.approved_by(&hand("fukatsu", Some("a1")), now), Err(NotApproved::SameCertificate));
        let late = now.plus_days(1).plus_minutes(1);
        assert_eq!(by_system.approved_by(&hand("fukatsu", None), late), Err(NotApproved::Lapsed));
        let signed_in = Proposal::new(hand("ooba", None), "", now);
        assert_eq!(signed_in.approved_by(&hand("fukatsu", None), now), Ok(()), "each signed in");
    }
}
