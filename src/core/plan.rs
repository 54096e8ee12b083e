//! What a mother and her nurse agree on (サポートプラン), and what she applies for in the same talk (産後ケアの申請): as entries
//! for the center to write. Her wish stands in her own words.

use crate::adapter::Diagnostic;
use crate::id::PersonId;
use crate::postnatal::Kind;
use crate::postnatal::approval::{date, word};
use crate::record::{PersonKey, Submission};
use crate::time::Day;
use musubi_proto::v1 as proto;
use proto::entry::Body;

/// Longest wish or goal, in characters.
pub const TEXT_MAX: usize = 2_000;
/// Most goals of a plan.
pub const GOALS_MAX: usize = 20;

/// A plan that was agreed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanTerms {
    /// In her own words.
    pub wish: String,
    /// What is to be reached.
    pub goals: Vec<String>,
    /// The day on which she agreed.
    pub agreed_on: Day,
    /// When it is looked at again.
    pub review_on: Option<Day>,
    /// Who answers for it.
    pub responsible: String,
    /// What she applied for.
    pub application: Option<ApplicationTerms>,
}

/// An application for care.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApplicationTerms {
    /// Kinds of care that she asks for.
    pub kinds: Vec<Kind>,
    /// Why: the municipality's reasons for care, as they are called there.
    pub grounds: Vec<String>,
    /// Is there enough help in the family? `None` when she did not say.
    pub family_support: Option<bool>,
}

impl PlanTerms {
    /// As entries about the mother. A plan of the same day takes the place of the one before.
    ///
    /// # Errors
    /// When there is neither a wish nor a goal (`M830`), something is too long (`M831`), or the review lies before the
    /// agreement (`M832`).
    pub fn submission(&self, mother: PersonId) -> Result<Submission, Vec<Diagnostic>> {
        self.check()?;
        let day = self.agreed_on;
        let plan = proto::SupportPlan {
            wish: self.wish.clone(),
            goals: self.goals.clone(),
            agreed_on: Some(date(day)),
            review_on: self.review_on.map(date),
            responsible: self.responsible.clone(),
            ..proto::SupportPlan::default()
        };
        let application = self.application.as_ref().map(|application| proto::CareApplication {
            applied_on: Some(date(day)),
            kinds: application.kinds.iter().map(|kind| word(*kind).to_owned()).collect(),
            grounds: application.grounds.clone(),
            wish: self.wish.clone(),
            family_support: application.family_support.map(|enough| yes_no(enough) as i32),
            ..proto::CareApplication::default()
        });
        let bodies = [Some(Body::SupportPlan(plan)), application.map(Body::CareApplication)];
        let named = ["plan", "application"].into_iter().zip(bodies);
        let entries = named.filter_map(|(name, body)| {
            Some(proto::Entry {
                source_key: format!("{name}:{mother}:{day}"),
                subjects: vec![subject(mother)],
                body: Some(body?),
                ..proto::Entry::default()
            })
        });
        Submission::check(proto::Submission {
            format: "grpc".to_owned(),
            message_id: format!("plan:{mother}:{day}"),
            entries: entries.collect(),
            ..proto::Submission::default()
        })
    }

    fn check(&self) -> Result<(), Vec<Diagnostic>> {
        let texts = || std::iter::once(&self.wish).chain(&self.goals);
        let mut found = Vec::new();
        if texts().all(|text| text.trim().is_empty()) {
            found.push(Diagnostic::error(
                "M830",
                "wish",
                "本人の希望か目標を入力してください。",
                "Say what she wishes for, or a goal.",
            ));
        }
        if self.goals.len() > GOALS_MAX || texts().any(|text| text.chars().count() > TEXT_MAX) {
            found.push(Diagnostic::error(
                "M831",
                "wish, goals",
                "文章が長すぎるか、目標が多すぎます(1つ2,000文字、目標は20個まで)。",
                "Too long, or too many goals: 2,000 characters each, 20 goals.",
            ));
        }
        if self.review_on.is_some_and(|review| review < self.agreed_on) {
            found.push(Diagnostic::error(
                "M832",
                "review_on",
                "見直す日が、合意した日より前です。",
                "The review lies before the day of the agreement.",
            ));
        }
        if found.is_empty() { Ok(()) } else { Err(found) }
    }
}

fn subject(mother: PersonId) -> proto::Subject {
    let PersonKey { issuer, identifier } = PersonKey::known(mother);
    proto::Subject { role: proto::SubjectRole::Mother as i32, issuer, identifier }
}

const fn yes_no(answer: bool) -> proto::YesNo {
    if answer { proto::YesNo::Yes } else { proto::YesNo::No }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;
    use jiff::civil::date;
    use uuid::Uuid;

    const MOTHER: PersonId = PersonId(Uuid::from_u128(7));

    fn plan() -> PlanTerms {
        PlanTerms {
            wish: "一晩でいいから眠りたい".to_owned(),
            goals: vec!["夜に4時間続けて眠る".to_owned()],
            agreed_on: date(2026, 11, 12),
            review_on: Some(date(2026, 12, 12)),
            responsible: "ooba".to_owned(),
            application: None,
        }
    }

    fn codes(plan: &PlanTerms) -> Vec<String> {
        plan.submission(MOTHER).err().unwrap_or_default().iter().map(|said| said.code.to_string()).collect()
    }

    #[test]
    fn a_plan_and_what_is_applied_for_are_two_entries_about_the_mother() {
        let application =
            ApplicationTerms { kinds: vec![Kind::Stay, Kind::Day], grounds: Vec::new(), family_support: Some(false) };
        let both = PlanTerms { application: Some(application), ..plan() }.submission(MOTHER).unwrap();
        let kinds: Vec<_> = both.message().entries.iter().map(|entry| entry.source_key.clone()).collect();
        assert_eq!(kinds.len(), 2, "{kinds:?}");
        assert_eq!(plan().submission(MOTHER).unwrap().message().entries.len(), 1);
    }

    #[test]
    fn a_plan_says_something_and_is_looked_at_again_after_it_was_agreed_on() {
        let empty = PlanTerms { wish: " ".to_owned(), goals: Vec::new(), ..plan() };
        let early = PlanTerms { review_on: Some(date(2026, 11, 11)), ..plan() };
        let long = |more: usize| PlanTerms { wish: "眠".repeat(TEXT_MAX + more), ..plan() };
        let goals = |more: usize| PlanTerms { goals: vec!["眠る".to_owned(); GOALS_MAX + more], ..plan() };
        assert_eq!((codes(&empty), codes(&early)), (vec!["M830".to_owned()], vec!["M832".to_owned()]));
        assert_eq!((codes(&long(0)), codes(&long(1))), (Vec::new(), vec!["M831".to_owned()]));
        assert_eq!((codes(&goals(0)), codes(&goals(1))), (Vec::new(), vec!["M831".to_owned()]));
    }
}
