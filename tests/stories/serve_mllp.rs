//! v2 messages of hospitals at a hub that runs: taken, repeated, refused.

use crate::city::{CLINIC, City, MOTHER, NEWBORN};
use musubi::sample_city as sample;
use musubi::store::Log;
use musubi_core::agency::AgencyId;
use musubi_core::audit::Receipt;

/// MSA-1, MSA-3 and the codes of all ERR segments.
struct Told {
    code: String,
    receipt: String,
    errors: Vec<String>,
}

fn told(answer: &str) -> Told {
    let segments: Vec<Vec<&str>> = answer.split('\r').map(|line| line.split('|').collect()).collect();
    let msa = segments.iter().find(|fields| fields[0] == "MSA").unwrap();
    let errors = segments.iter().filter(|fields| fields[0] == "ERR").map(|fields| {
        format!("{} {} {}", fields[5].split('^').next().unwrap(), fields[3].split('^').next().unwrap(), fields[4])
    });
    Told {
        code: msa[1].to_owned(),
        receipt: msa.get(3).copied().unwrap_or_default().to_owned(),
        errors: errors.collect(),
    }
}

fn replaced(message: &[u8], from: &str, to: &str) -> Vec<u8> {
    let text = String::from_utf8(message.to_vec()).unwrap();
    assert!(text.contains(from));
    text.replace(from, to).into_bytes()
}

async fn leaves(city: &City) -> u64 {
    city.running.hub.store.logs().await.unwrap().iter().map(|(_, size)| size).sum()
}

#[tokio::test]
async fn a_message_is_answered_aa_with_a_receipt_that_stands_in_the_log() {
    let city = City::at("2026-10-30T11:05:10+09:00").await;
    let answer = told(&city.send(sample::HOSPITAL, NEWBORN).await);
    assert_eq!(answer.code, "AA");
    let log = Log::parse(sample::CITY).unwrap();
    let receipt = Receipt::from_msa3(city.running.hub.store.origin(&log), &answer.receipt).unwrap();
    let hashes = city.running.hub.store.leaf_hashes(&log, receipt.index + 1).await.unwrap();
    assert_eq!(hashes.last(), Some(&receipt.leaf));
    assert!(answer.errors.iter().all(|error| error.ends_with(" W")), "{:?}", answer.errors);
    assert!(answer.errors.iter().any(|error| error.starts_with("H108 ")), "no basis yet: {:?}", answer.errors);
}

#[tokio::test]
async fn the_old_clinic_is_answered_in_its_own_character_set() {
    let city = City::at("2026-10-27T16:20:10+09:00").await;
    let answer = city.send(sample::CLINIC, CLINIC).await;
    assert_eq!(told(&answer).code, "AA");
    assert!(answer.contains("~ISO IR87") && answer.contains("\u{1b}$B"));
}

#[tokio::test]
async fn the_same_bytes_again_get_the_same_answer_and_are_stored_once() {
    let city = City::at("2026-10-30T11:05:40+09:00").await;
    let first = city.send(sample::HOSPITAL, MOTHER).await;
    let before = leaves(&city).await;
    city.set("2026-11-15T00:00:00+09:00");
    assert_eq!(city.send(sample::HOSPITAL, MOTHER).await, first);
    assert_eq!(leaves(&city).await, before);
}

#[tokio::test]
async fn a_control_id_used_for_other_bytes_is_refused_for_thirty_days() {
    let city = City::at("2026-10-30T11:05:10+09:00").await;
    assert_eq!(told(&city.send(sample::HOSPITAL, NEWBORN).await).code, "AA");
    let other = replaced(NEWBORN, "2486", "2500");
    let answer = told(&city.send(sample::HOSPITAL, &other).await);
    assert_eq!((answer.code.as_str(), answer.receipt.as_str()), ("AE", ""));
    assert_eq!(answer.errors, ["H205 205 E"]);
    city.set("2026-11-30T11:05:10+09:00");
    let answer = told(&city.send(sample::HOSPITAL, &other).await);
    assert_eq!(answer.code, "AA");
    for code in ["H109 0 W", "H110 0 W"] {
        assert!(answer.errors.iter().any(|error| error == code), "{:?}", answer.errors);
    }
    let center = city.running.hub.caller(&AgencyId::new(sample::CENTER).unwrap(), "ooba").unwrap();
    let asked = city.running.hub.work_items(&center, Some(true), "check").await.unwrap();
    assert!(asked.iter().any(|item| item.body.code == "H110"), "an old message is put before a person");
}

#[tokio::test]
async fn a_message_cut_short_is_refused_with_a_place_and_may_come_again_whole() {
    let city = City::at("2026-10-30T11:05:40+09:00").await;
    let segments: Vec<&[u8]> = MOTHER.split_inclusive(|byte| *byte == b'\r').collect();
    let cut = segments.iter().take(2).flat_map(|segment| segment.iter().copied()).collect::<Vec<u8>>();
    let answer = city.send(sample::HOSPITAL, &cut).await;
    assert_eq!(told(&answer).code, "AE");
    assert_eq!(told(&answer).errors, ["H004 100 E"]);
    assert!(answer.contains("ERR||PID^1"), "{answer}");
    assert_eq!(told(&city.send(sample::HOSPITAL, MOTHER).await).code, "AA");
}

#[tokio::test]
async fn the_name_of_another_agency_is_refused_and_audited() {
    let city = City::at("2026-10-30T11:05:40+09:00").await;
    let before = leaves(&city).await;
    let answer = told(&city.send(sample::CLINIC, MOTHER).await);
    assert_eq!((answer.code.as_str(), answer.errors.as_slice()), ("AR", ["H002 103 E".to_owned()].as_slice()));
    assert_eq!(leaves(&city).await, before + 1);
}

#[tokio::test]
async fn an_individual_number_is_refused_without_a_digit_and_nothing_of_it_is_kept() {
    let city = City::at("2026-10-30T11:05:40+09:00").await;
    let number = ["1234", "5678", "9018"].concat();
    for (from, place) in [("||00012345^^^^PI", "PID"), ("S261030-0102", "MSH^1^10")] {
        let with = if from.starts_with("||") { format!("||{number}^^^^PI") } else { number.clone() };
        let message = replaced(MOTHER, from, &with);
        let answer = city.send(sample::HOSPITAL, &message).await;
        assert_eq!(told(&answer).code, "AE");
        assert_eq!(told(&answer).errors, ["H009 102 E"]);
        assert!(answer.contains(&format!("ERR||{place}")), "{answer}");
        assert!(!answer.contains(&number), "the number is repeated");
    }
    assert_eq!(told(&city.send(sample::HOSPITAL, MOTHER).await).code, "AA", "the id was not used up");
    city.running.hub.store.checkpoint().await.unwrap();
    for file in std::fs::read_dir(city.folder.path()).unwrap().flatten().filter(|f| f.path().is_file()) {
        let bytes = std::fs::read(file.path()).unwrap();
        assert!(!bytes.windows(number.len()).any(|part| part == number.as_bytes()), "{:?}", file.path());
    }
}

#[tokio::test]
async fn unknown_events_and_messages_from_the_future_are_refused() {
    let city = City::at("2026-10-30T11:05:40+09:00").await;
    let answer = told(&city.send(sample::HOSPITAL, &replaced(MOTHER, "ADT^A03^ADT_A03", "ADT^A05^ADT_A05")).await);
    assert_eq!((answer.code.as_str(), answer.errors[0].as_str()), ("AR", "H003 201 E"));
    city.clock.set(crate::city::at("2026-10-30T11:05:40+09:00").plus_minutes(-60));
    // The clock of decisions does not go back, so a second hub is asked.
    let early = City::at("2026-10-30T11:00:00+09:00").await;
    let answer = told(&early.send(sample::HOSPITAL, MOTHER).await);
    assert_eq!((answer.code.as_str(), answer.errors.last().unwrap().as_str()), ("AE", "H006 102 E"));
}

#[tokio::test]
async fn a_test_message_is_answered_and_makes_nobody_known() {
    let city = City::at("2026-10-30T11:05:40+09:00").await;
    let test = replaced(MOTHER, "|P|2.5|", "|T|2.5|");
    assert_eq!(told(&city.send(sample::HOSPITAL, &test).await).code, "AA");
    assert_eq!(told(&city.send(sample::HOSPITAL, &test).await).code, "AA");
    let hospital = city.running.hub.caller(&AgencyId::new(sample::HOSPITAL).unwrap(), "").unwrap();
    let named = musubi::hub::persons::Named {
        key: Some(musubi_core::record::PersonKey {
            issuer: sample::HOSPITAL.to_owned(),
            identifier: "00012345".to_owned(),
        }),
        ..musubi::hub::persons::Named::default()
    };
    let seen = city.running.hub.get(&hospital, musubi_core::agency::Purpose::P1, &named, "").await.unwrap();
    assert!(seen.is_empty());
}

#[tokio::test]
async fn several_messages_in_one_frame_get_an_answer_each() {
    let city = City::at("2026-10-30T11:05:40+09:00").await;
    let mut connection = city.agency(sample::HOSPITAL).mllp().await.unwrap();
    connection.write(&[NEWBORN, MOTHER].concat()).await.unwrap();
    for id in ["S261030-0101", "S261030-0102"] {
        let answer = String::from_utf8(connection.answer().await.unwrap()).unwrap();
        assert!(answer.contains(&format!("MSA|AA|{id}|")), "{answer}");
    }
}

fn batch(messages: &[&[u8]], count: &str) -> Vec<u8> {
    let head = b"FHS|^~\\&|SHIONE|SHIONE\rBHS|^~\\&|EHR|SHIONE|MUSUBI|SHIONE CITY|20261030110500||||B-77\r";
    [head.as_slice(), &messages.concat(), format!("BTS|{count}\rFTS|1\r").as_bytes()].concat()
}

#[tokio::test]
async fn a_batch_is_answered_as_a_batch_with_an_answer_to_each_message() {
    let city = City::at("2026-10-30T11:05:40+09:00").await;
    let answer = city.send(sample::HOSPITAL, &batch(&[NEWBORN, MOTHER], "2")).await;
    let lines: Vec<&str> = answer.split_terminator('\r').collect();
    assert!(
        lines[0].starts_with("FHS|") && lines[1].starts_with("BHS|^~\\&|MUSUBI|SHIONE CITY|EHR|SHIONE|"),
        "{answer}"
    );
    assert!(lines[1].ends_with("|B-77"), "the batch is named: {answer}");
    for id in ["S261030-0101", "S261030-0102"] {
        assert!(answer.contains(&format!("MSA|AA|{id}|musubi:1:")), "{answer}");
    }
    assert_eq!(lines[lines.len() - 2..], ["BTS|2", "FTS|1"]);
}

#[tokio::test]
async fn a_batch_with_a_wrong_count_is_refused_whole_unless_the_peer_may_send_parts() {
    let city = City::at("2026-10-30T11:05:40+09:00").await;
    let answer = city.send(sample::HOSPITAL, &batch(&[NEWBORN, MOTHER], "3")).await;
    assert_eq!(answer.matches("MSA|AE|").count(), 2, "{answer}");
    assert!(answer.contains("BTS|2") && answer.contains("ERR||BTS^1^1"), "{answer}");
    city.deviates(sample::HOSPITAL, |profile| profile.accept_partial = true).await;
    let answer = city.send(sample::HOSPITAL, &batch(&[NEWBORN, MOTHER], "3")).await;
    assert_eq!(answer.matches("MSA|AA|").count(), 2, "{answer}");
    let cut = batch(&[NEWBORN, MOTHER], "2");
    let answer = city.send(sample::HOSPITAL, &cut[..cut.len() - 13]).await;
    assert_eq!(answer.matches("MSA|AE|").count(), 2, "what was cut is refused all the same: {answer}");
}

#[tokio::test]
async fn an_individual_number_beside_the_messages_of_a_batch_refuses_it_and_no_digit_is_told() {
    let city = City::at("2026-10-30T11:05:40+09:00").await;
    let number = ["1234", "5678", "9018"].concat();
    for (from, to) in [("20261030110500||||B-77", format!("{number}||||B-77")), ("BTS|2", format!("BTS|2|{number}"))] {
        let answer = city.send(sample::HOSPITAL, &replaced(&batch(&[NEWBORN, MOTHER], "2"), from, &to)).await;
        assert!(answer.contains("MSA|AE|S261030-0101") && answer.contains("|H009^"), "{answer}");
        assert!(!answer.contains("12345678") && !answer.contains("MSA|AA"), "{answer}");
    }
}

#[tokio::test]
async fn how_a_sender_departs_from_the_framing_is_told_beside_its_answer() {
    let city = City::at("2026-10-30T11:05:40+09:00").await;
    let mut connection = city.agency(sample::HOSPITAL).mllp().await.unwrap();
    let cut = &NEWBORN[..NEWBORN.len() - 1];
    connection.write_unframed(&[b"\r\n\x0b".as_slice(), cut, b"\x1c\r"].concat()).await.unwrap();
    let answer = String::from_utf8(connection.answer().await.unwrap()).unwrap();
    assert_eq!(told(&answer).code, "AA");
    let framing = told(&answer).errors.into_iter().filter(|error| error == "H105 0 W").count();
    assert_eq!(framing, 2, "bytes before the frame, and no return at its end: {answer}");
    let answer = String::from_utf8(connection.send(MOTHER).await.unwrap()).unwrap();
    assert!(!answer.contains("H105"), "the next frame is a good one: {answer}");
}

#[tokio::test]
async fn release_2_commits_before_it_answers_where_the_peer_wants_it() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let city = City::at("2026-10-30T11:05:40+09:00").await;
    city.deviates(sample::HOSPITAL, |profile| profile.mllp_release_2 = true).await;
    let mut stream = city.agency(sample::HOSPITAL).mllp().await.unwrap().into_inner();
    let never = replaced(MOTHER, "|P|2.5||||||", "|P|2.5|||NE|NE||");
    for (message, begin) in [(NEWBORN.to_vec(), true), (never, false)] {
        stream.write_all(&[b"\x0b".as_slice(), &message, b"\x1c\r"].concat()).await.unwrap();
        let mut commit = [0; 4];
        stream.read_exact(&mut commit).await.unwrap();
        assert_eq!(commit, [0x0B, 0x06, 0x1C, 0x0D]);
        if begin {
            let mut answer = vec![0; 16 * 1024];
            let read = stream.read(&mut answer).await.unwrap();
            assert!(answer[..read].starts_with(b"\x0bMSH|"), "the answer follows");
        }
    }
}

#[tokio::test]
async fn an_unknown_message_is_kept_and_acknowledged_where_the_peer_wants_it() {
    let city = City::at("2026-10-30T11:05:40+09:00").await;
    let unknown = replaced(MOTHER, "ADT^A03^ADT_A03", "SIU^S12^SIU_S12");
    assert_eq!(told(&city.send(sample::HOSPITAL, &unknown).await).errors, ["H003 200 E"]);
    city.deviates(sample::HOSPITAL, |profile| profile.archive_unknown = true).await;
    let answer = city.send(sample::HOSPITAL, &unknown).await;
    assert_eq!((told(&answer).code.as_str(), told(&answer).errors), ("AA", vec!["H003 0 W".to_owned()]));
    assert!(told(&answer).receipt.starts_with("musubi:1:"));
    assert_eq!(city.send(sample::HOSPITAL, &unknown).await, answer);
    let work = city.hospital().work("").await;
    assert!(work.is_empty(), "nobody is asked about it: {work:?}");
}

#[tokio::test]
async fn enhanced_mode_gets_the_answers_that_it_asks_for() {
    let city = City::at("2026-10-30T11:05:40+09:00").await;
    let mut connection = city.agency(sample::HOSPITAL).mllp().await.unwrap();
    let both = replaced(MOTHER, "|P|2.5||||||", "|P|2.5|||AL|AL||");
    let answer = String::from_utf8(connection.send(&both).await.unwrap()).unwrap();
    assert_eq!(told(&answer).code, "CA");
    let answer = String::from_utf8(connection.answer().await.unwrap()).unwrap();
    assert_eq!(told(&answer).code, "AA");
    let on_error = replaced(NEWBORN, "|P|2.5||||||", "|P|2.5|||ER|NE||");
    connection.write(&on_error).await.unwrap();
    let both = replaced(&both, "S261030-0102", "S261030-0199");
    let answer = String::from_utf8(connection.send(&both).await.unwrap()).unwrap();
    assert!(answer.contains("S261030-0199"), "the one before is stored and not answered: {answer}");
}

#[tokio::test]
async fn a_suspended_agency_is_refused_at_once_on_an_open_connection() {
    use musubi::hub::enrol::Enrolment;
    let city = City::at("2026-10-30T11:05:40+09:00").await;
    let mut connection = city.agency(sample::HOSPITAL).mllp().await.unwrap();
    assert!(connection.send(NEWBORN).await.is_ok());
    let id = AgencyId::new(sample::HOSPITAL).unwrap();
    city.running.hub.enrol(Enrolment::Suspend(id.clone()), "operator").await.unwrap();
    let answer = String::from_utf8(connection.send(MOTHER).await.unwrap()).unwrap();
    assert_eq!(told(&answer).code, "AR");
    assert_eq!(told(&answer).errors, ["M801 207 E"]);
    city.running.hub.enrol(Enrolment::Resume(id), "operator").await.unwrap();
    let answer = String::from_utf8(connection.send(MOTHER).await.unwrap()).unwrap();
    assert_eq!(told(&answer).code, "AA");
}

#[tokio::test]
async fn a_hub_that_stops_answers_what_it_took_and_opens_again_with_everything() {
    let city = City::at("2026-10-30T11:05:40+09:00").await;
    let first = city.send(sample::HOSPITAL, MOTHER).await;
    let City { folder: _folder, config, clock, running, runtime } = city;
    running.stop().await.unwrap();
    let running = musubi::serve::start(&config, clock.clone(), std::sync::Arc::new(musubi::clock::SystemClock));
    let city = City { folder: _folder, config: config.clone(), clock, running: running.await.unwrap(), runtime };
    assert_eq!(city.send(sample::HOSPITAL, MOTHER).await, first);
}
