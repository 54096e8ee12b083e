//! What is hidden comes out nowhere: not at another agency, not in a log line, not in a file of the hub.

use crate::agencies::replaced;
use crate::city::{City, MOTHER, NEWBORN};
use crate::schema::{BIRD, Leaf, Schema};
use crate::steps::{COUNCIL_CASE, akari, aoi, chinatsu, minato, rin, saya};
use musubi::sample_city as sample;
use musubi_core::wire::agency_side::Draft;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, Once, PoisonError};
use tracing_subscriber::fmt::MakeWriter;

const OWN_EPDS: &[u8] = include_bytes!("../../adapters/hospital/hl7v2/samples/shione_r01_epds_own.hl7");
/// In the name of 榎本's husband.
const PARTNER: &str = "Kanaria-Otto-5031";
/// In the symbol of her insurance.
const INSURANCE: &str = "Kanaria-Hoken-2260";
/// In the hospital's own EPDS.
const EPDS: &str = "Kanaria-Kokoro-7742";
/// In the place where the shielded family was seen.
const PLACE: &str = "Kakurega-9-17";
const CANARIES: [&str; 4] = [PARTNER, INSURANCE, EPDS, PLACE];

/// Lines with a canary, and how many lines there were: all that is kept of the logs of the whole test process.
static CAUGHT: Mutex<(usize, Vec<String>)> = Mutex::new((0, Vec::new()));

#[derive(Clone, Copy)]
struct Watch;

impl Write for Watch {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        let mut caught = CAUGHT.lock().unwrap_or_else(PoisonError::into_inner);
        caught.0 += 1;
        if text.contains(BIRD) || text.contains(PLACE) {
            caught.1.push(text.into_owned());
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Watch {
    type Writer = Watch;

    fn make_writer(&self) -> Watch {
        Watch
    }
}

fn holds(bytes: &[u8], word: &str) -> bool {
    bytes.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word.as_bytes()))
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// What every agency is told and shown, by its id.
async fn everything_that_is_said(city: &City) -> Vec<(String, String)> {
    let persons = [chinatsu(), minato(), saya(), akari(), aoi(), rin()];
    let mut said = Vec::new();
    let agencies = [
        (city.hospital(), "P1"),
        (city.clinic(), "P1"),
        (city.health_center(), "P1"),
        (city.prefectural_health_center(), "P1"),
        (city.center(), "P3"),
        (city.center(), "P4"),
        (city.provider(), "P7"),
        (city.guidance_center(), "P5"),
    ];
    for (agency, purpose) in agencies {
        let mut text = agency.looks_into_its_box().await.text();
        text.extend(agency.work("").await.iter().map(|item| format!("{item:?}")));
        for whom in &persons {
            text.push_str(&agency.looks_up(purpose, whom.clone(), "").await.json());
            text.push_str(&agency.looks_up("P6", whom.clone(), COUNCIL_CASE).await.json());
        }
        text.push_str(&agency.searches_cases("P6", COUNCIL_CASE).await.json());
        said.push((agency.id, text));
    }
    said
}

/// The hospital and the health center tell what nobody else may see.
async fn a_city_with_secrets() -> City {
    let city = City::at("2026-10-28T10:00:00+09:00").await;
    city.center().records_both_permits().await;
    city.center().shields_the_hidden_family("2027-06-30").await;
    city.set("2026-10-30T11:06:10+09:00");
    let with_partner = replaced(MOTHER, "榎本^航平".as_bytes(), PARTNER.as_bytes());
    let with_partner = replaced(&with_partner, "５１２".as_bytes(), INSURANCE.as_bytes());
    let with_epds = replaced(OWN_EPDS, b"OBX|2|NM|", format!("NTE|1||{EPDS}\rOBX|2|NM|").as_bytes());
    for message in [NEWBORN, &with_partner, &with_epds] {
        city.hospital().sends(message).await.accepted();
    }
    // The same again with faults, so that refusals and their log lines speak of them as well.
    city.hospital().sends(&with_epds[..with_epds.len() - 40]).await;
    city.clinic().sends(&with_partner).await.refused("AR", "MSH");
    city.hospital().sends(&replaced(&with_partner, b"19960514", b"19961399")).await;
    city.set("2026-11-11T17:15:00+09:00");
    city.health_center().hands_in("ph05", &crate::hidden::visits_with_a_place()).await;
    city.set("2026-11-12T10:00:00+09:00");
    city.center().refers_to(sample::PROVIDER, 7, "").await.unwrap();
    city.set("2026-11-17T10:00:00+09:00");
    let persons = vec![akari(), saya(), rin(), chinatsu()];
    city.center().opens_a_council_case(persons, &["C01", "C02", "C04", "C10"]).await;
    city
}

/// No file below a folder holds a word, but those that a delivery was put into.
pub(crate) fn no_word_in_a_file(folder: &Path, outbox: &Path, word: &str) {
    for file in files(folder).into_iter().filter(|file| !file.starts_with(outbox)) {
        assert!(!holds(&std::fs::read(&file).unwrap(), word), "{}", file.display());
    }
}

/// No line that was logged holds a canary.
pub(crate) fn no_word_in_the_logs() {
    let caught = CAUGHT.lock().unwrap_or_else(PoisonError::into_inner);
    assert!(caught.0 > 1000, "only {} lines were logged", caught.0);
    assert!(caught.1.is_empty(), "{}", caught.1.join("\n"));
}

/// The log of the whole test process, at its most talkative, is watched from now on.
pub(crate) fn watch_the_logs() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let log = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_ansi(false).with_writer(Watch);
        log.try_init().unwrap();
    });
}

#[tokio::test]
async fn no_canary_is_heard_at_another_agency_in_a_log_or_in_a_file() {
    watch_the_logs();
    let city = a_city_with_secrets().await;

    let said = everything_that_is_said(&city).await;
    let heard = |canary: &str| -> Vec<&str> {
        said.iter().filter(|(_, text)| holds(text.as_bytes(), canary)).map(|(id, _)| id.as_str()).collect()
    };
    let city_and_hospital = [sample::HOSPITAL, sample::CENTER];
    assert!(heard(PARTNER).iter().all(|id| city_and_hospital.contains(id)), "{:?}", heard(PARTNER));
    assert!(heard(PARTNER).contains(&sample::HOSPITAL), "its author sees it, so it was understood");
    assert_eq!(heard(INSURANCE), [sample::HOSPITAL]);
    assert!(heard(EPDS).iter().all(|id| *id == sample::HOSPITAL), "{:?}", heard(EPDS));
    // The guidance center is on every list, and the council case names the place.
    let on_the_list = [sample::CENTER, sample::HEALTH_CENTER, sample::GUIDANCE_CENTER];
    assert!(heard(PLACE).iter().all(|id| on_the_list.contains(id)), "{:?}", heard(PLACE));
    assert!(heard(PLACE).contains(&sample::HEALTH_CENTER));

    let folder = city.folder.path().to_owned();
    // What was released to the center lies in the center's folder.
    let outbox = sample::center_folder(&city.config);
    let look = || {
        for file in files(&folder).into_iter().filter(|file| !file.starts_with(&outbox)) {
            let bytes = std::fs::read(&file).unwrap();
            let found: Vec<&&str> = CANARIES.iter().filter(|canary| holds(&bytes, canary)).collect();
            assert!(found.is_empty(), "{} holds {found:?}", file.display());
        }
    };
    assert!(files(&folder).iter().any(|file| file.ends_with("hub.db-wal")), "looked at while it is written");
    look();
    let City { folder: _kept, running, .. } = city;
    running.stop().await.unwrap();
    look();

    no_word_in_the_logs();
}

impl Leaf {
    /// A submission of one entry in which this leaf alone holds something.
    fn submission(&self, number: usize) -> String {
        let canary = serde_json::json!(format!("{BIRD}{number:05}"));
        let filled = self.path.iter().rev().fold(canary, |inside, (name, repeated)| {
            if *repeated { serde_json::json!({ name: [inside] }) } else { serde_json::json!({ name: inside }) }
        });
        let subject = serde_json::json!([{"role": "CHILD", "issuer": sample::GUIDANCE_CENTER, "identifier": "N-1"}]);
        let entry = serde_json::json!({"sourceKey": format!("leaf-{number}"), "subjects": subject, &self.body: filled});
        serde_json::json!({"format": "grpc", "messageId": format!("leaf-{number}"), "entries": [entry]}).to_string()
    }
}

#[tokio::test]
async fn no_text_of_any_field_that_a_guidance_center_keeps_is_heard_anywhere_else() {
    watch_the_logs();
    let city = City::at("2026-11-11T17:15:00+09:00").await;
    let (leaves, mut taken) = (Schema::read().leaves(), 0);
    for (number, leaf) in leaves.iter().enumerate() {
        let draft =
            Draft::from_json(&leaf.submission(number)).unwrap_or_else(|_| panic!("{} {:?}", leaf.body, leaf.path));
        match city.guidance_center().client.intake().submit(draft).await {
            Ok(answer) => {
                taken += 1;
                assert!(!format!("{answer:?}").contains(BIRD), "{} {:?}", leaf.body, leaf.path);
            }
            Err(refused) => assert!(!refused.message().contains(BIRD), "{} {:?}", leaf.body, leaf.path),
        }
    }
    println!("figure canaries {} fields ({taken} taken, the others refused)", leaves.len());
    assert!(leaves.len() > 200 && taken * 2 > leaves.len(), "{taken} of {}", leaves.len());
    let child = crate::agencies::person(sample::GUIDANCE_CENTER, "N-1", "child");
    assert!(
        city.guidance_center().looks_up("P5", child.clone(), "").await.json().contains(BIRD),
        "its author sees them"
    );
    for (id, text) in everything_that_is_said(&city).await {
        assert!(id == sample::GUIDANCE_CENTER || !text.contains(BIRD), "{id}");
    }
    let others = [(city.center(), "P3"), (city.center(), "P4"), (city.hospital(), "P1"), (city.provider(), "P7")];
    for (agency, purpose) in others {
        assert!(agency.looks_up(purpose, child.clone(), "").await.is_empty(), "{}", agency.id);
    }
    let folder = city.folder.path().to_owned();
    let City { folder: _kept, running, .. } = city;
    running.stop().await.unwrap();
    no_word_in_a_file(&folder, &folder.join("outbox of nobody"), BIRD);
    no_word_in_the_logs();
}
