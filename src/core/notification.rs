//! Concerns (心配な様子) that whoever noticed something offers to an authority under the law, as a notification (通告) or as
//! information on a family that seems to need support (`consent.md` section 5, flow 3): under which ground, on which evidence of
//! the registry, and what is missing for it.

use crate::agency::{AgencyId, AgencyKind, Category, CategorySet};
use crate::consent::{GroundCode, Policy};
use crate::id::PersonId;
use crate::record::{SharedEntry, moment};
use musubi_proto::v1::entry::Body;
use std::collections::{BTreeMap, BTreeSet};

/// The grounds under which somebody tells an authority of what it noticed.
pub const OFFERED_UNDER: [GroundCode; 3] = [GroundCode::L01, GroundCode::L02, GroundCode::L03];
/// What is missing where nobody said which ground it is.
pub const GROUND: &str = "ground";
/// Evidence of the registry: who notifies. A ground is asserted by a person, so a machine names one whatever the ground.
pub const NOTIFYING_PERSON: &str = "notifying_person";

/// Does an agency of this kind offer its concerns to an authority? An authority has them already.
pub const fn offers_concerns(kind: AgencyKind) -> bool {
    !matches!(kind, AgencyKind::Osc | AgencyKind::Cgc)
}

/// What the concerns of one author come to that are offered under one ground.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offer {
    /// The ground; none where the author named none of these.
    pub code: Option<GroundCode>,
    /// Whom they are about.
    pub persons: BTreeSet<PersonId>,
    /// What the author stated, by the names of the registry.
    pub evidence: BTreeMap<String, String>,
}

/// The offers in some entries of one author, one for each ground.
pub fn offers<'e>(entries: impl IntoIterator<Item = &'e SharedEntry>, author: &AgencyId) -> Vec<Offer> {
    let mut found: BTreeMap<Option<GroundCode>, Offer> = BTreeMap::new();
    for entry in entries {
        let Some(Body::Concern(concern)) = &entry.message().body else { continue };
        let code = concern.ground.parse().ok().filter(|code| OFFERED_UNDER.contains(code));
        let offer = found.entry(code).or_insert_with(|| Offer { code, ..Offer::default() });
        offer.persons.extend(entry.persons().into_iter().map(|(person, _)| person));
        let noticed = concern.observed_at.as_ref().or(concern.notified_at.as_ref()).and_then(moment);
        for (name, stated) in [
            (NOTIFYING_PERSON, concern.notifier.as_str()),
            ("notifying_office", author.as_str()),
            ("suspicion", &concern.text),
            ("time", &noticed.map(|at| at.rfc3339()).unwrap_or_default()),
            ("why_support", &concern.text),
            ("consent_sought", &concern.consent_sought),
        ] {
            offer.state(name, stated.trim());
        }
    }
    found.into_values().collect()
}

impl Offer {
    /// What its ground opens of the message that holds it: who is meant, and what was noticed. The rest of a report has a way of
    /// its own.
    pub fn categories(policy: &Policy, code: GroundCode) -> CategorySet {
        let told: CategorySet = [Category::C01, Category::C10, Category::C13].into_iter().collect();
        policy.ground(code).map_or(CategorySet::EMPTY, |entry| told.and(entry.mask))
    }

    /// Names of what must still be stated, in the order of the registry; nothing when it can be asserted. `by_person` says that
    /// a member of staff acts.
    pub fn missing(&self, policy: &Policy, by_person: bool) -> Vec<String> {
        let Some(entry) = self.code.and_then(|code| policy.ground(code)) else { return vec![GROUND.to_owned()] };
        let mut asked = entry.evidence.clone();
        if !by_person && !asked.iter().any(|name| name == NOTIFYING_PERSON) {
            asked.insert(0, NOTIFYING_PERSON.to_owned());
        }
        asked.retain(|name| !self.evidence.contains_key(name));
        asked
    }

    fn state(&mut self, name: &str, stated: &str) {
        if stated.is_empty() {
            return;
        }
        let said = self.evidence.entry(name.to_owned()).or_default();
        if said.is_empty() {
            stated.clone_into(said);
        } else if !said.split(BETWEEN).any(|before| before == stated) {
            said.push_str(BETWEEN);
            said.push_str(stated);
        }
    }
}

/// Between what two concerns state under one name.
const BETWEEN: &str = " / ";

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;
    use musubi_proto::v1 as proto;
    use uuid::Uuid;

    fn concern(person: u128, body: proto::Concern) -> SharedEntry {
        let person = PersonId(Uuid::from_u128(person)).to_string();
        SharedEntry::new(proto::Entry {
            person_ids: vec![person],
            roles: vec![proto::SubjectRole::Mother.into()],
            body: Some(Body::Concern(body)),
            ..proto::Entry::default()
        })
    }

    fn noticed() -> proto::Concern {
        let date = proto::Date { year: 2026, month: Some(11), day: Some(18) };
        proto::Concern {
            observed_at: Some(proto::DateTime { date: Some(date), hour: Some(9), ..Default::default() }),
            text: "上腕にあざ".to_owned(),
            notifier: "野上".to_owned(),
            ground: "L01".to_owned(),
            ..proto::Concern::default()
        }
    }

    fn of(concerns: &[SharedEntry]) -> Vec<Offer> {
        offers(concerns, &AgencyId::new("PRV-482072-07").unwrap())
    }

    #[test]
    fn a_concern_that_states_all_the_evidence_of_its_ground_lacks_nothing() {
        let policy = Policy::reviewed();
        let [offer] = of(&[concern(1, noticed())]).try_into().unwrap();
        assert_eq!(offer.code, Some(GroundCode::L01));
        assert!(offer.missing(&policy, false).is_empty());
        assert_eq!(offer.evidence["time"], "2026-11-18T09:00:00+09:00");
        assert_eq!(offer.evidence["notifying_office"], "PRV-482072-07");
    }

    #[test]
    fn what_is_missing_is_named_and_nothing_else() {
        let policy = Policy::reviewed();
        let lacks = |body: proto::Concern| of(&[concern(1, body)])[0].missing(&policy, false);
        assert_eq!(lacks(proto::Concern { notifier: " ".to_owned(), ..noticed() }), ["notifying_person"]);
        assert_eq!(lacks(proto::Concern { observed_at: None, ..noticed() }), ["time"]);
        assert_eq!(lacks(proto::Concern { ground: "L03".to_owned(), ..noticed() }), ["consent_sought"]);
        for ground in ["", "L04", "abuse"] {
            assert_eq!(lacks(proto::Concern { ground: ground.to_owned(), ..noticed() }), ["ground"], "{ground}");
        }
    }

    #[test]
    fn a_machine_names_the_person_who_offers_information_and_a_person_need_not() {
        let policy = Policy::reviewed();
        let body = proto::Concern {
            ground: "L03".to_owned(),
            notifier: String::new(),
            consent_sought: "declined".to_owned(),
            ..noticed()
        };
        let [offer] = of(&[concern(1, body)]).try_into().unwrap();
        assert_eq!(offer.missing(&policy, false), ["notifying_person"]);
        assert!(offer.missing(&policy, true).is_empty());
    }

    #[test]
    fn concerns_of_one_ground_are_one_offer_about_all_their_persons() {
        let other = proto::Concern { text: "体重が増えない".to_owned(), ..noticed() };
        let [offer] = of(&[concern(1, noticed()), concern(2, other), concern(2, noticed())]).try_into().unwrap();
        assert_eq!(offer.persons.len(), 2);
        assert_eq!(offer.evidence["suspicion"], "上腕にあざ / 体重が増えない");
        assert_eq!(of(&[concern(1, noticed()), concern(1, proto::Concern::default())]).len(), 2);
    }

    #[test]
    fn a_ground_opens_of_the_message_no_more_than_its_mask() {
        let policy = Policy::reviewed();
        let words = |code| Offer::categories(&policy, code).iter().map(|one| one.to_string()).collect::<Vec<_>>();
        assert_eq!(words(GroundCode::L01), ["C01", "C10", "C13"]);
        assert_eq!(words(GroundCode::L03), ["C01", "C13"]);
    }
}
