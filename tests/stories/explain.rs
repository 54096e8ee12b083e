//! Why something was shown: decided again from what was recorded then, and told to each as far as it may know.

use crate::agencies::{Agency, person, words};
use crate::city::{City, MOTHER, NEWBORN};
use crate::steps::{chinatsu, minato, permit};
use musubi::edge::grpc::client::{
    ExplainAnswer, ExplainRequest, LinkPersonsRequest, RecordConsentRequest, ShieldRequest, WhatIfPart, WhatIfRequest,
};
use musubi::sample_city as sample;
use std::collections::BTreeSet;
use std::time::Duration;
use tonic::{Code, Status};

const OWN_EPDS: &[u8] = include_bytes!("../../adapters/hospital/hl7v2/samples/shione_r01_epds_own.hl7");
/// Control id of the hospital's own EPDS.
const EPDS_ID: &str = "S261030-0103";

impl Agency {
    pub(crate) async fn explains(&self, staff: &str, release: &str) -> Result<ExplainAnswer, Status> {
        let request = ExplainRequest { staff_id: staff.to_owned(), release_id: release.to_owned() };
        Ok(self.client.consents().explain(request).await?.into_inner())
    }

    async fn what_if(&self, staff: &str, message: &str, recipient: &str) -> Result<Vec<WhatIfPart>, Status> {
        let request = WhatIfRequest {
            staff_id: staff.to_owned(),
            message: message.to_owned(),
            recipient: recipient.to_owned(),
            purpose: "P3".to_owned(),
        };
        Ok(self.client.consents().what_if(request).await?.into_inner().parts)
    }
}

/// Ids of the releases in what an agency saw.
pub(crate) fn releases(json: &str) -> Vec<String> {
    let ids = json.split("\"releaseId\": \"").skip(1);
    ids.filter_map(|rest| Some(rest.split('"').next()?.to_owned())).collect()
}

impl City {
    /// The ids of the decisions about 榎本 and 湊 for an agency, the last of them last; of one moment in any order.
    async fn decisions_for(&self, agency: &str) -> Vec<String> {
        let (store, keyring) = (&self.running.hub.store, &self.running.hub.keyring);
        let alias = |number: &str| keyring.blind.blind("alias", &format!("{}\u{1f}{number}", sample::HOSPITAL));
        let found = store.persons_by_alias(&[alias("00012345"), alias("00067890")]).await.unwrap();
        let persons: Vec<_> = found.into_iter().flatten().collect();
        let mut rows = store.releases_of(&persons).await.unwrap();
        rows.retain(|row| row.recipient.as_str() == agency);
        rows.sort_by_key(|row| (row.decided_at, row.id));
        rows.iter().map(|row| row.id.to_string()).collect()
    }

    async fn last_decision_for(&self, agency: &str) -> String {
        self.decisions_for(agency).await.pop().unwrap()
    }

    /// Whatever is due to be handed over has been decided.
    async fn has_handed_over(&self) {
        let hub = &self.running.hub;
        while !hub.store.deliveries_due(hub.now(), 1, &BTreeSet::new()).await.unwrap().is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// The center has looked at 榎本: her discharge by her permit, and not the hospital's own EPDS.
    async fn after_a_look() -> (City, String) {
        let city = City::at("2026-10-28T10:00:00+09:00").await;
        city.center().records_both_permits().await;
        city.set("2026-10-30T11:06:10+09:00");
        for message in [NEWBORN, MOTHER, OWN_EPDS] {
            city.hospital().sends(message).await.accepted();
        }
        city.set("2026-10-30T13:00:00+09:00");
        city.has_handed_over().await;
        let seen = city.center().looks_up("P3", chinatsu(), "").await;
        assert!(seen.kinds().contains(&"discharge_notice") && !seen.kinds().contains(&"screening"));
        let release = releases(&seen.json()).remove(0);
        (city, release)
    }
}

fn decided<'a>(answer: &'a ExplainAnswer, outcome: &str) -> Vec<&'a str> {
    let mut found: Vec<&str> =
        answer.decisions.iter().filter(|d| d.outcome == outcome).map(|d| d.category.as_str()).collect();
    found.sort_unstable();
    found.dedup();
    found
}

#[tokio::test]
async fn f04_a_release_decided_again_comes_out_as_it_was_recorded_whatever_was_recorded_since() {
    let (city, release) = City::after_a_look().await;
    let first = city.center().explains("hayakawa", &release).await.unwrap();
    assert_eq!(first.reproduced, "yes");
    assert!(
        decided(&first, "PERMIT").contains(&"C05") && decided(&first, "DENY").contains(&"C08"),
        "{:?}",
        first.lines
    );
    city.set("2026-11-20T10:00:00+09:00");
    // Entered today, valid since before the release; then everything is taken back.
    let late = RecordConsentRequest {
        categories: words(&["C05", "C08"]),
        valid_from: "2026-10-01".to_owned(),
        ..permit(chinatsu(), "self")
    };
    city.center().records(late).await;
    let second = city.center().explains("hayakawa", &release).await.unwrap();
    city.set("2026-11-21T10:00:00+09:00");
    city.center().withdraws_for(chinatsu(), "self").await;
    let third = city.center().explains("hayakawa", &release).await.unwrap();
    assert_eq!((&first, &first), (&second, &third), "what was DENY then stays DENY, what was PERMIT stays PERMIT");
}

#[tokio::test]
async fn each_reader_of_a_release_is_told_what_it_may_know() {
    let (city, release) = City::after_a_look().await;
    let recipient = city.center().explains("ooba", &release).await.unwrap();
    assert!(decided(&recipient, "PERMIT").contains(&"C05"));
    assert!(
        recipient.decisions.iter().all(|d| d.outcome == "PERMIT" && d.evidence.is_empty()),
        "{:?}",
        recipient.lines
    );
    assert!(
        recipient
            .lines
            .iter()
            .any(|line| line.contains("T9.consent") && line.contains("by consent") || line.contains("consent"))
    );
    let source = city.hospital().explains("namiki", &release).await.unwrap();
    assert!(decided(&source, "DENY").contains(&"C08"), "its author learns what was not shown: {:?}", source.lines);
    let auditor = city.center().explains("hayakawa", &release).await.unwrap();
    assert!(auditor.decisions.len() >= source.decisions.len());
    assert!(auditor.decisions.iter().any(|d| d.rule == "T9.consent" && !d.evidence.is_empty()));
    let subject = city.center().explains("isobe", &release).await.unwrap();
    assert!(subject.decisions.iter().all(|d| d.outcome != "DENY" && d.outcome != "HOLD"));

    let nobody = "018f0000-0000-7000-8000-000000000001";
    for (agency, staff) in [
        (city.clinic(), "kaida"),
        (city.provider(), "nogami"),
        (city.guidance_center(), "w-0412"),
        (city.health_center(), "shiina"),
        (city.hospital(), ""),
        (city.center(), ""),
    ] {
        let (known, unknown) = (agency.explains(staff, &release).await, agency.explains(staff, nobody).await);
        let (known, unknown) = (known.unwrap_err(), unknown.unwrap_err());
        assert_eq!(
            (known.code(), known.message()),
            (Code::InvalidArgument, unknown.message()),
            "{} {staff}",
            agency.id
        );
    }
}

#[tokio::test]
async fn an_answer_that_showed_nothing_is_decided_again_for_its_author_and_the_auditor_alone() {
    let city = City::after_the_discharge().await;
    city.set("2026-10-30T13:00:00+09:00");
    assert!(city.prefectural_health_center().looks_up("P1", chinatsu(), "").await.is_empty());
    let refused = city.last_decision_for(sample::PREFECTURAL_HEALTH_CENTER).await;
    city.set("2026-11-20T10:00:00+09:00");
    city.center()
        .records(RecordConsentRequest {
            grantee_agency: sample::PREFECTURAL_HEALTH_CENTER.to_owned(),
            purposes: words(&["P1"]),
            ..permit(chinatsu(), "self")
        })
        .await;
    for (agency, staff) in [(city.center(), "hayakawa"), (city.hospital(), "namiki")] {
        let explained = agency.explains(staff, &refused).await.unwrap();
        assert_eq!((explained.reproduced.as_str(), explained.same_facts.as_str()), ("yes", "yes"), "{staff}");
        assert_eq!(explained.facts_hash.len(), 64);
        let discharge = explained.decisions.iter().find(|d| d.category == "C05").unwrap();
        assert_eq!((discharge.outcome.as_str(), discharge.basis.as_str()), ("DENY", "CS"), "{staff}");
    }
    let nobody = "018f0000-0000-7000-8000-000000000001";
    for (agency, staff) in
        [(city.prefectural_health_center(), "hamano"), (city.center(), "isobe"), (city.center(), "ooba")]
    {
        let (known, unknown) = (agency.explains(staff, &refused).await, agency.explains(staff, nobody).await);
        assert_eq!(known.unwrap_err().message(), unknown.unwrap_err().message(), "{} {staff}", agency.id);
    }
    assert!(
        city.statement("hayakawa", chinatsu())
            .await
            .iter()
            .all(|row| row.recipient != sample::PREFECTURAL_HEALTH_CENTER)
    );
    assert!(city.prefectural_health_center().looks_up("P1", crate::steps::saya(), "").await.is_empty());
    assert_eq!(
        city.last_decision_for(sample::PREFECTURAL_HEALTH_CENTER).await,
        refused,
        "of nobody nothing is decided"
    );
}

#[tokio::test]
async fn who_asks_in_vain_again_leaves_no_second_decision_until_something_has_changed() {
    let city = City::after_the_discharge().await;
    let asks = || async { city.prefectural_health_center().looks_up("P1", chinatsu(), "").await.is_empty() };
    let decision = || city.last_decision_for(sample::PREFECTURAL_HEALTH_CENTER);
    city.set("2026-10-30T13:00:00+09:00");
    assert!(asks().await);
    let first = decision().await;
    for minute in ["13:01", "13:02"] {
        city.set(&format!("2026-10-30T{minute}:00+09:00"));
        assert!(asks().await);
        assert_eq!(decision().await, first);
    }
    city.set("2026-10-30T14:00:00+09:00");
    city.center().records(permit(chinatsu(), "self")).await;
    assert!(asks().await);
    assert_ne!(decision().await, first, "another state of what it rests on");
}

#[tokio::test]
async fn a_notice_without_a_basis_and_one_that_lost_it_leave_their_decision() {
    let city = City::at("2026-10-30T11:05:40+09:00").await;
    city.hospital().sends(MOTHER).await.accepted();
    let held = city.last_decision_for(sample::CENTER).await;
    let explained = city.hospital().explains("namiki", &held).await.unwrap();
    assert_eq!((explained.reproduced.as_str(), explained.same_facts.as_str()), ("yes", "yes"));
    assert!(decided(&explained, "DENY").contains(&"C05") && decided(&explained, "PERMIT").is_empty());
    city.center().records(permit(chinatsu(), "self")).await;
    city.set("2026-10-30T12:00:00+09:00");
    city.center().withdraws_for(chinatsu(), "self").await;
    assert!(city.center().receives().await.is_empty());
    let lost = city.last_decision_for(sample::CENTER).await;
    assert_ne!(held, lost);
    let explained = city.center().explains("hayakawa", &lost).await.unwrap();
    assert_eq!((explained.reproduced.as_str(), explained.same_facts.as_str()), ("yes", "yes"));
}

#[tokio::test]
async fn a_decision_of_the_very_moment_of_a_change_is_decided_again_on_its_own_side_of_it() {
    let (city, before) = City::after_a_look().await;
    let until_then = city.decisions_for(sample::CENTER).await;
    // The clock stands: look, withdrawals and look are of one moment.
    city.center().withdraws_for(chinatsu(), "self").await;
    city.center().withdraws_for(minato(), "parental_authority").await;
    assert!(!city.center().looks_up("P3", chinatsu(), "").await.kinds().contains(&"discharge_notice"));
    let mut after = city.decisions_for(sample::CENTER).await;
    after.retain(|release| !until_then.contains(release));
    assert!(!after.is_empty());
    let sides = after.into_iter().map(|release| (release, false)).chain([(before, true)]);
    for (release, whole) in sides {
        let explained = city.center().explains("hayakawa", &release).await.unwrap();
        assert_eq!((explained.reproduced.as_str(), explained.same_facts.as_str()), ("yes", "yes"), "{release}");
        assert_eq!(decided(&explained, "PERMIT").contains(&"C05"), whole, "{release}");
    }
}

#[tokio::test]
async fn what_was_decided_about_two_persons_is_decided_again_about_two_after_they_were_joined() {
    let (city, release) = City::after_a_look().await;
    city.set("2026-11-02T10:00:00+09:00");
    let request = LinkPersonsRequest {
        staff_id: "ooba".to_owned(),
        one: Some(person(sample::CITY, "K0900777", "other")),
        other: Some(chinatsu()),
        reason: "same person".to_owned(),
    };
    let shield = ShieldRequest {
        staff_id: "ooba".to_owned(),
        subject: Some(person(sample::CITY, "K0900777", "other")),
        from: "2026-11-01".to_owned(),
        until: "2027-10-31".to_owned(),
        ..ShieldRequest::default()
    };
    city.center().client.consents().shield(shield).await.unwrap();
    city.center().client.registry().link_persons(request).await.unwrap();
    let explained = city.center().explains("hayakawa", &release).await.unwrap();
    assert_eq!((explained.reproduced.as_str(), explained.same_facts.as_str()), ("yes", "yes"));
}

#[tokio::test]
async fn what_if_tells_an_author_what_would_open_and_nobody_else() {
    let (city, _) = City::after_a_look().await;
    let parts = city.hospital().what_if("namiki", EPDS_ID, sample::CENTER).await.unwrap();
    let mind: Vec<&WhatIfPart> =
        parts.iter().filter(|part| part.now.as_ref().is_some_and(|now| now.category == "C08")).collect();
    assert!(!mind.is_empty(), "{parts:?}");
    for part in mind {
        let now = part.now.clone().unwrap();
        assert_eq!((now.outcome.as_str(), now.rule.as_str()), ("DENY", "T11.default-deny"));
        assert_eq!(part.changed_by, ["permit"]);
    }
    for (agency, staff) in [(city.clinic(), "kaida"), (city.center(), "ooba"), (city.hospital(), "")] {
        let refused = agency.what_if(staff, EPDS_ID, sample::CENTER).await.unwrap_err();
        assert!(refused.message().contains("M641"), "{refused}");
    }
    let guidance = city.hospital().what_if("namiki", EPDS_ID, sample::GUIDANCE_CENTER).await.unwrap_err();
    assert!(guidance.message().contains("M641"), "whether a guidance center has a ground is not for a hospital");
}

impl Agency {
    /// What the center would be shown of the newborn's discharge.
    pub(crate) async fn what_if_the_newborn(&self) -> Vec<WhatIfPart> {
        self.what_if("namiki", "S261030-0101", sample::CENTER).await.unwrap()
    }
}
