//! Row 8: a file of visits from the health center.

use crate::city::{City, VISITS};
use crate::steps::{akari, minato, rin};

#[tokio::test]
async fn four_rows_are_taken_and_the_impossible_date_is_refused_with_its_row() {
    let city = City::at("2026-11-11T17:15:00+09:00").await;
    let rows = city.health_center().hands_in("ph05", VISITS).await;
    assert_eq!(rows.taken(), [true, true, true, true, false]);
    let fifth = rows.0.last().unwrap();
    assert!(fifth.diagnostics.iter().any(|said| said.code == "JP-E602" && said.place.contains("訪問年月日")));
    let told: String =
        rows.said().iter().map(|said| format!("{}{}{}", said.place, said.text_ja, said.text_en)).collect();
    for word in ["槙野", "凜", "浜野", "31日"] {
        assert!(!told.contains(word), "{word} is repeated: {told}");
    }
}

#[tokio::test]
async fn a_child_whom_nobody_saw_twice_is_put_before_the_center() {
    let city = City::after_the_visits().await;
    let signals = city.center().work("signal").await;
    let unmet: Vec<_> = signals.iter().filter(|signal| signal.code == "UNMET_INFANT").collect();
    assert_eq!(unmet.len(), 1, "灯 and nobody else");
    let seen = city.health_center().looks_up("P1", akari(), "").await;
    assert_eq!(seen.kinds().iter().filter(|kind| **kind == "home_visit").count(), 2);
}

#[tokio::test]
async fn the_file_again_is_answered_again_and_stored_once() {
    let city = City::after_the_visits().await;
    let again = city.health_center().hands_in("ph05", VISITS).await;
    assert_eq!(again.taken(), [true, true, true, true, false]);
    assert!(again.0.iter().filter_map(|row| row.receipt.as_ref()).all(|receipt| receipt.repeated));
    let seen = city.health_center().looks_up("P1", minato_of_the_city(), "").await;
    assert_eq!(seen.kinds().iter().filter(|kind| **kind == "home_visit").count(), 1);
}

#[tokio::test]
async fn the_center_reads_the_visits_and_a_hospital_does_not() {
    let city = City::after_the_visits().await;
    let seen = city.center().looks_up("P3", akari(), "").await;
    assert!(seen.kinds().contains(&"home_visit"), "{:?}", seen.kinds());
    for child in [akari(), rin(), minato_of_the_city(), minato()] {
        assert!(city.hospital().looks_up("P1", child, "").await.is_empty());
    }
}

fn minato_of_the_city() -> musubi::edge::grpc::client::PersonRef {
    crate::agencies::person(musubi::sample_city::CITY, "K0300101", "child")
}
