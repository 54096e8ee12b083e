//! A policy that opens more than the last one is taken when two officers signed it (S-43).

use crate::city::City;
use crate::serve_commands::plain;
use musubi::cli::Exit;
use musubi::clock::SystemClock;
use musubi::config::{Config, Mode};
use musubi::sample_city as sample;
use musubi::serve::{StartError, open_hub};
use musubi_core::consent::Policy;
use std::path::Path;
use std::sync::Arc;

/// Writes the reviewed files, changed so that "all" of a permit means one more category or one fewer.
fn written(folder: &Path, change: impl Fn(&str) -> String) {
    std::fs::create_dir_all(folder).unwrap();
    let [matrix, grounds, masks] = Policy::reviewed().files().clone();
    let codes = include_str!("../../policy/codes.toml").to_owned();
    let files =
        [("matrix.toml", matrix), ("grounds.toml", grounds), ("masks.toml", change(&masks)), ("codes.toml", codes)];
    for (name, text) in files {
        std::fs::write(folder.join(name), text).unwrap();
    }
}

const NAMED: &str = "must_be_named = [\"C08\", ";

fn wider(masks: &str) -> String {
    masks.replace(NAMED, "must_be_named = [")
}

fn narrower(masks: &str) -> String {
    masks.replace(NAMED, "must_be_named = [\"C07\", \"C08\", ")
}

/// Opens a hub on these settings and closes it again; what it says when it does not open.
async fn starts(config: &Config) -> Result<(), String> {
    match open_hub(config, Arc::new(SystemClock)).await {
        Ok(hub) => {
            hub.store.close().await.unwrap();
            Ok(())
        }
        Err(StartError::Wider(said)) => Err(said),
        Err(other) => panic!("{other}"),
    }
}

/// Makes the secret of an officer, and sets its public key.
async fn officer(config: &mut Config, office: &str, outside: &Path) -> String {
    let key = outside.join(office).display().to_string();
    let (exit, said) = plain(&format!("policy key --as {office} --to {key}")).await;
    assert_eq!(exit, Exit::Success, "{said}");
    let public = Some(said.trim().to_owned());
    match office {
        "privacy" => config.policy.privacy_officer = public,
        _ => config.policy.legal_officer = public,
    }
    key
}

#[tokio::test]
async fn s43_a_policy_that_opens_more_needs_the_signatures_of_both_officers() {
    let city = City::at("2026-10-30T11:05:40+09:00").await;
    let (folder, outside) = (city.folder.path().to_owned(), tempfile::tempdir().unwrap());
    let (first, second) = (outside.path().join("first"), outside.path().join("second"));
    let mut config = city.config.clone();
    config.hub.mode = Mode::Production;
    city.running.stop().await.unwrap();
    written(&first, narrower);
    config.policy.folder = Some(first.clone());
    starts(&config).await.unwrap();

    written(&second, wider);
    config.policy.folder = Some(second.clone());
    let said = starts(&config).await.unwrap_err();
    assert!(said.contains("must_be_named") && said.contains("privacy") && said.contains("legal"), "{said}");
    let privacy = officer(&mut config, "privacy", outside.path()).await;
    let legal = officer(&mut config, "legal", outside.path()).await;
    let sign = |office: &str, key: &str, against: &Path| {
        format!("policy sign {} --as {office} --key {key} --against {}", second.display(), against.display())
    };
    let (exit, said) = plain(&sign("privacy", &privacy, &first)).await;
    assert!(exit == Exit::Success && said.contains("must_be_named"), "an officer sees what he signs: {said}");
    let said = starts(&config).await.unwrap_err();
    assert!(!said.contains("privacy officer") && said.contains("legal officer"), "one is not enough: {said}");
    // Signed with the other's key, or for another change.
    plain(&sign("legal", &privacy, &first)).await;
    assert!(starts(&config).await.is_err());
    plain(&sign("legal", &legal, &second)).await;
    assert!(starts(&config).await.is_err());
    plain(&sign("legal", &legal, &first)).await;
    starts(&config).await.unwrap();

    // Back to what opens less: nobody signs.
    config.policy.folder = Some(first);
    starts(&config).await.unwrap();
    config.policy.folder = Some(second.clone());
    starts(&config).await.expect("the change that was signed is this one");
    written(&second, |masks| wider(masks).replace("\"C12\", ", ""));
    assert!(starts(&config).await.is_err(), "a change after the signatures");
    config.hub.mode = Mode::Development;
    starts(&config).await.expect("a development hub says so and goes on");
    let (exit, said) = plain(&format!("audit verify --data {}", folder.display())).await;
    assert_eq!(exit, Exit::Success, "{said}");
}

#[tokio::test]
async fn s43_a_table_of_codes_that_raises_less_needs_the_signatures_too() {
    let city = City::at("2026-10-30T11:05:40+09:00").await;
    let outside = tempfile::tempdir().unwrap();
    let (first, second) = (outside.path().join("first"), outside.path().join("second"));
    let mut config = city.config.clone();
    config.hub.mode = Mode::Production;
    city.running.stop().await.unwrap();
    let codes = include_str!("../../policy/codes.toml");
    let fewer = codes.replacen("raises = [\"C08\"], label = \"EPDS\"", "raises = [], label = \"EPDS\"", 1);
    assert_ne!(codes, fewer);
    for (folder, codes) in [(&first, codes), (&second, fewer.as_str())] {
        written(folder, str::to_owned);
        std::fs::write(folder.join("codes.toml"), codes).unwrap();
    }
    config.policy.folder = Some(first.clone());
    starts(&config).await.unwrap();
    config.policy.folder = Some(second.clone());
    let said = starts(&config).await.unwrap_err();
    assert!(said.contains("71354-5: C08 -> none") && said.contains("legal officer"), "{said}");
    for office in ["privacy", "legal"] {
        let key = officer(&mut config, office, outside.path()).await;
        let (second, first) = (second.display(), first.display());
        let (exit, said) = plain(&format!("policy sign {second} --as {office} --key {key} --against {first}")).await;
        assert!(exit == Exit::Success && said.contains("71354-5"), "an officer sees what he signs: {said}");
    }
    starts(&config).await.unwrap();
    config.policy.folder = Some(first);
    starts(&config).await.expect("one that raises more opens nothing");
}

/// After an upgrade, for one: what the auditor asks for does not wait for the next start.
#[tokio::test]
async fn who_only_reads_is_answered_under_another_policy_and_records_none() {
    let city = City::after_the_permitted_discharge().await;
    let outside = tempfile::tempdir().unwrap();
    written(outside.path(), narrower);
    let mut config = city.config.clone();
    let data = config.data.folder.display().to_string();
    city.running.stop().await.unwrap();
    config.policy.folder = Some(outside.path().to_owned());
    starts(&config).await.unwrap();
    let verify = async || plain(&format!("audit verify --data {data}")).await.1;
    let before = verify().await;
    let person = format!("{} 00012345", sample::HOSPITAL);
    let (exit, said) = plain(&format!("audit statement --data {data} {person}")).await;
    assert!(exit == Exit::Success && said.contains(sample::CENTER), "{said}");
    assert_eq!(verify().await, before);
}

#[tokio::test]
async fn a_longer_schedule_in_the_folder_is_told_as_a_difference_and_opens_nothing() {
    let outside = tempfile::tempdir().unwrap();
    let (first, second) = (outside.path().join("first"), outside.path().join("second"));
    written(&first, str::to_owned);
    written(&second, str::to_owned);
    let schedule = include_str!("../../policy/retention.toml").replacen("years = 25", "years = 30", 1);
    std::fs::write(second.join("retention.toml"), schedule).unwrap();
    let (exit, said) = plain(&format!("policy diff {} {}", first.display(), second.display())).await;
    assert_eq!(exit, Exit::Refused, "{said}");
    assert!(said.contains("retention R1: ") && said.contains("1 differences, 0 of them may open"), "{said}");
    let (exit, said) = plain(&format!("policy check --from {}", second.display())).await;
    assert!(exit == Exit::Success && said.contains("retention ok: "), "{said}");
    std::fs::write(second.join("retention.toml"), "format = 1").unwrap();
    let (exit, said) = plain(&format!("policy check --from {}", second.display())).await;
    assert!(exit != Exit::Success && said.contains("retention.toml"), "{said}");
}
