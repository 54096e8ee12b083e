//! Deliveries by HTTPS: to the pinned agency alone, once, and what its answer means.

use crate::city::{City, MOTHER};
use crate::console_work::proven;
use crate::listening::listener;
use musubi::ca::Authority;
use musubi::edge::grpc::client::ReplayRequest;
use musubi::hub::register::{Address, Subscription};
use musubi::sample_city as sample;
use musubi::store::{DeliveryRow, DeliveryState};
use musubi_core::agency::{AgencyId, Purpose};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// It takes two seconds, and then answers 200.
const LATER: u16 = 1;
/// It never answers.
pub(crate) const NEVER: u16 = 2;

/// An agency that listens: what it was told, and what it answers next. `0` hangs up without an answer.
#[derive(Clone, Default)]
pub(crate) struct Listening {
    told: Arc<Mutex<Vec<String>>>,
    pub(crate) answers: Arc<Mutex<VecDeque<u16>>>,
    /// It takes a connection and says nothing on it.
    pub(crate) mute: Arc<AtomicBool>,
    /// How often it was called.
    pub(crate) called: Arc<AtomicUsize>,
}

impl Listening {
    pub(crate) fn told(&self) -> Vec<String> {
        self.told.lock().unwrap().clone()
    }

    /// Serves with a certificate of this agency; says on which port.
    pub(crate) async fn serve(&self, authority: &Authority, holder: &str) -> u16 {
        let (acceptor, listener, port) = listener(authority, holder).await;
        let listening = self.clone();
        tokio::spawn(async move {
            while let Ok((mut tcp, _)) = listener.accept().await {
                listening.called.fetch_add(1, Ordering::SeqCst);
                if listening.mute.load(Ordering::SeqCst) {
                    while tcp.read(&mut [0; 4096]).await.is_ok_and(|read| read > 0) {}
                    continue;
                }
                let Ok(mut stream) = acceptor.accept(tcp).await else { continue };
                let mut request = Vec::new();
                while !whole(&request) {
                    let mut more = [0; 4096];
                    match stream.read(&mut more).await {
                        Ok(0) | Err(_) => break,
                        Ok(read) => request.extend_from_slice(&more[..read]),
                    }
                }
                listening.told.lock().unwrap().push(String::from_utf8(request).unwrap());
                let mut status = listening.answers.lock().unwrap().pop_front().unwrap_or(200);
                if status == NEVER {
                    while stream.read(&mut [0; 4096]).await.is_ok_and(|read| read > 0) {}
                    continue;
                }
                if status == LATER {
                    tokio::time::sleep(Duration::from_secs(2)).await;
                    status = 200;
                }
                if status != 0 {
                    let answer = format!("HTTP/1.1 {status} -\r\ncontent-length: 0\r\n\r\n");
                    stream.write_all(answer.as_bytes()).await.unwrap();
                    stream.shutdown().await.ok();
                }
            }
        });
        port
    }
}

/// Has all of an HTTP request with a length been read?
fn whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
    body.len() >= length.unwrap_or(0)
}

/// A city whose center listens under a certificate of `holder` and answers so.
async fn listening(holder: &str, repeats: bool, answers: &[u16]) -> (City, Listening) {
    let center = Listening::default();
    center.answers.lock().unwrap().extend(answers);
    let city = City::that_calls("2026-10-28T10:00:00+09:00").await;
    let port = center.serve(&city.authority(), holder).await;
    let https = Address {
        address: format!("localhost:{port}"),
        server_name: "localhost".to_owned(),
        agency: None,
        path: "/notices".to_owned(),
        repeats,
    };
    let (purpose, formats) = (Purpose::P3, vec!["notice-csv".to_owned()]);
    city.subscribes(sample::CENTER, Subscription { purpose, formats, folder: None, https: Some(https), mllp: None })
        .await;
    city.mother_permits().await;
    city.set("2026-10-30T11:05:40+09:00");
    assert!(city.send(sample::HOSPITAL, MOTHER).await.contains("MSA|AA|"));
    (city, center)
}

async fn delivery(city: &City, as_wanted: impl Fn(&DeliveryRow) -> bool) -> DeliveryRow {
    city.delivery(sample::CENTER, as_wanted).await
}

#[tokio::test]
async fn s05_a_notice_is_posted_once_to_the_agency_that_is_pinned() {
    let (city, center) = listening(sample::CENTER, false, &[]).await;
    let row = delivery(&city, |row| row.state == DeliveryState::Acknowledged).await;
    let told = center.told();
    assert_eq!(told.len(), 1);
    assert!(told[0].starts_with("POST /notices HTTP/1.1\r\n"), "{}", told[0]);
    assert!(told[0].contains(&format!("idempotency-key: {}.notice-csv", row.id)) && told[0].contains("榎本"));
}

#[tokio::test]
async fn s05_a_certificate_of_another_agency_is_told_nothing() {
    let (city, center) = listening(sample::HEALTH_CENTER, true, &[]).await;
    delivery(&city, |row| row.state == DeliveryState::Waiting && row.reason == "unreachable").await;
    assert!(center.told().is_empty());
}

#[tokio::test]
async fn a_destination_that_is_busy_is_told_again_and_one_that_refuses_is_not() {
    let (city, center) = listening(sample::CENTER, false, &[503, 422]).await;
    let row = delivery(&city, |row| row.state == DeliveryState::Waiting && row.reason == "busy").await;
    assert_eq!(row.stage().word(), "failed-transient");
    city.clock.set(row.next_at);
    let row = delivery(&city, |row| row.state == DeliveryState::Rejected).await;
    assert_eq!((row.attempts, row.reason.as_str()), (2, "refused"));
    assert_eq!(center.told().len(), 2);
    let officer = city.running.hub.caller(&AgencyId::new(sample::CENTER).unwrap(), "ooba").unwrap();
    let letters = city.running.hub.dead_letters(&officer).await.unwrap();
    assert_eq!(letters.len(), 1);
    assert!(letters[0].owner == *officer.id() && letters[0].row.next_at > city.running.hub.now());

    let dry = city.running.hub.replay(&officer, row.id, true).await.unwrap();
    assert!(dry.changed.is_empty(), "the same would be shown: {:?}", dry.changed);
    assert_eq!(dry.outputs.len(), 1);
    let request =
        ReplayRequest { delivery_id: row.id.to_string(), dry_run: true, staff_id: officer.actor.staff_id.clone() };
    let said = city.agency(sample::CENTER).deliveries().replay(request).await.unwrap().into_inner();
    assert!(!said.not_comparable && said.outputs.len() == 1, "{said:?}");
    let [compared] = said.compared.as_slice() else { panic!("{said:?}") };
    assert_eq!((compared.format.as_str(), compared.bytes), ("notice-csv", compared.bytes_before));
    assert_eq!((compared.lines_more, compared.lines_less), (0, 0));
    let mut nurse = city.signed_in(sample::CENTER, "ooba").await;
    let letters = nurse.get("/letters").await;
    let page = proven(&mut nurse, &letters, letters.link("/letter/"), &[("step", "look")]).await;
    let bytes = compared.bytes.unwrap().to_string();
    assert!(page.says("出力の違い") && page.says(&bytes) && !page.says("榎本"), "{}", page.body);
    assert_eq!(center.told().len(), 2, "a dry run sends nothing");
    city.running.hub.replay(&officer, row.id, false).await.unwrap();
    delivery(&city, |row| row.state == DeliveryState::Acknowledged).await;
    assert_eq!(center.told().len(), 3);
    assert!(city.running.hub.work_items(&officer, Some(true), "dead_delivery").await.unwrap().is_empty());
}

#[tokio::test]
async fn what_may_have_arrived_is_sent_again_only_to_who_knows_what_comes_twice() {
    let (city, center) = listening(sample::CENTER, false, &[0]).await;
    let row = delivery(&city, |row| row.state == DeliveryState::Ambiguous).await;
    assert_eq!((row.stage().word(), row.reason.as_str()), ("failed-ambiguous", "cut-off"));
    assert_eq!(center.told().len(), 1);

    let (city, center) = listening(sample::CENTER, true, &[0]).await;
    let row = delivery(&city, |row| row.state == DeliveryState::Waiting && row.reason == "cut-off").await;
    city.clock.set(row.next_at);
    delivery(&city, |row| row.state == DeliveryState::Acknowledged).await;
    assert_eq!(center.told().len(), 2);
}

#[tokio::test]
async fn an_answer_that_the_store_could_not_take_at_once_is_put_down_when_it_can() {
    let (city, center) = listening(sample::CENTER, false, &[LATER]).await;
    while center.told().is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // Another program holds the database for longer than the hub waits.
    let database = sqlx::sqlite::SqliteConnectOptions::new().filename(city.config.data.database());
    let pool = sqlx::SqlitePool::connect_with(database).await.unwrap();
    let mut other = pool.acquire().await.unwrap();
    sqlx::query("BEGIN IMMEDIATE").execute(&mut *other).await.unwrap();
    tokio::time::sleep(Duration::from_secs(14)).await;
    sqlx::query("ROLLBACK").execute(&mut *other).await.unwrap();
    assert!(!city.running.hub.store.is_stopped());
    delivery(&city, |row| row.state == DeliveryState::Acknowledged).await;
    assert_eq!(center.told().len(), 1, "its word was kept, and it was told once");
}
