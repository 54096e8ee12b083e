//! An account (アカウント): one member of staff proposes a colleague, another confirms, and the person enrols with the two halves
//! of a one-time code (S-14). Who lost password or second factor is enrolled anew in the same way.

use super::one_time::HalfHash;
use super::password::PasswordHash;
use super::totp::{Secret, Step};
use crate::adapter::Text;
use crate::agency::Role;
use crate::time::Time;
use serde::{Deserialize, Serialize};

/// Minutes for which a proposal can be confirmed, and then for which somebody can enrol: a working day and the night after it.
pub const INVITED_MINUTES: i64 = 24 * 60;

/// As what somebody is enrolled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// As the agency numbers its staff.
    pub staff_id: String,
    /// The person's name.
    pub name: String,
    /// What the person is at work.
    pub role: Role,
    /// May enrol others, and shut them out (職員管理者).
    pub keeper: bool,
}

/// Who enrols somebody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// A member of the agency's staff.
    Staff(String),
    /// An operator of the hub, for the first ones of an agency.
    Operator(String),
}

/// The account of a member of staff.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// As what.
    pub terms: Terms,
    /// Another number whenever the person is proposed or shut out: what was opened before is then closed.
    pub number: u64,
    /// Where it stands.
    pub state: State,
}

/// Where an account stands.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Proposed, and to be confirmed by another.
    Proposed {
        /// By whom.
        by: By,
        /// The half that this one hands over.
        half: HalfHash,
        /// Until when it can be confirmed.
        until: Time,
    },
    /// Confirmed: the person can enrol.
    Invited(Invitation),
    /// Enrolled.
    Active {
        /// What is kept of the password.
        password: PasswordHash,
        /// The second factor.
        secret: Secret,
        /// The last step of which a code was used.
        used: Step,
    },
    /// Shut out.
    Closed,
}

/// What somebody enrols with.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Invitation {
    halves: [HalfHash; 2],
    secret: Secret,
    until: Time,
}

impl Invitation {
    /// Until when the person can enrol.
    pub fn until(&self) -> Time {
        self.until
    }
}

/// Why somebody cannot be enrolled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EnrolFault {
    /// Nobody enrols themselves.
    Oneself,
    /// Whoever proposed cannot confirm.
    SameTwice,
    /// Staff confirm what staff proposed, operators what operators proposed.
    NotAlike,
    /// Nothing waits to be confirmed, or no longer.
    NothingProposed,
    /// Machines do not sign in; and a staff id has 1 to 64 characters.
    NobodyOfThatKind,
}

impl EnrolFault {
    /// What to tell who tried.
    pub fn text(self) -> Text {
        match self {
            EnrolFault::Oneself => Text::new(
                "自分自身の登録はできません。ほかの職員2人が行います。",
                "Nobody enrols themselves: two others do it.",
            ),
            EnrolFault::SameTwice => Text::new(
                "提案した人は確認できません。別の職員が確認してください。",
                "Whoever proposed cannot confirm. Somebody else has to.",
            ),
            EnrolFault::NotAlike => Text::new(
                "職員の提案は職員が、運用者の提案は運用者が確認します。",
                "Staff confirm what staff proposed, operators what operators proposed.",
            ),
            EnrolFault::NothingProposed => Text::new(
                "確認を待つ提案がないか、期限(24時間)が過ぎています。もう一度提案してください。",
                "Nothing waits to be confirmed, or its 24 hours are over. Propose it again.",
            ),
            EnrolFault::NobodyOfThatKind => Text::new(
                "職員IDは1〜64文字で、役割は職員のものにしてください。",
                "A staff id has 1 to 64 characters, and its role is one of people.",
            ),
        }
    }
}

/// Longest staff id and name, in characters.
const STAFF_ID_MAX: usize = 64;

impl Account {
    /// Proposes somebody. Whoever had an account before is out from this moment on.
    ///
    /// # Errors
    /// When somebody proposes themselves, or the terms are not those of a person.
    pub fn proposed(
        terms: Terms,
        by: By,
        half: HalfHash,
        before: Option<&Account>,
        now: Time,
    ) -> Result<Account, EnrolFault> {
        let wrong = terms.staff_id.is_empty() || terms.staff_id.chars().count() > STAFF_ID_MAX;
        if wrong || terms.name.chars().count() > STAFF_ID_MAX || terms.role == Role::System {
            return Err(EnrolFault::NobodyOfThatKind);
        }
        if by == By::Staff(terms.staff_id.clone()) {
            return Err(EnrolFault::Oneself);
        }
        let number = before.map_or(0, |account| account.number).saturating_add(1);
        let until = now.plus_minutes(INVITED_MINUTES);
        Ok(Account { terms, number, state: State::Proposed { by, half, until } })
    }

    /// Confirms what another proposed.
    ///
    /// # Errors
    /// When nothing waits for it, or this is not the one who may.
    pub fn confirmed(&self, by: &By, half: HalfHash, secret: Secret, now: Time) -> Result<Account, EnrolFault> {
        let State::Proposed { by: first, half: other, until } = &self.state else {
            return Err(EnrolFault::NothingProposed);
        };
        match (first, by) {
            (one, other) if one == other => return Err(EnrolFault::SameTwice),
            (By::Staff(_), By::Staff(id)) if *id == self.terms.staff_id => return Err(EnrolFault::Oneself),
            (By::Staff(_), By::Staff(_)) | (By::Operator(_), By::Operator(_)) => {}
            _ => return Err(EnrolFault::NotAlike),
        }
        if now > *until {
            return Err(EnrolFault::NothingProposed);
        }
        let until = now.plus_minutes(INVITED_MINUTES);
        Ok(self.in_state(State::Invited(Invitation { halves: [*other, half], secret, until })))
    }

    /// The secret that somebody takes into an authenticator, when both halves of the code are right and it is not too late.
    pub fn invitation(&self, typed: [&str; 2], now: Time) -> Option<&Secret> {
        let State::Invited(invitation) = &self.state else { return None };
        let [one, other] = typed.map(HalfHash::typed);
        let right = invitation.halves == [one, other] || invitation.halves == [other, one];
        (right && now <= invitation.until).then_some(&invitation.secret)
    }

    /// Enrols: the code is used up. `code` is what the authenticator shows. `None` when that, or the one-time code, is not right.
    pub fn enrolled(&self, typed: [&str; 2], code: &str, password: PasswordHash, now: Time) -> Option<Account> {
        let secret = self.invitation(typed, now)?.clone();
        let used = secret.accepts(code, now, None)?;
        Some(self.in_state(State::Active { password, secret, used }))
    }

    /// Shows the second factor: from now on that code is used. `None` when it is not right, or there is none to show.
    pub fn shown(&self, code: &str, now: Time) -> Option<Account> {
        let State::Active { password, secret, used } = &self.state else { return None };
        let used = secret.accepts(code, now, Some(*used))?;
        Some(self.in_state(State::Active { password: password.clone(), secret: secret.clone(), used }))
    }

    /// Shuts the person out.
    pub fn closed(&self) -> Account {
        Account { number: self.number.saturating_add(1), ..self.in_state(State::Closed) }
    }

    /// What a password is compared with: where there is none, with that of nobody, so that it takes as long.
    pub fn password(account: Option<&Account>) -> PasswordHash {
        match account.map(|account| &account.state) {
            Some(State::Active { password, .. }) => password.clone(),
            _ => PasswordHash::of_nobody(),
        }
    }

    /// May the person sign in?
    pub fn is_active(&self) -> bool {
        matches!(self.state, State::Active { .. })
    }

    fn in_state(&self, state: State) -> Account {
        Account { terms: self.terms.clone(), number: self.number, state }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;
    use crate::sign_in::{Half, Password};

    const NOW: Time = Time::from_micros(1_795_000_000_000_000);

    fn terms() -> Terms {
        Terms { staff_id: "ooba".to_owned(), name: "大場".to_owned(), role: Role::Phn, keeper: false }
    }

    fn staff(id: &str) -> By {
        By::Staff(id.to_owned())
    }

    fn halves() -> [Half; 2] {
        [Half::from_random([1; 8]), Half::from_random([2; 8])]
    }

    fn hash(number: usize) -> HalfHash {
        halves()[number].hash()
    }

    fn proposed() -> Account {
        Account::proposed(terms(), staff("isobe"), hash(0), None, NOW).unwrap()
    }

    fn secret() -> Secret {
        Secret::from([3; 20])
    }

    fn invited() -> Account {
        proposed().confirmed(&staff("fukatsu"), hash(1), secret(), NOW).unwrap()
    }

    fn enrolled() -> Account {
        let [one, other] = halves().map(|half| half.to_string());
        invited().enrolled([&one, &other], &secret().shown_at(NOW), PasswordHash::of_nobody(), NOW).unwrap()
    }

    #[test]
    fn s14_it_takes_two_others_to_enrol_somebody() {
        let confirm = |by| proposed().confirmed(&by, hash(1), secret(), NOW).map(drop);
        assert_eq!(confirm(staff("isobe")), Err(EnrolFault::SameTwice));
        assert_eq!(confirm(staff("ooba")), Err(EnrolFault::Oneself));
        assert_eq!(confirm(By::Operator("op-1".to_owned())), Err(EnrolFault::NotAlike));
        assert_eq!(confirm(staff("fukatsu")), Ok(()));
        let by_oneself = Account::proposed(terms(), staff("ooba"), hash(0), None, NOW);
        assert_eq!(by_oneself.map(drop), Err(EnrolFault::Oneself));
        let machine = Terms { role: Role::System, ..terms() };
        let machine = Account::proposed(machine, staff("isobe"), hash(0), None, NOW);
        assert_eq!(machine.map(drop), Err(EnrolFault::NobodyOfThatKind));
    }

    #[test]
    fn s14_a_proposal_and_an_invitation_are_good_for_a_day() {
        let late = NOW.plus_minutes(INVITED_MINUTES + 1);
        let confirmed = proposed().confirmed(&staff("fukatsu"), hash(1), secret(), late);
        assert_eq!(confirmed.map(drop), Err(EnrolFault::NothingProposed));
        let [one, other] = halves().map(|half| half.to_string());
        assert!(invited().invitation([&one, &other], late.plus_minutes(-1)).is_some());
        assert!(invited().invitation([&one, &other], late).is_none());
    }

    #[test]
    fn s14_a_one_time_code_takes_both_halves_and_is_used_once() {
        let [one, other] = halves().map(|half| half.to_string());
        assert!(invited().invitation([&other, &one], NOW).is_some(), "in any order");
        for wrong in [[&*one, &*one], [&*other, &*other], [&*one, ""], ["", ""]] {
            assert!(invited().invitation(wrong, NOW).is_none());
        }
        let code = secret().shown_at(NOW);
        assert!(invited().enrolled([&one, &other], "000000", PasswordHash::of_nobody(), NOW).is_none());
        assert!(enrolled().is_active());
        assert!(enrolled().enrolled([&one, &other], &code, PasswordHash::of_nobody(), NOW).is_none());
    }

    #[test]
    fn s18_a_code_shown_once_is_not_shown_again() {
        assert!(enrolled().shown(&secret().shown_at(NOW), NOW).is_none(), "it was used to enrol");
        let later = NOW.plus_minutes(1);
        let shown = enrolled().shown(&secret().shown_at(later), later).unwrap();
        assert!(shown.shown(&secret().shown_at(later), later).is_none());
        assert!(invited().shown(&secret().shown_at(later), later).is_none());
    }

    #[test]
    fn s14_whoever_is_proposed_anew_or_shut_out_is_out_at_once() {
        let before = enrolled();
        let anew = Account::proposed(terms(), staff("isobe"), hash(0), Some(&before), NOW).unwrap();
        assert!(!anew.is_active() && anew.number != before.number);
        let out = before.closed();
        assert!(!out.is_active() && out.number != before.number);
        assert!(!Account::password(Some(&out)).is_of(&Password::typed("")));
    }

    #[test]
    fn an_account_is_read_as_it_was_written() {
        for account in [proposed(), invited(), enrolled(), enrolled().closed()] {
            let text = serde_json::to_string(&account).unwrap();
            let read: Account = serde_json::from_str(&text).unwrap();
            assert_eq!(serde_json::to_string(&read).unwrap(), text);
        }
    }
}
