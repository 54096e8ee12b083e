//! The agency that is asked is told of a referral, and the party that did not take a step of it of that, where its system takes
//! it: HL7 v2 `REF` and `RRI`, a `ServiceRequest` and a `Task` of FHIR; in CDA the referral, and the note that completes it.
//! A person at the agency sees it on the page of referrals anyway.

use super::Tie;
use crate::hub::caller::Caller;
use crate::hub::custody::{Acknowledge, Parcel};
use crate::hub::family::Family;
use crate::hub::register::{Agency, Subscription};
use crate::hub::{Hub, Refusal, RefusalKind};
use crate::store::Change;
use musubi_core::agency::{AgencyId, AgencyKind};
use musubi_core::consent::records::{Relation, RelationKind};
use musubi_core::id::{Municipality, PersonId};
use musubi_core::record::SharedEntry;
use musubi_core::referral::{Outcome, Referral, State};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Formats in which a referral and each of its steps can be said.
const SAY_STEPS: [&str; 3] = ["hl7v2", "fhir-json", "fhir-xml"];
/// The format that can say a referral, and the answer to it: documents both.
const SAYS_BOTH_ENDS: &str = "cda";
/// For so many days after its end a referral may still be told of, however long the party could not be reached.
const ENDED_DAYS: i64 = 30;

/// Where an agency takes its referrals and their steps. The officers of a center see them on its pages.
pub(in crate::hub) fn listens(agency: &Agency) -> impl Iterator<Item = &Subscription> {
    let says = |subscription: &&Subscription| {
        agency.kind != AgencyKind::Osc && (says_steps(subscription) || says_both_ends(subscription))
    };
    agency.settings.subscriptions.iter().filter(says)
}

fn says_steps(subscription: &Subscription) -> bool {
    subscription.formats.iter().any(|format| SAY_STEPS.contains(&format.as_str()))
}

fn says_both_ends(subscription: &Subscription) -> bool {
    subscription.formats.iter().any(|format| format == SAYS_BOTH_ENDS)
}

/// Can what is told there say any of these entries?
pub(in crate::hub) fn can_say(subscription: &Subscription, entries: &[SharedEntry]) -> bool {
    let is_end = |entry: &SharedEntry| entry.kind() == "referral" || entry.completes_referral();
    says_steps(subscription) || says_both_ends(subscription) && entries.iter().any(is_end)
}

/// What a party is told.
#[derive(Clone, Copy)]
pub(super) enum News {
    /// The referral itself.
    Asked,
    /// The step that was taken last.
    Step,
}

impl Hub {
    /// Tells the other party what the caller did. It is on file whatever becomes of this, so its caller hears of no failure
    /// here.
    pub(super) async fn tell_party(
        &self,
        caller: &Caller,
        family: &Family,
        persons: &[PersonId],
        (referral, news): (&Referral, News),
    ) {
        let party = referral.other_party(caller.id());
        let takes_it = |agency: &Arc<Agency>| agency.active && listens(agency).next().is_some();
        if self.register.agency(party).filter(takes_it).is_none() {
            return;
        }
        if let Err(refusal) = self.try_tell_party(caller, family, persons, (referral, news)).await {
            tracing::error!(referral = %referral.id(), %refusal, "a party is not told of a referral");
        }
    }

    async fn try_tell_party(
        &self,
        caller: &Caller,
        family: &Family,
        persons: &[PersonId],
        (referral, news): (&Referral, News),
    ) -> Result<(), Refusal> {
        let number = self.number_between(family, referral);
        let persons: Vec<PersonId> = persons.iter().map(|person| family.known_as(*person)).collect();
        let said = match news {
            News::Asked => referral.asks(&number, &persons),
            News::Step => referral.told(&number, caller.id(), &persons),
        };
        let submission = said.map_err(|faults| Refusal { kind: RefusalKind::Invalid, diagnostics: faults })?;
        let mut parcel = Parcel::of_the_hub("referral step", &submission.header().message_id, submission, self.now());
        parcel.told = Some(referral.other_party(caller.id()).clone());
        let acknowledge: Acknowledge = Arc::new(|_, _, _| Vec::new());
        match referral.state() {
            State::Closed(Outcome::Expired) => self.take_unheard(caller, parcel, acknowledge).await?,
            _ => self.take(caller, parcel, acknowledge).await?,
        };
        Ok(())
    }

    /// The number by which the parties know a referral: that of the message that it came with, else Musubi's own.
    pub(super) fn number_between(&self, family: &Family, referral: &Referral) -> String {
        let (record, from, to) = (family.record(), referral.from(), referral.to());
        let mut numbers = record.referral_numbers_of(from);
        let known = numbers.find(|number| self.id_of_number(from, to, number) == referral.id());
        known.map_or_else(|| referral.id().to_string(), ToOwned::to_owned)
    }

    /// The end of a referral ends its ties, and its news must still reach the party that did not end it.
    pub(super) fn may_hear_of_the_end(
        &self,
        change: &mut Change,
        family: &Family,
        municipality: &Municipality,
        (referral, by): (&Referral, &AgencyId),
        ties: &[&Relation],
    ) -> Result<(), Refusal> {
        let party = referral.other_party(by);
        let hears = self.register.agency(party).is_some_and(|agency| listens(&agency).next().is_some());
        if !hears || !matches!(referral.state(), State::Closed(_)) {
            return Ok(());
        }
        let (kind, from) = (RelationKind::ClosedReferral(referral.id()), self.now());
        let persons: BTreeSet<PersonId> =
            ties.iter().filter(|tie| tie.agency == *party).map(|tie| tie.subject).collect();
        let tie = Tie { agency: party, kind, from, until: Some(from.plus_days(ENDED_DAYS)) };
        self.relate(change, family, &persons, municipality, &tie)
    }
}
