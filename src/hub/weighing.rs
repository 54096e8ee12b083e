//! HOLD: where the rules leave a release to a person, one is asked, once, and the answer is a fact that the next decision
//! rests on (`consent.md` section 4). A source answers for what it restricted and for grounds of its own; an officer of the
//! center of residence where the word of a grantor is in doubt. The recipient learns nothing of either.
//!
//! What holders are asked under (L04, L05, L07, L12) is put before them as a request: `holders.rs`.

use super::access::reason_too_short;
use super::caller::Caller;
use super::consents::Fact;
use super::emergency::not_an_answer;
use super::family::Family;
use super::grounds::{ASKED, person_acts};
use super::persons::only_center_staff;
use super::work::{Answer, Question, WorkBody, WorkItem};
use super::{Hub, Refusal};
use crate::store::{Change, Expect, FactKind, Row, StoreError};
use musubi_core::adapter::Text;
use musubi_core::agency::{AgencyId, CategorySet, Purpose, Role};
use musubi_core::consent::weighing::{Doubt, Part, Weighing};
use musubi_core::consent::{Outcome, Rule};
use musubi_core::id::{EntryId, FactId, Municipality, PersonId};
use musubi_core::release::{Released, Withheld};
use musubi_core::time::Time;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Kind of the work item by which a source is asked.
pub(super) const ASK_SOURCE: &str = "weigh";
/// Kind of the work item by which an officer of the center is asked. Only officers list it: the center may itself be the
/// recipient, and the one who asked for the record is not to learn that something was held.
pub(super) const ASK_OFFICER: &str = "weigh_conflict";
/// The word that takes an answer back, and what the item says afterwards.
pub(super) const TAKE_BACK: &str = "take_back";
const TAKEN_BACK: &str = "taken_back";
/// Who answers where the word of a grantor is in doubt.
pub(super) const OFFICERS: [Role; 3] = [Role::LegalOfficer, Role::PrivacyOfficer, Role::ChildWelfareOfficer];
/// Days in which somebody answers, as for a request.
const ANSWER_DAYS: i64 = 7;
/// Days for which an answer holds when it names no end.
const HOLDS_DAYS: i64 = 90;

/// What was held, and would be released to whom; kept in the work item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeldRelease {
    /// What was in doubt.
    pub doubt: Doubt,
    /// Who would receive.
    pub recipient: AgencyId,
    /// For what.
    pub purpose: Purpose,
    /// Whose data.
    pub subjects: Vec<PersonId>,
    /// What of it.
    pub parts: Vec<Part>,
}

/// What is held, by who is to be asked and for what.
type Questions = BTreeMap<(AgencyId, Doubt), HeldRelease>;

impl Hub {
    /// The questions that a decision leaves to persons, of those entries that are meant.
    pub(super) fn held_by(&self, family: &Family, released: &Released, meant: &dyn Fn(&Withheld) -> bool) -> Questions {
        let mut questions = Questions::new();
        let held = released.withheld().iter().filter(|held| held.outcome == Outcome::Hold);
        for held in held.filter(|held| meant(held)) {
            for doubt in doubts(family, held) {
                let Some(owner) = self.whom_to_ask(family, doubt, held) else { continue };
                let question = questions.entry((owner, doubt)).or_insert_with(|| HeldRelease {
                    doubt,
                    recipient: released.recipient().clone(),
                    purpose: released.purpose(),
                    subjects: Vec::new(),
                    parts: Vec::new(),
                });
                question.add(held);
            }
        }
        questions
    }

    /// The author, for what it restricts and for its own grounds; the center of residence for the word of a grantor, and for
    /// an author that is there no more.
    fn whom_to_ask(&self, family: &Family, doubt: Doubt, held: &Withheld) -> Option<AgencyId> {
        let center = || held.persons.iter().find_map(|person| self.center_of(family, *person)).map(|it| it.id.clone());
        let author = held.author.as_ref().and_then(|author| self.register.agency(author)).filter(|it| it.active);
        match doubt {
            Doubt::Conflict => center(),
            Doubt::Ground(_) | Doubt::Originator => author.map(|author| author.id.clone()).or_else(center),
        }
    }

    /// One work item: what is held, for whoever is asked.
    pub(super) fn question_row(
        &self,
        now: Time,
        family: &Family,
        municipality: &Municipality,
        ((owner, doubt), held): ((AgencyId, Doubt), HeldRelease),
    ) -> Result<Row, Refusal> {
        let kind = if doubt == Doubt::Conflict { ASK_OFFICER } else { ASK_SOURCE };
        let persons = held.subjects.clone();
        let question =
            Question { owner: &owner, kind, due: now.plus_days(ANSWER_DAYS), municipality, family, persons: &persons };
        self.ask(now, &question, &body_of(held))
    }

    /// The rows that put what a decision held before persons; none for what somebody is asked already. They count the epochs
    /// up, so that of two decisions at the same time one asks.
    pub(super) async fn questions_of(
        &self,
        now: Time,
        family: &Family,
        released: &Released,
        meant: &(dyn Fn(&Withheld) -> bool + Sync),
    ) -> Result<Vec<Row>, Refusal> {
        let mut rows = self.requests_of(family, released, meant).await?;
        let mut questions = self.held_by(family, released, meant);
        if questions.is_empty() {
            return Ok(rows);
        }
        let persons: Vec<PersonId> = family.persons.keys().copied().collect();
        let asked = self.store.work_items_of(&persons).await?;
        for row in asked.iter().filter(|row| row.open && matches!(row.kind.as_str(), ASK_SOURCE | ASK_OFFICER)) {
            let body: Option<WorkBody> = self.opened(family, row);
            let Some(held) = body.and_then(|body| body.held) else { continue };
            if let Some(question) = questions.get_mut(&(row.owner.clone(), held.doubt)) {
                question.leave_out(&held);
            }
        }
        for (key, held) in questions.into_iter().filter(|(_, held)| !held.parts.is_empty()) {
            let Some(first) = held.subjects.first().map(|person| family.known_as(*person)) else { continue };
            let Some(municipality) = family.persons.get(&first).map(|row| row.municipality.clone()) else { continue };
            rows.push(Row::Epoch(first));
            rows.push(self.question_row(now, family, &municipality, (key, held))?);
        }
        Ok(rows)
    }

    /// The same where nothing else is written. `false` when something changed meanwhile: the caller decides again.
    pub(super) async fn put_before_persons(
        &self,
        now: Time,
        family: &Family,
        released: &Released,
        meant: &(dyn Fn(&Withheld) -> bool + Sync),
    ) -> Result<bool, Refusal> {
        let rows = self.questions_of(now, family, released, meant).await?;
        if rows.is_empty() {
            return Ok(true);
        }
        let change = Change { expect: family.epochs(), rows, ..Change::default() };
        match self.store.commit("ask a person", change).await {
            Ok(_) => Ok(true),
            Err(StoreError::Conflict(_)) => Ok(false),
            Err(other) => Err(other.into()),
        }
    }

    /// The answer to a question becomes a fact: permitted or refused, for what the item names and nothing else. Its id.
    pub(super) fn weigh(
        &self,
        caller: &Caller,
        item: &WorkItem,
        answer: &Answer<'_>,
        family: &Family,
        change: &mut Change,
    ) -> Result<FactId, Refusal> {
        may_answer(caller, &item.row.kind)?;
        let permit = match answer.word {
            "permit" => true,
            "refuse" => false,
            _ => return Err(not_an_answer("permit, refuse")),
        };
        let Some(held) = &item.body.held else { return Err(not_an_answer("permit, refuse")) };
        let now = self.now();
        let id = FactId(self.id(now));
        let weighing = Weighing {
            id,
            doubt: held.doubt,
            permit,
            agency: caller.id().clone(),
            officer: caller.actor.staff_id.clone(),
            recipient: held.recipient.clone(),
            purpose: held.purpose,
            subjects: held.subjects.clone(),
            parts: held.parts.clone(),
            reason: answer.note.to_owned(),
            evidence: answer.evidence.to_owned(),
            from: now,
            until: answer.until.unwrap_or(now.plus_days(HOLDS_DAYS)),
            recorded_at: now,
        };
        weighing.check().map_err(Refusal::of_faults)?;
        let (kind, persons) = (FactKind::Weighing, held.subjects.clone());
        let fact = Fact { id, kind, recipient: Some(held.recipient.clone()), persons, value: &weighing };
        change.expect.extend(family.epochs());
        change.rows.push(self.fact_row(now, &item.row.municipality, family, &fact)?);
        Ok(id)
    }

    /// Takes an answer back before its end. What it opened is closed at once, its recipients are told, and when the same is held
    /// again somebody is asked anew.
    pub(super) async fn take_back(
        &self,
        caller: &Caller,
        mut item: WorkItem,
        answer: &Answer<'_>,
    ) -> Result<WorkItem, Refusal> {
        may_answer(caller, &item.row.kind)?;
        let fact = item.body.became.take().ok_or_else(|| not_an_answer("permit, refuse"))?;
        if answer.note.trim().chars().count() < Weighing::REASON_MIN {
            return Err(reason_too_short());
        }
        let persons: Vec<PersonId> = item.row.persons.iter().map(|concerned| concerned.person).collect();
        let family = self.family(&persons, self.now()).await?;
        let mut change = Change { expect: vec![Expect::FactHolds { id: fact }], ..Change::default() };
        change.rows.push(Row::Superseded { fact, at: family.at, by: None });
        let given = Answer { word: TAKEN_BACK, ..*answer };
        self.put_answer(caller, &mut item, &given, &family, change).await?;
        self.recall(&persons, &BTreeSet::from([fact])).await;
        self.decide_again(&persons).await;
        Ok(item)
    }
}

impl HeldRelease {
    fn add(&mut self, held: &Withheld) {
        match self.parts.iter_mut().find(|part| part.entry == held.entry) {
            Some(part) => part.categories = part.categories.with(held.category),
            None => self.parts.push(Part { entry: held.entry, categories: CategorySet::EMPTY.with(held.category) }),
        }
        let subjects: BTreeSet<PersonId> = self.subjects.iter().chain(&held.persons).copied().collect();
        self.subjects = subjects.into_iter().collect();
    }

    /// What somebody is asked already, for the same recipient and purpose, is not asked again.
    fn leave_out(&mut self, asked: &HeldRelease) {
        if (&self.recipient, self.purpose) != (&asked.recipient, asked.purpose) {
            return;
        }
        let of = |entry: EntryId| asked.parts.iter().filter(move |part| part.entry == entry);
        for part in &mut self.parts {
            part.categories = of(part.entry).fold(part.categories, |left, asked| left.minus(asked.categories));
        }
        self.parts.retain(|part| !part.categories.is_empty());
    }
}

/// What is in doubt about something that was held. Nothing, where a request to its holders is on its way.
fn doubts(family: &Family, held: &Withheld) -> Vec<Doubt> {
    match held.rule {
        Rule::Conflict => vec![Doubt::Conflict],
        Rule::Originator => vec![Doubt::Originator],
        Rule::Approval | Rule::Proviso => {
            let of_source =
                |id: &&FactId| family.grounds.iter().any(|ground| ground.id == **id && !ASKED.contains(&ground.code));
            held.evidence.iter().filter(of_source).map(|id| Doubt::Ground(*id)).collect()
        }
        _ => Vec::new(),
    }
}

fn may_answer(caller: &Caller, kind: &str) -> Result<(), Refusal> {
    if kind == ASK_SOURCE {
        return person_acts(caller);
    }
    only_center_staff(caller)?;
    if OFFICERS.contains(&caller.actor.role) {
        return Ok(());
    }
    Err(Refusal::forbidden(
        "M811",
        "staff_id",
        "同意・異議の効力の判断は、センターの児童福祉・法務・個人情報保護の担当者が行います。",
        "Whether a word in doubt counts is for an officer of child welfare, law or privacy of the center.",
    ))
}

fn body_of(held: HeldRelease) -> WorkBody {
    let categories = held.parts.iter().fold(CategorySet::EMPTY, |all, part| all.union(part.categories));
    let labels: Vec<String> = categories.iter().map(|category| format!("{category} {}", category.japanese())).collect();
    let codes: Vec<String> = categories.iter().map(|category| category.to_string()).collect();
    let (labels, codes, to, purpose) = (labels.join("、"), codes.join(", "), &held.recipient, held.purpose);
    let (code, why, because) = match held.doubt {
        Doubt::Ground(_) => (
            "HELD_GROUND",
            "根拠の申出のあとに異議があったか、不当な侵害のおそれが記録されています",
            "an objection came after the ground was asserted, or a harm is marked",
        ),
        Doubt::Conflict => (
            "HELD_CONFLICT",
            "同意または異議の効力を人が判断する必要があります",
            "whether a consent or an objection counts is for a person",
        ),
        Doubt::Originator => {
            ("HELD_ASK", "提供の前に貴機関へ確認する扱いになっています", "you asked to be asked before it is passed on")
        }
    };
    let text = Text::new(
        format!(
            "{to}(目的 {purpose})への提供を保留しています: {labels}。{why}。理由を20文字以上で添えて、提供する(permit)か提供しない(refuse)かを回答してください。回答は期限の前でも取り消せます(take_back)。"
        ),
        format!(
            "A release to {to} ({purpose}) is held: {codes}; {because}. Answer permit or refuse, with the reason in 20 characters or more. An answer can be taken back before its end (take_back)."
        ),
    );
    let about: Vec<String> = held.parts.iter().map(|part| part.entry.to_string()).collect();
    WorkBody { held: Some(held), ..WorkBody::new(code, text, about.join(" ")) }
}
