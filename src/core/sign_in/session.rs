//! A session (S-15): ten quiet minutes, eight hours, and a proof of who somebody is that is soon used up.

use crate::agency::AgencyId;
use crate::time::Time;
use serde::{Deserialize, Serialize};

/// Quiet minutes after which a session ends.
pub const IDLE_MINUTES: i64 = 10;
/// Minutes after which it ends whatever happens: a working day.
pub const WHOLE_MINUTES: i64 = 8 * 60;
/// Minutes for which somebody who showed again who they are need not do so once more (S-18).
pub const PROVEN_MINUTES: i64 = 5;
/// Seconds for which it is not written down again that somebody is there: a session may end so much early, and never late.
const SEEN_SECONDS: i64 = 20;

/// Who is signed in, since when, and how they want to be spoken to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Session {
    /// The agency.
    pub agency: AgencyId,
    /// The member of staff.
    pub staff_id: String,
    /// Of the account that it was opened by; none for a sample person of a development hub. Another one means that the person
    /// left, or was enrolled anew.
    pub account: Option<u64>,
    /// SHA-256 of the certificate that it is bound to, where the listener asks for one.
    pub certificate: Option<[u8; 32]>,
    /// What every form of the session carries, and no other page can know (S-16).
    pub token: String,
    /// Key that seals the ids which stand in addresses of pages.
    pub handles: [u8; 32],
    /// When it was opened.
    pub began: Time,
    /// When something was last asked in it.
    pub seen: Time,
    /// When the person last showed again who they are.
    #[serde(default)]
    pub proven: Option<Time>,
    /// The pages are in English.
    #[serde(default)]
    pub english: bool,
}

impl Session {
    /// Has it not ended by itself?
    pub fn lives(&self, now: Time) -> bool {
        now <= self.ends_at()
    }

    /// When it ends by itself if nothing more is asked in it.
    pub fn ends_at(&self) -> Time {
        self.seen.plus_minutes(IDLE_MINUTES).min(self.began.plus_minutes(WHOLE_MINUTES))
    }

    /// Is it time to write down again that somebody is there?
    pub fn is_news(&self, now: Time) -> bool {
        now.micros() - self.seen.micros() >= SEEN_SECONDS * 1_000_000
    }

    /// Has this person shown within some minutes who they are?
    pub fn is_proven(&self, now: Time) -> bool {
        self.proven.is_some_and(|at| now <= at.plus_minutes(PROVEN_MINUTES))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;

    fn session() -> Session {
        Session {
            agency: AgencyId::new("OSC-482072").unwrap(),
            staff_id: "ooba".to_owned(),
            account: Some(1),
            certificate: None,
            token: String::new(),
            handles: [0; 32],
            began: Time::MIN,
            seen: Time::MIN,
            proven: None,
            english: false,
        }
    }

    #[test]
    fn s15_a_session_ends_after_ten_quiet_minutes_and_after_eight_hours_whatever_happens() {
        let session = session();
        assert!(session.lives(Time::MIN.plus_minutes(10)) && !session.lives(Time::MIN.plus_minutes(11)));
        let busy = Session { seen: Time::MIN.plus_minutes(475), ..session };
        assert!(busy.lives(Time::MIN.plus_minutes(480)) && !busy.lives(Time::MIN.plus_minutes(481)));
    }

    #[test]
    fn s18_a_proof_of_who_somebody_is_lasts_five_minutes() {
        assert!(!session().is_proven(Time::MIN));
        let proven = Session { proven: Some(Time::MIN), ..session() };
        assert!(proven.is_proven(Time::MIN.plus_minutes(5)) && !proven.is_proven(Time::MIN.plus_minutes(6)));
    }
}
