//! What need not be kept any more is destroyed by two operators, and nobody before its time (`consent.md` section 12).

use crate::agencies::Agency;
use crate::city::{City, MOTHER};
use crate::console_work::proven;
use crate::serve_commands::musubi;
use crate::steps::{akari, chinatsu, minato};
use musubi::cli::Exit;
use musubi::edge::grpc::client::{AnswerWorkRequest, LegalHoldRequest};
use musubi::sample_city as sample;
use musubi::serve::open_hub;
use musubi::store::Log;
use musubi_core::id::{Municipality, PersonId};
use musubi_core::retention::{Hold, Verdict};
use musubi_core::time::Time;
use std::collections::BTreeSet;
use std::path::Path;
use tonic::{Code, Status};

const REASON: &str = "損害賠償請求訴訟のため";
/// Five years after the last of what the stories do.
const FREE: &str = "2032-01-10T09:00:00+09:00";

impl City {
    /// Whether the family of 榎本 need be kept, and who they are.
    async fn kept(&self) -> (Vec<PersonId>, Verdict) {
        let mut all = self.running.hub.retained().await.unwrap();
        assert_eq!(all.len(), 1, "they share rows: one family");
        let one = all.remove(0);
        (one.persons.into_iter().collect(), one.verdict)
    }

    async fn held(&self) -> BTreeSet<Hold> {
        match self.kept().await.1 {
            Verdict::Held(holds) => holds,
            other => panic!("nothing holds it: {other:?}"),
        }
    }

    /// Everything that waited for the center is done.
    async fn is_done_with(&self) {
        self.center().receives().await;
        for item in self.center().work("").await {
            let answer = AnswerWorkRequest {
                staff_id: "ooba".to_owned(),
                id: item.id.clone(),
                answer: "done".to_owned(),
                ..AnswerWorkRequest::default()
            };
            self.center().client.work_items().answer(answer).await.unwrap();
        }
    }

    async fn destroys(&self, person: PersonId, by: &str) -> (Exit, String) {
        musubi(&format!("retention destroy {person} --by {by}"), self.folder.path()).await
    }
}

impl Agency {
    async fn preserves(&self, staff: &str, reason: &str, lift: bool) -> Result<(), Status> {
        let (staff_id, subject, reason) = (staff.to_owned(), Some(chinatsu()), reason.to_owned());
        let request = LegalHoldRequest { staff_id, subject, reason, lift };
        self.client.consents().legal_hold(request).await.map(drop)
    }
}

#[tokio::test]
async fn s58_two_operators_destroy_a_family_past_its_schedule_and_the_log_still_verifies() {
    let city = City::after_the_discharge().await;
    city.is_done_with().await;
    assert!(matches!(city.kept().await.1, Verdict::Kept { .. } | Verdict::Held(_)));
    let (persons, _) = city.kept().await;
    let (exit, said) = city.destroys(persons[0], "abe").await;
    assert!(exit == Exit::Refused && said.contains("M850"), "before its time: {said}");
    city.set(FREE);
    assert!(matches!(city.kept().await.1, Verdict::Due { .. }), "{:?}", city.kept().await.1);
    let log = Log::Municipality(Municipality::new("482072").unwrap());
    let leaves = city.running.hub.store.leaf_hashes(&log, u64::MAX >> 1).await.unwrap();

    assert_eq!(city.destroys(persons[0], "abe").await.0, Exit::Success);
    let (exit, said) = city.destroys(persons[0], "ABE").await;
    assert!(exit == Exit::Refused && said.contains("M833"), "one operator alone: {said}");
    assert_eq!(city.destroys(persons[0], "baba").await.0, Exit::Success);

    let store = &city.running.hub.store;
    assert!(store.persons(&persons).await.unwrap().iter().all(|row| row.key.is_none()));
    assert!(city.running.hub.retained().await.unwrap().is_empty(), "nobody is left");
    for whom in [chinatsu(), minato()] {
        for (agency, purpose) in [(city.center(), "P3"), (city.hospital(), "P1")] {
            assert!(agency.looks_up(purpose, whom.clone(), "").await.is_empty(), "as somebody whom nobody knows");
        }
    }
    let all = city.center().work("").await;
    assert!(all.is_empty(), "{all:?}");
    let after = store.leaf_hashes(&log, u64::MAX >> 1).await.unwrap();
    assert_eq!(after[..leaves.len()], leaves[..], "the log stands");
    let (exit, said) = musubi("audit verify", city.folder.path()).await;
    assert!(exit == Exit::Success && said.contains("ok    482072"), "{said}");

    // The same identifier names somebody new.
    let again = String::from_utf8(MOTHER.to_vec()).unwrap();
    let again = again.replace("S261030-0102", "S320110-0001").replace("I26-003871", "I32-000001");
    city.hospital().sends(again.as_bytes()).await.accepted();
    let (new, _) = city.kept().await;
    assert!(new.iter().all(|person| !persons.contains(person)));
}

#[tokio::test]
async fn that_the_center_looks_at_its_own_list_keeps_nobody_on_it() {
    let city = City::after_the_visits().await;
    city.is_done_with().await;
    // A visit that speaks of a concern is kept until the child is twenty-five.
    city.set("2052-01-10T09:00:00+09:00");
    let verdicts = || async {
        let all = city.running.hub.retained().await.unwrap();
        all.into_iter().map(|one| one.verdict).collect::<Vec<_>>()
    };
    let before = verdicts().await;
    assert!(before.iter().any(|verdict| matches!(verdict, Verdict::Due { .. })), "{before:?}");
    assert!(!city.center().looks_up("P3", akari(), "").await.is_empty());
    assert_eq!(verdicts().await, before);
}

#[tokio::test]
async fn an_officers_order_beats_the_schedule_until_it_is_lifted() {
    let city = City::after_the_discharge().await;
    city.is_done_with().await;
    for staff in ["ooba", "fukatsu", "hayakawa", ""] {
        let refused = city.center().preserves(staff, REASON, false).await.unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied, "{staff}");
    }
    let refused = city.center().preserves("isobe", "訴訟", false).await.unwrap_err();
    assert!(refused.message().contains("M851"), "{refused}");
    city.center().preserves("isobe", REASON, false).await.unwrap();
    city.set(FREE);
    assert_eq!(city.held().await, BTreeSet::from([Hold::LegalHold]));
    let (persons, _) = city.kept().await;
    let (exit, said) = city.destroys(persons[0], "abe").await;
    assert!(exit == Exit::Refused && said.contains("legal_hold"), "{said}");
    city.center().preserves("isobe", "訴訟が終結したため(確定)", true).await.unwrap();
    assert!(matches!(city.kept().await.1, Verdict::Kept { .. }), "the lifting is an act: its years begin");
    let refused = city.center().preserves("isobe", REASON, true).await.unwrap_err();
    assert!(refused.message().contains("M852"), "{refused}");
}

#[tokio::test]
async fn what_waits_and_what_runs_hold_a_record_however_old() {
    let city = City::after_the_permitted_discharge().await;
    city.set("2026-11-01T09:00:00+09:00");
    assert!(city.held().await.contains(&Hold::RunningConsent));
    city.set(FREE);
    let holds = city.held().await;
    assert!(holds.contains(&Hold::OpenWork) || holds.contains(&Hold::Delivery), "{holds:?}");
    assert!(!holds.contains(&Hold::RunningConsent), "it ended");
    let (exit, said) = musubi("retention due", city.folder.path()).await;
    assert_eq!(exit, Exit::Success, "{said}");
    assert!(said.contains("held ") && !said.contains("榎本"), "{said}");
}

#[tokio::test]
async fn the_schedule_of_the_policy_folder_is_the_one_that_counts() {
    let city = City::after_the_discharge().await;
    city.is_done_with().await;
    let (folder, reviewed) = (city.folder.path().join("policy"), Path::new(env!("CARGO_MANIFEST_DIR")).join("policy"));
    std::fs::create_dir(&folder).unwrap();
    for name in ["matrix.toml", "grounds.toml", "masks.toml", "codes.toml", "retention.toml"] {
        let text = std::fs::read_to_string(reviewed.join(name)).unwrap();
        std::fs::write(folder.join(name), text.replace("years = 5", "years = 50")).unwrap();
    }
    let City { folder: _folder, mut config, clock, running, runtime: _runtime } = city;
    running.stop().await.unwrap();
    config.policy.folder = Some(folder);
    clock.set(Time::parse_rfc3339(FREE).unwrap());
    // Nothing looks after what is overdue here, as it would where a hub runs.
    let hub = open_hub(&config, clock).await.unwrap();
    let kept = hub.retained().await.unwrap().remove(0).verdict;
    assert!(matches!(kept, Verdict::Kept { .. }), "under the program's own it is free by now: {kept:?}");
    hub.store.close().await.unwrap();
}

#[tokio::test]
async fn the_privacy_officer_preserves_a_record_on_a_page_and_lifts_it_again() {
    let city = City::after_the_discharge().await;
    city.is_done_with().await;
    let mut officer = city.signed_in(sample::CENTER, "isobe").await;
    let page = officer.get("/preserve").await;
    let whom = [("name", "榎本 千夏"), ("born", "1996-05-14")];
    let with = |reason: &'static str, what: &'static str| [whom[0], whom[1], ("reason", reason), ("what", what)];
    let short = proven(&mut officer, &page, "/preserve", &with("訴訟", "put")).await;
    assert!(short.status == 422 && short.says("M851") && short.says("訴訟"), "{}", short.body);
    let put = officer.submit(&page, "/preserve", &with(REASON, "put")).await;
    assert!(put.says("記録を保全しました"), "{}", put.body);
    assert!(city.held().await.contains(&Hold::LegalHold));
    let lifted = officer.submit(&page, "/preserve", &with("訴訟が終結したため(確定)", "lift")).await;
    assert!(lifted.says("保全命令を解きました"), "{}", lifted.body);
    let again = officer.submit(&page, "/preserve", &with(REASON, "lift")).await;
    assert!(again.status == 409 && again.says("M852"), "{} {}", again.status, again.body);
    let mut nurse = city.signed_in(sample::CENTER, "ooba").await;
    assert_eq!(nurse.get("/preserve").await.status, 403);
    assert!(!nurse.get("/today").await.says("/preserve"), "not in the menu of who may not");
}
