//! Who may ask what, and what a question leaves behind.

use super::super::caller::{Operation, may};
use super::super::query::default_purpose;
use super::super::work::Answer;
use super::*;

const READS: [Purpose; 12] = [
    Purpose::P1,
    Purpose::P2,
    Purpose::P3,
    Purpose::P4,
    Purpose::P5,
    Purpose::P6,
    Purpose::P7,
    Purpose::P8,
    Purpose::P9,
    Purpose::P10,
    Purpose::P11,
    Purpose::P12,
];
const KINDS: [AgencyKind; 6] =
    [AgencyKind::Osc, AgencyKind::Cgc, AgencyKind::Pho, AgencyKind::Med, AgencyKind::Prv, AgencyKind::Mun];

#[test]
fn every_kind_role_and_purpose_is_in_the_table() {
    for kind in KINDS {
        for purpose in READS {
            let may = |role| may(kind, role, Operation::Read(purpose));
            assert!(!may(Role::Auditor) && !may(Role::PrivacyOfficer), "{kind} {purpose}");
            let protection = matches!(purpose, Purpose::P5 | Purpose::P6 | Purpose::P10 | Purpose::P11);
            assert_eq!(may(Role::System), purpose == default_purpose(kind) && !protection, "{kind} {purpose}");
            for role in [Role::Phn, Role::Midwife, Role::Physician, Role::Nurse, Role::SocialWorker, Role::Clerk] {
                let of_clerks = !matches!(purpose, Purpose::P5 | Purpose::P6 | Purpose::P11);
                let of_guidance = matches!(purpose, Purpose::P5 | Purpose::P6 | Purpose::P11);
                let wanted = (role != Role::Clerk || of_clerks)
                    && (kind != AgencyKind::Cgc || of_guidance)
                    && !matches!(purpose, Purpose::P10 | Purpose::P12);
                assert_eq!(may(role), wanted, "{kind} {role} {purpose}");
            }
        }
        for operation in
            [Operation::RecordConsent, Operation::AssertGround, Operation::AnswerWork, Operation::KeepPersons]
        {
            assert!(
                !may(kind, Role::System, operation) && !may(kind, Role::Auditor, operation),
                "{kind} {operation:?}"
            );
        }
        assert_eq!(may(kind, Role::Phn, Operation::KeepPersons), kind == AgencyKind::Osc);
        assert_eq!(may(kind, Role::SocialWorker, Operation::Count), matches!(kind, AgencyKind::Osc | AgencyKind::Cgc));
        assert_eq!(may(kind, Role::Clerk, Operation::Count), kind == AgencyKind::Osc, "{kind}");
        for role in [Role::System, Role::Auditor, Role::PrivacyOfficer, Role::ProviderStaff] {
            assert!(!may(kind, role, Operation::Count), "{kind} {role}");
        }
        assert!(!may(kind, Role::Clerk, Operation::AssertGround));
        assert!(may(kind, Role::System, Operation::Fetch) && !may(kind, Role::Auditor, Operation::Fetch));
        assert!(!may(kind, Role::Auditor, Operation::ListWork));
    }
}

#[tokio::test]
async fn an_auditor_reads_no_content_and_a_machine_asks_only_what_it_is_for() {
    let city = City::new().await;
    city.family_b().await;
    let child = City::light().remove(1);
    let auditor = city.caller("OSC-482072", "hayakawa");
    assert!(city.hub.get(&auditor, Purpose::P3, &child, "").await.is_err());
    assert!(city.hub.work_items(&auditor, Some(true), "").await.is_err());
    let machine = city.caller("OSC-482072", "");
    assert!(city.hub.get(&machine, Purpose::P3, &child, "").await.is_ok());
    assert!(city.hub.get(&machine, Purpose::P4, &child, "").await.is_err());
}

async fn shield(city: &City, subject: Named) {
    let officer = city.caller("OSC-482072", "ooba");
    let period = (city.hub.now(), at("2027-11-11T00:00:00+09:00"));
    city.hub.shield(&officer, &subject, period, Vec::new(), Vec::new()).await.unwrap();
}

#[tokio::test]
async fn the_center_learns_who_asked_for_a_shielded_person_and_the_asker_does_not() {
    let city = City::new().await;
    city.family_b().await;
    let child = City::light().remove(1);
    let hospital = city.caller("MED-4810700122", "m-1");
    assert!(city.hub.get(&hospital, Purpose::P1, &child, "").await.unwrap().is_empty());
    let officer = city.caller("OSC-482072", "ooba");
    assert!(city.hub.work_items(&officer, Some(true), "shield").await.unwrap().is_empty());
    shield(&city, child.clone()).await;
    for _ in 0..2 {
        assert!(city.hub.get(&hospital, Purpose::P1, &child, "").await.unwrap().is_empty());
    }
    // Its own look leaves nothing.
    assert!(!city.hub.get(&officer, Purpose::P3, &child, "").await.unwrap().is_empty());
    let items = city.hub.work_items(&officer, Some(true), "shield").await.unwrap();
    let said: Vec<(&str, &str)> = items.iter().map(|i| (i.body.code.as_str(), i.body.about.as_str())).collect();
    assert_eq!(said, [("SHIELD_TOUCHED", "MED-4810700122")]);
    assert!(city.hub.work_items(&hospital, None, "").await.unwrap().is_empty());
}

#[tokio::test]
async fn work_items_are_listed_by_kind_and_state_and_one_that_cannot_be_read_is_not_lost() {
    let city = City::new().await;
    city.family_b().await;
    let officer = city.caller("OSC-482072", "ooba");
    let open = city.hub.work_items(&officer, Some(true), "signal").await.unwrap();
    let first = &open.first().unwrap().row;
    city.hub.answer_work(&officer, first.id, &Answer { word: "done", ..Answer::default() }).await.unwrap();
    let count = async |open, kind| city.hub.work_items(&officer, open, kind).await.unwrap().len();
    assert_eq!(count(Some(true), "signal").await, open.len() - 1);
    assert_eq!(count(Some(false), "signal").await, 1);
    assert_eq!(count(None, "signal").await, open.len());
    assert_eq!(count(None, "no such kind").await, 0);
    let mut other = first.clone();
    other.id = musubi_core::id::WorkItemId(city.hub.id(city.hub.now()));
    let rows = vec![crate::store::Row::WorkItem(other.clone())];
    city.hub.store.commit("test", Change { rows, ..Change::default() }).await.unwrap();
    let listed = city.hub.work_items(&officer, Some(true), "signal").await.unwrap();
    assert!(listed.iter().any(|item| item.row.id == other.id && item.body.code == "UNREADABLE"));
}

#[tokio::test]
async fn families_that_are_read_together_are_what_each_is_alone() {
    let city = City::new().await;
    city.family_b().await;
    city.submit("MED-4810700122", "hl7v2", MOTHER).await;
    city.submit("MED-4810700122", "hl7v2", NEWBORN).await;
    city.submit("MED-4810700452", "hl7v2", MINAMI).await;
    city.permit("MED-4810700122", "00012345", Relationship::Subject).await;
    shield(&city, City::light().remove(1)).await;
    let center = Municipality::new("482072").unwrap();
    let nobody = musubi_core::id::PersonId(uuid::Uuid::nil());
    let persons = city.hub.store.persons_kept_in(&center, nobody, 100).await.unwrap();
    let persons: Vec<_> = persons.into_iter().map(|row| row.id).collect();
    let together = city.hub.families(&persons, city.hub.now()).await.unwrap();
    let mut first_of_each = std::collections::BTreeSet::new();
    for person in &persons {
        first_of_each.extend(city.hub.family(&[*person], city.hub.now()).await.unwrap().known().first().copied());
    }
    assert!(together.len() > 2 && together.len() == first_of_each.len(), "{}", together.len());
    let entries = |family: &crate::hub::family::Family| {
        family.record().entries().iter().map(musubi_core::record::SharedEntry::id).collect::<Vec<_>>()
    };
    for family in together {
        let alone = city.hub.family(&[*family.known().first().unwrap()], city.hub.now()).await.unwrap();
        assert_eq!((family.epochs(), entries(&family)), (alone.epochs(), entries(&alone)));
        assert_eq!(family.fingerprint(), alone.fingerprint());
    }
}
