//! Files and case queries over HTTPS, health, and orders to a hub that runs.

use crate::city::{City, QUERY, VISITS};
use musubi::agency_client::HttpAnswer;
use musubi::hub::enrol::Enrolment;
use musubi::orders::{Fate, Order, What, leave};
use musubi::sample_city as sample;
use musubi_core::agency::AgencyId;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

async fn post(city: &City, id: &str, path: &str, body: &[u8]) -> HttpAnswer {
    city.agency(id).post(path, "application/octet-stream", body.to_vec()).await.unwrap()
}

#[tokio::test]
async fn a_file_of_five_rows_is_answered_row_by_row() {
    let city = City::at("2026-11-11T17:15:00+09:00").await;
    let answer = post(&city, sample::HEALTH_CENTER, "/v1/documents?format=ph05", VISITS).await;
    let json: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!((answer.status, &json["taken"], &json["refused"]), (422, &4.into(), &1.into()));
    assert!(json["rows"][0]["receipt"]["leaf"].is_string());
    assert_eq!(json["rows"][4]["diagnostics"][0]["code"], "JP-E602");
    let again = post(&city, sample::HEALTH_CENTER, "/v1/documents", VISITS).await;
    let again: serde_json::Value = serde_json::from_slice(&again.body).unwrap();
    assert_eq!(again["rows"][0]["receipt"]["repeated"], true);
    assert_eq!(again["rows"][0]["receipt"]["index"], json["rows"][0]["receipt"]["index"]);
}

#[tokio::test]
async fn an_unknown_format_and_an_unknown_path_are_refused() {
    let city = City::at("2026-11-11T17:15:00+09:00").await;
    assert_eq!(post(&city, sample::HEALTH_CENTER, "/v1/documents?format=cobol", VISITS).await.status, 422);
    let nothing = post(&city, sample::HEALTH_CENTER, "/v1/documents/7", b"").await;
    assert_eq!(nothing.status, 404);
    let said: serde_json::Value = serde_json::from_slice(&nothing.body).unwrap();
    assert!(said["diagnostics"][0]["en"].as_str().unwrap().contains("POST /v1/documents"), "{said}");
    assert_eq!(post(&city, sample::CENTER, "/anything", b"x").await, nothing, "what is served, not what was asked");
    let get = hyper::Request::get("/v1/documents").body(Vec::new()).unwrap();
    let get = city.agency(sample::CENTER).call(get).await.unwrap();
    assert_eq!((get.status, get.body), (404, nothing.body), "documents are posted");
}

#[tokio::test]
async fn s70_a_body_over_the_limit_is_refused() {
    let city = City::at("2026-11-13T09:30:00+09:00").await;
    let query = vec![b' '; 5 * 1024 * 1024 + 1];
    let answer = post(&city, sample::GUIDANCE_CENTER, "/v1/cases/query", &query).await;
    assert_eq!(answer.status, 413);
    assert!(String::from_utf8(answer.body).unwrap().contains("CG-E002"));
}

#[tokio::test]
async fn a_question_without_a_ground_is_answered_alike_whether_somebody_is_there_or_not() {
    let empty = City::at("2026-11-13T09:30:00+09:00").await;
    let full = City::at("2026-11-13T09:30:00+09:00").await;
    let taken = post(&full, sample::HEALTH_CENTER, "/v1/documents?format=ph05", VISITS).await;
    assert_eq!(taken.status, 422);
    let one = post(&empty, sample::GUIDANCE_CENTER, "/v1/cases/query", QUERY).await;
    let other = post(&full, sample::GUIDANCE_CENTER, "/v1/cases/query", QUERY).await;
    assert_eq!(one.status, 200, "{}", String::from_utf8_lossy(&one.body));
    assert_eq!(one, other);
    let text = String::from_utf8(one.body).unwrap();
    assert!(text.contains("CaseQueryResponse") && !text.contains("CaseHit"), "{text}");
}

#[tokio::test]
async fn a_worker_who_is_not_on_the_register_may_not_ask() {
    let city = City::at("2026-11-13T09:30:00+09:00").await;
    let text = String::from_utf8(QUERY.to_vec()).unwrap();
    let stranger = text.replace("w-0412", "w-9999");
    let answer = post(&city, sample::GUIDANCE_CENTER, "/v1/cases/query", stranger.as_bytes()).await;
    assert_eq!(answer.status, 403);
    let said = String::from_utf8(answer.body).unwrap();
    assert!(said.contains("CG-E302") && said.contains("InResponseTo") && !said.contains("w-9999"), "{said}");
    let broken = post(&city, sample::GUIDANCE_CENTER, "/v1/cases/query", &QUERY[..QUERY.len() / 2]).await;
    assert_eq!(broken.status, 422);
    assert!(String::from_utf8(broken.body).unwrap().contains("CG-E0"));
}

#[tokio::test]
async fn an_order_of_the_operator_takes_effect_within_a_second() {
    let city = City::at("2026-11-11T17:15:00+09:00").await;
    let health_center = AgencyId::new(sample::HEALTH_CENTER).unwrap();
    let order = Order { what: What::Register(Enrolment::Suspend(health_center.clone())), by: "operator-1".to_owned() };
    assert_eq!(leave(city.folder.path(), &order, Duration::from_secs(5)).await.unwrap(), Fate::Done);
    assert_eq!(post(&city, sample::HEALTH_CENTER, "/v1/documents", VISITS).await.status, 403);
    let order = Order { what: What::Register(Enrolment::Resume(health_center)), by: "operator-1".to_owned() };
    assert_eq!(leave(city.folder.path(), &order, Duration::from_secs(5)).await.unwrap(), Fate::Done);
    assert_eq!(post(&city, sample::HEALTH_CENTER, "/v1/documents", VISITS).await.status, 422);
    let order = Order {
        what: What::Register(Enrolment::Suspend(AgencyId::new("MED-0").unwrap())),
        by: "operator-1".to_owned(),
    };
    let fate = leave(city.folder.path(), &order, Duration::from_secs(5)).await.unwrap();
    assert!(matches!(fate, Fate::Refused(words) if words.contains("M811")));
}

#[tokio::test]
async fn health_is_plain_and_says_nothing_but_its_state() {
    let city = City::at("2026-11-11T17:15:00+09:00").await;
    for (path, answer) in [("/healthz", "200 OK"), ("/readyz", "200 OK"), ("/v1/documents", "404 Not Found")] {
        let mut tcp = tokio::net::TcpStream::connect(city.running.addresses.health).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        tcp.write_all(request.as_bytes()).await.unwrap();
        let mut text = String::new();
        tcp.read_to_string(&mut text).await.unwrap();
        assert!(text.starts_with(&format!("HTTP/1.1 {answer}")), "{path}: {text}");
    }
}
