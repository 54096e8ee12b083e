//! What the hub does with who sends too much, too fast, too slowly, or does not take what it is answered (S-80 to S-82): it is
//! told so or cut, and the others are served as before.

use crate::city::{City, MOTHER, VISITS, at};
use crate::quotas::{HEARD, concern};
use crate::site::Site;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Body, Bytes, Frame};
use hyper_util::rt::{TokioExecutor, TokioIo};
use musubi::ca::Subject;
use musubi::clock::SystemClock;
use musubi::config::Config;
use musubi::edge::grpc::client::{GetRecordRequest, ReceiveRequest, SubmitDocumentRequest};
use musubi::edge::tls::ClientTls;
use musubi::sample_city as sample;
use musubi_core::wire::Answer;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use tonic::Code;

const SECOND: Duration = Duration::from_secs(1);

impl City {
    async fn under(limits: impl FnOnce(&mut musubi::config::Limits)) -> City {
        City::with("2026-11-11T17:15:00+09:00", |config| limits(&mut config.limits)).await
    }

    fn tls(&self, agency: &str) -> ClientTls {
        tls(&self.config, agency)
    }

    fn machines(&self) -> String {
        self.running.addresses.https.to_string()
    }
}

fn tls(config: &Config, agency: &str) -> ClientTls {
    ClientTls::open(&sample::client_files(config, agency), Subject::Hub, "localhost", Arc::new(SystemClock)).unwrap()
}

/// A discharge with a control id of its own.
fn notice(number: u32) -> Vec<u8> {
    let text = String::from_utf8(MOTHER.to_vec()).unwrap();
    let control = format!("P{number:011}");
    text.replace("S261030-0102", &control).replace("I26-003871", &control).into_bytes()
}

#[tokio::test]
async fn s80_a_hospital_that_sends_too_fast_is_answered_ar_and_may_send_it_again() {
    let city = City::under(|limits| limits.requests_per_second = 1).await;
    city.clock.set(at("2026-10-30T11:05:40+09:00"));
    let mut connection = city.agency(sample::HOSPITAL).mllp().await.unwrap();
    for number in 1..=3 {
        connection.write(&notice(number)).await.unwrap();
    }
    let mut codes = Vec::new();
    for _ in 0..3 {
        let answer = String::from_utf8(connection.answer().await.unwrap()).unwrap();
        codes.push(answer.split("MSA|").nth(1).unwrap()[..2].to_owned());
        assert!(codes.last().unwrap() == "AA" || answer.contains("|207^") && answer.contains("M900"), "{answer}");
    }
    assert_eq!(codes, ["AA", "AA", "AR"]);
    sleep(SECOND).await;
    let again = connection.send(&notice(3)).await.unwrap();
    assert!(String::from_utf8_lossy(&again).contains("MSA|AA|"));
}

#[tokio::test]
async fn s80_an_agency_has_so_many_connections_and_another_has_its_own() {
    let city = City::under(|limits| limits.connections_per_agency = 2).await;
    let mut held = Vec::new();
    for number in 0..2 {
        let mut connection = city.agency(sample::HOSPITAL).mllp().await.unwrap();
        connection.send(&notice(number)).await.unwrap();
        held.push(connection);
    }
    let third = async {
        let mut connection = city.agency(sample::HOSPITAL).mllp().await.ok()?;
        connection.send(&notice(7)).await.ok()
    };
    assert!(third.await.is_none(), "it is one too many");
    let mut other = city.agency(sample::CLINIC).mllp().await.unwrap();
    assert!(other.send(crate::city::CLINIC).await.is_ok());
    held.pop();
    sleep(SECOND / 5).await;
    let mut again = city.agency(sample::HOSPITAL).mllp().await.unwrap();
    assert!(again.send(&notice(7)).await.is_ok());
}

#[tokio::test]
async fn s80_so_many_calls_are_open_at_once_and_a_notification_has_room_beside_them() {
    let city = City::under(|limits| limits.open_per_agency = 2).await;
    let office = city.agency(sample::HEALTH_CENTER);
    let mut open = Vec::new();
    for _ in 0..2 {
        let (hold, submissions) = tokio::sync::mpsc::channel(1);
        let stream = tokio_stream::wrappers::ReceiverStream::new(submissions);
        open.push((hold, office.intake().submit_stream(stream).await.unwrap()));
    }
    let refused = office.deliveries().receive(ReceiveRequest::default()).await;
    assert_eq!(refused.err().map(|status| status.code()), Some(Code::ResourceExhausted));
    office.intake().submit(concern(1)).await.unwrap();
    city.agency(sample::CENTER).deliveries().receive(ReceiveRequest::default()).await.unwrap();
    open.pop();
    sleep(SECOND / 5).await;
    office.deliveries().receive(ReceiveRequest::default()).await.unwrap();
}

#[tokio::test]
async fn s80_who_asks_for_what_it_is_not_shown_too_often_must_wait() {
    let city = City::under(|limits| limits.failed_decisions_per_minute = 2).await;
    let looks = async |agency: &str, staff: &str| {
        let unknown = GetRecordRequest {
            staff_id: staff.to_owned(),
            issuer: sample::CITY.to_owned(),
            identifier: "K0999999".to_owned(),
            purpose: "P3".to_owned(),
            ..GetRecordRequest::default()
        };
        city.agency(agency).records().get(unknown).await.map(drop).map_err(|status| status.code())
    };
    for _ in 0..4 {
        looks(sample::CENTER, "ooba").await.unwrap();
    }
    assert_eq!(looks(sample::CENTER, "ooba").await, Err(Code::ResourceExhausted));
    assert_ne!(looks(sample::HEALTH_CENTER, "shiina").await, Err(Code::ResourceExhausted), "another may ask");
}

/// Posts a file in two parts with a pause between them. The status; none when the connection was cut without one.
async fn posts_with_a_pause(city: &City, pause: Duration) -> Option<u16> {
    let mut stream = city.tls(sample::HEALTH_CENTER).connect_as(&city.machines(), &["http/1.1"]).await.unwrap();
    let (first, second) = VISITS.split_at(VISITS.len() / 2);
    let length = VISITS.len();
    let head =
        format!("POST /v1/documents?format=ph05 HTTP/1.1\r\nhost: localhost\r\ncontent-length: {length}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(first).await.unwrap();
    sleep(pause).await;
    stream.write_all(second).await.ok();
    let mut answer = vec![0; 12];
    stream.read_exact(&mut answer).await.ok()?;
    String::from_utf8(answer).unwrap().strip_prefix("HTTP/1.1 ").unwrap().parse().ok()
}

#[tokio::test]
async fn s82_a_body_may_pause_so_long_and_no_longer() {
    let city = City::under(|limits| limits.slow_seconds = 2).await;
    assert_eq!(posts_with_a_pause(&city, SECOND * 3 / 2).await, Some(422), "it is read");
    let cut = posts_with_a_pause(&city, SECOND * 7 / 2).await;
    assert!(matches!(cut, None | Some(408)), "{cut:?}");
}

/// Submits the same file over gRPC, in two parts with a pause between them. Its status; none when the stream was cut.
async fn submits_with_a_pause(city: &City, pause: Duration) -> Option<String> {
    let stream = city.tls(sample::HEALTH_CENTER).connect_as(&city.machines(), &["h2"]).await.unwrap();
    let http2 = hyper::client::conn::http2::Builder::new(TokioExecutor::new());
    let (mut sender, connection) = http2.handshake(TokioIo::new(stream)).await.unwrap();
    let driving = tokio::spawn(connection);
    let message = SubmitDocumentRequest { format: "ph05".to_owned(), content: VISITS.to_vec(), ..Default::default() };
    let message = message.write();
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    let framed = [&[0], &length[..], &message].concat();
    let (first, second) = framed.split_at(framed.len() / 2);
    let (parts, body) = tokio::sync::mpsc::channel(2);
    let part = |bytes: &[u8]| Ok::<_, Infallible>(Frame::data(Bytes::copy_from_slice(bytes)));
    let request = hyper::Request::post("http://localhost/musubi.v1.Intake/SubmitDocument")
        .header("content-type", "application/grpc")
        .body(StreamBody::new(tokio_stream::wrappers::ReceiverStream::new(body)));
    let answer = tokio::spawn(sender.send_request(request.unwrap()));
    parts.send(part(first)).await.unwrap();
    sleep(pause).await;
    parts.send(part(second)).await.ok();
    drop(parts);
    let answer = answer.await.unwrap().ok()?;
    let said = answer.headers().get("grpc-status").cloned();
    let trailers = answer.into_body().collect().await.ok()?.trailers().cloned();
    driving.abort();
    let status = said.or_else(|| trailers?.get("grpc-status").cloned())?;
    Some(status.to_str().unwrap().to_owned())
}

#[tokio::test]
async fn s82_a_message_of_grpc_may_pause_so_long_and_no_longer() {
    let city = City::under(|limits| limits.slow_seconds = 2).await;
    assert_eq!(submits_with_a_pause(&city, SECOND * 3 / 2).await.as_deref(), Some("0"), "it is read");
    let cut = submits_with_a_pause(&city, SECOND * 7 / 2).await;
    assert_ne!(cut.as_deref(), Some("0"), "it is not");
    assert_eq!(submits_with_a_pause(&city, Duration::ZERO).await.as_deref(), Some("0"), "and may come again");
}

/// A file whose answer, a line about each row, is large: over HTTP/2, with the window that a stream begins with.
async fn large_answer(city: &City) -> (hyper::Response<hyper::body::Incoming>, tokio::task::JoinHandle<bool>) {
    let stream = city.tls(sample::HEALTH_CENTER).connect_as(&city.machines(), &["h2"]).await.unwrap();
    let http2 = hyper::client::conn::http2::Builder::new(TokioExecutor::new());
    let (mut sender, connection) = { http2 }
        .initial_stream_window_size(65_535)
        .initial_connection_window_size(1024 * 1024)
        .handshake(TokioIo::new(stream))
        .await
        .unwrap();
    let driving = tokio::spawn(async move { connection.await.is_ok() });
    let head = VISITS.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    let rows = [&VISITS[..head], "not,a,row\r\n".repeat(800).as_bytes()].concat();
    let request = hyper::Request::post("http://localhost/v1/documents?format=ph05").body(Full::new(Bytes::from(rows)));
    let answer = sender.send_request(request.unwrap()).await.unwrap();
    tokio::spawn(async move {
        sleep(60 * SECOND).await;
        drop(sender);
    });
    (answer, driving)
}

#[tokio::test(flavor = "multi_thread")]
async fn s82_an_answer_must_be_taken_and_who_does_not_is_cut() {
    let city = City::under(|limits| limits.slow_seconds = 1).await;
    let (answer, driving) = large_answer(&city).await;
    assert!(answer.body().size_hint().lower() > 90_000 || answer.body().size_hint().upper().is_none());
    timeout(20 * SECOND, driving).await.expect("it is cut").unwrap();
    drop(answer);
    // Slowly, but at a speed.
    let (answer, driving) = large_answer(&city).await;
    let (mut body, mut bytes) = (answer.into_body(), 0);
    while let Some(frame) = body.frame().await {
        bytes += frame.expect("who takes it is not cut").data_ref().map_or(0, Bytes::len);
        sleep(SECOND / 20).await;
    }
    assert!(bytes > 90_000, "{bytes}");
    driving.abort();
}

/// Connections of nobody, from an address of their own, that say nothing.
async fn silent_connections(to: &str, count: usize) -> Vec<TcpStream> {
    let mut held = Vec::new();
    for _ in 0..count {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::from(([127, 0, 0, 9], 0))).unwrap();
        held.extend(timeout(SECOND, socket.connect(to.parse().unwrap())).await.ok().and_then(Result::ok));
    }
    held
}

/// A file that never ends.
async fn dribbles(tls: ClientTls, to: String) {
    let Ok(mut stream) = tls.connect_as(&to, &["http/1.1"]).await else { return };
    let head = "POST /v1/documents?format=ph05 HTTP/1.1\r\nhost: localhost\r\ncontent-length: 20000000\r\n\r\n";
    let mut bytes = head.as_bytes().to_vec();
    while stream.write_all(&bytes).await.is_ok() {
        bytes = vec![b'x'; 16 * 1024];
        sleep(SECOND / 4).await;
    }
}

/// Everything at once, from agencies with good certificates and from nobody. The hub's memory stays bounded, and a notification
/// of abuse is heard.
#[tokio::test(flavor = "multi_thread")]
async fn s80_under_floods_of_every_kind_memory_is_bounded_and_a_notification_is_heard() {
    const MEBIBYTES_MAX: u64 = 400;
    let site = Site::with(|config| config.limits.connections_per_agency = 64).await;
    let (machines, mllp) = (site.addresses.machines.clone(), site.addresses.mllp.clone());
    let before = site.resident_mebibytes();
    let nobody = (silent_connections(&machines, 200).await, silent_connections(&mllp, 200).await);
    let mut loud = JoinSet::new();
    for number in 0..200 {
        let hospital = site.agency(sample::HOSPITAL);
        loud.spawn(async move {
            let Ok(mut connection) = hospital.mllp().await else { return };
            if number >= 8 {
                return sleep(60 * SECOND).await;
            }
            let large = [MOTHER, "NTE|1||".as_bytes(), &vec![b'x'; 512 * 1024]].concat();
            while connection.send(if number % 2 == 0 { MOTHER } else { &large }).await.is_ok() {}
        });
        loud.spawn(dribbles(tls(&site.config, sample::PREFECTURAL_HEALTH_CENTER), machines.clone()));
    }
    sleep(3 * SECOND).await;
    let (office, mut took, mut most) = (site.agency(sample::HEALTH_CENTER), Vec::new(), before);
    for number in 0..30 {
        let began = Instant::now();
        office.intake().submit(concern(number)).await.unwrap();
        took.push(began.elapsed());
        most = most.max(site.resident_mebibytes());
        sleep(SECOND / 5).await;
    }
    loud.shutdown().await;
    took.sort();
    let (median, slowest) = (took[took.len() / 2], took[took.len() - 1]);
    println!("{before} MiB before, {most} MiB under load; notifications: median {median:?}, slowest {slowest:?}");
    assert!(most < MEBIBYTES_MAX, "{most} MiB");
    assert!(took[took.len() * 9 / 10] < HEARD, "{took:?}");
    drop(nobody);
}
