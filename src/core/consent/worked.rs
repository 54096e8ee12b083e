//! The worked decisions of `consent.md` section 6, as data: what a policy must keep, and what a new one would change.

use super::facts::DecisionFacts;
use super::policy::Policy;
use super::tiers::decide;
use super::words::Decision;
use serde::Deserialize;

/// One worked decision.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkedCase {
    /// `D01` to `D68`.
    pub id: String,
    /// The situation in words.
    pub situation: String,
    /// The same as facts.
    pub facts: DecisionFacts,
    /// `DENY T11.default-deny`.
    pub expected: String,
}

/// Every worked decision, in order.
pub fn worked_cases() -> Vec<WorkedCase> {
    let lines = include_str!("cases.jsonl").lines();
    lines
        .map(|line| serde_json::from_str(line).expect("the cases are part of the program, and a test reads them"))
        .collect()
}

/// The worked decisions that come out otherwise under this policy, with what it says.
pub fn check(policy: &Policy) -> Vec<(WorkedCase, Decision)> {
    let decided = worked_cases().into_iter().map(|case| {
        let decision = decide(policy, &case.facts);
        (case, decision)
    });
    decided.filter(|(case, decision)| decision.to_string() != case.expected).collect()
}

/// The worked decisions that two policies decide differently: old answer, new answer.
pub fn changed(old: &Policy, new: &Policy) -> Vec<(WorkedCase, Decision, Decision)> {
    let both = worked_cases().into_iter().map(|case| {
        let (was, is) = (decide(old, &case.facts), decide(new, &case.facts));
        (case, was, is)
    });
    both.filter(|(_, was, is)| (was.outcome, was.rule) != (is.outcome, is.rule)).collect()
}
