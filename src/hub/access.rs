//! What becomes of a request to see what is held about a person (開示請求, APPI 76 and 78; E05 and E14 of `consent.md` section
//! 3.2). The subject herself may have it once she can ask, and who speaks for a child where nothing stands against it; else the
//! privacy officer decides, and until then, and where it is refused, the answer is that of a person about whom nothing is held.

use super::caller::{Caller, request_of};
use super::emergency::not_an_answer;
use super::family::Family;
use super::persons::Named;
use super::work::{Answer, Question, WorkBody};
use super::{Hub, Refusal};
use crate::store::Change;
use musubi_core::adapter::Text;
use musubi_core::agency::{Actor, CategorySet, Purpose, Role};
use musubi_core::consent::records::Relationship;
use musubi_core::consent::weighing::Weighing;
use musubi_core::consent::{Access, access};
use musubi_core::id::PersonId;
use musubi_core::release::release;

/// Kind of the work item by which the privacy officer decides.
pub(super) const ACCESS: &str = "access_review";
/// Who decides, and lists it.
pub(super) const DECIDERS: [Role; 2] = [Role::PrivacyOfficer, Role::LegalOfficer];
/// Days in which it is decided (APPI 83).
const DECIDED_DAYS: i64 = 30;

/// Who asks.
#[derive(Clone)]
pub struct Requester {
    /// The person.
    pub named: Named,
    /// In what capacity.
    pub relationship: Relationship,
}

impl Requester {
    /// The subject herself.
    pub(super) fn herself(subject: &Named) -> Self {
        Requester { named: subject.clone(), relationship: Relationship::Subject }
    }
}

impl Hub {
    /// May this person have what is held about the subject? Where somebody has to decide, the question goes into `change`,
    /// once.
    pub(super) async fn access_granted(
        &self,
        caller: &Caller,
        family: &Family,
        subject: PersonId,
        requester: &Requester,
        change: &mut Change,
    ) -> Result<bool, Refusal> {
        let asker = self.find(&requester.named).await?;
        let (_, facts) = family.whole();
        let on_file = facts.subjects.get(&family.known_as(subject)).cloned().unwrap_or_default();
        let held = self.held_about(caller, family, subject);
        if access(&self.policy, &on_file, requester.relationship, asker, held, family.at) == Access::Answer {
            return Ok(true);
        }
        let about = described(asker, requester);
        let mut decided = None;
        for item in self.store.work_items_of(&family.ids_of(subject)).await?.iter().filter(|item| item.kind == ACCESS) {
            let Some(body) = self.open_item(item).await?.filter(|body| body.about == about) else { continue };
            if item.open {
                return Ok(false);
            }
            decided = decided.max(item.answered_at.zip(body.answer));
        }
        if let Some((_, answer)) = decided {
            return Ok(answer == "disclose");
        }
        let (owner, municipality) = (caller.id(), &caller.agency.municipality);
        let (due, persons) = (family.at.plus_days(DECIDED_DAYS), &[subject]);
        let question = Question { owner, kind: ACCESS, due, municipality, family, persons };
        change.rows.push(self.ask(family.at, &question, &body(about))?);
        Ok(false)
    }

    /// Every category of what is held about a person, whoever may see it.
    fn held_about(&self, caller: &Caller, family: &Family, subject: PersonId) -> CategorySet {
        let (record, facts) = family.whole();
        let request = request_of(&caller.agency, Actor::system(), Purpose::P3, None);
        let released = release(record, &request, &facts, &self.policy, family.at);
        let own =
            |persons: &[PersonId]| persons.iter().any(|person| family.known_as(*person) == family.known_as(subject));
        let shown = released.shown().iter().filter(|shown| own(&shown.persons));
        let shown = shown.fold(CategorySet::EMPTY, |all, shown| all.union(shown.full).union(shown.general));
        let withheld = released.withheld().iter().filter(|held| own(&held.persons));
        withheld.fold(shown, |all, held| all.with(held.category))
    }
}

/// The decision of the privacy officer, with its reason.
pub(super) fn decide_access(caller: &Caller, answer: &Answer<'_>) -> Result<(), Refusal> {
    if !DECIDERS.contains(&caller.actor.role) {
        return Err(Refusal::forbidden(
            "M812",
            "staff_id",
            "開示請求の判断は、センターの個人情報保護または法務の担当者が行います。",
            "A request for access is decided by the center's privacy or legal officer.",
        ));
    }
    if !matches!(answer.word, "disclose" | "refuse") {
        return Err(not_an_answer("disclose, refuse"));
    }
    if answer.note.trim().chars().count() < Weighing::REASON_MIN {
        return Err(reason_too_short());
    }
    Ok(())
}

/// A decision of a person has its reason.
pub(super) fn reason_too_short() -> Refusal {
    Refusal::invalid(
        "M638",
        "note",
        "判断の理由を20文字以上で書いてください。",
        "Give the reason in 20 characters or more.",
    )
}

/// Who asks, as the officer finds them again; sealed with the item.
fn described(asker: Option<PersonId>, requester: &Requester) -> String {
    let named = &requester.named;
    let who = match (asker, &named.key) {
        (Some(person), _) => person.to_string(),
        (None, Some(key)) => format!("{} {}", key.issuer, key.identifier),
        (None, None) => format!("{} {}", named.name, named.birth_date),
    };
    let capacity = match requester.relationship {
        Relationship::Subject => "self",
        Relationship::ParentalAuthority => "parental_authority",
        Relationship::Guardian => "guardian",
        Relationship::InstitutionHead => "institution_head",
        Relationship::CentreDirector => "centre_director",
        Relationship::Court => "court",
        Relationship::Other => "other",
    };
    format!("{who} {capacity}")
}

fn body(about: String) -> WorkBody {
    let text = Text::new(
        "開示請求です。請求者が本人として、または本人に代わって請求できるか、開示すると本人または第三者を害するおそれがないかを判断し、開示する(disclose)か開示しない(refuse)かを、理由を20文字以上で添えて回答してください。決定まで、請求者には「記録なし」と同じ回答になります。",
        "Somebody asks to see what is held about this person. Decide whether they may, and whether it would harm the person or a third one: \
         answer disclose or refuse, with the reason in 20 characters or more. Until then the answer is that nothing is held.",
    );
    WorkBody::new("ACCESS_REVIEW", text, about)
}
