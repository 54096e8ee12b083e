//! A late match told in the format in which the question came (`LateMatchNotification`): a delivery like any other, decided anew when
//! it leaves. It says the number of the ground and the id of the question; what may be seen is asked for. Its release stands on
//! record as one of the lowest level, that there is a case: no less can be known from it, and no more.

use super::{Found, Look};
use crate::hub::deliver::{Attempt, Attempted, OnRecord, Ready, due};
use crate::hub::ledger::{Basis, Serves};
use crate::hub::register::Subscription;
use crate::hub::{DECIDE_AGAIN_MAX, Hub, Refusal};
use crate::store::{DeliveryRow, DeliveryState, FactRow, Row};
use musubi_adapters::child_guidance::cgc_xml::encode_late_match;
use musubi_core::consent::records::Level;
use musubi_core::id::{DeliveryId, FactId};
use musubi_core::release::{Outgoing, Released};

/// The format in which it is told.
const FORMAT: &str = "cgc-xml";
/// Nothing may be seen any more when it was to leave. Who asked has the work item, and asks again or not.
const NO_MATCH: &str = "no-match";

/// All that it says.
pub(in crate::hub) struct Told {
    /// The number of the ground.
    pub(in crate::hub) ground: String,
    /// The id of the question.
    pub(in crate::hub) in_response_to: String,
}

impl Found {
    /// What it says, where the question came in a message.
    fn told(&self) -> Option<Told> {
        let in_response_to = self.asked.message_id.clone()?;
        Some(Told { ground: self.asked.number.clone(), in_response_to })
    }
}

impl Told {
    fn render(&self, released: &Released) -> Outgoing {
        let Told { ground, in_response_to } = self;
        let write = |_: &[&Released]| encode_late_match(in_response_to, ground, released.at());
        Outgoing::render_all(released.recipient(), FORMAT, std::slice::from_ref(released), write)
    }
}

impl Hub {
    /// The intention to tell it, for each subscription to the format and the purpose of the question.
    pub(super) fn notices(&self, question: &FactRow, found: &Found) -> Vec<Row> {
        let Found { caller, asked, family, .. } = found;
        if asked.message_id.is_none() {
            return Vec::new();
        }
        let takes = |one: &&Subscription| one.purpose == asked.purpose && one.formats.iter().any(|f| f == FORMAT);
        let subscriptions = caller.agency.settings.subscriptions.iter().filter(takes);
        let intention = |subscription: &Subscription| {
            let (now, channel) = (family.at, subscription.channel());
            Row::Delivery(DeliveryRow {
                municipality: question.municipality.clone(),
                id: DeliveryId(self.id(now)),
                recipient: caller.id().clone(),
                purpose: asked.purpose,
                next_at: due(&channel, now),
                format: channel,
                message: None,
                entries: Vec::new(),
                question: Some(question.id),
                state: DeliveryState::Waiting,
                attempts: 0,
                created_at: now,
                reason: String::new(),
                released_at: None,
                sent_at: None,
                sequence: 0,
                persons: Vec::new(),
            })
        };
        subscriptions.map(intention).collect()
    }

    /// Decides it as of this moment and puts its release on record. Nothing leaves when the question shows nothing any more.
    pub(in crate::hub) async fn release_late_match(
        &self,
        row: &DeliveryRow,
        question: FactId,
        formats: &[String],
        attempt: Attempt,
    ) -> Result<Attempted, Refusal> {
        if !formats.is_empty() && !formats.iter().any(|format| format == FORMAT) {
            return Ok(Attempted::Nothing);
        }
        for _ in 0..DECIDE_AGAIN_MAX {
            let Some((told, found)) = self.late_match_now(row, question).await? else {
                self.move_delivery(row, DeliveryState::Suppressed, NO_MATCH, self.now()).await?;
                return Ok(Attempted::Nothing);
            };
            let Found { caller, family, decided, .. } = found;
            let mut released = decided.released;
            let serves = Serves { cited: decided.cited, ..Serves::of(row) };
            let basis = Basis::new(&caller.actor, serves, &decided.facts);
            let municipality = self.municipality_of(&family, &caller);
            let (release, change) = self.release_change(&mut released, &family, &municipality, &basis)?;
            match self.put_on_record(row, attempt, family.at, change).await? {
                OnRecord::Released(delivery) => {
                    let renderings = vec![told.render(&released)];
                    let (delivery, late_match, cursor) = (*delivery, Some(told), String::new());
                    let ready = Ready { delivery, release, renderings, released, late_match, cursor };
                    return Ok(Attempted::Ready(Box::new(ready)));
                }
                OnRecord::Elsewhere => return Ok(Attempted::Elsewhere),
                OnRecord::Again => {}
            }
        }
        Err(Refusal::kept_changing())
    }

    /// What would leave by now: format and length in bytes.
    pub(in crate::hub) async fn late_match_outputs(
        &self,
        row: &DeliveryRow,
        question: FactId,
    ) -> Result<Vec<(String, usize)>, Refusal> {
        let found = self.late_match_now(row, question).await?;
        let outgoing = found.map(|(told, found)| told.render(&found.decided.released));
        Ok(outgoing.iter().map(|one| (one.format().to_owned(), one.bytes().len())).collect())
    }

    async fn late_match_now(&self, row: &DeliveryRow, question: FactId) -> Result<Option<(Told, Found)>, Refusal> {
        let Some(question) = self.store.fact(question).await? else { return Ok(None) };
        let Some(asked) = self.open_question(&question).await? else { return Ok(None) };
        let Look::Match(mut found) = self.look(&row.recipient, asked).await? else { return Ok(None) };
        found.decided.released.narrow(Level::L0.categories());
        let told = found.told().filter(|_| !found.decided.released.is_empty());
        Ok(told.map(|told| (told, *found)))
    }
}
