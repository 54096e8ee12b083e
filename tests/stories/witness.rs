//! A witness outside: what it signs, what happens when it is away, and what it shows that nothing else does (S-35, S-36, S-38).

use crate::city::{City, MOTHER, NEWBORN};
use crate::serve_commands::plain;
use musubi::cli::Exit;
use musubi::config::{Config, Witness as Setting};
use musubi::edge::grpc::client::CheckpointRequest;
use musubi::sample_city as sample;
use musubi::store::{FaultKind, Log};
use musubi_core::audit::{Checkpoint, LogKey, SignedNote, WitnessVerifier, root};
use musubi_verify::exchange::{LogFolder, Paper};
use musubi_verify::home::{Answered, Home};
use musubi_verify::witness::{Contradiction, Head, Refused};
use musubi_verify::{Growth, WitnessKey};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const ORIGIN: &str = "musubi-development/482072";
/// 2026-10-30 in seconds since 1970, by the witness's own clock.
const SECONDS: u64 = 1_793_329_540;

/// 朝凪県, which bears witness: its folder, and the one that it shares with the hub.
struct Prefecture(TempDir);

impl Prefecture {
    fn new() -> Self {
        let prefecture = Prefecture(tempfile::tempdir().unwrap());
        std::fs::create_dir(prefecture.exchange()).unwrap();
        drop(Home::make(&prefecture.home(), "witness.asanagi.example/w1", &[9; 32]).unwrap());
        prefecture
    }

    fn home(&self) -> PathBuf {
        self.0.path().join("home")
    }

    fn exchange(&self) -> PathBuf {
        self.0.path().join("exchange")
    }

    fn key(&self) -> WitnessVerifier {
        Home::open(&self.home()).unwrap().key().verifier()
    }

    fn log(&self) -> LogFolder {
        LogFolder::of(&self.exchange(), ORIGIN)
    }

    /// As `[[audit.witness]]` says it.
    fn set(&self, config: &mut Config) {
        let (name, key) = ("朝凪県".to_owned(), self.key().to_string());
        config.audit.witness.push(Setting { name, key, folder: self.exchange() });
    }

    /// It runs, as by `musubi-verify witness sign`.
    fn runs(&self, city: &City) -> Vec<Answered> {
        let keys = [city.running.hub.keyring.signing.verifier()];
        Home::open(&self.home()).unwrap().answer(&self.exchange(), &keys, SECONDS).unwrap()
    }

    /// The hub writes its checkpoints and leaves them, the witness signs all of them, and the hub takes them up. Entries that it signed.
    async fn signs(&self, city: &City) -> u64 {
        exchange(city).await;
        for answered in self.runs(city) {
            answered.what.unwrap();
        }
        exchange(city).await;
        cosigned(city).await
    }
}

/// The notice about the newborn under another control id.
fn newborn_again() -> Vec<u8> {
    let text = String::from_utf8(NEWBORN.to_vec()).unwrap();
    let again = text.replacen("|P|2.5", "9|P|2.5", 1);
    assert_ne!(again, text);
    again.into_bytes()
}

/// What a minute of upkeep does.
async fn exchange(city: &City) {
    let hub = &city.running.hub;
    hub.store.checkpoint().await.unwrap();
    for witness in hub.witnesses() {
        hub.exchange_with(witness).await.unwrap();
    }
}

/// Entries of the city's log that the witness signed.
async fn cosigned(city: &City) -> u64 {
    let witnessed = city.running.hub.witnessed().await.unwrap();
    witnessed.iter().find(|one| one.log == sample::CITY).unwrap().cosigned
}

async fn entries(city: &City) -> u64 {
    let log = Log::parse(sample::CITY).unwrap();
    city.running.hub.store.logs().await.unwrap().into_iter().find(|(one, _)| *one == log).unwrap().1
}

async fn city_with(prefecture: &Prefecture) -> City {
    let city = City::with("2026-10-30T11:05:40+09:00", |config| prefecture.set(config)).await;
    assert!(city.send(sample::HOSPITAL, NEWBORN).await.contains("MSA|AA|"));
    city
}

#[tokio::test]
async fn s35_a_log_is_cosigned_over_a_folder_and_handed_out_with_what_the_witness_signed() {
    let prefecture = Prefecture::new();
    let city = city_with(&prefecture).await;
    let first = prefecture.signs(&city).await;
    assert!(
        first > 0 && prefecture.log().sizes(Paper::Proof).unwrap().is_empty(),
        "answered, and nothing more is asked"
    );
    assert!(city.send(sample::HOSPITAL, MOTHER).await.contains("MSA|AA|"));
    let second = prefecture.signs(&city).await;
    assert_eq!(second, entries(&city).await);
    assert!(second > first);
    assert_eq!(prefecture.log().sizes(Paper::Cosigned).unwrap(), [second], "the last is enough");

    // The hub's own log says that others were signed, and does not grow with every word about itself.
    prefecture.signs(&city).await;
    let before = city.running.hub.store.logs().await.unwrap();
    prefecture.signs(&city).await;
    assert_eq!(city.running.hub.store.logs().await.unwrap(), before);

    let request = CheckpointRequest { log: sample::CITY.to_owned(), witnessed: true };
    let note = city.hospital().client.audit().checkpoint(request).await.unwrap().into_inner().note;
    let note = SignedNote::parse(&note).unwrap();
    note.verify(&city.running.hub.keyring.signing.verifier()).unwrap();
    assert_eq!(prefecture.key().check(&note).unwrap().1, SECONDS);
    assert_eq!(Checkpoint::parse(&note.text).unwrap().size, second);
}

#[tokio::test]
async fn s35_cosignatures_are_checked_by_command_on_the_store_and_on_a_copy() {
    let prefecture = Prefecture::new();
    let city = city_with(&prefecture).await;
    let size = prefecture.signs(&city).await;
    let outside = tempfile::tempdir().unwrap();
    let (config, copy) = (outside.path().join("musubi.toml"), outside.path().join("copy"));
    std::fs::write(&config, city.config.effective()).unwrap();
    let at = |command: &str| format!("audit {command} --config {}", config.display());
    let (exit, said) = plain(&at("witnesses")).await;
    assert!(
        exit == Exit::Success && said.contains(&format!("482072 朝凪県 {size} of {size}, unwitnessed 0")),
        "{said}"
    );
    let (exit, said) = plain(&at("verify")).await;
    assert!(exit == Exit::Success && said.contains(&format!("cosigned {size} ")), "{said}");

    let (exit, text) = plain(&at("export 482072")).await;
    assert_eq!(exit, Exit::Success);
    let (text, key) = text.split_once("key: ").unwrap();
    std::fs::write(&copy, text).unwrap();
    let verify =
        |witness: &str| format!("audit verify --copy {} --key {} --witness {witness}", copy.display(), key.trim());
    let (exit, said) = plain(&verify(&prefecture.key().to_string())).await;
    assert!(exit == Exit::Success && said.contains(&format!("witness.asanagi.example/w1 cosigned {size} ")), "{said}");
    let other = WitnessKey::from_bytes("witness.asanagi.example/w1", &[8; 32]).unwrap().verifier();
    let (exit, said) = plain(&verify(&other.to_string())).await;
    assert!(exit == Exit::Refused && said.contains("cosigned nothing"), "{said}");
    let line = text.lines().find(|line| line.contains("witness.asanagi.example/w1")).unwrap();
    let (head, tail) = line.split_at(line.len() - 8);
    std::fs::write(&copy, text.replace(line, &format!("{head}AAAAAA{}", &tail[6..]))).unwrap();
    let (exit, said) = plain(&verify(&prefecture.key().to_string())).await;
    assert!(exit == Exit::Refused && said.contains("cosignature does not hold"), "{said}");
}

#[tokio::test]
async fn s36_a_witness_that_is_away_stops_nothing_and_is_one_question_until_it_is_back() {
    let prefecture = Prefecture::new();
    let city = city_with(&prefecture).await;
    prefecture.signs(&city).await;
    let away = prefecture.0.path().join("away");
    std::fs::rename(prefecture.exchange(), &away).unwrap();
    let before = entries(&city).await;
    assert!(city.send(sample::HOSPITAL, MOTHER).await.contains("MSA|AA|"), "taken as ever");
    let hub = &city.running.hub;
    hub.store.checkpoint().await.unwrap();
    assert!(hub.exchange_with(&hub.witnesses()[0]).await.unwrap_err().to_string().contains("M860"));
    let tail = hub.witnessed().await.unwrap().into_iter().find(|one| one.log == sample::CITY).unwrap().tail();
    assert_eq!(tail, entries(&city).await - before, "the unwitnessed tail is shown");
    for (minutes, asked) in [(0, 0), (24 * 60 - 1, 0), (1, 1), (600, 1)] {
        city.clock.advance_minutes(minutes);
        hub.look_after_witnesses().await.unwrap();
        assert_eq!(city.center().work("witness_silent").await.len(), asked, "after {minutes} minutes more");
    }
    let item = &city.center().work("witness_silent").await[0];
    assert!(item.text_ja.contains("「朝凪県」") && item.text_en.contains("朝凪県") && item.about == "朝凪県");
    std::fs::rename(away, prefecture.exchange()).unwrap();
    prefecture.signs(&city).await;
    hub.look_after_witnesses().await.unwrap();
    assert!(city.center().work("witness_silent").await.is_empty());
    assert_eq!(
        hub.witnessed().await.unwrap().into_iter().map(|one| one.tail()).sum::<u64>(),
        1,
        "the line of the hub's own log about it"
    );
}

#[tokio::test]
async fn s35_a_refusal_is_told_once_with_both_roots_and_that_of_an_old_medium_is_not() {
    let prefecture = Prefecture::new();
    let city = city_with(&prefecture).await;
    let first = prefecture.signs(&city).await;
    assert!(city.send(sample::HOSPITAL, MOTHER).await.contains("MSA|AA|"));
    let second = prefecture.signs(&city).await;
    let log = Log::parse(sample::CITY).unwrap();
    let mut heads = Vec::new();
    for size in [first, second] {
        let row = city.running.hub.store.checkpoint_of(&log, size).await.unwrap().unwrap();
        heads.push(Head { size, root: row.root });
    }
    let refusal = async |offered: Head, size: u64| {
        let two = Contradiction { cosigned: heads[1], offered };
        let left = Refused { word: "rollback".to_owned(), origin: ORIGIN.to_owned(), two };
        prefecture.log().put(Paper::Refused, size, &left.to_string()).unwrap();
        exchange(&city).await;
        city.center().work("witness_contradicts").await
    };
    assert!(refusal(heads[0], first).await.is_empty(), "the log has both heads: an old medium came again");
    let other = Head { size: first, root: [9; 32] };
    let told = refusal(other, second + 1).await;
    assert_eq!(told.len(), 1);
    for head in [other, heads[0]] {
        assert!(told[0].text_ja.contains(&head.to_string()) && told[0].text_en.contains(&head.to_string()), "{told:?}");
    }
    let again = refusal(Head { size: first, root: [8; 32] }, second + 2).await;
    assert_eq!(again.len(), 1, "a word that nobody signed is told once");
}

/// All files of a folder and below, as readable as they were.
fn copied(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    std::fs::set_permissions(to, std::fs::metadata(from).unwrap().permissions()).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let (path, name) = entry.map(|entry| (entry.path(), entry.file_name())).unwrap();
        if path.is_dir() {
            copied(&path, &to.join(name));
        } else {
            std::fs::copy(path, to.join(name)).unwrap();
        }
    }
}

/// Of yesterday's data folder put back as a whole: the city today, and what lay there yesterday.
struct RolledBack {
    prefecture: Prefecture,
    folder: TempDir,
    config: Config,
    clock: std::sync::Arc<musubi::clock::ManualClock>,
    /// Entries when it was copied, and when the witness signed last.
    sizes: (u64, u64),
}

async fn rolled_back() -> RolledBack {
    let prefecture = Prefecture::new();
    let city = city_with(&prefecture).await;
    let yesterday = prefecture.signs(&city).await;
    let City { folder, config, clock, running, .. } = city;
    running.stop().await.unwrap();
    let kept = tempfile::tempdir().unwrap();
    copied(folder.path(), kept.path());
    let city = City::over(folder, config, clock).await;
    assert!(city.send(sample::HOSPITAL, MOTHER).await.contains("MSA|AA|"));
    let today = prefecture.signs(&city).await;
    assert!(today > yesterday);
    let City { folder, config, clock, running, .. } = city;
    running.stop().await.unwrap();
    std::fs::remove_dir_all(folder.path()).unwrap();
    copied(kept.path(), folder.path());
    RolledBack { prefecture, folder, config, clock, sizes: (yesterday, today) }
}

#[tokio::test]
async fn s38_a_rollback_of_the_whole_folder_is_not_seen_without_a_witness() {
    let RolledBack { folder, mut config, clock, .. } = rolled_back().await;
    config.audit.witness.clear();
    let city = City::over(folder, config, clock).await;
    assert!(city.running.hub.store.fault().is_none() && city.running.verify_logs().await.unwrap());
    assert!(city.send(sample::HOSPITAL, MOTHER).await.contains("MSA|AA|"), "nothing tells of what is gone");
}

#[tokio::test]
async fn s38_a_rollback_of_the_whole_folder_closes_the_hub_that_has_a_witness() {
    let RolledBack { folder, config, clock, sizes: (yesterday, _), prefecture } = rolled_back().await;
    let city = City::over(folder, config, clock).await;
    let fault = city.running.hub.store.fault().cloned().unwrap();
    assert_eq!((fault.log.name(), fault.kind, fault.index), (sample::CITY, FaultKind::RolledBack, yesterday));
    assert!(!city.send(sample::HOSPITAL, MOTHER).await.contains("MSA|AA|"), "closed for changes");
    assert_eq!(entries(&city).await, yesterday);
    let offered = prefecture.log().sizes(Paper::Proof).unwrap();
    assert!(offered.is_empty(), "a log that is not what was signed is offered to nobody");
}

#[tokio::test]
async fn s38_a_rollback_behind_a_folder_that_is_away_closes_the_hub_as_soon_as_it_is_back() {
    let RolledBack { folder, config, clock, sizes: (_, today), prefecture } = rolled_back().await;
    let away = prefecture.0.path().join("away");
    std::fs::rename(prefecture.exchange(), &away).unwrap();
    let city = City::over(folder, config, clock).await;
    city.mother_permits().await;
    assert!(city.running.hub.store.fault().is_none(), "a folder that is away closes nothing (S-36)");
    assert!(city.send(sample::HOSPITAL, MOTHER).await.contains("MSA|AA|"));
    std::fs::rename(away, prefecture.exchange()).unwrap();
    let theirs = SignedNote::parse(&prefecture.log().read(Paper::Cosigned, today).unwrap()).unwrap();
    let theirs = Checkpoint::parse(&theirs.text).unwrap();
    city.running.hub.store.checkpoint().await.unwrap();
    for witness in city.running.hub.witnesses() {
        for _ in 0..2 {
            city.running.hub.exchange_with(witness).await.unwrap();
        }
    }
    let told = city.center().work("witness_contradicts").await;
    let of_city: Vec<_> = told.iter().filter(|item| item.about == ORIGIN).collect();
    assert_eq!(of_city.len(), 1, "told once: {told:?}");
    let leaves = city.running.hub.store.leaf_hashes(&Log::parse(sample::CITY).unwrap(), today).await.unwrap();
    let ours = Head { size: leaves.len() as u64, root: root(&leaves) };
    let said = format!("{} {}", of_city[0].text_ja, of_city[0].text_en);
    for head in [Head::from(&theirs), ours] {
        assert_eq!(said.matches(&head.to_string()).count(), 2, "{head} in both languages: {said}");
    }
    // The hub is closed at once: it takes nothing, and releases nothing of what waits.
    let fault = city.running.hub.store.fault().cloned().unwrap();
    assert_eq!((fault.log.name(), fault.kind), (sample::CITY, FaultKind::Forked));
    let before = entries(&city).await;
    let answer = city.send(sample::HOSPITAL, &newborn_again()).await;
    assert!(answer.contains("MSA|AR|") && answer.contains("|207^") && answer.contains("M903"), "{answer}");
    assert!(city.center().looks_into_its_box().await.0.is_empty());
    assert_eq!(entries(&city).await, before);
    // The witness does not sign it, whatever the hub says.
    let refused: Vec<bool> = prefecture.runs(&city).into_iter().map(|answered| answered.what.is_err()).collect();
    assert!(refused.iter().any(|refused| *refused));
    // And it stays closed at the next start, also when the folder is gone by then.
    std::fs::rename(prefecture.exchange(), prefecture.0.path().join("gone")).unwrap();
    let city = city.restarted().await;
    let fault = city.running.hub.store.fault().cloned().unwrap();
    assert_eq!((fault.log.name(), fault.kind), (sample::CITY, FaultKind::Forked));
    assert_eq!(entries(&city).await, before, "nothing was added by the stop or the start");
}

#[tokio::test]
async fn s38_what_a_witness_signed_of_a_log_that_this_hub_never_signed_closes_nothing() {
    let prefecture = Prefecture::new();
    let city = city_with(&prefecture).await;
    let size = prefecture.signs(&city).await;
    // Of the same name and size, under the key of somebody else.
    let other = LogKey::from_bytes("musubi-development", &[3; 32]);
    let said = Checkpoint { origin: ORIGIN.to_owned(), size: size + 9, root: [9; 32], extensions: Vec::new() };
    let elsewhere = tempfile::tempdir().unwrap();
    let question = Growth::first(said.sign(&other)).to_string();
    LogFolder::of(elsewhere.path(), ORIGIN).put(Paper::Proof, size + 9, &question).unwrap();
    let home = Home::make(&elsewhere.path().join("home"), "witness.asanagi.example/w1", &[9; 32]).unwrap();
    home.answer(elsewhere.path(), &[other.verifier()], SECONDS).unwrap();
    let signed = LogFolder::of(elsewhere.path(), ORIGIN).read(Paper::Cosigned, size + 9).unwrap();
    prefecture.log().put(Paper::Cosigned, size + 9, &signed).unwrap();
    exchange(&city).await;
    assert_eq!(city.center().work("witness_contradicts").await.len(), 1, "it is told");
    assert!(city.running.hub.store.fault().is_none());
    assert!(city.send(sample::HOSPITAL, MOTHER).await.contains("MSA|AA|"), "no witness closes a hub by its word alone");
}

#[tokio::test]
async fn s38_a_restore_is_owned_up_to_and_the_witness_begins_again_when_a_person_there_says_so() {
    let prefecture = Prefecture::new();
    let city = city_with(&prefecture).await;
    let (data, outside) = (city.folder.path().to_owned(), tempfile::tempdir().unwrap());
    let path = |name: &str| outside.path().join(name).display().to_string();
    let config = path("musubi.toml");
    std::fs::write(&config, city.config.effective()).unwrap();
    let (exit, said) = plain(&format!("store key --to {}", path("key"))).await;
    assert_eq!(exit, Exit::Success, "{said}");
    let public = said.lines().find(|line| line.starts_with("musubi-recipient-")).unwrap().to_owned();
    for order in ["add --by abe --name safe", "approve --by baba"] {
        plain(&format!("store recipients {order} {public} --data {}", data.display())).await;
    }
    let before = prefecture.signs(&city).await;
    let (exit, said) = plain(&format!("store backup --to {} --config {config}", path("backup"))).await;
    assert_eq!(exit, Exit::Success, "{said}");
    assert!(city.send(sample::HOSPITAL, MOTHER).await.contains("MSA|AA|"));
    let after = prefecture.signs(&city).await;
    let City { folder, config: settings, clock, running, .. } = city;
    running.stop().await.unwrap();
    let restore = format!("store restore --from {} --key {} --replace --config {config}", path("backup"), path("key"));
    let (_, said) = plain(&restore).await;
    assert!(said.contains(&format!("given up 482072 {after} ")) && said.contains("朝凪県 signed it"), "{said}");

    let city = City::over(folder, settings, clock).await;
    assert!(city.running.hub.store.fault().is_none(), "a restore that was declared closes nothing");
    let told = city.center().work("log_restored").await;
    assert!(told.iter().any(|item| item.about == ORIGIN && item.text_ja.contains("復元")), "{told:?}");
    assert!(city.send(sample::HOSPITAL, MOTHER).await.contains("MSA|AA|"));
    exchange(&city).await;
    assert!(
        prefecture.runs(&city).iter().any(|answered| answered.what.is_err()),
        "the witness does not go back by itself"
    );
    exchange(&city).await;
    assert!(city.center().work("witness_contradicts").await.is_empty(), "it was told already");

    let earlier = SignedNote::parse(&prefecture.log().read(Paper::Cosigned, before).unwrap()).unwrap();
    let hub_log = LogFolder::of(&prefecture.exchange(), "musubi-development/hub");
    let of_hub = hub_log.sizes(Paper::Cosigned).unwrap()[0];
    let of_hub = SignedNote::parse(&hub_log.read(Paper::Cosigned, of_hub).unwrap()).unwrap();
    let home = Home::open(&prefecture.home()).unwrap();
    home.restart(ORIGIN, Some(&earlier)).unwrap();
    home.restart("musubi-development/hub", Some(&of_hub)).unwrap();
    drop(home);
    assert_eq!(prefecture.signs(&city).await, entries(&city).await);
    let city = city.restarted().await;
    assert!(city.running.hub.store.fault().is_none());
}
