//! Deliveries into a folder: decided at each attempt, retried, in order, and never in another recipient's way.

use crate::city::{City, MOTHER, TWO_WEEK_CHECK};
use musubi::hub::consents::ConsentTerms;
use musubi::hub::fetching::Fetching;
use musubi::hub::persons::Named;
use musubi::hub::register::Subscription;
use musubi::hub::{Caller, Hub};
use musubi::sample_city as sample;
use musubi::store::{Change, DeliveryRow, DeliveryState, Row};
use musubi_core::agency::{AgencyId, Category, Purpose};
use musubi_core::consent::records::{Channel, ConsentKind, Grantee, Proof, Relationship, Scope};
use musubi_core::id::{DeliveryId, Municipality};
use musubi_core::record::PersonKey;
use std::path::PathBuf;
use std::time::Duration;

fn mother() -> Named {
    let key = PersonKey { issuer: sample::HOSPITAL.to_owned(), identifier: "00012345".to_owned() };
    Named { key: Some(key), ..Named::default() }
}

/// The mother permits the center to be told of her, for 300 days from now on.
pub(crate) async fn mother_permits(hub: &Hub) {
    use Category::{C01, C02, C04, C05, C06, C07};
    let terms = ConsentTerms {
        kind: ConsentKind::Permit,
        subject: mother(),
        grantor: None,
        relationship: Relationship::Subject,
        authority: "母子健康手帳".to_owned(),
        grantee: Grantee::Agency(AgencyId::new(sample::CENTER).unwrap()),
        categories: Scope::Named([C01, C02, C04, C05, C06, C07].into_iter().collect()),
        purposes: vec![Purpose::P3],
        valid_from: hub.now(),
        valid_until: Some(hub.now().plus_days(300)),
        evidence: Proof {
            form: "SK-1".to_owned(),
            form_version: "2026-04".to_owned(),
            language: "ja".to_owned(),
            scan_sha256: None,
            witness: Some("ooba".to_owned()),
            channel: Channel::Paper,
        },
        explanation_given: "説明済み".to_owned(),
        lifts: None,
    };
    let officer = hub.caller(&AgencyId::new(sample::CENTER).unwrap(), "ooba").unwrap();
    hub.record_consent(&officer, terms).await.unwrap();
}

impl City {
    fn officer(&self) -> Caller {
        self.running.hub.caller(&AgencyId::new(sample::CENTER).unwrap(), "ooba").unwrap()
    }

    pub(crate) async fn mother_permits(&self) {
        mother_permits(&self.running.hub).await;
    }

    fn folder(&self) -> PathBuf {
        sample::center_folder(&self.config)
    }

    fn files(&self) -> Vec<String> {
        let files = std::fs::read_dir(self.folder()).into_iter().flatten().flatten();
        let mut names: Vec<String> = files.map(|file| file.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// Waits until the folder's deliveries are as they should be.
    async fn deliveries(&self, what: &str, as_wanted: impl Fn(&[DeliveryRow]) -> bool) -> Vec<DeliveryRow> {
        let mut last = String::new();
        for _ in 0..200 {
            let center = AgencyId::new(sample::CENTER).unwrap();
            let mut rows = self.running.hub.store.deliveries_to(&center, 0, 100).await.unwrap();
            rows.retain(|row| row.format.starts_with("folder:"));
            if as_wanted(&rows) {
                return rows;
            }
            let now = self.running.hub.now();
            let line = |row: &DeliveryRow| {
                format!("{:?} {} {:?} due {}", row.state, row.attempts, row.reason, row.next_at <= now)
            };
            last = rows.iter().map(line).collect::<Vec<_>>().join(", ");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("not so in ten seconds: {what}: {last}");
    }
}

async fn with_consent() -> City {
    let city = City::at("2026-10-28T10:00:00+09:00").await;
    city.mother_permits().await;
    city.set("2026-10-30T11:05:40+09:00");
    city
}

#[tokio::test]
async fn a_notice_lies_in_the_folder_whole_and_named_by_its_delivery() {
    let city = with_consent().await;
    assert!(city.send(sample::HOSPITAL, MOTHER).await.contains("MSA|AA|"));
    let rows =
        city.deliveries("acknowledged", |rows| rows.iter().all(|r| r.state == DeliveryState::Acknowledged)).await;
    assert_eq!(rows.len(), 1);
    assert_eq!(city.files(), [format!("{}.notice-csv.csv", rows[0].id)]);
    let text = std::fs::read_to_string(city.folder().join(&city.files()[0])).unwrap();
    assert!(text.contains("榎本"), "{text}");
}

#[tokio::test]
async fn a_folder_that_comes_back_gets_what_failed_in_the_order_of_the_family() {
    let city = with_consent().await;
    std::fs::remove_dir(city.folder()).unwrap();
    city.send(sample::HOSPITAL, MOTHER).await;
    city.deliveries("tried", |rows| rows.len() == 1 && rows[0].attempts == 1 && rows[0].reason == "folder").await;
    city.set("2026-11-09T15:31:00+09:00");
    city.deliveries("tried again", |rows| rows[0].attempts == 2 && rows[0].reason == "folder").await;
    assert!(city.send(sample::HOSPITAL, TWO_WEEK_CHECK).await.contains("MSA|AA|"));
    let later = |rows: &[DeliveryRow]| rows.len() == 2 && rows[1].attempts == 0 && rows[1].next_at == rows[0].next_at;
    let rows = city.deliveries("the later one waits for the earlier", later).await;
    std::fs::create_dir(city.folder()).unwrap();
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(city.files().is_empty(), "not before the pause is over");
    city.clock.set(rows[0].next_at);
    let rows = city.deliveries("both", |rows| rows.iter().all(|r| r.state == DeliveryState::Acknowledged)).await;
    assert_eq!((rows[0].attempts, rows[1].attempts), (3, 1));
    assert_eq!(city.files().len(), 2);
}

#[tokio::test]
async fn what_was_replaced_while_it_waited_is_delivered_once_and_nobody_is_told_that_it_was_not() {
    let city = with_consent().await;
    std::fs::remove_dir(city.folder()).unwrap();
    city.send(sample::HOSPITAL, MOTHER).await;
    let rows = city.deliveries("tried", |rows| rows.len() == 1 && rows[0].reason == "folder").await;
    let again = String::from_utf8(MOTHER.to_vec()).unwrap().replace("S261030-0102", "S261030-0104");
    assert!(city.send(sample::HOSPITAL, again.as_bytes()).await.contains("MSA|AA|"));
    std::fs::create_dir(city.folder()).unwrap();
    city.clock.set(rows[0].next_at);
    let ended = |rows: &[DeliveryRow]| rows.iter().all(|row| !row.state.is_unfinished());
    let rows = city.deliveries("both ended", |rows| rows.len() == 2 && ended(rows)).await;
    assert_eq!((rows[0].state, rows[0].reason.as_str()), (DeliveryState::Suppressed, "replaced"));
    assert_eq!(rows[1].state, DeliveryState::Acknowledged);
    assert_eq!(city.files(), [format!("{}.notice-csv.csv", rows[1].id)]);
    let hospital = city.running.hub.caller(&AgencyId::new(sample::HOSPITAL).unwrap(), "").unwrap();
    assert!(city.running.hub.work_items(&hospital, None, "not_delivered").await.unwrap().is_empty());
}

#[tokio::test]
async fn a_withdrawal_between_two_attempts_suppresses_the_second() {
    let city = with_consent().await;
    std::fs::remove_dir(city.folder()).unwrap();
    city.send(sample::HOSPITAL, MOTHER).await;
    let rows = city.deliveries("tried", |rows| rows.len() == 1 && rows[0].reason == "folder").await;
    city.running.hub.withdraw(&city.officer(), &mother(), Relationship::Subject).await.unwrap();
    std::fs::create_dir(city.folder()).unwrap();
    city.clock.set(rows[0].next_at);
    city.deliveries("suppressed", |rows| rows[0].state == DeliveryState::Suppressed).await;
    assert!(city.files().is_empty());
}

#[tokio::test]
async fn after_twenty_attempts_a_person_is_asked() {
    let city = with_consent().await;
    std::fs::remove_dir(city.folder()).unwrap();
    city.send(sample::HOSPITAL, MOTHER).await;
    for attempt in 1..=20 {
        let tried = |rows: &[DeliveryRow]| rows.len() == 1 && rows[0].attempts == attempt && rows[0].reason == "folder";
        let rows = city.deliveries("tried again", tried).await;
        // Of the last attempt this is the deadline of who must look.
        if attempt < 20 {
            city.clock.set(rows[0].next_at);
        }
    }
    city.deliveries("given up", |rows| rows[0].state == DeliveryState::Dead).await;
    let (hub, officer) = (&city.running.hub, city.officer());
    let asked = hub.work_items(&officer, Some(true), "dead_delivery").await.unwrap();
    assert_eq!(asked.len(), 1);
    let overdue = async || {
        hub.look_after_overdue().await.unwrap();
        let told = hub.work_items(&officer, Some(true), "escalation").await.unwrap();
        told.iter().filter(|item| item.body.code == "DEAD_LETTER_OVERDUE").count()
    };
    assert_eq!(overdue().await, 0);
    city.clock.set(asked[0].row.due_at.unwrap());
    assert_eq!((overdue().await, overdue().await), (1, 1), "and told once when nobody has looked by the deadline");
}

#[tokio::test]
async fn a_destination_that_is_told_nothing_is_one_question_for_a_person_and_closed_when_it_is_over() {
    let city = with_consent().await;
    std::fs::remove_dir(city.folder()).unwrap();
    let another = String::from_utf8(MOTHER.to_vec()).unwrap();
    let another = another.replace("S261030-0102", "S261030-0104").replace("I26-003871", "I26-003872");
    for message in [MOTHER, another.as_bytes()] {
        assert!(city.send(sample::HOSPITAL, message).await.contains("MSA|AA|"));
    }
    city.deliveries("tried", |rows| rows.len() == 2 && rows[0].reason == "folder").await;
    let hub = &city.running.hub;
    let asked = async |open| hub.work_items(&city.officer(), Some(open), "delivery_late").await.unwrap().len();
    hub.look_after_late().await.unwrap();
    assert_eq!(asked(true).await, 0, "not yet");
    city.clock.advance_minutes(61);
    for _ in 0..2 {
        hub.look_after_late().await.unwrap();
        assert_eq!(asked(true).await, 1, "one question, however many wait and however often it is looked");
    }
    std::fs::create_dir(city.folder()).unwrap();
    city.clock.advance_minutes(61);
    city.deliveries("both", |rows| rows.iter().all(|r| r.state == DeliveryState::Acknowledged)).await;
    let center = hub.caller(&AgencyId::new(sample::CENTER).unwrap(), "").unwrap();
    for ready in hub.receive(&center, Fetching::default()).await.unwrap() {
        hub.acknowledge(&center, &[ready.delivery.id]).await.unwrap();
    }
    hub.look_after_late().await.unwrap();
    assert_eq!((asked(true).await, asked(false).await), (0, 1));
}

#[tokio::test]
async fn of_two_questions_that_were_asked_in_one_moment_one_stays() {
    let city = with_consent().await;
    std::fs::remove_dir(city.folder()).unwrap();
    city.send(sample::HOSPITAL, MOTHER).await;
    city.deliveries("tried", |rows| rows.len() == 1 && rows[0].reason == "folder").await;
    city.clock.advance_minutes(61);
    let hub = &city.running.hub;
    // As two hubs on one database do.
    let (one, two) = tokio::join!(hub.look_after_late(), hub.look_after_late());
    one.and(two).unwrap();
    hub.look_after_late().await.unwrap();
    assert_eq!(hub.work_items(&city.officer(), Some(true), "delivery_late").await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_destination_for_which_much_waits_and_fails_is_in_nobodys_way() {
    const MANY: u128 = 2_000;
    let city = with_consent().await;
    std::fs::remove_dir(city.folder()).unwrap();
    let (hub, other) = (&city.running.hub, tempfile::tempdir().unwrap());
    let (purpose, formats) = (Purpose::P3, vec!["notice-csv".to_owned()]);
    let folder = Some(other.path().to_owned());
    city.subscribes(sample::HEALTH_CENTER, Subscription { purpose, formats, folder, https: None, mllp: None }).await;
    let row = |number: u128, recipient: &str| {
        Row::Delivery(DeliveryRow {
            municipality: Municipality::new(sample::CITY).unwrap(),
            id: DeliveryId(uuid::Uuid::from_u128(number)),
            recipient: AgencyId::new(recipient).unwrap(),
            purpose,
            format: "folder:notice-csv".to_owned(),
            message: None,
            entries: Vec::new(),
            question: None,
            state: DeliveryState::Waiting,
            attempts: 0,
            created_at: hub.now(),
            next_at: hub.now(),
            reason: String::new(),
            released_at: None,
            sent_at: None,
            sequence: 0,
            persons: Vec::new(),
        })
    };
    let mut rows: Vec<Row> = (0..MANY).map(|number| row(number, sample::CENTER)).collect();
    rows.push(row(MANY, sample::HEALTH_CENTER));
    hub.store.commit("queue", Change { rows, ..Change::default() }).await.unwrap();
    let last = DeliveryId(uuid::Uuid::from_u128(MANY));
    let untried = |row: &DeliveryRow| row.state == DeliveryState::Waiting && row.attempts == 0;
    while untried(&hub.store.delivery(last).await.unwrap().unwrap()) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let waiting = hub.store.deliveries_in(DeliveryState::Waiting, 10_000).await.unwrap();
    let still = waiting.iter().filter(|row| untried(row)).count();
    assert!(still > 1_000, "what came last for another was reached before most of what waits for the first: {still}");
}

#[tokio::test]
async fn an_agency_that_should_send_and_is_silent_is_one_question_and_closed_when_it_is_heard() {
    let city = with_consent().await;
    let hub = &city.running.hub;
    let hospital = hub.register.agency(&AgencyId::new(sample::HOSPITAL).unwrap()).unwrap();
    let mut hospital = musubi::hub::register::Agency::clone(&hospital);
    hospital.settings.silence_minutes = Some(120);
    let called = format!("{} ({})", hospital.name, hospital.id);
    hub.register_agency(hospital).await.unwrap();
    let asked = async |open| hub.work_items(&city.officer(), Some(open), "sender_silent").await.unwrap().len();
    city.send(sample::HOSPITAL, MOTHER).await;
    for (minutes, silent) in [(119, 0), (1, 1), (500, 1)] {
        city.clock.advance_minutes(minutes);
        hub.look_after_silent().await.unwrap();
        assert_eq!(asked(true).await, silent, "one question, and only about who should send");
    }
    let words = hub.work_items(&city.officer(), Some(true), "sender_silent").await.unwrap().remove(0).body;
    assert!(words.ja.contains(&called) && words.en.contains(&called), "{words:?}");
    assert!(city.send(sample::HOSPITAL, MOTHER).await.contains("MSA|AA|"), "the same again is heard too");
    hub.look_after_silent().await.unwrap();
    assert_eq!((asked(true).await, asked(false).await), (0, 1));
}

#[tokio::test]
async fn a_destination_may_be_given_less_time_than_another() {
    let city = with_consent().await;
    std::fs::remove_dir(city.folder()).unwrap();
    let hub = &city.running.hub;
    let center = hub.register.agency(&AgencyId::new(sample::CENTER).unwrap()).unwrap();
    let mut center = musubi::hub::register::Agency::clone(&center);
    center.settings.late_minutes = Some(10);
    hub.register_agency(center).await.unwrap();
    city.send(sample::HOSPITAL, MOTHER).await;
    for (minutes, late) in [(9, 0), (1, 1)] {
        city.clock.advance_minutes(minutes);
        hub.look_after_late().await.unwrap();
        assert_eq!(hub.work_items(&city.officer(), Some(true), "delivery_late").await.unwrap().len(), late);
    }
}

#[tokio::test]
async fn a_folder_that_is_gone_does_not_keep_the_center_from_fetching() {
    let city = with_consent().await;
    std::fs::remove_dir(city.folder()).unwrap();
    city.send(sample::HOSPITAL, MOTHER).await;
    let machine = city.running.hub.caller(&AgencyId::new(sample::CENTER).unwrap(), "").unwrap();
    let ready = city.running.hub.receive(&machine, Fetching::default()).await.unwrap();
    assert_eq!(ready.len(), 1);
    assert!(ready[0].renderings.iter().any(|rendering| rendering.format() == "notice-html"));
}
