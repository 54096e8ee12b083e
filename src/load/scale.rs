//! Hubs that hold as many persons as a city and as a prefecture have, and the question of a child guidance center to each: the two
//! take turns in one run, so that what grows with the store is seen on a machine that does other work.

use super::round::{at_once, now};
use super::{LoadError, Round, figure};
use crate::hub::grounds::GroundTerms;
use crate::hub::persons::Named;
use crate::hub::{Caller, Hub, Refusal};
use crate::sample_city::{CENTER, CITY, GUIDANCE_CENTER};
use musubi_core::agency::{AgencyId, Category, Purpose};
use musubi_core::cases::{CaseQuery, Level};
use musubi_core::consent::GroundCode;
use musubi_core::record::{PersonKey, Submission};
use musubi_core::wire::agency_side::Draft;

/// Five entries about one mother, in the words of the schema.
const PERSON: &str = include_str!("person.json");
/// Entries of each person.
pub const ENTRIES_EACH: u64 = 5;
/// Notices on their way at once: so many share a commit.
const AT_ONCE: u64 = 64;
/// The number of the grounds under which is asked.
const NUMBER: &str = "要対協8-200";
/// For how many days they stand.
const GROUND_DAYS: i64 = 180;
/// Who writes the entries, keeps the council's cases, and who asks.
const OFFICER: (&str, &str) = (CENTER, "ooba");
const CASEWORKER: (&str, &str) = (GUIDANCE_CENTER, "w-0412");

/// A hub and how many persons it holds.
pub struct Sized {
    /// The hub.
    pub hub: Hub,
    /// Its persons.
    pub persons: u64,
}

impl From<Refusal> for LoadError {
    fn from(refusal: Refusal) -> Self {
        LoadError::not_taken(refusal)
    }
}

impl Sized {
    /// Has the hub take what it does not hold yet, each person's entries as one notice of the center, and opens a case of the
    /// council for some of the persons. Returns notices taken a second; `None` when it held all of them.
    ///
    /// # Errors
    /// When a notice is not taken.
    pub async fn fill(&self, asked: u64) -> Result<Option<f64>, LoadError> {
        if self.hub.find(&named(self.persons - 1)).await?.is_some() {
            return Ok(None);
        }
        let (officer, began) = (self.caller(OFFICER)?, now());
        let sent = at_once(self.persons, AT_ONCE, |number| {
            let (hub, officer) = (self.hub.clone(), officer.clone());
            async move {
                let submission = person(number).ok_or_else(|| LoadError::not_taken("the sample is none"))?;
                hub.take_submission(&officer, submission).await?;
                Ok(())
            }
        });
        sent.await?;
        let rate = Round::rate(self.persons, began.elapsed());
        let apart = (self.persons / asked).max(1);
        for number in (0..self.persons).step_by(apart as usize).take(asked as usize) {
            self.hub.request_ground(&officer, GroundCode::L05, self.terms(number)?).await?;
        }
        Ok(Some(rate))
    }

    fn caller(&self, (agency, staff): (&str, &str)) -> Result<Caller, LoadError> {
        Ok(self.hub.caller(&AgencyId::new(agency).map_err(LoadError::not_taken)?, staff)?)
    }

    fn terms(&self, number: u64) -> Result<GroundTerms, LoadError> {
        let member = |id| AgencyId::new(id).map_err(LoadError::not_taken);
        let evidence = ["case", "meeting", "members"].map(|key| (key.to_owned(), "1".to_owned()));
        Ok(GroundTerms {
            number: NUMBER.to_owned(),
            persons: vec![named(number)],
            categories: [Category::C01, Category::C10, Category::C13, Category::C16].into_iter().collect(),
            necessity: "支援方針の協議".to_owned(),
            evidence: evidence.into_iter().collect(),
            until: Some(self.hub.now().plus_days(GROUND_DAYS)),
            members: vec![member(CENTER)?, member(GUIDANCE_CENTER)?],
            ..GroundTerms::default()
        })
    }

    /// Asks for the cases: what is shown was decided and is on record when this returns. How many there were.
    async fn ask(&self) -> Result<usize, LoadError> {
        let query = CaseQuery::new(NUMBER, Purpose::P6, Level::L3);
        let answer = self.hub.search_cases(&self.caller(CASEWORKER)?, Purpose::P6, &query, None).await?;
        Ok(answer.hits.len())
    }
}

/// Asks each hub in turn, so many times; returns the figures as lines. One more turn before them warms up.
///
/// # Errors
/// When a hub does not answer with as many cases as are open in it.
pub async fn ask(hubs: &[Sized], asked: usize, rounds: usize) -> Result<Vec<String>, LoadError> {
    let mut times = vec![Vec::new(); hubs.len()];
    for round in 0..=rounds {
        for (hub, times) in hubs.iter().zip(&mut times) {
            let began = now();
            let found = hub.ask().await?;
            if found != asked {
                return Err(LoadError::not_taken(format!("{found} cases of {asked}")));
            }
            if round > 0 {
                times.push(began.elapsed());
            }
        }
    }
    let mut lines = Vec::new();
    let mut first = None;
    for (hub, times) in hubs.iter().zip(times) {
        let round = Round::new(times.iter().sum(), &times);
        let (persons, entries) = (hub.persons, hub.persons * ENTRIES_EACH);
        let what = format!("{asked} cases, decided and on record, among {entries} entries");
        lines.push(figure(&format!("cases_p50_{persons}"), round.percentile(50), "ms", &what));
        lines.push(figure(&format!("cases_p99_{persons}"), round.percentile(99), "ms", &what));
        let least = *first.get_or_insert(round.percentile(50));
        let ratio = round.percentile(50) / least;
        lines.push(figure(&format!("cases_ratio_{persons}"), ratio, "times", "the first hub = 1; goal at most 2"));
    }
    Ok(lines)
}

fn named(number: u64) -> Named {
    let key = PersonKey { issuer: CITY.to_owned(), identifier: identifier(number) };
    Named { key: Some(key), ..Named::default() }
}

fn identifier(number: u64) -> String {
    format!("L{number:08}")
}

/// A person's entries; `None` when the sample is no submission, which a test would show.
fn person(number: u64) -> Option<Submission> {
    let kana: String = format!("{number:08}").bytes().filter_map(|digit| KANA.get(usize::from(digit - b'0'))).collect();
    let text = PERSON
        .replace("NUMBER", &identifier(number))
        .replace("NAME", &kana)
        .replace("KANA", &kana)
        .replace("DAY", &(number % 28 + 1).to_string());
    Draft::from_json(&text).ok()?.check().ok()
}

/// A syllable for each digit of a name.
const KANA: [char; 10] = ['ア', 'イ', 'ウ', 'エ', 'オ', 'カ', 'キ', 'ク', 'ケ', 'コ'];

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;

    #[test]
    fn each_number_is_another_person_with_five_entries() {
        let people = [0, 1, 99_999_999].map(|number| person(number).unwrap().people());
        assert!(people.iter().all(|people| people.len() == 1));
        assert_eq!(people.map(|one| one[0].0.identifier.clone()), ["L00000000", "L00000001", "L99999999"]);
    }
}
