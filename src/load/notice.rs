//! A discharge notice of a person who was in none before: thirty entries, as a v2 message and as a message of the schema.

use musubi_adapters::hospital::hl7v2::Hl7v2;
use musubi_core::adapter::{Adapter, Profile};
use musubi_core::agency::AgencyId;
use musubi_core::time::Time;
use musubi_core::wire::agency_side::Draft;

/// ADT^A03 with results; its control id, patient number, name and birth date are replaced in each message.
const MESSAGE: &str = include_str!("../../benches/discharge_a03.hl7");

/// A hospital's notice, by a number of its own, sent at a moment. In ASCII.
pub fn message(number: u64, sent: Time) -> Vec<u8> {
    // Eleven digits: twelve could be an individual number.
    let sent: String = sent.rfc3339().chars().filter(char::is_ascii_digit).take(14).collect();
    let name: String = format!("{number:08}").bytes().map(|digit| char::from(digit - b'0' + b'A')).collect();
    let day = number % 28 + 1;
    let text = MESSAGE
        .replacen("20261030110530+0900", &format!("{sent}+0900"), 1)
        .replacen("B261030-0001", &format!("B{number:010}"), 1)
        .replacen("00012345^", &format!("9{number:010}^"), 1)
        .replacen("ENOMOTO^CHINATSU", &format!("ENO{name}^CHINATSU"), 1)
        .replacen("19960514", &format!("199605{day:02}"), 1);
    text.into_bytes()
}

/// The same notice as a submission; `None` when the sample is not one, which a test would show.
pub fn draft(number: u64, agency: &AgencyId, now: Time) -> Option<Draft> {
    let profile = Profile { any_sender: true, ..Profile::plain(agency.clone(), now) };
    let read = Hl7v2.decode(&message(number, now), &profile).items.into_iter().next()?;
    Draft::from_json(&read.submission?.to_author_json()).ok()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;

    #[test]
    fn each_notice_is_about_another_person_and_both_forms_say_the_same() {
        let now = Time::parse_rfc3339("2026-11-29T13:00:00+09:00").unwrap();
        let agency = AgencyId::new("MED-4810700122").unwrap();
        let submissions = [1, 2].map(|number| draft(number, &agency, now).unwrap().check().unwrap());
        let people: Vec<Vec<String>> = submissions
            .iter()
            .map(|submission| submission.people().into_iter().map(|(key, _)| key.identifier).collect())
            .collect();
        assert_eq!(people, [["90000000001"], ["90000000002"]].map(|one| one.map(str::to_owned).to_vec()));
        assert_ne!(message(1, now), message(2, now));
    }
}
