//! Referrals as REF^I12, one for each number with all who are asked; each step of a loop as RRI^I12, or REF^I14 where
//! the one who referred asks to cancel.

use super::super::referral::{KIND_SYSTEM, STATE_SYSTEM};
use super::Message;
use super::line::{Line, components, repeated};
use crate::family::{Person, referral};
use crate::wording::codes::{REFERRAL_KIND, word};
use crate::wording::japanese_moment;
use musubi_proto::v1 as proto;
use proto::entry::Body;
use std::collections::BTreeMap;

/// The messages of one person.
pub(super) fn messages(person: &Person<'_>, pid: &Line) -> Vec<Message> {
    let mut by_number: BTreeMap<&str, Vec<&proto::Referral>> = BTreeMap::new();
    for (_, referral) in person.bodies(referral) {
        by_number.entry(&referral.referral_id).or_default().push(referral);
    }
    let referrals = by_number.into_values().filter_map(|all| referred(&all, pid));
    let steps = person.bodies(step).into_iter().map(|(_, step)| stepped(step, pid));
    referrals.chain(steps).collect()
}

const fn step(body: &Body) -> Option<&proto::ReferralStep> {
    if let Body::ReferralStep(step) = body { Some(step) } else { None }
}

fn referred(all: &[&proto::Referral], pid: &Line) -> Option<Message> {
    let first = all.first()?;
    let urgency = match first.urgency.as_str() {
        "urgent" => "S",
        "soon" => "A",
        _ => "R",
    };
    let kind = components(&[&first.kind, &word(REFERRAL_KIND, &first.kind), KIND_SYSTEM]);
    let rf1 = Line::new("RF1")
        .with(1, "P".to_owned())
        .with(2, urgency.to_owned())
        .with(3, if first.kind.is_empty() { String::new() } else { kind })
        .say(6, &first.referral_id)
        .at(7, first.requested_at.as_ref())
        .at(8, first.reply_by.as_ref())
        .with(10, components(&["", &first.reason]));
    let asked = all.iter().map(|referral| provider("RT", &referral.to));
    let mut lines = vec![rf1, provider("RP", &first.from)];
    lines.extend(asked);
    lines.push(pid.clone());
    Some(Message { kind: "REF^I12^REF_I12", lines })
}

fn provider(role: &str, agency: &str) -> Line {
    Line::new("PRD").with(1, role.to_owned()).say(7, agency)
}

/// For when a date was set: no field of RF1 has room for it.
fn appointment(step: &proto::ReferralStep) -> String {
    let when = step.scheduled_for.as_ref().and_then(japanese_moment);
    when.map(|when| format!("予定日時 {when}")).unwrap_or_default()
}

/// RF1-1 has four states: what lies between acceptance and the end is `A`. Which it is stands as a code before the words of
/// RF1-10.
fn stepped(step: &proto::ReferralStep, pid: &Line) -> Message {
    let (kind, status) = match step.state.as_str() {
        "cancel_asked" => ("REF^I14^REF_I12", "P"),
        "sent" | "received" => ("RRI^I12^RRI_I12", "P"),
        "declined" | "cancelled" => ("RRI^I12^RRI_I12", "R"),
        "expired" => ("RRI^I12^RRI_I12", "E"),
        _ => ("RRI^I12^RRI_I12", "A"),
    };
    let state = components(&[&step.state, "", STATE_SYSTEM]);
    let rf1 = Line::new("RF1")
        .with(1, status.to_owned())
        .say(6, &step.referral_id)
        .at(7, step.at.as_ref())
        .with(10, repeated([state, components(&["", &step.note]), components(&["", &appointment(step)])]));
    // The asked one takes every step but the request to cancel.
    let (referring, asked) = match step.state.as_str() {
        "cancel_asked" => (&step.by_agency, &step.to_agency),
        _ => (&step.to_agency, &step.by_agency),
    };
    let named = [("RP", referring), ("RT", asked)].into_iter().filter(|(_, agency)| !agency.is_empty());
    let parties = named.map(|(role, agency)| provider(role, agency));
    Message { kind, lines: std::iter::once(rf1).chain(parties).chain([pid.clone()]).collect() }
}
