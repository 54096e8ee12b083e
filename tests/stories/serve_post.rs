//! Deliveries by HTTPS: to the pinned agency alone, once, and what its answer means.

use crate::city::{City, MOTHER};
use musubi::ca::{Authority, Order, Subject, write_secret};
use musubi::clock::{Clock, SystemClock};
use musubi::config::Delivery;
use musubi::hub::register::{Address, Agency, Subscription};
use musubi::sample_city as sample;
use musubi::store::{DeliveryRow, DeliveryState};
use musubi_core::agency::{AgencyId, Purpose};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// An agency that listens: what it was told, and what it answers next. `0` hangs up without an answer.
#[derive(Clone, Default)]
struct Listening {
    told: Arc<Mutex<Vec<String>>>,
    answers: Arc<Mutex<VecDeque<u16>>>,
}

impl Listening {
    fn told(&self) -> Vec<String> {
        self.told.lock().unwrap().clone()
    }

    /// Serves with a certificate of this agency; says on which port.
    async fn serve(&self, authority: &Authority, holder: &str) -> u16 {
        let holder = Subject::Agency(AgencyId::new(holder).unwrap());
        let pair = authority.issue_pair(&Order::server(holder, vec!["localhost".to_owned()], 90), SystemClock.now());
        let pair = pair.unwrap();
        let chain = CertificateDer::pem_slice_iter(pair.certificate_pem.as_bytes()).map(Result::unwrap).collect();
        let key = PrivateKeyDer::from_pem_slice(pair.key_pem.as_bytes()).unwrap();
        let mut roots = rustls::RootCertStore::empty();
        for root in CertificateDer::pem_file_iter(authority.certificate_path()).unwrap() {
            roots.add(root.unwrap()).unwrap();
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let clients = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = config.with_client_cert_verifier(clients.build().unwrap()).with_single_cert(chain, key).unwrap();
        let (acceptor, listener) =
            (TlsAcceptor::from(Arc::new(config)), TcpListener::bind("127.0.0.1:0").await.unwrap());
        let port = listener.local_addr().unwrap().port();
        let listening = self.clone();
        tokio::spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
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
                let status = listening.answers.lock().unwrap().pop_front().unwrap_or(200);
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
    let city = City::with("2026-10-28T10:00:00+09:00", |config| {
        let authority = Authority::open(&config.data.ca()).unwrap();
        let pair = authority.issue_pair(&Order::client(Subject::Hub, 90), SystemClock.now()).unwrap();
        let (certificate, key) = (config.data.keys().join("caller.pem"), config.data.keys().join("caller.key"));
        std::fs::write(&certificate, pair.certificate_pem).unwrap();
        write_secret(&key, &pair.key_pem).unwrap();
        config.delivery = Some(Delivery { certificate, key });
    })
    .await;
    let port = center.serve(&Authority::open(&city.config.data.ca()).unwrap(), holder).await;
    let known = city.running.hub.register.agency(&AgencyId::new(sample::CENTER).unwrap()).unwrap();
    let mut agency = Agency::clone(&known);
    agency.settings.subscriptions = vec![Subscription {
        purpose: Purpose::P3,
        formats: vec!["notice-csv".to_owned()],
        folder: None,
        https: Some(Address {
            address: format!("localhost:{port}"),
            server_name: "localhost".to_owned(),
            agency: None,
            path: "/notices".to_owned(),
            repeats,
        }),
    }];
    city.running.hub.register_agency(agency).await.unwrap();
    city.mother_permits().await;
    city.set("2026-10-30T11:05:40+09:00");
    assert!(city.send(sample::HOSPITAL, MOTHER).await.contains("MSA|AA|"));
    (city, center)
}

/// The one delivery, once it is as it should be.
async fn delivery(city: &City, as_wanted: impl Fn(&DeliveryRow) -> bool) -> DeliveryRow {
    let center = AgencyId::new(sample::CENTER).unwrap();
    let mut last = Vec::new();
    for _ in 0..200 {
        last = city.running.hub.store.deliveries_to(&center, 0, 100).await.unwrap();
        if let [row] = last.as_slice()
            && as_wanted(row)
        {
            return row.clone();
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("not so in ten seconds: {last:?}");
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
    assert_eq!(row.stage(), "failed-transient");
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
    assert_eq!((row.stage(), row.reason.as_str()), ("failed-ambiguous", "cut-off"));
    assert_eq!(center.told().len(), 1);

    let (city, center) = listening(sample::CENTER, true, &[0]).await;
    let row = delivery(&city, |row| row.state == DeliveryState::Waiting && row.reason == "cut-off").await;
    city.clock.set(row.next_at);
    delivery(&city, |row| row.state == DeliveryState::Acknowledged).await;
    assert_eq!(center.told().len(), 2);
}
