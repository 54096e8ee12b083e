//! Row 18: somebody in hiding is answered like somebody whom nobody knows, and her place is for those on her list.

use crate::agencies::{Agency, by_name, record_request, replaced};
use crate::city::{City, MOTHER, VISITS};
use crate::steps::{COUNCIL_CASE, aoi, rin};
use musubi::edge::grpc::client::PersonRef;
use musubi::sample_city as sample;

/// The house in which they hide; in no other place of any sample.
const PLACE: &str = "Kakurega-9-17";

/// Row 8, in which the health center wrote down where 凜 was seen, and forgot to mark it.
pub(crate) fn visits_with_a_place() -> Vec<u8> {
    let (girl, shielded) = ([0x8f, 0x97], b",,,1,".as_slice());
    replaced(VISITS, &[&girl, shielded].concat(), &[&girl, b",".as_slice(), PLACE.as_bytes(), b",,0,"].concat())
}

impl City {
    async fn with_a_family_in_hiding_until(until: &str) -> City {
        let city = City::at("2026-11-11T17:15:00+09:00").await;
        city.center().shields_the_hidden_family(until).await;
        let rows = city.health_center().hands_in("ph05", &visits_with_a_place()).await;
        assert_eq!(rows.taken(), [true, true, true, true, false]);
        city
    }

    async fn with_a_family_in_hiding() -> City {
        City::with_a_family_in_hiding_until("2027-06-30").await
    }
}

/// Everything that an answer over gRPC consists of, but for its date.
async fn whole_answer(agency: &Agency, purpose: &str, whom: PersonRef) -> String {
    let request = record_request(agency.staff, purpose, whom, "");
    match agency.client.records().get(request).await {
        Ok(answer) => {
            let (mut metadata, mut stream, _) = answer.into_parts();
            metadata.remove("date");
            let mut records = Vec::new();
            while let Some(record) = stream.message().await.unwrap() {
                records.push(record.to_json());
            }
            format!("{metadata:?} {records:?} {:?}", stream.trailers().await.unwrap())
        }
        Err(mut status) => {
            status.metadata_mut().remove("date");
            format!("{status:?}")
        }
    }
}

#[tokio::test]
async fn somebody_hidden_and_somebody_unknown_get_equal_answers_over_grpc() {
    let city = City::with_a_family_in_hiding().await;
    let nobody = [by_name("汐野 某", "1990-08-03"), crate::agencies::person(sample::CITY, "K0999999", "mother")];
    let hidden = [by_name("マキノ リン", "2026-09-14"), by_name("槙野 凜", "2026-09-14"), rin(), aoi()];
    for (agency, purpose) in [(city.hospital(), "P1"), (city.clinic(), "P1"), (city.guidance_center(), "P5")] {
        let unknown = whole_answer(&agency, purpose, nobody[0].clone()).await;
        assert!(unknown.contains(" [] "), "an empty answer: {unknown}");
        for whom in nobody.iter().chain(&hidden) {
            assert_eq!(whole_answer(&agency, purpose, whom.clone()).await, unknown, "{} {whom:?}", agency.id);
        }
    }
}

#[tokio::test]
async fn a_message_about_somebody_hidden_is_answered_like_one_about_somebody_unknown() {
    let city = City::with_a_family_in_hiding().await;
    city.set("2026-11-12T09:00:00+09:00");
    let about = |family: &str, given: &str, kana: &str, kana_given: &str| {
        let message = String::from_utf8(MOTHER.to_vec()).unwrap();
        let message = message.replace("榎本^千夏", &format!("{family}^{given}"));
        message.replace("エノモト^チナツ", &format!("{kana}^{kana_given}")).replace("19960514", "20260914").into_bytes()
    };
    let hidden = about("槙野", "凜", "マキノ", "リン");
    let unknown = about("汐野", "某", "シオノ", "ボウ");
    let unknown = replaced(&unknown, b"S261030-0102", b"S261030-0103");
    let unknown = replaced(&unknown, b"||00012345^", b"||00012346^");
    let (hidden, unknown) = (city.hospital().sends(&hidden).await, city.hospital().sends(&unknown).await);
    assert_eq!(hidden.accepted().said(), unknown.accepted().said());
    for item in city.hospital().work("").await {
        assert_ne!(item.kind, "suggestion", "the hospital is not asked whether the two are one");
    }
}

#[tokio::test]
async fn somebody_hidden_and_somebody_unknown_get_equal_answers_over_https() {
    let city = City::with_a_family_in_hiding().await;
    let empty = City::at("2026-11-11T17:15:00+09:00").await;
    for agency in [sample::GUIDANCE_CENTER, sample::HOSPITAL, sample::CLINIC] {
        let with = city.agency(agency).post("/v1/cases/query", "application/xml", crate::city::QUERY.to_vec()).await;
        let without =
            empty.agency(agency).post("/v1/cases/query", "application/xml", crate::city::QUERY.to_vec()).await;
        assert_eq!(with.unwrap(), without.unwrap(), "{agency}");
    }
    let family = |child: &str, mother: &str| {
        replaced(&replaced(VISITS, b"K0300103", child.as_bytes()), b"K0100103", mother.as_bytes())
    };
    let (hidden, unknown) = (family("K0300103", "K0100103"), family("K0300777", "K0100777"));
    let unknown = replaced(&unknown, b"V-001104", b"V-007104");
    let mut answers = Vec::new();
    for file in [hidden, unknown] {
        let answer = city.prefectural_health_center().posts("/v1/documents?format=ph05", &file).await;
        let mut json: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        let rows = json["rows"].as_array_mut().unwrap();
        rows.iter_mut().for_each(|row| row["receipt"] = serde_json::Value::Bool(row["receipt"].is_object()));
        answers.push((answer.status, json));
    }
    let told = |(status, json): &(u16, serde_json::Value)| format!("{status} {}", json["rows"][3]);
    assert_eq!(told(&answers[0]), told(&answers[1]));
}

/// Everybody but the two offices on the list, with the purposes that they may name.
fn not_on_the_list(city: &City) -> Vec<(Agency, &'static str)> {
    vec![
        (city.prefectural_health_center(), "P1"),
        (city.clinic(), "P1"),
        (city.clinic(), "P6"),
        (city.hospital(), "P1"),
        (city.hospital(), "P6"),
        (city.provider(), "P7"),
    ]
}

#[tokio::test]
async fn a_shield_keeps_the_place_from_everybody_but_those_on_the_list() {
    let city = City::with_a_family_in_hiding().await;
    city.set("2026-11-17T10:00:00+09:00");
    let own = city.health_center().looks_up("P1", rin(), "").await;
    assert!(own.json().contains(PLACE), "its author knows: {:?}", own.kinds());
    let center = city.center().looks_up("P3", rin(), "").await;
    assert!(center.json().contains(PLACE), "the center is on the list: {:?}", center.kinds());
    assert!(city.guidance_center().looks_up("P5", rin(), "").await.is_empty(), "no ground, no child");
    for (agency, purpose) in not_on_the_list(&city) {
        assert!(agency.looks_up(purpose, rin(), "").await.is_empty(), "{} for {purpose}", agency.id);
    }
    city.center().opens_a_council_case(vec![rin(), aoi()], &["C01", "C02", "C10", "C13"]).await;
    let member = city.clinic().looks_up("P6", rin(), COUNCIL_CASE).await;
    assert!(member.kinds().contains(&"home_visit"), "a member sees the visit: {:?}", member.kinds());
    for (agency, purpose) in not_on_the_list(&city) {
        for ground in ["", COUNCIL_CASE] {
            let seen = agency.looks_up(purpose, rin(), ground).await.json();
            assert!(!seen.contains(PLACE), "{} sees the place for {purpose} under {ground}", agency.id);
        }
    }
    let linked = city.hospital().looks_up("P6", rin(), COUNCIL_CASE).await;
    assert!(linked.is_empty(), "the hospital stands close to the perpetrator");
}

#[tokio::test]
async fn the_guidance_center_is_on_every_list_once_it_has_a_ground_that_names_the_place() {
    let city = City::with_a_family_in_hiding().await;
    city.set("2026-11-17T10:00:00+09:00");
    city.center().opens_a_council_case(vec![rin(), aoi()], &["C01", "C10", "C13"]).await;
    let seen = city.guidance_center().looks_up("P6", rin(), COUNCIL_CASE).await;
    assert!(seen.kinds().contains(&"home_visit") && !seen.json().contains(PLACE), "{:?}", seen.kinds());
    let other = City::with_a_family_in_hiding().await;
    other.set("2026-11-17T10:00:00+09:00");
    other.center().opens_a_council_case(vec![rin(), aoi()], &["C01", "C02", "C10", "C13"]).await;
    assert!(other.guidance_center().looks_up("P6", rin(), COUNCIL_CASE).await.json().contains(PLACE));
}

#[tokio::test]
async fn a_shield_whose_time_is_over_stays_until_somebody_lifts_it() {
    let city = City::with_a_family_in_hiding_until("2026-12-31").await;
    city.set("2026-11-17T10:00:00+09:00");
    city.center().opens_a_council_case(vec![rin(), aoi()], &["C01", "C02", "C10", "C13"]).await;
    let member = || async { city.clinic().looks_up("P6", rin(), COUNCIL_CASE).await };
    assert!(!member().await.is_empty() && !member().await.json().contains(PLACE));
    city.set("2027-01-01T00:00:00+09:00");
    assert!(!member().await.json().contains(PLACE), "what runs out fails safe");
    let center = city.center().looks_up("P3", rin(), "").await;
    assert!(center.json().contains(PLACE));
}
