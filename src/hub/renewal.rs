//! The end of a shield (支援措置, F11). It warns and lifts nothing: the shield stays in force until an officer says that it is
//! renewed or lifted. What protects less than before waits for a second officer (S-58); what protects as much or more does not.

use super::caller::Caller;
use super::consents::Fact;
use super::emergency::not_an_answer;
use super::family::Family;
use super::ledger::act;
use super::persons::{only_center_staff, unknown_person};
use super::work::{Answer, Question, WorkBody, WorkItem};
use super::{Hub, Refusal};
use crate::store::{Change, Expect, FactKind, Row, WorkItemRow};
use jiff::ToSpan;
use musubi_core::adapter::Text;
use musubi_core::agency::{Actor, AgencyId};
use musubi_core::consent::records::Shield;
use musubi_core::id::{FactId, Municipality, PersonId};
use musubi_core::second_person::{NotApproved, Proposal};
use musubi_core::time::Time;

/// Kind of the work item that is due when the shield ends.
pub(super) const RENEWAL: &str = "shield_renewal";
/// Kind of the work item by which a second officer is asked.
pub(super) const LIFT: &str = "shield_lift";
/// Most open proposals of one agency that are looked at in one go.
const PROPOSALS_MAX: u32 = 1000;

/// What became of an answer.
#[derive(PartialEq, Eq)]
pub(super) enum Edit {
    /// The change does it.
    Done,
    /// The change puts it before a second officer. The question stays open.
    Proposed,
}

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
            "住所の支援措置の期限です。延長の申出は1か月前からできます。延長(renew)または解除(lift)を回答してください。解除には24時間以内に別の職員の承認が必要です。それまで措置は続きます。",
            "A shield ends; an extension may be asked for from one month before. Answer renew, or lift, which another officer \
             must approve within 24 hours: until then it stays in force.",
        );
        let body = WorkBody::new("SHIELD_RENEWAL", text, shield.id.to_string());
        let persons = &[shield.subject];
        let question = Question { owner, kind: RENEWAL, due: shield.until, municipality, family, persons };
        self.ask(shield.recorded_at, &question, &body)
    }

    /// The answer: renewed for a year from its end at once, or to be lifted.
    pub(super) async fn renew_or_lift(
        &self,
        caller: &Caller,
        item: &WorkItem,
        answer: &Answer<'_>,
        family: &Family,
        change: &mut Change,
    ) -> Result<Edit, Refusal> {
        only_center_staff(caller)?;
        let (old, now) = (self.shield_of(item, family).await?, self.now());
        let mut new = Shield { id: FactId(self.id(now)), recorded_at: now, ..old.clone() };
        match answer.word {
            "renew" => new.until = a_year_after(new.until),
            "lift" => new.lifted_at = Some(now),
            _ => return Err(not_an_answer("renew, lift")),
        }
        if new.is_weaker_than(&old) {
            let proposal = Proposal::new(caller.hand(), answer.note, now);
            self.propose_lifting(caller, (item, &old), proposal, family, change).await?;
            return Ok(Edit::Proposed);
        }
        self.replace(item, (&old, &new), family, change)?;
        change.rows.push(self.renewal_row(&item.row.owner, &item.row.municipality, family, &new)?);
        Ok(Edit::Done)
    }

    /// A second officer says whether the shield is lifted. Lifting it answers what waited for its end.
    pub(super) async fn lift_or_keep(
        &self,
        caller: &Caller,
        item: &WorkItem,
        answer: &str,
        family: &Family,
        change: &mut Change,
    ) -> Result<(), Refusal> {
        only_center_staff(caller)?;
        let now = self.now();
        let action = match answer {
            "approve" => {
                let proposal = item.body.proposal.as_ref().ok_or_else(lapsed)?;
                proposal.approved_by(&caller.hand(), now).map_err(not_approved)?;
                let old = self.shield_of(item, family).await?;
                let new = Shield { id: FactId(self.id(now)), recorded_at: now, lifted_at: Some(now), ..old.clone() };
                self.replace(item, (&old, &new), family, change)?;
                for (row, body) in self.open_items_about(RENEWAL, &item.body.about, family).await? {
                    self.over(now, family, row, body, change)?;
                }
                "lift shield"
            }
            "refuse" => "keep shield",
            _ => return Err(not_an_answer("approve, refuse")),
        };
        self.say(change, action, &item.row, (caller.id(), &caller.actor), family, &item.body.about);
        Ok(())
    }

    /// Proposals that nobody approved within a day are as if they had never been made; the shield is in force as it was.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(super) async fn look_after_proposals(&self, agency: &AgencyId) -> Result<(), Refusal> {
        let now = self.now();
        for row in self.store.work_items(agency, Some(true), LIFT, PROPOSALS_MAX).await? {
            let persons: Vec<PersonId> = row.persons.iter().map(|concerned| concerned.person).collect();
            let family = self.family(&persons, now).await?;
            let Some(body) = self.body_of(&family, &row) else { continue };
            if body.proposal.as_ref().is_some_and(|proposal| !proposal.has_lapsed(now)) {
                continue;
            }
            let mut change = Change::default();
            let shield = body.about.clone();
            self.say(&mut change, "lifting of shield lapsed", &row, (agency, &Actor::system()), &family, &shield);
            self.over(now, &family, row, body, &mut change)?;
            self.store.commit("a proposal lapsed", change).await?;
        }
        Ok(())
    }

    /// Asks the other officers of the center, once a day at most.
    async fn propose_lifting(
        &self,
        caller: &Caller,
        (item, shield): (&WorkItem, &Shield),
        proposal: Proposal,
        family: &Family,
        change: &mut Change,
    ) -> Result<(), Refusal> {
        let (now, about) = (self.now(), shield.id.to_string());
        for (row, body) in self.open_items_about(LIFT, &about, family).await? {
            if body.proposal.as_ref().is_some_and(|earlier| !earlier.has_lapsed(now)) {
                return Err(proposed_already());
            }
            self.over(now, family, row, body, change)?;
        }
        let text = Text::new(
            "住所の支援措置の解除が提案されています。提案した職員とは別の職員が、24時間以内に承認(approve)するか、解除しない(refuse)かを回答してください。承認まで措置は続き、承認がなければ提案は無効になります。",
            "Somebody proposes to lift a shield. Another officer answers within 24 hours: approve, or refuse. Until then it stays \
             in force, and without an approval the proposal is void.",
        );
        let due = proposal.until;
        let body = WorkBody { proposal: Some(proposal), ..WorkBody::new("SHIELD_LIFT", text, about.as_str()) };
        let WorkItemRow { owner, municipality, .. } = &item.row;
        let question = Question { owner, kind: LIFT, due, municipality, family, persons: &[shield.subject] };
        change.rows.push(self.ask(now, &question, &body)?);
        change.expect.push(Expect::FactHolds { id: shield.id });
        self.say(change, "propose lifting of shield", &item.row, (caller.id(), &caller.actor), family, &about);
        Ok(())
    }

    /// The shield that an item is about, as long as it holds.
    async fn shield_of(&self, item: &WorkItem, family: &Family) -> Result<Shield, Refusal> {
        let fact = FactId::parse(&item.body.about).ok_or_else(unknown_person)?;
        let row = self.store.fact(fact).await?.filter(|row| row.superseded_at.is_none()).ok_or_else(unknown_person)?;
        self.opened(family, &row).ok_or_else(unknown_person)
    }

    /// One shield takes the place of another.
    fn replace(
        &self,
        item: &WorkItem,
        (old, new): (&Shield, &Shield),
        family: &Family,
        change: &mut Change,
    ) -> Result<(), Refusal> {
        change.expect.extend(family.epochs());
        change.expect.push(Expect::FactHolds { id: old.id });
        change.rows.push(Row::Superseded { fact: old.id, at: new.recorded_at, by: Some(new.id) });
        let (kind, persons) = (FactKind::Shield, vec![new.subject]);
        let fact = Fact { id: new.id, kind, recipient: None, persons, value: new };
        change.rows.push(self.fact_row(new.recorded_at, &item.row.municipality, family, &fact)?);
        Ok(())
    }

    /// The open items of a kind about a shield.
    async fn open_items_about(
        &self,
        kind: &str,
        about: &str,
        family: &Family,
    ) -> Result<Vec<(WorkItemRow, WorkBody)>, Refusal> {
        let persons: Vec<PersonId> = family.persons.keys().copied().collect();
        let rows = self.store.work_items_of(&persons).await?.into_iter().filter(|row| row.open && row.kind == kind);
        let opened = rows.filter_map(|row| self.body_of(family, &row).map(|body| (row, body)));
        Ok(opened.filter(|(_, body)| body.about == about).collect())
    }

    fn say(
        &self,
        change: &mut Change,
        action: &str,
        row: &WorkItemRow,
        (agency, actor): (&AgencyId, &Actor),
        family: &Family,
        shield: &str,
    ) {
        let persons: Vec<PersonId> = row.persons.iter().map(|concerned| concerned.person).collect();
        let mut entry = act(self.now(), action, agency, actor);
        entry.evidence = FactId::parse(shield).into_iter().map(|id| id.0.as_bytes().to_vec()).collect();
        change.leaves.push(self.leaf(self.now(), &row.municipality, family, &persons, entry));
    }
}

/// The same date a year later.
fn a_year_after(until: Time) -> Time {
    until.day().checked_add(1.year()).map_or(until, Time::start_of)
}

fn not_approved(why: NotApproved) -> Refusal {
    match why {
        NotApproved::Lapsed => lapsed(),
        NotApproved::SamePerson => Refusal::forbidden(
            "M854",
            "staff_id",
            "提案した職員は承認できません。別の職員が承認してください。",
            "Who proposed it cannot approve it; another officer must.",
        ),
        NotApproved::SameCertificate => Refusal::forbidden(
            "M855",
            "certificate",
            "提案と同じ証明書からは承認できません。別の職員が画面にサインインして承認してください。",
            "It cannot be approved by the certificate that proposed it. Another officer signs in to the pages and approves it.",
        ),
    }
}

fn lapsed() -> Refusal {
    Refusal::conflict(
        "M856",
        "id",
        "24時間以内に承認されなかったため、この提案は無効です。もう一度、期限の用件から解除(lift)を提案してください。",
        "Nobody approved this within 24 hours. Propose the lifting again by the item about its end.",
    )
}

fn proposed_already() -> Refusal {
    Refusal::conflict(
        "M857",
        "id",
        "解除はすでに提案されています。別の職員が、解除の承認の用件に回答してください。",
        "The lifting is proposed already. Another officer answers the item that asks for the approval.",
    )
}
