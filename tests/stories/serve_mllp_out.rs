//! Deliveries in HL7 v2 by MLLP: to the pinned agency alone, one message after the other, and what its answers mean.

use crate::city::{City, MOTHER};
use crate::listening::listener;
use musubi::ca::Authority;
use musubi::hub::register::{Address, Subscription};
use musubi::sample_city as sample;
use musubi::store::DeliveryState;
use musubi_adapters::hospital::hl7v2::framing::{Event, Framer, wrap};
use musubi_adapters::hospital::hl7v2::header;
use musubi_core::agency::Purpose;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// A system that listens by MLLP: what it was told, and what it answers next (`AA` when nothing is said). `cut` hangs up, and
/// `asks` answers `AA` and asks whether that was received.
#[derive(Clone, Default)]
struct Receiving {
    told: Arc<Mutex<Vec<String>>>,
    answers: Arc<Mutex<VecDeque<&'static str>>>,
}

impl Receiving {
    fn told(&self) -> Vec<String> {
        self.told.lock().unwrap().clone()
    }

    async fn serve(&self, authority: &Authority, holder: &str) -> Address {
        let (acceptor, listener, port) = listener(authority, holder).await;
        let receiving = self.clone();
        tokio::spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                let Ok(mut stream) = acceptor.accept(tcp).await else { continue };
                let (mut framer, mut buffer) = (Framer::new(false), [0; 4096]);
                'open: while let Ok(read @ 1..) = stream.read(&mut buffer).await {
                    for event in framer.push(&buffer[..read]) {
                        let Event::Frame(message) = event else { continue };
                        if header(&message).unwrap().is_answer() {
                            receiving.told.lock().unwrap().push(String::from_utf8(message).unwrap());
                            continue;
                        }
                        let Some(answer) = receiving.answer(&message) else { break 'open };
                        stream.write_all(&wrap(answer.as_bytes())).await.unwrap();
                    }
                }
            }
        });
        Address {
            address: format!("localhost:{port}"),
            server_name: "localhost".to_owned(),
            agency: None,
            path: "/".to_owned(),
            repeats: false,
        }
    }

    fn answer(&self, message: &[u8]) -> Option<String> {
        self.told.lock().unwrap().push(String::from_utf8(message.to_vec()).unwrap());
        let said = self.answers.lock().unwrap().pop_front().unwrap_or("AA");
        let (said, conditions) = if said == "asks" { ("AA", "|||AL|NE") } else { (said, "") };
        let (code, error) = said.split_once(' ').unwrap_or((said, ""));
        let id = header(message).unwrap().control_id;
        let error = if error.is_empty() { String::new() } else { format!("ERR|||{error}|E\r") };
        (code != "cut")
            .then(|| format!("MSH|^~\\&|HIS|H|||20261030||ACK|1|P|2.5{conditions}\rMSA|{code}|{id}\r{error}"))
    }
}

fn by_mllp(purpose: Purpose, address: Address) -> Subscription {
    Subscription { purpose, formats: vec!["hl7v2".to_owned()], folder: None, https: None, mllp: Some(address) }
}

/// A city whose center listens under a certificate of `holder` and answers so.
async fn listening(holder: &str, answers: &[&'static str]) -> (City, Receiving) {
    let center = Receiving::default();
    center.answers.lock().unwrap().extend(answers);
    let city = City::that_calls("2026-10-28T10:00:00+09:00").await;
    let address = center.serve(&city.authority(), holder).await;
    city.subscribes(sample::CENTER, by_mllp(Purpose::P3, address)).await;
    city.mother_permits().await;
    city.set("2026-10-30T11:05:40+09:00");
    assert!(city.send(sample::HOSPITAL, MOTHER).await.contains("MSA|AA|"));
    (city, center)
}

#[tokio::test]
async fn s05_messages_are_sent_in_order_to_the_agency_that_is_pinned() {
    let (city, center) = listening(sample::CENTER, &[]).await;
    city.delivery(sample::CENTER, |row| row.state == DeliveryState::Acknowledged).await;
    let told = center.told();
    assert!(told.iter().any(|message| message.contains("ADT^A03")), "{told:?}");
    assert!(told.iter().all(|message| message.starts_with("MSH|") && message.matches("MSH|").count() == 1));

    let (city, center) = listening(sample::HEALTH_CENTER, &[]).await;
    city.delivery(sample::CENTER, |row| row.state == DeliveryState::Waiting && row.reason == "unreachable").await;
    assert!(center.told().is_empty(), "a certificate of another agency is told nothing");
}

#[tokio::test]
async fn s24_a_receiver_that_is_busy_or_silent_is_told_again_under_the_same_id() {
    let (city, center) = listening(sample::CENTER, &["AR 207^Internal^HL70357", "cut"]).await;
    let row = city.delivery(sample::CENTER, |row| row.state == DeliveryState::Waiting && row.reason == "busy").await;
    city.clock.set(row.next_at);
    let row = city.delivery(sample::CENTER, |row| row.state == DeliveryState::Waiting && row.reason == "silence").await;
    city.clock.set(row.next_at);
    city.delivery(sample::CENTER, |row| row.state == DeliveryState::Acknowledged).await;
    let ids: Vec<String> =
        center.told()[..3].iter().map(|message| header(message.as_bytes()).unwrap().control_id).collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
}

#[tokio::test]
async fn s24_what_a_receiver_refuses_is_put_before_a_person() {
    for refusal in ["AE 101", "AR 201", "AR"] {
        let (city, center) = listening(sample::CENTER, &[refusal]).await;
        let row = city.delivery(sample::CENTER, |row| row.state == DeliveryState::Rejected).await;
        assert_eq!(row.reason, "refused", "{refusal}");
        assert_eq!(center.told().len(), 1, "the rest is not sent: {refusal}");
        assert!(!city.center().work("dead_delivery").await.is_empty());
    }
}

#[tokio::test]
async fn a_receiver_that_asks_whether_its_answer_arrived_is_told_so() {
    let (city, center) = listening(sample::CENTER, &["asks"]).await;
    city.delivery(sample::CENTER, |row| row.state == DeliveryState::Acknowledged).await;
    let received = || center.told().into_iter().filter(|told| header(told.as_bytes()).unwrap().is_answer());
    for _ in 0..100 {
        if received().next().is_some() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let received: Vec<String> = received().collect();
    assert_eq!(received.len(), 1, "those that ask nothing are told nothing: {received:?}");
    assert!(received[0].contains("\rMSA|CA|1\r"), "{received:?}");
}
