//! What stands beside the patient: relatives.

use super::*;
use musubi_core::consent::Policy;
use musubi_core::release::release_to_author;
use serde_json::json;

const MOTHER: &str = "shione_a03_mother";
const NK1_5: &str = "|SPO^配偶者^HL70063||^PRN^CP^^^^^^^^^090-0000-0012";

/// The mother's message with another end of her husband's NK1.
fn with_relative(rest: &str) -> Vec<u8> {
    changed(MOTHER, NK1_5, &format!("|SPO^配偶者^HL70063{rest}"))
}

#[test]
fn a_relative_has_addresses_and_numbers_at_home_and_at_work() {
    let rest = "|^^^^0000015^JPN^H^朝凪県汐音市浜町３番１号|^PRN^PH^^^^^^^^^000-000-0001|^WPN^PH^^^^^^^^^000-000-0002";
    let bytes = with_relative(rest);
    let relative = |bytes: &[u8], profile: &Profile| super::read(bytes, profile).body("family")["relatives"][0].clone();
    let read = relative(&bytes, &shione());
    assert_eq!(read["addresses"][0]["city"], "汐音市");
    assert_eq!((&read["contacts"][0]["use"], &read["contacts"][1]["use"]), (&json!("home"), &json!("work")));

    let profile = Profile { any_sender: true, ..shione() };
    let items = Hl7v2.decode(&bytes, &profile).items;
    let told: Vec<_> = items.into_iter().filter_map(|item| item.submission).collect();
    let released = release_to_author(told, &profile.agency, &Policy::reviewed(), profile.now);
    let written = Hl7v2.encode(&released, &profile).unwrap();
    assert_eq!(relative(&written, &profile), read, "{}", String::from_utf8_lossy(&written));
}

#[test]
fn a_relative_of_whom_only_an_address_is_known_is_one() {
    let bytes = changed(MOTHER, "\rPV1", "\rNK1|2|||^^^^0000015^JPN^H^朝凪県汐音市浜町３番１号\rPV1");
    assert_eq!(super::read(&bytes, &shione()).body("family")["relatives"].as_array().unwrap().len(), 2);
}
