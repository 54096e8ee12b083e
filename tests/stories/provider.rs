//! Rows 9, 14, 16 and 17: the provider sees whom it cares for, and reports within the approval.

use crate::agencies::{Agency, person, replaced};
use crate::city::City;
use crate::steps::{APPROVAL, chinatsu, minato};
use musubi::ca::{Authority, Order, Subject, write_public, write_secret};
use musubi::clock::{Clock, SystemClock};
use musubi::hub::register::Agency as Registered;
use musubi::sample_city as sample;
use musubi_core::agency::AgencyId;

const TWO_WEEK: &[u8] = include_bytes!("../../adapters/hospital/hl7v2/samples/shione_r01_two_week_check.hl7");
const STAY_1: &[u8] = include_bytes!("../../adapters/provider/pv02/samples/demo-stay-1.csv");
const STAY_2: &[u8] = include_bytes!("../../adapters/provider/pv02/samples/demo-stay-2-revision-1.csv");
const STAY_2_MENDED: &[u8] = include_bytes!("../../adapters/provider/pv02/samples/demo-stay-2-revision-2.csv");
const DAY_8: &[u8] = include_bytes!("../../adapters/provider/pv02/samples/demo-day-8.csv");

/// Another provider of the city.
const NEIGHBOURING: &str = "PRV-482072-08";

fn by_approval() -> musubi::edge::grpc::client::PersonRef {
    person(sample::CITY, APPROVAL, "mother")
}

impl City {
    /// A second provider under contract, with a certificate of its own.
    async fn another_provider(&self) -> Agency {
        let id = AgencyId::new(NEIGHBOURING).unwrap();
        let like = sample::agencies().into_iter().find(|agency| agency.id.as_str() == sample::PROVIDER).unwrap();
        self.running
            .hub
            .register_agency(Registered { id: id.clone(), name: "助産院 凪".to_owned(), ..like })
            .await
            .unwrap();
        let authority = Authority::open(&self.config.data.ca()).unwrap();
        let made = authority.issue_pair(&Order::client(Subject::Agency(id), 90), SystemClock.now()).unwrap();
        let files = sample::client_files(&self.config, NEIGHBOURING);
        std::fs::create_dir_all(files.key.parent().unwrap()).unwrap();
        write_secret(&files.key, &made.key_pem).unwrap();
        write_public(&files.certificate, &made.certificate_pem).unwrap();
        self.other(NEIGHBOURING, "nogami")
    }

    /// Both stays are reported and taken: seven days are used up.
    async fn after_seven_days() -> City {
        let city = City::after_the_approval().await;
        city.set("2026-11-18T10:00:00+09:00");
        city.provider().hands_in("pv02", STAY_1).await.accepted();
        city.set("2026-11-27T11:40:00+09:00");
        city.provider().hands_in("pv02", STAY_2_MENDED).await.accepted();
        city.set("2026-12-01T16:00:00+09:00");
        city
    }
}

#[tokio::test]
async fn a_provider_sees_name_children_and_days_left_and_neither_street_nor_state_of_mind() {
    let city = City::after_the_discharge().await;
    city.set("2026-11-09T15:13:00+09:00");
    city.hospital().sends(TWO_WEEK).await.accepted();
    city.set("2026-11-12T10:00:00+09:00");
    assert!(city.provider().looks_up("P7", chinatsu(), "").await.is_empty(), "nothing before the approval");
    city.center().refers_to(sample::PROVIDER, 7, "").await.unwrap();
    let seen = city.provider().looks_up("P7", by_approval(), "").await;
    let json = seen.json();
    for shown in ["千夏", "湊", "\"unitsLeft\": 7"] {
        assert!(json.contains(shown), "{shown} is missing: {json}");
    }
    for hidden in ["汐見町", "090-0000-0011", "航平", "06480123", "小早川", "相良"] {
        assert!(!json.contains(hidden), "{hidden} came out");
    }
    assert!(!seen.kinds().contains(&"screening") && !json.contains("\"total\""));
}

#[tokio::test]
async fn a_stay_is_taken_and_the_same_stay_with_another_fee_is_not() {
    let city = City::after_the_approval().await;
    city.set("2026-11-18T10:00:00+09:00");
    let fee = replaced(STAY_1, b"\"3,000", b"\"3,500");
    let fee = replaced(&fee, b"R-2026-1118-01", b"R-2026-1118-02");
    city.provider().hands_in("pv02", &fee).await.refused("PV-E401");
    city.provider().hands_in("pv02", STAY_1).await.accepted();
    let kinds = city.provider().looks_up("P7", by_approval(), "").await.kinds();
    assert_eq!(kinds.iter().filter(|kind| **kind == "care_delivery").count(), 1, "{kinds:?}");
}

#[tokio::test]
async fn a_night_with_nobody_on_duty_is_refused_with_its_minutes_until_the_report_is_mended() {
    let city = City::after_the_approval().await;
    city.set("2026-11-27T11:00:00+09:00");
    let rows = city.provider().hands_in("pv02", STAY_2).await.refused("PV-E201");
    let said = rows.said().into_iter().find(|said| said.code == "PV-E201").unwrap().text_ja.clone();
    assert!(said.contains("01:00") && said.contains("02:30"), "{said}");
    city.set("2026-11-27T11:40:00+09:00");
    city.provider().hands_in("pv02", STAY_2_MENDED).await.accepted();
}

#[tokio::test]
async fn an_eighth_day_needs_an_extension_by_the_city() {
    let city = City::after_seven_days().await;
    city.provider().hands_in("pv02", DAY_8).await.refused("PV-E105");
    assert!(city.provider().refers_to(sample::PROVIDER, 0, "SK08-0041-E1").await.is_err(), "not by the provider");
    city.provider().hands_in("pv02", DAY_8).await.refused("PV-E105");
    city.center().refers_to(sample::PROVIDER, 0, "SK08-0041-E1").await.unwrap();
    city.provider().hands_in("pv02", DAY_8).await.accepted();
}

#[tokio::test]
async fn the_center_reads_what_was_reported() {
    let city = City::after_seven_days().await;
    let kinds = city.center().looks_up("P7", chinatsu(), "").await.kinds();
    assert_eq!(kinds.iter().filter(|kind| **kind == "care_delivery").count(), 2, "{kinds:?}");
}

#[tokio::test]
async fn another_provider_sees_nothing_of_her() {
    let city = City::after_seven_days().await;
    let other = city.another_provider().await;
    for whom in [by_approval(), chinatsu(), minato(), crate::agencies::by_name("エノモト チナツ", "1996-05-14")]
    {
        for purpose in ["P7", "P8"] {
            assert!(other.looks_up(purpose, whom.clone(), "").await.is_empty());
        }
    }
    assert!(other.looks_into_its_box().await.is_empty());
    assert!(other.work("").await.is_empty());
}

#[tokio::test]
async fn a_provider_that_cites_the_approval_of_another_is_refused() {
    let city = City::after_the_approval().await;
    let other = city.another_provider().await;
    city.set("2026-11-18T10:00:00+09:00");
    let as_itself = replaced(STAY_1, sample::PROVIDER.as_bytes(), NEIGHBOURING.as_bytes());
    for report in [as_itself.as_slice(), STAY_1] {
        let rows = other.hands_in("pv02", report).await;
        assert!(rows.0.is_empty() || rows.taken() == [false], "{:?}", rows.said());
    }
    let unknown = replaced(&as_itself, APPROVAL.as_bytes(), b"SK08-9999");
    let (known, unknown) = (other.hands_in("pv02", &as_itself).await, other.hands_in("pv02", &unknown).await);
    assert_eq!(known.codes(), unknown.codes(), "it does not learn that there is such an approval");
    let json = city.provider().looks_up("P7", by_approval(), "").await.json();
    assert!(json.contains("\"unitsLeft\": 7"), "{json}");
}

#[tokio::test]
async fn a_referral_is_known_to_its_parties_only() {
    let city = City::after_the_discharge().await;
    city.set("2026-11-12T10:00:00+09:00");
    let referral = city.center().refers_to(sample::PROVIDER, 7, "").await.unwrap();
    let other = city.another_provider().await;
    let refused = other.steps(&referral, "accepted").await.unwrap_err();
    let mut unknown = referral.clone();
    unknown.referral_id = "00000000-0000-7000-8000-000000000000".to_owned();
    let nobody = other.steps(&unknown, "accepted").await.unwrap_err();
    assert_eq!((refused.code(), refused.message()), (nobody.code(), nobody.message()));
    assert_eq!(city.provider().steps(&referral, "accepted").await.unwrap().state, "accepted");
}
