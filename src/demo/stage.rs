//! The stage of the story: a hub, its clock, everybody's client, and an account of what came out.

use crate::agency_client::{AgencyClient, HttpError, HubAddress};
use crate::clock::{Clock, ManualClock, SystemClock};
use crate::config::Config;
use crate::edge::grpc::client::{PersonRef, RowAnswer, SubmitDocumentRequest, WorkItem};
use crate::edge::mllp_io::MllpError;
use crate::edge::tls::TlsError;
use crate::sample_city as city;
use crate::serve::{self, Running, StartError};
use crate::store::Log;
use musubi_core::time::Time;
use musubi_core::wire::agency_side::Delivered;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio_stream::StreamExt;

/// Why the story could not be played.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    /// The hub did not start or stop.
    #[error("the hub: {0}")]
    Hub(#[from] StartError),
    /// The sample city could not be made.
    #[error("the sample city: {0}")]
    City(#[from] city::SampleError),
    /// The hub refused the city's register.
    #[error("the register: {0}")]
    Register(#[from] crate::hub::Refusal),
    /// Certificates could not be used.
    #[error("certificates: {0}")]
    Tls(#[from] TlsError),
    /// A gRPC call failed that must not.
    #[error("a call was refused: {0}")]
    Call(Box<tonic::Status>),
    /// An HTTPS call failed.
    #[error("an HTTPS call failed: {0}")]
    Http(#[from] HttpError),
    /// An MLLP connection failed.
    #[error("an MLLP connection failed: {0}")]
    Mllp(#[from] MllpError),
    /// A file or the output failed.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The log could not be read.
    #[error("the log: {0}")]
    Store(#[from] crate::store::StoreError),
    /// The story itself is wrong.
    #[error("the story does not hold together: {0}")]
    Story(&'static str),
}

impl From<tonic::Status> for StageError {
    fn from(status: tonic::Status) -> Self {
        StageError::Call(Box::new(status))
    }
}

/// Everybody's connection.
pub(super) struct Agencies {
    pub hospital: AgencyClient,
    pub clinic: AgencyClient,
    pub health_center: AgencyClient,
    pub center: AgencyClient,
    pub guidance: AgencyClient,
    pub provider: AgencyClient,
}

/// The stage.
pub(super) struct Stage<'a> {
    pub config: Config,
    pub agencies: Agencies,
    pub clock: Arc<ManualClock>,
    running: Option<Running>,
    out: &'a mut dyn Write,
    right: u32,
    wrong: Vec<String>,
}

/// How often a check of something that happens by itself looks again, and how long.
const LOOK_EVERY: Duration = Duration::from_millis(20);
const LOOK_MAX: u32 = 500;

impl<'a> Stage<'a> {
    pub(super) async fn open(folder: &Path, out: &'a mut dyn Write) -> Result<Self, StageError> {
        crate::edge::tls::install_crypto();
        let mut config = Config::development(folder);
        for address in config.listen.every() {
            address.set_port(0);
        }
        let real: Arc<dyn Clock> = Arc::new(SystemClock);
        city::prepare(&config, real.now())?;
        let clock = Arc::new(ManualClock::at(Time::MIN));
        let running = serve::start(&config, clock.clone(), Arc::clone(&real)).await?;
        city::register(&running.hub).await?;
        let address = HubAddress {
            machines: running.addresses.https.to_string(),
            mllp: running.addresses.mllp.to_string(),
            server_name: "localhost".to_owned(),
        };
        let open =
            |agency: &str| AgencyClient::open(&city::client_files(&config, agency), address.clone(), Arc::clone(&real));
        let agencies = Agencies {
            hospital: open(city::HOSPITAL)?,
            clinic: open(city::CLINIC)?,
            health_center: open(city::HEALTH_CENTER)?,
            center: open(city::CENTER)?,
            guidance: open(city::GUIDANCE_CENTER)?,
            provider: open(city::PROVIDER)?,
        };
        writeln!(out, "結び Musubi: 汐音市の5週間 / five weeks in the city of Shione")?;
        writeln!(out, "hub: gRPC+HTTPS {}, MLLP/TLS {}", address.machines, address.mllp)?;
        Ok(Stage { config, agencies, clock, running: Some(running), out, right: 0, wrong: Vec::new() })
    }

    /// Moves to a row of the story.
    pub(super) fn row(&mut self, number: &str, at: &str, ja: &str, en: &str) -> Result<(), StageError> {
        self.at(at)?;
        let day = self.clock.now().japan();
        writeln!(
            self.out,
            "\n{number:>3}  {}月{}日 {:02}:{:02}  {ja}",
            day.month(),
            day.day(),
            day.hour(),
            day.minute()
        )?;
        writeln!(self.out, "     {en}")?;
        self.out.flush()?;
        Ok(())
    }

    /// Sets the hub's clock.
    pub(super) fn at(&mut self, at: &str) -> Result<(), StageError> {
        let time = Time::parse_rfc3339(&format!("{at}+09:00")).ok_or(StageError::Story("a time of the story"))?;
        self.clock.set(time);
        if let Some(running) = &self.running {
            running.hub.deliveries.notify_waiters();
        }
        Ok(())
    }

    /// Tells what was sent, answered or seen.
    pub(super) fn tell(&mut self, text: impl AsRef<str>) -> Result<(), StageError> {
        for line in text.as_ref().lines() {
            writeln!(self.out, "       {line}")?;
        }
        Ok(())
    }

    /// Checks one thing that must come out.
    pub(super) fn must(&mut self, holds: bool, what: &str) -> Result<(), StageError> {
        if holds {
            self.right += 1;
            writeln!(self.out, "     ✓ {what}")?;
        } else {
            self.wrong.push(what.to_owned());
            writeln!(self.out, "     ✗ {what}")?;
        }
        Ok(())
    }

    /// Sends one HL7 v2 message over a connection of its own.
    pub(super) async fn mllp(&mut self, who: &AgencyClient, message: &[u8]) -> Result<Ack, StageError> {
        let mut connection = who.mllp().await?;
        let answer = connection.send(message).await?;
        connection.close().await?;
        Ok(Ack(answer))
    }

    /// Checks a refusal: its code, a place, a reason.
    pub(super) fn refusal(&mut self, ack: &Ack, code: &str, place: &str, what: &str) -> Result<(), StageError> {
        let is_error = |line: &&str| line.starts_with("ERR") && line.split('|').nth(4) == Some("E");
        let error = ack.text().lines().find(is_error).unwrap_or_default().to_owned();
        self.tell(format!("MSA {} {}", ack.msa(1), error))?;
        let segment = place.split('-').next().unwrap_or(place);
        self.must(ack.msa(1) == code && error.contains(segment), &format!("{code}: {what}"))
    }

    /// Hands in a file.
    pub(super) async fn submit(
        &mut self,
        who: &AgencyClient,
        format: &str,
        content: &[u8],
    ) -> Result<Vec<RowAnswer>, StageError> {
        let request =
            SubmitDocumentRequest { format: format.to_owned(), content: content.to_vec(), file_name: String::new() };
        let answer = who.intake().submit_document(request).await?.into_inner();
        Ok(answer.rows)
    }

    /// Fetches what waits for the center, and acknowledges it.
    pub(super) async fn center_receives(&mut self) -> Result<Vec<Delivered>, StageError> {
        let mut deliveries = self.agencies.center.deliveries();
        let mut stream = deliveries.receive(crate::edge::grpc::client::ReceiveRequest::default()).await?.into_inner();
        let mut received = Vec::new();
        while let Some(delivered) = stream.next().await {
            received.push(delivered?);
        }
        let delivery_ids = received.iter().map(|delivered: &Delivered| delivered.id().to_owned()).collect();
        deliveries.acknowledge(crate::edge::grpc::client::AcknowledgeRequest { delivery_ids }).await?;
        Ok(received)
    }

    /// The open work items of an agency.
    pub(super) async fn work(&mut self, who: &AgencyClient, kind: &str) -> Result<Vec<WorkItem>, StageError> {
        let request = crate::edge::grpc::client::ListWorkRequest {
            staff_id: String::new(),
            state: "open".to_owned(),
            kind: kind.to_owned(),
        };
        let mut stream = who.work_items().list(request).await?.into_inner();
        let mut items = Vec::new();
        while let Some(item) = stream.next().await {
            items.push(item?);
        }
        Ok(items)
    }

    /// 大庭 confirms every suggestion that two are one.
    pub(super) async fn ooba_joins(&mut self) -> Result<usize, StageError> {
        let center = self.agencies.center.clone();
        let items = self.work(&center, "suggestion").await?;
        for item in &items {
            let request = crate::edge::grpc::client::AnswerWorkRequest {
                staff_id: "ooba".to_owned(),
                id: item.id.clone(),
                answer: "join".to_owned(),
                ..Default::default()
            };
            center.work_items().answer(request).await?;
        }
        Ok(items.len())
    }

    /// Waits until the center's folder holds so many rows, or gives up.
    pub(super) async fn folder_holds(&self, files: usize) -> Result<bool, StageError> {
        for _ in 0..LOOK_MAX {
            if self.folder_files().len() >= files {
                return Ok(true);
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(false)
    }

    /// What lies in the center's folder.
    pub(super) fn folder_files(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(city::center_folder(&self.config)).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|e| e == "csv")).collect()
    }

    /// The size of a log and the hash of one of its leaves, with every checkpoint written.
    pub(super) async fn leaf_of(&self, log: &Log, index: u64) -> Result<(u64, Vec<u8>), StageError> {
        let running = self.running.as_ref().ok_or(StageError::Story("the hub has stopped"))?;
        let logs = running.hub.store.logs().await?;
        let size = logs.iter().find(|(known, _)| known == log).map_or(0, |(_, size)| *size);
        let leaves = running.hub.store.leaf_hashes(log, size).await?;
        let index = usize::try_from(index).unwrap_or(usize::MAX);
        let leaf = leaves.get(index).ok_or(StageError::Story("a leaf of the log"))?;
        Ok((size, leaf.0.to_vec()))
    }

    /// Writes something for the reader to look at.
    pub(super) fn leave(&mut self, name: &str, content: &[u8]) -> Result<(), StageError> {
        let folder = self.config.data.folder.join("seen");
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join(name), content)?;
        self.tell(format!("→ {}", folder.join(name).display()))
    }

    /// The sums. `true` when nothing was wrong.
    pub(super) fn close(&mut self) -> Result<bool, StageError> {
        let (right, wrong) = (self.right, self.wrong.len());
        writeln!(self.out, "\n{right} passed, {wrong} failed")?;
        for what in &self.wrong {
            writeln!(self.out, "  ✗ {what}")?;
        }
        Ok(self.wrong.is_empty())
    }

    /// Stops the hub.
    pub(super) async fn stop(&mut self) -> Result<(), StageError> {
        match self.running.take() {
            Some(running) => Ok(running.stop().await?),
            None => Ok(()),
        }
    }

    /// Leaves the hub running until interrupted.
    pub(super) async fn keep(&mut self) -> Result<(), StageError> {
        if self.running.is_none() {
            return Err(StageError::Story("the hub has stopped"));
        }
        let Some(running) = &self.running else { return Ok(()) };
        let agencies = self.config.data.folder.join("agencies");
        writeln!(self.out, "\nThe hub goes on. Talk to it as an agency:")?;
        writeln!(
            self.out,
            "  musubi client --hub {} --mllp {} --agency {}/{} work list",
            running.addresses.https,
            running.addresses.mllp,
            agencies.display(),
            city::CENTER
        )?;
        writeln!(self.out, "  curl http://{}/readyz", running.addresses.health)?;
        if let Some(console) = running.addresses.console {
            writeln!(self.out, "\nThe window of the people who do the work / 画面: https://{console}/")?;
            writeln!(
                self.out,
                "  choose a sample person; the certificate is vouched for by {}",
                self.config.tls.client_ca.display()
            )?;
        }
        writeln!(self.out, "Ctrl-C ends it.")?;
        self.out.flush()?;
        tokio::signal::ctrl_c().await?;
        self.stop().await
    }
}

/// An HL7 v2 acknowledgement.
pub(super) struct Ack(pub Vec<u8>);

impl Ack {
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.0).replace('\r', "\n")
    }

    /// A field of the MSA segment, from 1.
    pub(super) fn msa(&self, field: usize) -> String {
        let text = self.text();
        let segment = text.lines().find(|line| line.starts_with("MSA")).unwrap_or_default();
        segment.split('|').nth(field).unwrap_or_default().to_owned()
    }

    pub(super) fn says(&self, word: &str) -> bool {
        self.text().contains(word)
    }
}

/// A person by issuer and identifier.
pub(super) fn person(issuer: &str, identifier: &str, role: &str) -> PersonRef {
    PersonRef {
        issuer: issuer.to_owned(),
        identifier: identifier.to_owned(),
        role: role.to_owned(),
        ..PersonRef::default()
    }
}

/// A person by name and birth date.
pub(super) fn by_name(name: &str, birth_date: &str) -> PersonRef {
    PersonRef { name: name.to_owned(), birth_date: birth_date.to_owned(), ..PersonRef::default() }
}

/// The codes of all diagnostics of a row.
pub(super) fn codes(row: &RowAnswer) -> Vec<String> {
    row.diagnostics.iter().map(|d| d.code.clone()).collect()
}

/// Words of a list.
pub(super) fn words(all: &[&str]) -> Vec<String> {
    all.iter().map(|word| (*word).to_owned()).collect()
}
