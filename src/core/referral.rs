//! The closed loop of a referral (紹介・連携依頼): each step follows from the last, and it is closed only with an outcome
//! (`formats/hospital.md` section 4.7).

mod told;

use crate::adapter::Diagnostic;
use crate::agency::AgencyId;
use crate::id::{EntryId, ReferralId};
use crate::time::Time;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A case is handed over (移管・送致): no mere information. An officer who is named takes it, and until then it is nobody's to let
/// lapse (`consent.md` section 12).
pub const CASE_TRANSFER: &str = "case_transfer";
/// What kinds of referral there are.
pub const KINDS: [&str; 4] = ["information", "postnatal_care", "support", CASE_TRANSFER];

/// Where a referral stands. A closed one has an outcome; an open one has no such field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Sent, not yet seen.
    Sent,
    /// Seen by the other agency.
    Received,
    /// Accepted, by this officer.
    Accepted {
        /// Staff id of the responsible officer.
        responsible: String,
    },
    /// A date is set.
    Scheduled {
        /// Staff id of the responsible officer.
        responsible: String,
        /// When.
        at: Time,
    },
    /// A date was set, and the family was not there.
    NoShow {
        /// Staff id of the responsible officer.
        responsible: String,
    },
    /// Care has begun.
    InService {
        /// Staff id of the responsible officer.
        responsible: String,
    },
    /// The one who referred asks to cancel.
    CancelAsked,
    /// Closed.
    Closed(Outcome),
}

/// How a referral ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Done, with a report.
    Completed {
        /// What was reported, or where the report is.
        report: String,
        /// The entries of the record that report it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        entries: Vec<EntryId>,
    },
    /// Declined, with a reason.
    Declined {
        /// Why.
        reason: String,
    },
    /// Cancelled by agreement.
    Cancelled,
    /// Nobody answered in time.
    Expired,
}

/// A step that somebody wants to take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The asked agency has seen it.
    Receive,
    /// The asked agency accepts.
    Accept,
    /// The asked agency declines, with a reason.
    Decline(String),
    /// A date is set.
    Schedule(Time),
    /// The family was not there.
    NoShow,
    /// Care begins.
    Begin,
    /// The asked agency reports.
    Complete(Report),
    /// The referring agency asks to cancel.
    AskCancel,
    /// The asked agency agrees to cancel.
    Cancel,
}

/// With what the asked agency completes a referral (報告): words, entries of the record, or both.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// In words.
    pub words: String,
    /// Entries that the asked agency wrote about a person of the referral.
    pub entries: Vec<EntryId>,
}

impl Report {
    /// A report in words.
    pub fn in_words(words: impl Into<String>) -> Self {
        Report { words: words.into(), entries: Vec::new() }
    }

    /// Does it report nothing?
    pub fn is_empty(&self) -> bool {
        self.words.is_empty() && self.entries.is_empty()
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            State::Sent => "sent",
            State::Received => "received",
            State::Accepted { .. } => "accepted",
            State::Scheduled { .. } => "scheduled",
            State::NoShow { .. } => "no_show",
            State::InService { .. } => "in_service",
            State::CancelAsked => "cancel_asked",
            State::Closed(Outcome::Completed { .. }) => "completed",
            State::Closed(Outcome::Declined { .. }) => "declined",
            State::Closed(Outcome::Cancelled) => "cancelled",
            State::Closed(Outcome::Expired) => "expired",
        })
    }
}

/// A referral from one agency to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Referral {
    id: ReferralId,
    kind: String,
    from: AgencyId,
    to: AgencyId,
    reason: String,
    state: State,
    changed_at: Time,
    reply_by: Option<Time>,
}

impl Referral {
    /// A referral that was just sent.
    ///
    /// # Errors
    /// When the kind is not one of [`KINDS`], or an agency refers to itself.
    pub fn new(
        id: ReferralId,
        kind: &str,
        from: AgencyId,
        to: AgencyId,
        reason: &str,
        now: Time,
        reply_by: Option<Time>,
    ) -> Result<Self, Diagnostic> {
        if !KINDS.contains(&kind) {
            return Err(Diagnostic::error(
                "M603",
                "kind",
                "依頼の種類が正しくありません(information, postnatal_care, support, case_transfer)。",
                "Not a kind of referral: information, postnatal_care, support, case_transfer.",
            ));
        }
        if from == to {
            return Err(Diagnostic::error(
                "M604",
                "to",
                "自分の機関には依頼できません。",
                "An agency cannot refer to itself.",
            ));
        }
        let (kind, reason) = (kind.to_owned(), reason.to_owned());
        Ok(Referral { id, kind, from, to, reason, state: State::Sent, changed_at: now, reply_by })
    }

    /// The one id that all parties and formats carry.
    pub fn id(&self) -> ReferralId {
        self.id
    }

    /// Its kind.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// Who refers.
    pub fn from(&self) -> &AgencyId {
        &self.from
    }

    /// Who is asked.
    pub fn to(&self) -> &AgencyId {
        &self.to
    }

    /// Why the other is asked, in words.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// Where it stands.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Since when.
    pub fn changed_at(&self) -> Time {
        self.changed_at
    }

    /// Until when an answer is expected.
    pub fn reply_by(&self) -> Option<Time> {
        self.reply_by
    }

    /// Takes the next step.
    ///
    /// # Errors
    /// When the step does not follow from the state, or is not this agency's to take. A referral stays open until it has
    /// an outcome.
    pub fn step(mut self, by: &AgencyId, staff_id: &str, step: Step, now: Time) -> Result<Self, Diagnostic> {
        if *by != self.to && *by != self.from {
            return Err(does_not_follow());
        }
        let asked = *by == self.to;
        if self.is_transfer() && step == Step::Accept && staff_id.is_empty() {
            return Err(nobody_named());
        }
        let responsible = || staff_id.to_owned();
        self.state = match (self.state, step, asked) {
            (State::Sent, Step::Receive, true) => State::Received,
            (State::Sent | State::Received, Step::Accept, true) => State::Accepted { responsible: responsible() },
            (State::Sent | State::Received, Step::Decline(reason), true) if !reason.is_empty() => {
                State::Closed(Outcome::Declined { reason })
            }
            (
                State::Accepted { responsible } | State::Scheduled { responsible, .. } | State::NoShow { responsible },
                Step::Schedule(at),
                true,
            ) => State::Scheduled { responsible, at },
            (State::Accepted { responsible } | State::Scheduled { responsible, .. }, Step::NoShow, true) => {
                State::NoShow { responsible }
            }
            (
                State::Accepted { responsible } | State::Scheduled { responsible, .. } | State::NoShow { responsible },
                Step::Begin,
                true,
            ) => State::InService { responsible },
            (
                State::Accepted { .. } | State::Scheduled { .. } | State::NoShow { .. } | State::InService { .. },
                Step::Complete(report),
                true,
            ) if !report.is_empty() => {
                let Report { words: report, entries } = report;
                State::Closed(Outcome::Completed { report, entries })
            }
            (state, Step::AskCancel, false) if !matches!(state, State::Closed(_)) => State::CancelAsked,
            (State::CancelAsked, Step::Cancel, true) => State::Closed(Outcome::Cancelled),
            _ => return Err(does_not_follow()),
        };
        self.changed_at = now;
        Ok(self)
    }

    /// The same with the entries that report it, where it was completed without any: they come to be after the step that they
    /// report.
    ///
    /// # Errors
    /// When it is not completed, was completed with entries already, or they are none.
    pub fn with_reports(mut self, reports: Vec<EntryId>) -> Result<Self, Diagnostic> {
        match &mut self.state {
            State::Closed(Outcome::Completed { entries, .. }) if entries.is_empty() && !reports.is_empty() => {
                *entries = reports;
                Ok(self)
            }
            _ => Err(does_not_follow()),
        }
    }

    /// Is a case handed over?
    pub fn is_transfer(&self) -> bool {
        self.kind == CASE_TRANSFER
    }

    /// The same where its lapse is put on record: it changed at that moment.
    #[must_use]
    pub fn lapsed(self, now: Time) -> Self {
        let open = !matches!(self.state, State::Closed(_));
        let mut lapsed = self.at(now);
        if open && lapsed.state == State::Closed(Outcome::Expired) {
            lapsed.changed_at = now;
        }
        lapsed
    }

    /// The referral as it stands at a moment: one that nobody answered in time has expired, but no transfer of a case.
    #[must_use]
    pub fn at(mut self, now: Time) -> Self {
        let unanswered = matches!(self.state, State::Sent | State::Received);
        if unanswered && !self.is_transfer() && self.reply_by.is_some_and(|by| by <= now) {
            self.state = State::Closed(Outcome::Expired);
        }
        self
    }
}

fn does_not_follow() -> Diagnostic {
    Diagnostic::error(
        "M605",
        "state",
        "今の状態からこの操作はできません。依頼の状態と、どちらの機関の操作かを確かめてください(辞退・完了には理由や報告が必要です)。",
        "This step does not follow from the present state, or is the other agency's to take; a decline needs a reason, a completion a report.",
    )
}

fn nobody_named() -> Diagnostic {
    Diagnostic::error(
        "M609",
        "staff_id",
        "ケースの移管は、担当者を名指しして引き受けます。職員のIDを指定してください。",
        "A case that is handed over is taken by an officer who is named: give the id of a member of staff.",
    )
}

#[cfg(test)]
mod tests;
