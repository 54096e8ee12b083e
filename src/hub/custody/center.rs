//! What a parcel means for the center of the municipality: whom it may know already, what is to be delivered, what a person
//! there should look at, and what has no basis yet.

use super::{Alike, Custody, Suggestion};
use crate::hub::Refusal;
use crate::hub::caller::request_of;
use crate::hub::deliver;
use crate::hub::ledger::{Arriving, Basis, Serves};
use crate::hub::notification::is_concern;
use crate::hub::register::Agency;
use crate::hub::work::{Question, SUGGESTION, WorkBody};
use crate::store::{Change, Concerned, DeliveryRow, DeliveryState, Row};
use musubi_core::adapter::{Diagnostic, Text};
use musubi_core::agency::{Actor, AgencyId, Category, CategorySet, Purpose};
use musubi_core::consent::{Facts, Outcome, Rule};
use musubi_core::id::{DeliveryId, EntryId, PersonId};
use musubi_core::record::{SharedEntry, is_subject_data, of_substance};
use musubi_core::release::{Released, Withheld, release};
use musubi_core::signals::{self, SignalFound};
use musubi_core::time::Time;

/// Days for the answer to a suggestion that two persons are one.
const SUGGESTION_DAYS: i64 = 3;
/// Warnings that a person at the center is asked to look at: a newborn without its mother, an old message.
const ASKS_A_PERSON: [&str; 2] = ["H106", "H110"];

impl Custody<'_> {
    pub(super) fn suggestion_rows(&self, change: &mut Change) -> Result<(), Refusal> {
        let Some(center) = self.hub.register.center(&self.municipality) else { return Ok(()) };
        for Suggestion { new, known, why } in &self.suggestions {
            let text = match why {
                Alike::Name => Text::new(
                    "氏名と生年月日が一致する方がすでに登録されています。同じ方か確認してください。",
                    "Somebody with the same name and birth date is on file. Is it the same person?",
                ),
                Alike::Merged => Text::new(
                    "送信元が2つの患者IDを1人に統合しました。同じ方として結び付けてよいか確認してください。",
                    "The sender merged two of its identifiers. May the two be joined as one person here too?",
                ),
            };
            let body = WorkBody::new("SAME_PERSON", text, format!("{new} {known}"));
            // Sealed for this person alone: the other one's key is not part of this family.
            let due = self.now.plus_days(SUGGESTION_DAYS);
            change.rows.push(self.ask(&center.id, SUGGESTION, due, &[*new], &body)?);
        }
        Ok(())
    }

    /// What the center of the municipality is to be told: the intention to deliver, and what a person there should look
    /// at. Says to the author what has no basis yet (H108).
    pub(super) fn center_rows(&self, change: &mut Change) -> Result<Vec<Diagnostic>, Refusal> {
        let Some(center) = self.hub.register.center(&self.municipality) else {
            let diagnostic = nobody_responsible();
            let body = WorkBody::new(diagnostic.code.clone(), diagnostic.text.clone(), self.message.to_string());
            let due = self.now.plus_days(SUGGESTION_DAYS);
            change.rows.push(self.ask(self.caller.id(), "unassigned", due, &self.persons(), &body)?);
            return Ok(vec![diagnostic]);
        };
        if center.id == *self.caller.id() {
            return Ok(Vec::new());
        }
        let of_care = self.entries.iter().any(|e| e.kind() == "care_delivery");
        let purpose = if of_care { Purpose::P7 } else { Purpose::P3 };
        let (would, facts) = self.would_release(&center, purpose);
        let visible = self.shows_any(&would, &|_| true);
        if self.delivers_anything() {
            self.delivery_rows(&center, purpose, visible, change)?;
            if !visible {
                change.rows.extend(self.refusal_row(&would, &facts)?);
            }
        }
        self.held_rows(&would, change)?;
        let mut found = self.signals_in(&would);
        if of_care {
            // What a report says of the mother's mind is no part of the report itself.
            let (beside, _) = self.would_release(&center, Purpose::P3);
            self.held_rows(&beside, change)?;
            if self.shows_any(&beside, &|kind| kind == "screening") {
                self.delivery_rows(&center, Purpose::P3, true, change)?;
            }
            for more in self.signals_in(&beside) {
                if !found.iter().any(|held| held.code == more.code && held.evidence == more.evidence) {
                    found.push(more);
                }
            }
        }
        for found in found {
            let body = WorkBody::new(found.code, found.text, "");
            change.rows.push(self.ask(&center.id, "signal", found.due, &found.persons, &body)?);
        }
        self.question_rows(&center.id, change)?;
        Ok(self.without_basis(&would))
    }

    /// What the center would see of the family with this parcel, and the facts of that decision.
    pub(super) fn would_release(&self, center: &Agency, purpose: Purpose) -> (Released, Facts) {
        let request = request_of(center, Actor::system(), purpose, None);
        let (record, facts) = self.family.whole_with(&self.entries);
        (release(record, &request, &facts, &self.hub.policy, self.now), facts)
    }

    /// Is there anything in it for the center besides a concern, which has a way of its own?
    fn delivers_anything(&self) -> bool {
        let beside = |entry: &SharedEntry| !is_concern(entry) && !is_subject_data(entry.kind());
        !self.offers() || self.entries.iter().any(beside) || !self.entries.iter().any(is_concern)
    }

    /// Would an entry of this parcel for whose sake it is delivered, and of such a kind, be seen?
    pub(super) fn shows_any(&self, would: &Released, wanted: &dyn Fn(&str) -> bool) -> bool {
        let entries: Vec<(EntryId, &str)> = self.entries.iter().filter_map(|e| Some((e.id()?, e.kind()))).collect();
        let kind_of = |id: EntryId| entries.iter().find(|(own, _)| *own == id).is_some_and(|(_, kind)| wanted(kind));
        of_substance(&entries).into_iter().any(|id| kind_of(id) && would.shows(id))
    }

    /// The decision that nothing of this parcel may be seen yet.
    fn refusal_row(&self, would: &Released, facts: &Facts) -> Result<Option<Row>, Refusal> {
        let own: Vec<EntryId> = self.entries.iter().filter_map(SharedEntry::id).collect();
        if !would.withheld().iter().any(|held| own.contains(&held.entry)) {
            return Ok(None);
        }
        let (actor, arriving) = (&Actor::system(), Some(Arriving { message: self.message, entries: &own }));
        let basis = Basis { arriving, ..Basis::new(actor, Serves::default(), facts) };
        let (_, row) = self.hub.refusal_row(would, &self.family, &self.municipality, &basis)?;
        Ok(Some(row))
    }

    /// What of this parcel waits for a person before the center may see it.
    fn held_rows(&self, would: &Released, change: &mut Change) -> Result<(), Refusal> {
        let own: Vec<EntryId> = self.entries.iter().filter_map(SharedEntry::id).collect();
        for question in self.hub.held_by(&self.family, would, &|held| own.contains(&held.entry)) {
            change.rows.push(self.hub.question_row(self.now, &self.family, &self.municipality, question)?);
        }
        Ok(())
    }

    /// The intention to deliver; where something may be seen and no channel leads there, a person is asked.
    fn delivery_rows(
        &self,
        center: &Agency,
        purpose: Purpose,
        visible: bool,
        change: &mut Change,
    ) -> Result<(), Refusal> {
        let mut subscriptions = center.settings.subscriptions.iter().filter(|s| s.purpose == purpose).peekable();
        if visible && subscriptions.peek().is_none() {
            let body = deliver::no_channel_body(self.message.to_string());
            let due = self.now.plus_days(SUGGESTION_DAYS);
            change.rows.push(self.ask(&center.id, deliver::NO_CHANNEL_KIND, due, &self.persons(), &body)?);
        }
        for subscription in subscriptions {
            change.rows.push(Row::Delivery(self.delivery(&center.id, purpose, subscription.channel(), visible)));
        }
        Ok(())
    }

    /// The signals that rest on this parcel; the others were raised with the parcels that they rest on.
    fn signals_in(&self, would: &Released) -> Vec<SignalFound> {
        let own: Vec<EntryId> = self.entries.iter().filter_map(SharedEntry::id).collect();
        let mut found = signals::find(would, self.now);
        found.retain(|found| found.evidence.iter().any(|id| own.contains(id)));
        found
    }

    /// What the format could not settle by itself, and promised its sender to put before a person.
    fn question_rows(&self, center: &AgencyId, change: &mut Change) -> Result<(), Refusal> {
        let asked = self.parcel.diagnostics.iter().filter(|said| ASKS_A_PERSON.contains(&&*said.code));
        for said in asked {
            let body = WorkBody::new(said.code.clone(), said.text.clone(), self.message.to_string());
            let due = self.now.plus_days(SUGGESTION_DAYS);
            change.rows.push(self.ask(center, "check", due, &self.persons(), &body)?);
        }
        Ok(())
    }

    /// A question of this parcel to an agency.
    pub(super) fn ask(
        &self,
        owner: &AgencyId,
        kind: &'static str,
        due: Time,
        persons: &[PersonId],
        body: &WorkBody,
    ) -> Result<Row, Refusal> {
        let (municipality, family) = (&self.municipality, &self.family);
        self.hub.ask(self.now, &Question { owner, kind, due, municipality, family, persons }, body)
    }

    pub(super) fn delivery(
        &self,
        recipient: &AgencyId,
        purpose: Purpose,
        channel: String,
        visible: bool,
    ) -> DeliveryRow {
        let due = deliver::due(&channel, self.now);
        DeliveryRow {
            municipality: self.municipality.clone(),
            id: DeliveryId(self.hub.id(self.now)),
            recipient: recipient.clone(),
            purpose,
            format: channel,
            message: Some(self.message),
            entries: Vec::new(),
            question: None,
            state: if visible { DeliveryState::Waiting } else { DeliveryState::Held },
            attempts: 0,
            created_at: self.now,
            next_at: if visible { due } else { self.now.plus_days(self.hub.policy.no_basis_days()) },
            reason: if visible { String::new() } else { deliver::NO_BASIS.to_owned() },
            released_at: None,
            sent_at: None,
            sequence: 0,
            persons: self.persons().into_iter().map(Concerned::from).collect(),
        }
    }

    /// One H108 for each category of this parcel that the center may not see yet, and that a basis could open. To the author an explanation is safe.
    fn without_basis(&self, would: &Released) -> Vec<Diagnostic> {
        let own: Vec<EntryId> = self.entries.iter().filter_map(SharedEntry::id).collect();
        let could_open = |w: &&Withheld| w.outcome == Outcome::Hold || w.rule == Rule::DefaultDeny;
        let hidden = would.withheld().iter().filter(|w| own.contains(&w.entry)).filter(could_open);
        let categories: CategorySet = hidden.map(|withheld| withheld.category).collect();
        categories.iter().map(no_basis).collect()
    }
}

fn no_basis(category: Category) -> Diagnostic {
    Diagnostic::warning(
        "H108",
        category.to_string(),
        format!(
            "{}(no basis for {category}): 提供の根拠がまだないため、センターには見えません。保管しています。同意の登録または根拠の申出(L03等)があれば届きます。",
            category.japanese()
        ),
        format!(
            "no basis for {category}: kept, not shown to the center; a consent or an asserted ground (L03) releases it"
        ),
    )
}

fn nobody_responsible() -> Diagnostic {
    Diagnostic::warning(
        "M301",
        "municipality",
        "担当する自治体のセンターが分かりません。保管しています。住所または自治体コードを補って送り直してください。",
        "No center is responsible yet. It is kept; send it again with an address or municipality code.",
    )
}
