//! A load generator: agencies that push notices over MLLP/TLS and gRPC into a hub that runs, beside the bare group commit of the
//! same bytes on the same store. Both take turns in one run, so that the ratio holds on a machine that does other work.

mod figure;
mod notice;
pub mod outbound;
mod round;
pub mod scale;

pub use figure::{figure, median};
pub use notice::{draft, message};
pub use round::Round;

use crate::agency_client::AgencyClient;
use crate::clock::Clock;
use crate::entropy;
use crate::store::{Bare, Location, StoreError};
use musubi_core::agency::AgencyId;
use musubi_core::time::Time;
use musubi_core::wire::Answer;
use musubi_core::wire::agency_side::Draft;
use std::sync::Arc;

/// Least ratio of acknowledgements to bare commits.
const GOAL_RATIO: f64 = 0.6;

/// How notices are pushed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// HL7 v2 over MLLP and TLS, a connection for each sender.
    Mllp,
    /// `Intake.Submit` over gRPC, a stream for each sender on one connection for 32 of them.
    Grpc,
}

impl Edge {
    /// Both.
    pub const ALL: [Edge; 2] = [Edge::Mllp, Edge::Grpc];
    /// Senders that share a gRPC connection.
    const SHARED: usize = 32;

    /// As figures name it.
    pub fn word(self) -> &'static str {
        match self {
            Edge::Mllp => "mllp",
            Edge::Grpc => "grpc",
        }
    }
}

/// How much is pushed.
#[derive(Clone, Debug)]
pub struct Load {
    /// Senders at once; one measurement for each.
    pub senders: Vec<usize>,
    /// Notices of a round for each sender.
    pub each: usize,
    /// Rounds: the median of them is given. One more before them warms up.
    pub rounds: usize,
}

/// Why no load could be measured.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The bare table failed.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// The hub was not reached, or did not take a notice.
    #[error("a notice was not taken: {0} / 通知が受領されませんでした")]
    NotTaken(String),
}

impl LoadError {
    fn not_taken(said: impl ToString) -> Self {
        LoadError::NotTaken(said.to_string())
    }
}

/// What is measured, and who pushes.
pub struct Generator {
    /// Opens connections to the hub; gRPC needs one for some senders each.
    pub hospital: Box<dyn Fn() -> Result<AgencyClient, LoadError> + Send + Sync>,
    /// Whose notices they are.
    pub agency: AgencyId,
    /// Where the hub keeps its records.
    pub location: Location,
    /// When they are sent.
    pub clock: Arc<dyn Clock>,
}

/// Rounds that took turns, of the same notices.
pub struct Turn<T> {
    /// The hub's.
    pub hub: Round,
    /// The bare commits of the same bytes.
    pub commits: Round,
    /// Of whatever else took them.
    pub other: T,
}

/// One sender of a round.
enum Sender {
    Mllp(Box<crate::edge::mllp_io::MllpClient<tokio_rustls::client::TlsStream<tokio::net::TcpStream>>>),
    Grpc(crate::edge::grpc::client::intake_client::IntakeClient<tonic::transport::Channel>),
}

/// What it sends, made before the time is taken.
type Share = Vec<Option<Notice>>;

enum Notice {
    Mllp(Vec<u8>),
    Grpc(Box<Draft>),
}

impl Notice {
    fn bytes(&self) -> Vec<u8> {
        match self {
            Notice::Mllp(bytes) => bytes.clone(),
            Notice::Grpc(draft) => draft.write(),
        }
    }
}

impl Generator {
    /// Measures one edge with each number of senders; returns the figures as lines.
    ///
    /// # Errors
    /// When the hub or its store cannot be used, or a notice is not taken.
    pub async fn measure(&self, edge: Edge, load: &Load) -> Result<Vec<String>, LoadError> {
        let (bare, nothing_else) = (Bare::open(&self.location).await?, async |_: &[Vec<Vec<u8>>]| ());
        let mut lines = Vec::new();
        for senders in load.senders.iter().copied() {
            let turns = self.turns(&bare, (edge, senders), load, nothing_else).await?;
            lines.extend(report(edge, senders, &turns));
        }
        bare.close().await;
        Ok(lines)
    }

    /// So many rounds of an edge, each a turn with the bare commit of the same bytes and with something else that takes them.
    ///
    /// # Errors
    /// As of [`measure`](Self::measure).
    pub async fn turns<T>(
        &self,
        bare: &Bare,
        (edge, senders): (Edge, usize),
        load: &Load,
        other: impl AsyncFn(&[Vec<Vec<u8>>]) -> T,
    ) -> Result<Vec<Turn<T>>, LoadError> {
        let (mut turns, mut number) = (Vec::new(), first_number());
        for round in 0..=load.rounds {
            let shares = self.shares(edge, senders, load.each, &mut number)?;
            let bodies: Vec<Vec<Vec<u8>>> = shares.iter().map(bytes_of).collect();
            let other = other(&bodies).await;
            let commits = commit(bare, bodies, load.each).await?;
            let hub = self.push(edge, shares, load.each).await?;
            if round > 0 {
                turns.push(Turn { hub, commits, other });
            }
        }
        Ok(turns)
    }

    fn shares(&self, edge: Edge, senders: usize, each: usize, number: &mut u64) -> Result<Vec<Share>, LoadError> {
        let now = self.clock.now();
        let mut next = || {
            *number += 1;
            self.notice(edge, *number, now).map(Some)
        };
        (0..senders).map(|_| (0..each).map(|_| next()).collect()).collect()
    }

    fn notice(&self, edge: Edge, number: u64, now: Time) -> Result<Notice, LoadError> {
        let unreadable = || LoadError::not_taken("the sample is no submission");
        Ok(match edge {
            Edge::Mllp => Notice::Mllp(message(number, now)),
            Edge::Grpc => Notice::Grpc(Box::new(draft(number, &self.agency, now).ok_or_else(unreadable)?)),
        })
    }

    /// Each sender sends one notice after another and waits for the answer.
    async fn push(&self, edge: Edge, shares: Vec<Share>, each: usize) -> Result<Round, LoadError> {
        let mut callers = Vec::new();
        let mut hospital = (self.hospital)()?;
        for (place, share) in shares.into_iter().enumerate() {
            let sender = match edge {
                Edge::Mllp => Sender::Mllp(Box::new(hospital.mllp().await.map_err(LoadError::not_taken)?)),
                Edge::Grpc => {
                    if place > 0 && place % Edge::SHARED == 0 {
                        hospital = (self.hospital)()?;
                    }
                    Sender::Grpc(hospital.intake())
                }
            };
            callers.push((sender, share));
        }
        let one = async |(mut sender, mut share): (Sender, Share), turn: usize| {
            if let Some(notice) = share.get_mut(turn).and_then(Option::take) {
                send(&mut sender, notice).await?;
            }
            Ok((sender, share))
        };
        Round::of(callers, each, one).await
    }
}

async fn send(sender: &mut Sender, notice: Notice) -> Result<(), LoadError> {
    match (sender, notice) {
        (Sender::Mllp(connection), Notice::Mllp(bytes)) => {
            let answer = connection.send(&bytes).await.map_err(LoadError::not_taken)?;
            let taken = answer.windows(7).any(|window| window == b"MSA|AA|");
            if taken { Ok(()) } else { Err(LoadError::not_taken(String::from_utf8_lossy(&answer))) }
        }
        (Sender::Grpc(intake), Notice::Grpc(draft)) => {
            intake.submit(*draft).await.map(drop).map_err(LoadError::not_taken)
        }
        _ => Ok(()),
    }
}

async fn commit(bare: &Bare, bodies: Vec<Vec<Vec<u8>>>, each: usize) -> Result<Round, LoadError> {
    let callers: Vec<_> = bodies.into_iter().map(|share| (bare.clone(), share)).collect();
    let one = async |(bare, mut share): (Bare, Vec<Vec<u8>>), _: usize| {
        if let Some(body) = share.pop() {
            bare.commit(body).await?;
        }
        Ok((bare, share))
    };
    Round::of(callers, each, one).await
}

fn bytes_of(share: &Share) -> Vec<Vec<u8>> {
    share.iter().flatten().map(Notice::bytes).collect()
}

/// Notices of another run are about other persons, so their numbers begin elsewhere.
fn first_number() -> u64 {
    let [a, b, c, d] = entropy::bytes();
    u64::from(u32::from_be_bytes([a, b, c, d]))
}

fn report(edge: Edge, senders: usize, turns: &[Turn<()>]) -> [String; 6] {
    let of = |value: &dyn Fn(&Turn<()>) -> f64| median(turns.iter().map(value).collect());
    let ratio = of(&|turn| turn.hub.rate / turn.commits.rate);
    let name = |what: &str| format!("{}_{what}_{senders}", edge.word());
    let goal = if ratio >= GOAL_RATIO { "goal at least 0.6: met" } else { "goal at least 0.6: MISSED" };
    let same = format!("{senders} senders of notices about persons not known before");
    let bare = format!("{senders} callers of one writer on the same store, one row of the same bytes each");
    [
        figure(&name("acknowledgements"), of(&|turn| turn.hub.rate), "notices/s", &same),
        figure(&name("acknowledgement_p50"), of(&|turn| turn.hub.percentile(50)), "ms", &same),
        figure(&name("acknowledgement_p99"), of(&|turn| turn.hub.percentile(99)), "ms", &same),
        figure(&name("bare_commits"), of(&|turn| turn.commits.rate), "notices/s", &bare),
        figure(&name("bare_commit_p99"), of(&|turn| turn.commits.percentile(99)), "ms", &bare),
        figure(&name("commit_ratio"), ratio, "times", &format!("the bare group commit of the same bytes = 1; {goal}")),
    ]
}
