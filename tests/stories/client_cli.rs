//! `musubi client` as a clerk uses it: the built binary, with an agency's folder, against a hub that runs here.

use crate::agencies::whole;
use crate::city::City;
use crate::fetching::two_notices;
use musubi::ca;
use musubi::edge::grpc::client::ReceiveRequest;
use musubi::sample_city::{CENTER, CITY, GUIDANCE_CENTER, HOSPITAL};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const SAMPLES: &str = "adapters/hospital/hl7v2/samples";
/// The mother's number at the hospital.
const MOTHER: &str = "MED-4810700122#00012345";
/// The moment at which the hospital sends (line 5 of the story).
const SENT_AT: &str = "2026-10-30T11:06:00+09:00";

/// What one run of the binary gave.
struct Run {
    code: Option<i32>,
    out: String,
    err: String,
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Run { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }
}

impl Run {
    #[track_caller]
    fn well(self) -> Self {
        assert_eq!(self.code, Some(0), "{}{}", self.out, self.err);
        self
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap()
    }
}

/// The binary, as one agency of a city uses it.
impl City {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs the binary as this agency does, with the addresses in its folder.
    async fn client(&self, agency: &str, arguments: &[&str]) -> Run {
        let folder = self.path("agencies").join(agency);
        let addresses = self.running.addresses;
        let connection =
            format!("hub = \"{}\"\nmllp = \"{}\"\nserver_name = \"localhost\"\n", addresses.https, addresses.mllp);
        std::fs::write(folder.join("connection.toml"), connection).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_musubi"));
        command.args(["client", "--agency"]).arg(folder).args(arguments);
        command.current_dir(env!("CARGO_MANIFEST_DIR")).env_remove("MUSUBI_STAFF").env_remove("MUSUBI_AGENCY");
        tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap().into()
    }

    async fn permit_the_center(&self) -> Run {
        let permit = [
            "--staff",
            "ooba",
            "consent",
            "permit",
            "--person",
            MOTHER,
            "--to",
            CENTER,
            "--category",
            "C01",
            "--category",
            "C02",
            "--category",
            "C04",
            "--category",
            "C05",
            "--purpose",
            "P3",
            "--until",
            "2027-10-25",
            "--form",
            "SK-01",
            "--form-version",
            "3",
            "--witness",
            "fukatsu",
            "--scan-sha256",
            SCAN,
        ];
        self.client(CENTER, &permit).await
    }
}

/// SHA-256 of nothing: the scan of this story.
const SCAN: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

fn sample(name: &str) -> String {
    Path::new(SAMPLES).join(name).to_string_lossy().into_owned()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn a_discharge_sent_over_mllp_reaches_the_centers_folder_once_the_mother_permits_it() {
    let town = City::at(SENT_AT).await;
    let notice = sample("shione_a03_mother.hl7");
    let sent = town.client(HOSPITAL, &["submit", "--mllp", &notice]).await.well();
    assert!(
        sent.out.starts_with(&format!("{notice}\tmessage\tAA\t")) && sent.out.contains("\tmusubi:1:"),
        "{}",
        sent.out
    );
    assert!(sent.err.ends_with("1 taken, 0 refused\n"), "{}", sent.err);

    let inbox = town.path("inbox");
    let into = ["receive", "--out", inbox.to_str().unwrap()];
    assert_eq!(town.client(CENTER, &into).await.well().out, "", "nothing has a basis yet");

    let permitted = town.permit_the_center().await.well();
    assert_eq!(permitted.out.split('\t').nth(1), Some("active"), "{}", permitted.out);
    let received = town.client(CENTER, &into).await.well();
    let written = names(&inbox);
    assert!(written.iter().any(|name| name.ends_with(".notice-html.html")), "{written:?} {}", received.out);
    assert!(written.iter().all(|name| !name.ends_with(".part")), "{written:?}");
    let others_may = |path: &Path| ca::readable_by_others(path).unwrap();
    assert!(
        !others_may(&inbox) && written.iter().all(|name| !others_may(&inbox.join(name))),
        "its owner alone reads it"
    );
    assert_eq!(town.client(CENTER, &into).await.well().out, "", "what was acknowledged does not come again");

    let statement = town.client(CENTER, &["--staff", "hayakawa", "--json", "statement", MOTHER]).await.well().json();
    assert_eq!(statement.pointer("/0/recipient"), Some(&Value::from(CENTER)), "{statement}");
    town.running.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_was_cut_off_goes_on_behind_what_is_on_disk() {
    let town = two_notices().await;
    let stream = town.agency(CENTER).deliveries().receive(ReceiveRequest::default()).await.unwrap().into_inner();
    let cut_off = whole(stream).await.unwrap();
    let inbox = town.path("inbox");
    std::fs::create_dir(&inbox).unwrap();
    std::fs::write(inbox.join(".cursor"), format!("{} {}\n", cut_off[0].id(), cut_off[0].cursor())).unwrap();
    let into = ["receive", "--out", inbox.to_str().unwrap()];
    let received = town.client(CENTER, &into).await.well();
    assert!(received.out.contains(cut_off[1].id()) && !received.out.contains(cut_off[0].id()), "{}", received.out);
    town.clock.advance_minutes(60);
    assert_eq!(town.client(CENTER, &into).await.well().out, "", "the first was acknowledged too");
    std::fs::write(inbox.join(".cursor"), format!("{} not-a-cursor\n", cut_off[0].id())).unwrap();
    let refused = town.client(CENTER, &into).await.well();
    assert!(refused.err.contains("M615") && refused.out.is_empty(), "it goes on without: {}", refused.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_bytes_are_answered_alike_and_a_cut_message_is_refused_with_its_place() {
    let town = City::at(SENT_AT).await;
    let whole = sample("shione_a03_newborn.hl7");
    let cut = town.path("cut.hl7");
    let bytes = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(&whole)).unwrap();
    std::fs::write(&cut, &bytes[..bytes.len() / 3]).unwrap();
    let first = town.client(HOSPITAL, &["submit", "--mllp", &whole]).await.well();
    let again = town.client(HOSPITAL, &["submit", "--mllp", &whole]).await.well();
    assert_eq!(first.out, again.out);
    let refused = town.client(HOSPITAL, &["submit", "--mllp", cut.to_str().unwrap()]).await;
    assert_eq!(refused.code, Some(1), "{}", refused.out);
    assert!(refused.err.contains("ERR|") && refused.err.ends_with("0 taken, 1 refused\n"), "{}", refused.err);
    assert!(!refused.err.contains("榎本"), "no value in a diagnostic: {}", refused.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn work_is_listed_and_answered_by_a_member_of_staff_alone() {
    let town = City::at("2026-11-09T15:13:00+09:00").await;
    // The two-week check that the city pays for: item 10 of its questionnaire asks for a call the same day.
    let check = sample("shione_r01_two_week_check.hl7");
    town.client(HOSPITAL, &["submit", &check]).await.well();
    let listed = town.client(CENTER, &["--staff", "ooba", "--json", "work", "list"]).await.well().json();
    let items = listed.as_array().unwrap();
    assert!(!items.is_empty(), "{listed}");
    let id = items[0]["id"].as_str().unwrap();
    let machine = town.client(CENTER, &["work", "answer", id, "done"]).await;
    assert_eq!(machine.code, Some(1));
    assert!(machine.err.starts_with("error M802 staff_id "), "{}", machine.err);
    let answered = town.client(CENTER, &["--staff", "ooba", "work", "answer", id, "done"]).await.well();
    assert_eq!(answered.out.split('\t').nth(1), Some("answered"), "{}", answered.out);
    let left = town.client(CENTER, &["--staff", "ooba", "--json", "work", "list"]).await.well().json();
    assert_eq!(left.as_array().unwrap().len(), items.len() - 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn cases_without_a_live_ground_are_the_answer_of_an_empty_store() {
    let town = City::at(SENT_AT).await;
    let ask = |municipality: &'static str| {
        ["--staff", "w-0412", "--json", "cases", "--purpose", "P5", "--ground", "8-204", "--municipality", municipality]
    };
    let before = town.client(GUIDANCE_CENTER, &ask(CITY)).await.well();
    town.client(HOSPITAL, &["submit", &sample("shione_a03_newborn.hl7")]).await.well();
    let after = town.client(GUIDANCE_CENTER, &ask(CITY)).await.well();
    assert_eq!((before.out.as_str(), after.out.as_str()), ("[]\n", "[]\n"));
    let query = "adapters/child_guidance/cgc_xml/samples/row10_no_ground.xml";
    let answered = town.client(GUIDANCE_CENTER, &["cases", "--xml", query]).await.well();
    assert!(answered.out.contains("CaseQueryResponse") && !answered.out.contains("CaseHit"), "{}", answered.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_usage_ends_with_2_and_an_absent_hub_with_1() {
    let town = City::at(SENT_AT).await;
    let nobody = town.client(CENTER, &["--staff", "ooba", "statement", "榎本"]).await;
    assert_eq!((nobody.code, nobody.out.as_str()), (Some(2), ""));
    assert!(!nobody.err.contains("榎本"), "{}", nobody.err);
    // Port 1 of loopback: nobody listens there.
    let absent = town.client(CENTER, &["--hub", "127.0.0.1:1", "--server-name", "localhost", "work", "list"]).await;
    assert_eq!(absent.code, Some(1));
    assert!(absent.err.starts_with("error CL01 hub "), "{}", absent.err);
}
