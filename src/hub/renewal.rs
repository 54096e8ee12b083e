//! The end of a shield (支援措置, F11). It warns and lifts nothing: the shield stays in force until an officer says that it is
//! renewed or lifted.

use super::caller::Caller;
use super::consents::Fact;
use super::emergency::not_an_answer;
use super::family::Family;
use super::persons::{only_center_staff, unknown_person};
use super::work::{Question, WorkBody, WorkItem};
use super::{Hub, Refusal};
use crate::store::{Change, Expect, FactKind, Row};
use jiff::ToSpan;
use musubi_core::adapter::Text;
use musubi_core::agency::AgencyId;
use musubi_core::consent::records::Shield;
use musubi_core::id::{FactId, Municipality};
use musubi_core::time::Time;

/// Kind of the work item that is due when the shield ends.
pub(super) const RENEWAL: &str = "shield_renewal";

impl Hub {
    /// The question that waits from the beginning, due when the shield ends.
    pub(super) fn renewal_row(
        &self,
        owner: &AgencyId,
        municipality: &Municipality,
        family: &Family,
        shield: &Shield,
    ) -> Result<Row, Refusal> {
        let text = Text::new(
            "住所の支援措置の期限です。延長の申出は1か月前からできます。延長(renew)または解除(lift)を回答してください。回答まで措置は続きます。",
            "A shield ends; an extension may be asked for from one month before. Answer renew or lift: until then it stays in force.",
        );
        let body = WorkBody::new("SHIELD_RENEWAL", text, shield.id.to_string());
        let persons = &[shield.subject];
        let question = Question { owner, kind: RENEWAL, due: shield.until, municipality, family, persons };
        self.ask(shield.recorded_at, &question, &body)
    }

    /// The answer: renewed for a year from its end, or lifted now.
    pub(super) async fn renew_or_lift(
        &self,
        caller: &Caller,
        item: &WorkItem,
        answer: &str,
        family: &Family,
        change: &mut Change,
    ) -> Result<(), Refusal> {
        only_center_staff(caller)?;
        let fact = FactId::parse(&item.body.about).ok_or_else(unknown_person)?;
        let row = self.store.fact(fact).await?.filter(|row| row.superseded_at.is_none()).ok_or_else(unknown_person)?;
        let old: Shield = self.open_json(family, &row.body, "fact", row.id.0, 0).ok_or_else(unknown_person)?;
        let now = self.now();
        let mut new = Shield { id: FactId(self.id(now)), recorded_at: now, ..old };
        match answer {
            "renew" => new.until = a_year_after(new.until),
            "lift" => new.lifted_at = Some(now),
            _ => return Err(not_an_answer("renew, lift")),
        }
        change.expect.extend(family.epochs());
        change.expect.push(Expect::FactHolds { id: fact });
        change.rows.push(Row::Superseded { fact, at: now, by: Some(new.id) });
        let (kind, persons) = (FactKind::Shield, vec![new.subject]);
        let renewed = Fact { id: new.id, kind, recipient: None, persons, value: &new };
        change.rows.push(self.fact_row(now, &item.row.municipality, family, &renewed)?);
        if new.lifted_at.is_none() {
            change.rows.push(self.renewal_row(&item.row.owner, &item.row.municipality, family, &new)?);
        }
        Ok(())
    }
}

/// The same date a year later.
fn a_year_after(until: Time) -> Time {
    until.day().checked_add(1.year()).map_or(until, Time::start_of)
}
