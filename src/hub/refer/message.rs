//! Referrals that come in messages (HL7 v2 `REF`, `RRI`; FHIR `ServiceRequest`, `Task`): their loop is the same, whatever a party speaks.
//!
//! A referral ties the agency that is asked to a family, so a person must stand for it. A message names none that the hub
//! knows; the agency says once, in its settings, who answers for the referrals of its system.

use super::report::Completed;
use super::{ReferralTerms, Standing};
use crate::hub::caller::Caller;
use crate::hub::persons::Named;
use crate::hub::{Hub, Refusal, RefusalKind};
use musubi_core::adapter::Diagnostic;
use musubi_core::agency::AgencyId;
use musubi_core::id::ReferralId;
use musubi_core::record::{Asked, Stepped, Submission};
use musubi_core::referral::{Outcome, Report, State, Step};
use musubi_core::sealing::Blind;
use std::collections::BTreeSet;

/// What became of the referrals of a message.
#[derive(Default)]
pub struct Followed {
    /// What the sender is told. Nothing here refuses the message.
    pub said: Vec<Diagnostic>,
    /// Where the last of them stands now.
    pub standing: Option<Standing>,
    /// Those whom it asks: each is to have the message itself, as far as it may see it.
    pub parties: BTreeSet<AgencyId>,
    /// Those that it completes, and whose report comes with it.
    pub completed: Vec<Completed>,
}

impl Hub {
    /// Takes the referrals of a message, and the steps of others, into their loops. The same message again changes
    /// nothing.
    ///
    /// # Errors
    /// When a step does not follow from the state of its referral, or the store fails.
    pub async fn follow_message(&self, caller: &Caller, submission: &Submission) -> Result<Followed, Refusal> {
        let mut followed = Followed::default();
        let (asked, steps) = (submission.referrals(), submission.referral_steps());
        if submission.header().test || asked.is_empty() && steps.is_empty() {
            return Ok(followed);
        }
        let Some(staff) = &caller.agency.settings.referrals_by else {
            followed.said.push(nobody_answers_for_it());
            return Ok(followed);
        };
        let officer = self.caller(caller.id(), staff)?;
        for asked in asked {
            self.asked_by_message(&officer, asked, &mut followed).await?;
        }
        for step in steps {
            self.stepped_by_message(&officer, step, &mut followed).await?;
        }
        Ok(followed)
    }

    /// Where a referral stands that a message asks about, by its number.
    ///
    /// # Errors
    /// When the caller is no party to one of this number, or the store fails.
    pub async fn referral_by_number(&self, caller: &Caller, number: &str) -> Result<Standing, Refusal> {
        let id =
            self.numbered(caller, number).await?.ok_or_else(|| Refusal::new(RefusalKind::Invalid, unknown_number()))?;
        self.referral(caller, id).await
    }

    async fn asked_by_message(&self, officer: &Caller, asked: Asked, followed: &mut Followed) -> Result<(), Refusal> {
        let Some(to) = self.named_in_message(&asked.to) else {
            followed.said.push(Diagnostic::warning(
                "M601",
                "PRD",
                "紹介先の機関が登録されていないため、依頼の流れには載せていません。内容は保管しました。",
                "The agency that is asked is not registered: the referral is kept, and nobody is asked by the hub.",
            ));
            return Ok(());
        };
        let id = self.id_of_number(officer.id(), &to, &asked.number);
        if self.store.referral(id).await?.is_none() {
            let terms = ReferralTerms {
                persons: vec![Named { key: Some(asked.person), ..Named::default() }],
                kind: asked.kind,
                to: to.clone(),
                // What it says of the reason is in the record.
                reason: String::new(),
                reply_by: asked.reply_by,
                approval: None,
            };
            self.make_referral(officer, id, terms).await?;
        }
        followed.parties.insert(to);
        followed.standing = Some(self.referral(officer, id).await?);
        Ok(())
    }

    async fn stepped_by_message(
        &self,
        officer: &Caller,
        stepped: Stepped,
        followed: &mut Followed,
    ) -> Result<(), Refusal> {
        let Some(id) = self.numbered(officer, &stepped.number).await? else {
            let Diagnostic { code, place, text, .. } = unknown_number();
            followed.said.push(Diagnostic::warning(code, place, text.ja, text.en));
            return Ok(());
        };
        let mut standing = self.referral(officer, id).await?;
        let reports = stepped.reports && self.is_of_its_person(officer, id, &stepped).await?;
        if stepped.reports && !reports {
            followed.said.push(report_of_a_stranger());
        }
        // What was completed was accepted and begun, whether its sender said so or not.
        let mut untold = false;
        while let Some(step) = next(standing.referral.state(), &stepped) {
            untold = reports && matches!(step, Step::Complete(_));
            standing = match untold {
                true => self.take_step(officer, id, step).await?.standing,
                false => self.step(officer, id, step).await?,
            };
        }
        let state = standing.referral.state();
        if reports && matches!(state, State::Closed(Outcome::Completed { entries, .. }) if entries.is_empty()) {
            followed.completed.push(Completed { id, number: stepped.number, untold });
        }
        followed.standing = Some(standing);
        Ok(())
    }

    /// Does the sender speak of a person whom the referral concerns, as far as the hub knows?
    async fn is_of_its_person(&self, officer: &Caller, id: ReferralId, stepped: &Stepped) -> Result<bool, Refusal> {
        let named = Named { key: Some(stepped.person.clone()), ..Named::default() };
        let Some(person) = self.find(&named).await? else { return Ok(false) };
        let (row, family, _) = self.referral_of(officer, id).await?;
        let mut concerned = row.persons.iter().map(|concerned| family.known_as(concerned.person));
        Ok(concerned.any(|one| one == family.known_as(person)))
    }

    /// The referral of this number to which the caller is a party: Musubi's own id, or the number that the agency that
    /// referred gave it. Nothing when several fit.
    async fn numbered(&self, caller: &Caller, number: &str) -> Result<Option<ReferralId>, Refusal> {
        let own = ReferralId::parse(number);
        let others = self.register.all();
        let made = others.iter().flat_map(|other| {
            [self.id_of_number(&other.id, caller.id(), number), self.id_of_number(caller.id(), &other.id, number)]
        });
        let mut found = Vec::new();
        for id in own.into_iter().chain(made) {
            let party = self.store.referral(id).await?;
            if party.is_some_and(|row| row.from == *caller.id() || row.to == *caller.id()) {
                found.push(id);
            }
        }
        Ok(match found.as_slice() {
            [one] => Some(*one),
            _ => None,
        })
    }

    /// The one id of a referral that came with a number: from whom, to whom, and the number, so that the same message makes
    /// the same referral, and nobody can tell the id from the number.
    pub(super) fn id_of_number(&self, from: &AgencyId, to: &AgencyId, number: &str) -> ReferralId {
        let Blind(hash) = self.keyring.blind.blind("referral", &format!("{from}\u{1f}{to}\u{1f}{number}"));
        let mut bytes = [0; 16];
        bytes.iter_mut().zip(hash).for_each(|(byte, from)| *byte = from);
        ReferralId(uuid::Builder::from_custom_bytes(bytes).into_uuid())
    }

    /// An agency as a message names it: its id, the ten digits of a hospital, or its name.
    fn named_in_message(&self, name: &str) -> Option<AgencyId> {
        let by_id = [name.to_owned(), format!("MED-{name}")].into_iter().find_map(|id| {
            let id = AgencyId::new(id).ok()?;
            self.register.agency(&id).map(|_| id)
        });
        by_id.or_else(|| {
            let all = self.register.all();
            let mut named = all.iter().filter(|agency| agency.name == name);
            let first = named.next()?;
            named.next().is_none().then(|| first.id.clone())
        })
    }
}

/// The step that leads from where a referral stands to what the message says; none when it stands there already, or beyond.
fn next(state: &State, stepped: &Stepped) -> Option<Step> {
    let reason = || stepped.note.clone();
    // Without words the message itself is the report.
    let report = || if stepped.note.is_empty() { format!("message {}", stepped.number) } else { reason() };
    match (stepped.state.as_str(), state) {
        ("received", State::Sent) => Some(Step::Receive),
        (_, State::Closed(Outcome::Completed { .. })) => None,
        ("no_show", State::NoShow { .. } | State::InService { .. }) => None,
        ("accepted", State::Sent | State::Received | State::CancelAsked | State::Closed(_)) => Some(Step::Accept),
        ("declined", State::Closed(Outcome::Declined { .. })) | ("cancel_asked", State::CancelAsked) => None,
        ("declined", _) => Some(Step::Decline(reason())),
        ("cancel_asked", _) => Some(Step::AskCancel),
        ("no_show" | "in_service" | "completed", State::Sent | State::Received) => Some(Step::Accept),
        ("no_show", State::Accepted { .. } | State::Scheduled { .. }) => Some(Step::NoShow),
        ("in_service", State::Accepted { .. } | State::Scheduled { .. } | State::NoShow { .. }) => Some(Step::Begin),
        ("completed", State::Closed(_)) => None,
        ("completed", _) => Some(Step::Complete(Report::in_words(report()))),
        ("cancelled", State::CancelAsked) => Some(Step::Cancel),
        _ => None,
    }
}

/// RF1-1 of a state (table 0283): what lies between acceptance and the end is `A`.
pub fn status(state: &State) -> &'static str {
    match state {
        State::Sent | State::Received | State::CancelAsked => "P",
        State::Accepted { .. } | State::Scheduled { .. } | State::NoShow { .. } | State::InService { .. } => "A",
        State::Closed(Outcome::Completed { .. }) => "A",
        State::Closed(Outcome::Declined { .. } | Outcome::Cancelled) => "R",
        State::Closed(Outcome::Expired) => "E",
    }
}

fn unknown_number() -> Diagnostic {
    Diagnostic::error(
        "H005",
        "RF1-6",
        "この番号の依頼は見つかりません。紹介状にある番号をそのまま返してください。",
        "No referral of this number is known to you; send back the number of the referral as it came.",
    )
}

fn report_of_a_stranger() -> Diagnostic {
    Diagnostic::warning(
        "M621",
        "RF1-6",
        "報告は保管しましたが、依頼の対象者と同じ方とまだ結び付いていないため、依頼元には完了だけを伝えます。同じ方かどうかはセンターが確認します。",
        "The report is kept, but its person is not joined with that of the referral yet: the other party is told of the completion alone. \
         Whether they are one is for the center to say.",
    )
}

fn nobody_answers_for_it() -> Diagnostic {
    Diagnostic::warning(
        "M614",
        "RF1",
        "紹介は保管しましたが、担当職員が機関の設定(referrals_by)にないため、依頼の流れには載せていません。",
        "The referral is kept, but not in the loop: the agency's settings name nobody who answers for it (referrals_by).",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use musubi_core::record::PersonKey;

    fn stepped(state: &str) -> Stepped {
        let person = PersonKey { issuer: "MED-1".to_owned(), identifier: "1".to_owned() };
        Stepped { person, number: "1".to_owned(), state: state.to_owned(), note: "満床".to_owned(), reports: false }
    }

    #[test]
    fn a_message_that_comes_again_takes_no_step() {
        let accepted = State::Accepted { responsible: "a".to_owned() };
        assert_eq!(next(&State::Sent, &stepped("accepted")), Some(Step::Accept));
        assert_eq!(next(&accepted, &stepped("accepted")), None);
        assert_eq!(next(&accepted, &stepped("received")), None, "what was accepted was received");
        assert_eq!(next(&State::CancelAsked, &stepped("cancel_asked")), None);
        assert_eq!(next(&State::Sent, &stepped("completed")), Some(Step::Accept));
        assert_eq!(next(&accepted, &stepped("completed")), Some(Step::Complete(Report::in_words("満床"))));
        let silent = Stepped { note: String::new(), ..stepped("completed") };
        assert_eq!(next(&accepted, &silent), Some(Step::Complete(Report::in_words("message 1"))));
        assert_eq!(next(&accepted, &stepped("no_show")), Some(Step::NoShow));
        let missed = State::NoShow { responsible: "a".to_owned() };
        assert_eq!(next(&missed, &stepped("no_show")), None);
        assert_eq!(next(&missed, &stepped("in_service")), Some(Step::Begin));
        assert_eq!(next(&State::CancelAsked, &stepped("cancelled")), Some(Step::Cancel));
        let declined = State::Closed(Outcome::Declined { reason: "満床".to_owned() });
        assert_eq!(next(&declined, &stepped("declined")), None);
        assert_eq!(next(&State::Received, &stepped("declined")), Some(Step::Decline("満床".to_owned())));
    }
}
