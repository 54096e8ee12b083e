//! Deliveries that the hub makes by itself: into folders, by HTTPS, and in HL7 v2 by MLLP. What waits to be fetched is not touched here.
//!
//! The queue holds intentions; each attempt is decided at that moment, its release put on record, and only then handed over.
//! A destination that is gone, or hangs, holds up nobody but itself; about one family it is told in order.

mod folder;
mod lanes;
mod mllp;
mod post;

use crate::ca::Subject;
use crate::clock::Clock;
use crate::edge::mllp_io::MllpClient;
use crate::edge::tls::{ClientFiles, ClientTls};
use crate::hub::answer::Answer;
use crate::hub::deliver::Ready;
use crate::hub::register::{Address, Agency, Subscription};
use crate::hub::{Hub, Refusal};
use crate::store::{DeliveryRow, DeliveryState};
use lanes::Lanes;
use musubi_core::agency::AgencyId;
use musubi_core::release::Outgoing;
use musubi_core::time::Time;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Channels that this serves.
pub(crate) const CHANNELS: [&str; 3] = ["folder:", "https:", "mllp:"];
/// Between two looks at the queue. Short, because the clock of decisions may be moved by hand.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// Deliveries that are read together. Of a destination with more, these are looked at and the rest waits its turn.
const DUE_MAX: u32 = 256;
/// Before the second try to put down what became of a delivery; it doubles with each, up to the second.
const NOTE_AGAIN: Duration = Duration::from_millis(500);
const NOTE_AGAIN_MAX: Duration = Duration::from_secs(30);
/// Most tries of that. After them it is known only that it was sent, and somebody is asked when it is late.
const NOTES_MAX: u32 = 100;
/// Between two words to the other hubs that this one is still at what it claimed: claims end after two minutes.
const HOLD_EVERY: Duration = Duration::from_secs(30);
/// Time for a folder to take one delivery. After that its recipient counts as hanging until the write returns.
const WRITE_MAX: Duration = Duration::from_secs(30);
/// Minutes after which a recipient who is suspended, or no longer subscribes, is looked at again.
const AGAIN_MINUTES: i64 = 10;

/// Serves the queue of one hub.
pub struct Deliverer {
    hub: Hub,
    data: PathBuf,
    calling: Option<Calling>,
}

/// As whom the hub calls agencies that listen.
struct Calling {
    files: ClientFiles,
    clock: Arc<dyn Clock>,
}

impl Calling {
    /// TLS to the one server and agency of an address (S-05). Read anew each time: a renewed certificate counts at once.
    fn tls(&self, to: &Address, agency: &AgencyId) -> Result<ClientTls, Answer> {
        let subject = Subject::Agency(to.agency.clone().unwrap_or_else(|| agency.clone()));
        ClientTls::open(&self.files, subject, &to.server_name, Arc::clone(&self.clock)).map_err(|error| {
            tracing::error!(%error, "the hub's certificate as a caller cannot be used");
            Answer::Transient("certificate")
        })
    }
}

/// How one rendering is handed over.
enum Way<'a> {
    Post(&'a Address),
    Mllp(&'a Address),
}

impl<'a> Way<'a> {
    fn of(wanted: &'a Subscription) -> Option<Self> {
        wanted.https.as_ref().map(Way::Post).or(wanted.mllp.as_ref().map(Way::Mllp))
    }

    /// Connects to hand over one rendering. Until then nothing leaves.
    async fn connect(
        &self,
        calling: &Calling,
        agency: &AgencyId,
        name: &str,
        rendering: &Outgoing,
    ) -> Result<Line, Answer> {
        let (Way::Post(to) | Way::Mllp(to)) = self;
        let tls = calling.tls(to, agency)?;
        Ok(match self {
            Way::Post(to) => Line::Post(post::connect(&tls, to, agency, name, rendering).await?),
            Way::Mllp(to) => Line::Mllp(mllp::connect(&tls, to, agency, rendering).await?),
        })
    }
}

/// A destination that has been reached, and told nothing yet.
enum Line {
    Post(post::Post),
    Mllp(MllpClient),
}

impl Line {
    async fn hand_over(self, rendering: &Outgoing, now: Time) -> Answer {
        match self {
            Line::Post(post) => post::send(post).await,
            Line::Mllp(connection) => mllp::send(connection, rendering, now).await,
        }
    }
}

impl Deliverer {
    /// Folders that are not absolute are taken from `data`.
    pub fn new(hub: Hub, data: PathBuf) -> Self {
        Deliverer { hub, data, calling: None }
    }

    /// Calls agencies that listen too, as whom these files say.
    #[must_use]
    pub fn calling(self, files: ClientFiles, clock: Arc<dyn Clock>) -> Self {
        Deliverer { calling: Some(Calling { files, clock }), ..self }
    }

    /// Delivers until told to stop; what is being handed over then is finished.
    pub async fn run(self, stop: CancellationToken) {
        if let Err(refusal) = self.hub.deliver_unfinished_again(&CHANNELS).await {
            tracing::error!(%refusal, "deliveries of the last run are not looked at");
        }
        let deliverer = Arc::new(self);
        let (mut at_work, mut lanes) = (JoinSet::new(), Lanes::default());
        let mut held = Instant::now();
        loop {
            if held.elapsed() >= HOLD_EVERY {
                held = Instant::now();
                if let Err(error) = deliverer.hub.store.hold_on_to(lanes.at_work()).await {
                    tracing::error!(%error, "claims of deliveries are not held on to");
                }
            }
            while let Some(Ok(done)) = at_work.try_join_next() {
                lanes.leave(&done);
            }
            match deliverer.due(&mut lanes).await {
                Ok(begun) => {
                    for row in begun {
                        let deliverer = Arc::clone(&deliverer);
                        at_work.spawn(async move {
                            // A lane is given back whatever happens in it.
                            let (about, here) = (row.clone(), Arc::clone(&deliverer));
                            match tokio::spawn(async move { here.one(&about).await }).await {
                                Ok(Ok(())) => {}
                                Ok(Err(refusal)) => deliverer.hub.delivery_unreadable(&row, &refusal).await,
                                Err(_) => tracing::error!(delivery = %row.id, "an attempt to deliver broke off"),
                            }
                            row
                        });
                    }
                }
                Err(refusal) => tracing::error!(%refusal, "the queue of deliveries cannot be read"),
            }
            tokio::select! {
                () = stop.cancelled() => break,
                () = deliverer.hub.deliveries.notified() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
                Some(Ok(done)) = at_work.join_next() => lanes.leave(&done),
            }
        }
        let finished = async { while at_work.join_next().await.is_some() {} };
        tokio::time::timeout(WRITE_MAX, finished).await.ok();
    }

    /// What may begin now, oldest first. Who has much waiting, and fails or takes it slowly, is in nobody's way: behind each
    /// destination the look goes further.
    async fn due(&self, lanes: &mut Lanes) -> Result<Vec<DeliveryRow>, Refusal> {
        // Nothing is released by a hub that takes no changes.
        if self.hub.store.fault().is_some() {
            return Ok(Vec::new());
        }
        let (mut begun, mut passed_over) = (Vec::new(), lanes.full());
        loop {
            let mut rows = self.hub.store.deliveries_due(self.hub.now(), DUE_MAX, &passed_over).await?;
            let all = rows.len() < DUE_MAX as usize;
            passed_over.extend(rows.iter().map(|row| (row.recipient.clone(), row.format.clone())));
            rows.retain(|row| CHANNELS.iter().any(|channel| row.format.starts_with(channel)));
            rows.sort_by_key(|row| row.sequence);
            begun.extend(lanes.take(rows));
            if all {
                return Ok(begun);
            }
        }
    }

    async fn one(&self, row: &DeliveryRow) -> Result<(), Refusal> {
        let now = self.hub.now();
        let recipient = self.hub.register.agency(&row.recipient).filter(|agency| agency.active);
        let Some((recipient, wanted)) = recipient.and_then(|agency| subscription(agency, row)) else {
            return self.hub.delivery_waits(row, now.plus_minutes(AGAIN_MINUTES)).await;
        };
        if let Some(earlier) = self.hub.delivered_before(row).await? {
            // One that is due is taken first at the next look, and what follows it then.
            let until =
                if earlier.state == DeliveryState::Released { now.plus_minutes(1) } else { earlier.next_at.max(now) };
            return self.hub.delivery_waits(row, until).await;
        }
        match &wanted.folder {
            Some(folder) => self.by_folder(row, self.data.join(folder)).await,
            None => self.by_call(row, &recipient, &wanted).await,
        }
    }

    async fn by_folder(&self, row: &DeliveryRow, folder: PathBuf) -> Result<(), Refusal> {
        let name = row.id.to_string();
        if !answers(&folder, &name).await {
            return self.hub.delivery_unreachable(row, "folder").await;
        }
        let Some(ready) = self.hub.release_delivery(row, &[]).await? else { return Ok(()) };
        let sent = match self.leaves(ready.delivery.clone()).await {
            Ok(sent) => sent,
            Err(kept) => return self.kept(&ready.delivery, kept, true).await,
        };
        let writing = tokio::task::spawn_blocking(move || folder::put(&folder, &name, &ready.renderings));
        let answer = match tokio::time::timeout(WRITE_MAX, writing).await {
            Ok(Ok(Ok(()))) => Answer::Taken,
            Ok(Ok(Err(error))) => {
                tracing::warn!(agency = %sent.recipient, delivery = %sent.id, kind = %error.kind(), "not delivered");
                Answer::Transient("folder")
            }
            // Written again under the same name, a file that was whole after all is the same file.
            Ok(Err(_)) | Err(_) => Answer::Ambiguous("folder-hangs"),
        };
        self.note(&sent, answer, true).await
    }

    /// Its bytes may leave from now on, and that is on record before the first does.
    async fn leaves(&self, released: DeliveryRow) -> Result<DeliveryRow, Kept> {
        if released.has_left() {
            return Ok(released);
        }
        match self.hub.delivery_leaves(&released).await {
            Ok(Some(sent)) => Ok(sent),
            Ok(None) => Err(Kept::Elsewhere),
            Err(refusal) => {
                tracing::error!(delivery = %released.id, %refusal, "a delivery does not leave: the store does not say so");
                Err(Kept::Unwritten)
            }
        }
    }

    /// Nothing of it has left.
    async fn kept(&self, released: &DeliveryRow, why: Kept, repeats: bool) -> Result<(), Refusal> {
        match why {
            Kept::Elsewhere => Ok(()),
            Kept::Unwritten => self.note(released, Answer::Transient("store"), repeats).await,
        }
    }

    /// Puts down what became of it; where the store does not take that, again: else it would be on its way until the next start,
    /// though its destination has answered.
    async fn note(&self, sent: &DeliveryRow, answer: Answer, repeats: bool) -> Result<(), Refusal> {
        let (mut pause, mut tries) = (NOTE_AGAIN, 1);
        loop {
            let Err(refusal) = self.hub.delivery_answered(sent, answer, repeats).await else { return Ok(()) };
            // What the store will not take any more is found at the next start.
            if tries == NOTES_MAX || self.hub.store.is_stopped() || self.hub.store.fault().is_some() {
                return Err(refusal);
            }
            tracing::error!(delivery = %sent.id, %refusal, "what became of a delivery is not put down yet");
            tokio::time::sleep(pause).await;
            (pause, tries) = (pause.saturating_mul(2).min(NOTE_AGAIN_MAX), tries + 1);
        }
    }

    async fn by_call(&self, row: &DeliveryRow, recipient: &Agency, wanted: &Subscription) -> Result<(), Refusal> {
        let (Some(calling), Some(way)) = (&self.calling, Way::of(wanted)) else {
            tracing::error!(agency = %row.recipient, "a subscriber that listens, and no [delivery] in the settings");
            return self.hub.delivery_waits(row, self.hub.now().plus_minutes(AGAIN_MINUTES)).await;
        };
        let Some(Ready { delivery: mut sent, renderings, .. }) = self.hub.release_delivery(row, &[]).await? else {
            return Ok(());
        };
        let mut answer = Answer::Taken;
        for rendering in &renderings {
            let name = format!("{}.{}", sent.id, rendering.format());
            answer = match way.connect(calling, &recipient.id, &name, rendering).await {
                Ok(line) => {
                    sent = match self.leaves(sent.clone()).await {
                        Ok(sent) => sent,
                        Err(kept) => return self.kept(&sent, kept, wanted.repeats()).await,
                    };
                    line.hand_over(rendering, self.hub.now()).await
                }
                Err(answer) => answer,
            };
            if answer != Answer::Taken {
                break;
            }
        }
        if answer != Answer::Taken {
            tracing::warn!(agency = %sent.recipient, delivery = %sent.id, ?answer, "not delivered");
        }
        self.note(&sent, answer, wanted.repeats()).await
    }
}

/// Why what was released does not leave after all.
enum Kept {
    /// Another hub has taken it over, or a person has.
    Elsewhere,
    /// The store did not take that it leaves.
    Unwritten,
}

/// The subscription that a delivery is made for; none when the recipient no longer has it.
fn subscription(agency: Arc<Agency>, row: &DeliveryRow) -> Option<(Arc<Agency>, Subscription)> {
    let wanted = agency.settings.subscriptions.iter();
    let wanted = wanted.filter(|wanted| wanted.purpose == row.purpose).find(|wanted| wanted.channel() == row.format);
    let wanted = wanted.cloned()?;
    Some((agency, wanted))
}

/// Does the folder take a file? Asked before a release is put on record, and given up on when it hangs.
async fn answers(folder: &Path, name: &str) -> bool {
    let (probed, name) = (folder.to_owned(), name.to_owned());
    let asked = tokio::task::spawn_blocking(move || folder::answers(&probed, &name));
    matches!(tokio::time::timeout(WRITE_MAX, asked).await, Ok(Ok(true)))
}
