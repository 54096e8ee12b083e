//! An agency that only has files: what lies in its folder is handed in as its own, and the answer lies beside it.

use crate::city::{City, MOTHER, VISITS};
use musubi::sample_city as sample;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

impl City {
    /// The folder of an agency, made as its operator would.
    fn drop_folder(&self, agency: &str) -> PathBuf {
        let folder = self.config.data.drop().join(agency);
        fs::create_dir_all(folder.join("in")).unwrap();
        folder
    }
}

/// The only answer in a folder, once it is there, and the name of the file that it is about.
async fn answer_in(folder: &Path) -> (String, Value) {
    for _ in 0..200 {
        let names = fs::read_dir(folder).into_iter().flatten().flatten().map(|file| file.path());
        let answers: Vec<PathBuf> = names.filter(|path| path.to_string_lossy().ends_with(".answer.json")).collect();
        if let [answer] = answers.as_slice() {
            let name = answer.to_string_lossy().strip_suffix(".answer.json").unwrap().to_owned();
            return (name, serde_json::from_slice(&fs::read(answer).unwrap()).unwrap());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("no answer in twenty seconds");
}

#[tokio::test]
async fn a_file_in_the_folder_of_an_agency_is_taken_as_its_own() {
    let city = City::at("2026-11-20T09:00:00+09:00").await;
    let folder = city.drop_folder(sample::HOSPITAL);
    fs::write(folder.join("in/退院.hl7"), MOTHER).unwrap();
    let (file, answer) = answer_in(&folder.join("taken")).await;
    assert_eq!((&answer["taken"], &answer["refused"]), (&1.into(), &0.into()), "{answer}");
    assert!(answer["rows"][0]["receipt"]["leaf"].is_string());
    assert_eq!(fs::read(file).unwrap(), MOTHER);
    assert!(fs::read_dir(folder.join("in")).unwrap().next().is_none(), "it was put away");
}

#[tokio::test]
async fn a_file_in_another_agencys_folder_is_refused_with_its_reason() {
    let city = City::at("2026-11-20T09:00:00+09:00").await;
    let folder = city.drop_folder(sample::CLINIC);
    fs::write(folder.join("in/a.hl7"), MOTHER).unwrap();
    let (file, answer) = answer_in(&folder.join("refused")).await;
    assert_eq!(answer["rows"][0]["diagnostics"][0]["code"], "H002", "{answer}");
    assert_eq!(fs::read(file).unwrap(), MOTHER, "nothing is lost");
}

#[tokio::test]
async fn s66_a_file_with_an_individual_number_does_not_stay_in_the_folder() {
    let city = City::at("2026-11-20T09:00:00+09:00").await;
    let folder = city.drop_folder(sample::HEALTH_CENTER);
    // The file is of Windows, so that only its bytes can be added to.
    let mut lines = VISITS.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let mut text = [lines.next().unwrap(), b",my_number\r\n"].concat();
    for line in lines.filter(|line| !line.is_empty()) {
        text.extend([line, b",1\r\n"].concat());
    }
    fs::write(folder.join("in/訪問.csv"), text).unwrap();
    let (file, answer) = answer_in(&folder.join("refused")).await;
    assert!(answer.to_string().contains("JP-E720"), "{answer}");
    assert!(!Path::new(&file).exists());
    assert!(fs::read_dir(folder.join("in")).unwrap().next().is_none());
}

#[tokio::test]
async fn a_transaction_storage_is_answered_record_by_record_and_what_it_deletes_is_taken_back() {
    let city = City::at("2026-11-20T09:00:00+09:00").await;
    let folder = city.drop_folder(sample::HOSPITAL);
    let record = |action: &str, message: &[u8]| {
        let header =
            format!("#SSMIX,2.00,4810700122,00012345,20261030,ADT-52,000000000000001,{action},01,20261030110530123");
        [header.as_bytes(), b"\r\n", message, b"\x1C\r\r\n"].concat()
    };
    let bytes = [record("INS", MOTHER), record("UPD", MOTHER), record("DEL", MOTHER)].concat();
    fs::write(folder.join("in/TR_20261030000000000_00001.DAT"), &bytes).unwrap();
    let (file, answer) = answer_in(&folder.join("refused")).await;
    assert_eq!((&answer["taken"], &answer["refused"]), (&2.into(), &1.into()), "{answer}");
    assert_eq!(answer["rows"][1]["diagnostics"][0]["code"], "H008");
    assert_eq!(fs::read(file).unwrap(), bytes);
}

#[tokio::test]
async fn a_file_of_an_ssmix2_storage_that_was_superseded_is_refused() {
    let city = City::at("2026-11-20T09:00:00+09:00").await;
    let folder = city.drop_folder(sample::HOSPITAL);
    fs::write(folder.join("in/00012345_20261030_ADT-52_000000000000001_20261030110530123_01_2"), MOTHER).unwrap();
    let (_, answer) = answer_in(&folder.join("refused")).await;
    assert!(answer.to_string().contains("H003"), "{answer}");
}
