//! The worked cases of `consent.md`, as data: what a policy must keep, and what a new one would change.
//!
//! The decisions of section 6 (D01 to D68) state facts; the cases of section 3.2 (E01 to E15: who can consent) and those of the time
//! rules that need no store (F03, F04, F11, F12) state what is on file.

use super::facts::DecisionFacts;
use super::policy::Policy;
use super::scene::{Question, Scene};
use super::tiers::decide;
use super::words::Outcome;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// One worked case. A situation with several questions is several.
#[derive(Clone, Debug)]
pub struct WorkedCase {
    /// `D01` to `D68`, `E01` to `E15`, `F03` …
    pub id: String,
    /// The situation in words.
    pub situation: String,
    /// `DENY T11.default-deny`; one for each category that is asked about, or `ANSWER` or `REVIEW`.
    pub expected: String,
    asked: Asked,
}

#[derive(Clone, Debug)]
enum Asked {
    Stated(Box<DecisionFacts>),
    OnFile(Box<(Scene, Question)>),
}

/// A line of `decisions.jsonl`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    id: String,
    situation: String,
    facts: DecisionFacts,
    expected: String,
}

impl WorkedCase {
    /// What this policy says.
    pub fn answer(&self, policy: &Policy) -> String {
        match &self.asked {
            Asked::Stated(facts) => decide(policy, facts).to_string(),
            Asked::OnFile(asked) => asked.0.answer(policy, &asked.1),
        }
    }
}

/// Every worked case, in order.
pub fn worked_cases() -> Vec<WorkedCase> {
    let stated = read(include_str!("cases/decisions.jsonl")).map(|line: Line| WorkedCase {
        id: line.id,
        situation: line.situation,
        expected: line.expected,
        asked: Asked::Stated(Box::new(line.facts)),
    });
    let scenes = read(include_str!("cases/grantors.jsonl")).chain(read(include_str!("cases/times.jsonl")));
    stated.chain(scenes.flat_map(of_scene)).collect()
}

fn read<T: DeserializeOwned>(file: &'static str) -> impl Iterator<Item = T> {
    file.lines()
        .map(|line| serde_json::from_str(line).expect("the cases are part of the program, and a test reads them"))
}

fn of_scene(scene: Scene) -> Vec<WorkedCase> {
    let questions = scene.asks.iter().map(|question| WorkedCase {
        id: scene.id.clone(),
        situation: scene.situation.clone(),
        expected: question.expected.clone(),
        asked: Asked::OnFile(Box::new((scene.clone(), question.clone()))),
    });
    questions.collect()
}

/// The worked cases that come out otherwise under this policy, with what it says.
pub fn check(policy: &Policy) -> Vec<(WorkedCase, String)> {
    let answered = worked_cases().into_iter().map(|case| {
        let answer = case.answer(policy);
        (case, answer)
    });
    answered.filter(|(case, answer)| *answer != case.expected).collect()
}

/// A worked case that two policies answer differently.
#[derive(Clone, Debug)]
pub struct ChangedCase {
    /// The case.
    pub case: WorkedCase,
    /// The old policy's answer.
    pub was: String,
    /// The new policy's answer.
    pub is: String,
    /// The new one opens more.
    pub opens: bool,
}

/// The worked cases that two policies answer differently.
pub fn changed(old: &Policy, new: &Policy) -> Vec<ChangedCase> {
    let both = worked_cases().into_iter().map(|case| {
        let (was, is) = (case.answer(old), case.answer(new));
        let opens = opens(&was, &is);
        ChangedCase { case, was, is, opens }
    });
    both.filter(|changed| changed.was != changed.is).collect()
}

/// Is any of the answers more open than it was?
fn opens(was: &str, is: &str) -> bool {
    was.split(", ").zip(is.split(", ")).any(|(was, is)| openness(is) > openness(was))
}

fn openness(answer: &str) -> u8 {
    let word = answer.split(' ').next().unwrap_or_default();
    match word.parse() {
        Ok(Outcome::Permit) => 4,
        Ok(Outcome::General) => 3,
        Ok(Outcome::Hold) => 2,
        Ok(Outcome::Deny | Outcome::Refuse) => 0,
        Err(_) if word == "ANSWER" => 4,
        Err(_) => 2,
    }
}
