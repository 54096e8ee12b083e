//! The samples of this folder, which the project wrote itself.

use super::*;
use musubi_core::adapter::{Fate, Severity};

pub(super) const SAMPLES: [&str; 13] = [
    "minami_a03_ssmix2",
    "minami_a60_ssmix2",
    "minami_r22_ssmix2",
    "minami_zd1_ssmix2",
    "shione_a03_newborn",
    "shione_a03_mother",
    "shione_r01_epds_own",
    "shione_r01_two_week_check",
    "shione_a08_correction",
    "shione_a13_cancelled_discharge",
    "shione_a40_merge",
    "shione_ref_i12",
    "shione_rri_i12",
];

pub(super) fn profile_of(name: &str) -> Profile {
    if name.starts_with("minami") { minami() } else { shione() }
}

#[test]
fn each_sample_gives_its_snapshot() {
    for name in SAMPLES {
        let decoded = Hl7v2.decode(&sample(name), &profile_of(name));
        let codes: Vec<_> = decoded.all_diagnostics().map(ToString::to_string).collect();
        let [item] = decoded.items.as_slice() else { panic!("{name} is not one message") };
        let json = item.submission.as_ref().unwrap_or_else(|| panic!("{name}: {codes:?}")).to_author_json() + "\n";
        let path = format!("{}/hospital/hl7v2/samples/{name}.json", env!("CARGO_MANIFEST_DIR"));
        if std::env::var_os("MUSUBI_WRITE_SNAPSHOTS").is_some() {
            std::fs::write(&path, &json).unwrap();
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap(), json, "{name}");
    }
}

#[test]
fn a_sample_cut_at_any_byte_never_panics_and_never_invents_an_entry() {
    for name in SAMPLES {
        let bytes = sample(name);
        let profile = profile_of(name);
        let whole = read(&bytes, &profile).entries().len();
        for end in 0..bytes.len() {
            let cut = bytes.get(..end).unwrap();
            let _ = header(cut);
            let decoded = Hl7v2.decode(cut, &profile);
            for item in &decoded.items {
                let refused = item.diagnostics.iter().any(|d| d.severity == Severity::Error);
                assert_eq!(item.submission.is_none(), refused, "{name} cut at {end}");
            }
            let record = read(cut, &profile);
            assert!(record.record.is_none() || record.entries().len() <= whole, "{name} cut at {end}");
        }
    }
}

#[test]
fn no_diagnostic_of_a_damaged_sample_holds_a_value_of_it() {
    for name in SAMPLES {
        let bytes = sample(name);
        let profile = profile_of(name);
        let text = super::charset::decode(&bytes).text.into_owned();
        let values: Vec<&str> = text
            .split(['|', '^', '~', '\r'])
            .filter(|value| value.len() >= 6 && !value.contains("SS-MIX2") && !value.starts_with("ISO"))
            .filter(|value| !matches!(*value, "SHIONE-HOSP" | "MINAMI" | "MUSUBI" | "在胎週数" | "本人"))
            .collect();
        for end in (0..bytes.len()).step_by(17) {
            let mut broken = bytes.clone();
            broken[end] = b'7';
            for diagnostic in Hl7v2.decode(&broken, &profile).all_diagnostics() {
                let told = diagnostic.to_string();
                assert!(!values.iter().any(|value| told.contains(value)), "{name}: {told}");
            }
        }
    }
}

#[test]
fn every_field_that_holds_something_is_accounted_for() {
    for name in SAMPLES {
        let bytes = sample(name);
        let decoded = Hl7v2.decode(&bytes, &profile_of(name));
        let text = super::charset::decode(&bytes).text.into_owned();
        let fields = |line: &str| line.split('|').skip(1).filter(|field| !field.is_empty()).count();
        let written: usize = text.split('\r').map(fields).sum();
        assert_eq!(decoded.ledger.len(), written + 1, "{name}: one more, for MSH-1");
        let kept: Vec<_> =
            decoded.ledger.lines().filter(|line| line.fate == Fate::KeptRaw).map(|line| line.place).collect();
        println!("{name}: kept raw only: {kept:?}");
    }
}

#[test]
fn the_newborn_notice_links_mother_and_child_and_keeps_their_values_apart() {
    let read = read(&sample("shione_a03_newborn"), &shione());
    let newborn = read.body("newborn");
    assert_eq!(newborn["birthWeight"]["value"], "2486");
    assert_eq!(newborn["gestationDays"], 38 * 7 + 4);
    assert_eq!((&newborn["apgar1"], &newborn["apgar5"]), (&8.into(), &9.into()));
    let link = read.entry("parentChild");
    assert_eq!(link["subjects"][0]["identifier"], "00012345");
    assert_eq!(link["subjects"][0]["role"], "MOTHER");
    assert_eq!(link["subjects"][1]["identifier"], "00067890");
    assert_eq!(read.entry("newborn")["subjects"].as_array().unwrap().len(), 1);
}

#[test]
fn the_hospital_without_the_character_writes_another_one_and_no_child_is_linked() {
    let read = read(&sample("minami_a03_ssmix2"), &minami());
    let names = &read.body("personDetails")["names"];
    assert_eq!(names[0]["text"], "高柳 沙耶");
    assert_eq!(names[1]["representation"], "PHONETIC");
    assert!(read.bodies("parentChild").is_empty() && read.bodies("newborn").is_empty());
    assert_eq!(read.body("dischargeNotice")["dischargedAt"]["hour"], 10);
    assert_eq!(read.body("personDetails")["addresses"][0]["city"], "汐音市");
}

#[test]
fn only_the_check_that_the_city_pays_is_commissioned() {
    let own = read(&sample("shione_r01_epds_own"), &shione());
    assert_eq!((&own.body("screening")["total"], &own.body("screening")["selfHarmItem"]), (&7.into(), &0.into()));
    assert!(own.entry("screening").get("commissioned").is_none());
    let paid = read(&sample("shione_r01_two_week_check"), &shione());
    assert_eq!(paid.body("screening")["items"], serde_json::json!([1, 1, 2, 2, 1, 1, 1, 1, 1, 1]));
    assert_eq!(paid.body("screening")["total"], 12);
    assert_eq!(paid.entry("screening")["commissioned"], true);
}

#[test]
fn a_correction_is_of_the_same_series_as_what_it_corrects() {
    let first = read(&sample("shione_a03_mother"), &shione());
    let second = read(&sample("shione_a08_correction"), &shione());
    for kind in ["dischargeNotice", "encounter", "personDetails"] {
        assert_eq!(first.entry(kind)["sourceKey"], second.entry(kind)["sourceKey"], "{kind}");
    }
    assert_ne!(first.body("dischargeNotice"), second.body("dischargeNotice"));
}

#[test]
fn samples_are_recognised_and_other_formats_are_not() {
    for name in SAMPLES {
        assert!(Hl7v2.recognises(&sample(name)), "{name}");
    }
    for other in ["<ClinicalDocument/>", "{}", "MSHX", "", "氏名,カナ"] {
        assert!(!Hl7v2.recognises(other.as_bytes()), "{other}");
    }
}
