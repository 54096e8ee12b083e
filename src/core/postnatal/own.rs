//! What a provider has in hand: its approvals with what is left of each, and what it claims for a month, read from what was
//! released to it and from nothing else.

use super::approval::{day, kind_of};
use super::care::{CareUse, Kind};
use super::claim::{Claim, ClaimLine, line_for};
use super::fee::tickets_used;
use super::limits::units_used;
use super::policy::Policies;
use super::record::from_body;
use crate::agency::AgencyId;
use crate::id::Municipality;
use crate::release::Released;
use crate::time::{Day, Time};
use musubi_proto::v1 as proto;
use proto::entry::Body;

/// An approval as its provider has it in hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holding {
    /// Its number.
    pub number: String,
    /// Kinds of care.
    pub kinds: Vec<Kind>,
    /// First day.
    pub from: Day,
    /// Last day.
    pub until: Day,
    /// Units left by now: what the approval says, less the provider's own uses since its revision.
    pub units_left: u32,
    /// Reduced units left, counted the same way; none where that is not for the provider to know.
    pub reductions_left: Option<u32>,
    /// Number of the extension, with which the limit may be passed.
    pub extension: Option<String>,
}

impl Holding {
    /// Is it in force on a day?
    pub fn holds_on(&self, day: Day) -> bool {
        self.from <= day && day <= self.until
    }
}

/// What a provider holds of one family, for the municipality that it works for.
pub struct Own<'a> {
    provider: &'a AgencyId,
    municipality: &'a Municipality,
    policies: &'a Policies,
}

impl<'a> Own<'a> {
    /// The view of one provider under contract with a municipality.
    pub fn new(provider: &'a AgencyId, municipality: &'a Municipality, policies: &'a Policies) -> Self {
        Own { provider, municipality, policies }
    }

    /// Its approvals, by number.
    pub fn approvals(&self, released: &Released) -> Vec<Holding> {
        let uses = self.uses(released);
        let bodies = released.record().entries.iter().filter_map(|entry| match &entry.body {
            Some(Body::CareApproval(body)) if body.provider == self.provider.as_str() => Some(body),
            _ => None,
        });
        let mut held: Vec<Holding> = bodies.filter_map(|body| self.holding(body, &uses)).collect();
        held.sort_by(|one, other| one.number.cmp(&other.number));
        held
    }

    fn holding(&self, body: &proto::CareApproval, uses: &[CareUse]) -> Option<Holding> {
        let (from, until) = (body.from.as_ref().and_then(day)?, body.until.as_ref().and_then(day)?);
        let revised = body.revised_on.as_ref().and_then(day).unwrap_or(from);
        let policy = self.policies.at(self.municipality, from.max(revised).min(until))?;
        let since = |one: &&CareUse| one.approval_no == body.approval_number && one.start >= Time::start_of(revised);
        let since: Vec<&CareUse> = uses.iter().filter(since).collect();
        let count = |units: Option<i32>| units.and_then(|units| u32::try_from(units).ok());
        let tickets = since.iter().map(|one| tickets_used(policy, one)).fold(0, u32::saturating_add);
        Some(Holding {
            number: body.approval_number.clone(),
            kinds: body.kinds.iter().filter_map(|kind| kind_of(kind)).collect(),
            from,
            until,
            units_left: count(body.units_left).unwrap_or(0).saturating_sub(units_used(policy, since)),
            reductions_left: count(body.reductions_left).map(|left| left.saturating_sub(tickets)),
            extension: (body.extended == Some(true)).then(|| body.extension_number.clone()),
        })
    }

    /// Its accepted uses, by their beginning.
    pub fn uses(&self, released: &Released) -> Vec<CareUse> {
        let uses = released.record().entries.iter().filter_map(|entry| match &entry.body {
            Some(Body::CareDelivery(body)) if body.provider == self.provider.as_str() => {
                from_body(body, &entry.source_key, self.municipality.as_str())
            }
            _ => None,
        });
        let mut uses: Vec<CareUse> = uses.collect();
        uses.sort_by_key(|one| one.start);
        uses
    }

    /// What it claims for the uses that ended in a month.
    pub fn claim<'u>(&self, uses: impl IntoIterator<Item = &'u CareUse>, (year, month): (i16, i8)) -> Claim {
        let line = |one: &CareUse| -> Option<ClaimLine> {
            let ended = one.end.day();
            let policy = self.policies.at(self.municipality, one.start.day())?;
            if (ended.year(), ended.month()) == (year, month) { line_for(policy, one) } else { None }
        };
        Claim::of(uses.into_iter().filter_map(line).collect())
    }
}
