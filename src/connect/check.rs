//! A test of both sides, step by step, that says which of them is wrong: the old system's, the connector's, the line, or the
//! hub's.

use super::{Counts, Spool};
use crate::agency_client::{AgencyClient, HttpError, HubAddress};
use crate::clock::Clock;
use crate::edge::mllp_io::MllpError;
use crate::edge::tls::{ClientFiles, ConnectError};
use musubi_core::adapter::Text;
use musubi_core::time::Time;
use musubi_verify::whole::{self, Readers};
use std::fmt::Display;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use tokio::net::TcpListener;

/// Who has to mend it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// This machine.
    Here,
    /// Between the two: name, route, firewall.
    Line,
    /// The hub, or its operator.
    Hub,
}

impl Side {
    /// As it is printed.
    pub fn words(self) -> Text {
        match self {
            Side::Here => Text::new("こちら側", "this side"),
            Side::Line => Text::new("回線", "the line"),
            Side::Hub => Text::new("ハブ側", "the hub's side"),
        }
    }
}

/// One step of the test.
#[derive(Debug)]
pub struct Step {
    /// What was tried.
    pub what: Text,
    /// What came out: nothing when it is well, else who mends it and what was found.
    pub wrong: Option<(Side, String)>,
}

fn step(ja: &'static str, en: &'static str, outcome: Result<(), (Side, String)>) -> Step {
    Step { what: Text::new(ja, en), wrong: outcome.err() }
}

fn here(error: impl Display) -> (Side, String) {
    (Side::Here, error.to_string())
}

/// Tries each step in order. What rests on a step that failed is not tried.
pub async fn check(
    files: &ClientFiles,
    address: &HubAddress,
    spool: &Path,
    listen: Option<SocketAddr>,
    clock: Arc<dyn Clock>,
) -> Vec<Step> {
    let mut steps = vec![step("保管先に書き込める", "The spool can be written", spooled(spool))];
    if let Some(listen) = listen {
        steps.push(step("電文の受け口を開ける", "The local port can be opened", listening(listen).await));
    }
    let now = clock.now();
    let client = AgencyClient::open(files, address.clone(), clock);
    let opened = client.as_ref().map(|_| ()).map_err(here);
    steps.push(step("証明書と秘密鍵を読める", "The certificate and its key can be used", opened));
    let Ok(client) = client else { return steps };
    let in_time = in_time(&files.certificate, now);
    let is_in_time = in_time.is_ok();
    steps.push(step("証明書の期限が切れていない", "The certificate has not expired", in_time));
    if !is_in_time {
        return steps;
    }
    let answered = asked(&client).await;
    let reached = answered.is_ok();
    steps.push(step("ハブが機関として受け付ける(HTTPS)", "The hub takes us for the agency (HTTPS)", answered));
    if reached && !address.mllp.is_empty() {
        let open = match client.mllp().await {
            Ok(connection) => connection.close().await.map_err(|error| (Side::Line, error.to_string())),
            Err(MllpError::Connect(error)) => Err(connecting(&error)),
            Err(error) => Err((Side::Hub, error.to_string())),
        };
        steps.push(step("ハブの電文の受け口につながる(MLLP)", "The hub's MLLP port answers", open));
    }
    steps
}

/// Tries what files are taken from: each is read, and one of a folder is moved.
pub fn sources(folder: Option<&Path>, tree: Option<&Path>) -> Vec<Step> {
    let folder = folder.map(|folder| {
        step(
            "フォルダのファイルを sent/ に移せる",
            "A file of the folder can be moved to sent/",
            moved(folder).map_err(here),
        )
    });
    let tree = tree.map(|root| {
        let read = std::fs::read_dir(root).map(drop).map_err(here);
        step("SS-MIX2標準化ストレージを読める", "The SS-MIX2 storage can be read", read)
    });
    folder.into_iter().chain(tree).collect()
}

fn moved(folder: &Path) -> std::io::Result<()> {
    // Hidden, so that a connector that runs leaves it alone.
    let (probe, sent) = (folder.join(".probe"), folder.join(super::files::SENT));
    std::fs::create_dir_all(&sent)?;
    std::fs::write(&probe, b"")?;
    std::fs::rename(&probe, sent.join(".probe"))?;
    std::fs::remove_file(sent.join(".probe"))
}

fn spooled(folder: &Path) -> Result<(), (Side, String)> {
    // The connector may be at work on it.
    Spool::make(folder).map_err(here)?;
    let probe = folder.join(".probe");
    whole::put(&probe, b"", Readers::Owner).and_then(|()| std::fs::remove_file(&probe)).map_err(here)?;
    match Counts::of(folder).map_err(here)?.refused {
        0 => Ok(()),
        refused => Err((
            Side::Here,
            format!(
                "{refused} were refused by the hub and wait for a person in refused/ / ハブが受け取らなかった{refused}件が refused/ にあります"
            ),
        )),
    }
}

/// The hub would only close the connection: whose certificate it is, is known here.
fn in_time(certificate: &Path, now: Time) -> Result<(), (Side, String)> {
    let pem = std::fs::read(certificate).map_err(here)?;
    let (_, block) = x509_parser::pem::parse_x509_pem(&pem).map_err(here)?;
    let end = block.parse_x509().map_err(here)?.validity().not_after.timestamp();
    if end.saturating_mul(1_000_000) >= now.micros() {
        return Ok(());
    }
    Err((
        Side::Here,
        "expired: make a new request with `musubi connect request` / 期限切れです。`musubi connect request` で要求を作り直してください"
            .to_owned(),
    ))
}

/// A port that is taken may be that of the connector that runs.
async fn listening(address: SocketAddr) -> Result<(), (Side, String)> {
    match TcpListener::bind(address).await {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => Ok(()),
        Err(error) => Err(here(error)),
    }
}

/// Asks the hub what it serves: an answer says that it knows the certificate, and its agency.
async fn asked(client: &AgencyClient) -> Result<(), (Side, String)> {
    let request = hyper::Request::get("/fhir/R4/metadata").body(Vec::new()).map_err(here)?;
    match client.call(request).await {
        Ok(answer) if answer.status == 200 => Ok(()),
        Ok(answer) if answer.status == 403 => Err((
            Side::Hub,
            "the agency is not registered, or suspended / 機関が未登録か停止中です。ハブの運用者に確認してください"
                .to_owned(),
        )),
        Ok(answer) => Err((Side::Hub, format!("HTTP {}", answer.status))),
        Err(HttpError::Connect(error)) => Err(connecting(&error)),
        // With TLS 1.3 a server refuses a certificate after the handshake: the first answer is then an alert.
        Err(error @ HttpError::Broken(_)) => Err((Side::Hub, refused_certificate(&error))),
        Err(error) => Err(here(error)),
    }
}

fn refused_certificate(error: &dyn Display) -> String {
    format!(
        "the hub closed the connection: it may not accept our certificate (expired, revoked, other authority): {error} / ハブが切断しました。証明書の期限・失効・認証局を確認してください"
    )
}

fn connecting(error: &ConnectError) -> (Side, String) {
    let side = match error {
        ConnectError::Unreachable(_) | ConnectError::TooSlow => Side::Line,
        // Its certificate is not that of our hub, or it does not accept ours.
        ConnectError::Handshake(_) => Side::Hub,
    };
    (side, error.to_string())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;

    #[test]
    fn a_folder_or_a_storage_that_cannot_be_used_is_this_sides_to_mend() {
        let folder = tempfile::tempdir().unwrap();
        let wrong = |folder: Option<&Path>, tree: Option<&Path>| {
            let steps = sources(folder, tree).into_iter();
            steps.map(|step| step.wrong.map(|(side, _)| side)).collect::<Vec<_>>()
        };
        assert_eq!(wrong(None, None), []);
        assert_eq!(wrong(Some(folder.path()), Some(folder.path())), [None, None]);
        assert_eq!(std::fs::read_dir(folder.path().join("sent")).unwrap().count(), 0, "nothing is left behind");
        let none = folder.path().join("none");
        assert_eq!(wrong(None, Some(&none)), [Some(Side::Here)]);
        std::fs::write(&none, "a file, no folder").unwrap();
        assert_eq!(wrong(Some(&none), None), [Some(Side::Here)]);
    }
}
