//! Whom a request under the law is put before (`consent.md` section 5, flow 2): the center where the persons are kept, at once,
//! and each agency that wrote something of what is held for it, as soon as that is so. Each answers for what it wrote, the center
//! also for the offices of its municipality; nobody's answer opens what another wrote, or is seen by another.

use super::caller::{Caller, request_of};
use super::family::Family;
use super::grounds::ASKED;
use super::work::{HOLD, Question, WorkBody};
use super::{Hub, Refusal};
use crate::store::{Change, Row, WorkItemRow};
use musubi_core::adapter::Text;
use musubi_core::agency::{Actor, AgencyId, AgencyKind, Purpose};
use musubi_core::consent::records::{ConsentKind, Ground, Level};
use musubi_core::consent::{Outcome, Request, Rule, SubjectFacts};
use musubi_core::id::{FactId, PersonId};
use musubi_core::release::{Released, Withheld, withheld};
use std::collections::{BTreeMap, BTreeSet};

/// Days in which a holder answers a request.
pub(super) const ANSWER_DAYS: i64 = 7;

/// What a request says to one of its holders.
pub(super) fn request_body(ground: &Ground) -> WorkBody {
    let text = Text::new(
        "法に基づく情報提供の求めが届いています。区分ごとに承認または不承認を回答してください。",
        "A request under the law has come. Approve or refuse it, category by category.",
    );
    WorkBody::new(format!("REQUEST_{}", ground.code), text, ground.id.to_string())
}

/// Those who are to be asked, each with the persons of whom it wrote.
type Asked = BTreeMap<(FactId, AgencyId), BTreeSet<PersonId>>;

impl Hub {
    /// The rows that put a request that is about to be made before the center where the persons are kept, and before those who
    /// wrote what it asks for.
    pub(super) async fn requests_of_new(
        &self,
        caller: &Caller,
        family: &Family,
        ground: &Ground,
        center: Option<&AgencyId>,
    ) -> Result<Vec<Row>, Refusal> {
        let mut asked = Asked::new();
        if let Some(center) = center.filter(|center| *center != caller.id()) {
            asked.insert((ground.id, center.clone()), ground.subjects.iter().copied().collect());
        }
        let grounds = std::slice::from_ref(ground);
        for request in Purpose::ALL.iter().filter_map(|purpose| caller.request(*purpose, Some(ground.id)).ok()) {
            self.add_asked(&mut asked, family, grounds, &request, &|_| true);
        }
        self.request_rows(family, grounds, asked).await
    }

    /// The rows that put requests before those who wrote what a decision did not show for want of their approval; none for who was
    /// asked and has nothing new to weigh.
    pub(super) async fn requests_of(
        &self,
        family: &Family,
        released: &Released,
        meant: &(dyn Fn(&Withheld) -> bool + Sync),
    ) -> Result<Vec<Row>, Refusal> {
        let for_it = |ground: &&Ground| {
            ASKED.contains(&ground.code) && ground.recipient == *released.recipient() && ground.live(family.at)
        };
        let grounds: Vec<Ground> = family.grounds.iter().filter(for_it).cloned().collect();
        let Some(recipient) = self.register.agency(released.recipient()).filter(|_| !grounds.is_empty()) else {
            return Ok(Vec::new());
        };
        let mut asked = Asked::new();
        let request = request_of(&recipient, Actor::system(), released.purpose(), None);
        self.add_asked(&mut asked, family, &grounds, &request, meant);
        self.request_rows(family, &grounds, asked).await
    }

    /// Who would have to approve for all that these grounds ask for to be seen, whatever the usual level of such a request is.
    fn add_asked(
        &self,
        asked: &mut Asked,
        family: &Family,
        grounds: &[Ground],
        request: &Request,
        meant: &dyn Fn(&Withheld) -> bool,
    ) {
        let (record, mut facts) = family.whole();
        facts.grounds = grounds.iter().map(|ground| Ground { level: Some(Level::L3), ..ground.clone() }).collect();
        let withheld = withheld(&record, request, &facts, &self.policy, family.at);
        let held = |held: &&Withheld| held.outcome == Outcome::Hold && held.rule == Rule::Approval && meant(held);
        for held in withheld.iter().filter(held) {
            for ground in grounds.iter().filter(|ground| held.evidence.contains(&ground.id)) {
                if let Some(owner) = self.holder_of(family, ground, &request.recipient, held) {
                    asked.entry((ground.id, owner)).or_default().extend(&held.persons);
                }
            }
        }
    }

    async fn request_rows(&self, family: &Family, grounds: &[Ground], mut asked: Asked) -> Result<Vec<Row>, Refusal> {
        if asked.is_empty() {
            return Ok(Vec::new());
        }
        for (ground, row) in self.open_or_weighed(family).await? {
            asked.remove(&(ground, row.owner));
        }
        let mut rows = Vec::new();
        for ((id, owner), persons) in &asked {
            let Some(ground) = grounds.iter().find(|ground| ground.id == *id) else { continue };
            let persons: Vec<PersonId> = persons.iter().copied().collect();
            let first = persons.first().and_then(|person| family.persons.get(&family.known_as(*person)));
            let Some(first) = first else { continue };
            let (due, municipality) = (family.at.plus_days(ANSWER_DAYS), &first.municipality);
            let question = Question { owner, kind: HOLD, due, municipality, family, persons: &persons };
            rows.push(Row::Epoch(first.id));
            rows.push(self.ask(family.at, &question, &request_body(ground))?);
        }
        Ok(rows)
    }

    /// Who answers for something that is held. The center for its offices; nobody that the law does not let disclose, and nobody
    /// to whom the request itself would tell where somebody in hiding is looked for.
    fn holder_of(&self, family: &Family, ground: &Ground, recipient: &AgencyId, held: &Withheld) -> Option<AgencyId> {
        let author = self.register.agency(held.author.as_ref()?).filter(|author| author.active)?;
        let discloses = self.policy.ground(ground.code)?.disclosers.contains(&author.kind);
        if author.id == *recipient || !discloses {
            return None;
        }
        let center = held.persons.iter().find_map(|person| self.center_of(family, *person));
        let answers = |id: &AgencyId| center.as_ref().is_some_and(|center| center.id == *id);
        if answers(&author.id) {
            return Some(author.id.clone());
        }
        let office = center.as_ref().filter(|center| self.register.offices_of(center).contains(&author.id));
        if let Some(center) = office.filter(|center| center.id != *recipient) {
            return Some(center.id.clone());
        }
        let barred = |facts: &SubjectFacts| {
            let named = |allowed: &[AgencyId]| author.kind == AgencyKind::Cgc || allowed.contains(&author.id);
            facts.perpetrator_links.iter().any(|link| link.on(family.at) && link.agency == author.id)
                || facts.shields.iter().any(|shield| shield.on(family.at) && !named(&shield.allowed))
        };
        (!family.facts.values().any(barred)).then(|| author.id.clone())
    }

    /// The requests about a family that somebody has before him, or answered with everything in view that the persons said.
    async fn open_or_weighed(&self, family: &Family) -> Result<Vec<(FactId, WorkItemRow)>, Refusal> {
        let said = family.facts.values().flat_map(|facts| &facts.consents);
        let last_no = said.filter(|said| said.kind == ConsentKind::Objection).map(|said| said.recorded_at).max();
        let in_view = |row: &WorkItemRow| row.open || last_no.is_none_or(|no| row.answered_at >= Some(no));
        let asked = self.requests_about(family).await?;
        Ok(asked.into_iter().filter(|(_, row)| in_view(row)).collect())
    }

    /// Every request about a family that was put before somebody, by the id that its ground has now.
    async fn requests_about(&self, family: &Family) -> Result<Vec<(FactId, WorkItemRow)>, Refusal> {
        let persons: Vec<PersonId> = family.persons.keys().copied().collect();
        let mut found = Vec::new();
        for row in self.store.work_items_of(&persons).await?.into_iter().filter(|row| row.kind == HOLD) {
            let body: Option<WorkBody> = self.opened(family, &row);
            let Some(about) = body.and_then(|body| FactId::parse(&body.about)) else { continue };
            if let Some(ground) = self.latest_fact(about).await? {
                found.push((ground.id, row));
            }
        }
        Ok(found)
    }

    /// A ground has ended: whoever was asked under it, and has not answered, need not any more.
    pub(super) async fn nothing_to_answer(
        &self,
        family: &Family,
        ended: &BTreeSet<FactId>,
        change: &mut Change,
    ) -> Result<(), Refusal> {
        let now = family.at;
        let open = self.requests_about(family).await?.into_iter().filter(|(id, row)| row.open && ended.contains(id));
        for (_, row) in open {
            if let Some(body) = self.body_of(family, &row) {
                self.over(now, family, row, body, change)?;
            }
        }
        Ok(())
    }
}
