//! Who is told of a break-glass, and what: the center of residence all that it needs to review it; the authors of what is
//! shown that it happened, and neither who asked nor why, because that a child guidance center asked tells of a concern.

use crate::hub::caller::{Caller, request_of};
use crate::hub::family::Family;
use crate::hub::work::{Question, WorkBody};
use crate::hub::{Hub, Refusal};
use crate::store::{Change, FactKind, Row, WorkItemRow};
use musubi_core::adapter::Text;
use musubi_core::agency::{Actor, AgencyId, Purpose, Role};
use musubi_core::consent::records::BreakGlass;
use musubi_core::id::{FactId, Municipality, PersonId};
use musubi_core::japan::working_days::working_days_after;
use musubi_core::record::SharedEntry;
use musubi_core::release::release;
use musubi_core::time::Time;
use std::collections::BTreeSet;

/// Kind of the work item by which one is reviewed.
pub(in crate::hub) const REVIEW: &str = "emergency_review";
/// Working days for the review.
const REVIEW_DAYS: u32 = 3;
/// Kind of the work item by which an author is told.
const NOTICE: &str = "emergency_notice";
/// Days in which an author looks at the notice.
const NOTICE_DAYS: i64 = 7;
/// Days in which somebody looks at an alarm.
const ALARM_DAYS: i64 = 1;

impl Hub {
    /// The rows that go into the change of the second step: one review, a notice for each author, and an alarm where there
    /// are too many. Says until when it is reviewed.
    pub(super) async fn tell_of_emergency(
        &self,
        caller: &Caller,
        family: &Family,
        glass: &BreakGlass,
        change: &mut Change,
    ) -> Result<Time, Refusal> {
        let now = family.at;
        let reviewer = self.reviewer(caller, family, glass);
        let review_by = Time::end_of(working_days_after(now.day(), REVIEW_DAYS));
        let municipality = &self.municipality_of(family, caller);
        let persons = &[glass.subject];
        let mut ask = |owner: &AgencyId, kind, due, body: &WorkBody| -> Result<(), Refusal> {
            let question = Question { owner, kind, due, municipality, family, persons };
            change.rows.push(self.ask(now, &question, body)?);
            Ok(())
        };
        ask(&reviewer, REVIEW, review_by, &review_body(glass))?;
        for author in self.authors_shown(caller, family, glass) {
            if author != *caller.id() && author != reviewer {
                ask(&author, NOTICE, now.plus_days(NOTICE_DAYS), &notice_body())?;
            }
        }
        let this_week = self.broken_within_a_week(caller.id(), now).await? + 1;
        if this_week > self.policy.emergencies_weekly_max() {
            tracing::warn!(agency = %caller.id(), this_week, "an agency breaks the glass often");
            ask(
                &reviewer,
                "emergency_alarm",
                now.plus_days(ALARM_DAYS),
                &alarm_body(caller.id(), self.policy.emergencies_weekly_max()),
            )?;
        }
        Ok(review_by)
    }

    /// The center of residence. Somebody who is kept nowhere is reviewed where the caller's own area has its center, so that
    /// its work list does not tell whether the person was known.
    fn reviewer(&self, caller: &Caller, family: &Family, glass: &BreakGlass) -> AgencyId {
        let center = |municipality: &Municipality| self.register.center(municipality);
        let residence = self.center_of(family, glass.subject);
        let own = || center(&caller.agency.municipality);
        let area = || caller.agency.settings.area.iter().find_map(center);
        residence.or_else(own).or_else(area).map_or_else(|| caller.id().clone(), |center| center.id.clone())
    }

    /// Who wrote what is open from now on.
    fn authors_shown(&self, caller: &Caller, family: &Family, glass: &BreakGlass) -> BTreeSet<AgencyId> {
        let (record, mut facts) = family.whole();
        let authors: Vec<_> =
            record.entries().iter().filter_map(|entry| Some((entry.id()?, entry.author()?))).collect();
        let subject = facts.subjects.entry(family.known_as(glass.subject)).or_default();
        subject.break_glass.push(glass.clone());
        let request = request_of(&caller.agency, caller.actor.clone(), Purpose::P11, None);
        let released = release(record, &request, &facts, &self.policy, family.at);
        authors.into_iter().filter(|(entry, _)| released.shows(*entry)).map(|(_, author)| author).collect()
    }

    /// What arrives while the glass is broken may be read at once: its author is told as well, once for each break-glass.
    pub(in crate::hub) async fn tell_author_of_emergencies(
        &self,
        author: &Caller,
        family: &Family,
        entries: &[SharedEntry],
        now: Time,
    ) -> Result<Vec<Row>, Refusal> {
        let mut rows = Vec::new();
        let on_file = family.facts.values().flat_map(|facts| &facts.break_glass);
        for glass in on_file.filter(|glass| glass.live(&glass.agency, &glass.staff_id, now)) {
            let reviews = self.center_of(family, glass.subject).is_some_and(|center| center.id == *author.id());
            if glass.agency == *author.id() || reviews || !self.shows_in_emergency(glass, family, entries, now) {
                continue;
            }
            let told = self.store.work_items_of(&family.ids_of(glass.subject)).await?;
            let since = glass.confirmed_at.unwrap_or(now);
            let same =
                |item: &WorkItemRow| item.kind == NOTICE && item.owner == *author.id() && item.created_at >= since;
            if told.iter().any(same) {
                continue;
            }
            let (owner, municipality) = (author.id(), &self.municipality_of(family, author));
            let (due, persons) = (now.plus_days(NOTICE_DAYS), &[glass.subject]);
            let question = Question { owner, kind: NOTICE, due, municipality, family, persons };
            rows.push(self.ask(now, &question, &notice_body())?);
        }
        Ok(rows)
    }

    /// Does a break-glass open any of these entries?
    fn shows_in_emergency(&self, glass: &BreakGlass, family: &Family, entries: &[SharedEntry], now: Time) -> bool {
        let Some(agency) = self.register.agency(&glass.agency).filter(|agency| agency.active) else { return false };
        let role = agency.staff.get(&glass.staff_id).copied().unwrap_or(Role::System);
        let actor = Actor { staff_id: glass.staff_id.clone(), role };
        let request = request_of(&agency, actor, Purpose::P11, None);
        let (record, facts) = family.whole_with(entries);
        let released = release(record, &request, &facts, &self.policy, now);
        entries.iter().filter_map(SharedEntry::id).any(|id| released.shows(id))
    }

    async fn broken_within_a_week(&self, agency: &AgencyId, now: Time) -> Result<usize, Refusal> {
        let mut count = 0;
        for row in self.store.facts_for(agency, FactKind::BreakGlass, now).await? {
            if row.recorded_at.plus_days(7) <= now {
                continue;
            }
            let confirmed = self.open_glass(&row).await?.and_then(|(_, glass)| glass.confirmed_at);
            count += usize::from(confirmed.is_some_and(|at| at.plus_days(7) > now));
        }
        Ok(count)
    }

    /// Is a review of something that this member of staff broke open past its deadline?
    pub(super) async fn has_overdue_review(&self, caller: &Caller) -> Result<bool, Refusal> {
        let now = self.now();
        for row in self.store.facts_for(caller.id(), FactKind::BreakGlass, now).await? {
            let persons: Vec<PersonId> = row.persons.iter().map(|c| c.person).collect();
            let items = self.store.work_items_of(&persons).await?;
            let overdue =
                |item: &&WorkItemRow| item.open && item.kind == REVIEW && item.due_at.is_some_and(|due| due <= now);
            for item in items.iter().filter(overdue) {
                let reviewed = self.reviewed(item).await?;
                if reviewed
                    .is_some_and(|(_, glass)| glass.agency == *caller.id() && glass.staff_id == caller.actor.staff_id)
                {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// The break-glass that a review is about, as it was confirmed.
    pub(in crate::hub) async fn reviewed(&self, item: &WorkItemRow) -> Result<Option<(Family, BreakGlass)>, Refusal> {
        let Some(body) = self.open_item(item).await? else { return Ok(None) };
        let Some(fact) = FactId::parse(&body.about) else { return Ok(None) };
        match self.store.fact(fact).await? {
            Some(row) => self.open_glass(&row).await,
            None => Ok(None),
        }
    }
}

/// Content-free, as every member of the center's staff may list it: who asked and why stands in the record, for those who
/// review it.
fn review_body(glass: &BreakGlass) -> WorkBody {
    let text = Text::new(
        "緊急閲覧が行われました。記録を見て、正当だったかを期限までに回答してください(justified / not_justified)。",
        "Somebody broke the glass. See the record (the id in `about`), and answer whether it was justified by the deadline.",
    );
    WorkBody::new("EMERGENCY_REVIEW", text, glass.id.to_string())
}

fn notice_body() -> WorkBody {
    let text = Text::new(
        "お送りいただいた記録が緊急閲覧で開かれました。事後確認は担当センターが行います。",
        "A record that you wrote was opened in an emergency. The center in charge reviews it.",
    );
    WorkBody::new("EMERGENCY_ACCESS", text, "")
}

fn alarm_body(agency: &AgencyId, most: usize) -> WorkBody {
    let text = Text::new(
        format!("同じ機関の緊急閲覧が1週間に{most}件を超えました。使い方を確認してください。"),
        format!("One agency broke the glass more than {most} times within a week. See how it is used."),
    );
    WorkBody::new("EMERGENCY_OFTEN", text, agency.as_str())
}
